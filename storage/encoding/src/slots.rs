//! The Merkle tree of a slot, computed while its fragments pass by.
//!
//! Goal: the slot's root and tree without the slot in memory (32 bytes are kept per KiB). Non-goal:
//! the tree itself, which is `ips_primitives::slot`.

use ips_primitives::{
    fragment::SLOT_BYTES_MAX,
    slot::{slot_leaf_hash, SlotTree, SLOT_LEAF_BYTES},
};

/// Collects a slot's leaf hashes from its bytes in order, in parts of any length.
#[derive(Clone, Debug, Default)]
pub struct SlotHasher {
    leaves: Vec<[u8; 32]>,
    partial: Vec<u8>,
    slot_bytes: u64,
}

impl SlotHasher {
    /// An empty slot.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes taken so far.
    pub const fn slot_bytes(&self) -> u64 {
        self.slot_bytes
    }

    /// Appends bytes. Returns `false`, and takes nothing, if the slot would exceed the protocol's
    /// largest.
    #[must_use]
    pub fn push(&mut self, mut bytes: &[u8]) -> bool {
        let Some(total) = u64::try_from(bytes.len())
            .ok()
            .and_then(|more| self.slot_bytes.checked_add(more))
            .filter(|total| *total <= SLOT_BYTES_MAX)
        else {
            return false;
        };
        self.slot_bytes = total;
        if !self.partial.is_empty() {
            let take = bytes.len().min(SLOT_LEAF_BYTES - self.partial.len());
            let (head, rest) = bytes.split_at(take);
            self.partial.extend_from_slice(head);
            bytes = rest;
            if self.partial.len() == SLOT_LEAF_BYTES {
                self.leaves.push(slot_leaf_hash(&self.partial));
                self.partial.clear();
            }
        }
        let mut leaves = bytes.chunks_exact(SLOT_LEAF_BYTES);
        self.leaves.extend(leaves.by_ref().map(slot_leaf_hash));
        self.partial.extend_from_slice(leaves.remainder());
        true
    }

    /// The tree of everything pushed; `None` if nothing was.
    pub fn finish(mut self) -> Option<SlotTree> {
        if !self.partial.is_empty() {
            self.leaves.push(slot_leaf_hash(&self.partial));
        }
        SlotTree::from_leaves(self.leaves, self.slot_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_any_length_give_the_root_of_the_whole() {
        let slot: Vec<u8> = (0..20_000u32).map(|i| (i * 7 % 251) as u8).collect();
        let whole = SlotTree::from_bytes(&slot).unwrap().root();
        for part in [1, 7, 1023, 1024, 1025, 4096, 20_000] {
            let mut hasher = SlotHasher::new();
            assert!(slot.chunks(part).all(|bytes| hasher.push(bytes)));
            assert_eq!(hasher.slot_bytes(), 20_000);
            assert_eq!(hasher.finish().unwrap().root(), whole, "parts of {part}");
        }
    }

    #[test]
    fn empty_and_oversized_slots_are_refused() {
        assert!(SlotHasher::new().finish().is_none());
        let mut hasher = SlotHasher::new();
        let max = usize::try_from(SLOT_BYTES_MAX).unwrap();
        assert!(hasher.push(&vec![0; max]));
        assert!(!hasher.push(&[0]));
        assert_eq!(hasher.slot_bytes(), SLOT_BYTES_MAX);
    }
}
