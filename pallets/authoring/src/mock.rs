//! A runtime with this pallet alone; ranks and keys are in storage that tests set.
#![allow(unreachable_pub)] // The runtime macros make public items.

use frame_support::{
    derive_impl,
    traits::{ConstU32, FindAuthor, ValidatorRegistration},
};
use ips_pallet_traits::AuthorRank;
use ips_primitives::id::AccountKey;
use pallet_session::SessionManager;
use sp_runtime::{traits::IdentityLookup, AccountId32, BuildStorage, ConsensusEngineId};
use sp_staking::SessionIndex;

use crate::pallet;

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeSlashReason,
        RuntimeLockId,
        RuntimeTask,
        RuntimeViewFunction
    )]
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = frame_system::Pallet<Test>;
    #[runtime::pallet_index(1)]
    pub type Authorship = pallet_authorship::Pallet<Test>;
    #[runtime::pallet_index(2)]
    pub type Authoring = pallet::Pallet<Test>;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlockU32<Test>;
    type AccountId = AccountId32;
    type Lookup = IdentityLookup<AccountId32>;
}

/// Nobody: tests note authors by hand.
pub struct Nobody;

impl FindAuthor<AccountId32> for Nobody {
    fn find_author<'a, I>(_: I) -> Option<AccountId32>
    where
        I: 'a + IntoIterator<Item = (ConsensusEngineId, &'a [u8])>,
    {
        None
    }
}

impl pallet_authorship::Config for Test {
    type FindAuthor = Nobody;
    type EventHandler = Authoring;
}

frame_support::parameter_types! {
    pub storage Ranks: Vec<([u8; 32], u128)> = Vec::new();
    pub storage Keyless: Vec<AccountId32> = Vec::new();
}

pub struct ByList;

impl AuthorRank for ByList {
    fn rank(account: &AccountKey) -> u128 {
        let ranks = Ranks::get();
        let found = ranks.iter().find(|(who, _)| *who == account.0);
        found.map_or(0, |(_, rank)| *rank)
    }
}

pub struct Keyed;

impl ValidatorRegistration<AccountId32> for Keyed {
    fn is_registered(id: &AccountId32) -> bool {
        !Keyless::get().contains(id)
    }
}

/// Always the same two.
pub struct Invulnerable;

impl SessionManager<AccountId32> for Invulnerable {
    fn new_session(_: SessionIndex) -> Option<Vec<AccountId32>> {
        Some(vec![account(201), account(202)])
    }
    fn start_session(_: SessionIndex) {}
    fn end_session(_: SessionIndex) {}
}

impl pallet::Config for Test {
    type Rank = ByList;
    type Keys = Keyed;
    type Fallback = Invulnerable;
    type Seats = ConstU32<3>;
    type SeatsMin = ConstU32<2>;
    type WeightInfo = ();
}

pub(crate) fn account(n: u8) -> AccountId32 {
    AccountId32::new([n; 32])
}

/// Ranks of accounts; everybody else has none.
pub(crate) fn set_ranks(ranks: &[(u8, u128)]) {
    let ranks = ranks.iter().map(|(n, rank)| ([*n; 32], *rank)).collect();
    Ranks::set(&ranks);
}

pub(crate) fn new_test_ext() -> sp_io::TestExternalities {
    let storage = frame_system::GenesisConfig::<Test>::default()
        .build_storage()
        .expect("the default genesis is valid");
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| System::set_block_number(1));
    ext
}
