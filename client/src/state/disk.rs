//! Files that survive a power cut, and locks between processes.
//!
//! A file is written beside its place, brought to the disk, then renamed; its folder is brought to
//! the disk last. Locks belong to the process: the system frees them however it ends.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::{de::DeserializeOwned, Serialize};

use crate::error::ClientError;

/// Longest JSON file that is read.
const JSON_BYTES_MAX: u64 = 16 << 20;

/// Turns a system's error into ours, naming the path.
pub(crate) fn write_error(path: &Path) -> impl FnOnce(io::Error) -> ClientError + '_ {
    move |source| ClientError::Write {
        path: path.into(),
        source,
    }
}

pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, ClientError> {
    let unreadable = || ClientError::State { path: path.into() };
    let failed = |source| ClientError::Read {
        path: path.into(),
        source,
    };
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(failed(source)),
        Ok(meta) if meta.len() > JSON_BYTES_MAX => return Err(unreadable()),
        Ok(_) => {}
    }
    let bytes = fs::read(path).map_err(failed)?;
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|_| unreadable())
}

pub(super) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), ClientError> {
    let bytes = serde_json::to_vec_pretty(value)
        .map_err(|error| write_error(path)(io::Error::other(error)))?;
    write_whole(path, &bytes)
}

/// Writes a file so that it is there whole or not at all, whatever happens.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ClientError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(write_error(folder))?;
    let beside = path.with_extension(format!("new-{:016x}", rand::random::<u64>()));
    let written = write_synced(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    if let Err(source) = written {
        // What is left of it has no use.
        let _ = fs::remove_file(&beside);
        return Err(write_error(path)(source));
    }
    sync_folder(folder)
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Brings names in a folder to the disk.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), ClientError> {
    // Only unix lets a folder be opened; elsewhere the system orders these writes itself.
    #[cfg(unix)]
    File::open(folder)
        .and_then(|file| file.sync_all())
        .map_err(write_error(folder))?;
    Ok(())
}

/// A lock file that this process holds until the value is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    fn open(path: &Path) -> Result<File, ClientError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(write_error(folder))?;
        }
        let mut options = fs::OpenOptions::new();
        options.create(true).truncate(false).write(true);
        options.open(path).map_err(write_error(path))
    }

    /// Takes a lock, or says who waits for whom.
    pub(crate) fn try_take(path: &Path) -> Result<Self, ClientError> {
        let file = Self::open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(ClientError::Busy {
                path: PathBuf::from(path.parent().unwrap_or(path)),
            }),
            Err(TryLockError::Error(source)) => Err(write_error(path)(source)),
        }
    }

    /// Waits for a lock that others hold for moments only.
    pub(crate) fn take(path: &Path) -> Result<Self, ClientError> {
        let file = Self::open(path)?;
        file.lock().map_err(write_error(path))?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_replaced_whole_and_leave_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/file.json");
        for value in [1u32, 2] {
            write_json(&path, &value).unwrap();
            assert_eq!(read_json(&path).unwrap(), Some(value));
        }
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        let blocked = folder.path().join("blocked");
        fs::create_dir(&blocked).unwrap();
        fs::write(blocked.join("x"), b"").unwrap();
        let refused = write_whole(&blocked, b"y");
        assert!(matches!(refused, Err(ClientError::Write { path, .. }) if path == blocked));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn lock_is_held_by_one_and_free_after_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("upload/lock");
        let held = Lock::try_take(&path).unwrap();
        let busy = Lock::try_take(&path).unwrap_err();
        assert!(matches!(&busy, ClientError::Busy { path } if path.ends_with("upload")));
        assert!(busy.to_string().contains("wait for its end"));
        drop(held);
        assert!(Lock::take(&path).is_ok());
    }
}
