//! One segment: which fragments to ask whom for, and when to ask another.

use std::{
    collections::HashMap,
    future::Future,
    ops::Range,
    pin::Pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures::{stream::FuturesUnordered, StreamExt as _};
use ips_primitives::{
    hash::sha2_256,
    id::{FragmentId, SlotIndex},
};
use ips_swarm::{FetchError, PeerId};
use tokio::{sync::Semaphore, time::Instant};

use super::{
    peers::Peers, FetchedSegment, Holder, HolderFailure, HolderNetwork, Holders, MissingSegment,
    Want,
};
use crate::layout::FileMap;

/// A group with less data fragments is read from parity holders too, so that three serve at once.
const SOURCES_MIN: u8 = 3;

/// What all segments of a retrieval share.
pub(super) struct Source<'a> {
    pub(super) network: &'a dyn HolderNetwork,
    pub(super) map: &'a FileMap,
    pub(super) holders: &'a Holders,
    pub(super) peers: &'a Peers,
    /// Places for fragments on the way.
    pub(super) places: Semaphore,
    /// Times one holder is asked for one fragment.
    pub(super) attempts_max: u8,
    pub(super) attempt_limit: Duration,
}

pub(super) struct SegmentFetch<'a> {
    source: &'a Source<'a>,
    segment: u32,
    rows: Range<u8>,
    whole: bool,
}

struct Attempt<'a> {
    row: usize,
    holder: &'a Holder,
    result: Result<Vec<u8>, FetchError>,
}

/// A holder that is being asked.
struct Asked {
    peer: PeerId,
    /// Set once the request has left the queue.
    since: Arc<OnceLock<Instant>>,
    /// Another is asked in its stead.
    hedged: bool,
}

impl Asked {
    fn is_late(&self, after: Duration, now: Instant) -> bool {
        !self.hedged && self.since.get().is_some_and(|since| *since + after <= now)
    }
}

/// How often running requests are looked at for lateness.
const HEDGE_TICK: Duration = Duration::from_millis(50);

type Running<'a> = FuturesUnordered<Pin<Box<dyn Future<Output = Attempt<'a>> + Send + 'a>>>;

/// State of one fragment of the segment.
#[derive(Default)]
struct Row {
    bytes: Option<Vec<u8>>,
    asked: Vec<Asked>,
    attempts: HashMap<PeerId, u8>,
    failures: Vec<HolderFailure>,
}

impl<'a> SegmentFetch<'a> {
    pub(super) fn new(source: &'a Source<'a>, want: Want) -> Self {
        Self {
            source,
            segment: want.segment,
            whole: want.rows.is_none(),
            rows: want.rows.unwrap_or(0..source.map.erasure.data),
        }
    }

    pub(super) async fn run(self) -> Result<FetchedSegment, MissingSegment> {
        let total = usize::from(self.source.map.erasure.total());
        let mut rows: Vec<Row> = (0..total).map(|_| Row::default()).collect();
        let mut running: Running<'a> = FuturesUnordered::new();
        loop {
            if self.is_enough(&rows) {
                break;
            }
            self.launch(&mut rows, &mut running);
            if running.is_empty() {
                self.forget(&rows);
                return Err(self.missing(rows));
            }
            tokio::select! {
                Some(attempt) = running.next() => self.take(&mut rows, attempt),
                () = tokio::time::sleep(HEDGE_TICK) => mark_hedged(&mut rows, self.source.peers),
            }
        }
        self.forget(&rows);
        let fragments = rows.into_iter().map(|row| row.bytes).collect();
        Ok(FetchedSegment {
            segment: self.segment,
            fragments,
        })
    }

    fn data(&self) -> usize {
        usize::from(self.source.map.erasure.data)
    }

    fn wanted(&self) -> Range<usize> {
        usize::from(self.rows.start)..usize::from(self.rows.end)
    }

