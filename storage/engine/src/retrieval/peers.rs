//! What is known of each holder during one retrieval: speed, failures, lies.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ips_swarm::{FetchError, PeerId};

use super::{Holder, RetrievalSettings, Served};

/// Latencies remembered for the hedging time.
const LATENCIES_MAX: usize = 64;
/// Fewer latencies than this say nothing about the slowest tenth.
const LATENCIES_MIN: usize = 10;

#[derive(Clone, Copy, Debug, Default)]
struct PeerRecord {
    bytes_per_second: Option<f64>,
    /// Why it is asked no more.
    ban: Option<FetchError>,
    failures: u32,
    in_flight: u32,
}

#[derive(Default)]
struct Records {
    peers: HashMap<PeerId, PeerRecord>,
    latencies: VecDeque<Duration>,
    served: Served,
}

/// Order in which holders are asked; smaller is better.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(super) struct Rank {
    failures: u32,
    seconds_per_mib: f64,
}

impl Rank {
    pub(super) fn failures(self) -> u32 {
        self.failures
    }
}

pub(super) struct Peers {
    settings: RetrievalSettings,
    records: Mutex<Records>,
}

impl Peers {
    pub(super) fn new(settings: RetrievalSettings) -> Self {
        Self {
            settings,
            records: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        // Records are plain figures: those a panicked holder of the lock left are as good as any.
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None` if the peer has lied and must not be asked again.
    pub(super) fn rank(&self, peer: PeerId) -> Option<Rank> {
        let record = self.lock().peers.get(&peer).copied().unwrap_or_default();
        if record.ban.is_some() {
            return None;
        }
        // An unknown holder counts as fast, so that every one is tried.
        let speed = record.bytes_per_second.unwrap_or(64e6).max(1.0);
        let seconds_per_mib = 1_048_576.0 / speed * f64::from(record.in_flight + 1);
        Some(Rank {
            failures: record.failures,
            seconds_per_mib,
        })
    }

    pub(super) fn started(&self, peer: PeerId) {
        self.lock().peers.entry(peer).or_default().in_flight += 1;
    }

    pub(super) fn ended(&self, peer: PeerId) {
        let mut records = self.lock();
        let record = records.peers.entry(peer).or_default();
        record.in_flight = record.in_flight.saturating_sub(1);
    }

    pub(super) fn succeeded(&self, peer: PeerId, bytes: usize, took: Duration) {
        let mut records = self.lock();
        let record = records.peers.entry(peer).or_default();
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let speed = f64::from(bytes) / took.as_secs_f64().max(1e-6);
        record.bytes_per_second = Some(
            record
                .bytes_per_second
                .map_or(speed, |old| old * 0.7 + speed * 0.3),
        );
        record.failures = 0;
        if records.latencies.len() == LATENCIES_MAX {
            records.latencies.pop_front();
        }
        records.latencies.push_back(took);
    }

    pub(super) fn failed(&self, peer: PeerId, error: FetchError) {
        let mut records = self.lock();
        let record = records.peers.entry(peer).or_default();
        record.failures = record.failures.saturating_add(1);
        if matches!(
            error,
            FetchError::Corrupt { .. } | FetchError::Protocol { .. }
        ) {
            record.ban = Some(error);
        }
    }

    /// What a peer did that it is asked no more for.
    pub(super) fn ban(&self, peer: PeerId) -> Option<FetchError> {
        self.lock().peers.get(&peer).and_then(|record| record.ban)
    }

    /// It was overtaken by another holder that was asked later.
    pub(super) fn overtaken(&self, peer: PeerId) {
        let mut records = self.lock();
        let record = records.peers.entry(peer).or_default();
        record.failures = record.failures.saturating_add(1);
    }

    pub(super) fn credit(&self, holder: &Holder, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let mut records = self.lock();
        let served = records.served.entry(holder.provider).or_insert(0);
        *served = served.saturating_add(bytes);
    }

    pub(super) fn served(&self) -> Served {
        self.lock().served.clone()
    }

    /// When to ask another holder: once nine tenths of recent answers would be there.
    pub(super) fn hedge_after(&self) -> Duration {
        let records = self.lock();
        if records.latencies.len() < LATENCIES_MIN {
            return self.settings.hedge_after_max;
        }
        let mut sorted: Vec<_> = records.latencies.iter().copied().collect();
        sorted.sort_unstable();
        let slow = sorted[sorted.len() * 9 / 10];
        (slow * 2).clamp(
            self.settings
                .hedge_after_min
                .min(self.settings.hedge_after_max),
            self.settings.hedge_after_max,
        )
    }
}
