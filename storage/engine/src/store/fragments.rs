//! Content-addressed files: written beside, synced, renamed; checked after every read.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use ips_primitives::{
    hash::sha2_256,
    id::{FileId, FragmentId},
};

use super::StoreError;

pub(super) struct FragmentFiles {
    fragments: PathBuf,
    manifests: PathBuf,
    tmp: PathBuf,
    /// Makes names of unfinished files unique.
    counter: AtomicU64,
}

impl FragmentFiles {
    pub(super) fn open(base: &Path) -> Result<Self, StoreError> {
        let files = Self {
            fragments: base.join("fragments"),
            manifests: base.join("manifests"),
            tmp: base.join("tmp"),
            counter: AtomicU64::new(0),
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

    /// Whether a file of that length is there. It was renamed whole, so it was written whole.
    pub(super) fn has(&self, id: FragmentId, bytes: u64) -> bool {
        fs::metadata(self.path_of(id)).is_ok_and(|meta| meta.is_file() && meta.len() == bytes)
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
        if !folder.exists() {
            self.make_folder(folder)?;
        }
        fs::rename(part, path).map_err(StoreError::io(path))?;
        sync_folder(folder)
    }

    /// A new folder must itself be durable before a file in it is.
    fn make_folder(&self, folder: &Path) -> Result<(), StoreError> {
        fs::create_dir_all(folder).map_err(StoreError::io(folder))?;
        let mut above = folder.parent();
        while let Some(parent) = above.filter(|parent| parent.starts_with(&self.fragments)) {
            sync_folder(parent)?;
            above = parent.parent();
        }
        Ok(())
    }
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

fn sync_folder(folder: &Path) -> Result<(), StoreError> {
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
