//! Deals of this node: confirm what was delivered, collect the pay, let go of what ended.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use futures::{stream, StreamExt as _};
use ips_primitives::{
    deal::SlotState,
    id::{BlockNumber, SectorNumber, SlotId},
    sector::SectorState,
    view::{DealView, SlotView},
};

use crate::{
    chain::{Call, ChainError},
    engine::Node,
    error::EngineError,
    store::{SectorStep, SlotRecord, SlotStage},
};

/// Calls of this module on the way at once.
const CALLS_AT_ONCE: usize = 16;
/// Blocks between two attempts to give a sector up: it may be in an open window.
const TERMINATE_AGAIN_BLOCKS: BlockNumber = 4;

/// Confirms and releases.
pub(crate) async fn run(node: Arc<Node>) -> Result<(), EngineError> {
    let mut watcher = node.watcher();
    let mut gone = Gone::default();
    loop {
        let now = watcher.block();
        let deals = node.chain.deals_of(node.config.provider).await?;
        let records = node.store.run(|store| store.slots()).await?;
        confirm(&node, &deals, &records).await?;
        release(&node, &deals, &records, &mut gone, now).await?;
        watcher.changed().await?;
    }
}

/// Whether a slot in that state, on the chain, is its provider's.
fn is_held(state: SlotState) -> bool {
    matches!(
        state,
        SlotState::Claimed | SlotState::Confirmed | SlotState::Active | SlotState::Faulty
    )
}

