//! The auxiliary file of a sealed sector, so that a restart does not seal again.
//!
//! Payload: replica id, then all nodes of trees D, C and R, then the labels of each layer; all
//! scalars as 32 canonical little-endian bytes.

use std::path::Path;

use blstrs::Scalar;
use ips_primitives::sector::{Profile, ReplicaId};

use super::{data::SectorData, replica, SealError, SealedSector};
use crate::{
    file::{self, FileError, FileKind},
    scalar::{at, scalar_from_bytes, scalar_to_bytes},
    tree::Tree,
};

/// Why a sector was neither loaded nor sealed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The inputs do not fit together.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl SealedSector {
    /// Writes the auxiliary file, atomically.
    ///
    /// # Errors
    /// [`FileError::Io`] if the file system refuses; an older file is intact then.
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        let mut payload = self.replica_id().0.to_vec();
        let trees = [self.tree_d(), self.tree_c(), self.tree_r()];
        let nodes = trees
            .into_iter()
            .flat_map(Tree::nodes)
            .chain(self.labels().iter().flatten());
        payload.extend(nodes.flat_map(scalar_to_bytes));
        file::write(path, FileKind::SealedSector, self.profile().id, &payload)
    }

    /// Reads an auxiliary file of `profile`.
    ///
    /// # Errors
    /// [`FileError`] if it is missing, of another kind or profile, cut, or has a changed bit.
    pub fn load(profile: Profile, path: &Path) -> Result<Self, FileError> {
        let leaves = at(profile.nodes());
        let tree_nodes = Tree::node_count(leaves);
        let scalars = 1 + 3 * tree_nodes + at(profile.layers) * leaves;
        let payload = file::read(path, FileKind::SealedSector, profile.id, 32 * scalars)?;
        if payload.len() != 32 * scalars {
            return Err(FileError::Length(path.to_owned()));
        }
        let content = || FileError::Content(path.to_owned());
        let values = scalars_of(&payload).ok_or_else(content)?;
        let replica_id = ReplicaId(scalar_to_bytes(&values[0]));
        let (trees, labels) = values[1..].split_at(3 * tree_nodes);
        let tree = |i: usize| {
            Tree::from_nodes(leaves, &trees[i * tree_nodes..(i + 1) * tree_nodes])
                .map_err(|_| content())
        };
        let labels = labels.chunks(leaves).map(<[Scalar]>::to_vec).collect();
        Ok(Self::from_parts(
            profile,
            replica_id,
            [tree(0)?, tree(1)?, tree(2)?],
            labels,
        ))
    }
}

/// A sector to seal: what, and where its auxiliary file is.
#[derive(Clone, Copy, Debug)]
pub struct SealJob<'a> {
    /// What the replica is unique by.
    pub replica_id: ReplicaId,
    /// What it holds.
    pub data: &'a SectorData,
    /// The auxiliary file.
    pub path: &'a Path,
}

impl SealJob<'_> {
    /// The sector that its file holds, if that is this sector.
    fn load(&self, profile: Profile) -> Option<SealedSector> {
        match SealedSector::load(profile, self.path) {
            Ok(sealed)
                if sealed.replica_id() == self.replica_id
                    && sealed.comm_d() == self.data.comm_d() =>
            {
                return Some(sealed);
            }
            Ok(_) => {
                tracing::info!(path = %self.path.display(), "file is of another sector: sealing")
            }
            Err(error) if error.is_not_found() => {}
            Err(error) => tracing::warn!(%error, "sealing again"),
        }
        None
    }
}

/// Loads each sector from its file, or seals it and saves it there; those to seal, side by side.
///
/// A file that is missing, damaged or of another sector is made again. One result per job, in order.
///
/// # Errors
/// [`StoreError`] of a job whose inputs do not fit together or whose result cannot be written.
pub fn seal_or_load_many(
    profile: Profile,
    jobs: &[SealJob],
) -> Vec<Result<SealedSector, StoreError>> {
    let results: Vec<_> = jobs
        .iter()
        .map(|job| {
            let fits = replica::key_seed(profile, &job.replica_id, job.data);
            fits.map(|_| job.load(profile)).map_err(StoreError::from)
        })
        .collect();
    let missing: Vec<_> = jobs
        .iter()
        .zip(&results)
        .filter(|(_, result)| matches!(result, Ok(None)))
        .map(|(job, _)| (job.replica_id, job.data))
        .collect();
    let mut sealed = replica::seal_many(profile, &missing).map(Vec::into_iter);
    jobs.iter()
        .zip(results)
        .map(|(job, result)| match result? {
            Some(loaded) => Ok(loaded),
            None => {
                let sealed = sealed.as_mut().map_err(|error| *error)?.next();
                let sealed = sealed.expect("one for each that is missing");
                sealed.save(job.path)?;
                Ok(sealed)
            }
        })
        .collect()
}

