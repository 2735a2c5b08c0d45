//! The base path: one process at a time, its keys, its status file.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use fs2::FileExt as _;
use ips_chain::{AccountSigner, KeyError};
use ips_swarm::{KeyFileError, NodeKey};

/// Why the base path cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another process has it.
    #[error("{0} is in use by another storage node; stop it or choose another --base-path")]
    InUse(PathBuf),
    /// Reading or writing failed.
    #[error("cannot use {path}: {source}; check the path and its permissions")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The worker key cannot be used.
    #[error(transparent)]
    Worker(#[from] KeyError),
    /// The network key cannot be used.
    #[error(transparent)]
    Network(#[from] KeyFileError),
}

/// A base path that belongs to this process until it is dropped.
#[derive(Debug)]
pub struct BasePath {
    path: PathBuf,
    /// Held open: the lock ends with it, also when the process is killed.
    _lock: fs::File,
}

impl BasePath {
    /// Makes the folder if needed and takes it.
    ///
    /// # Errors
    /// [`FolderError::InUse`] if another process has it.
    pub fn take(path: &Path) -> Result<Self, FolderError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| FolderError::Io { path, source }
        };
        let keys = path.join("keys");
        fs::create_dir_all(&keys).map_err(failed(&keys))?;
        let lock_path = path.join("lock");
        let lock = fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(failed(&lock_path))?;
        match lock.try_lock_exclusive() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(error) if error.kind() == fs2::lock_contended_error().kind() => {
                Err(FolderError::InUse(path.to_owned()))
            }
            Err(error) => Err(failed(&lock_path)(error)),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The hot key of the node; made at the first start.
    ///
    /// # Errors
    /// If it cannot be read or made.
    pub fn worker(&self) -> Result<AccountSigner, FolderError> {
        let path = self.path.join("keys").join("worker");
        let key = if path.exists() {
            AccountSigner::from_file(&path)
        } else {
            AccountSigner::generate(&path)
        };
        Ok(key?)
    }

    /// The node's name in the network; made at the first start.
    ///
    /// # Errors
    /// If it cannot be read or made.
    pub fn network_key(&self) -> Result<NodeKey, FolderError> {
        Ok(NodeKey::load_or_create(
            &self.path.join("keys").join("network"),
        )?)
    }

    /// Replaces `status.json`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_status(&self, json: &str) -> Result<(), FolderError> {
        let (part, path) = (
            self.path.join("status.json.part"),
            self.path.join("status.json"),
        );
        let written = fs::write(&part, json).and_then(|()| fs::rename(&part, &path));
        written.map_err(|source| FolderError::Io { path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_taker_is_told_that_the_folder_is_in_use() {
        let dir = tempfile::tempdir().unwrap();
        let first = BasePath::take(dir.path()).unwrap();
        assert!(matches!(
            BasePath::take(dir.path()),
            Err(FolderError::InUse(_))
        ));
        drop(first);
        BasePath::take(dir.path()).unwrap();
    }

    #[test]
    fn keys_are_made_once() {
        let dir = tempfile::tempdir().unwrap();
        let base = BasePath::take(dir.path()).unwrap();
        assert_eq!(
            base.worker().unwrap().account(),
            base.worker().unwrap().account()
        );
        let name = base.network_key().unwrap().peer_id();
        assert_eq!(base.network_key().unwrap().peer_id(), name);
    }
}
