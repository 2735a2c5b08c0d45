//! Private values of a proof of extract, and the native twin of the circuit.

use blstrs::Scalar;
use ff::Field;
use ips_primitives::sector::Profile;

use crate::{
    agreed::{poe_challenges, poe_statement},
    post::Opening,
    scalar::at,
    tree::{path_root, Tree},
};

/// Everything a proof of extract knows and does not tell.
#[derive(Clone, Debug)]
pub(crate) struct PoeWitness {
    pub(crate) comm_d: Scalar,
    pub(crate) rho: Scalar,
    pub(crate) openings: Vec<Opening>,
}

/// The rule of the extract relation that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoeRule {
    /// Lists of other lengths than the profile's.
    #[error("witness shape differs from the profile")]
    Shape,
    /// The statement is about other data or another request.
    #[error("statement does not match the data and the request")]
    Statement,
    /// A challenged node does not open.
    #[error("challenged node {0} does not open to comm_d; restore the data")]
    Opening(usize),
}

impl PoeWitness {
    /// Zeros of the right shape.
    pub(crate) fn blank(profile: Profile) -> Self {
        let opening = Opening::blank(profile.tree_levels);
        Self {
            comm_d: Scalar::ZERO,
            rho: Scalar::ZERO,
            openings: vec![opening; at(profile.poe_openings)],
        }
    }

    /// Opens tree D where the request challenges it.
    pub(crate) fn open(profile: Profile, tree_d: &Tree, rho: Scalar) -> Self {
        let comm_d = tree_d.root();
        let openings = poe_challenges(&profile, poe_statement(comm_d, rho))
            .into_iter()
            .filter_map(|index| {
                Some(Opening {
                    leaf: tree_d.leaf(index)?,
                    path: tree_d.path(index)?,
                })
            })
            .collect();
        Self {
            comm_d,
            rho,
            openings,
        }
    }

    /// Whether every list has the length that `profile` asks for.
    pub(crate) fn has_shape(&self, profile: Profile) -> bool {
        self.openings.len() == at(profile.poe_openings)
            && self
                .openings
                .iter()
                .all(|opening| opening.path.len() == at(profile.tree_levels))
    }
}

/// Checks every rule of the circuit.
pub(crate) fn check(
    profile: Profile,
    statement: Scalar,
    witness: &PoeWitness,
) -> Result<(), PoeRule> {
    if !witness.has_shape(profile) {
        return Err(PoeRule::Shape);
    }
    if poe_statement(witness.comm_d, witness.rho) != statement {
        return Err(PoeRule::Statement);
    }
    let opened = poe_challenges(&profile, statement)
        .into_iter()
        .zip(&witness.openings);
    for (i, (index, opening)) in opened.enumerate() {
        if path_root(opening.leaf, index, &opening.path) != Some(witness.comm_d) {
            return Err(PoeRule::Opening(i));
        }
    }
    Ok(())
}
