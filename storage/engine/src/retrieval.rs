//! Reading a file's segments from many holders at once.
//!
//! Goal: any `data` verified fragments of each wanted segment, in order, with bounded memory,
//! whatever single holders do: hang, lie, vanish. Non-goals: decoding and decryption (the sink's,
//! with `ips-encoding`), payment (the caller's, from [`Served`]). Used by customers and by repair.

mod peers;
mod segment;

use std::{collections::BTreeMap, ops::Range, time::Duration};

use async_trait::async_trait;
use futures::{stream, StreamExt as _};
use ips_primitives::id::{FragmentId, ProviderId, SlotIndex};
use ips_swarm::{Address, FetchError, PeerId, Swarm};
use tokio::sync::{mpsc, Semaphore};

use crate::layout::FileMap;
use peers::Peers;
use segment::{SegmentFetch, Source};

/// A node that holds a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its owner account, which vouchers name.
    pub provider: ProviderId,
    /// Its name in the network.
    pub peer: PeerId,
    /// Where it can be reached.
    pub addresses: Vec<Address>,
}

/// Holders of every slot of a file.
///
/// Shape: `groups[group][slot]` lists the holders of that slot, which may be none or several
/// (several orders of one file, repaired slots).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holders {
    /// By group, then by slot.
    pub groups: Vec<Vec<Vec<Holder>>>,
}

impl Holders {
    /// No holder, for a file of `groups` groups of `slots` slots.
    pub fn empty(groups: usize, slots: usize) -> Self {
        Self {
            groups: vec![vec![Vec::new(); slots]; groups],
        }
    }

    /// Adds a holder of a slot; a place outside the file is ignored.
    pub fn add(&mut self, group: u16, slot: SlotIndex, holder: Holder) {
        let slots = self.groups.get_mut(usize::from(group));
        if let Some(list) = slots.and_then(|slots| slots.get_mut(usize::from(slot.0))) {
            list.push(holder);
        }
    }

    pub(crate) fn of(&self, group: usize, slot: usize) -> &[Holder] {
        self.groups
            .get(group)
            .and_then(|slots| slots.get(slot))
            .map_or(&[], Vec::as_slice)
    }
}

/// A segment to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// Which segment of the file.
    pub segment: u32,
    /// Data fragments that suffice, by index in the segment; `None` = the whole segment. If they
    /// cannot be had as they are, `data` fragments are delivered instead.
    pub rows: Option<Range<u8>>,
}

impl Want {
    /// Whole segments.
    pub fn whole(segments: Range<u32>) -> Vec<Self> {
        segments
            .map(|segment| Self {
                segment,
                rows: None,
            })
            .collect()
    }
}

/// How to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetrievalSettings {
    /// Segments held in memory at once; at least 1.
    pub window_segments: usize,
    /// Fragments on the way at once; at least 1.
    pub fragments_in_flight: usize,
    /// Another holder is asked after this at the latest.
    pub hedge_after_max: Duration,
    /// Another holder is asked after this at the earliest.
    pub hedge_after_min: Duration,
    /// Times one holder is asked for one fragment.
    pub attempts_per_holder: u8,
    /// Longest time of one attempt, whatever the way to the holder does.
    pub attempt_limit: Duration,
}

impl Default for RetrievalSettings {
    fn default() -> Self {
        Self {
            window_segments: 3,
            fragments_in_flight: 32,
            hedge_after_max: Duration::from_secs(2),
            hedge_after_min: Duration::from_millis(250),
            attempts_per_holder: 2,
            attempt_limit: Duration::from_secs(120),
        }
    }
}

/// A segment with enough verified fragments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedSegment {
    /// Which segment of the file.
    pub segment: u32,
    /// One entry per fragment of the segment, `None` = not fetched. At least the wanted rows or
    /// `data` of them are there.
    pub fragments: Vec<Option<Vec<u8>>>,
}

/// Takes segments in the order of the wants, each exactly once. The next one is fetched while it works;
/// not more than the window are.
#[async_trait]
pub trait SegmentSink: Send {
    /// Takes a segment.
    async fn segment(&mut self, segment: FetchedSegment) -> std::io::Result<()>;
}

/// The way to a holder. Implemented by [`Swarm`] and by doubles that lie and hang.
#[async_trait]
pub trait HolderNetwork: Send + Sync {
    /// The bytes of a fragment from one holder.
    async fn fetch(
        &self,
        holder: &Holder,
        id: FragmentId,
        expected_bytes: u32,
    ) -> Result<Vec<u8>, FetchError>;
}

/// Useful bytes that each provider delivered.
pub type Served = BTreeMap<ProviderId, u64>;

/// A holder that did not deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HolderFailure {
    /// Who.
    pub provider: ProviderId,
    /// Which slot it holds.
    pub slot: SlotIndex,
    /// What went wrong last.
    pub error: FetchError,
}

