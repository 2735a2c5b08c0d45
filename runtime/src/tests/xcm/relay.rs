//! A relay chain as far as messages go: accounts, `execute`, the queue of its parachains' messages.
#![allow(unreachable_pub)] // The runtime macros make public items.

use frame_support::{
    construct_runtime, derive_impl, parameter_types,
    traits::{
        ConstU128, ConstU32, Disabled, Everything, Nothing, ProcessMessage, ProcessMessageError,
    },
    weights::{IdentityFee, Weight, WeightMeter},
};
use frame_system::EnsureRoot;
use polkadot_runtime_parachains::{
    inclusion::{AggregateMessageOrigin, UmpQueueId},
    origin,
};
use sp_runtime::{traits::IdentityLookup, AccountId32};
use xcm::latest::prelude::*;
use xcm_builder::{
    AccountId32Aliases, AllowTopLevelPaidExecutionFrom, ChildParachainAsNative,
    ChildParachainConvertsVia, EnsureXcmOrigin, FixedWeightBounds, FrameTransactionalProcessor,
    FungibleAdapter, IsConcrete, SignedAccountId32AsNative, SignedToAccountId32,
    SovereignSignedViaLocation, TakeWeightCredit, TrailingSetTopicAsId, UsingComponents,
    WithComputedOrigin,
};
use xcm_executor::XcmExecutor;

use crate::{AccountId, Balance};

type Block = frame_system::mocking::MockBlock<Runtime>;

construct_runtime!(
    pub enum Runtime {
        System: frame_system,
        Balances: pallet_balances,
        ParasOrigin: origin,
        XcmPallet: pallet_xcm,
        MessageQueue: pallet_message_queue,
    }
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Runtime {
    type AccountId = AccountId32;
    type Lookup = IdentityLookup<AccountId>;
    type Block = Block;
    type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Runtime {
    type Balance = Balance;
    type ExistentialDeposit = ConstU128<1>;
    type AccountStore = System;
}

impl origin::Config for Runtime {}

parameter_types! {
    pub const HereLocation: Location = Location::here();
    pub const Network: Option<NetworkId> = Some(NetworkId::Polkadot);
    pub UniversalLocation: InteriorLocation = [GlobalConsensus(NetworkId::Polkadot)].into();
    pub const InstructionWeight: Weight = Weight::from_parts(1_000, 10);
    pub const MaxInstructions: u32 = 100;
    pub const MaxAssets: u32 = 16;
    pub const ServiceWeight: Weight = Weight::from_parts(1_000_000_000, 1_000_000);
}

pub(super) type LocationToAccountId = (
    ChildParachainConvertsVia<polkadot_parachain_primitives::primitives::Id, AccountId>,
    AccountId32Aliases<Network, AccountId>,
);
type LocalOrigin = SignedToAccountId32<RuntimeOrigin, AccountId, Network>;
type Weigher = FixedWeightBounds<InstructionWeight, RuntimeCall, MaxInstructions>;

pub struct XcmConfig;

impl xcm_executor::Config for XcmConfig {
    type RuntimeCall = RuntimeCall;
    type XcmSender = super::RelayChainXcmRouter;
    type XcmEventEmitter = XcmPallet;
    type AssetTransactor =
        FungibleAdapter<Balances, IsConcrete<HereLocation>, LocationToAccountId, AccountId, ()>;
    type OriginConverter = (
        SovereignSignedViaLocation<LocationToAccountId, RuntimeOrigin>,
        ChildParachainAsNative<origin::Origin, RuntimeOrigin>,
        SignedAccountId32AsNative<Network, RuntimeOrigin>,
    );
    type IsReserve = ();
    type IsTeleporter = ();
    type UniversalLocation = UniversalLocation;
    type Barrier = TrailingSetTopicAsId<(
        TakeWeightCredit,
        WithComputedOrigin<
            AllowTopLevelPaidExecutionFrom<Everything>,
            UniversalLocation,
            ConstU32<8>,
        >,
    )>;
    type Weigher = Weigher;
    type Trader = UsingComponents<IdentityFee<Balance>, HereLocation, AccountId, Balances, ()>;
    type ResponseHandler = XcmPallet;
    type AssetTrap = XcmPallet;
    type AssetLocker = ();
    type AssetExchanger = ();
    type SubscriptionService = XcmPallet;
    type PalletInstancesInfo = ();
    type FeeManager = ();
    type MaxAssetsIntoHolding = MaxAssets;
    type MessageExporter = ();
    type UniversalAliases = Nothing;
    type CallDispatcher = RuntimeCall;
    type SafeCallFilter = Everything;
    type Aliasers = Nothing;
    type TransactionalProcessor = FrameTransactionalProcessor;
    type HrmpNewChannelOpenRequestHandler = ();
    type HrmpChannelAcceptedHandler = ();
    type HrmpChannelClosingHandler = ();
    type XcmRecorder = XcmPallet;
}

impl pallet_xcm::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type SendXcmOrigin = EnsureXcmOrigin<RuntimeOrigin, LocalOrigin>;
    type XcmRouter = super::RelayChainXcmRouter;
    type ExecuteXcmOrigin = EnsureXcmOrigin<RuntimeOrigin, LocalOrigin>;
    type XcmExecuteFilter = Everything;
    type XcmExecutor = XcmExecutor<XcmConfig>;
    type XcmTeleportFilter = Nothing;
    type XcmReserveTransferFilter = Everything;
    type Weigher = Weigher;
    type UniversalLocation = UniversalLocation;
    type RuntimeOrigin = RuntimeOrigin;
    type RuntimeCall = RuntimeCall;
    const VERSION_DISCOVERY_QUEUE_SIZE: u32 = 100;
    type AdvertisedXcmVersion = pallet_xcm::CurrentXcmVersion;
    type Currency = Balances;
    type CurrencyMatcher = IsConcrete<HereLocation>;
    type TrustedLockers = ();
    type SovereignAccountOf = LocationToAccountId;
    type MaxLockers = ConstU32<8>;
    type MaxRemoteLockConsumers = ConstU32<0>;
    type RemoteLockConsumerIdentifier = ();
    type WeightInfo = pallet_xcm::TestWeightInfo;
    type AdminOrigin = EnsureRoot<AccountId>;
    type AuthorizedAliasConsideration = Disabled;
}

/// Executes what parachains send.
#[allow(dead_code, reason = "only a type")]
pub struct Messages;

impl ProcessMessage for Messages {
    type Origin = AggregateMessageOrigin;

    fn process_message(
        message: &[u8],
        origin: AggregateMessageOrigin,
        meter: &mut WeightMeter,
        id: &mut [u8; 32],
    ) -> Result<bool, ProcessMessageError> {
        let AggregateMessageOrigin::Ump(UmpQueueId::Para(para)) = origin;
        xcm_builder::ProcessXcmMessage::<Junction, XcmExecutor<XcmConfig>, RuntimeCall>::process_message(
            message,
            Junction::Parachain(para.into()),
            meter,
            id,
        )
    }
}

impl pallet_message_queue::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type Size = u32;
    type HeapSize = ConstU32<65_536>;
    type MaxStale = ConstU32<16>;
    type ServiceWeight = ServiceWeight;
    type IdleMaxServiceWeight = ();
    type MessageProcessor = Messages;
    type QueueChangeHandler = ();
    type QueuePausedQuery = ();
    type WeightInfo = ();
}
