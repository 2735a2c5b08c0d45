//! What the tool keeps on disk.
//!
//! Layout below the state folder: `manifests/<file id>` (manifest bytes), `files/<file id>.json`
//! ([`FileRecord`]), `agreements.json` ([`Agreements`]), `staging/<file id>/` (slots that wait for
//! delivery), `in-flight/` (the submitter's journal). A file is written beside its place, then
//! renamed. Losing the folder loses nothing that holders and key do not give back.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use ips_primitives::{
    fragment::Level,
    id::{AgreementId, FileId, OrderId},
};
use serde::{de::DeserializeOwned, Deserialize, Serialize};

use crate::error::ClientError;

const VERSION: u8 = 1;
/// Longest JSON file that is read.
const JSON_BYTES_MAX: u64 = 16 << 20;

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

    /// Where a file's slots wait for delivery.
    pub(crate) fn staging(&self, file: &FileId) -> PathBuf {
        self.folder.join("staging").join(hex::encode(file.0))
    }

    /// A new folder for slots whose file has no id yet.
    pub(crate) fn new_staging(&self) -> Result<PathBuf, ClientError> {
        let folder = self
            .folder
            .join("staging")
            .join(format!("new-{:016x}", rand::random::<u64>()));
        fs::create_dir_all(&folder).map_err(write_error(&folder))?;
        Ok(folder)
    }

    /// Gives staged slots their file's name.
    pub(crate) fn name_staging(&self, made: &Path, file: &FileId) -> Result<PathBuf, ClientError> {
        let named = self.staging(file);
        fs::rename(made, &named).map_err(write_error(&named))?;
        Ok(named)
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

    pub(crate) fn put_agreements(&self, agreements: &Agreements) -> Result<(), ClientError> {
        write_json(&self.agreements_path(), agreements)
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

/// Turns a system's error into ours, naming the path.
pub(crate) fn write_error(path: &Path) -> impl FnOnce(io::Error) -> ClientError + '_ {
    move |source| ClientError::Write {
        path: path.into(),
        source,
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, ClientError> {
    let unreadable = || ClientError::State { path: path.into() };
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(ClientError::Read {
                path: path.into(),
                source,
            })
        }
        Ok(meta) if meta.len() > JSON_BYTES_MAX => return Err(unreadable()),
        Ok(_) => {}
    }
    let bytes = fs::read(path).map_err(|source| ClientError::Read {
        path: path.into(),
        source,
    })?;
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|_| unreadable())
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), ClientError> {
    let bytes = serde_json::to_vec_pretty(value)
        .map_err(|error| write_error(path)(io::Error::other(error)))?;
    write_whole(path, &bytes)
}

fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ClientError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(write_error(folder))?;
    }
    let beside = path.with_extension(format!("new-{:016x}", rand::random::<u64>()));
    fs::write(&beside, bytes).map_err(write_error(&beside))?;
    fs::rename(&beside, path).map_err(write_error(path))
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
        let mut agreements = state.agreements().unwrap();
        let promised = Promised {
            nonce: 2,
            cumulative_bytes: 9,
        };
        let record = AgreementRecord {
            id: AgreementId(1),
            promised: [("ab".to_owned(), promised)].into(),
        };
        agreements.open.insert("chain/4".into(), record);
        state.put_agreements(&agreements).unwrap();
        assert_eq!(state.agreements().unwrap(), agreements);
    }

    #[test]
    fn staging_is_renamed_to_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::new(folder.path().into());
        let made = state.new_staging().unwrap();
        fs::write(made.join("0-0.slot"), b"x").unwrap();
        let named = state.name_staging(&made, &FILE).unwrap();
        assert_eq!(named, state.staging(&FILE));
        assert_eq!(fs::read(named.join("0-0.slot")).unwrap(), b"x");
    }
}
