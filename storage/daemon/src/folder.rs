//! The base path: one process at a time, one chain for ever, its keys, its status file.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use fs2::FileExt as _;
use ips_chain::{AccountSigner, KeyError};
use ips_primitives::id::Genesis;
use ips_swarm::{KeyFileError, NodeKey};

/// Holds the genesis hash of the base path's chain, in hex.
const GENESIS_FILE: &str = "genesis";
const LOCK_FILE: &str = "lock";
const STATUS_FILE: &str = "status.json";
/// No status is larger; a larger file is not ours.
const STATUS_BYTES_MAX: u64 = 64 << 20;

/// Why the base path cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another process has it.
    #[error("{0} is in use by another storage node; stop it or choose another --base-path")]
    InUse(PathBuf),
    /// It holds the slots and keys of a node of another chain.
    #[error(
        "{path} belongs to the chain with genesis 0x{found}, but the node at --rpc serves 0x{expected}; \
         give the RPC of the right chain, or choose another --base-path"
    )]
    OtherChain {
        /// The base path.
        path: PathBuf,
        /// The chain's genesis hash, in hex.
        expected: String,
        /// What the base path says.
        found: String,
    },
    /// More is offered than there is.
    #[error(
        "--capacity is {wanted} bytes, but only {free} are free at {path}; lower --capacity or choose \
         another --base-path"
    )]
    NoSpace {
        /// The base path.
        path: PathBuf,
        /// What is offered.
        wanted: u64,
        /// What there is.
        free: u64,
    },
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
        let keys = path.join("keys");
        fs::create_dir_all(&keys).map_err(failed(&keys))?;
        let lock_path = path.join(LOCK_FILE);
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

    /// Ties the base path to the chain for ever; the first start also checks that the offer fits the
    /// disk. Later starts do not: the engine takes no slot that does not fit.
    ///
    /// # Errors
    /// [`FolderError::OtherChain`], [`FolderError::NoSpace`], or a file that cannot be used.
    pub fn bind(&self, genesis: Genesis, capacity_bytes: u64) -> Result<(), FolderError> {
        let file = self.path.join(GENESIS_FILE);
        let expected = hex::encode(genesis.0);
        match fs::read_to_string(&file) {
            Ok(found) if found.trim() == expected => Ok(()),
            Ok(found) => Err(FolderError::OtherChain {
                path: self.path.clone(),
                expected,
                found: found.trim().chars().take(64).collect(),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let free = fs2::available_space(&self.path).map_err(failed(&self.path))?;
                if free < capacity_bytes {
                    return Err(FolderError::NoSpace {
                        path: self.path.clone(),
                        wanted: capacity_bytes,
                        free,
                    });
                }
                replace(&file, &expected)
            }
            Err(error) => Err(failed(&file)(error)),
        }
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
        replace(&self.path.join(STATUS_FILE), json)
    }
}

/// What a base path tells without being taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StatusFile {
    /// The last status, as JSON.
    pub(crate) json: String,
    /// How long ago it was written.
    pub(crate) age: Duration,
    /// Whether a process has the base path now.
    pub(crate) is_running: bool,
}

/// Reads the last status of the node in a base path, running or not.
///
/// # Errors
/// If there is none, or it cannot be read.
pub(crate) fn read_status(path: &Path) -> Result<StatusFile, FolderError> {
    let file = path.join(STATUS_FILE);
    let meta = fs::metadata(&file).map_err(failed(&file))?;
    if meta.len() > STATUS_BYTES_MAX {
        return Err(failed(&file)(io::ErrorKind::InvalidData.into()));
    }
    let json = fs::read_to_string(&file).map_err(failed(&file))?;
    let written = meta.modified().map_err(failed(&file))?;
    let lock_path = path.join(LOCK_FILE);
    let lock = fs::File::open(&lock_path).map_err(failed(&lock_path))?;
    // Shared: a node that starts right now may find the path in use for a moment, no longer.
    let is_running = fs2::FileExt::try_lock_shared(&lock).is_err();
    Ok(StatusFile {
        json,
        // A clock that was set back makes it look new.
        age: written.elapsed().unwrap_or_default(),
        is_running,
    })
}

fn failed(path: &Path) -> impl Fn(io::Error) -> FolderError + '_ {
    |source| FolderError::Io {
        path: path.to_owned(),
        source,
    }
}

/// Written beside, made durable and renamed: never half a file.
fn replace(path: &Path, text: &str) -> Result<(), FolderError> {
    let part = path.with_extension("part");
    let written = fs::File::create(&part).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&part, path)
    });
    written.map_err(failed(path))
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
    fn a_folder_stays_with_its_chain() {
        let dir = tempfile::tempdir().unwrap();
        let base = BasePath::take(dir.path()).unwrap();
        let (first, other) = (Genesis([1; 32]), Genesis([2; 32]));
        let vast = base.bind(first, u64::MAX);
        assert!(matches!(vast, Err(FolderError::NoSpace { .. })), "{vast:?}");
        base.bind(other, 0).unwrap();
        let refused = base.bind(first, 0);
        let Err(FolderError::OtherChain {
            expected, found, ..
        }) = refused
        else {
            panic!("{refused:?}");
        };
        assert_eq!(
            (expected, found),
            (hex::encode([1; 32]), hex::encode([2; 32]))
        );
        // The disk may have filled up since: that is the engine's business.
        base.bind(other, u64::MAX).unwrap();
    }

    #[test]
    fn status_tells_whether_the_node_runs() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(
            read_status(dir.path()),
            Err(FolderError::Io { .. })
        ));
        let base = BasePath::take(dir.path()).unwrap();
        base.write_status("{}").unwrap();
        let status = read_status(dir.path()).unwrap();
        assert!(status.is_running && status.json == "{}");
        drop(base);
        assert!(!read_status(dir.path()).unwrap().is_running);
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
