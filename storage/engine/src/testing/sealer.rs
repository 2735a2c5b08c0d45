//! A sealer that hashes where the real one proves.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    sync::Mutex,
};

use async_trait::async_trait;
use ips_primitives::{
    challenge::Beacon,
    hash::field_digest,
    proof_calls::TreePath,
    sector::{CommD, CommR, Profile, ProofBytes, ReplicaId},
};
use tokio::sync::watch;

use crate::sealer::{PieceData, SealedCommitments, SealedSector, Sealer, SealerError};

/// A step that can be held up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gate {
    /// [`Sealer::comm_d`].
    CommD,
    /// [`Sealer::seal`].
    Seal,
    /// [`Sealer::prove_seal`].
    ProveSeal,
    /// [`Sealer::prove_post`].
    ProvePost,
}

/// Seals by hashing; its "proofs" can be checked by the mock chain.
pub struct InstantSealer {
    profile: Profile,
    closed: watch::Sender<HashSet<Gate>>,
    /// Steps done, for assertions.
    log: Mutex<Vec<&'static str>>,
}

impl InstantSealer {
    /// A sealer with open gates.
    pub fn new(profile: Profile) -> Self {
        Self {
            profile,
            closed: watch::Sender::new(HashSet::new()),
            log: Mutex::default(),
        }
    }

    /// Holds a step up until it is opened.
    pub fn close(&self, gate: Gate) {
        self.closed.send_modify(|closed| _ = closed.insert(gate));
    }

    /// Lets a step go on.
    pub fn open(&self, gate: Gate) {
        self.closed.send_modify(|closed| _ = closed.remove(&gate));
    }

    /// How often a step was done.
    pub fn count(&self, step: &str) -> usize {
        let log = self
            .log
            .lock()
            .expect("no test panics while it holds the log");
        log.iter().filter(|done| **done == step).count()
    }

    async fn pass(&self, gate: Gate) {
        let mut closed = self.closed.subscribe();
        // The sender lives as long as we do.
        let _ = closed.wait_for(|closed| !closed.contains(&gate)).await;
    }

    fn note(&self, step: &'static str) {
        self.log
            .lock()
            .expect("no test panics while it holds the log")
            .push(step);
    }
}

fn data_root(pieces: &[PieceData]) -> CommD {
    let mut parts = Vec::new();
    for piece in pieces {
        parts.extend_from_slice(&piece.node_offset.to_le_bytes());
        parts.extend_from_slice(&piece.bytes);
    }
    CommD(field_digest(&[b"mock data", &parts]))
}

pub(super) fn replica_root(replica_id: &ReplicaId, comm_d: &CommD) -> CommR {
    CommR(field_digest(&[b"mock replica", &replica_id.0, &comm_d.0]))
}

fn proof(parts: &[&[u8]]) -> ProofBytes {
    let digest = field_digest(parts);
    let mut bytes = [0; 192];
    for (byte, value) in bytes.iter_mut().zip(digest.iter().cycle()) {
        *byte = *value;
    }
    ProofBytes(bytes)
}

pub(super) fn seal_proof(replica_id: &ReplicaId, seed: &Beacon, index: u32) -> ProofBytes {
    proof(&[b"mock seal", &replica_id.0, seed, &index.to_le_bytes()])
}

pub(super) fn post_proof(set: &[CommR], randomness: &[u8; 32]) -> ProofBytes {
    let roots: Vec<u8> = set.iter().flat_map(|comm_r| comm_r.0).collect();
    proof(&[b"mock post", &roots, randomness])
}

/// The proof of extract that the double makes.
pub(super) fn extract_proof(comm_d: &CommD, rho: &[u8; 32]) -> ProofBytes {
    proof(&[b"mock extract", &comm_d.0, rho])
}

fn read_replica(folder: &Path) -> Result<[u8; 64], SealerError> {
    let damaged = |reason: String| SealerError::Damaged {
        folder: folder.to_owned(),
        reason,
    };
    let bytes = fs::read(folder.join("replica")).map_err(|error| damaged(error.to_string()))?;
    bytes
        .try_into()
        .map_err(|_| damaged("another length".to_owned()))
}

fn write_replica(folder: &Path, comm_d: &CommD, comm_r: &CommR) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("replica"), [comm_d.0, comm_r.0].concat())
}

#[async_trait]
impl Sealer for InstantSealer {
    fn profile(&self) -> Profile {
        self.profile
    }

    async fn comm_d(&self, pieces: Vec<PieceData>) -> Result<CommD, SealerError> {
        self.pass(Gate::CommD).await;
        self.note("comm_d");
        Ok(data_root(&pieces))
    }

    async fn seal(
        &self,
        folder: PathBuf,
        pieces: Vec<PieceData>,
        replica_id: ReplicaId,
    ) -> Result<SealedCommitments, SealerError> {
        self.pass(Gate::Seal).await;
        let comm_d = data_root(&pieces);
        let comm_r = replica_root(&replica_id, &comm_d);
        write_replica(&folder, &comm_d, &comm_r)
            .map_err(|source| SealerError::Io { folder, source })?;
        self.note("seal");
        Ok(SealedCommitments { comm_d, comm_r })
    }

    async fn prove_seal(
        &self,
        folder: PathBuf,
        replica_id: ReplicaId,
        seed: Beacon,
    ) -> Result<Vec<ProofBytes>, SealerError> {
        self.pass(Gate::ProveSeal).await;
        read_replica(&folder)?;
        self.note("prove_seal");
        Ok((0..self.profile.seal_proofs)
            .map(|i| seal_proof(&replica_id, &seed, i))
            .collect())
    }

    async fn data_path(&self, folder: PathBuf, _node: u32) -> Result<TreePath, SealerError> {
        read_replica(&folder)?;
        Ok(TreePath::default())
    }

    async fn check(&self, sector: SealedSector) -> Result<(), SealerError> {
        let replica = read_replica(&sector.folder)?;
        if replica[32..] == sector.comm_r.0 {
            return Ok(());
        }
        Err(SealerError::Damaged {
            folder: sector.folder,
            reason: "the replica has another root".to_owned(),
        })
    }

    async fn prove_post(
        &self,
        set: Vec<Option<SealedSector>>,
        randomness: [u8; 32],
    ) -> Result<ProofBytes, SealerError> {
        self.pass(Gate::ProvePost).await;
        let mut roots = Vec::new();
        for sector in &set {
            let Some(sector) = sector else {
                roots.push(CommR::default());
                continue;
            };
            self.check(sector.clone()).await?;
            roots.push(sector.comm_r);
        }
        self.note("prove_post");
        Ok(post_proof(&roots, &randomness))
    }

    async fn prove_extract(
        &self,
        folder: PathBuf,
        comm_d: CommD,
        rho: [u8; 32],
    ) -> Result<ProofBytes, SealerError> {
        let replica = read_replica(&folder)?;
        if replica[..32] != comm_d.0 {
            return Err(SealerError::Damaged {
                folder,
                reason: "other data".to_owned(),
            });
        }
        self.note("prove_extract");
        Ok(extract_proof(&comm_d, &rho))
    }
}
