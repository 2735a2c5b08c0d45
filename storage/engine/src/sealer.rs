//! The engine's port to the prover.
//!
//! Goal: the heavy steps of a sector's life over owned values; which step is next is the
//! engine's business (`sectors.rs`). Implemented by `ips-sealing` (real prover) and by the instant
//! sealer of the tests.

use std::path::PathBuf;

use async_trait::async_trait;
use ips_primitives::{
    challenge::Beacon,
    proof_calls::TreePath,
    sector::{CommD, CommR, Profile, ProofBytes, ReplicaId},
};

/// Bytes of one piece at its place in a sector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PieceData {
    /// First node.
    pub node_offset: u32,
    /// The piece, 1..=payload bytes.
    pub bytes: Vec<u8>,
}

/// What sealing a sector gives; the replica and its trees are in the sector's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedCommitments {
    /// Root of the data.
    pub comm_d: CommD,
    /// Root of the replica.
    pub comm_r: CommR,
}

/// A sealed sector as a storage proof sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSector {
    /// Folder of the sector.
    pub folder: PathBuf,
    /// Expected root of the replica.
    pub comm_r: CommR,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum SealerError {
    /// The sector's files are missing, truncated or changed.
    #[error("sector files in {folder} are damaged: {reason}; the sector must be sealed again")]
    Damaged {
        /// The sector's folder.
        folder: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Reading or writing failed.
    #[error("i/o in {folder}: {source}")]
    Io {
        /// The sector's folder.
        folder: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The inputs do not fit the profile.
    #[error("bad input for the prover: {0}")]
    Input(String),
    /// The prover failed.
    #[error("the prover failed: {0}")]
    Prover(String),
}

/// Heavy steps. Each may take seconds to minutes; they run off the async threads and at most as
/// many at once as the implementation has been given cores.
#[async_trait]
pub trait Sealer: Send + Sync {
    /// The profile of every sector.
    fn profile(&self) -> Profile;
    /// Root of the data of a sector filled with `pieces`.
    async fn comm_d(&self, pieces: Vec<PieceData>) -> Result<CommD, SealerError>;
    /// Labels, trees, replica; writes them below `folder` so that later steps survive a restart.
    /// Doing it again overwrites.
    async fn seal(
        &self,
        folder: PathBuf,
        pieces: Vec<PieceData>,
        replica_id: ReplicaId,
    ) -> Result<SealedCommitments, SealerError>;
    /// All seal proofs of a sealed sector, in order.
    async fn prove_seal(
        &self,
        folder: PathBuf,
        replica_id: ReplicaId,
        seed: Beacon,
    ) -> Result<Vec<ProofBytes>, SealerError>;
    /// Path of a node of tree D, for a binding opening.
    async fn data_path(&self, folder: PathBuf, node: u32) -> Result<TreePath, SealerError>;
    /// Looks whether the files that a storage proof needs are there and whole; light enough to run
    /// beside heavy steps.
    async fn check(&self, sector: SealedSector) -> Result<(), SealerError>;
    /// The storage proof of a partition: a set of slots, `None` = empty or faulty.
    async fn prove_post(
        &self,
        set: Vec<Option<SealedSector>>,
        randomness: [u8; 32],
    ) -> Result<ProofBytes, SealerError>;
    /// The proof of extract over the unsealed data of a sector.
    async fn prove_extract(
        &self,
        folder: PathBuf,
        comm_d: CommD,
        rho: [u8; 32],
    ) -> Result<ProofBytes, SealerError>;
}
