//! Tokens of other chains: registered by governance, held here, exchanged for IPS, withdrawn home.
//!
//! A token's name is the location of what issues it, seen from here. Every pool has IPS on one side.

use frame_support::{
    parameter_types,
    traits::{fungible, AsEnsureOriginWithArg, ConstU128, ConstU32},
    PalletId,
};
use frame_system::{EnsureNever, EnsureRoot};
use pallet_asset_conversion::{AccountIdConverter, WithFirstAsset};
use sp_runtime::{traits::Convert, Either, Permill};
use xcm::latest::prelude::*;
use xcm_executor::traits::{Error as MatchError, MatchesFungibles};

use super::xcm::HereLocation;
use crate::{constants::*, *};

/// Index of a pool's share token.
type PoolAssetId = u32;

parameter_types! {
    /// Share of a swap that its liquidity providers earn.
    pub const LiquidityFee: Permill = Permill::from_parts(3_000);
    /// The most that governance can set for a pool.
    pub const LiquidityFeeMax: Permill = Permill::from_percent(10);
    pub const WithdrawalFee: Permill = Permill::zero();
    pub const SwapPallet: PalletId = PalletId(*b"ips/swap");
}

/// Tokens of other chains. Only governance registers one.
pub(crate) type ForeignInstance = pallet_assets::Instance1;
/// Shares of pools; only the exchange makes them.
pub(crate) type PoolInstance = pallet_assets::Instance2;

impl pallet_assets::Config<ForeignInstance> for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type Balance = Balance;
    type RemoveItemsLimit = ConstU32<1_000>;
    type AssetId = Location;
    type AssetIdParameter = Location;
    type ReserveData = ();
    type Currency = Balances;
    type CreateOrigin = AsEnsureOriginWithArg<EnsureNever<AccountId>>;
    type ForceOrigin = super::governance::Parameters;
    type AssetDeposit = ConstU128<UNIT>;
    type AssetAccountDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
    type MetadataDepositBase = ConstU128<{ 10 * MILLIUNIT }>;
    type MetadataDepositPerByte = ConstU128<MILLIUNIT>;
    type ApprovalDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
    type StringLimit = ConstU32<50>;
    type Freezer = ();
    type Holder = ();
    type Extra = ();
    type CallbackHandle = ();
    type AssetIdAllocator = ();
    type WeightInfo = pallet_assets::weights::SubstrateWeight<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = helpers::Helper;
}

impl pallet_assets::Config<PoolInstance> for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type Balance = Balance;
    type RemoveItemsLimit = ConstU32<1_000>;
    type AssetId = PoolAssetId;
    type AssetIdParameter = PoolAssetId;
    type ReserveData = ();
    type Currency = Balances;
    type CreateOrigin = AsEnsureOriginWithArg<EnsureNever<AccountId>>;
    type ForceOrigin = EnsureRoot<AccountId>;
    type AssetDeposit = ConstU128<0>;
    type AssetAccountDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
    type MetadataDepositBase = ConstU128<0>;
    type MetadataDepositPerByte = ConstU128<0>;
    type ApprovalDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
    type StringLimit = ConstU32<50>;
    type Freezer = ();
    type Holder = ();
    type Extra = ();
    type CallbackHandle = ();
    type AssetIdAllocator = ();
    type WeightInfo = pallet_assets::weights::SubstrateWeight<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = ();
}

/// Which of the two ledgers a token is in.
pub struct NativeOrForeign;

impl Convert<Location, Either<(), Location>> for NativeOrForeign {
    fn convert(token: Location) -> Either<(), Location> {
        if token == HereLocation::get() {
            Either::Left(())
        } else {
            Either::Right(token)
        }
    }
}

/// IPS and the registered tokens behind one interface.
pub(crate) type Tokens =
    fungible::UnionOf<Balances, ForeignAssets, NativeOrForeign, Location, AccountId>;

impl pallet_asset_conversion::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type Balance = Balance;
    type HigherPrecisionBalance = sp_core::U256;
    type AssetKind = Location;
    type Assets = Tokens;
    type PoolId = (Location, Location);
    type PoolLocator = WithFirstAsset<
        HereLocation,
        AccountId,
        Location,
        AccountIdConverter<SwapPallet, (Location, Location)>,
    >;
    type PoolAssetId = PoolAssetId;
    type PoolAssets = PoolAssets;
    type LPFee = LiquidityFee;
    type AdminOrigin = super::governance::Parameters;
    type MaxSwapFee = LiquidityFeeMax;
    type PoolSetupFee = ConstU128<UNIT>;
    type PoolSetupFeeAsset = HereLocation;
    type PoolSetupFeeTarget = ();
    type LiquidityWithdrawalFee = WithdrawalFee;
    type MintMinLiquidity = ConstU128<100>;
    // From one foreign token to another, by IPS.
    type MaxSwapPathLength = ConstU32<3>;
    type PalletId = SwapPallet;
    type WeightInfo = pallet_asset_conversion::weights::SubstrateWeight<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = helpers::Helper;
}

/// Any fungible token that is known by its location.
pub struct AnyToken;

impl MatchesFungibles<Location, Balance> for AnyToken {
    fn matches_fungibles(asset: &Asset) -> Result<(Location, Balance), MatchError> {
        match asset.fun {
            Fungible(amount) => Ok((asset.id.0.clone(), amount)),
            NonFungible(_) => Err(MatchError::AssetNotHandled),
        }
    }
}

/// Any but IPS.
pub struct ForeignToken;

impl MatchesFungibles<Location, Balance> for ForeignToken {
    fn matches_fungibles(asset: &Asset) -> Result<(Location, Balance), MatchError> {
        AnyToken::matches_fungibles(asset).and_then(|(token, amount)| {
            if token == HereLocation::get() {
                return Err(MatchError::AssetNotHandled);
            }
            Ok((token, amount))
        })
    }
}

#[cfg(feature = "runtime-benchmarks")]
mod helpers {
    use super::*;

    /// Makes tokens up for benchmarks.
    pub struct Helper;

    fn token(seed: u32) -> Location {
        Location::new(1, [Parachain(seed)])
    }

    impl pallet_assets::BenchmarkHelper<Location, ()> for Helper {
        fn create_asset_id_parameter(id: u32) -> Location {
            token(id)
        }

        fn create_reserve_id_parameter(_: u32) {}
    }

    impl pallet_asset_conversion::BenchmarkHelper<Location> for Helper {
        fn create_pair(seed1: u32, seed2: u32) -> (Location, Location) {
            (token(seed1), token(seed2))
        }
    }
}
