//! Deals of this node: confirm what was delivered, collect the pay, let go of what ended.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use futures::{stream, StreamExt as _};
use ips_primitives::{
    deal::SlotState,
    id::{BlockNumber, SlotId},
    view::DealView,
};

use crate::{
    chain::{Call, ChainError},
    engine::Node,
    error::EngineError,
    store::{SectorStep, SlotRecord, SlotStage},
};

/// Calls of this module on the way at once.
const CALLS_AT_ONCE: usize = 16;

/// Confirms and releases.
pub(crate) async fn run(node: Arc<Node>) -> Result<(), EngineError> {
    let mut watcher = node.watcher();
    // Since when the chain does not know a slot as ours; lost at a restart, which only delays.
    let mut gone: HashMap<SlotId, BlockNumber> = HashMap::new();
    loop {
        let now = watcher.block();
        let deals = node.chain.deals_of(node.config.provider).await?;
        let records = node.store.run(|store| store.slots()).await?;
        confirm(&node, &deals, &records).await?;
        release(&node, &deals, &records, &mut gone, now).await?;
        watcher.changed().await?;
    }
}

fn is_over(state: SlotState) -> bool {
    matches!(
        state,
        SlotState::Lost | SlotState::Expired | SlotState::Open
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
        match (deal.view.state, stages.get(&deal.slot)) {
            (SlotState::Claimed, Some(SlotStage::Delivered(signature))) => {
                calls.push((deal.slot, *signature));
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
        .run(move |store| store.set_stage(slot, SlotStage::Confirmed))
        .await?;
    tracing::info!(?slot, "deal confirmed");
    node.wake();
    Ok(())
}

/// Deletes slots that have ended on the chain for a while, after the sectors that hold them.
async fn release(
    node: &Arc<Node>,
    deals: &[DealView],
    records: &[SlotRecord],
    gone: &mut HashMap<SlotId, BlockNumber>,
    now: BlockNumber,
) -> Result<(), EngineError> {
    let held: HashSet<_> = deals
        .iter()
        .filter(|deal| !is_over(deal.view.state))
        .map(|deal| deal.slot)
        .collect();
    gone.retain(|slot, _| !held.contains(slot));
    for record in records.iter().filter(|record| !held.contains(&record.slot)) {
        gone.entry(record.slot).or_insert(now);
    }
    let wait = node.config.release_after_blocks;
    let over: HashSet<SlotId> = gone
        .iter()
        .filter(|(_, since)| now.saturating_sub(**since) >= wait)
        .map(|(slot, _)| *slot)
        .collect();
    if over.is_empty() {
        return Ok(());
    }
    let sectors = node.store.run(|store| store.sectors()).await?;
    let mut needed = HashSet::new();
    for sector in sectors.iter().filter(|sector| sector.is_alive()) {
        let is_useless = sector.pieces.iter().all(|piece| over.contains(&piece.slot));
        if is_useless && sector.step == SectorStep::Proving {
            match node.chain.submit(Call::Terminate(sector.number)).await {
                Ok(_) | Err(ChainError::Refused { .. }) => node.wake(),
                Err(error) => return Err(error.into()),
            }
        }
        needed.extend(sector.pieces.iter().map(|piece| piece.slot));
    }
    for slot in over.difference(&needed).copied() {
        node.store.run(move |store| store.remove_slot(slot)).await?;
        gone.remove(&slot);
        tracing::info!(?slot, "slot has ended and was deleted");
    }
    Ok(())
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
    let due: Vec<SlotId> = deals
        .iter()
        .filter(|deal| matches!(deal.view.state, SlotState::Active | SlotState::Faulty))
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