/// [`seal_or_load_many`] of one.
///
/// # Errors
/// [`StoreError`] if the inputs do not fit together or the result cannot be written.
pub fn seal_or_load(
    profile: Profile,
    replica_id: ReplicaId,
    data: &SectorData,
    path: &Path,
) -> Result<SealedSector, StoreError> {
    let job = SealJob {
        replica_id,
        data,
        path,
    };
    seal_or_load_many(profile, &[job]).swap_remove(0)
}

/// The scalars of a payload; `None` if one is not canonical.
pub(crate) fn scalars_of(payload: &[u8]) -> Option<Vec<Scalar>> {
    payload
        .chunks(32)
        .map(|bytes| scalar_from_bytes(&<[u8; 32]>::try_from(bytes).ok()?).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::tests::{sample_data, REPLICA_ID};
    use std::fs;

    #[test]
    fn a_restart_loads_what_was_sealed_and_repairs_what_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sector");
        let data = sample_data(Profile::TEST);
        let run = || seal_or_load(Profile::TEST, REPLICA_ID, &data, &path).unwrap();
        let sealed = run();
        let written = fs::metadata(&path).unwrap().modified().unwrap();
        assert_eq!(run(), sealed);
        assert_eq!(
            fs::metadata(&path).unwrap().modified().unwrap(),
            written,
            "not sealed again"
        );

        let good = fs::read(&path).unwrap();
        for at in [0, 16, 48, good.len() / 2, good.len() - 33, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 4;
            fs::write(&path, &bad).unwrap();
            assert!(SealedSector::load(Profile::TEST, &path).is_err());
        }
        assert_eq!(run(), sealed);
        assert_eq!(fs::read(&path).unwrap(), good);
    }

    #[test]
    fn one_of_many_may_fail_or_be_there_already() {
        let folder = tempfile::tempdir().unwrap();
        let data = sample_data(Profile::TEST);
        let paths: Vec<_> = (0..4).map(|i| folder.path().join(format!("{i}"))).collect();
        let ids = [
            ReplicaId([1; 32]),
            ReplicaId([2; 32]),
            ReplicaId([0xff; 32]),
            REPLICA_ID,
        ];
        let expected = seal_or_load(Profile::TEST, ids[1], &data, &paths[1]).unwrap();
        let missing = folder.path().join("no folder").join("sector");
        let jobs: Vec<_> = [&paths[0], &paths[1], &paths[2], &missing]
            .into_iter()
            .zip(ids)
            .map(|(path, replica_id)| SealJob {
                replica_id,
                data: &data,
                path,
            })
            .collect();
        let results = seal_or_load_many(Profile::TEST, &jobs);
        let first = replica::seal(Profile::TEST, ids[0], &data).unwrap();
        assert_eq!(results[0].as_ref().unwrap(), &first);
        assert_eq!(results[1].as_ref().unwrap(), &expected);
        assert!(matches!(
            results[2],
            Err(StoreError::Seal(SealError::ReplicaId(_)))
        ));
        assert!(matches!(results[3], Err(StoreError::File(_))));
        assert_eq!(SealedSector::load(Profile::TEST, &paths[0]).unwrap(), first);
    }

    #[test]
    fn a_file_of_another_sector_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sector");
        let data = sample_data(Profile::TEST);
        seal_or_load(Profile::TEST, REPLICA_ID, &data, &path).unwrap();
        let other = seal_or_load(Profile::TEST, ReplicaId([1; 32]), &data, &path).unwrap();
        assert_eq!(other.replica_id(), ReplicaId([1; 32]));
        assert!(SealedSector::load(Profile::DEV, &path).is_err());
    }
}
