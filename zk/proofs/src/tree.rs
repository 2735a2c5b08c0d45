//! Merkle trees of arity 8 over `8^k` scalars, held in memory with all levels.
//!
//! Goal: build, open, rebuild from stored levels. Non-goal: trees larger than memory.

use blstrs::Scalar;
use ips_verifier::tree::NodePath;

use crate::{
    c8::{c8, c8_many, C8_ARITY},
    scalar::{at, scalar_to_bytes},
};

/// Children of the inner nodes on the way from a leaf to the root, lowest level first.
pub(crate) type Path = Vec<[Scalar; C8_ARITY]>;

/// A tree; level 0 holds the leaves, the last level the root alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    levels: Vec<Vec<Scalar>>,
}

/// A number of leaves that is not a power of 8, or is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a tree needs 8^k leaves with k at least 1, not {0}")]
pub struct LeafCount(pub usize);

/// Whether `count` is `8^k` with k at least 1.
fn is_full(count: usize) -> bool {
    count >= C8_ARITY && count.is_power_of_two() && count.trailing_zeros().is_multiple_of(3)
}

fn eight(children: &[Scalar]) -> [Scalar; C8_ARITY] {
    children
        .try_into()
        .expect("levels have 8^k nodes, so every chunk of 8 is whole")
}

impl Tree {
    /// Hashes the leaves up, on all cores.
    ///
    /// # Errors
    /// [`LeafCount`] if the leaves do not fill a tree.
    pub fn build(leaves: Vec<Scalar>) -> Result<Self, LeafCount> {
        if !is_full(leaves.len()) {
            return Err(LeafCount(leaves.len()));
        }
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            // 8^k nodes, so nothing is left over.
            let next = c8_many(below.as_chunks().0);
            levels.push(next);
        }
        Ok(Self { levels })
    }

    /// Nodes of all levels, leaves first.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Scalar> {
        self.levels.iter().flatten()
    }

    /// Number of nodes of a tree of `leaves` leaves.
    pub(crate) fn node_count(leaves: usize) -> usize {
        std::iter::successors(Some(leaves), |width| {
            (*width > 1).then_some(width / C8_ARITY)
        })
        .sum()
    }

    /// The tree whose [`Self::nodes`] are these; the hashes are not recomputed.
    pub(crate) fn from_nodes(leaves: usize, nodes: &[Scalar]) -> Result<Self, LeafCount> {
        if !is_full(leaves) || nodes.len() != Self::node_count(leaves) {
            return Err(LeafCount(leaves));
        }
        let (mut levels, mut rest, mut width) = (Vec::new(), nodes, leaves);
        loop {
            let (level, above) = rest.split_at(width);
            levels.push(level.to_vec());
            if width == 1 {
                return Ok(Self { levels });
            }
            (rest, width) = (above, width / C8_ARITY);
        }
    }

    /// The leaves.
    pub fn leaves(&self) -> &[Scalar] {
        &self.levels[0]
    }

    /// The root.
    pub fn root(&self) -> Scalar {
        self.levels[self.levels.len() - 1][0]
    }

    /// Levels below the root.
    pub fn depth(&self) -> usize {
        self.levels.len() - 1
    }

    /// The leaf of `index`, or `None` past the end.
    pub fn leaf(&self, index: u32) -> Option<Scalar> {
        self.leaves().get(at(index)).copied()
    }

    /// All children on the way up from leaf `index`, or `None` past the end.
    pub(crate) fn path(&self, index: u32) -> Option<Path> {
        self.leaf(index)?;
        let parents = (0..self.depth()).scan(at(index), |node, level| {
            let first = *node / C8_ARITY * C8_ARITY;
            *node /= C8_ARITY;
            Some(eight(&self.levels[level][first..first + C8_ARITY]))
        });
        Some(parents.collect())
    }

    /// The opening of leaf `index` as the verifier reads it, or `None` past the end.
    pub fn opening(&self, index: u32) -> Option<NodePath> {
        let mut rest = at(index);
        let siblings = self.path(index)?.into_iter().map(|children| {
            let own = rest % C8_ARITY;
            rest /= C8_ARITY;
            std::array::from_fn(|i| scalar_to_bytes(&children[i + usize::from(i >= own)]))
        });
        Some(NodePath {
            siblings: siblings.collect(),
        })
    }
}

/// The root that `path` leads to from `leaf`; `None` if the leaf or an inner node is not where
/// `index` says. Native twin of [`crate::gadgets::merkle::root`].
pub(crate) fn path_root(leaf: Scalar, index: u32, path: &[[Scalar; C8_ARITY]]) -> Option<Scalar> {
    let mut rest = at(index);
    let root = path.iter().try_fold(leaf, |node, children| {
        let child = children[rest % C8_ARITY];
        rest /= C8_ARITY;
        (child == node).then(|| c8(children))
    })?;
    (rest == 0).then_some(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_leaf_opens_and_levels_round_trip() {
        let tree = Tree::build((0..64).map(Scalar::from).collect()).unwrap();
        assert_eq!(tree.depth(), 2);
        for index in 0..64 {
            let path = tree.path(index).unwrap();
            let leaf = tree.leaf(index).unwrap();
            assert_eq!(path_root(leaf, index, &path), Some(tree.root()));
            assert_eq!(path_root(leaf, (index + 1) % 64, &path), None);
            assert_eq!(path_root(leaf, index + 64, &path), None);
            let bytes = scalar_to_bytes(&leaf);
            let theirs = ips_verifier::tree::path_root(
                ips_verifier::hash::scalar_from_bytes(&bytes).unwrap(),
                index,
                &tree.opening(index).unwrap(),
                2,
            );
            let root = theirs.map(|root| ips_verifier::hash::scalar_to_bytes(&root));
            assert_eq!(root, Some(scalar_to_bytes(&tree.root())));
        }
        assert!(tree.path(64).is_none());
        let nodes: Vec<_> = tree.nodes().copied().collect();
        assert_eq!(nodes.len(), Tree::node_count(64));
        assert_eq!(Tree::from_nodes(64, &nodes), Ok(tree));
        assert!(Tree::from_nodes(64, &nodes[1..]).is_err());
    }

    #[test]
    fn only_powers_of_eight_are_trees() {
        for count in [0, 1, 2, 7, 16, 32, 63, 128] {
            let leaves = vec![Scalar::from(0); count];
            assert_eq!(Tree::build(leaves), Err(LeafCount(count)));
        }
    }
}
