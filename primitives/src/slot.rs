//! The SHA2-256 Merkle tree over the bytes of a slot (`docs/protocol.md` §2.4).
//!
//! Leaves are 1 KiB; the last one may be shorter and is hashed as it is. An odd node of a level is
//! carried up unchanged. Leaf and node hashes are domain separated, and the root binds the length.
//! Customer, provider and chain all use these functions.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;

use crate::hash::sha2_256;

/// Bytes of one leaf.
pub const SLOT_LEAF_BYTES: usize = 1024;

/// Root of a slot: `sha2(2 ‖ le64(length) ‖ top)`.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Encode,
    Decode,
    DecodeWithMemTracking,
    codec::MaxEncodedLen,
    TypeInfo,
)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SlotRoot(pub [u8; 32]);

/// Hash of one leaf.
pub fn slot_leaf_hash(leaf: &[u8]) -> [u8; 32] {
    sha2_256(&[&[0], leaf])
}

fn parent(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    sha2_256(&[&[1], left, right])
}

fn bind_length(top: &[u8; 32], slot_bytes: u64) -> SlotRoot {
    SlotRoot(sha2_256(&[&[2], &slot_bytes.to_le_bytes(), top]))
}

/// Number of leaves of a slot of `slot_bytes` bytes; an empty slot has none.
pub const fn slot_leaves(slot_bytes: u64) -> u64 {
    slot_bytes.div_ceil(SLOT_LEAF_BYTES as u64)
}

/// All levels of a slot's tree, for a holder that answers challenges.
#[derive(Clone, Debug)]
pub struct SlotTree {
    levels: Vec<Vec<[u8; 32]>>,
    slot_bytes: u64,
}

impl SlotTree {
    /// Builds the tree from leaf hashes in order ([`slot_leaf_hash`]) and the slot's length.
    ///
    /// Returns `None` if the number of leaves does not fit the length, or there is none.
    pub fn from_leaves(leaves: Vec<[u8; 32]>, slot_bytes: u64) -> Option<Self> {
        if leaves.is_empty() || leaves.len() as u64 != slot_leaves(slot_bytes) {
            return None;
        }
        let mut levels = alloc::vec![leaves];
        while let Some(last) = levels.last().filter(|level| level.len() > 1) {
            let next = last
                .chunks(2)
                .map(|pair| match pair {
                    [left, right] => parent(left, right),
                    odd => odd[0],
                })
                .collect();
            levels.push(next);
        }
        Some(Self { levels, slot_bytes })
    }

    /// Builds the tree of a slot held in memory.
    pub fn from_bytes(slot: &[u8]) -> Option<Self> {
        let leaves = slot.chunks(SLOT_LEAF_BYTES).map(slot_leaf_hash).collect();
        Self::from_leaves(leaves, slot.len() as u64)
    }

    /// The root.
    pub fn root(&self) -> SlotRoot {
        let top = self
            .levels
            .last()
            .and_then(|level| level.first())
            .copied()
            .unwrap_or_default();
        bind_length(&top, self.slot_bytes)
    }

    /// Siblings of leaf `index`, from the leaf up; levels where the node has no sibling are skipped.
    pub fn path(&self, index: u64) -> Option<Vec<[u8; 32]>> {
        let mut at = usize::try_from(index)
            .ok()
            .filter(|at| *at < self.levels[0].len())?;
        let mut path = Vec::new();
        for level in &self.levels[..self.levels.len() - 1] {
            if let Some(sibling) = level.get(at ^ 1) {
                path.push(*sibling);
            }
            at /= 2;
        }
        Some(path)
    }
}

/// One leaf of a slot with the siblings that lead to its root.
///
/// Shape: `leaf` is 1..=1024 bytes; `path` has at most 64 entries (a slot of 2^64 bytes has 54).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct SlotOpening {
    /// Bytes of the leaf.
    pub leaf: Vec<u8>,
    /// Siblings from the leaf up.
    pub path: Vec<[u8; 32]>,
}

impl SlotOpening {
    /// Whether this opens leaf `index` of a slot of `slot_bytes` bytes with root `root`.
    pub fn verify(&self, root: &SlotRoot, slot_bytes: u64, index: u64) -> bool {
        let leaves = slot_leaves(slot_bytes);
        if index >= leaves {
            return false;
        }
        let start = index * SLOT_LEAF_BYTES as u64;
        if self.leaf.len() as u64 != (slot_bytes - start).min(SLOT_LEAF_BYTES as u64) {
            return false;
        }
        let mut node = slot_leaf_hash(&self.leaf);
        let (mut at, mut width, mut siblings) = (index, leaves, self.path.iter());
        while width > 1 {
            if at ^ 1 < width {
                let Some(sibling) = siblings.next() else {
                    return false;
                };
                node = if at & 1 == 0 {
                    parent(&node, sibling)
                } else {
                    parent(sibling, &node)
                };
            }
            at /= 2;
            width = width.div_ceil(2);
        }
        siblings.next().is_none() && bind_length(&node, slot_bytes) == *root
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn slot(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i * 31 % 251) as u8).collect()
    }

    fn opening(bytes: &[u8], tree: &SlotTree, index: u64) -> SlotOpening {
        let start = index as usize * SLOT_LEAF_BYTES;
        let end = bytes.len().min(start + SLOT_LEAF_BYTES);
        SlotOpening {
            leaf: bytes[start..end].to_vec(),
            path: tree.path(index).unwrap(),
        }
    }

    #[test]
    fn every_leaf_opens_for_many_lengths() {
        for len in [
            1,
            1023,
            1024,
            1025,
            3000,
            4096,
            5 * 1024,
            7 * 1024 + 1,
            13 * 1024,
        ] {
            let bytes = slot(len);
            let tree = SlotTree::from_bytes(&bytes).unwrap();
            for index in 0..slot_leaves(len as u64) {
                let open = opening(&bytes, &tree, index);
                assert!(
                    open.verify(&tree.root(), len as u64, index),
                    "len {len} leaf {index}"
                );
                assert!(!open.verify(&tree.root(), len as u64, index + 1));
            }
        }
    }

    #[test]
    fn changed_leaf_path_length_or_index_is_rejected() {
        let bytes = slot(9 * 1024 + 5);
        let tree = SlotTree::from_bytes(&bytes).unwrap();
        let good = opening(&bytes, &tree, 4);
        let len = bytes.len() as u64;
        let mut leaf = good.clone();
        leaf.leaf[7] ^= 1;
        let mut path = good.clone();
        path.path[1][0] ^= 1;
        let mut long = good.clone();
        long.path.push([0; 32]);
        let mut short = good.clone();
        short.path.pop();
        for bad in [leaf, path, long, short] {
            assert!(!bad.verify(&tree.root(), len, 4));
        }
        assert!(!good.verify(&tree.root(), len + 1, 4));
        assert!(!good.verify(&tree.root(), len, 5));
        assert!(!good.verify(&tree.root(), len, u64::MAX));
    }

    #[test]
    fn empty_slots_have_no_tree() {
        assert!(SlotTree::from_bytes(&[]).is_none());
        assert!(SlotTree::from_leaves(vec![[0; 32]; 2], 1024).is_none());
    }
}
