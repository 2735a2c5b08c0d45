//! Messages between chains: who is who, what is trusted, what may be transacted.
//!
//! Everybody pays, with IPS or with a token that has a pool; only the relay chain itself may say that it
//! does not. A chain is trusted for its own tokens and its own accounts, and for nothing else. A remote
//! `Transact` may only reach the calls of [`StorageCalls`].

use cumulus_primitives_utility::{
    ChargeWeightInFungibles, SwapFirstAssetTrader, TakeFirstAssetTrader,
};
use frame_support::{
    parameter_types,
    traits::{ConstU32, Contains, ContainsPair, Disabled, Equals, Everything, Nothing},
    weights::{Weight, WeightToFee as _},
};
use frame_system::EnsureRoot;
use pallet_xcm::XcmPassthrough;
use polkadot_parachain_primitives::primitives::Sibling;
use polkadot_runtime_common::xcm_sender::ExponentialPrice;
use xcm::latest::prelude::*;
use xcm_builder::{
    AccountId32Aliases, AliasChildLocation, AllowExplicitUnpaidExecutionFrom,
    AllowHrmpNotificationsFromRelayChain, AllowKnownQueryResponses, AllowSubscriptionsFrom,
    AllowTopLevelPaidExecutionFrom, DenyReserveTransferToRelayChain, DenyThenTry,
    DescribeAllTerminal, DescribeFamily, EnsureXcmOrigin, FixedWeightBounds,
    FrameTransactionalProcessor, FungibleAdapter, FungiblesAdapter, HashedDescription, IsConcrete,
    NoChecking, ParentIsPreset, RelayChainAsNative, SiblingParachainAsNative,
    SiblingParachainConvertsVia, SignedAccountId32AsNative, SignedToAccountId32,
    SingleAssetExchangeAdapter, SovereignSignedViaLocation, TakeWeightCredit, TrailingSetTopicAsId,
    UsingComponents, WithComputedOrigin, WithUniqueTopic, XcmFeeManagerFromComponents,
};
use xcm_executor::XcmExecutor;

use super::{
    assets::{AnyToken, ForeignToken, Tokens},
    TransactionByteFee, WeightToFee,
};
use crate::{constants::*, *};

parameter_types! {
    /// The native token, seen from here.
    pub const HereLocation: Location = Location::here();
    pub const RelayLocation: Location = Location::parent();
    pub const RelayNetwork: Option<NetworkId> = None;
    pub RelayChainOrigin: RuntimeOrigin = cumulus_pallet_xcm::Origin::Relay.into();
    pub UniversalLocation: InteriorLocation =
        Parachain(parachain_info::Pallet::<Runtime>::parachain_id().into()).into();
    pub UnitWeightCost: Weight = Weight::from_parts(1_000_000_000, 64 * 1024);
    pub const MaxInstructions: u32 = 100;
    pub const MaxAssetsIntoHolding: u32 = 64;
    /// Holds nothing: no token is teleported.
    pub CheckingAccount: AccountId = PolkadotXcm::check_account();
    /// Price of sending a message, on top of its bytes.
    pub const DeliveryFee: Balance = MILLIUNIT;
    pub FeeToken: AssetId = AssetId(HereLocation::get());
    /// The one chain that holds the relay chain's token for us: the relay chain, until governance says that
    /// it is Asset Hub. Two would each be asked for what the other holds.
    pub storage RelayTokenReserve: Location = Location::parent();
}

/// Accounts of remote locations; every remote user has a derived one.
pub(crate) type LocationToAccountId = (
    ParentIsPreset<AccountId>,
    SiblingParachainConvertsVia<Sibling, AccountId>,
    AccountId32Aliases<RelayNetwork, AccountId>,
    HashedDescription<AccountId, DescribeFamily<DescribeAllTerminal>>,
);

