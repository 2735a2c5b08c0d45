//! Blocking side: each step from files to files.
//!
//! A sector's folder holds `sealed.ips` (everything) and `post.ips` (what storage proofs need).
//! Both carry checksums; a file that is missing or changed is reported as damage, never used.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use ips_engine::sealer::{PieceData, SealedCommitments, SealedSector, SealerError};
use ips_primitives::{
    challenge::Beacon,
    proof_calls::TreePath,
    sector::{CommD, Profile, ProofBytes, ReplicaId},
};
use ips_proofs::{
    file::FileError,
    params::{ParamsCache, ProverParams},
    poe::prove_poe,
    post::{prove_post, PostRule, PostSector},
    seal::{self, seal_or_load_many, SealError, SealJob, SectorData, StoreError},
    ProveError,
};
use ips_verifier::groth16::CircuitKind;

/// A sector to be sealed.
#[derive(Debug)]
pub(crate) struct SealOrder {
    /// Where its files go.
    pub(crate) folder: PathBuf,
    /// What it holds.
    pub(crate) pieces: Vec<PieceData>,
    /// What the replica is unique by.
    pub(crate) replica_id: ReplicaId,
}

const SEALED_FILE: &str = "sealed.ips";
const POST_FILE: &str = "post.ips";

/// The prover's state: its profile and the parameters that were loaded.
#[derive(Debug)]
pub(crate) struct Steps {
    profile: Profile,
    cache: ParamsCache,
    loaded: Mutex<Vec<Arc<ProverParams>>>,
}

impl Steps {
    pub(crate) fn new(profile: Profile, cache: ParamsCache) -> Self {
        Self {
            profile,
            cache,
            loaded: Mutex::default(),
        }
    }

    pub(crate) fn profile(&self) -> Profile {
        self.profile
    }

    pub(crate) fn warm_up(&self) -> Result<(), SealerError> {
        CircuitKind::ALL
            .into_iter()
            .try_for_each(|kind| self.params(kind).map(drop))
    }

