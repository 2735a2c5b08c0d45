//! A chain of one process: blocks when told, the market's, porep's and poe's rules in small.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use ips_primitives::{
    challenge::Beacon,
    deal::{Ask, OrderDeposit, OrderParams, SlotState},
    id::{
        AccountKey, AgreementId, Balance, BlockNumber, FileId, Genesis, OrderId, PartitionIndex,
        ProviderId, SectorNumber, Signature, SlotId, SlotIndex,
    },
    node_class::NodeClass,
    retrieval::ExtractClaim,
    schedule::ProvingSchedule,
    sector::{CommR, Profile, SectorState},
    view::{
        AgreementView, ChainInfo, DealView, NodeView, OrderView, PartitionView, SectorView,
        SlotView,
    },
};
use tokio::sync::watch;

use super::{beacon_of, mock_key, TestKey};
use crate::chain::{Call, ChainClient, ChainError, ChainReader, Head, Included, Outcome};

/// A node to put on the mock chain.
#[derive(Clone, Debug)]
pub struct MockNode {
    /// Owner.
    pub provider: ProviderId,
    /// Hot key.
    pub worker: AccountKey,
    /// libp2p peer id, in bytes.
    pub peer_id: Vec<u8>,
    /// Multiaddresses, in bytes.
    pub addresses: Vec<Vec<u8>>,
    /// Capacity.
    pub capacity_bytes: u64,
}

/// A sector and what the mock chain knows beside its view.
pub(super) struct MockSector {
    pub(super) view: SectorView,
    /// Block from which on it is in the set of windows that open later; `None` = not in it.
    pub(super) joined_at: Option<BlockNumber>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) nodes: BTreeMap<ProviderId, NodeView>,
    pub(super) orders: BTreeMap<OrderId, OrderView>,
    pub(super) sectors: BTreeMap<(ProviderId, SectorNumber), MockSector>,
    pub(super) proven: BTreeMap<ProviderId, u32>,
    pub(super) proven_periods: BTreeMap<ProviderId, u32>,
    pub(super) missed_periods: BTreeMap<ProviderId, u32>,
    pub(super) agreements: BTreeMap<AgreementId, AgreementView>,
    pub(super) claims: Vec<ExtractClaim>,
    pub(super) settled: Vec<SlotId>,
    pub(super) unreachable: HashSet<&'static str>,
    pub(super) confirmations: Vec<(SlotId, Signature)>,
}

/// The chain; shared by all clients of a test.
pub struct MockChain {
    pub(super) info: ChainInfo,
    pub(super) profile: Profile,
    heads: watch::Sender<Head>,
    state: Mutex<State>,
}

