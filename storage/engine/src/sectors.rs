//! Life of each sector: which step is next.
//!
//! Goal: every step can be repeated after a kill, from records, files and the chain; a piece is
//! always in exactly one sector or waits to be packed. Non-goals: the heavy work (the sealer's),
//! storage proofs (`proving`).

mod bindings;
mod packing;
mod pieces;
mod steps;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use ips_primitives::{
    deal::SlotState,
    id::{BlockNumber, PieceIndex, SectorNumber, SlotId},
    sector::Profile,
    view::{DealView, SectorView},
};
use tokio::{task::JoinSet, time::Instant};

use crate::{
    engine::Node,
    error::EngineError,
    store::{SectorRecord, SectorStep},
};
use packing::{pack, Waiting};

/// Pause after the first failure of a sector; doubles.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// Longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(120);

/// Pieces that wait to be packed, with the block they were first seen.
type FirstSeen = HashMap<(SlotId, PieceIndex), BlockNumber>;

/// Failures of one sector in a row.
struct Trouble {
    pause: Duration,
    until: Instant,
}

/// Packs pieces and drives every sector that is not in its final state.
pub(crate) async fn run(node: Arc<Node>) -> Result<(), EngineError> {
    let mut watcher = node.watcher();
    let mut first_seen = FirstSeen::new();
    let mut running: JoinSet<(SectorNumber, Result<(), EngineError>)> = JoinSet::new();
    let mut active: HashSet<SectorNumber> = HashSet::new();
    let mut trouble: HashMap<SectorNumber, Trouble> = HashMap::new();
    // Went as far as they can until something changes.
    let mut waiting: HashSet<SectorNumber> = HashSet::new();
    loop {
        let now = watcher.block();
        let views = node.chain.sectors_of(node.config.provider).await?;
        pack_new(&node, &views, &mut first_seen, now).await?;
        let mut records = node.store.run(|store| store.sectors()).await?;
        // What is nearest to its end first: its deadlines are nearest, too.
        records.sort_by_key(|record| std::cmp::Reverse(record.step));
        for record in records {
            let number = record.number;
            let paused = trouble
                .get(&number)
                .is_some_and(|t| t.until > Instant::now());
            let view = views.iter().find(|view| view.number == number).cloned();
            let is_idle = active.contains(&number) || waiting.contains(&number) || paused;
            if is_idle || !steps::is_due(&record, view.as_ref()) {
                continue;
            }
            if active.len() >= node.config.sealing_max.max(1) {
                break;
            }
            let Some(busy) = node.take_sector(number) else {
                continue;
            };
            active.insert(number);
            let node = node.clone();
            running.spawn(async move {
                let ended = steps::drive(&node, record, view).await;
                drop(busy);
                (number, ended)
            });
        }
        tokio::select! {
            changed = watcher.changed() => {
                changed?;
                waiting.clear();
            }
            Some(joined) = running.join_next() => match joined {
                Ok((number, ended)) => {
                    active.remove(&number);
                    waiting.insert(number);
                    note_end(&mut trouble, number, ended);
                }
                // The supervisor starts us again with a clean set.
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            },
        }
    }
}

fn note_end(
    trouble: &mut HashMap<SectorNumber, Trouble>,
    number: SectorNumber,
    ended: Result<(), EngineError>,
) {
    match ended {
        Ok(()) => drop(trouble.remove(&number)),
        Err(error) => {
            let pause = trouble
                .get(&number)
                .map_or(PAUSE_MIN, |before| (before.pause * 2).min(PAUSE_MAX));
            tracing::warn!(sector = number.0, %error, ?pause, "sector step failed");
            trouble.insert(
                number,
                Trouble {
                    pause,
                    until: Instant::now() + pause,
                },
            );
        }
    }
}

/// Makes sectors for pieces that are in none.
async fn pack_new(
    node: &Arc<Node>,
    views: &[SectorView],
    first_seen: &mut FirstSeen,
    now: BlockNumber,
) -> Result<(), EngineError> {
    let deals = node.chain.deals_of(node.config.provider).await?;
    let (slots, records) = node.store.run(|s| Ok((s.slots()?, s.sectors()?))).await?;
    let whole: HashSet<SlotId> = slots
        .iter()
        .filter(|slot| slot.stage.is_confirmed())
        .map(|slot| slot.slot)
        .collect();
    let profile = node.sealer.profile();
    let waiting: Vec<Waiting> = deals
        .iter()
        .filter(|deal| whole.contains(&deal.slot))
        .flat_map(|deal| unpacked(profile, deal, &records))
        .map(|(slot, index, nodes)| {
            let since = *first_seen.entry((slot, index)).or_insert(now);
            Waiting {
                slot,
                index,
                nodes,
                waited: now.saturating_sub(since),
            }
        })
        .collect();
    first_seen.retain(|(slot, index), _| {
        waiting
            .iter()
            .any(|piece| piece.slot == *slot && piece.index == *index)
    });
    let least = views
        .iter()
        .map(|view| view.number.0.saturating_add(1))
        .max()
        .unwrap_or(0);
    for pieces in pack(profile, waiting, node.config.pack_wait_blocks) {
        let record = node
            .store
            .run(move |store| {
                let record = SectorRecord::new(store.next_sector(least)?, pieces);
                store.put_sector(&record)?;
                Ok(record)
            })
            .await?;
        tracing::info!(
            sector = record.number.0,
            pieces = record.pieces.len(),
            "sector packed"
        );
    }
    Ok(())
}

/// Pieces of a deal that are in no sector, with the nodes they occupy.
fn unpacked(
    profile: Profile,
    deal: &DealView,
    records: &[SectorRecord],
) -> Vec<(SlotId, PieceIndex, u32)> {
    let sealable = matches!(
        deal.view.state,
        SlotState::Confirmed | SlotState::Active | SlotState::Faulty
    );
    if !sealable {
        return Vec::new();
    }
    let slot_bytes = deal.params.slot_bytes();
    let is_taken = |index: PieceIndex| {
        deal.view.sectors.iter().any(|(piece, _)| *piece == index)
            || records
                .iter()
                .filter(|record| record.is_alive())
                .any(|record| {
                    record
                        .pieces
                        .iter()
                        .any(|p| p.slot == deal.slot && p.index == index)
                })
    };
    (0..profile.pieces_of(slot_bytes))
        .filter_map(|index| u16::try_from(index).ok().map(PieceIndex))
        .filter(|index| !is_taken(*index))
        .filter_map(|index| {
            let range = profile.piece_range(slot_bytes, index)?;
            Some((deal.slot, index, range.nodes()))
        })
        .collect()
}

/// Whether the replica of a sector must exist on this disk.
pub(crate) fn has_replica(step: SectorStep) -> bool {
    matches!(
        step,
        SectorStep::PreCommit | SectorStep::WaitSeed | SectorStep::Commit | SectorStep::Proving
    )
}
