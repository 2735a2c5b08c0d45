//! Extrinsics in flight, on disk: a restart knows what it has sent.
//!
//! Format: redb table `pending/1`, key = nonce, value = SCALE of [`Pending`] after a version byte.

use std::{fs, io, path::Path};

use codec::{Decode, Encode};
use ips_primitives::id::BlockNumber;
use redb::{backends::InMemoryBackend, Database, ReadableTable, TableDefinition};

const PENDING: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("pending/1");
const VERSION: u8 = 2;
/// Most records that are read back: twice what can be in flight.
const RECORDS_MAX: usize = 32;

/// An extrinsic that may be on its way.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Pending {
    pub(crate) nonce: u32,
    /// Label of the call.
    pub(crate) label: String,
    /// Pallet index, call index, arguments.
    pub(crate) call: Vec<u8>,
    /// The signed extrinsic.
    pub(crate) extrinsic: Vec<u8>,
    /// Its hash.
    pub(crate) hash: [u8; 32],
    /// Hashes of former builds with the same nonce, of which one may still be included instead.
    pub(crate) earlier: Vec<[u8; 32]>,
    /// Block its mortality counts from.
    pub(crate) born_at: BlockNumber,
    /// Block that the first of its builds counts from: it is in no block before.
    pub(crate) since: BlockNumber,
}

impl Pending {
    /// Whether an extrinsic's hash is one of this call's.
    pub(crate) fn is(&self, hash: &[u8; 32]) -> bool {
        self.hash == *hash || self.earlier.contains(hash)
    }
}

/// Why the journal can not be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalError {
    /// Another process has it open.
    #[error("the journal is open in another process")]
    Busy,
    /// The disk or the file.
    #[error("journal: {0}")]
    Storage(Box<redb::Error>),
}

/// The records of one account.
pub(crate) struct Journal {
    database: Database,
}

macro_rules! from_redb {
    ($($error:ty),+) => {
        $(impl From<$error> for JournalError {
            fn from(error: $error) -> Self {
                Self::Storage(Box::new(error.into()))
            }
        })+
    };
}
from_redb!(
    redb::TransactionError,
    redb::TableError,
    redb::StorageError,
    redb::CommitError
);

impl Journal {
    /// Opens or makes the file.
    pub(crate) fn open(path: &Path) -> Result<Self, JournalError> {
        create_whole(path).map_err(|error| JournalError::Storage(Box::new(error)))?;
        match Database::open(path) {
            Ok(database) => Self::with(database),
            Err(redb::DatabaseError::DatabaseAlreadyOpen) => Err(JournalError::Busy),
            Err(error) => Err(JournalError::Storage(Box::new(error.into()))),
        }
    }

    /// A journal that is forgotten with the process.
    pub(crate) fn in_memory() -> Result<Self, JournalError> {
        let database = Database::builder()
            .create_with_backend(InMemoryBackend::new())
            .map_err(|error| JournalError::Storage(Box::new(error.into())))?;
        Self::with(database)
    }

    fn with(database: Database) -> Result<Self, JournalError> {
        let transaction = database.begin_write()?;
        transaction.open_table(PENDING)?;
        transaction.commit()?;
        Ok(Self { database })
    }

    /// Writes a record; replaces the one of the same nonce.
    pub(crate) fn put(&self, pending: &Pending) -> Result<(), JournalError> {
        let mut bytes = vec![VERSION];
        pending.encode_to(&mut bytes);
        let transaction = self.database.begin_write()?;
        transaction
            .open_table(PENDING)?
            .insert(pending.nonce, bytes.as_slice())?;
        transaction.commit()?;
        Ok(())
    }

    /// Removes the record of a nonce, if it is still that extrinsic's.
    pub(crate) fn remove(&self, pending: &Pending) -> Result<(), JournalError> {
        let transaction = self.database.begin_write()?;
        {
            let mut table = transaction.open_table(PENDING)?;
            let same = table
                .get(pending.nonce)?
                .and_then(|bytes| decode(bytes.value()))
                .is_some_and(|found| found.hash == pending.hash);
            if same {
                table.remove(pending.nonce)?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// All records that can be read, ascending by nonce.
    pub(crate) fn all(&self) -> Result<Vec<Pending>, JournalError> {
        let transaction = self.database.begin_read()?;
        let table = transaction.open_table(PENDING)?;
        let mut records = Vec::new();
        for record in table.iter()?.take(RECORDS_MAX) {
            let (nonce, bytes) = record?;
            match decode(bytes.value()) {
                Some(pending) => records.push(pending),
                None => tracing::warn!(nonce = nonce.value(), "unreadable journal record ignored"),
            }
        }
        Ok(records)
    }
}

/// Makes an empty database if there is none. redb cannot open one whose making was cut short by a kill, so
/// it is made beside and renamed.
fn create_whole(path: &Path) -> Result<(), redb::Error> {
    if path.try_exists()? {
        return Ok(());
    }
    let beside = path.with_extension("new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    drop(Database::create(&beside)?);
    fs::rename(&beside, path)?;
    fs::File::open(path.parent().unwrap_or(path))?.sync_all()?;
    Ok(())
}

fn decode(bytes: &[u8]) -> Option<Pending> {
    let (version, mut rest) = bytes.split_first()?;
    if *version != VERSION {
        return None;
    }
    Pending::decode(&mut rest).ok().filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(nonce: u32, hash: u8) -> Pending {
        Pending {
            nonce,
            label: "porep.recover".into(),
            call: vec![1, 2, 3],
            extrinsic: vec![4; 100],
            hash: [hash; 32],
            earlier: vec![[9; 32]],
            born_at: 7,
            since: 5,
        }
    }

    #[test]
    fn records_survive_reopening_and_are_removed_by_their_own_hash_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::open(&path).unwrap();
        journal.put(&pending(5, 1)).unwrap();
        journal.put(&pending(4, 2)).unwrap();
        assert!(matches!(Journal::open(&path), Err(JournalError::Busy)));
        drop(journal);
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.all().unwrap(), vec![pending(4, 2), pending(5, 1)]);
        journal.remove(&pending(5, 9)).unwrap();
        journal.remove(&pending(4, 2)).unwrap();
        assert_eq!(journal.all().unwrap(), vec![pending(5, 1)]);
    }

    #[test]
    fn a_half_made_journal_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.redb");
        fs::write(path.with_extension("new"), [0; 5000]).unwrap();
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.all().unwrap(), Vec::new());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn foreign_versions_and_cut_records_are_not_read() {
        let mut bytes = vec![VERSION];
        pending(1, 1).encode_to(&mut bytes);
        assert_eq!(decode(&bytes), Some(pending(1, 1)));
        for cut in 0..bytes.len() {
            assert_eq!(decode(&bytes[..cut]), None);
        }
        bytes[0] = VERSION + 1;
        assert_eq!(decode(&bytes), None);
    }
}
