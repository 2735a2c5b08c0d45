//! A chain with balances and this pallet; what it asks of others is kept in maps of the test's
//! thread. Keys and proofs are real.
#![allow(unreachable_pub)]

use std::collections::BTreeMap;

use frame_support::{derive_impl, parameter_types, weights::Weight};
use ips_pallet_traits::{
    Beacons, Holders, NodeFacts, NodeRegistry, Replicas, SlotFacts, VerifyingKeys,
};
use ips_primitives::{
    challenge::Beacon,
    hash::blake2_256,
    id::{
        AccountKey, Balance, BlockNumber, OrderId, PieceIndex, ProviderId, SectorNumber, SlotId,
        VerifyingKeyId,
    },
    node_class::NodeClass,
    sector::{CommD, Profile, ProofBytes, SectorState, Statement},
};
use ips_verifier::groth16::{verify_all, CircuitKind, PreparedKey};
use sp_runtime::{traits::IdentityLookup, AccountId32, BuildStorage, DispatchResult};

use crate::PoeParameters;

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeTask,
        RuntimeHoldReason,
        RuntimeFreezeReason
    )]
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;
    #[runtime::pallet_index(1)]
    pub type Balances = pallet_balances;
    #[runtime::pallet_index(2)]
    pub type Poe = crate;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlock<Test>;
    type AccountId = AccountId32;
    type Lookup = IdentityLookup<AccountId32>;
    type AccountData = pallet_balances::AccountData<Balance>;
}

/// Existential deposit.
pub const DEPOSIT_MIN: Balance = 10;

parameter_types! {
    pub const ExistentialDeposit: Balance = DEPOSIT_MIN;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = Balance;
    type ExistentialDeposit = ExistentialDeposit;
    type AccountStore = System;
    type RuntimeHoldReason = RuntimeHoldReason;
}

/// Limits small enough to reach.
pub const DEFAULTS: PoeParameters = PoeParameters {
    profile: Profile::TEST,
    close_blocks: 10,
    period_blocks: 50,
    period_claims_max: 3,
    period_bytes_max: 10_000,
    claim_bytes_max: 6_000,
    budget_min: 100,
};

/// Blocks of which the beacon is kept here.
pub const BEACON_BLOCKS: u32 = 40;

parameter_types! {
    pub static Parameters: PoeParameters = DEFAULTS;
    pub static Nodes: Vec<ProviderId> = Vec::new();
    pub static Slots: BTreeMap<SlotId, SlotFacts> = BTreeMap::new();
    pub static Provers: Vec<ProviderId> = Vec::new();
    pub static Sealed: BTreeMap<(SlotId, PieceIndex), (SectorNumber, CommD, SectorState)> =
        BTreeMap::new();
    pub static Key: Option<(VerifyingKeyId, Vec<u8>)> = None;
}

pub struct MockNodes;

impl NodeRegistry for MockNodes {
    fn provider_of(_: &AccountKey) -> Option<ProviderId> {
        None
    }

    fn facts(provider: &ProviderId) -> Option<NodeFacts> {
        Nodes::get().contains(provider).then_some(NodeFacts {
            class: NodeClass::Professional,
            operator: provider.0,
            free_bytes: 0,
            reliability_permille: 1_000,
            registered_at: 0,
        })
    }

    fn reserve(_: &ProviderId, _: u64) -> DispatchResult {
        Ok(())
    }

    fn unreserve(_: &ProviderId, _: u64) {}

    fn note_promise(_: &ProviderId, _: bool) {}

    #[cfg(feature = "runtime-benchmarks")]
    fn register_for_benchmark(provider: &ProviderId, _: &AccountKey, _: NodeClass) {
        Nodes::mutate(|nodes| nodes.push(*provider));
    }
}

pub struct MockHolders;

impl Holders for MockHolders {
    fn slots_of(order: OrderId) -> Option<u32> {
        Slots::get()
            .keys()
            .any(|slot| slot.order == order)
            .then_some(6)
    }

    fn slot(slot: SlotId) -> Option<SlotFacts> {
        Slots::get().get(&slot).copied()
    }

    fn current_provers(_: OrderId) -> Vec<ProviderId> {
        Provers::get()
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn active_order_for_benchmark(providers: &[ProviderId]) -> OrderId {
        let order = OrderId(Slots::get().len() as u64);
        let facts = SlotFacts {
            provider: providers[0],
            root: Default::default(),
            bytes: 8 * 1024,
        };
        Slots::mutate(|slots| slots.insert(slot_id(order.0), facts));
        Provers::set(providers.to_vec());
        order
    }
}

pub struct MockReplicas;

impl Replicas for MockReplicas {
    fn proven_through(_: SlotId, _: u64) -> Option<BlockNumber> {
        None
    }