impl MockChain {
    /// A chain at block 10.
    pub fn new(profile: Profile) -> Arc<Self> {
        let info = ChainInfo {
            genesis: Genesis([0xee; 32]),
            profile: profile.id,
            seal_key: Some(mock_key(1)),
            post_key: Some(mock_key(2)),
            poe_key: Some(mock_key(3)),
            schedule: ProvingSchedule {
                period_blocks: 20,
                deadlines: 2,
            },
            lottery_blocks: 8,
            reliability_permille_min: 200,
            delivery_blocks: 200,
            seal_blocks: 1_000,
            seed_delay_blocks: 3,
            ticket_blocks: 100,
            prove_commit_blocks: 50,
            collateral_per_mib: 1,
            order_deposit: OrderDeposit::default(),
            beacon_blocks: 500,
        };
        let heads = watch::Sender::new(Head {
            number: 10,
            hash: beacon_of(10),
        });
        Arc::new(Self {
            info,
            profile,
            heads,
            state: Mutex::default(),
        })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Number of the head.
    pub fn now(&self) -> BlockNumber {
        self.heads.borrow().number
    }

    /// Makes blocks, closing windows as they pass.
    pub fn advance(&self, blocks: BlockNumber) {
        for _ in 0..blocks {
            let number = self.now() + 1;
            self.close_windows(number);
            self.heads.send_replace(Head {
                number,
                hash: beacon_of(number),
            });
        }
    }

    fn close_windows(&self, number: BlockNumber) {
        let mut state = self.lock();
        let providers: Vec<_> = state.nodes.keys().copied().collect();
        for provider in providers {
            let deadline = self.deadline(&provider);
            let (open, window) = self.info.schedule.open_window(number - 1);
            let is_over = open == deadline && window.closes_at == number;
            let was_proven = state.proven.get(&provider) == Some(&window.period);
            let set = state.set(self.profile, &provider, window.opens_at);
            if is_over && !was_proven && set.iter().any(|comm_r| *comm_r != CommR::default()) {
                *state.missed_periods.entry(provider).or_insert(0) += 1;
                for sector in state.sectors_mut(&provider) {
                    if sector.joined_at.is_some_and(|at| at < window.opens_at) {
                        sector.view.state = SectorState::Faulty;
                        sector.joined_at = None;
                    }
                }
            }
        }
    }

    pub(super) fn deadline(&self, provider: &ProviderId) -> u32 {
        self.info.schedule.deadline_of(provider, PartitionIndex(0))
    }

    /// Registers a node with an ask of 1 and plenty of collateral.
    pub fn register(&self, node: MockNode) {
        let view = NodeView {
            provider: node.provider,
            worker: node.worker,
            class: NodeClass::Super,
            operator: node.provider.0,
            peer_id: node.peer_id,
            addresses: node.addresses,
            capacity_bytes: node.capacity_bytes,
            used_bytes: 0,
            reliability_permille: 1000,
            registered_at: 0,
            ask: Some(Ask {
                price_per_mib_block: 1,
                duration_blocks_max: 1_000_000,
            }),
            pledged: 1_000_000,
            locked: 0,
        };
        self.lock().nodes.insert(node.provider, view);
    }

    /// Places an order.
    pub fn order(&self, client: AccountKey, params: OrderParams) -> OrderId {
        let opened_at = self.now();
        let mut state = self.lock();
        let id = OrderId(u64::try_from(state.orders.len()).unwrap_or(u64::MAX));
        let slots = (0..u16::from(params.erasure.total()))
            .map(|index| SlotView {
                index: SlotIndex(index),
                state: SlotState::Open,
                provider: None,
                claimed_at: None,
                confirmed_at: None,
                price_per_mib_block: 1,
                paid: 0,
                sectors: Vec::new(),
            })
            .collect();
        let lottery_beacon = Some(beacon_of(opened_at + 1));
        let order = OrderView {
            id,
            client,
            params,
            opened_at,
            lottery_beacon,
            slots,
            held: 1_000,
        };
        state.orders.insert(id, order);
        id
    }

    /// Gives a slot to a provider, as if it had claimed it.
    pub fn assign(&self, slot: SlotId, provider: ProviderId) {
        let now = self.now();
        let mut state = self.lock();
        if let Some(view) = state.slot_mut(slot) {
            view.state = SlotState::Claimed;
            view.provider = Some(provider);
            view.claimed_at = Some(now);
        }
    }

    /// Changes a slot's state by force.
    pub fn set_slot_state(&self, slot: SlotId, slot_state: SlotState) {
        if let Some(view) = self.lock().slot_mut(slot) {
            view.state = slot_state;
        }
    }

    /// The state of a slot.
    pub fn slot_state(&self, slot: SlotId) -> Option<SlotState> {
        self.lock().slot_mut(slot).map(|view| view.state)
    }

    /// Opens a retrieval agreement.
    pub fn open_agreement(&self, client: AccountKey, order: OrderId) -> AgreementId {
        let mut state = self.lock();
        let id = AgreementId(u64::try_from(state.agreements.len()).unwrap_or(u64::MAX));
        let (price_per_mib, budget, claimed) = (100, 1_000_000, Vec::new());
        state.agreements.insert(
            id,
            AgreementView {
                id,
                client,
                order,
                price_per_mib,
                budget,
                claimed,
            },
        );
        id
    }

    /// Makes a call fail as if the node could not be reached, until [`Self::reach`].
    pub fn lose(&self, call: &'static str) {
        self.lock().unreachable.insert(call);
    }

    /// Lets a call through again.
    pub fn reach(&self, call: &'static str) {
        self.lock().unreachable.remove(call);
    }

    /// Storage proofs accepted from a provider.
    pub fn proven_periods(&self, provider: ProviderId) -> u32 {
        self.lock()
            .proven_periods
            .get(&provider)
            .copied()
            .unwrap_or(0)
    }

    /// Storage proofs missed by a provider.
    pub fn missed_periods(&self, provider: ProviderId) -> u32 {
        self.lock()
            .missed_periods
            .get(&provider)
            .copied()
            .unwrap_or(0)
    }

    /// Retrieval claims accepted.
    pub fn claims(&self) -> Vec<ExtractClaim> {
        self.lock().claims.clone()
    }

    /// Settlements asked for.
    pub fn settled(&self) -> Vec<SlotId> {
        self.lock().settled.clone()
    }

    /// Sectors of a provider.
    pub fn sectors(&self, provider: ProviderId) -> Vec<SectorView> {
        self.lock().views(&self.info, self.now(), provider)
    }
}

impl State {
    pub(super) fn slot_mut(&mut self, slot: SlotId) -> Option<&mut SlotView> {
        let order = self.orders.get_mut(&slot.order)?;
        order.slots.iter_mut().find(|view| view.index == slot.slot)
    }

