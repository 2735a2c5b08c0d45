//! The index: one redb database; every change is one durable transaction.
//!
//! redb refuses everything after a failed read or write, for instance on a full disk. The database is
//! opened anew then: what was committed is there.

mod extracts;
mod sectors;
mod slots;

use std::{
    fs, io,
    path::Path,
    sync::{PoisonError, RwLock},
};

use ips_primitives::id::{BlockNumber, Genesis, ProviderId, SlotId};
use redb::{
    Database, MultimapTableDefinition, ReadTransaction, ReadableTable as _, TableDefinition,
    WriteTransaction,
};

use super::{is_disk_full, StoreError};

/// Order and index of a slot.
type SlotKey = (u64, u16);

const SLOTS: TableDefinition<SlotKey, &[u8]> = TableDefinition::new("slots");
/// Fragment ids of a slot, 32 bytes each, in order.
const SLOT_FRAGMENTS: TableDefinition<SlotKey, &[u8]> = TableDefinition::new("slot-fragments");
/// Slots that need a fragment.
const FRAGMENT_SLOTS: MultimapTableDefinition<[u8; 32], SlotKey> =
    MultimapTableDefinition::new("fragment-slots");
/// Slots that need a manifest.
const MANIFEST_SLOTS: MultimapTableDefinition<[u8; 32], SlotKey> =
    MultimapTableDefinition::new("manifest-slots");
const SECTORS: TableDefinition<u64, &[u8]> = TableDefinition::new("sectors");
const EXTRACTS: TableDefinition<u64, &[u8]> = TableDefinition::new("extracts");
/// Whom the store belongs to: chain and provider.
const OWNER: TableDefinition<&str, [u8; 32]> = TableDefinition::new("owner");
const GENESIS: &str = "genesis";
const PROVIDER: &str = "provider";
/// Counters.
const META: TableDefinition<&str, u64> = TableDefinition::new("meta");
const NEXT_SECTOR: &str = "next-sector";
const HEAD: &str = "head";
const FORMAT: &str = "format";
/// Version of the tables.
const FORMAT_VERSION: u64 = 1;
/// Memory that the database may use.
const CACHE_BYTES: usize = 32 << 20;
/// Heads are written down this many blocks apart.
const HEAD_STEP: BlockNumber = 8;

type Opener = Box<dyn Fn() -> Result<Database, redb::DatabaseError> + Send + Sync>;

pub(super) struct Index {
    opener: Opener,
    /// `None` after a failure, until the next use.
    database: RwLock<Option<Database>>,
    /// Whether the database was made by this process.
    is_new: bool,
}

fn failed(error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        redb::Error::Io(source) if is_disk_full(&source) => StoreError::NoSpace {
            path: "index.redb".into(),
        },
        other => StoreError::Index(other.to_string()),
    }
}

/// Makes an empty database if there is none. redb cannot open one whose making was cut short by a kill, so
/// it is made beside and renamed.
fn create_whole(path: &Path) -> Result<(), redb::DatabaseError> {
    let io = |error: io::Error| redb::DatabaseError::Storage(error.into());
    if path.try_exists().map_err(io)? {
        return Ok(());
    }
    let beside = path.with_extension("new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
        _ => {}
    }
    drop(Database::create(&beside)?);
    fs::rename(&beside, path).map_err(io)?;
    let folder = path.parent().unwrap_or(path);
    fs::File::open(folder)
        .and_then(|open| open.sync_all())
        .map_err(io)
}

fn key(slot: SlotId) -> SlotKey {
    (slot.order.0, slot.slot.0)
}

