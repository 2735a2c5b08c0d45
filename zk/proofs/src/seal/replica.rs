//! Sealing: labels, columns, replica and the three trees of one sector.
//!
//! Goal: the sealed form of data under a replica id, in memory. Non-goal: sectors larger than
//! memory; labels and trees take `layers + 4` times the sector's size.

use blstrs::Scalar;
use ips_primitives::sector::{CommD, CommR, Profile, ReplicaId};
use ips_verifier::tree::NodePath;

use super::{
    data::SectorData,
    labels::{all_layers, columns},
};
use crate::{
    agreed::comm_r,
    c8::LANES,
    memory::{ensure_sealing, NotEnoughMemory},
    post::PostSector,
    scalar::{scalar_from_bytes, scalar_to_bytes, NotCanonical},
    tree::Tree,
};

/// Why a sector was not sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The replica id is not a scalar.
    #[error("replica id: {0}")]
    ReplicaId(#[from] NotCanonical),
    /// The data is sized by another profile.
    #[error("the data is laid out for another profile; build it with the profile that seals it")]
    Profile,
    /// Labels and trees do not fit in memory.
    #[error(transparent)]
    Memory(#[from] NotEnoughMemory),
}

/// A sealed sector: all that later proofs open.
///
/// Relations: leaves of tree R are data plus the labels of the last layer; leaves of tree C are the
/// hashes of columns; `comm_r = C8(tag, comm_c, comm_r_last)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSector {
    profile: Profile,
    replica_id: ReplicaId,
    tree_d: Tree,
    tree_c: Tree,
    tree_r: Tree,
    labels: Vec<Vec<Scalar>>,
}

/// Seals a sector. Sequential in the labels, on all cores in the trees.
///
/// # Errors
/// [`SealError`] before any work if the inputs do not fit together.
pub fn seal(
    profile: Profile,
    replica_id: ReplicaId,
    data: &SectorData,
) -> Result<SealedSector, SealError> {
    let mut sealed = seal_many(profile, &[(replica_id, data)])?;
    Ok(sealed.swap_remove(0))
}

/// Seals several sectors side by side, in the order given: up to eight take a core little longer
/// than one where the processor hashes eight at once. Memory is that of all of them.
///
/// # Errors
/// [`SealError`] before any work if the inputs of one do not fit together, or all are too many for the
/// memory.
pub fn seal_many(
    profile: Profile,
    sectors: &[(ReplicaId, &SectorData)],
) -> Result<Vec<SealedSector>, SealError> {
    let seeds = sectors
        .iter()
        .map(|(replica_id, data)| key_seed(profile, replica_id, data))
        .collect::<Result<Vec<_>, _>>()?;
    ensure_sealing(profile.sector_bytes().into(), profile.layers, seeds.len())?;
    let labels = all_layers(profile, &seeds);
    let sealed = sectors
        .iter()
        .zip(labels)
        .map(|((replica_id, data), labels)| {
            encode(profile, *replica_id, data.tree().clone(), labels)
        });
    Ok(sealed.collect())
}

/// How many of `waiting` sectors are best sealed together: as many as a processor may hash at once and
/// half of the memory holds, but one in any case.
pub fn side_by_side(profile: Profile, waiting: usize) -> usize {
    let fits = |count: &usize| {
        ensure_sealing(
            profile.sector_bytes().into(),
            profile.layers,
            count.saturating_mul(2),
        )
        .is_ok()
    };
    (2..=waiting.min(LANES)).rev().find(fits).unwrap_or(1)
}

/// What the labels of a sector grow from, if its inputs fit together.
pub(super) fn key_seed(
    profile: Profile,
    replica_id: &ReplicaId,
    data: &SectorData,
) -> Result<Scalar, SealError> {
    if data.profile() != profile {
        return Err(SealError::Profile);
    }
    Ok(scalar_from_bytes(&replica_id.0)?)
}

/// Trees C and R of labels that are given.
pub(super) fn encode(
    profile: Profile,
    replica_id: ReplicaId,
    tree_d: Tree,
    labels: Vec<Vec<Scalar>>,
) -> SealedSector {
    let columns = columns(&labels);
    let keys = &labels[labels.len() - 1];
    let replica = tree_d
        .leaves()
        .iter()
        .zip(keys)
        .map(|(data, key)| data + key)
        .collect();
    let tree = |leaves| Tree::build(leaves).expect("as many leaves as tree D, which is a tree");
    let (tree_c, tree_r) = (tree(columns), tree(replica));
    SealedSector {
        profile,
        replica_id,
        tree_d,
        tree_c,
        tree_r,
        labels,
    }
}

impl SealedSector {
    /// Puts parts together that were stored; the caller has checked their sizes and checksum.
    pub(super) fn from_parts(
        profile: Profile,
        replica_id: ReplicaId,
        trees: [Tree; 3],
        labels: Vec<Vec<Scalar>>,
    ) -> Self {
        let [tree_d, tree_c, tree_r] = trees;
        Self {
            profile,
            replica_id,
            tree_d,
            tree_c,
            tree_r,
            labels,
        }
    }

    /// The profile.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// What the replica is unique by.
    pub fn replica_id(&self) -> ReplicaId {
        self.replica_id
    }

    /// Root of the data.
    pub fn comm_d(&self) -> CommD {
        CommD(scalar_to_bytes(&self.tree_d.root()))
    }

    /// The commitment that goes on chain.
    pub fn comm_r(&self) -> CommR {
        CommR(scalar_to_bytes(&comm_r(
            self.tree_c.root(),
            self.tree_r.root(),
        )))
    }

    /// Root of the columns.
    pub fn comm_c(&self) -> [u8; 32] {
        scalar_to_bytes(&self.tree_c.root())
    }

    /// Root of the replica.
    pub fn comm_r_last(&self) -> [u8; 32] {
        scalar_to_bytes(&self.tree_r.root())
    }

    /// The replica's nodes, each 32 little-endian bytes.
    pub fn replica(&self) -> Vec<[u8; 32]> {
        self.tree_r.leaves().iter().map(scalar_to_bytes).collect()
    }

    /// The opening of node `node` of tree D, or `None` past the end.
    pub fn path_d(&self, node: u32) -> Option<NodePath> {
        self.tree_d.opening(node)
    }

    /// Tree over the data.
    pub fn tree_d(&self) -> &Tree {
        &self.tree_d
    }

    /// Tree over the columns.
    pub fn tree_c(&self) -> &Tree {
        &self.tree_c
    }

    /// Tree over the replica.
    pub fn tree_r(&self) -> &Tree {
        &self.tree_r
    }

    /// Labels of all layers, lowest first.
    pub fn labels(&self) -> &[Vec<Scalar>] {
        &self.labels
    }

    /// What storage proofs need of the sector; the rest may be dropped once the seal is accepted.
    pub fn post_sector(&self) -> PostSector {
        PostSector::new(self.profile, self.tree_c.root(), self.tree_r.clone())
    }
}
