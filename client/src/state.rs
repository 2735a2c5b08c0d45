//! What the tool keeps on disk.
//!
//! Layout below the state folder: `manifests/<file id>` (manifest bytes), `files/<file id>.json`
//! ([`FileRecord`]), `agreements.json` ([`Agreements`]), `staging/` (slots that wait for delivery),
//! `in-flight/` (the submitter's journal). Every file is there whole or not at all. Several processes may
//! use one folder. Losing it loses nothing that holders and key do not give back, but uploads that are not
//! finished.

mod disk;
mod uploads;

use std::{collections::BTreeMap, fs, path::PathBuf};

use ips_primitives::{
    fragment::Level,
    id::{AgreementId, FileId, OrderId},
};
use serde::{Deserialize, Serialize};

use crate::error::ClientError;
use disk::{read_json, write_json, write_whole, Lock};

pub(crate) use disk::{sync_folder, write_error};
pub(crate) use uploads::{Plan, Upload};

const VERSION: u8 = 1;

/// What is known of a file beyond its manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileRecord {
    version: u8,
    /// Its name at the customer's.
    pub(crate) name: String,
    pub(crate) length: u64,
    pub(crate) level: Level,
    /// Orders placed, by group.
    pub(crate) orders: Vec<OrderId>,
}

impl FileRecord {
    pub(crate) fn new(name: String, length: u64, level: Level) -> Self {
        Self {
            version: VERSION,
            name,
            length,
            level,
            orders: Vec::new(),
        }
    }
}

/// What was promised to one provider under an agreement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Promised {
    pub(crate) nonce: u64,
    pub(crate) cumulative_bytes: u64,
}

/// An open retrieval agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AgreementRecord {
    pub(crate) id: AgreementId,
    /// By provider, in hex.
    pub(crate) promised: BTreeMap<String, Promised>,
}

/// Open agreements by chain and order; a voucher that is not claimed yet is known only here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Agreements {
    version: u8,
    pub(crate) open: BTreeMap<String, AgreementRecord>,
}

impl Default for Agreements {
    fn default() -> Self {
        Self {
            version: VERSION,
            open: BTreeMap::new(),
        }
    }
}

/// The state folder.
#[derive(Clone, Debug)]
pub(crate) struct State {
    folder: PathBuf,
}

impl State {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(crate) fn journal_folder(&self) -> PathBuf {
        self.folder.join("in-flight")
    }

    pub(crate) fn manifest(&self, file: &FileId) -> Option<Vec<u8>> {
        fs::read(self.manifest_path(file)).ok()
    }

    pub(crate) fn put_manifest(&self, file: &FileId, bytes: &[u8]) -> Result<(), ClientError> {
        write_whole(&self.manifest_path(file), bytes)
    }

    pub(crate) fn record(&self, file: &FileId) -> Result<Option<FileRecord>, ClientError> {
        let path = self.record_path(file);
        let record: Option<FileRecord> = read_json(&path)?;
        match record {
            Some(record) if record.version != VERSION => Err(ClientError::State { path }),
            record => Ok(record),
        }
    }

    pub(crate) fn put_record(&self, file: &FileId, record: &FileRecord) -> Result<(), ClientError> {
        write_json(&self.record_path(file), record)
    }

    pub(crate) fn agreements(&self) -> Result<Agreements, ClientError> {
        let path = self.agreements_path();
        let found: Option<Agreements> = read_json(&path)?;
        match found {
            Some(agreements) if agreements.version != VERSION => Err(ClientError::State { path }),
            found => Ok(found.unwrap_or_default()),
        }
    }

    /// Changes the agreements while no other process does; they are on the disk when this returns.
    pub(crate) fn change_agreements<T>(
        &self,
        change: impl FnOnce(&mut Agreements) -> T,
    ) -> Result<T, ClientError> {
        let _lock = Lock::take(&self.folder.join("agreements.lock"))?;
        let mut agreements = self.agreements()?;
        let result = change(&mut agreements);
        write_json(&self.agreements_path(), &agreements)?;
        Ok(result)
    }

    fn manifest_path(&self, file: &FileId) -> PathBuf {
        self.folder.join("manifests").join(hex::encode(file.0))
    }

    fn record_path(&self, file: &FileId) -> PathBuf {
        self.folder
            .join("files")
            .join(format!("{}.json", hex::encode(file.0)))
    }

    fn agreements_path(&self) -> PathBuf {
        self.folder.join("agreements.json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileId = FileId([7; 32]);

    #[test]
    fn records_come_back_and_other_versions_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::new(folder.path().join("deep/state"));
        assert_eq!(state.record(&FILE).unwrap(), None);
        let mut record = FileRecord::new("a".into(), 5, Level::Half);
        record.orders.push(OrderId(3));
        state.put_record(&FILE, &record).unwrap();
        assert_eq!(state.record(&FILE).unwrap(), Some(record.clone()));
        record.version = 2;
        state.put_record(&FILE, &record).unwrap();
        assert!(matches!(
            state.record(&FILE),
            Err(ClientError::State { .. })
        ));
        fs::write(state.record_path(&FILE), b"{").unwrap();
        assert!(matches!(
            state.record(&FILE),
            Err(ClientError::State { .. })
        ));
    }

    #[test]
    fn agreements_remember_what_was_promised() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::new(folder.path().into());
        let promised = Promised {
            nonce: 2,
            cumulative_bytes: 9,
        };
        let record = AgreementRecord {
            id: AgreementId(1),
            promised: [("ab".to_owned(), promised)].into(),
        };
        let insert = |agreements: &mut Agreements| {
            agreements.open.insert("chain/4".into(), record.clone());
        };
        state.change_agreements(insert).unwrap();
        assert_eq!(state.agreements().unwrap().open["chain/4"], record);
    }

    #[test]
    fn changes_by_many_at_once_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let add = |turn: u64| {
            let state = State::new(folder.path().into());
            let change = |agreements: &mut Agreements| {
                let record = AgreementRecord {
                    id: AgreementId(turn),
                    promised: BTreeMap::new(),
                };
                agreements.open.insert(format!("chain/{turn}"), record);
            };
            state.change_agreements(change).unwrap();
        };
        std::thread::scope(|scope| {
            for turn in 0..8 {
                scope.spawn(move || add(turn));
            }
        });
        let state = State::new(folder.path().into());
        assert_eq!(state.agreements().unwrap().open.len(), 8);
    }
}
