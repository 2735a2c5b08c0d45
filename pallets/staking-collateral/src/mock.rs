//! A runtime with this pallet and balances.
#![allow(unreachable_pub)] // The runtime macros make public items.

use frame_support::{
    derive_impl, parameter_types,
    traits::{
        fungible::{Balanced, Credit},
        OnUnbalanced,
    },
};
use ips_primitives::id::{Balance, OrderId, ProviderId, SlotId, SlotIndex};
use sp_runtime::{traits::IdentityLookup, AccountId32, BuildStorage};

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
    pub type Balances = pallet_balances::Pallet<Test>;
    #[runtime::pallet_index(2)]
    pub type StakingCollateral = pallet::Pallet<Test>;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlockU32<Test>;
    type AccountId = AccountId32;
    type Lookup = IdentityLookup<AccountId32>;
    type AccountData = pallet_balances::AccountData<Balance>;
}

parameter_types! {
    pub const ExistentialDeposit: Balance = 5;
    pub const UnbondingBlocks: u32 = 10;
    pub const DelegationMin: Balance = 10;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = Balance;
    type ExistentialDeposit = ExistentialDeposit;
    type AccountStore = System;
    type RuntimeHoldReason = RuntimeHoldReason;
    type RuntimeFreezeReason = RuntimeFreezeReason;
}

/// Pays slashes into the treasury's account.
pub struct ToTreasury;
impl OnUnbalanced<Credit<AccountId32, Balances>> for ToTreasury {
    fn on_nonzero_unbalanced(credit: Credit<AccountId32, Balances>) {
        if Balances::resolve(&TREASURY, credit).is_err() {
            panic!("the treasury exists");
        }
    }
}

impl pallet::Config for Test {
    type Currency = Balances;
    type Slashed = ToTreasury;
    type UnbondingBlocks = UnbondingBlocks;
    type DelegationMin = DelegationMin;
    type WeightInfo = ();
}

pub(crate) const TREASURY: AccountId32 = AccountId32::new([250; 32]);
/// What each of the owners 1 to 3 has at first.
pub(crate) const ENDOWMENT: Balance = 10_000;

pub(crate) fn owner(n: u8) -> AccountId32 {
    AccountId32::new([n; 32])
}

pub(crate) fn provider(n: u8) -> ProviderId {
    ProviderId([n; 32])
}

pub(crate) fn slot(n: u16) -> SlotId {
    SlotId {
        order: OrderId(7),
        slot: SlotIndex(n),
    }
}

pub(crate) fn new_test_ext() -> sp_io::TestExternalities {
    let mut storage = frame_system::GenesisConfig::<Test>::default()
        .build_storage()
        .expect("the default genesis is valid");
    let mut balances: Vec<_> = (1..=3).map(|n| (owner(n), ENDOWMENT)).collect();
    balances.push((TREASURY, ENDOWMENT));
    pallet_balances::GenesisConfig::<Test> {
        balances,
        ..Default::default()
    }
    .assimilate_storage(&mut storage)
    .expect("balances are above the existential deposit");
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| System::set_block_number(1));
    ext
}

/// Runs a test, then checks every invariant and that no token appeared or vanished.
pub(crate) fn run(test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        let issued = Balances::total_issuance();
        test();
        assert_eq!(
            Balances::total_issuance(),
            issued,
            "tokens appeared or vanished"
        );
        StakingCollateral::do_try_state().expect("invariants hold after the test");
    });
}
