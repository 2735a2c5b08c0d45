//! Faults: files are looked at before their window, what is damaged is declared, what is whole again is
//! recovered.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
};

use futures::{stream, StreamExt as _};
use ips_primitives::{
    id::{BlockNumber, PartitionIndex, SectorNumber},
    sector::SectorState,
    view::{PartitionView, SectorView},
};

use crate::{
    chain::{Call, ChainError},
    engine::Node,
    error::EngineError,
    proving::sealed_set,
    sealer::SealerError,
    store::{SectorRecord, SectorStep},
};

/// Blocks before a window in which its files are looked at: time to make a damaged replica again.
const CHECK_BEFORE: BlockNumber = 8;
/// Blocks before a window in which a sector that is still damaged is declared faulty.
const DECLARE_BEFORE: BlockNumber = 2;
/// Calls on the way, and sectors looked at, at once.
const AT_ONCE: usize = 16;

pub(crate) async fn run(node: Arc<Node>) -> Result<(), EngineError> {
    let mut watcher = node.watcher();
    let mut recovered: HashMap<SectorNumber, BlockNumber> = HashMap::new();
    // Windows whose files were looked at.
    let mut checked: HashSet<(PartitionIndex, u32)> = HashSet::new();
    loop {
        let now = watcher.block();
        let partitions = node.chain.partitions_of(node.config.provider).await?;
        let window = |partition: &PartitionView| (partition.index, partition.window.period);
        let coming: HashSet<_> = partitions.iter().map(window).collect();
        checked.retain(|window| coming.contains(window));
        for partition in partitions
            .iter()
            .filter(|p| opens_within(p, now, CHECK_BEFORE))
        {
            if checked.insert(window(partition)) {
                check(&node, partition).await?;
            }
        }
        tend(&node, &partitions, &mut recovered, now).await?;
        watcher.changed().await?;
    }
}

fn opens_within(partition: &PartitionView, now: BlockNumber, blocks: BlockNumber) -> bool {
    let opens_in = partition.window.opens_at.checked_sub(now);
    opens_in.is_some_and(|opens_in| (1..=blocks).contains(&opens_in))
}

/// Looks at the files that the coming proof needs.
async fn check(node: &Arc<Node>, partition: &PartitionView) -> Result<(), EngineError> {
    let sectors = sealed_set(node, partition).into_iter().flatten();
    let mut ends = stream::iter(sectors)
        .map(|sector| node.sealer.check(sector))
        .buffer_unordered(AT_ONCE);
    while let Some(end) = ends.next().await {
        match end {
            Ok(()) => {}
            Err(SealerError::Damaged { folder, reason }) => {
                tracing::error!(folder = %folder.display(), reason, "damage found before its window");
                mark_damaged(node, partition, &folder).await?;
            }
            Err(error) => tracing::warn!(%error, "sector files not looked at"),
        }
    }
    Ok(())
}

/// Has a sector made again whose files are damaged.
pub(crate) async fn mark_damaged(
    node: &Arc<Node>,
    partition: &PartitionView,
    folder: &Path,
) -> Result<(), EngineError> {
    let number = partition
        .sectors
        .iter()
        .flatten()
        .copied()
        .find(|number| node.store.sector_folder(*number) == folder);
    if let Some(number) = number {
        node.store
            .run(move |store| store.change_sector(number, |record| record.damaged = true))
            .await?;
        node.wake();
    }
    Ok(())
}

/// Declares what is damaged before it costs a whole partition's proof, and recovers what is whole.
async fn tend(
    node: &Arc<Node>,
    partitions: &[PartitionView],
    recovered: &mut HashMap<SectorNumber, BlockNumber>,
    now: BlockNumber,
) -> Result<(), EngineError> {
    let records = node.store.run(|store| store.sectors()).await?;
    let records: HashMap<_, _> = records
        .iter()
        .map(|record| (record.number, record))
        .collect();
    let views = node.chain.sectors_of(node.config.provider).await?;
    let faulty: HashSet<_> = views
        .iter()
        .filter(|view| view.state == SectorState::Faulty)
        .map(|view| view.number)
        .collect();
    recovered.retain(|number, _| faulty.contains(number));
    let mut calls = Vec::new();
    for view in &views {
        let Some(partition) = partition_of(partitions, view) else {
            continue;
        };
        let record = records.get(&view.number).copied();
        let waits = recovered.get(&view.number);
        if should_declare(view, record, partition, now) {
            calls.push((view.number, Call::DeclareFault(view.number)));
        } else if should_recover(view, record, partition, now)
            && waits.is_none_or(|closes_at| now >= *closes_at)
        {
            recovered.insert(view.number, partition.window.closes_at);
            calls.push((view.number, Call::Recover(view.number)));
        }
    }
    let mut ends = stream::iter(calls)
        .map(|(sector, call)| async move {
            tracing::info!(sector = sector.0, ?call, "fault");
            (sector, node.chain.submit(call).await)
        })
        .buffer_unordered(AT_ONCE);
    while let Some((sector, end)) = ends.next().await {
        match end {
            Ok(_) => {}
            Err(error @ ChainError::Refused { .. }) => {
                tracing::debug!(sector = sector.0, %error, "fault call refused");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn partition_of<'a>(
    partitions: &'a [PartitionView],
    view: &SectorView,
) -> Option<&'a PartitionView> {
    let (index, _) = view.partition?;
    partitions.iter().find(|partition| partition.index == index)
}

/// A replica that is damaged, or on the chain but not on this disk.
fn should_declare(
    view: &SectorView,
    record: Option<&SectorRecord>,
    partition: &PartitionView,
    now: BlockNumber,
) -> bool {
    let soon = opens_within(partition, now, DECLARE_BEFORE);
    view.state == SectorState::Active && soon && record.is_none_or(|record| record.damaged)
}

/// Faulty on the chain, whole on disk, not yet in the set of the coming window.
fn should_recover(
    view: &SectorView,
    record: Option<&SectorRecord>,
    partition: &PartitionView,
    now: BlockNumber,
) -> bool {
    let is_whole =
        record.is_some_and(|record| record.step == SectorStep::Proving && !record.damaged);
    let is_open = partition.window.opens_at <= now && now < partition.window.closes_at;
    let in_set = view
        .partition
        .and_then(|(_, place)| partition.set.get(usize::try_from(place).ok()?))
        .is_some_and(|comm_r| *comm_r == view.comm_r);
    view.state == SectorState::Faulty && is_whole && !in_set && !is_open
}
