//! Private values of a seal proof, taken from a sealed sector.

use blstrs::Scalar;
use ff::Field;
use ips_primitives::sector::{Profile, DRG_DEGREE, EXPANDER_DEGREE};
use ips_verifier::seal::SealChallenge;

use super::replica::SealedSector;
use crate::{
    agreed::{comm_r, seal_statement},
    scalar::{at, scalar_from_bytes},
    tree::Path,
};

/// Everything a seal proof knows and does not tell.
#[derive(Clone, Debug)]
pub(crate) struct SealWitness {
    pub(crate) replica_id: Scalar,
    pub(crate) comm_d: Scalar,
    pub(crate) comm_c: Scalar,
    pub(crate) comm_r_last: Scalar,
    pub(crate) challenges: Vec<ChallengeWitness>,
}

/// Openings for one challenged node.
#[derive(Clone, Debug)]
pub(crate) struct ChallengeWitness {
    pub(crate) at: SealChallenge,
    pub(crate) data: Scalar,
    pub(crate) data_path: Path,
    pub(crate) replica_path: Path,
    pub(crate) column_path: Path,
    /// Of the parents, same layer first.
    pub(crate) columns: Vec<ColumnWitness>,
}

/// The labels of one node with their opening.
#[derive(Clone, Debug)]
pub(crate) struct ColumnWitness {
    pub(crate) labels: Vec<Scalar>,
    pub(crate) path: Path,
}

/// A witness whose lists have other lengths than the profile asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the witness does not have the shape of its profile; build it with that profile")]
pub(crate) struct WrongShape;

impl SealWitness {
    /// Zeros of the right shape.
    pub(crate) fn blank(profile: Profile) -> Self {
        let path = vec![[Scalar::ZERO; 8]; at(profile.tree_levels)];
        let column = ColumnWitness {
            labels: vec![Scalar::ZERO; at(profile.layers)],
            path: path.clone(),
        };
        let challenge = ChallengeWitness {
            at: SealChallenge {
                node: 0,
                drg: [0; DRG_DEGREE],
                expander: [0; EXPANDER_DEGREE],
            },
            data: Scalar::ZERO,
            data_path: path.clone(),
            replica_path: path.clone(),
            column_path: path,
            columns: vec![column; DRG_DEGREE + EXPANDER_DEGREE],
        };
        Self {
            replica_id: Scalar::ZERO,
            comm_d: Scalar::ZERO,
            comm_c: Scalar::ZERO,
            comm_r_last: Scalar::ZERO,
            challenges: vec![challenge; at(profile.seal_challenges)],
        }
    }

    /// Opens a sealed sector at the challenged nodes; `None` if a node is past the end or the
    /// sector no longer holds its labels.
    pub(crate) fn open(sealed: &SealedSector, challenges: &[SealChallenge]) -> Option<Self> {
        let challenges = challenges
            .iter()
            .map(|challenge| open_one(sealed, *challenge));
        Some(Self {
            replica_id: scalar_from_bytes(&sealed.replica_id().0).ok()?,
            comm_d: sealed.tree_d().root(),
            comm_c: sealed.tree_c().root(),
            comm_r_last: sealed.tree_r().root(),
            challenges: challenges.collect::<Option<_>>()?,
        })
    }

    /// The statement about these values.
    pub(crate) fn statement(&self) -> Scalar {
        let challenges: Vec<_> = self
            .challenges
            .iter()
            .map(|challenge| challenge.at)
            .collect();
        let comm_r = comm_r(self.comm_c, self.comm_r_last);
        seal_statement(self.replica_id, self.comm_d, comm_r, &challenges)
    }

    /// Whether every list has the length that `profile` asks for.
    pub(crate) fn check_shape(&self, profile: Profile) -> Result<(), WrongShape> {
        let levels = at(profile.tree_levels);
        let column_fits = |column: &ColumnWitness| {
            column.labels.len() == at(profile.layers) && column.path.len() == levels
        };
        let fits = self.challenges.len() == at(profile.seal_challenges)
            && self.challenges.iter().all(|challenge| {
                challenge.data_path.len() == levels
                    && challenge.replica_path.len() == levels
                    && challenge.column_path.len() == levels
                    && challenge.columns.len() == DRG_DEGREE + EXPANDER_DEGREE
                    && challenge.columns.iter().all(column_fits)
            });
        if fits {
            Ok(())
        } else {
            Err(WrongShape)
        }
    }
}

fn open_one(sealed: &SealedSector, challenge: SealChallenge) -> Option<ChallengeWitness> {
    let node = challenge.node;
    let columns = challenge.indices().into_iter().skip(1).map(|parent| {
        let labels = sealed
            .labels()
            .iter()
            .map(|layer| layer.get(at(parent)).copied());
        Some(ColumnWitness {
            labels: labels.collect::<Option<_>>()?,
            path: sealed.tree_c().path(parent)?,
        })
    });
    Some(ChallengeWitness {
        at: challenge,
        data: sealed.tree_d().leaf(node)?,
        data_path: sealed.tree_d().path(node)?,
        replica_path: sealed.tree_r().path(node)?,
        column_path: sealed.tree_c().path(node)?,
        columns: columns.collect::<Option<_>>()?,
    })
}
