//! A runtime with this pallet and balances.
#![allow(unreachable_pub)] // The runtime macros make public items.

use frame_support::{derive_impl, parameter_types};
use ips_primitives::{
    consent::{Consent, ConsentNote, Consents, NodeRole},
    id::{AccountKey, Balance, ProviderId, Signature},
    node_class::NodeClass,
};
use sp_core::{sr25519, Pair};
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
    pub type Balances = pallet_balances::Pallet<Test>;
    #[runtime::pallet_index(2)]
    pub type NodeClasses = pallet::Pallet<Test>;
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
    pub const NodeDeposit: Balance = DEPOSIT;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = Balance;
    type ExistentialDeposit = ExistentialDeposit;
    type AccountStore = System;
    type RuntimeHoldReason = RuntimeHoldReason;
    type RuntimeFreezeReason = RuntimeFreezeReason;
}

impl pallet::Config for Test {
    type Currency = Balances;
    type NodeDeposit = NodeDeposit;
    type WeightInfo = ();
}

/// What is held for a node.
pub(crate) const DEPOSIT: Balance = 70;
/// What each of the owners 1 to 9 has at first.
pub(crate) const ENDOWMENT: Balance = 1_000;

pub(crate) fn new_test_ext() -> sp_io::TestExternalities {
    let mut storage = frame_system::GenesisConfig::<Test>::default()
        .build_storage()
        .expect("the default genesis is valid");
    pallet_balances::GenesisConfig::<Test> {
        balances: (1..=9).map(|n| (owner(n), ENDOWMENT)).collect(),
        ..Default::default()
    }
    .assimilate_storage(&mut storage)
    .expect("balances are above the existential deposit");
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.register_extension(sp_keystore::KeystoreExt::new(
        sp_keystore::testing::MemoryKeystore::new(),
    ));
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

fn pair(n: u8) -> sr25519::Pair {
    sr25519::Pair::from_seed(&[n; 32])
}

/// The account of pair `n`.
pub(crate) fn key(n: u8) -> AccountKey {
    AccountKey(pair(n).public().0)
}

/// The worker of owner `n`.
pub(crate) fn worker(n: u8) -> AccountKey {
    key(n + 100)
}

/// The word of pair `n` for a note.
pub(crate) fn sign(n: u8, note: &ConsentNote) -> Consent {
    Consent {
        valid_until: note.valid_until,
        signature: Signature(pair(n).sign(&note.signing_bytes()).0),
    }
}

/// What a key signs to serve owner `n`, valid for some blocks.
pub(crate) fn note(n: u8, role: NodeRole) -> ConsentNote {
    ConsentNote {
        genesis: NodeClasses::genesis(),
        provider: provider(n),
        role,
        valid_until: 10,
    }
}

/// The words that owner `n` needs to register.
pub(crate) fn consents(n: u8) -> Consents {
    Consents {
        worker: Some(sign(n + 100, &note(n, NodeRole::Worker))),
        operator: None,
    }
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
