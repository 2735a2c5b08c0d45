//! Storage proofs: every partition, every window.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use ips_primitives::{
    id::{BlockNumber, PartitionIndex, SectorNumber},
    sector::{CommR, SectorState},
    statement::Context,
    view::{PartitionView, SectorView},
};
use tokio::task::JoinSet;

use crate::{
    chain::{Call, ChainError},
    engine::{is_refused, Counters, Node},
    error::EngineError,
    permits::Urgency,
    sealer::{SealedSector, SealerError},
    store::{SectorRecord, SectorStep},
};

/// Blocks before a window in which a sector that is still damaged is declared faulty.
const DECLARE_BEFORE: BlockNumber = 2;

/// A proof that is being made.
type Duty = (PartitionIndex, u32);

pub(crate) async fn run(node: Arc<Node>) -> Result<(), EngineError> {
    let mut watcher = node.watcher();
    let mut running: JoinSet<(Duty, Result<(), EngineError>)> = JoinSet::new();
    let mut active: HashSet<Duty> = HashSet::new();
    let mut recovered: HashMap<SectorNumber, BlockNumber> = HashMap::new();
    loop {
        let now = watcher.block();
        let partitions = node.chain.partitions_of(node.config.provider).await?;
        for partition in partitions.iter().filter(|partition| is_due(partition, now)) {
            let duty = (partition.index, partition.window.period);
            if active.insert(duty) {
                let (node, partition) = (node.clone(), partition.clone());
                running.spawn(async move { (duty, prove(&node, &partition).await) });
            }
        }
        tend_faults(&node, &partitions, &mut recovered, now).await?;
        tokio::select! {
            changed = watcher.changed() => changed?,
            Some(joined) = running.join_next() => match joined {
                Ok((duty, ended)) => {
                    active.remove(&duty);
                    if let Err(error) = ended {
                        let (partition, period) = (duty.0 .0, duty.1);
                        tracing::warn!(partition, period, %error, "storage proof failed");
                        // Not at once again: the cause rarely goes away before the next block.
                        watcher.changed().await?;
                    }
                }
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            },
        }
    }
}

fn is_due(partition: &PartitionView, now: BlockNumber) -> bool {
    partition.window.opens_at <= now
        && now < partition.window.closes_at
        && !partition.proven
        && partition.beacon.is_some()
        && partition
            .set
            .iter()
            .any(|comm_r| *comm_r != CommR::default())
}

/// The sectors of the set as frozen; a sector without files is left to the sealer to find.
fn sealed_set(node: &Node, partition: &PartitionView) -> Vec<Option<SealedSector>> {
    let numbers = partition
        .sectors
        .iter()
        .copied()
        .chain(std::iter::repeat(None));
    partition
        .set
        .iter()
        .zip(numbers)
        .map(|(comm_r, number)| {
            let is_empty = *comm_r == CommR::default();
            number.filter(|_| !is_empty).map(|number| SealedSector {
                folder: node.store.sector_folder(number),
                comm_r: *comm_r,
            })
        })
        .collect()
}

async fn prove(node: &Arc<Node>, partition: &PartitionView) -> Result<(), EngineError> {
    let info = node.chain.info().await?;
    let key = info.post_key.ok_or(EngineError::NoKey("storage"))?;
    let beacon = partition
        .beacon
        .ok_or(EngineError::BeaconGone(partition.window.opens_at))?;
    let context = Context {
        genesis: info.genesis,
        profile: info.profile,
        key,
    };
    let (index, period) = (partition.index, partition.window.period);
    let randomness = context.post_randomness(&node.config.provider, index, period, &beacon);
    let proof = {
        let _place = node.permits.acquire(Urgency::Proof).await;
        if node.head().number >= partition.window.closes_at {
            tracing::warn!(
                partition = index.0,
                period,
                "window closed before its proof began"
            );
            return Ok(());
        }
        node.sealer
            .prove_post(sealed_set(node, partition), randomness)
            .await
    };
    let proof = match proof {
        Ok(proof) => proof,
        Err(SealerError::Damaged { folder, reason }) => {
            tracing::error!(folder = %folder.display(), reason, "sector files are damaged");
            mark_damaged(node, partition, &folder).await?;
            return Err(SealerError::Damaged { folder, reason }.into());
        }
        Err(error) => return Err(error.into()),
    };
    match node
        .chain
        .submit(Call::SubmitPost {
            partition: index,
            period,
            proof,
        })
        .await
    {
        Ok(_) => {
            Counters::add(&node.counters.posts_accepted, 1);
            tracing::info!(partition = index.0, period, "storage proof accepted");
            Ok(())
        }
        Err(error) if is_refused(&error, &["AlreadyProven", "NothingDue"]) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn mark_damaged(
    node: &Arc<Node>,
    partition: &PartitionView,
    folder: &std::path::Path,
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
async fn tend_faults(
    node: &Arc<Node>,
    partitions: &[PartitionView],
    recovered: &mut HashMap<SectorNumber, BlockNumber>,
    now: BlockNumber,
) -> Result<(), EngineError> {
    let records = node.store.run(|store| store.sectors()).await?;
    let views = node.chain.sectors_of(node.config.provider).await?;
    recovered.retain(|number, _| {
        views
            .iter()
            .any(|view| view.number == *number && view.state == SectorState::Faulty)
    });
    for view in &views {
        let Some(partition) = partition_of(partitions, view) else {
            continue;
        };
        let record = records.iter().find(|record| record.number == view.number);
        let call = if should_declare(view, record, partition, now) {
            Call::DeclareFault(view.number)
        } else if should_recover(view, record, partition, now)
            && recovered
                .get(&view.number)
                .is_none_or(|closes_at| now >= *closes_at)
        {
            recovered.insert(view.number, partition.window.closes_at);
            Call::Recover(view.number)
        } else {
            continue;
        };
        tracing::info!(sector = view.number.0, ?call, "fault");
        match node.chain.submit(call).await {
            Ok(_) => {}
            Err(error @ ChainError::Refused { .. }) => {
                tracing::debug!(sector = view.number.0, %error, "fault call refused");
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
    let opens_in = partition.window.opens_at.checked_sub(now);
    let soon = opens_in.is_some_and(|blocks| (1..=DECLARE_BEFORE).contains(&blocks));
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
