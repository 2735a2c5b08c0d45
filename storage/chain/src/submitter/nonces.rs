//! Which nonces are under way.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Nonces of extrinsics that are followed now.
#[derive(Default)]
pub(super) struct Nonces {
    taken: Mutex<BTreeSet<u32>>,
}

impl Nonces {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<u32>> {
        // A set of numbers is as good as before after a panic.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take(&self, nonce: u32) {
        self.lock().insert(nonce);
    }

    pub(super) fn release(&self, nonce: u32) {
        self.lock().remove(&nonce);
    }

    /// The first nonce from `least` on that nobody has. Nonces that the chain or the pool has lost are
    /// free again: no gap is left before those that are under way.
    pub(super) fn first_free(&self, least: u32) -> u32 {
        let taken = self.lock();
        (least..u32::MAX)
            .find(|nonce| !taken.contains(nonce))
            .unwrap_or(u32::MAX)
    }

    /// A nonce from `ready` on, below `nonce`, that nobody has: what stands in the way of `nonce`.
    pub(super) fn gap_before(&self, nonce: u32, ready: u32) -> Option<u32> {
        let taken = self.lock();
        (ready..nonce).find(|nonce| !taken.contains(nonce))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_filled_before_new_nonces_are_used() {
        let nonces = Nonces::default();
        for nonce in [3, 4, 6] {
            nonces.take(nonce);
        }
        assert_eq!(nonces.first_free(3), 5);
        assert_eq!(nonces.gap_before(6, 3), Some(5));
        assert_eq!(nonces.gap_before(4, 3), None);
        nonces.release(3);
        assert_eq!(nonces.first_free(3), 3, "the chain went back");
        assert_eq!(nonces.first_free(7), 7);
    }
}
