//! A runtime with this pallet and balances; nodes, collateral, replicas and beacons are tables in
//! storage, so that a failed call undoes them too.
#![allow(unreachable_pub)] // The runtime macros make public items.

use frame_support::{
    derive_impl, parameter_types, storage_alias, traits::fungible::InspectHold, Twox64Concat,
};
use ips_pallet_traits::{Beacons, Collateral, NodeFacts, NodeRegistry, Replicas};
use ips_primitives::{
    challenge::Beacon,
    deal::OrderDeposit,
    id::{AccountKey, Balance, BlockNumber, PieceIndex, ProviderId, SectorNumber, SlotId},
    node_class::NodeClass,
    sector::{CommD, Profile, SectorState},
};
use sp_core::{sr25519, Pair};
use sp_runtime::{traits::IdentityLookup, AccountId32, BuildStorage, DispatchError};

use crate::{pallet, types::MarketTerms};

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
    pub type Market = pallet::Pallet<Test>;
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
    pub static TestProfile: Profile = Profile::DEV;
    pub const Terms: MarketTerms = MarketTerms {
        lottery_blocks: 8,
        delivery_blocks: 20,
        seal_blocks: 60,
        duration_blocks_max: 1_000,
        collateral_per_mib: 100,
        undone_claim_permille: 50,
        reliability_permille_min: 200,
        order_deposit: OrderDeposit {
            base: 40,
            per_slot: 10,
        },
    };
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
    type Nodes = Nodes;
    type Collateral = Pledges;
    type Replicas = Sectors;
    type Beacons = RecentBeacons;
    type Profile = TestProfile;
    type Terms = Terms;
    type WeightInfo = ();
}

/// class, operator, free bytes, reliability, block of registration
type MockNode = (NodeClass, [u8; 32], u64, u16, BlockNumber);

#[storage_alias]
type NodeTable = StorageMap<Mock, Twox64Concat, ProviderId, MockNode>;
#[storage_alias]
type WorkerTable = StorageMap<Mock, Twox64Concat, AccountKey, ProviderId>;
#[storage_alias]
type FreePledge = StorageMap<Mock, Twox64Concat, ProviderId, Balance>;
#[storage_alias]
type LockTable = StorageMap<Mock, Twox64Concat, (ProviderId, SlotId), Balance>;
#[storage_alias]
type ProvenThrough = StorageMap<Mock, Twox64Concat, SlotId, BlockNumber>;

/// The registry.
pub struct Nodes;
impl NodeRegistry for Nodes {
    fn provider_of(worker: &AccountKey) -> Option<ProviderId> {
        WorkerTable::get(worker)
    }
    fn facts(provider: &ProviderId) -> Option<NodeFacts> {
        NodeTable::get(provider).map(
            |(class, operator, free_bytes, reliability_permille, registered_at)| NodeFacts {
                class,
                operator,
                free_bytes,
                reliability_permille,
                registered_at,
            },
        )
    }
    fn reserve(provider: &ProviderId, bytes: u64) -> Result<(), DispatchError> {
        NodeTable::try_mutate(provider, |node| {
            let node = node.as_mut().ok_or(DispatchError::CannotLookup)?;
            node.2 = node
                .2
                .checked_sub(bytes)
                .ok_or(DispatchError::Other("capacity"))?;
            Ok(())
        })
    }
    fn unreserve(provider: &ProviderId, bytes: u64) {
        NodeTable::mutate(provider, |node| node.as_mut().unwrap().2 += bytes);
    }
    fn note_promise(provider: &ProviderId, kept: bool) {
        NodeTable::mutate(provider, |node| {
            let permille = &mut node.as_mut().unwrap().3;
            *permille = if kept {
                (*permille + 10).min(1000)
            } else {
                permille.saturating_sub(60)
            };
        });
    }
    #[cfg(feature = "runtime-benchmarks")]
    fn register_for_benchmark(provider: &ProviderId, worker: &AccountKey, class: NodeClass) {
        WorkerTable::insert(worker, provider);
        NodeTable::insert(
            provider,
            (class, provider.0, class.capacity_bytes_max(), 1000, 0),
        );
    }
}

/// The pledges.
pub struct Pledges;
impl Collateral for Pledges {
    fn lock(provider: &ProviderId, slot: SlotId, amount: Balance) -> Result<(), DispatchError> {
        FreePledge::try_mutate(provider, |free| {
            let left = free.unwrap_or(0).checked_sub(amount);
            *free = Some(left.ok_or(DispatchError::Other("pledge"))?);
            Ok::<_, DispatchError>(())
        })?;
        LockTable::mutate((*provider, slot), |lock| {
            *lock = Some(lock.unwrap_or(0) + amount)
        });
        Ok(())
    }
    fn release(provider: &ProviderId, slot: SlotId) {
        let amount = LockTable::take((*provider, slot)).unwrap_or(0);
        FreePledge::mutate(provider, |free| *free = Some(free.unwrap_or(0) + amount));
    }
    fn slash(provider: &ProviderId, slot: SlotId, amount: Balance) -> Balance {
        LockTable::mutate((*provider, slot), |lock| {
            let taken = lock.unwrap_or(0).min(amount);
            *lock = Some(lock.unwrap_or(0) - taken);
            taken
        })
    }
    fn slash_reported(
        provider: &ProviderId,
        slot: SlotId,
        amount: Balance,
        _: &AccountKey,
        _: u8,
    ) -> Balance {
        Self::slash(provider, slot, amount)
    }
    fn locked(provider: &ProviderId, slot: SlotId) -> Balance {
        LockTable::get((*provider, slot)).unwrap_or(0)
    }
    #[cfg(feature = "runtime-benchmarks")]
    fn pledge_for_benchmark(provider: &ProviderId, amount: Balance) {
        FreePledge::mutate(provider, |free| *free = Some(free.unwrap_or(0) + amount));
    }
}

