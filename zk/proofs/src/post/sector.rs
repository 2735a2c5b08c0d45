//! What a storage proof needs of a sector: `comm_c` and tree R. Everything else may be dropped.

use std::path::Path;

use blstrs::Scalar;
use ips_primitives::sector::{CommR, Profile};

use crate::{
    agreed::comm_r,
    file::{self, FileError, FileKind},
    scalar::{at, scalar_to_bytes},
    seal::scalars_of,
    tree::Tree,
};

/// A sector that can be proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostSector {
    profile: Profile,
    comm_c: Scalar,
    tree_r: Tree,
}

impl PostSector {
    pub(crate) fn new(profile: Profile, comm_c: Scalar, tree_r: Tree) -> Self {
        Self {
            profile,
            comm_c,
            tree_r,
        }
    }

    /// The profile.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// The sector's commitment on chain.
    pub fn comm_r(&self) -> CommR {
        CommR(scalar_to_bytes(&comm_r(self.comm_c, self.tree_r.root())))
    }

    pub(super) fn comm_c(&self) -> Scalar {
        self.comm_c
    }

    pub(super) fn tree_r(&self) -> &Tree {
        &self.tree_r
    }

    /// Writes the sector's proving file, atomically.
    ///
    /// # Errors
    /// [`FileError::Io`] if the file system refuses.
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        let scalars = std::iter::once(&self.comm_c).chain(self.tree_r.nodes());
        let payload: Vec<u8> = scalars.flat_map(scalar_to_bytes).collect();
        file::write(path, FileKind::PostSector, self.profile.id, &payload)
    }

    /// Reads a proving file of `profile`.
    ///
    /// # Errors
    /// [`FileError`] if it is missing, of another kind or profile, cut, or has a changed bit.
    pub fn load(profile: Profile, path: &Path) -> Result<Self, FileError> {
        let leaves = at(profile.nodes());
        let limit = 32 * (1 + Tree::node_count(leaves));
        let payload = file::read(path, FileKind::PostSector, profile.id, limit)?;
        if payload.len() != limit {
            return Err(FileError::Length(path.to_owned()));
        }
        let content = || FileError::Content(path.to_owned());
        let values = scalars_of(&payload).ok_or_else(content)?;
        let tree_r = Tree::from_nodes(leaves, &values[1..]).map_err(|_| content())?;
        Ok(Self {
            profile,
            comm_c: values[0],
            tree_r,
        })
    }
}
