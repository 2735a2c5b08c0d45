//! Slots that wait for delivery: one folder for each file.
//!
//! `staging/new-…/` is filled, brought to the disk, then renamed to `staging/<file id>/`: whatever has
//! a file's name is whole. It holds `upload.json` ([`Plan`]), `manifest`, `lock` and the slots. Folders of
//! runs that were killed while they encoded are removed by the next one.

use std::{
    fs,
    path::{Path, PathBuf},
};

use ips_primitives::{
    fragment::Level,
    id::{Balance, BlockNumber, FileId},
};
use serde::{Deserialize, Serialize};

use super::{
    disk::{read_json, sync_folder, write_error, write_json, write_whole, Lock},
    State,
};
use crate::error::ClientError;

const VERSION: u8 = 1;
const NEW_PREFIX: &str = "new-";
const LOCK: &str = "lock";
const PLAN: &str = "upload.json";
const MANIFEST: &str = "manifest";

/// What was decided before the orders are placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    version: u8,
    /// The file's name at the customer's.
    pub(crate) name: String,
    pub(crate) length: u64,
    pub(crate) level: Level,
    /// Highest price of 1 MiB for one block.
    pub(crate) price: Balance,
    pub(crate) duration: BlockNumber,
}

impl Plan {
    pub(crate) fn new(
        name: String,
        length: u64,
        level: Level,
        price: Balance,
        duration: BlockNumber,
    ) -> Self {
        Self {
            version: VERSION,
            name,
            length,
            level,
            price,
            duration,
        }
    }
}

/// A folder that is being filled; removed when dropped.
#[derive(Debug)]
pub(crate) struct NewUpload {
    folder: PathBuf,
    lock: Option<Lock>,
}

impl NewUpload {
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Gives the folder its file's name; the slots in it must be on the disk.
    pub(crate) fn name(
        mut self,
        state: &State,
        file: &FileId,
        plan: Plan,
        manifest: &[u8],
    ) -> Result<Upload, ClientError> {
        write_json(&self.folder.join(PLAN), &plan)?;
        write_whole(&self.folder.join(MANIFEST), manifest)?;
        let named = state.staging(file);
        if named.exists() {
            // The same bytes of a public file: whoever works on them says so, else they wait.
            Lock::try_take(&named.join(LOCK))?;
            return Err(ClientError::UploadWaits(hex::encode(file.0)));
        }
        fs::rename(&self.folder, &named).map_err(write_error(&named))?;
        sync_folder(&state.staging_folder())?;
        Ok(Upload {
            folder: named,
            plan,
            lock: self.lock.take(),
        })
    }
}

impl Drop for NewUpload {
    fn drop(&mut self) {
        if self.lock.is_some() {
            // What is left of a failed try has no name and no use.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// A file whose slots wait for delivery; no other process works on it meanwhile.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) folder: PathBuf,
    pub(crate) plan: Plan,
    lock: Option<Lock>,
}

impl Upload {
    /// Removes the slots: they are delivered, or given up.
    pub(crate) fn remove(mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(%error, "staging folder stays");
        }
        self.lock = None;
    }

    pub(crate) fn manifest(&self) -> Result<Vec<u8>, ClientError> {
        let path = self.folder.join(MANIFEST);
        fs::read(&path).map_err(|_| ClientError::State { path })
    }
}

impl State {
    fn staging_folder(&self) -> PathBuf {
        self.folder.join("staging")
    }

    /// Where a file's slots wait for delivery.
    pub(crate) fn staging(&self, file: &FileId) -> PathBuf {
        self.staging_folder().join(hex::encode(file.0))
    }

    /// A new folder for slots whose file has no id yet.
    pub(crate) fn new_upload(&self) -> Result<NewUpload, ClientError> {
        // A folder is dead if nobody holds its lock, so nobody may look before it is taken.
        let _door = Lock::take(&self.folder.join("uploads.lock"))?;
        self.remove_dead();
        let name = format!("{NEW_PREFIX}{:016x}", rand::random::<u64>());
        let folder = self.staging_folder().join(name);
        let lock = Some(Lock::try_take(&folder.join(LOCK))?);
        Ok(NewUpload { folder, lock })
    }

    /// Removes what killed runs have left; those that live hold their lock.
    fn remove_dead(&self) {
        for folder in folders(&self.staging_folder(), |name| name.starts_with(NEW_PREFIX)) {
            if folder.join(LOCK).exists() && Lock::try_take(&folder.join(LOCK)).is_ok() {
                let _ = fs::remove_dir_all(&folder);
            }
        }
    }