type AssetTransactors = (
    FungibleAdapter<Balances, IsConcrete<HereLocation>, LocationToAccountId, AccountId, ()>,
    FungiblesAdapter<
        ForeignAssets,
        ForeignToken,
        LocationToAccountId,
        AccountId,
        NoChecking,
        CheckingAccount,
    >,
);

/// Whose word for having taken a token into reserve is believed.
pub struct Reserves;

impl ContainsPair<Asset, Location> for Reserves {
    fn contains(asset: &Asset, origin: &Location) -> bool {
        let token = &asset.id.0;
        if *token == RelayLocation::get() {
            return *origin == RelayTokenReserve::get();
        }
        matches!(origin.unpack(), (1, [Parachain(_)])) && token.starts_with(origin)
    }
}

/// What execution costs in a registered token that has no pool yet: as many of its units as of IPS.
/// Otherwise nobody could bring in the token that the pool is made of.
pub struct UntilThereIsAPool;

impl ChargeWeightInFungibles<AccountId, ForeignAssets> for UntilThereIsAPool {
    fn charge_weight_in_fungibles(token: Location, weight: Weight) -> Result<Balance, XcmError> {
        if pallet_asset_conversion::Pools::<Runtime>::contains_key((HereLocation::get(), token)) {
            return Err(XcmError::TooExpensive);
        }
        Ok(WeightToFee::weight_to_fee(&weight))
    }
}

/// Buys execution: with IPS, or with a token that is exchanged for it.
pub(crate) type Trader = (
    UsingComponents<WeightToFee, HereLocation, AccountId, Balances, ()>,
    SwapFirstAssetTrader<
        HereLocation,
        AssetConversion,
        WeightToFee,
        Tokens,
        ForeignToken,
        (),
        AccountId,
    >,
    TakeFirstAssetTrader<AccountId, UntilThereIsAPool, ForeignToken, ForeignAssets, ()>,
);

/// Origins that a `Transact` runs with.
pub(crate) type XcmOriginToTransactDispatchOrigin = (
    SovereignSignedViaLocation<LocationToAccountId, RuntimeOrigin>,
    RelayChainAsNative<RelayChainOrigin, RuntimeOrigin>,
    SiblingParachainAsNative<cumulus_pallet_xcm::Origin, RuntimeOrigin>,
    SignedAccountId32AsNative<RelayNetwork, RuntimeOrigin>,
    XcmPassthrough<RuntimeOrigin>,
);

type Barrier = TrailingSetTopicAsId<
    DenyThenTry<
        DenyReserveTransferToRelayChain,
        (
            TakeWeightCredit,
            AllowKnownQueryResponses<PolkadotXcm>,
            WithComputedOrigin<
                (
                    AllowTopLevelPaidExecutionFrom<Everything>,
                    AllowExplicitUnpaidExecutionFrom<Equals<RelayLocation>>,
                    AllowSubscriptionsFrom<Everything>,
                    AllowHrmpNotificationsFromRelayChain,
                ),
                UniversalLocation,
                ConstU32<8>,
            >,
        ),
    >,
>;

/// What may be transacted from another chain: ordering storage, and nothing else.
pub struct StorageCalls;

impl Contains<RuntimeCall> for StorageCalls {
    fn contains(call: &RuntimeCall) -> bool {
        match call {
            RuntimeCall::StorageMarket(call) => matches!(
                call,
                pallet_storage_market::Call::place_order { .. }
                    | pallet_storage_market::Call::cancel_order { .. }
                    | pallet_storage_market::Call::prune_order { .. }
                    | pallet_storage_market::Call::renew { .. }
            ),
            RuntimeCall::Utility(pallet_utility::Call::batch_all { calls }) => calls
                .iter()
                .all(|call| matches!(call, RuntimeCall::StorageMarket(_)) && Self::contains(call)),
            _ => false,
        }
    }
}

/// The executor's configuration.
pub struct XcmConfig;

