//! Content-addressed files: written beside, synced, renamed; checked after every read.

use std::{
    collections::HashSet,
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicU64, Ordering},
        Mutex, PoisonError,
    },
};

use ips_primitives::{
    hash::sha2_256,
    id::{FileId, FragmentId},
};

use super::{index::Index, StoreError};

/// Names looked up at once while unneeded files are sought.
const SWEEP_BATCH: usize = 1024;

pub(super) struct FragmentFiles {
    fragments: PathBuf,
    manifests: PathBuf,
    tmp: PathBuf,
    /// Makes names of unfinished files unique.
    counter: AtomicU64,
    /// Folders that are known to be durable themselves.
    durable: Mutex<HashSet<PathBuf>>,
}

impl FragmentFiles {
    pub(super) fn open(base: &Path) -> Result<Self, StoreError> {
        let files = Self {
            fragments: base.join("fragments"),
            manifests: base.join("manifests"),
            tmp: base.join("tmp"),
            counter: AtomicU64::new(0),
            durable: Mutex::default(),
        };
        if files.tmp.exists() {
            fs::remove_dir_all(&files.tmp).map_err(StoreError::io(&files.tmp))?;
        }
        for folder in [&files.fragments, &files.manifests, &files.tmp] {
            fs::create_dir_all(folder).map_err(StoreError::io(folder))?;
        }
        sync_folder(base)?;
        Ok(files)
    }

    fn path_of(&self, id: FragmentId) -> PathBuf {
        let name = hex(&id.0);
        self.fragments.join(&name[..2]).join(&name[2..4]).join(name)
    }

    fn manifest_path(&self, file: FileId) -> PathBuf {
        self.manifests.join(hex(&file.0))
    }

    /// Whether the fragment is there and whole.
    pub(super) fn has(&self, id: FragmentId) -> Result<bool, StoreError> {
        match self.read(id) {
            Ok(found) => Ok(found.is_some()),
            Err(StoreError::Corrupt) => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) fn write(&self, id: FragmentId, bytes: &[u8]) -> Result<(), StoreError> {
        if sha2_256(&[bytes]) != id.0 {
            return Err(StoreError::Corrupt);
        }
        self.write_file(&self.path_of(id), bytes)
    }

    pub(super) fn read(&self, id: FragmentId) -> Result<Option<Vec<u8>>, StoreError> {
        read_checked(&self.path_of(id), &id.0)
    }

    pub(super) fn remove(&self, id: FragmentId) -> Result<(), StoreError> {
        remove_file(&self.path_of(id))
    }

    pub(super) fn write_manifest(&self, file: FileId, bytes: &[u8]) -> Result<(), StoreError> {
        if sha2_256(&[bytes]) != file.0 {
            return Err(StoreError::Corrupt);
        }
        self.write_file(&self.manifest_path(file), bytes)
    }

    pub(super) fn read_manifest(&self, file: FileId) -> Result<Option<Vec<u8>>, StoreError> {
        read_checked(&self.manifest_path(file), &file.0)
    }

    pub(super) fn remove_manifest(&self, file: FileId) -> Result<(), StoreError> {
        remove_file(&self.manifest_path(file))
    }

    fn write_file(&self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let count = self.counter.fetch_add(1, Ordering::Relaxed);
        let part = self.tmp.join(format!("{count}.part"));
        let written = self.write_part(&part, path, bytes);
        if written.is_err() {
            // Best effort: what is left in tmp is removed at the next start.
            let _ = fs::remove_file(&part);
        }
        written
    }

    fn write_part(&self, part: &Path, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let mut file = fs::File::create(part).map_err(StoreError::io(part))?;
        file.write_all(bytes).map_err(StoreError::io(part))?;
        file.sync_all().map_err(StoreError::io(part))?;
        let folder = path.parent().unwrap_or(path);
        self.make_folder(folder)?;
        fs::rename(part, path).map_err(StoreError::io(path))?;
        sync_folder(folder)
    }

    /// A new folder must itself be durable before a file in it is, whoever made it.
    fn make_folder(&self, folder: &Path) -> Result<(), StoreError> {
        // Names in a set are as good as before after a panic.
        let mut durable = self.durable.lock().unwrap_or_else(PoisonError::into_inner);
        if durable.contains(folder) {
            return Ok(());
        }
        fs::create_dir_all(folder).map_err(StoreError::io(folder))?;
        let mut above = folder.parent();
        while let Some(parent) = above.filter(|parent| parent.starts_with(&self.fragments)) {
            sync_folder(parent)?;
            above = parent.parent();
        }
        durable.insert(folder.to_owned());
        Ok(())
    }

    /// Deletes files that no slot needs: a kill between two steps leaves them.
    pub(super) fn sweep(&self, index: &Index) -> Result<(), StoreError> {
        let mut removed = 0_usize;
        for first in entries(&self.fragments)? {
            for second in entries(&first)? {
                for batch in names(&second)?.chunks(SWEEP_BATCH) {
                    let ids = batch.iter().copied().map(FragmentId).collect();
                    for id in index.unneeded_fragments(ids)? {
                        self.remove(id)?;
                        removed += 1;
                    }
                }
            }
        }
        for batch in names(&self.manifests)?.chunks(SWEEP_BATCH) {
            let files = batch.iter().copied().map(FileId).collect();
            for file in index.unneeded_manifests(files)? {
                self.remove_manifest(file)?;
                removed += 1;
            }
        }
        if removed > 0 {
            tracing::info!(removed, "files that no slot needs were deleted");
        }
        Ok(())
    }

    /// Whether there is any fragment.
    pub(super) fn is_empty(&self) -> Result<bool, StoreError> {
        Ok(entries(&self.fragments)?.is_empty())
    }
}

/// What is in a folder; nothing if it is a file.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let listed = fs::read_dir(folder).map_err(StoreError::io(folder))?;
    listed
        .map(|entry| Ok(entry.map_err(StoreError::io(folder))?.path()))
        .collect()
}

/// Hashes that are names of files in a folder; other names are not ours and stay.
fn names(folder: &Path) -> Result<Vec<[u8; 32]>, StoreError> {
    let found = entries(folder)?;
    Ok(found
        .iter()
        .filter_map(|path| unhex(path.file_name()?.to_str()?))
        .collect())
}

fn read_checked(path: &Path, hash: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(path) {
        Ok(bytes) if sha2_256(&[&bytes]) == *hash => Ok(Some(bytes)),
        Ok(_) => Err(StoreError::Corrupt),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io(path)(error)),
    }
}

fn remove_file(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StoreError::io(path)(error)),
    }
}

pub(super) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    fs::File::open(folder)
        .and_then(|open| open.sync_all())
        .map_err(StoreError::io(folder))
}

fn hex(bytes: &[u8; 32]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_read_back() {
        let id = [0xa7; 32];
        assert_eq!(unhex(&hex(&id)), Some(id));
        for bad in ["", "zz", &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(unhex(bad), None);
        }
    }
}
