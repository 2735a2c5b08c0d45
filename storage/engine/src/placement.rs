//! Claiming open slots that the lottery gives to this node.
//!
//! Every check here is only a guess that saves a refused call and its fee: the chain decides.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use ips_primitives::{
    challenge::lottery_draw,
    deal::{OrderParams, SlotState},
    id::{Balance, BlockNumber, OrderId, ProviderId, SlotId},
    node_class::NodeClass,
    placement::{collateral_for, Admission, Candidate, ClaimDeadlines, ClaimTimes, SlotLottery},
    view::{ChainInfo, NodeView, OrderView, SlotView},
};

use crate::{
    chain::{Call, ChainError},
    engine::Node,
    error::EngineError,
};

/// Orders read at once.
const PAGE: u32 = 64;
/// Pages read per round.
const PAGES_MAX: u32 = 8;
/// Claims sent per round.
const CLAIMS_PER_ROUND: usize = 4;
/// Blocks that a group is left alone after a refused claim; somebody was faster, mostly.
const PAUSE_BLOCKS: BlockNumber = 5;
/// Nodes remembered, so that each is read once.
const NEIGHBOURS_MAX: usize = 4096;

pub(crate) async fn run(node: Arc<Node>) -> Result<(), EngineError> {
    let mut watcher = node.watcher();
    let mut claimer = Claimer {
        node,
        next: OrderId(0),
        paused: HashMap::new(),
        neighbours: HashMap::new(),
    };
    loop {
        let now = watcher.block();
        claimer.paused.retain(|_, until| *until > now);
        claimer.round(now).await?;
        watcher.changed().await?;
    }
}

/// What the rounds share.
struct Claimer {
    node: Arc<Node>,
    /// Where the search for open orders goes on, so that no order waits for ever behind others.
    next: OrderId,
    paused: HashMap<OrderId, BlockNumber>,
    /// Class and operator of other nodes.
    neighbours: HashMap<ProviderId, (NodeClass, [u8; 32])>,
}

/// What this node can still take; shrinks as claims are sent.
struct Means {
    bytes: u64,
    pledge: Balance,
    claims: usize,
}

/// What is the same for all orders of a round.
struct Round {
    view: NodeView,
    info: ChainInfo,
    now: BlockNumber,
}

impl Claimer {
    async fn round(&mut self, now: BlockNumber) -> Result<(), EngineError> {
        let chain = self.node.chain.clone();
        let Some(view) = chain.node(self.node.config.provider).await? else {
            tracing::debug!("the node is not registered yet");
            return Ok(());
        };
        if view.ask.is_none() {
            return Ok(());
        }
        let mut means = means(&self.node, &view).await?;
        let info = chain.info().await?;
        let round = Round { view, info, now };
        for order in self.open_orders().await? {
            if means.claims == 0 {
                return Ok(());
            }
            if self.paused.contains_key(&order.id) || !self.has_seat(&order, &round).await? {
                continue;
            }
            if let Some(slot) = slot_to_claim(&order, &round, &means) {
                self.claim(slot, &order, &round, &mut means).await?;
            }
        }
        Ok(())
    }

    /// The next open orders, from the first again once after the last.
    async fn open_orders(&mut self) -> Result<Vec<OrderView>, EngineError> {
        let (start, mut found, mut wrapped) = (self.next, Vec::new(), false);
        for _ in 0..PAGES_MAX {
            let page = self.node.chain.open_orders(self.next, PAGE).await?;
            self.next = match page.last() {
                Some(last) => OrderId(last.id.0.saturating_add(1)),
                None => OrderId(0),
            };
            let is_end = page.is_empty();
            found.extend(
                page.into_iter()
                    .filter(|order| !wrapped || order.id < start),
            );
            if is_end && (wrapped || start == OrderId(0)) || wrapped && self.next > start {
                break;
            }
            wrapped |= is_end;
        }
        Ok(found)
    }

    /// Whether the group has a seat for this node's operator and class.
    async fn has_seat(&mut self, order: &OrderView, round: &Round) -> Result<bool, EngineError> {
        let mut of_class = 0u8;
        for slot in &order.slots {
            let Some(provider) = slot
                .provider
                .filter(|_| is_taken(slot, &order.params, round))
            else {
                continue;
            };
            let Some((class, operator)) = self.neighbour(provider).await? else {
                continue;
            };
            if operator == round.view.operator {
                return Ok(false);
            }
            of_class = of_class.saturating_add(u8::from(class == round.view.class));
        }
        Ok(of_class < order.params.erasure.parity)
    }

    async fn neighbour(
        &mut self,
        provider: ProviderId,
    ) -> Result<Option<(NodeClass, [u8; 32])>, EngineError> {
        if let Some(known) = self.neighbours.get(&provider) {
            return Ok(Some(*known));
        }
        let Some(view) = self.node.chain.node(provider).await? else {
            return Ok(None);
        };
        if self.neighbours.len() >= NEIGHBOURS_MAX {
            self.neighbours.clear();
        }
        let facts = (view.class, view.operator);
        self.neighbours.insert(provider, facts);
        Ok(Some(facts))
    }

