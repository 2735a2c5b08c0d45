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

/// Loads the sector of `replica_id` and `data` from `path`, or seals it and saves it there.
///
/// A file that is missing, damaged or of another sector is made again.
///
/// # Errors
/// [`StoreError`] if the inputs do not fit together or the result cannot be written.
pub fn seal_or_load(
    profile: Profile,
    replica_id: ReplicaId,
    data: &SectorData,
    path: &Path,
) -> Result<SealedSector, StoreError> {
    match SealedSector::load(profile, path) {
        Ok(sealed) if sealed.replica_id() == replica_id && sealed.comm_d() == data.comm_d() => {
            return Ok(sealed);
        }
        Ok(_) => tracing::info!(path = %path.display(), "file is of another sector: sealing"),
        Err(error) if error.is_not_found() => {}
        Err(error) => tracing::warn!(%error, "sealing again"),
    }
    let sealed = replica::seal(profile, replica_id, data)?;
    sealed.save(path)?;
    Ok(sealed)
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
