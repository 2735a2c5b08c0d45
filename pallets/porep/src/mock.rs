//! A chain with this pallet alone; what it asks of others is kept in maps of the test's thread.
#![allow(unreachable_pub)]

use std::collections::BTreeMap;

use frame_support::{derive_impl, parameter_types, traits::Hooks};
use frame_system::EnsureRoot;
use ips_pallet_traits::{Collateral, Deals, NodeFacts, NodeRegistry, SlotFacts};
use ips_primitives::{
    challenge::Beacon,
    hash::blake2_256,
    id::{AccountKey, Balance, BlockNumber, Genesis, ProviderId, SlotId},
    schedule::ProvingSchedule,
    sector::Profile,
};
use ips_verifier::groth16::CircuitKind;
use sp_runtime::{traits::IdentityLookup, AccountId32, BuildStorage, DispatchResult};

use crate::{tests::real::params, BlockRandomness, PorepParameters, TerminationReason};

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
    pub type Porep = crate;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlock<Test>;
    type AccountId = AccountId32;
    type Lookup = IdentityLookup<AccountId32>;
}

/// Two windows of ten blocks.
pub const DEFAULTS: PorepParameters = PorepParameters {
    profile: Profile::TEST,
    schedule: ProvingSchedule {
        period_blocks: 20,
        deadlines: 2,
    },
    seed_delay_blocks: 3,
    ticket_blocks: 10,
    prove_commit_blocks: 30,
    beacon_blocks: 60,
    fault_slash_percent: 10,
    fraud_reward_percent: 25,
    fault_cutoff_periods: 2,
    tick_partitions_max: 2,
    tick_pieces_max: 4,
    allow_insecure_keys: true,
};

/// What the pallet told the market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Sealed(SlotId, BlockNumber),
    Faulted(SlotId, BlockNumber),
    Recovered(SlotId, BlockNumber),
    Lost(SlotId),
}

parameter_types! {
    pub static Parameters: PorepParameters = DEFAULTS;
    pub static RelayHostCalls: bool = true;
    pub static Workers: BTreeMap<AccountKey, ProviderId> = BTreeMap::new();
    pub static Promises: Vec<(ProviderId, bool)> = Vec::new();
    pub static Slots: BTreeMap<SlotId, SlotFacts> = BTreeMap::new();
    pub static Market: Vec<Told> = Vec::new();
    pub static Locks: BTreeMap<(ProviderId, SlotId), Balance> = BTreeMap::new();
    pub static Rewards: BTreeMap<AccountKey, Balance> = BTreeMap::new();
}

pub struct MockNodes;

impl NodeRegistry for MockNodes {
    fn provider_of(worker: &AccountKey) -> Option<ProviderId> {
        Workers::get().get(worker).copied()
    }

    fn facts(_: &ProviderId) -> Option<NodeFacts> {
        None
    }

    fn reserve(_: &ProviderId, _: u64) -> DispatchResult {
        Ok(())
    }

    fn unreserve(_: &ProviderId, _: u64) {}

    fn note_promise(provider: &ProviderId, kept: bool) {
        Promises::mutate(|promises| promises.push((*provider, kept)));
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn register_for_benchmark(
        provider: &ProviderId,
        worker: &AccountKey,
        _: ips_primitives::node_class::NodeClass,
    ) {
        Workers::mutate(|workers| workers.insert(*worker, *provider));
    }
}

pub struct MockDeals;

impl Deals for MockDeals {
    fn facts(slot: SlotId) -> Option<SlotFacts> {
        Slots::get().get(&slot).copied()
    }

    fn piece_sealed(_: &ProviderId, slot: SlotId, now: BlockNumber) {
        Market::mutate(|told| told.push(Told::Sealed(slot, now)));
    }

    fn piece_faulted(_: &ProviderId, slot: SlotId, proven_through: BlockNumber) {
        Market::mutate(|told| told.push(Told::Faulted(slot, proven_through)));
    }

    fn piece_recovered(_: &ProviderId, slot: SlotId, now: BlockNumber) {
        Market::mutate(|told| told.push(Told::Recovered(slot, now)));
    }

    fn piece_lost(_: &ProviderId, slot: SlotId, _: TerminationReason) {
        Market::mutate(|told| told.push(Told::Lost(slot)));
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn confirmed_for_benchmark(
        provider: &ProviderId,
        root: ips_primitives::slot::SlotRoot,
        bytes: u64,
    ) -> SlotId {
        let slot = slot_id(1_000 + Slots::get().len() as u64);
        add_slot(*provider, slot, root, bytes);
        slot
    }
}

pub struct MockCollateral;

impl Collateral for MockCollateral {
    fn lock(provider: &ProviderId, slot: SlotId, amount: Balance) -> DispatchResult {
        Locks::mutate(|locks| *locks.entry((*provider, slot)).or_default() += amount);
        Ok(())
    }