    fn is_enough(&self, rows: &[Row]) -> bool {
        let have = rows.iter().filter(|row| row.bytes.is_some()).count();
        have >= self.data() || rows[self.wanted()].iter().all(|row| row.bytes.is_some())
    }

    /// Rows in the order of preference.
    fn preference(&self) -> Vec<usize> {
        let total = usize::from(self.source.map.erasure.total());
        let mut order: Vec<usize> = (0..total).collect();
        if self.whole && self.source.map.erasure.data < SOURCES_MIN {
            let turn = usize::try_from(self.segment).unwrap_or(0) * self.data() % total;
            order.rotate_left(turn);
        } else {
            let wanted = self.wanted();
            order.sort_by_key(|row| (!wanted.contains(row), *row));
        }
        // A stable sort: within the same number of failures the order above stays.
        order.sort_by_key(|row| self.trouble(*row));
        order
    }

    /// Asks as many holders as are needed to be done if all asked (and not late) deliver.
    fn launch(&self, rows: &mut [Row], running: &mut Running<'a>) {
        let promising =
            |row: &Row| row.bytes.is_some() || row.asked.iter().any(|asked| !asked.hedged);
        if !self.whole {
            // The wanted rows alone, as long as their holders give no trouble.
            let mut all = true;
            for row in self.wanted() {
                let can_ask = self.trouble(row) == Trouble(0);
                all &= promising(&rows[row]) || (can_ask && self.ask(rows, row, running));
            }
            if all {
                return;
            }
        }
        let mut expected = rows.iter().filter(|row| promising(row)).count();
        for row in self.preference() {
            if expected >= self.data() {
                return;
            }
            if !promising(&rows[row]) && self.ask(rows, row, running) {
                expected += 1;
            }
        }
    }

    /// How much trouble the best holder of a row gave.
    fn trouble(&self, row: usize) -> Trouble {
        let holders = self
            .source
            .holders
            .of(self.source.map.group_of(self.segment), row)
            .iter();
        let ranks = holders.filter_map(|holder| self.source.peers.rank(holder.peer));
        ranks.map(Trouble::of).min().unwrap_or(Trouble::MAX)
    }

