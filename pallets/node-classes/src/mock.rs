//! A runtime with this pallet alone.
#![allow(unreachable_pub)] // The runtime macros make public items.

use frame_support::derive_impl;
use ips_primitives::{
    id::{AccountKey, ProviderId},
    node_class::NodeClass,
};
use sp_runtime::{traits::IdentityLookup, AccountId32, BuildStorage};

use crate::{
    pallet,
    types::{Addresses, NodeParams, PeerId},
};

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
    pub type NodeClasses = pallet::Pallet<Test>;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlockU32<Test>;
    type AccountId = AccountId32;
    type Lookup = IdentityLookup<AccountId32>;
}

impl pallet::Config for Test {
    type WeightInfo = ();
}

pub(crate) fn new_test_ext() -> sp_io::TestExternalities {
    let storage = frame_system::GenesisConfig::<Test>::default()
        .build_storage()
        .expect("the default genesis is valid");
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| System::set_block_number(1));
    ext
}

/// Runs a test and then checks every invariant.
pub(crate) fn run(test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        test();
        NodeClasses::do_try_state().expect("invariants hold after the test");
    });
}

pub(crate) fn owner(n: u8) -> AccountId32 {
    AccountId32::new([n; 32])
}

pub(crate) fn provider(n: u8) -> ProviderId {
    ProviderId([n; 32])
}

/// The worker of owner `n`.
pub(crate) fn worker(n: u8) -> AccountKey {
    AccountKey([n + 100; 32])
}

pub(crate) fn peer_id() -> PeerId {
    vec![1, 2, 3].try_into().expect("short")
}

pub(crate) fn addresses(count: usize) -> Addresses {
    vec![vec![4; 20].try_into().expect("short"); count]
        .try_into()
        .expect("few")
}

/// Parameters of owner `n`'s node.
pub(crate) fn params(n: u8) -> NodeParams {
    NodeParams {
        class: NodeClass::Personal,
        worker: worker(n),
        operator: [n; 32],
        peer_id: peer_id(),
        addresses: addresses(2),
        capacity_bytes: 1 << 30,
    }
}