    pub(super) fn sectors_mut<'a>(
        &'a mut self,
        provider: &'a ProviderId,
    ) -> impl Iterator<Item = &'a mut MockSector> {
        self.sectors
            .iter_mut()
            .filter(move |((owner, _), _)| owner == provider)
            .map(|(_, sector)| sector)
    }

    /// The frozen set of a window: one partition, sectors in order of their number.
    pub(super) fn set(
        &self,
        profile: Profile,
        provider: &ProviderId,
        opens_at: BlockNumber,
    ) -> Vec<CommR> {
        let places = usize::try_from(profile.post_sectors).unwrap_or(0);
        let mut set = vec![CommR::default(); places];
        for sector in self
            .sectors
            .iter()
            .filter(|((p, _), _)| p == provider)
            .map(|(_, s)| s)
        {
            let place = sector
                .view
                .partition
                .and_then(|(_, at)| usize::try_from(at).ok());
            let in_set = sector.joined_at.is_some_and(|joined| joined < opens_at);
            if let Some(entry) = place.filter(|_| in_set).and_then(|at| set.get_mut(at)) {
                *entry = sector.view.comm_r;
            }
        }
        set
    }

    pub(super) fn views(
        &self,
        info: &ChainInfo,
        now: BlockNumber,
        provider: ProviderId,
    ) -> Vec<SectorView> {
        let own = self
            .sectors
            .iter()
            .filter(|((owner, _), _)| *owner == provider);
        own.map(|(_, sector)| {
            let seed_at = sector.view.pre_committed_at + info.seed_delay_blocks;
            SectorView {
                seed: (seed_at <= now).then(|| beacon_of(seed_at)),
                ..sector.view.clone()
            }
        })
        .collect()
    }
}

/// The mock chain as one account sees it.
#[derive(Clone)]
pub struct MockClient {
    pub(super) chain: Arc<MockChain>,
    key: TestKey,
}

impl MockClient {
    /// A client that signs with `key`.
    pub fn new(chain: Arc<MockChain>, key: TestKey) -> Self {
        Self { chain, key }
    }
}

#[async_trait]
impl ChainReader for MockClient {
    async fn info(&self) -> Result<ChainInfo, ChainError> {
        Ok(self.chain.info.clone())
    }

    fn heads(&self) -> watch::Receiver<Head> {
        self.chain.heads.subscribe()
    }

    async fn beacon(&self, block: BlockNumber) -> Result<Option<Beacon>, ChainError> {
        let now = self.chain.now();
        let kept = block <= now && now - block <= self.chain.info.beacon_blocks;
        Ok(kept.then(|| beacon_of(block)))
    }

    async fn balance(&self, _account: AccountKey) -> Result<Balance, ChainError> {
        Ok(1_000_000)
    }

    async fn node(&self, provider: ProviderId) -> Result<Option<NodeView>, ChainError> {
        Ok(self.chain.lock().nodes.get(&provider).cloned())
    }