async fn confirm(
    node: &Arc<Node>,
    deals: &[DealView],
    records: &[SlotRecord],
) -> Result<(), EngineError> {
    let stages: HashMap<_, _> = records
        .iter()
        .map(|record| (record.slot, record.stage))
        .collect();
    let mut calls = Vec::new();
    for deal in deals {
        let stage = stages.get(&deal.slot).copied();
        match (deal.view.state, stage) {
            // Also if it was confirmed before: its block may have been dropped.
            (SlotState::Claimed, Some(stage)) => {
                calls.extend(stage.signature().map(|signature| (deal.slot, signature)));
            }
            (
                SlotState::Confirmed | SlotState::Active | SlotState::Faulty,
                Some(SlotStage::Receiving | SlotStage::Delivered(_)),
            ) => set_confirmed(node, deal.slot).await?,
            _ => {}
        }
    }
    let mut ends = stream::iter(calls)
        .map(|(slot, signature)| async move {
            (
                slot,
                node.chain
                    .submit(Call::ConfirmDeal { slot, signature })
                    .await,
            )
        })
        .buffer_unordered(CALLS_AT_ONCE);
    while let Some((slot, end)) = ends.next().await {
        match end {
            Ok(_) => set_confirmed(node, slot).await?,
            // The next look at the chain tells whether it is confirmed, lost or to be tried again.
            Err(error @ ChainError::Refused { .. }) => {
                tracing::warn!(?slot, %error, "deal not confirmed");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn set_confirmed(node: &Arc<Node>, slot: SlotId) -> Result<(), EngineError> {
    node.store
        .run(move |store| store.change_stage(slot, |stage| SlotStage::Confirmed(stage.signature())))
        .await?;
    tracing::info!(?slot, "deal confirmed");
    node.wake();
    Ok(())
}

/// Slots that the chain does not show as ours, and since when.
#[derive(Default)]
struct Gone {
    /// Lost at a restart, which only delays.
    since: HashMap<SlotId, BlockNumber>,
    /// Sectors that were to be given up, and when that was tried last.
    tried: HashMap<SectorNumber, BlockNumber>,
}

impl Gone {
    /// The slots that have been gone for `wait` blocks.
    fn update(
        &mut self,
        deals: &[DealView],
        records: &[SlotRecord],
        now: BlockNumber,
        wait: BlockNumber,
    ) -> Vec<SlotId> {
        let held: HashSet<_> = deals
            .iter()
            .filter(|deal| is_held(deal.view.state))
            .map(|deal| deal.slot)
            .collect();
        let kept: HashSet<_> = records.iter().map(|record| record.slot).collect();
        self.since
            .retain(|slot, _| !held.contains(slot) && kept.contains(slot));
        for slot in kept.difference(&held) {
            self.since.entry(*slot).or_insert(now);
        }
        let gone = self.since.iter();
        gone.filter(|(_, since)| now.saturating_sub(**since) >= wait)
            .map(|(slot, _)| *slot)
            .collect()
    }
}

/// Deletes slots that have ended on the chain for a while, after the sectors that hold them.
async fn release(
    node: &Arc<Node>,
    deals: &[DealView],
    records: &[SlotRecord],
    gone: &mut Gone,
    now: BlockNumber,
) -> Result<(), EngineError> {
    let wait = node.config.release_after_blocks;
    let highest = node.store.run(move |store| store.note_head(now)).await?;
    if now < highest {
        // The chain node is behind what we saw before: it knows less than we do.
        return Ok(());
    }
    let mut over = HashSet::new();
    for slot in gone.update(deals, records, now, wait) {
        // A list may be cut short or old; only the slot itself tells that it is over.
        if is_ours(node, slot).await? {
            gone.since.remove(&slot);
        } else {
            over.insert(slot);
        }
    }
    if over.is_empty() {
        return Ok(());
    }
    let needed = end_sectors(node, &over, &mut gone.tried, now).await?;
    for slot in over.difference(&needed).copied() {
        node.store.run(move |store| store.remove_slot(slot)).await?;
        gone.since.remove(&slot);
        tracing::info!(?slot, "slot has ended and was deleted");
    }
    Ok(())
}

async fn is_ours(node: &Arc<Node>, slot: SlotId) -> Result<bool, EngineError> {
    let order = node.chain.order(slot.order).await?;
    let slots = order.map(|order| order.slots).unwrap_or_default();
    let own = |view: &SlotView| {
        view.index == slot.slot
            && view.provider == Some(node.config.provider)
            && is_held(view.state)
    };
    Ok(slots.iter().any(own))
}

/// Gives up sectors that hold nothing but slots that are over; returns the slots still in sectors.
async fn end_sectors(
    node: &Arc<Node>,
    over: &HashSet<SlotId>,
    tried: &mut HashMap<SectorNumber, BlockNumber>,
    now: BlockNumber,
) -> Result<HashSet<SlotId>, EngineError> {
    tried.retain(|_, at| now < at.saturating_add(TERMINATE_AGAIN_BLOCKS));
    let sectors = node.store.run(|store| store.sectors()).await?;
    let views = node.chain.sectors_of(node.config.provider).await?;
    let mut needed = HashSet::new();
    for sector in sectors.iter().filter(|sector| sector.is_alive()) {
        needed.extend(sector.pieces.iter().map(|piece| piece.slot));
        let is_useless = sector.pieces.iter().all(|piece| over.contains(&piece.slot));
        let can_end = views.iter().any(|view| {
            let is_sealed = matches!(view.state, SectorState::Active | SectorState::Faulty);
            view.number == sector.number && is_sealed
        });
        let is_due = is_useless && can_end && sector.step == SectorStep::Proving;
        if !is_due || tried.contains_key(&sector.number) {
            continue;
        }
        tried.insert(sector.number, now);
        match node.chain.submit(Call::Terminate(sector.number)).await {
            Ok(_) => node.wake(),
            Err(error @ ChainError::Refused { .. }) => {
                tracing::debug!(sector = sector.number.0, %error, "sector not given up");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(needed)
}

/// Collects the pay of every slot once in a while.
pub(crate) async fn settle(node: Arc<Node>) -> Result<(), EngineError> {
    let mut watcher = node.watcher();
    let info = node.chain.info().await?;
    let every = match node.config.settle_every_blocks {
        0 => info.schedule.period_blocks.max(1),
        blocks => blocks,
    };
    let mut next = watcher.block().saturating_add(every);
    loop {
        let now = watcher.block();
        if now >= next {
            settle_all(&node).await?;
            next = now.saturating_add(every);
        }
        watcher.changed().await?;
    }
}

async fn settle_all(node: &Arc<Node>) -> Result<(), EngineError> {
    let deals = node.chain.deals_of(node.config.provider).await?;
    // Settling any other one would take it from this node at the price of its collateral, if it could be
    // settled at all.
    let due: Vec<SlotId> = deals
        .iter()
        .filter(|deal| deal.view.state == SlotState::Active)
        .map(|deal| deal.slot)
        .collect();
    let mut ends = stream::iter(due)
        .map(|slot| async move { (slot, node.chain.submit(Call::Settle(slot)).await) })
        .buffer_unordered(CALLS_AT_ONCE);
    while let Some((slot, end)) = ends.next().await {
        match end {
            Ok(_) => {}
            Err(error @ ChainError::Refused { .. }) => {
                tracing::debug!(?slot, %error, "nothing settled");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