impl Index {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let path = path.to_owned();
        Self::with(Box::new(move || {
            create_whole(&path)?;
            Database::builder().set_cache_size(CACHE_BYTES).open(&path)
        }))
    }

    fn with(opener: Opener) -> Result<Self, StoreError> {
        let mut index = Self {
            opener,
            database: RwLock::new(None),
            is_new: false,
        };
        index.is_new = index.write(|transaction| {
            transaction.open_table(SLOTS).map_err(failed)?;
            transaction.open_table(SLOT_FRAGMENTS).map_err(failed)?;
            transaction
                .open_multimap_table(FRAGMENT_SLOTS)
                .map_err(failed)?;
            transaction
                .open_multimap_table(MANIFEST_SLOTS)
                .map_err(failed)?;
            transaction.open_table(SECTORS).map_err(failed)?;
            transaction.open_table(EXTRACTS).map_err(failed)?;
            transaction.open_table(OWNER).map_err(failed)?;
            let mut meta = transaction.open_table(META).map_err(failed)?;
            let version = meta.get(FORMAT).map_err(failed)?.map(|value| value.value());
            match version {
                Some(FORMAT_VERSION) => Ok(false),
                Some(_) => Err(StoreError::Record("the index")),
                None => {
                    meta.insert(FORMAT, FORMAT_VERSION).map_err(failed)?;
                    Ok(true)
                }
            }
        })?;
        Ok(index)
    }

    /// Whether there was no index before this process made one.
    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Runs on the open database; opens it if need be, and forgets it if it fails.
    fn with_database<T>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        // A panic leaves an option that is as good as before: a transaction that was not committed
        // is undone.
        let mut open = self.database.read().unwrap_or_else(PoisonError::into_inner);
        if open.is_none() {
            drop(open);
            let mut closed = self
                .database
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            if closed.is_none() {
                *closed = Some((self.opener)().map_err(failed)?);
            }
            drop(closed);
            open = self.database.read().unwrap_or_else(PoisonError::into_inner);
        }
        let Some(database) = open.as_ref() else {
            return Err(StoreError::Index("it failed again while opened".to_owned()));
        };
        let done = work(database);
        drop(open);
        if let Err(StoreError::Index(_) | StoreError::NoSpace { .. }) = &done {
            let mut broken = self
                .database
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            *broken = None;
        }
        done
    }

    fn write<T>(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.with_database(|database| {
            let transaction = database.begin_write().map_err(failed)?;
            let value = change(&transaction)?;
            transaction.commit().map_err(failed)?;
            Ok(value)
        })
    }

    fn read<T>(
        &self,
        look: impl FnOnce(&ReadTransaction) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.with_database(|database| look(&database.begin_read().map_err(failed)?))
    }

    /// Writes down whom the store belongs to, once; `false` if it is another's.
    pub(super) fn bind(&self, genesis: Genesis, provider: ProviderId) -> Result<bool, StoreError> {
        self.write(|transaction| {
            let mut owner = transaction.open_table(OWNER).map_err(failed)?;
            for (name, value) in [(GENESIS, genesis.0), (PROVIDER, provider.0)] {
                let known = owner.get(name).map_err(failed)?.map(|known| known.value());
                match known {
                    Some(known) if known != value => return Ok(false),
                    Some(_) => {}
                    None => drop(owner.insert(name, value).map_err(failed)?),
                }
            }
            Ok(true)
        })
    }

    /// The highest head that was seen, about; `now` is noted.
    pub(super) fn note_head(&self, now: BlockNumber) -> Result<BlockNumber, StoreError> {
        let seen = self.read(|transaction| {
            let meta = transaction.open_table(META).map_err(failed)?;
            let seen = meta.get(HEAD).map_err(failed)?;
            Ok(seen.map_or(0, |seen| u32::try_from(seen.value()).unwrap_or(u32::MAX)))
        })?;
        if now < seen.saturating_add(HEAD_STEP) {
            return Ok(seen.max(now));
        }
        self.write(|transaction| {
            let mut meta = transaction.open_table(META).map_err(failed)?;
            meta.insert(HEAD, u64::from(now)).map_err(failed)?;
            Ok(now)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redb::{backends::FileBackend, StorageBackend};
    use std::sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    };

    /// A file on a disk that can be full.
    #[derive(Debug)]
    struct FullDisk {
        file: FileBackend,
        is_full: Arc<AtomicBool>,
    }

    impl FullDisk {
        fn check(&self) -> io::Result<()> {
            match self.is_full.load(Ordering::SeqCst) {
                true => Err(io::ErrorKind::StorageFull.into()),
                false => Ok(()),
            }
        }
    }

    impl StorageBackend for FullDisk {
        fn len(&self) -> io::Result<u64> {
            self.file.len()
        }
        fn read(&self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
            self.file.read(offset, len)
        }
        fn set_len(&self, len: u64) -> io::Result<()> {
            self.check()?;
            self.file.set_len(len)
        }
        fn sync_data(&self, eventual: bool) -> io::Result<()> {
            self.check()?;
            self.file.sync_data(eventual)
        }
        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.check()?;
            self.file.write(offset, data)
        }
    }

    #[test]
    fn a_full_disk_is_told_loses_nothing_and_is_survived() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        let is_full = Arc::new(AtomicBool::new(false));
        let flag = is_full.clone();
        let index = Index::with(Box::new(move || {
            let options = fs::OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .map_err(|error| redb::DatabaseError::Storage(error.into()))?;
            let file = FileBackend::new(options)?;
            let is_full = flag.clone();
            Database::builder().create_with_backend(FullDisk { file, is_full })
        }))
        .unwrap();
        assert!(index.is_new());
        assert_eq!(index.next_sector(5).unwrap().0, 5);
        is_full.store(true, Ordering::SeqCst);
        for _ in 0..3 {
            assert!(matches!(
                index.next_sector(5),
                Err(StoreError::NoSpace { .. })
            ));
        }
        is_full.store(false, Ordering::SeqCst);
        // A number that may have reached the disk is not given again, one that did not may be.
        let next = index.next_sector(5).unwrap().0;
        assert!(next >= 6, "{next}");
    }

    #[test]
    fn a_half_made_index_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.redb");
        fs::write(path.with_extension("new"), [0; 5000]).unwrap();
        let index = Index::open(&path).unwrap();
        assert!(index.is_new());
        drop(index);
        assert!(!Index::open(&path).unwrap().is_new());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_store_belongs_to_one_chain_and_one_provider() {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::open(&folder.path().join("index")).unwrap();
        let (chain, node) = (Genesis([1; 32]), ProviderId([2; 32]));
        assert!(index.bind(chain, node).unwrap());
        assert!(index.bind(chain, node).unwrap());
        assert!(!index.bind(Genesis([3; 32]), node).unwrap());
        assert!(!index.bind(chain, ProviderId([3; 32])).unwrap());
    }

    #[test]
    fn the_highest_head_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        let index = Index::open(&path).unwrap();
        for (now, expected) in [(0, 0), (100, 100), (103, 103), (50, 100), (108, 108)] {
            assert_eq!(index.note_head(now).unwrap(), expected);
        }
        drop(index);
        let index = Index::open(&path).unwrap();
        assert!(!index.is_new());
        assert_eq!(index.note_head(1).unwrap(), 108);
    }
}
