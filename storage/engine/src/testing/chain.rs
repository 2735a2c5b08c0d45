//! A chain of one process: blocks when told, the market's, porep's and poe's rules in small.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ips_primitives::{
    deal::{Ask, OrderDeposit, OrderParams, SlotState},
    id::{
        AccountKey, AgreementId, Balance, BlockNumber, Genesis, OrderId, ProviderId, SlotId,
        SlotIndex,
    },
    node_class::NodeClass,
    placement::{ClaimDeadlines, ClaimTimes},
    retrieval::ExtractClaim,
    schedule::ProvingSchedule,
    sector::Profile,
    view::{AgreementView, ChainInfo, NodeView, OrderView, SectorView, SlotView},
};
use tokio::sync::watch;

use super::{beacon_of, mock_key, state::State};
use crate::chain::Head;

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

/// What the chain was at some block.
#[derive(Clone)]
pub struct Snapshot {
    state: State,
    head: Head,
}

/// The chain; shared by all clients of a test.
pub struct MockChain {
    pub(super) info: ChainInfo,
    pub(super) profile: Profile,
    pub(super) heads: watch::Sender<Head>,
    state: Mutex<State>,
}

impl MockChain {
    /// A chain at block 10.
    pub fn new(profile: Profile) -> Arc<Self> {
        Self::with_genesis(profile, Genesis([0xee; 32]))
    }

