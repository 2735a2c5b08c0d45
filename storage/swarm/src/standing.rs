//! Which peers break the rules: points that fade, and a ban above a limit.
//!
//! A banned peer is disconnected, its streams are dropped, and it leaves our directory. What we ask
//! of it ourselves still goes through: whoever fetches knows its other choices, and a lost file is
//! worse than a bad holder, whose bytes are checked anyway.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use crate::peer::PeerId;

/// Points at which a peer is banned.
const POINTS_MAX: u32 = 100;
/// Points halve in this time.
const HALF_LIFE: Duration = Duration::from_secs(60 * 60);
/// The first ban; each further one is twice as long.
const BAN_MIN: Duration = Duration::from_secs(10 * 60);
const BAN_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Peers with a record; strangers cannot make us remember more.
const PEERS_MAX: usize = 4096;

/// What a peer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offence {
    /// It sent what no honest version of the software sends.
    Protocol,
    /// Its bytes do not hash to their id: bad will, or a bad disk.
    Corrupt,
    /// It let a request hang: bad will, or a bad line.
    Dragging,
}

impl Offence {
    const fn points(self) -> u32 {
        match self {
            Self::Protocol => 50,
            Self::Corrupt => 20,
            Self::Dragging => 5,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Record {
    points: u32,
    /// When the points were halved last, or begun.
    since: Instant,
    banned_until: Option<Instant>,
    bans: u32,
}

impl Record {
    fn fade(&mut self, now: Instant) {
        let halvings = now.saturating_duration_since(self.since).as_secs() / HALF_LIFE.as_secs();
        let halvings = u32::try_from(halvings).unwrap_or(u32::MAX);
        if halvings > 0 {
            self.points = self.points.checked_shr(halvings).unwrap_or(0);
            self.since = now;
        }
    }

    fn is_banned(&self, now: Instant) -> bool {
        self.banned_until.is_some_and(|until| now < until)
    }
}

/// The records of all peers; outlives a rebuild of the swarm.
#[derive(Default)]
pub(crate) struct Standing {
    records: Mutex<HashMap<PeerId, Record>>,
    /// Told of each ban.
    news: Notify,
}

impl Standing {
    fn records(&self) -> MutexGuard<'_, HashMap<PeerId, Record>> {
        // Records are changed one field at a time, each of them valid with any other.
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an offence; bans the peer if it was one too many.
    pub(crate) fn note(&self, peer: PeerId, offence: Offence) {
        self.note_at(peer, offence, Instant::now());
    }

    fn note_at(&self, peer: PeerId, offence: Offence, now: Instant) {
        let mut records = self.records();
        if !records.contains_key(&peer) {
            make_room(&mut records, now);
        }
        let record = records.entry(peer).or_insert(Record {
            points: 0,
            since: now,
            banned_until: None,
            bans: 0,
        });
        record.fade(now);
        record.points = record.points.saturating_add(offence.points());
        tracing::debug!(%peer, ?offence, points = record.points, "offence");
        if record.points < POINTS_MAX {
            return;
        }
        let length = BAN_MIN
            .saturating_mul(1 << record.bans.min(16))
            .min(BAN_MAX);
        record.points = 0;
        record.bans = record.bans.saturating_add(1);
        record.banned_until = Some(now + length);
        tracing::warn!(%peer, ?offence, ?length, "peer banned");
        self.news.notify_one();
    }

    /// Whether the peer is banned now.
    pub(crate) fn is_banned(&self, peer: PeerId) -> bool {
        let now = Instant::now();
        let records = self.records();
        records
            .get(&peer)
            .is_some_and(|record| record.is_banned(now))
    }

    /// Waits for the next ban, or returns at once if there was one since the last call.
    pub(crate) async fn banned(&self) {
        self.news.notified().await;
    }
}

/// Forgets records that say nothing any more, and the oldest one if that does not help.
fn make_room(records: &mut HashMap<PeerId, Record>, now: Instant) {
    if records.len() < PEERS_MAX {
        return;
    }
    records.retain(|_, record| {
        record.fade(now);
        record.points > 0 || record.is_banned(now)
    });
    if records.len() >= PEERS_MAX {
        let oldest = records.iter().min_by_key(|(_, record)| record.since);
        if let Some(peer) = oldest.map(|(peer, _)| *peer) {
            records.remove(&peer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer() -> PeerId {
        PeerId(libp2p::PeerId::random())
    }

    fn is_banned_at(standing: &Standing, peer: PeerId, now: Instant) -> bool {
        standing.records()[&peer].is_banned(now)
    }

    #[test]
    fn points_add_up_to_a_ban_that_ends() {
        let (standing, peer, now) = (Standing::default(), peer(), Instant::now());
        standing.note_at(peer, Offence::Protocol, now);
        assert!(!is_banned_at(&standing, peer, now));
        standing.note_at(peer, Offence::Protocol, now);
        assert!(standing.is_banned(peer) && is_banned_at(&standing, peer, now));
        assert!(!is_banned_at(&standing, peer, now + BAN_MIN));
        // The second ban is longer.
        let later = now + BAN_MIN;
        standing.note_at(peer, Offence::Protocol, later);
        standing.note_at(peer, Offence::Protocol, later);
        assert!(is_banned_at(&standing, peer, later + BAN_MIN));
        assert!(!is_banned_at(&standing, peer, later + BAN_MIN * 2));
    }

    #[test]
    fn points_fade() {
        let (standing, peer, now) = (Standing::default(), peer(), Instant::now());
        for hour in 0..50 {
            standing.note_at(peer, Offence::Corrupt, now + HALF_LIFE * hour);
            standing.note_at(peer, Offence::Corrupt, now + HALF_LIFE * hour);
        }
        assert!(!standing.is_banned(peer));
        assert!(standing.records()[&peer].points < POINTS_MAX);
    }

    #[test]
    fn memory_is_bounded_and_bans_are_kept() {
        let (standing, banned, now) = (Standing::default(), peer(), Instant::now());
        let fresh = now + HALF_LIFE / 2;
        for _ in 0..2 {
            standing.note_at(banned, Offence::Protocol, fresh);
        }
        for _ in 0..PEERS_MAX + 10 {
            standing.note_at(peer(), Offence::Dragging, now);
        }
        assert_eq!(standing.records().len(), PEERS_MAX);
        assert!(is_banned_at(&standing, banned, fresh));
    }

    #[tokio::test]
    async fn a_ban_is_told_even_if_nobody_waits_yet() {
        let (standing, peer) = (Standing::default(), peer());
        for _ in 0..5 {
            standing.note(peer, Offence::Corrupt);
        }
        standing.banned().await;
    }
}