    /// Loads parameters once. The lock is held meanwhile: whoever needs them has to wait anyway.
    fn params(&self, kind: CircuitKind) -> Result<Arc<ProverParams>, SealerError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(params) = loaded.iter().find(|params| params.kind() == kind) {
            return Ok(params.clone());
        }
        let params = self
            .cache
            .load_or_generate(kind, self.profile)
            .map_err(|error| SealerError::Prover(error.to_string()))?;
        let params = Arc::new(params);
        loaded.push(params.clone());
        Ok(params)
    }

    fn data(&self, pieces: &[PieceData]) -> Result<SectorData, SealerError> {
        let mut data = SectorData::new(self.profile);
        for piece in pieces {
            data.push_piece(piece.node_offset, &piece.bytes)
                .map_err(|error| SealerError::Input(error.to_string()))?;
        }
        Ok(data)
    }

    pub(crate) fn comm_d(&self, pieces: &[PieceData]) -> Result<CommD, SealerError> {
        Ok(self.data(pieces)?.comm_d())
    }

    /// How many of the sectors that wait for a seal are best sealed together.
    pub(crate) fn side_by_side(&self, waiting: usize) -> usize {
        seal::side_by_side(self.profile, waiting)
    }

    /// Seals sectors side by side; one result for each, in order.
    pub(crate) fn seal(&self, orders: &[SealOrder]) -> Vec<Result<SealedCommitments, SealerError>> {
        let prepared: Vec<_> = orders.iter().map(|order| self.prepare(order)).collect();
        let jobs: Vec<_> = orders
            .iter()
            .zip(&prepared)
            .filter_map(|(order, prepared)| {
                let (data, path) = prepared.as_ref().ok()?;
                Some(SealJob {
                    replica_id: order.replica_id,
                    data,
                    path,
                })
            })
            .collect();
        let mut sealed = seal_or_load_many(self.profile, &jobs).into_iter();
        let sealed: Vec<_> = prepared
            .iter()
            .map(|prepared| prepared.is_ok().then(|| sealed.next()).flatten())
            .collect();
        let results = orders.iter().zip(prepared).zip(sealed);
        results
            .map(|((order, prepared), sealed)| match (prepared, sealed) {
                (Err(error), _) => Err(error),
                (Ok(_), Some(sealed)) => finish(&order.folder, sealed),
                (Ok(_), None) => Err(SealerError::Prover("a sector was left out".into())),
            })
            .collect()
    }

    /// The data of a sector, and its auxiliary file in a folder that is ready for it.
    fn prepare(&self, order: &SealOrder) -> Result<(SectorData, PathBuf), SealerError> {
        let data = self.data(&order.pieces)?;
        fs::create_dir_all(&order.folder)
            .and_then(|()| remove_unfinished(&order.folder))
            .map_err(|source| SealerError::Io {
                folder: order.folder.clone(),
                source,
            })?;
        Ok((data, order.folder.join(SEALED_FILE)))
    }

    fn load(&self, folder: &Path) -> Result<seal::SealedSector, SealerError> {
        seal::SealedSector::load(self.profile, &folder.join(SEALED_FILE))
            .map_err(|error| file_error(folder, error))
    }

    pub(crate) fn prove_seal(
        &self,
        folder: &Path,
        replica_id: ReplicaId,
        seed: &Beacon,
    ) -> Result<Vec<ProofBytes>, SealerError> {
        let sealed = self.load(folder)?;
        if sealed.replica_id() != replica_id {
            return Err(damaged(folder, "it was sealed under another replica id"));
        }
        let params = self.params(CircuitKind::Seal)?;
        (0..self.profile.seal_proofs)
            .map(|index| seal::prove_seal(&params, self.profile, &sealed, seed, index))
            .collect::<Result<_, _>>()
            .map_err(|error| prove_error(folder, &error))
    }

    pub(crate) fn data_path(&self, folder: &Path, node: u32) -> Result<TreePath, SealerError> {
        let past = || SealerError::Input(format!("node {node} is past the sector's end"));
        let path = self.load(folder)?.path_d(node).ok_or_else(past)?;
        path.siblings.try_into().map(TreePath).map_err(|_| past())
    }

    pub(crate) fn prove_post(
        &self,
        set: &[Option<SealedSector>],
        randomness: &[u8; 32],
    ) -> Result<ProofBytes, SealerError> {
        let sectors = set
            .iter()
            .map(|slot| {
                slot.as_ref()
                    .map(|sector| self.post_sector(sector))
                    .transpose()
            })
            .collect::<Result<Vec<_>, _>>()?;
        let params = self.params(CircuitKind::Post)?;
        let slots: Vec<_> = sectors.iter().map(Option::as_ref).collect();
        prove_post(&params, self.profile, &slots, randomness).map_err(|error| {
            let at_fault = match &error {
                ProveError::Post(PostRule::Opening(slot) | PostRule::CommR(slot)) => *slot,
                _ => return SealerError::Prover(error.to_string()),
            };
            match set.get(at_fault) {
                Some(Some(sector)) => damaged(&sector.folder, &error.to_string()),
                _ => SealerError::Prover(error.to_string()),
            }
        })
    }

    pub(crate) fn check(&self, sector: &SealedSector) -> Result<(), SealerError> {
        self.post_sector(sector).map(drop)
    }

    fn post_sector(&self, sector: &SealedSector) -> Result<PostSector, SealerError> {
        let folder = &sector.folder;
        let loaded = PostSector::load(self.profile, &folder.join(POST_FILE))
            .map_err(|error| file_error(folder, error))?;
        if loaded.comm_r() != sector.comm_r {
            return Err(damaged(folder, "its comm_r is not the one on chain"));
        }
        Ok(loaded)
    }

    pub(crate) fn prove_extract(
        &self,
        folder: &Path,
        comm_d: CommD,
        rho: &[u8; 32],
    ) -> Result<ProofBytes, SealerError> {
        let sealed = self.load(folder)?;
        if sealed.comm_d() != comm_d {
            return Err(damaged(folder, "its comm_d is not the one asked for"));
        }
        let params = self.params(CircuitKind::Poe)?;
        prove_poe(&params, self.profile, sealed.tree_d(), rho)
            .map_err(|error| prove_error(folder, &error))
    }
}

/// Writes what storage proofs need of a sector that was sealed.
fn finish(
    folder: &Path,
    sealed: Result<seal::SealedSector, StoreError>,
) -> Result<SealedCommitments, SealerError> {
    let sealed = sealed.map_err(|error| match error {
        StoreError::File(error) => file_error(folder, error),
        StoreError::Seal(SealError::Memory(error)) => SealerError::Prover(error.to_string()),
        StoreError::Seal(error) => SealerError::Input(error.to_string()),
    })?;
    let post = sealed.post_sector();
    post.save(&folder.join(POST_FILE))
        .map_err(|error| file_error(folder, error))?;
    Ok(SealedCommitments {
        comm_d: sealed.comm_d(),
        comm_r: post.comm_r(),
    })
}

/// Removes files that a killed process was writing; nobody else writes to a sector while it is sealed.
fn remove_unfinished(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "tmp") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn damaged(folder: &Path, reason: &str) -> SealerError {
    SealerError::Damaged {
        folder: folder.to_owned(),
        reason: reason.to_owned(),
    }
}

/// A missing or changed file is damage; a disk that refuses is not.
fn file_error(folder: &Path, error: FileError) -> SealerError {
    if error.is_not_found() {
        return damaged(folder, &error.to_string());
    }
    match error {
        FileError::Io { source, .. } => SealerError::Io {
            folder: folder.to_owned(),
            source,
        },
        other => damaged(folder, &other.to_string()),
    }
}

fn prove_error(folder: &Path, error: &ProveError) -> SealerError {
    match error {
        ProveError::Seal(_) | ProveError::Poe(_) => damaged(folder, &error.to_string()),
        ProveError::NotCanonical(_) => SealerError::Input(error.to_string()),
        _ => SealerError::Prover(error.to_string()),
    }
}