    /// [`Self::new`] with another block 0.
    pub fn with_genesis(profile: Profile, genesis: Genesis) -> Arc<Self> {
        let info = ChainInfo {
            genesis,
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
        let head = head_at(10);
        Arc::new(Self {
            info,
            profile,
            heads: watch::Sender::new(head),
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

    /// Whether a slot may be taken from its provider: not confirmed or not sealed in time.
    pub(super) fn is_overdue(&self, params: &OrderParams, slot: &SlotView) -> bool {
        let Some(claimed_at) = slot.claimed_at else {
            return false;
        };
        let times = ClaimTimes {
            claimed_at,
            confirmed_at: slot.confirmed_at,
            duration_blocks: params.duration_blocks,
        };
        let deadlines = ClaimDeadlines {
            delivery_blocks: self.info.delivery_blocks,
            seal_blocks: self.info.seal_blocks,
        };
        let reason = deadlines.overdue(slot.state, &times, self.now());
        reason.is_some()
    }

    /// When storage proofs are due.
    pub fn schedule(&self) -> ProvingSchedule {
        self.info.schedule
    }

    /// Blocks in which a confirmed slot has to be sealed.
    pub fn seal_blocks(&self) -> BlockNumber {
        self.info.seal_blocks
    }

    /// Makes blocks, closing windows as they pass.
    pub fn advance(&self, blocks: BlockNumber) {
        for _ in 0..blocks {
            let number = self.now() + 1;
            self.lock().close_windows(&self.info, number);
            self.heads.send_replace(head_at(number));
        }
    }

    /// The chain as it is now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            state: self.lock().clone(),
            head: *self.heads.borrow(),
        }
    }

    /// Drops all blocks since the snapshot, as a reorganisation or a power cut of the chain node does.
    pub fn restore(&self, snapshot: Snapshot) {
        *self.lock() = snapshot.state;
        self.heads.send_replace(snapshot.head);
    }

    /// Registers a node with an ask of 1 and plenty of collateral; every other one is of another class.
    pub fn register(&self, node: MockNode) {
        let mut state = self.lock();
        let others = state.nodes.keys().filter(|known| **known != node.provider);
        let class = match others.count() % 2 {
            0 => NodeClass::Super,
            _ => NodeClass::Enterprise,
        };
        let known = state.nodes.get(&node.provider);
        let view = NodeView {
            provider: node.provider,
            worker: node.worker,
            class: known.map_or(class, |known| known.class),
            operator: node.provider.0,
            peer_id: node.peer_id,
            addresses: node.addresses,
            capacity_bytes: node.capacity_bytes,
            used_bytes: known.map_or(0, |known| known.used_bytes),
            reliability_permille: 1000,
            registered_at: 0,
            ask: Some(Ask {
                price_per_mib_block: 1,
                duration_blocks_max: 1_000_000,
            }),
            pledged: 1_000_000,
            locked: known.map_or(0, |known| known.locked),
        };
        state.nodes.insert(node.provider, view);
    }

    /// Places an order.
    pub fn order(&self, client: AccountKey, params: OrderParams) -> OrderId {
        let opened_at = self.now();
        let mut state = self.lock();
        let id = OrderId(state.next_order);
        state.next_order += 1;
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
        let order = OrderView {
            id,
            client,
            params,
            opened_at,
            lottery_beacon: Some(beacon_of(opened_at + 1)),
            slots,
            held: 1_000,
        };
        state.orders.insert(id, order);
        id
    }

    /// Lets ids of orders pass that are closed already.
    pub fn skip_orders(&self, count: u64) {
        self.lock().next_order += count;
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

    /// Who has a slot.
    pub fn provider_of(&self, slot: SlotId) -> Option<ProviderId> {
        self.lock().slot_mut(slot).and_then(|view| view.provider)
    }

    /// Removes an order altogether.
    pub fn remove_order(&self, order: OrderId) {
        self.lock().orders.remove(&order);
    }

    /// Makes lists of deals leave this slot out, as lists that are cut short do.
    pub fn hide_deal(&self, slot: SlotId) {
        self.lock().hidden.insert(slot);
    }

    /// Opens a retrieval agreement.
    pub fn open_agreement(&self, client: AccountKey, order: OrderId) -> AgreementId {
        self.open(client, order, 1_000_000)
    }

    /// Opens a retrieval agreement with a budget.
    pub fn open(&self, client: AccountKey, order: OrderId, budget: Balance) -> AgreementId {
        let mut state = self.lock();
        let id = AgreementId(u64::try_from(state.agreements.len()).unwrap_or(u64::MAX));
        let (price_per_mib, claimed) = (1_000, Vec::new());
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

    /// Lets only so many more claims through in this period; `None` = all.
    pub fn limit_claims(&self, left: Option<u32>) {
        self.lock().claims_left = left;
    }

    /// Makes a call fail as if the node could not be reached, until [`Self::reach`].
    pub fn lose(&self, call: &'static str) {
        self.lock().unreachable.insert(call);
    }

    /// Lets a call through again.
    pub fn reach(&self, call: &'static str) {
        self.lock().unreachable.remove(call);
    }

    /// Calls of a name that came through, refused or not.
    pub fn calls(&self, call: &str) -> usize {
        let state = self.lock();
        state.calls.iter().filter(|made| **made == call).count()
    }

    /// Storage proofs accepted from a provider.
    pub fn proven_periods(&self, provider: ProviderId) -> u32 {
        let state = self.lock();
        let own = state.partitions_of(provider);
        own.map(|(_, partition)| partition.proven_periods).sum()
    }

    /// Storage proofs missed by a provider.
    pub fn missed_periods(&self, provider: ProviderId) -> u32 {
        let state = self.lock();
        let own = state.partitions_of(provider);
        own.map(|(_, partition)| partition.missed_periods).sum()
    }

    /// Retrieval claims accepted.
    pub fn claims(&self) -> Vec<ExtractClaim> {
        let claims = &self.lock().claims;
        claims.iter().map(|(claim, _)| *claim).collect()
    }

    /// Fees of the retrieval claims accepted.
    pub fn fees(&self) -> Vec<Balance> {
        let claims = &self.lock().claims;
        claims.iter().map(|(_, fee)| *fee).collect()
    }

    /// Slots for which something was paid.
    pub fn settled(&self) -> Vec<SlotId> {
        self.lock().settled.clone()
    }

    /// Sectors of a provider.
    pub fn sectors(&self, provider: ProviderId) -> Vec<SectorView> {
        self.lock().views(&self.info, self.now(), provider)
    }
}

fn head_at(number: BlockNumber) -> Head {
    Head {
        number,
        hash: beacon_of(number),
    }
}