    async fn claim(
        &mut self,
        slot: SlotId,
        order: &OrderView,
        round: &Round,
        means: &mut Means,
    ) -> Result<(), EngineError> {
        let until = round.now.saturating_add(PAUSE_BLOCKS);
        self.paused.insert(order.id, until);
        match self.node.chain.submit(Call::ClaimSlot(slot)).await {
            Ok(_) => {
                tracing::info!(?slot, "slot claimed");
                let bytes = order.params.slot_bytes();
                let collateral = collateral_for(round.info.collateral_per_mib, bytes);
                means.bytes = means.bytes.saturating_sub(bytes);
                means.pledge = means.pledge.saturating_sub(collateral);
                means.claims -= 1;
                Ok(())
            }
            Err(error @ ChainError::Refused { .. }) => {
                tracing::debug!(?slot, %error, "claim refused");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}

async fn means(node: &Arc<Node>, view: &NodeView) -> Result<Means, EngineError> {
    let deals = node.chain.deals_of(node.config.provider).await?;
    let known: HashSet<_> = node
        .store
        .run(|store| store.slots())
        .await?
        .iter()
        .map(|record| record.slot)
        .collect();
    let claimed: Vec<_> = deals
        .iter()
        .filter(|deal| deal.view.state == SlotState::Claimed)
        .collect();
    // Claimed slots whose first byte has not come yet are not counted by the store.
    let expected: u64 = claimed
        .iter()
        .filter(|deal| !known.contains(&deal.slot))
        .map(|deal| deal.params.slot_bytes())
        .sum();
    Ok(Means {
        bytes: view
            .capacity_bytes
            .saturating_sub(view.used_bytes)
            .min(node.store.free_bytes().saturating_sub(expected)),
        pledge: view.pledged.saturating_sub(view.locked),
        claims: node
            .config
            .claims_open_max
            .saturating_sub(claimed.len())
            .min(CLAIMS_PER_ROUND),
    })
}

/// Whether a claim undoes the present one: it was not delivered or not sealed in time.
fn is_overdue(slot: &SlotView, params: &OrderParams, round: &Round) -> bool {
    let Some(claimed_at) = slot.claimed_at else {
        return false;
    };
    let times = ClaimTimes {
        claimed_at,
        confirmed_at: slot.confirmed_at,
        duration_blocks: params.duration_blocks,
    };
    let deadlines = ClaimDeadlines {
        delivery_blocks: round.info.delivery_blocks,
        seal_blocks: round.info.seal_blocks,
    };
    deadlines.overdue(slot.state, &times, round.now).is_some()
}

/// Whether somebody has the slot.
fn is_taken(slot: &SlotView, params: &OrderParams, round: &Round) -> bool {
    let is_held = matches!(
        slot.state,
        SlotState::Claimed | SlotState::Confirmed | SlotState::Active | SlotState::Faulty
    );
    is_held && !is_overdue(slot, params, round)
}

/// The slot of an order that this node may and can claim now.
fn slot_to_claim(order: &OrderView, round: &Round, means: &Means) -> Option<SlotId> {
    let Round { view, info, now } = round;
    let params = &order.params;
    let ask = view.ask?;
    let fits = ask.price_per_mib_block <= params.price_per_mib_block_max
        && params.duration_blocks <= ask.duration_blocks_max
        && params.slot_bytes() <= means.bytes
        && collateral_for(info.collateral_per_mib, params.slot_bytes()) <= means.pledge;
    if !fits {
        return None;
    }
    let candidate = Candidate {
        provider: view.provider,
        class: view.class,
        reliability_permille: view.reliability_permille,
        registered_at: view.registered_at,
    };
    let beacon = order.lottery_beacon;
    let free = order.slots.iter().filter(|slot| {
        let is_free = slot.state == SlotState::Open || is_overdue(slot, params, round);
        is_free && slot.provider != Some(view.provider)
    });
    let drawn = free.filter_map(|slot| {
        let slot = SlotId {
            order: order.id,
            slot: slot.index,
        };
        let lottery = SlotLottery {
            slot,
            is_data: params.erasure.is_data(slot.slot.0),
            opened_at: order.opened_at,
            beacon,
            lottery_blocks: info.lottery_blocks,
            reliability_permille_min: info.reliability_permille_min,
        };
        // Without a beacon any slot will do; the first is as good as another.
        let draw = beacon.map_or(0, |beacon| lottery_draw(&beacon, slot, &view.provider));
        (lottery.admit(&candidate, *now) == Admission::Admitted).then_some((draw, slot))
    });
    drawn.min_by_key(|(draw, _)| *draw).map(|(_, slot)| slot)
}