    /// Asks the best holder of a row that may still be asked; `false` if there is none.
    fn ask(&self, rows: &mut [Row], index: usize, running: &mut Running<'a>) -> bool {
        let group = self.source.map.group_of(self.segment);
        let row = &mut rows[index];
        let mut candidates: Vec<_> = self
            .source
            .holders
            .of(group, index)
            .iter()
            .filter(|holder| row.asked.iter().all(|asked| asked.peer != holder.peer))
            .filter(|h| row.attempts.get(&h.peer).copied().unwrap_or(0) < self.source.attempts_max)
            .filter_map(|holder| Some((self.source.peers.rank(holder.peer)?, holder)))
            .collect();
        candidates.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(std::cmp::Ordering::Equal));
        let (Some((_, holder)), Some(id)) = (
            candidates.first().copied(),
            self.source.map.fragment(self.segment, index),
        ) else {
            return false;
        };
        *row.attempts.entry(holder.peer).or_insert(0) += 1;
        let since = Arc::new(OnceLock::new());
        row.asked.push(Asked {
            peer: holder.peer,
            since: since.clone(),
            hedged: false,
        });
        let source = self.source;
        let peers = source.peers;
        peers.started(holder.peer);
        running.push(Box::pin(async move {
            let result = match source.places.acquire().await {
                Ok(_place) => {
                    let start = *since.get_or_init(Instant::now);
                    let fetched = fetch_one(source, holder, id).await;
                    if let Ok(bytes) = &fetched {
                        peers.succeeded(holder.peer, bytes.len(), start.elapsed());
                    }
                    fetched
                }
                Err(_) => Err(FetchError::Closed),
            };
            Attempt {
                row: index,
                holder,
                result,
            }
        }));
        true
    }

    fn take(&self, rows: &mut [Row], attempt: Attempt<'a>) {
        let row = &mut rows[attempt.row];
        let peer = attempt.holder.peer;
        self.source.peers.ended(peer);
        row.asked.retain(|asked| asked.peer != peer);
        match attempt.result {
            Ok(bytes) => {
                if row.bytes.is_none() {
                    self.source.peers.credit(attempt.holder, bytes.len());
                    row.bytes = Some(bytes);
                }
            }
            Err(error) => {
                self.source.peers.failed(peer, error);
                let retry = matches!(
                    error,
                    FetchError::Timeout { .. }
                        | FetchError::Closed
                        | FetchError::Refused(ips_swarm::Refusal::Busy)
                );
                if !retry {
                    row.attempts.insert(peer, u8::MAX);
                }
                let failure = HolderFailure {
                    provider: attempt.holder.provider,
                    slot: slot_index(attempt.row),
                    error,
                };
                row.failures.retain(|old| old.provider != failure.provider);
                row.failures.push(failure);
            }
        }
    }

    /// Attempts still running are dropped with the segment.
    fn forget(&self, rows: &[Row]) {
        for asked in rows.iter().flat_map(|row| &row.asked) {
            self.source.peers.ended(asked.peer);
        }
    }

    fn missing(&self, rows: Vec<Row>) -> MissingSegment {
        let group = self.source.map.group_of(self.segment);
        let holders = |row| self.source.holders.of(group, row);
        let without_holder = (0..rows.len())
            .filter(|row| holders(*row).is_empty())
            .map(slot_index)
            .collect();
        let have = rows.iter().filter(|row| row.bytes.is_some()).count();
        let mut failures = Vec::new();
        for (index, mut row) in rows.into_iter().enumerate() {
            if row.bytes.is_some() {
                continue;
            }
            let known: Vec<_> = row.failures.iter().map(|f| f.provider).collect();
            failures.append(&mut row.failures);
            let unasked = holders(index)
                .iter()
                .filter(|h| !known.contains(&h.provider));
            failures.extend(unasked.filter_map(|holder| {
                Some(HolderFailure {
                    provider: holder.provider,
                    slot: slot_index(index),
                    error: self.source.peers.ban(holder.peer)?,
                })
            }));
        }
        MissingSegment {
            segment: self.segment,
            have,
            need: self.data(),
            without_holder,
            failures,
        }
    }
}

/// How much trouble the best holder of a row gave.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Trouble(u32);

impl Trouble {
    const MAX: Self = Self(u32::MAX);

    fn of(rank: super::peers::Rank) -> Self {
        Self(rank.failures())
    }
}

fn slot_index(row: usize) -> SlotIndex {
    SlotIndex(u16::try_from(row).unwrap_or(u16::MAX))
}

fn mark_hedged(rows: &mut [Row], peers: &Peers) {
    let (after, now) = (peers.hedge_after(), Instant::now());
    for asked in rows
        .iter_mut()
        .filter(|row| row.bytes.is_none())
        .flat_map(|row| &mut row.asked)
    {
        if asked.is_late(after, now) {
            asked.hedged = true;
            peers.overtaken(asked.peer);
        }
    }
}

async fn fetch_one(
    source: &Source<'_>,
    holder: &Holder,
    id: FragmentId,
) -> Result<Vec<u8>, FetchError> {
    let expected_bytes = source.map.fragment_size.bytes();
    let fetch = source.network.fetch(holder, id, expected_bytes);
    let bytes = tokio::time::timeout(source.attempt_limit, fetch)
        .await
        .unwrap_or(Err(FetchError::Timeout { peer: holder.peer }))?;
    if u32::try_from(bytes.len()) == Ok(expected_bytes) && sha2_256(&[&bytes]) == id.0 {
        Ok(bytes)
    } else {
        Err(FetchError::Corrupt { peer: holder.peer })
    }
}
