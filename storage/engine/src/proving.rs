//! Storage proofs: every partition, every window.
//!
//! A proof is made once and sent until the chain shows it, but never after the window has closed.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use ips_primitives::{
    challenge::Beacon,
    id::{BlockNumber, PartitionIndex},
    sector::{CommR, ProofBytes},
    statement::Context,
    view::PartitionView,
};
use tokio::task::JoinSet;

use crate::{
    chain::{Call, ChainError},
    engine::{is_refused, Counters, Node},
    error::EngineError,
    faults::mark_damaged,
    permits::Urgency,
    sealer::{SealedSector, SealerError},
};

/// Proofs of one window that the chain may refuse before the window is given up.
const REFUSALS_MAX: u32 = 3;

/// A proof that is owed. The beacon is part of it: a block that was dropped takes its beacon along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Duty {
    partition: PartitionIndex,
    period: u32,
    beacon: Beacon,
}

/// A proof and the set that it is of.
#[derive(Clone)]
struct Made {
    set: Vec<CommR>,
    proof: ProofBytes,
}

/// What is known of the open windows.
#[derive(Default)]
struct Duties {
    /// Being worked on.
    active: HashSet<Duty>,
    /// Failed since the last head: not at once again.
    resting: HashSet<Duty>,
    /// Proofs that are made but not seen on the chain.
    made: HashMap<Duty, Box<Made>>,
    refusals: HashMap<Duty, u32>,
}

impl Duties {
    /// Forgets windows that are closed.
    fn retain(&mut self, due: &HashSet<Duty>) {
        self.made.retain(|duty, _| due.contains(duty));
        self.refusals.retain(|duty, _| due.contains(duty));
    }

    fn may_start(&self, duty: &Duty) -> bool {
        let refused = self.refusals.get(duty).copied().unwrap_or(0);
        !self.active.contains(duty) && !self.resting.contains(duty) && refused < REFUSALS_MAX
    }

    fn note(&mut self, duty: Duty, end: End) {
        self.active.remove(&duty);
        let (made, error) = match end {
            End::Done => {
                self.made.remove(&duty);
                return;
            }
            End::Failed(error) => (None, error),
            End::NotSent(made, error) => (Some(made), error),
        };
        let (partition, period) = (duty.partition.0, duty.period);
        tracing::warn!(partition, period, %error, "storage proof failed");
        self.resting.insert(duty);
        if matches!(error, EngineError::Chain(ChainError::Refused { .. })) {
            *self.refusals.entry(duty).or_insert(0) += 1;
            self.made.remove(&duty);
        } else if let Some(made) = made {
            self.made.insert(duty, made);
        }
    }
}

/// How the work on a duty ended.
enum End {
    /// The chain has the proof, or wants none any more.
    Done,
    /// There is no proof.
    Failed(EngineError),
    /// There is a proof, which the chain did not take.
    NotSent(Box<Made>, EngineError),
}

pub(crate) async fn run(node: Arc<Node>) -> Result<(), EngineError> {
    let mut watcher = node.watcher();
    let mut running: JoinSet<(Duty, End)> = JoinSet::new();
    let mut duties = Duties::default();
    loop {
        let now = watcher.block();
        let partitions = node.chain.partitions_of(node.config.provider).await?;
        let due: Vec<_> = partitions
            .into_iter()
            .filter_map(|partition| Some((duty_of(&partition, now)?, partition)))
            .collect();
        duties.retain(&due.iter().map(|(duty, _)| *duty).collect());
        for (duty, partition) in due {
            if !duties.may_start(&duty) {
                continue;
            }
            duties.active.insert(duty);
            let made = duties.made.get(&duty).cloned();
            let node = node.clone();
            running.spawn(async move {
                let made = made.filter(|made| made.set == partition.set);
                (duty, serve(&node, &partition, duty.beacon, made).await)
            });
        }
        tokio::select! {
            changed = watcher.changed() => {
                changed?;
                duties.resting.clear();
            }
            Some(joined) = running.join_next() => match joined {
                Ok((duty, end)) => duties.note(duty, end),
                // The supervisor starts us again with a clean set.
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            },
        }
    }
}

/// What a partition owes now.
fn duty_of(partition: &PartitionView, now: BlockNumber) -> Option<Duty> {
    let window = partition.window;
    let is_open = window.opens_at <= now && now < window.closes_at;
    // A place whose sector has ended is in the set, but alone it is not due.
    let mut places = partition.set.iter().zip(&partition.sectors);
    let owes = places.any(|(comm_r, sector)| *comm_r != CommR::default() && sector.is_some());
    let beacon = partition.beacon?;
    (is_open && owes && !partition.proven).then_some(Duty {
        partition: partition.index,
        period: window.period,
        beacon,
    })
}