    async fn nodes(&self, max: u32) -> Result<Vec<NodeView>, ChainError> {
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        Ok(self
            .chain
            .lock()
            .nodes
            .values()
            .take(max)
            .cloned()
            .collect())
    }

    async fn open_orders(&self, from: OrderId, max: u32) -> Result<Vec<OrderView>, ChainError> {
        let is_open =
            |order: &&OrderView| order.slots.iter().any(|slot| slot.state == SlotState::Open);
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let state = self.chain.lock();
        let later = state.orders.range(from..).map(|(_, order)| order);
        Ok(later.filter(is_open).take(max).cloned().collect())
    }

    async fn order(&self, order: OrderId) -> Result<Option<OrderView>, ChainError> {
        Ok(self.chain.lock().orders.get(&order).cloned())
    }

    async fn orders_of_file(&self, file: FileId) -> Result<Vec<OrderView>, ChainError> {
        let state = self.chain.lock();
        Ok(state
            .orders
            .values()
            .filter(|order| order.params.file == file)
            .cloned()
            .collect())
    }

    async fn orders_of_client(&self, client: AccountKey) -> Result<Vec<OrderView>, ChainError> {
        let state = self.chain.lock();
        Ok(state
            .orders
            .values()
            .filter(|order| order.client == client)
            .cloned()
            .collect())
    }

    async fn deals_of(&self, provider: ProviderId) -> Result<Vec<DealView>, ChainError> {
        let state = self.chain.lock();
        let all = state.orders.values().flat_map(|order| {
            order.slots.iter().map(move |view| DealView {
                slot: SlotId {
                    order: order.id,
                    slot: view.index,
                },
                params: order.params.clone(),
                view: view.clone(),
            })
        });
        Ok(all
            .filter(|deal| deal.view.provider == Some(provider))
            .collect())
    }

    async fn sectors_of(&self, provider: ProviderId) -> Result<Vec<SectorView>, ChainError> {
        Ok(self.chain.sectors(provider))
    }

    async fn partitions_of(&self, provider: ProviderId) -> Result<Vec<PartitionView>, ChainError> {
        let (chain, now) = (&self.chain, self.chain.now());
        let deadline = chain.deadline(&provider);
        let (open, window) = chain.info.schedule.open_window(now);
        let is_open = open == deadline;
        let window = if is_open {
            window
        } else {
            chain.info.schedule.next_window(now, deadline)
        };
        let state = chain.lock();
        let set = state.set(chain.profile, &provider, window.opens_at);
        let mut sectors = vec![None; set.len()];
        for ((owner, number), sector) in &state.sectors {
            let place = sector
                .view
                .partition
                .and_then(|(_, at)| usize::try_from(at).ok());
            if let Some(entry) = place
                .filter(|_| *owner == provider)
                .and_then(|at| sectors.get_mut(at))
            {
                *entry = Some(*number);
            }
        }
        Ok(vec![PartitionView {
            index: PartitionIndex(0),
            deadline,
            window,
            set,
            sectors,
            beacon: is_open.then(|| beacon_of(window.opens_at)),
            proven: state.proven.get(&provider) == Some(&window.period),
            proven_periods: state.proven_periods.get(&provider).copied().unwrap_or(0),
            missed_periods: state.missed_periods.get(&provider).copied().unwrap_or(0),
        }])
    }

    async fn agreement(&self, id: AgreementId) -> Result<Option<AgreementView>, ChainError> {
        Ok(self.chain.lock().agreements.get(&id).cloned())
    }
}

#[async_trait]
impl ChainClient for MockClient {
    fn account(&self) -> AccountKey {
        AccountKey(self.key.public())
    }

    async fn submit(&self, call: Call) -> Result<Outcome, ChainError> {
        self.apply(&call)?;
        let number = self.chain.now();
        let block = Head {
            number,
            hash: beacon_of(number),
        };
        let included = Included {
            block,
            ref_time: 1,
            proof_size: 1,
        };
        Ok(Outcome {
            included,
            order: None,
            agreement: None,
        })
    }

    fn sign(&self, message: &[u8; 32]) -> Signature {
        self.key.sign(message)
    }
}
