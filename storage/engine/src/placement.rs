//! Claiming open slots that the lottery gives to this node.

use std::{collections::HashMap, sync::Arc};

use ips_primitives::{
    challenge::lottery_draw,
    deal::{OrderParams, SlotState},
    id::{Balance, BlockNumber, OrderId, SlotId},
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
/// Pages looked at per round.
const PAGES_MAX: u32 = 8;
/// Claims sent per round.
const CLAIMS_PER_ROUND: usize = 4;
/// Blocks that a group is left alone after a refused claim; somebody was faster, mostly.
const PAUSE_BLOCKS: BlockNumber = 5;

pub(crate) async fn run(node: Arc<Node>) -> Result<(), EngineError> {
    let mut watcher = node.watcher();
    let mut paused: HashMap<OrderId, BlockNumber> = HashMap::new();
    loop {
        let now = watcher.block();
        paused.retain(|_, until| *until > now);
        claim_round(&node, &mut paused, now).await?;
        watcher.changed().await?;
    }
}

/// What this node can still take; shrinks as claims are sent.
struct Means {
    bytes: u64,
    pledge: Balance,
    claims: usize,
}

async fn claim_round(
    node: &Arc<Node>,
    paused: &mut HashMap<OrderId, BlockNumber>,
    now: BlockNumber,
) -> Result<(), EngineError> {
    let Some(view) = node.chain.node(node.config.provider).await? else {
        tracing::debug!("the node is not registered yet");
        return Ok(());
    };
    if view.ask.is_none() {
        return Ok(());
    }
    let info = node.chain.info().await?;
    let mut means = means(node, &view).await?;
    let mut from = OrderId(0);
    for _ in 0..PAGES_MAX {
        let orders = node.chain.open_orders(from, PAGE).await?;
        let Some(last) = orders.last().map(|order| order.id) else {
            return Ok(());
        };
        for order in &orders {
            if means.claims == 0 {
                return Ok(());
            }
            if paused.contains_key(&order.id) {
                continue;
            }
            if let Some(slot) = slot_to_claim(order, &view, &info, &means, now) {
                claim(node, slot, order, &info, &mut means, paused, now).await?;
            }
        }
        from = OrderId(last.0.saturating_add(1));
    }
    Ok(())
}

async fn means(node: &Arc<Node>, view: &NodeView) -> Result<Means, EngineError> {
    let deals = node.chain.deals_of(node.config.provider).await?;
    let known: std::collections::HashSet<_> = node
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

/// Collateral of one slot.
fn collateral(info: &ChainInfo, slot_bytes: u64) -> Balance {
    collateral_for(info.collateral_per_mib, slot_bytes)
}

/// Whether a claim undoes the present one: it was not delivered or not sealed in time.
fn is_overdue(slot: &SlotView, params: &OrderParams, info: &ChainInfo, now: BlockNumber) -> bool {
    let Some(claimed_at) = slot.claimed_at else {
        return false;
    };
    let times = ClaimTimes {
        claimed_at,
        confirmed_at: slot.confirmed_at,
        duration_blocks: params.duration_blocks,
    };
    let deadlines = ClaimDeadlines {
        delivery_blocks: info.delivery_blocks,
        seal_blocks: info.seal_blocks,
    };
    deadlines.overdue(slot.state, &times, now).is_some()
}

/// The slot of an order that this node may and can claim now.
fn slot_to_claim(
    order: &OrderView,
    view: &NodeView,
    info: &ChainInfo,
    means: &Means,
    now: BlockNumber,
) -> Option<SlotId> {
    let ask = view.ask?;
    let params = &order.params;
    let fits = ask.price_per_mib_block <= params.price_per_mib_block_max
        && params.duration_blocks <= ask.duration_blocks_max
        && params.slot_bytes() <= means.bytes
        && collateral(info, params.slot_bytes()) <= means.pledge;
    // One slot of a group per operator; the chain refuses the operator's other nodes.
    let has_one = order
        .slots
        .iter()
        .any(|slot| slot.provider == Some(view.provider));
    if !fits || has_one {
        return None;
    }
    let candidate = Candidate {
        provider: view.provider,
        class: view.class,
        reliability_permille: view.reliability_permille,
        registered_at: view.registered_at,
    };
    let beacon = order.lottery_beacon;
    order
        .slots
        .iter()
        .filter(|slot| slot.state == SlotState::Open || is_overdue(slot, params, info, now))
        .map(|slot| SlotId {
            order: order.id,
            slot: slot.index,
        })
        .filter_map(|slot| {
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
            (lottery.admit(&candidate, now) == Admission::Admitted).then_some((draw, slot))
        })
        .min_by_key(|(draw, _)| *draw)
        .map(|(_, slot)| slot)
}

async fn claim(
    node: &Arc<Node>,
    slot: SlotId,
    order: &OrderView,
    info: &ChainInfo,
    means: &mut Means,
    paused: &mut HashMap<OrderId, BlockNumber>,
    now: BlockNumber,
) -> Result<(), EngineError> {
    paused.insert(order.id, now.saturating_add(PAUSE_BLOCKS));
    match node.chain.submit(Call::ClaimSlot(slot)).await {
        Ok(_) => {
            tracing::info!(?slot, "slot claimed");
            let bytes = order.params.slot_bytes();
            means.bytes = means.bytes.saturating_sub(bytes);
            means.pledge = means.pledge.saturating_sub(collateral(info, bytes));
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
