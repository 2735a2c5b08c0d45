//! How many streams are served at once, in all and per peer.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::peer::PeerId;

/// Counts running streams.
pub(crate) struct StreamLimits {
    all: Arc<Semaphore>,
    all_max: usize,
    per_peer_max: usize,
    per_peer: Mutex<HashMap<PeerId, usize>>,
}

/// Right to serve one stream; given back on drop.
pub(crate) struct StreamPermit {
    _all: OwnedSemaphorePermit,
    limits: Arc<StreamLimits>,
    peer: PeerId,
}

impl StreamLimits {
    pub(crate) fn new(all_max: usize, per_peer_max: usize) -> Arc<Self> {
        Arc::new(Self {
            all: Arc::new(Semaphore::new(all_max)),
            all_max,
            per_peer_max,
            per_peer: Mutex::default(),
        })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<PeerId, usize>> {
        // Every change is one insert or remove, so a panic elsewhere leaves the map consistent.
        self.per_peer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A permit, unless the peer or the node is at its limit.
    pub(crate) fn admit(self: &Arc<Self>, peer: PeerId) -> Option<StreamPermit> {
        let all = self.all.clone().try_acquire_owned().ok()?;
        let mut counts = self.counts();
        let count = counts.get(&peer).copied().unwrap_or_default();
        if count >= self.per_peer_max {
            return None;
        }
        counts.insert(peer, count + 1);
        Some(StreamPermit {
            _all: all,
            limits: self.clone(),
            peer,
        })
    }

    /// Share of the streams in use, in 1/1000.
    pub(crate) fn load_permille(&self) -> u16 {
        let used = self.all_max.saturating_sub(self.all.available_permits());
        u16::try_from(used.saturating_mul(1000) / self.all_max.max(1)).unwrap_or(1000)
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        let mut counts = self.limits.counts();
        match counts.get_mut(&self.peer) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                counts.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_limits_hold_and_permits_return() {
        let limits = StreamLimits::new(3, 2);
        let [a, b] = [(); 2].map(|()| PeerId(libp2p::PeerId::random()));
        let first = limits.admit(a).unwrap();
        let _second = limits.admit(a).unwrap();
        assert!(limits.admit(a).is_none());
        let third = limits.admit(b).unwrap();
        assert_eq!(limits.load_permille(), 1000);
        assert!(limits.admit(b).is_none());
        drop((first, third));
        assert_eq!(limits.load_permille(), 333);
        assert!(limits.admit(a).is_some());
        assert_eq!(limits.counts().len(), 1);
    }
}