    fn sector_of(slot: SlotId, piece: PieceIndex) -> Option<(SectorNumber, CommD, SectorState)> {
        Sealed::get().get(&(slot, piece)).copied()
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn prove_for_benchmark(_: &ProviderId, _: SlotId, _: u64, _: BlockNumber) {}
    #[cfg(feature = "runtime-benchmarks")]
    fn seal_for_benchmark(_: &ProviderId, slot: SlotId, _: &SlotFacts, comm_d: CommD) {
        let sector = (SectorNumber(0), comm_d, SectorState::Active);
        Sealed::mutate(|sealed| sealed.insert((slot, PieceIndex(0)), sector));
    }
}

pub struct MockBeacons;

impl Beacons for MockBeacons {
    fn at(block: BlockNumber) -> Option<Beacon> {
        let age = (System::block_number() as u32).checked_sub(block)?;
        (age <= BEACON_BLOCKS).then(|| beacon(block))
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn set_for_benchmark(_: BlockNumber, _: Beacon) {}
}

pub struct MockKeys;

impl VerifyingKeys for MockKeys {
    fn id(kind: u8) -> Option<VerifyingKeyId> {
        let key = Key::get().filter(|_| kind == CircuitKind::Poe as u8);
        key.map(|(id, _)| id)
    }

    fn verify(kind: u8, batch: &[(Statement, ProofBytes)]) -> bool {
        let key = Key::get().filter(|_| kind == CircuitKind::Poe as u8);
        key.and_then(|(_, prepared)| PreparedKey::from_trusted_bytes(&prepared).ok())
            .is_some_and(|key| verify_all(&key, batch).is_ok())
    }

    fn saved(_: u32) -> Weight {
        Weight::zero()
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn set_for_benchmark(key: &[u8]) {
        let prepared = PreparedKey::from_verifying_key(key).unwrap();
        Key::set(Some((prepared.id(), prepared.to_bytes().0.to_vec())));
    }
}

impl crate::Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Nodes = MockNodes;
    type Holders = MockHolders;
    type Replicas = MockReplicas;
    type Beacons = MockBeacons;
    type Keys = MockKeys;
    type Parameters = Parameters;
    type WeightInfo = ();
}

/// The beacon of a block of this chain.
pub fn beacon(block: BlockNumber) -> Beacon {
    blake2_256(&[b"beacon", &block.to_le_bytes()])
}

/// Slot 0 of order `order`.
pub fn slot_id(order: u64) -> SlotId {
    SlotId {
        order: order.into(),
        slot: 0.into(),
    }
}

/// An account's number of tokens that are free.
pub fn free(account: impl Into<AccountId32>) -> Balance {
    Balances::free_balance(account.into())
}

/// An empty chain at block 1 in which `rich` have 1,000,000 each.
pub fn new_chain(rich: &[AccountId32]) -> sp_io::TestExternalities {
    let config = RuntimeGenesisConfig {
        system: Default::default(),
        balances: pallet_balances::GenesisConfig {
            balances: rich
                .iter()
                .map(|account| (account.clone(), 1_000_000))
                .collect(),
            ..Default::default()
        },
    };
    let mut chain: sp_io::TestExternalities = config.build_storage().unwrap().into();
    chain.execute_with(|| {
        Parameters::set(DEFAULTS);
        Nodes::take();
        Slots::take();
        Provers::take();
        Sealed::take();
        Key::take();
        System::set_block_number(1);
    });
    chain
}

/// Runs a test on a chain and checks the invariants after it.
pub fn with_chain(rich: &[AccountId32], test: impl FnOnce()) {
    new_chain(rich).execute_with(|| {
        test();
        Poe::ensure_invariants().unwrap();
    });
}

/// A chain in its genesis state, for the benchmarks' own tests.
#[cfg(feature = "runtime-benchmarks")]
pub fn new_test_ext() -> sp_io::TestExternalities {
    let mut chain = new_chain(&[]);
    chain.register_extension(sp_keystore::KeystoreExt::new(
        sp_keystore::testing::MemoryKeystore::new(),
    ));
    chain.execute_with(|| {
        Parameters::set(PoeParameters {
            period_bytes_max: 1 << 20,
            claim_bytes_max: 1 << 20,
            ..DEFAULTS
        });
    });
    chain
}
