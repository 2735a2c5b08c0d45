//! Sizes, times and amounts of the chain (`docs/protocol.md` §8).

use cumulus_primitives_core::relay_chain::MAX_POV_SIZE;
use frame_support::{
    parameter_types,
    weights::{constants::WEIGHT_REF_TIME_PER_SECOND, Weight},
};
use ips_primitives::{
    id::{Balance, BlockNumber},
    schedule::ProvingSchedule,
    sector::Profile,
};
use sp_runtime::Perbill;

/// One millionth of a millionth of a token is the smallest unit.
pub const UNIT: Balance = 1_000_000_000_000;
/// One thousandth of a token.
pub const MILLIUNIT: Balance = UNIT / 1_000;
/// One millionth of a token.
pub const MICROUNIT: Balance = UNIT / 1_000_000;
/// Smallest balance an account can have.
pub const EXISTENTIAL_DEPOSIT: Balance = MILLIUNIT;

/// Nominal time between blocks. A development chain makes them as fast as it is told.
pub const SLOT_MILLISECONDS: u64 = 6_000;
/// Slots of the relay chain.
pub const RELAY_SLOT_MILLISECONDS: u32 = 6_000;
/// Blocks of a session.
pub const SESSION_BLOCKS: BlockNumber = 600;
/// Blocks the parachain may be ahead of the relay chain's view of it.
pub const UNINCLUDED_SEGMENT_CAPACITY: u32 = 3;
/// Blocks per relay chain block.
pub const BLOCK_PROCESSING_VELOCITY: u32 = 1;

/// Profile of every proof on this chain: `dev`, or the one that `IPS_PROFILE` names when it is built.
pub const PROFILE: Profile = match option_env!("IPS_PROFILE") {
    None => Profile::DEV,
    Some(name) => Profile::named(name).expect("IPS_PROFILE is test, dev, testnet or production"),
};
/// When storage proofs are due.
pub const SCHEDULE: ProvingSchedule = ProvingSchedule {
    period_blocks: 24,
    deadlines: 2,
};

/// Share of a block that normal extrinsics may fill.
pub const NORMAL_DISPATCH_RATIO: Perbill = Perbill::from_percent(75);
/// Share of a block's average use that initialisation takes.
pub const AVERAGE_ON_INITIALIZE_RATIO: Perbill = Perbill::from_percent(5);
/// What a block may use: two seconds and the relay chain's largest proof of validity.
pub const MAXIMUM_BLOCK_WEIGHT: Weight = Weight::from_parts(
    WEIGHT_REF_TIME_PER_SECOND.saturating_mul(2),
    MAX_POV_SIZE as u64,
);

parameter_types! {
    /// [`PROFILE`] for pallets.
    pub const SectorProfile: Profile = PROFILE;
}
