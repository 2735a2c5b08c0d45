//! Who decides: holders by referendum, a technical committee that can stop, a treasury. `docs/governance.md`.
//!
//! Root changes everything, verifying keys and code among it, and comes from a referendum on the root track; on
//! chains for development from the sudo key too.

pub(crate) mod origins;
mod tracks;

use frame_support::{
    parameter_types,
    traits::{
        fungible::HoldConsideration,
        tokens::{PayFromAccount, UnityAssetBalanceConversion},
        ConstU32, EitherOf, EqualPrivilegeOnly, LinearStoragePrice,
    },
    weights::Weight,
    PalletId,
};
use frame_system::{EnsureRoot, EnsureRootWithSuccess, EnsureSigned};
use sp_runtime::{traits::IdentityLookup, Perbill, Permill};

use crate::{constants::*, *};

/// Blocks of a day; fewer where periods are to be seen to pass.
pub(crate) const DAY: BlockNumber = match option_env!("IPS_PROFILE") {
    None => 20,
    Some(_) => 14_400,
};

type CommitteeInstance = pallet_collective::Instance1;

/// Changes what is no matter of security: registered tokens, collators' terms.
pub(crate) type Parameters = EitherOf<EnsureRoot<AccountId>, origins::EnsureParameters>;

/// Two thirds of the technical committee.
type Committee = pallet_collective::EnsureProportionAtLeast<AccountId, CommitteeInstance, 2, 3>;

parameter_types! {
    pub const TreasuryId: PalletId = PalletId(*b"ips/trsy");
    pub TreasuryAccount: AccountId = Treasury::account_id();
    pub const SpendPeriod: BlockNumber = DAY;
    pub const PayoutPeriod: BlockNumber = 30 * DAY;
    pub const NoBurn: Permill = Permill::zero();
    pub const SpendMax: Balance = Balance::MAX;
    /// What one referendum on the treasury's track may spend at most.
    pub const TreasurerMax: Balance = 10_000 * UNIT;
    pub const SubmissionDeposit: Balance = UNIT;
    pub const UndecidingTimeout: BlockNumber = 14 * DAY;
    pub const VoteLockingPeriod: BlockNumber = 7 * DAY;
    pub const MotionDuration: BlockNumber = 7 * DAY;
    pub MaxCommitteeWeight: Weight = Perbill::from_percent(50) * MAXIMUM_BLOCK_WEIGHT;
    pub MaxScheduledWeight: Weight = Perbill::from_percent(50) * MAXIMUM_BLOCK_WEIGHT;
    pub const PreimageBase: Balance = 10 * MILLIUNIT;
    pub const PreimageByte: Balance = MILLIUNIT / 100;
    pub const PreimageReason: RuntimeHoldReason =
        RuntimeHoldReason::Preimage(pallet_preimage::HoldReason::Preimage);
}

impl origins::Config for Runtime {}

impl pallet_preimage::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = pallet_preimage::weights::SubstrateWeight<Runtime>;
    type Currency = Balances;
    type ManagerOrigin = EnsureRoot<AccountId>;
    type Consideration = HoldConsideration<
        AccountId,
        Balances,
        PreimageReason,
        LinearStoragePrice<PreimageBase, PreimageByte, Balance>,
    >;
}

impl pallet_scheduler::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeOrigin = RuntimeOrigin;
    type PalletsOrigin = OriginCaller;
    type RuntimeCall = RuntimeCall;
    type MaximumWeight = MaxScheduledWeight;
    type ScheduleOrigin = EnsureRoot<AccountId>;
    type OriginPrivilegeCmp = EqualPrivilegeOnly;
    type MaxScheduledPerBlock = ConstU32<50>;
    type WeightInfo = pallet_scheduler::weights::SubstrateWeight<Runtime>;
    type Preimages = Preimage;
    type BlockNumberProvider = System;
}

impl pallet_referenda::Config for Runtime {
    type RuntimeCall = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = pallet_referenda::weights::SubstrateWeight<Runtime>;
    type Scheduler = Scheduler;
    type Currency = Balances;
    type SubmitOrigin = frame_support::traits::AsEnsureOriginWithArg<EnsureSigned<AccountId>>;
    type CancelOrigin = EitherOf<EnsureRoot<AccountId>, Committee>;
    type KillOrigin = EnsureRoot<AccountId>;
    type Slash = Treasury;
    type Votes = pallet_conviction_voting::VotesOf<Runtime>;
    type Tally = pallet_conviction_voting::TallyOf<Runtime>;
    type SubmissionDeposit = SubmissionDeposit;
    type MaxQueued = ConstU32<20>;
    type UndecidingTimeout = UndecidingTimeout;
    type AlarmInterval = frame_support::traits::ConstU32<1>;
    type Tracks = tracks::Tracks;
    type Preimages = Preimage;
    type BlockNumberProvider = System;
}

impl pallet_conviction_voting::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = pallet_conviction_voting::weights::SubstrateWeight<Runtime>;
    type Currency = Balances;
    type Polls = Referenda;
    type MaxTurnout = frame_support::traits::TotalIssuanceOf<Balances, AccountId>;
    type MaxVotes = ConstU32<128>;
    type VoteLockingPeriod = VoteLockingPeriod;
    type BlockNumberProvider = System;
    type VotingHooks = ();
}

impl pallet_collective::Config<CommitteeInstance> for Runtime {
    type RuntimeOrigin = RuntimeOrigin;
    type Proposal = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type MotionDuration = MotionDuration;
    type MaxProposals = ConstU32<20>;
    type MaxMembers = ConstU32<16>;
    type DefaultVote = pallet_collective::PrimeDefaultVote;
    type WeightInfo = pallet_collective::weights::SubstrateWeight<Runtime>;
    type SetMembersOrigin = EnsureRoot<AccountId>;
    type MaxProposalWeight = MaxCommitteeWeight;
    type DisapproveOrigin = EnsureRoot<AccountId>;
    type KillOrigin = EnsureRoot<AccountId>;
    type Consideration = ();
}

impl pallet_treasury::Config for Runtime {
    type Currency = Balances;
    type RejectOrigin = EitherOf<EnsureRoot<AccountId>, Committee>;
    type RuntimeEvent = RuntimeEvent;
    type SpendPeriod = SpendPeriod;
    type Burn = NoBurn;
    type PalletId = TreasuryId;
    type BurnDestination = ();
    type WeightInfo = pallet_treasury::weights::SubstrateWeight<Runtime>;
    type SpendFunds = ();
    type MaxApprovals = ConstU32<100>;
    type SpendOrigin = EitherOf<
        EnsureRootWithSuccess<AccountId, SpendMax>,
        origins::EnsureTreasurer<TreasurerMax>,
    >;
    type AssetKind = ();
    type Beneficiary = AccountId;
    type BeneficiaryLookup = IdentityLookup<AccountId>;
    type Paymaster = PayFromAccount<Balances, TreasuryAccount>;
    type BalanceConverter = UnityAssetBalanceConversion;
    type PayoutPeriod = PayoutPeriod;
    type BlockNumberProvider = System;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = ();
}