    fn release(provider: &ProviderId, slot: SlotId) {
        Locks::mutate(|locks| locks.remove(&(*provider, slot)));
    }

    fn slash(provider: &ProviderId, slot: SlotId, amount: Balance) -> Balance {
        Locks::mutate(|locks| {
            let Some(locked) = locks.get_mut(&(*provider, slot)) else {
                return 0;
            };
            let taken = amount.min(*locked);
            *locked -= taken;
            taken
        })
    }

    fn slash_reported(
        provider: &ProviderId,
        slot: SlotId,
        amount: Balance,
        reporter: &AccountKey,
        percent: u8,
    ) -> Balance {
        let taken = Self::slash(provider, slot, amount);
        let reward = taken * Balance::from(percent) / 100;
        Rewards::mutate(|rewards| *rewards.entry(*reporter).or_default() += reward);
        taken
    }

    fn locked(provider: &ProviderId, slot: SlotId) -> Balance {
        Locks::get()
            .get(&(*provider, slot))
            .copied()
            .unwrap_or_default()
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn pledge_for_benchmark(_: &ProviderId, _: Balance) {}
}

pub struct MockRandomness;

impl BlockRandomness for MockRandomness {
    fn for_block(now: BlockNumber) -> Beacon {
        beacon(now)
    }
}

impl crate::Config for Test {
    type Nodes = MockNodes;
    type Deals = MockDeals;
    type Collateral = MockCollateral;
    type BlockRandomness = MockRandomness;
    type HostCalls = RelayHostCalls;
    type KeyOrigin = EnsureRoot<AccountId32>;
    type Parameters = Parameters;
    type WeightInfo = ();
}

/// The mock's hash of block 0.
pub const GENESIS: Genesis = Genesis([69; 32]);

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

/// The signer of a provider's calls.
pub fn worker(provider: ProviderId) -> RuntimeOrigin {
    RuntimeOrigin::signed(AccountId32::from(provider.0.map(|byte| byte ^ 0xff)))
}

/// A registered provider; its deadline in every period is 0 for an even `n`, else 1.
pub fn provider(n: u8) -> ProviderId {
    let provider = ProviderId([n; 32]);
    let key = AccountKey(provider.0.map(|byte| byte ^ 0xff));
    Workers::mutate(|workers| workers.insert(key, provider));
    provider
}

/// A confirmed slot with 1,000 locked.
pub fn add_slot(
    provider: ProviderId,
    slot: SlotId,
    root: ips_primitives::slot::SlotRoot,
    bytes: u64,
) {
    Slots::mutate(|slots| {
        slots.insert(
            slot,
            SlotFacts {
                provider,
                root,
                bytes,
            },
        )
    });
    Locks::mutate(|locks| locks.insert((provider, slot), 1_000));
}

/// Forgets what another test of this thread told the mocks.
fn reset() {
    Parameters::set(DEFAULTS);
    Workers::take();
    Promises::take();
    Slots::take();
    Market::take();
    Locks::take();
}

/// Makes blocks up to `block`; invariants are checked after each.
pub fn run_to(block: u64) {
    while System::block_number() < block {
        let next = System::block_number() + 1;
        System::set_block_number(next);
        Porep::on_initialize(next);
        Porep::ensure_invariants().unwrap();
    }
}

/// Runs a test at block 1 of a chain with the given keys, and checks the invariants after it.
pub fn with_keys(verifying_keys: Vec<Vec<u8>>, test: impl FnOnce()) {
    let config = RuntimeGenesisConfig {
        system: Default::default(),
        porep: crate::GenesisConfig {
            verifying_keys,
            ..Default::default()
        },
    };
    let mut chain: sp_io::TestExternalities = config.build_storage().unwrap().into();
    chain.execute_with(|| {
        reset();
        run_to(1);
        test();
        Porep::ensure_invariants().unwrap();
    });
}

/// The keys of the parameters that the tests prove with.
pub fn real_keys() -> Vec<Vec<u8>> {
    CircuitKind::ALL
        .map(|kind| params(kind).verifying_key())
        .to_vec()
}

/// Like [`with_keys`], with [`real_keys`].
pub fn with_chain(test: impl FnOnce()) {
    with_keys(real_keys(), test);
}

/// A chain at block 1 without keys, for the benchmarks' own tests: a sector of the profile `dev` holds
/// as many slots as a sector may.
#[cfg(feature = "runtime-benchmarks")]
pub fn new_test_ext() -> sp_io::TestExternalities {
    let config = RuntimeGenesisConfig::default();
    let mut chain: sp_io::TestExternalities = config.build_storage().unwrap().into();
    chain.execute_with(|| {
        reset();
        Parameters::set(PorepParameters {
            profile: Profile::DEV,
            tick_partitions_max: 32,
            tick_pieces_max: 512,
            ..DEFAULTS
        });
        run_to(1);
    });
    chain
}
