//! Trees too large to build: all leaves are equal but for a few.

use std::collections::BTreeMap;

use blstrs::Scalar;

use crate::{
    c8::{c8, C8_ARITY},
    scalar::at,
    tree::Path,
};

/// The true tree of `8^levels` leaves that are all equal but for some, in the memory of those some.
pub(super) struct SparseTree {
    /// Leaves first, the root last.
    levels: Vec<Level>,
}

struct Level {
    /// The nodes below which no leaf differs.
    fill: Scalar,
    /// The other nodes, by position.
    others: BTreeMap<u32, Scalar>,
}

impl Level {
    fn node(&self, position: u32) -> Scalar {
        self.others.get(&position).copied().unwrap_or(self.fill)
    }

    /// The eight nodes of which `position` is one.
    fn family(&self, position: u32) -> [Scalar; C8_ARITY] {
        let first = position & !7;
        [0, 1, 2, 3, 4, 5, 6, 7].map(|child| self.node(first + child))
    }

    fn above(&self) -> Self {
        let parent = |position: &u32| (position / 8, c8(&self.family(*position)));
        Self {
            fill: c8(&[self.fill; C8_ARITY]),
            others: self.others.keys().map(parent).collect(),
        }
    }
}

impl SparseTree {
    /// The tree whose leaves are `fill`, but for `others`, by position.
    pub(super) fn new(depth: u32, fill: Scalar, others: BTreeMap<u32, Scalar>) -> Self {
        let leaves = Level { fill, others };
        let levels = std::iter::successors(Some(leaves), |below| Some(below.above()));
        Self {
            levels: levels.take(at(depth) + 1).collect(),
        }
    }

    pub(super) fn root(&self) -> Scalar {
        self.levels[self.levels.len() - 1].node(0)
    }

    pub(super) fn leaf(&self, index: u32) -> Scalar {
        self.levels[0].node(index)
    }

    /// All children on the way up from leaf `index`.
    pub(super) fn path(&self, index: u32) -> Path {
        let below_root = &self.levels[..self.levels.len() - 1];
        let mut position = index;
        below_root
            .iter()
            .map(|level| {
                let family = level.family(position);
                position /= 8;
                family
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Tree;

    #[test]
    fn a_sparse_tree_is_the_tree_of_its_leaves() {
        let others = BTreeMap::from([(0, 5), (9, 6), (10, 7), (511, 8)]);
        let others: BTreeMap<u32, Scalar> = others
            .into_iter()
            .map(|(position, value)| (position, Scalar::from(value)))
            .collect();
        let fill = Scalar::from(3);
        let leaf = |index: u32| others.get(&index).copied().unwrap_or(fill);
        let tree = Tree::build((0..512).map(leaf).collect()).unwrap();
        let sparse = SparseTree::new(3, fill, others.clone());
        assert_eq!(sparse.root(), tree.root());
        for index in (0..512).step_by(3) {
            assert_eq!(Some(sparse.leaf(index)), tree.leaf(index));
            assert_eq!(Some(sparse.path(index)), tree.path(index));
        }
    }
}