impl xcm_executor::Config for XcmConfig {
    type RuntimeCall = RuntimeCall;
    type XcmSender = Sender;
    type XcmEventEmitter = PolkadotXcm;
    type AssetTransactor = AssetTransactors;
    type OriginConverter = XcmOriginToTransactDispatchOrigin;
    type IsReserve = Reserves;
    type IsTeleporter = ();
    type UniversalLocation = UniversalLocation;
    type Barrier = Barrier;
    type Weigher = FixedWeightBounds<UnitWeightCost, RuntimeCall, MaxInstructions>;
    type Trader = Trader;
    type ResponseHandler = PolkadotXcm;
    type AssetTrap = PolkadotXcm;
    type SubscriptionService = PolkadotXcm;
    type PalletInstancesInfo = AllPalletsWithSystem;
    type MaxAssetsIntoHolding = MaxAssetsIntoHolding;
    type AssetLocker = ();
    type AssetExchanger = SingleAssetExchangeAdapter<AssetConversion, Tokens, AnyToken, AccountId>;
    type FeeManager = XcmFeeManagerFromComponents<Equals<HereLocation>, ()>;
    type MessageExporter = ();
    type UniversalAliases = Nothing;
    type CallDispatcher = RuntimeCall;
    type SafeCallFilter = StorageCalls;
    type Aliasers = AliasChildLocation;
    type TransactionalProcessor = FrameTransactionalProcessor;
    type HrmpNewChannelOpenRequestHandler = ();
    type HrmpChannelAcceptedHandler = ();
    type HrmpChannelClosingHandler = ();
    type XcmRecorder = PolkadotXcm;
}

/// Signed accounts as locations.
pub(crate) type LocalOriginToLocation = SignedToAccountId32<RuntimeOrigin, AccountId, RelayNetwork>;

/// Fee of a message to a sibling.
pub(crate) type PriceForSibling =
    ExponentialPrice<FeeToken, DeliveryFee, TransactionByteFee, XcmpQueue>;

/// Where messages go out.
pub(crate) type XcmRouter = WithUniqueTopic<(
    cumulus_primitives_utility::ParentAsUmp<ParachainSystem, PolkadotXcm, ()>,
    XcmpQueue,
)>;

/// Takes what is to be sent.
#[cfg(not(test))]
type Sender = XcmRouter;
/// Tests have a network of their own.
#[cfg(test)]
type Sender = crate::tests::xcm::Router;

impl pallet_xcm::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type SendXcmOrigin = EnsureXcmOrigin<RuntimeOrigin, LocalOriginToLocation>;
    type XcmRouter = Sender;
    type ExecuteXcmOrigin = EnsureXcmOrigin<RuntimeOrigin, LocalOriginToLocation>;
    type XcmExecuteFilter = Everything;
    type XcmExecutor = XcmExecutor<XcmConfig>;
    type XcmTeleportFilter = Nothing;
    type XcmReserveTransferFilter = Everything;
    type Weigher = FixedWeightBounds<UnitWeightCost, RuntimeCall, MaxInstructions>;
    type UniversalLocation = UniversalLocation;
    type RuntimeOrigin = RuntimeOrigin;
    type RuntimeCall = RuntimeCall;
    const VERSION_DISCOVERY_QUEUE_SIZE: u32 = 100;
    type AdvertisedXcmVersion = pallet_xcm::CurrentXcmVersion;
    type Currency = Balances;
    type CurrencyMatcher = ();
    type TrustedLockers = ();
    type SovereignAccountOf = LocationToAccountId;
    type MaxLockers = ConstU32<8>;
    type WeightInfo = pallet_xcm::TestWeightInfo;
    type AdminOrigin = EnsureRoot<AccountId>;
    type MaxRemoteLockConsumers = ConstU32<0>;
    type RemoteLockConsumerIdentifier = ();
    type AuthorizedAliasConsideration = Disabled;
}

impl cumulus_pallet_xcm::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type XcmExecutor = XcmExecutor<XcmConfig>;
}
