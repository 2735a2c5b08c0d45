//! Openings of the arity-8 trees over C8 (`docs/protocol.md` §4).
//!
//! Goal: recompute a root from a leaf and its siblings. Non-goal: building trees (`ips-proofs`).

use alloc::vec::Vec;

use codec::{Decode, DecodeWithMemTracking, Encode};
use ips_primitives::sector::{NODE_DATA_BYTES, TREE_ARITY};
use scale_info::TypeInfo;

use crate::hash::{c8, scalar_from_bytes, short_scalar, Scalar, C8_ARITY};

/// Siblings of one level, ascending by child position, the own position left out.
pub type Siblings = [[u8; 32]; C8_ARITY - 1];

/// Siblings from a leaf up to the root.
///
/// Shape: one entry per level, every sibling canonical; [`path_root`] checks both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct NodePath {
    /// The lowest level first.
    pub siblings: Vec<Siblings>,
}

/// The scalar of a node's data: at most 31 bytes, little-endian. Bytes after the 31st are no part
/// of a node and are not read.
pub fn node_scalar(data: &[u8]) -> Scalar {
    const { assert!(NODE_DATA_BYTES == 31 && TREE_ARITY as usize == C8_ARITY) };
    short_scalar(data)
}

/// The root that `path` leads to from `leaf` at position `index` of a tree of `levels` levels.
///
/// `None` if the path has another length, the index is past the end or a sibling is not canonical.
pub fn path_root(leaf: Scalar, index: u32, path: &NodePath, levels: u32) -> Option<Scalar> {
    siblings_root(leaf, index, &path.siblings, levels)
}

/// [`path_root`] for siblings that are kept in another type.
pub fn siblings_root(
    leaf: Scalar,
    index: u32,
    siblings: &[Siblings],
    levels: u32,
) -> Option<Scalar> {
    if usize::try_from(levels) != Ok(siblings.len()) {
        return None;
    }
    let mut rest = index;
    let mut node = leaf;
    for level in siblings {
        let own = usize::try_from(rest % TREE_ARITY).ok()?;
        let mut children = [node; C8_ARITY];
        let others = children
            .iter_mut()
            .enumerate()
            .filter(|(position, _)| *position != own);
        for ((_, child), bytes) in others.zip(level) {
            *child = scalar_from_bytes(bytes)?;
        }
        node = c8(&children);
        rest /= TREE_ARITY;
    }
    (rest == 0).then_some(node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::scalar_to_bytes;

    fn tree() -> Vec<Vec<Scalar>> {
        let mut levels: Vec<Vec<Scalar>> = vec![(0..64u64).map(Scalar::from).collect()];
        while levels[levels.len() - 1].len() > 1 {
            let next = levels[levels.len() - 1]
                .chunks_exact(8)
                .map(|children| c8(children.try_into().unwrap()))
                .collect();
            levels.push(next);
        }
        levels
    }

    fn open(tree: &[Vec<Scalar>], index: usize) -> NodePath {
        let mut at = index;
        let siblings = tree[..tree.len() - 1].iter().map(|level| {
            let first = at / 8 * 8;
            let others: Vec<_> = (first..first + 8)
                .filter(|position| *position != at)
                .map(|position| scalar_to_bytes(&level[position]))
                .collect();
            at /= 8;
            others.try_into().unwrap()
        });
        NodePath {
            siblings: siblings.collect(),
        }
    }

    #[test]
    fn every_leaf_opens_at_its_own_index_only() {
        let tree = tree();
        let root = tree[2][0];
        for index in 0..64u32 {
            let path = open(&tree, index as usize);
            let leaf = Scalar::from(u64::from(index));
            assert_eq!(path_root(leaf, index, &path, 2), Some(root));
            assert_ne!(path_root(leaf, index ^ 1, &path, 2), Some(root));
            assert_ne!(path_root(leaf, index ^ 8, &path, 2), Some(root));
            assert_eq!(path_root(leaf, index + 64, &path, 2), None);
            assert_ne!(
                path_root(leaf + Scalar::from(1u64), index, &path, 2),
                Some(root)
            );
        }
    }

    #[test]
    fn wrong_lengths_and_non_canonical_siblings_are_refused() {
        let tree = tree();
        let good = open(&tree, 9);
        let leaf = Scalar::from(9u64);
        assert_eq!(path_root(leaf, 9, &good, 1), None);
        assert_eq!(path_root(leaf, 9, &good, 3), None);
        let mut order = scalar_to_bytes(&-Scalar::from(1u64));
        order[0] += 1;
        for bytes in [order, [0xff; 32]] {
            let mut bad = good.clone();
            bad.siblings[1][6] = bytes;
            assert_eq!(path_root(leaf, 9, &bad, 2), None);
        }
    }

    #[test]
    fn node_scalars_are_little_endian_and_short() {
        assert_eq!(node_scalar(&[]), Scalar::from(0u64));
        assert_eq!(node_scalar(&[1, 2]), Scalar::from(0x0201u64));
        let mut bytes = [0xff; 32];
        bytes[31] = 0;
        assert_eq!(scalar_from_bytes(&bytes), Some(node_scalar(&[0xff; 31])));
    }

    #[test]
    fn paths_round_trip_through_scale() {
        let path = open(&tree(), 33);
        let bytes = path.encode();
        assert_eq!(bytes.len(), 1 + 2 * 7 * 32);
        assert_eq!(NodePath::decode(&mut &bytes[..]), Ok(path));
    }
}
