//! Private values of a storage proof, and the native twin of the circuit.

use blstrs::Scalar;
use ff::Field;
use ips_primitives::sector::Profile;

use super::PostSector;
use crate::{
    agreed::{comm_r, post_challenges, post_statement},
    scalar::at,
    tree::{path_root, Path},
};

/// Everything a storage proof knows and does not tell; one entry per slot of the partition.
#[derive(Clone, Debug)]
pub(crate) struct PostWitness {
    pub(crate) randomness: Scalar,
    pub(crate) slots: Vec<SlotWitness>,
}

/// One slot. In an empty one `comm_r` is zero and the rest is of no meaning.
#[derive(Clone, Debug)]
pub(crate) struct SlotWitness {
    pub(crate) comm_r: Scalar,
    pub(crate) comm_c: Scalar,
    pub(crate) comm_r_last: Scalar,
    pub(crate) openings: Vec<Opening>,
}

/// One opened leaf.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    pub(crate) leaf: Scalar,
    pub(crate) path: Path,
}

impl Opening {
    pub(crate) fn blank(levels: u32) -> Self {
        Self {
            leaf: Scalar::ZERO,
            path: vec![[Scalar::ZERO; 8]; at(levels)],
        }
    }
}

/// The rule of the storage relation that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostRule {
    /// Lists of other lengths than the profile's.
    #[error("witness shape differs from the profile")]
    Shape,
    /// The statement is about another set or other randomness.
    #[error("statement does not match the set and its randomness")]
    Statement,
    /// A slot's `comm_r` is not made of its roots.
    #[error("comm_r of slot {0} does not match its roots; restore the sector's file")]
    CommR(usize),
    /// A challenged leaf does not open.
    #[error("a challenged node of slot {0} does not open; restore or recover the sector")]
    Opening(usize),
}

impl PostWitness {
    /// Zeros of the right shape: a partition of empty slots.
    pub(crate) fn blank(profile: Profile) -> Self {
        let slot = SlotWitness::empty(profile);
        Self {
            randomness: Scalar::ZERO,
            slots: vec![slot; at(profile.post_sectors)],
        }
    }

    /// Opens the sectors where the statement challenges them.
    pub(crate) fn open(
        profile: Profile,
        sectors: &[Option<&PostSector>],
        randomness: Scalar,
    ) -> Self {
        let mut witness = Self {
            randomness,
            ..Self::blank(profile)
        };
        for (slot, sector) in witness.slots.iter_mut().zip(sectors) {
            if let Some(sector) = sector {
                slot.comm_c = sector.comm_c();
                slot.comm_r_last = sector.tree_r().root();
                slot.comm_r = comm_r(slot.comm_c, slot.comm_r_last);
            }
        }
        let statement = witness.statement();
        for (position, (slot, sector)) in (0..).zip(witness.slots.iter_mut().zip(sectors)) {
            if let Some(sector) = sector {
                slot.openings = post_challenges(&profile, statement, position, slot.comm_r)
                    .into_iter()
                    .filter_map(|index| {
                        let tree = sector.tree_r();
                        Some(Opening {
                            leaf: tree.leaf(index)?,
                            path: tree.path(index)?,
                        })
                    })
                    .collect();
            }
        }
        witness
    }

    /// The statement about these slots and this randomness.
    pub(crate) fn statement(&self) -> Scalar {
        let comm_rs: Vec<_> = self.slots.iter().map(|slot| slot.comm_r).collect();
        post_statement(&comm_rs, self.randomness)
    }

    /// Whether every list has the length that `profile` asks for.
    pub(crate) fn has_shape(&self, profile: Profile) -> bool {
        self.slots.len() == at(profile.post_sectors)
            && self.slots.iter().all(|slot| {
                slot.openings.len() == at(profile.post_challenges)
                    && slot
                        .openings
                        .iter()
                        .all(|opening| opening.path.len() == at(profile.tree_levels))
            })
    }
}

impl SlotWitness {
    /// An empty slot. Its openings lead nowhere, but are consistent in themselves: the circuit
    /// computes them like any other and only then ignores the outcome.
    pub(crate) fn empty(profile: Profile) -> Self {
        let mut node = Scalar::ZERO;
        let path: Path = (0..profile.tree_levels)
            .map(|_| {
                let children = [node; 8];
                node = crate::c8::c8(&children);
                children
            })
            .collect();
        let opening = Opening {
            leaf: Scalar::ZERO,
            path,
        };
        Self {
            comm_r: Scalar::ZERO,
            comm_c: Scalar::ZERO,
            comm_r_last: node,
            openings: vec![opening; at(profile.post_challenges)],
        }
    }
}

/// Checks every rule of the circuit.
pub(crate) fn check(
    profile: Profile,
    statement: Scalar,
    witness: &PostWitness,
) -> Result<(), PostRule> {
    if !witness.has_shape(profile) {
        return Err(PostRule::Shape);
    }
    if witness.statement() != statement {
        return Err(PostRule::Statement);
    }
    for (number, (position, slot)) in (0..).zip(&witness.slots).enumerate() {
        let indices = post_challenges(&profile, statement, position, slot.comm_r);
        for (index, opening) in indices.into_iter().zip(&slot.openings) {
            if path_root(opening.leaf, index, &opening.path) != Some(slot.comm_r_last) {
                return Err(PostRule::Opening(number));
            }
        }
        let empty = bool::from(slot.comm_r.is_zero());
        if !empty && comm_r(slot.comm_c, slot.comm_r_last) != slot.comm_r {
            return Err(PostRule::CommR(number));
        }
    }
    Ok(())
}