/// A segment that cannot be read now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingSegment {
    /// Which segment of the file.
    pub segment: u32,
    /// Fragments that were had.
    pub have: usize,
    /// Fragments that are needed.
    pub need: usize,
    /// Slots of its group for which no holder is known at all.
    pub without_holder: Vec<SlotIndex>,
    /// Why each holder of a fragment that is missing did not deliver it, one entry per holder and slot;
    /// a holder that was caught lying in another segment is not asked again and is listed with that.
    pub failures: Vec<HolderFailure>,
}

/// Why reading failed.
#[derive(Debug, thiserror::Error)]
pub enum RetrievalError {
    /// The file has no such segment or row.
    #[error("the file has {segments} segments; ask for fewer")]
    OutOfRange {
        /// Segments of the file.
        segments: u32,
    },
    /// Too few holders deliver.
    #[error(
        "segment {} cannot be read: {} of {} needed fragments, {} holders failed; try again \
         later or check the holders listed",
        .missing[0].segment, .missing[0].have, .missing[0].need, .missing[0].failures.len()
    )]
    Missing {
        /// Segments that failed, ascending; at least one. Later segments may not have been tried.
        missing: Vec<MissingSegment>,
        /// What was delivered nevertheless.
        served: Served,
    },
    /// The sink refused a segment.
    #[error("cannot write the output: {0}")]
    Sink(#[from] std::io::Error),
}

#[async_trait]
impl HolderNetwork for Swarm {
    async fn fetch(
        &self,
        holder: &Holder,
        id: FragmentId,
        expected_bytes: u32,
    ) -> Result<Vec<u8>, FetchError> {
        self.connect(holder.peer, holder.addresses.clone()).await?;
        self.fetch_fragment(holder.peer, id, expected_bytes).await
    }
}

/// Reads the wanted segments into the sink.
///
/// # Errors
/// [`RetrievalError::Missing`] with all that is known about what lacks and who failed.
pub async fn fetch_segments(
    network: &dyn HolderNetwork,
    map: &FileMap,
    holders: &Holders,
    wants: Vec<Want>,
    settings: RetrievalSettings,
    sink: &mut dyn SegmentSink,
) -> Result<Served, RetrievalError> {
    ensure_possible(map, &wants)?;
    let peers = Peers::new(settings);
    let (sender, receiver) = mpsc::channel::<FetchedSegment>(1);
    let source = Source {
        network,
        map,
        holders,
        peers: &peers,
        places: Semaphore::new(settings.fragments_in_flight.max(1)),
        attempts_max: settings.attempts_per_holder.max(1),
        attempt_limit: settings.attempt_limit,
    };
    let window = settings.window_segments.max(1);
    // The receiver ends with `drain`, so a sink that fails also ends `fill`.
    let (missing, written) =
        tokio::join!(fill(&source, wants, window, sender), drain(receiver, sink));
    written?;
    let served = peers.served();
    if missing.is_empty() {
        Ok(served)
    } else {
        Err(RetrievalError::Missing { missing, served })
    }
}

fn ensure_possible(map: &FileMap, wants: &[Want]) -> Result<(), RetrievalError> {
    let data = map.erasure.data;
    let impossible = |want: &Want| {
        let rows = want.rows.clone().unwrap_or(0..data);
        want.segment >= map.segments() || rows.end > data || rows.is_empty()
    };
    if wants.iter().any(impossible) {
        return Err(RetrievalError::OutOfRange {
            segments: map.segments(),
        });
    }
    Ok(())
}

/// Fetches segments ahead of the sink, at most a window of them. After the first that cannot be read, what
/// is under way is finished, so that the report names all of it.
async fn fill(
    source: &Source<'_>,
    wants: Vec<Want>,
    window: usize,
    sender: mpsc::Sender<FetchedSegment>,
) -> Vec<MissingSegment> {
    let mut missing = Vec::new();
    let mut fetched = stream::iter(wants)
        .map(|want| SegmentFetch::new(source, want).run())
        .buffered(window);
    let mut left = window;
    while let Some(result) = fetched.next().await {
        match result {
            Ok(segment) if missing.is_empty() => {
                if sender.send(segment).await.is_err() {
                    break;
                }
            }
            Ok(_) => {}
            Err(lacks) => missing.push(lacks),
        }
        if !missing.is_empty() {
            left -= 1;
            if left == 0 {
                break;
            }
        }
    }
    missing
}

async fn drain(
    mut receiver: mpsc::Receiver<FetchedSegment>,
    sink: &mut dyn SegmentSink,
) -> std::io::Result<()> {
    while let Some(segment) = receiver.recv().await {
        sink.segment(segment).await?;
    }
    Ok(())
}