    /// Takes an unfinished upload up; `None` if there is none of the file.
    pub(crate) fn upload(&self, file: &FileId) -> Result<Option<Upload>, ClientError> {
        let folder = self.staging(file);
        if !folder.is_dir() {
            return Ok(None);
        }
        let lock = Some(Lock::try_take(&folder.join(LOCK))?);
        let plan = plan_in(&folder)?;
        Ok(Some(Upload { folder, plan, lock }))
    }

    /// Every unfinished upload, by file, in the order of their ids.
    pub(crate) fn uploads(&self) -> Result<Vec<(FileId, Plan)>, ClientError> {
        let mut found = Vec::new();
        for folder in folders(&self.staging_folder(), |name| file_of(name).is_some()) {
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            if let Some(file) = file_of(&name) {
                found.push((file, plan_in(&folder)?));
            }
        }
        found.sort_by_key(|(file, _)| file.0);
        Ok(found)
    }
}

fn plan_in(folder: &Path) -> Result<Plan, ClientError> {
    let path = folder.join(PLAN);
    match read_json::<Plan>(&path)? {
        Some(plan) if plan.version == VERSION => Ok(plan),
        _ => Err(ClientError::State { path }),
    }
}

fn file_of(name: &str) -> Option<FileId> {
    let bytes: [u8; 32] = hex::decode(name).ok()?.try_into().ok()?;
    Some(FileId(bytes))
}

/// Folders with a name that `wanted` accepts.
fn folders(parent: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    let named = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.is_dir() && wanted(&name)
    };
    entries
        .flatten()
        .map(|entry| entry.path())
        .filter(named)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileId = FileId([7; 32]);

    fn state() -> (tempfile::TempDir, State) {
        let folder = tempfile::tempdir().unwrap();
        let state = State::new(folder.path().join("deep/state"));
        (folder, state)
    }

    fn plan() -> Plan {
        Plan::new("a".into(), 5, Level::Half, 9, 100)
    }

    fn count(state: &State) -> usize {
        fs::read_dir(state.staging_folder()).unwrap().count()
    }

    #[test]
    fn upload_waits_under_its_files_name_until_it_is_removed() {
        let (_folder, state) = state();
        assert!(state.uploads().unwrap().is_empty());
        assert!(state.upload(&FILE).unwrap().is_none());
        let new = state.new_upload().unwrap();
        fs::write(new.folder().join("0-0.slot"), b"x").unwrap();
        let upload = new.name(&state, &FILE, plan(), b"manifest").unwrap();
        assert_eq!(state.uploads().unwrap(), [(FILE, plan())]);
        drop(upload);
        let taken = state.upload(&FILE).unwrap().unwrap();
        assert_eq!(taken.plan, plan());
        assert_eq!(taken.manifest().unwrap(), b"manifest");
        assert_eq!(fs::read(taken.folder.join("0-0.slot")).unwrap(), b"x");
        taken.remove();
        assert!(state.uploads().unwrap().is_empty());
    }

    #[test]
    fn one_process_works_on_an_upload() {
        let (_folder, state) = state();
        let new = state.new_upload().unwrap();
        let upload = new.name(&state, &FILE, plan(), b"m").unwrap();
        assert!(matches!(state.upload(&FILE), Err(ClientError::Busy { .. })));
        assert!(state.uploads().is_ok(), "looking is always allowed");
        let again = state.new_upload().unwrap();
        let refused = again.name(&state, &FILE, plan(), b"m");
        assert!(matches!(refused, Err(ClientError::Busy { .. })));
        drop(upload);
        let again = state.new_upload().unwrap();
        let refused = again.name(&state, &FILE, plan(), b"m");
        assert!(matches!(refused, Err(ClientError::UploadWaits(_))));
        assert_eq!(count(&state), 1, "the second try left nothing");
    }

    #[test]
    fn what_a_killed_run_left_is_removed_and_what_lives_stays() {
        let (_folder, state) = state();
        let living = state.new_upload().unwrap();
        let dead = state.staging_folder().join("new-dead");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join(LOCK), b"").unwrap();
        fs::write(dead.join("0-0.slot"), b"x").unwrap();
        let next = state.new_upload().unwrap();
        assert!(!dead.exists());
        assert_eq!(count(&state), 2);
        drop((living, next));
        assert_eq!(count(&state), 0);
    }

    #[test]
    fn plans_of_another_version_are_refused() {
        let (_folder, state) = state();
        let mut other = plan();
        other.version = 2;
        let new = state.new_upload().unwrap();
        drop(new.name(&state, &FILE, other, b"m").unwrap());
        assert!(matches!(
            state.upload(&FILE),
            Err(ClientError::State { .. })
        ));
        assert!(matches!(state.uploads(), Err(ClientError::State { .. })));
    }
}