/// The sectors of the set as frozen; a sector without files is left to the sealer to find.
pub(crate) fn sealed_set(node: &Node, partition: &PartitionView) -> Vec<Option<SealedSector>> {
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

/// Makes the proof, unless it is there, and sends it.
async fn serve(
    node: &Arc<Node>,
    partition: &PartitionView,
    beacon: Beacon,
    made: Option<Box<Made>>,
) -> End {
    let made = match made {
        Some(made) => made,
        None => match prove(node, partition, beacon).await {
            Ok(Some(made)) => made,
            Ok(None) => return End::Done,
            Err(error) => return End::Failed(error),
        },
    };
    let (index, period) = (partition.index, partition.window.period);
    if is_closed(node, partition) {
        tracing::warn!(partition = index.0, period, "the proof was made too late");
        return End::Done;
    }
    let call = Call::SubmitPost {
        partition: index,
        period,
        proof: made.proof,
    };
    match node.chain.submit(call).await {
        Ok(_) => {
            Counters::add(&node.counters.posts_accepted, 1);
            tracing::info!(partition = index.0, period, "storage proof accepted");
            End::Done
        }
        Err(error) if is_refused(&error, &["AlreadyProven", "NothingDue", "WindowNotOpen"]) => {
            End::Done
        }
        Err(error) => End::NotSent(made, error.into()),
    }
}

fn is_closed(node: &Node, partition: &PartitionView) -> bool {
    node.head().number >= partition.window.closes_at
}

/// The proof; `None` if the window closed while it waited for its turn.
async fn prove(
    node: &Arc<Node>,
    partition: &PartitionView,
    beacon: Beacon,
) -> Result<Option<Box<Made>>, EngineError> {
    let info = node.chain.info().await?;
    let key = info.post_key.ok_or(EngineError::NoKey("storage"))?;
    let context = Context {
        genesis: info.genesis,
        profile: info.profile,
        key,
    };
    let (index, period) = (partition.index, partition.window.period);
    let randomness = context.post_randomness(&node.config.provider, index, period, &beacon);
    let _place = node.permits.acquire(Urgency::Proof).await;
    if is_closed(node, partition) {
        tracing::warn!(
            partition = index.0,
            period,
            "window closed before its proof began"
        );
        return Ok(None);
    }
    let sectors = sealed_set(node, partition);
    match node.sealer.prove_post(sectors, randomness).await {
        Ok(proof) => Ok(Some(Box::new(Made {
            set: partition.set.clone(),
            proof,
        }))),
        Err(SealerError::Damaged { folder, reason }) => {
            tracing::error!(folder = %folder.display(), reason, "sector files are damaged");
            mark_damaged(node, partition, &folder).await?;
            Err(SealerError::Damaged { folder, reason }.into())
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ips_primitives::{id::SectorNumber, schedule::Window};

    fn view() -> PartitionView {
        PartitionView {
            index: PartitionIndex(3),
            deadline: 0,
            window: Window {
                period: 7,
                opens_at: 20,
                closes_at: 30,
            },
            set: vec![CommR([1; 32]), CommR::default()],
            sectors: vec![Some(SectorNumber(5)), None],
            beacon: Some([9; 32]),
            proven: false,
            proven_periods: 0,
            missed_periods: 0,
        }
    }

    #[test]
    fn a_partition_owes_a_proof_in_its_window_until_it_is_proven() {
        let view = view();
        for (now, owes) in [(19, false), (20, true), (29, true), (30, false)] {
            assert_eq!(duty_of(&view, now).is_some(), owes, "{now}");
        }
        let mut proven = view.clone();
        proven.proven = true;
        let mut vacant = view.clone();
        vacant.sectors[0] = None;
        let mut empty = view.clone();
        empty.set[0] = CommR::default();
        let mut unknown = view;
        unknown.beacon = None;
        for nothing in [proven, vacant, empty, unknown] {
            assert_eq!(duty_of(&nothing, 25), None);
        }
    }

    #[test]
    fn a_proof_that_was_not_sent_is_kept_and_a_refused_one_is_made_anew_a_few_times() {
        let duty = duty_of(&view(), 25).unwrap();
        let made = || {
            Box::new(Made {
                set: view().set,
                proof: ProofBytes([1; 192]),
            })
        };
        let mut duties = Duties::default();
        let (url, reason) = (String::new(), String::new());
        let lost = ChainError::Unreachable { url, reason };
        duties.note(duty, End::NotSent(made(), lost.into()));
        assert!(duties.made.contains_key(&duty) && !duties.may_start(&duty));
        duties.resting.clear();
        assert!(duties.may_start(&duty));
        for refusals in 1..=REFUSALS_MAX {
            let refused = ChainError::Refused {
                call: "porep.submit_post",
                pallet: "Porep".into(),
                error: "InvalidProof".into(),
                explanation: String::new(),
            };
            duties.note(duty, End::NotSent(made(), refused.into()));
            assert!(!duties.made.contains_key(&duty));
            duties.resting.clear();
            assert_eq!(duties.may_start(&duty), refusals < REFUSALS_MAX);
        }
        duties.retain(&HashSet::new());
        assert!(
            duties.may_start(&duty),
            "nothing of a closed window is kept"
        );
    }
}