/// The proofs.
pub struct Sectors;
impl Replicas for Sectors {
    fn proven_through(slot: SlotId, _pieces: u64) -> Option<BlockNumber> {
        ProvenThrough::get(slot)
    }
    fn sector_of(_: SlotId, _: PieceIndex) -> Option<(SectorNumber, CommD, SectorState)> {
        None
    }
    #[cfg(feature = "runtime-benchmarks")]
    fn prove_for_benchmark(_: &ProviderId, slot: SlotId, _: u64, through: BlockNumber) {
        prove(slot, through);
    }
    #[cfg(feature = "runtime-benchmarks")]
    fn seal_for_benchmark(_: &ProviderId, _: SlotId, _: &ips_pallet_traits::SlotFacts, _: CommD) {}
}

/// Beacons of the last 50 blocks: the block's number, repeated.
pub struct RecentBeacons;
impl Beacons for RecentBeacons {
    fn at(block: BlockNumber) -> Option<Beacon> {
        let now = System::block_number();
        (block <= now && now - block < 50).then_some([block as u8; 32])
    }
    #[cfg(feature = "runtime-benchmarks")]
    fn set_for_benchmark(_: BlockNumber, _: Beacon) {}
}

/// What the client has at first.
pub(crate) const ENDOWMENT: Balance = 1_000_000;
/// What each of the providers has at first.
pub(crate) const PROVIDER_BALANCE: Balance = 100;
/// What each provider has pledged at first.
pub(crate) const PLEDGE: Balance = 10_000;
/// What each provider offers at first.
pub(crate) const CAPACITY: u64 = 1 << 30;

pub(crate) fn account(n: u8) -> AccountId32 {
    AccountId32::new([n; 32])
}

pub(crate) fn client() -> AccountId32 {
    account(200)
}

pub(crate) fn provider(n: u8) -> ProviderId {
    ProviderId([n; 32])
}

/// The worker of provider `n`.
pub(crate) fn worker(n: u8) -> AccountId32 {
    account(n + 100)
}

/// The key that signs delivery notes.
pub(crate) fn delivery_pair() -> sr25519::Pair {
    sr25519::Pair::from_seed(&[42; 32])
}

/// Registers provider `n` with operator `n`.
pub(crate) fn register(n: u8, class: NodeClass) {
    set_node(n, class, n, 1000);
}

pub(crate) fn set_node(n: u8, class: NodeClass, operator: u8, reliability: u16) {
    NodeTable::insert(
        provider(n),
        (class, [operator; 32], CAPACITY, reliability, 0),
    );
    WorkerTable::insert(AccountKey(worker(n).into()), provider(n));
    FreePledge::insert(provider(n), PLEDGE);
}

pub(crate) fn set_registered_at(n: u8, block: BlockNumber) {
    NodeTable::mutate(provider(n), |node| node.as_mut().unwrap().4 = block);
}

/// Takes the node away and leaves its worker, which cannot be in the real registry.
pub(crate) fn forget(n: u8) {
    NodeTable::remove(provider(n));
}

pub(crate) fn retire(n: u8) {
    NodeTable::remove(provider(n));
    WorkerTable::remove(AccountKey(worker(n).into()));
}

pub(crate) fn set_capacity(n: u8, bytes: u64) {
    NodeTable::mutate(provider(n), |node| node.as_mut().unwrap().2 = bytes);
}

pub(crate) fn set_free_pledge(n: u8, amount: Balance) {
    FreePledge::insert(provider(n), amount);
}

pub(crate) fn free_pledge(n: u8) -> Balance {
    FreePledge::get(provider(n)).unwrap_or(0)
}

pub(crate) fn prove(slot: SlotId, through: BlockNumber) {
    ProvenThrough::insert(slot, through);
}

pub(crate) fn new_test_ext() -> sp_io::TestExternalities {
    let mut storage = frame_system::GenesisConfig::<Test>::default()
        .build_storage()
        .expect("the default genesis is valid");
    let mut balances: Vec<_> = (1..=30).map(|n| (account(n), PROVIDER_BALANCE)).collect();
    balances.push((client(), ENDOWMENT));
    pallet_balances::GenesisConfig::<Test> {
        balances,
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
        Market::do_try_state().expect("invariants hold after the test");
        if pallet::Orders::<Test>::iter_keys().next().is_none() {
            let held = <Balances as InspectHold<AccountId32>>::total_balance_on_hold(&client());
            assert_eq!(held, 0, "something is held for no order");
        }
    });
}
