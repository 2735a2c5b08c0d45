//! Claiming open slots that the lottery gives to this node.

use std::{collections::HashMap, sync::Arc};

use ips_primitives::{
    challenge::{lottery_draw, lottery_threshold},
    deal::{SlotState, PRICE_UNIT_BYTES},
    id::{Balance, BlockNumber, OrderId, SlotId},
    view::{ChainInfo, NodeView, OrderView},
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
    info.collateral_per_mib
        .saturating_mul(Balance::from(slot_bytes.div_ceil(PRICE_UNIT_BYTES)))
}

/// The weight of a node in the lottery of one slot, as the market counts it: the class's, scaled
/// by the reliability and rounded up. Too high a guess only costs a refused call.
fn weight(view: &NodeView, is_data: bool) -> u64 {
    let permille = u64::from(view.reliability_permille);
    view.class
        .lottery_weight(is_data)
        .saturating_mul(permille)
        .div_ceil(1000)
}

/// The slot of an order that this node may and can claim now.
fn slot_to_claim(
    order: &OrderView,
    view: &NodeView,
    info: &ChainInfo,
    means: &Means,
    now: BlockNumber,
) -> Option<SlotId> {
    let (beacon, ask) = (order.lottery_beacon?, view.ask?);
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
    let elapsed = now.saturating_sub(order.opened_at);
    order
        .slots
        .iter()
        .filter(|slot| slot.state == SlotState::Open)
        .map(|slot| SlotId {
            order: order.id,
            slot: slot.index,
        })
        .filter_map(|slot| {
            let is_data = params.erasure.is_data(slot.slot.0);
            let threshold = lottery_threshold(weight(view, is_data), elapsed, info.lottery_blocks);
            let draw = lottery_draw(&beacon, slot, &view.provider);
            (draw < threshold).then_some((draw, slot))
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
