//! What a storage node keeps on disk.
//!
//! Goal: what was acknowledged survives a kill at any moment; what is read was checked. Non-goals:
//! which slots are welcome (`service`), what happens next (`sectors`).
//!
//! Layout below the base path: `index.redb` (records), `fragments/ab/cd/<hash>`,
//! `manifests/<hash>`, `sectors/<number>/` (the sealer's), `tmp/` (emptied at start).

mod fragments;
mod index;
mod records;
mod sectors;
mod vouchers;

use std::{io, path::PathBuf, sync::Arc};

use ips_primitives::id::{FileId, FragmentId, SectorNumber, SlotId};

pub(crate) use records::{SectorRecord, SlotRecord, Ticket};
pub use records::{SectorStep, SlotStage};

use fragments::FragmentFiles;
use index::Index;

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Reading or writing a file failed.
    #[error("cannot use {path}: {source}; check the disk")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The index failed.
    #[error("the index is damaged or unwritable: {0}; check the disk")]
    Index(String),
    /// A record has a newer version or is damaged.
    #[error("a record of {0} can not be read; use the software that wrote it")]
    Record(&'static str),
    /// The configured capacity is used up.
    #[error("{wanted} bytes do not fit the {free} bytes left of the capacity; offer more")]
    Quota {
        /// Bytes wanted.
        wanted: u64,
        /// Bytes left.
        free: u64,
    },
    /// The disk is (nearly) full.
    #[error("{wanted} bytes do not fit the disk with {free} bytes to spare; free some space")]
    DiskFull {
        /// Bytes wanted.
        wanted: u64,
        /// Bytes that may be used.
        free: u64,
    },
    /// Bytes do not hash to their name.
    #[error("fragment or manifest bytes do not match their hash")]
    Corrupt,
    /// No such slot.
    #[error("slot {0:?} is not in the store")]
    UnknownSlot(SlotId),
    /// The slot is kept for another file already.
    #[error("slot {0:?} is kept for another file")]
    OtherFile(SlotId),
}

impl StoreError {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

struct Inner {
    base: PathBuf,
    capacity_bytes: u64,
    reserve_bytes: u64,
    files: FragmentFiles,
    index: Index,
    /// Bytes promised to slots; changed under the lock together with the index.
    promised: std::sync::Mutex<u64>,
}

/// The store; cheap to clone. Its methods block: call them through [`Store::run`].
#[derive(Clone)]
pub(crate) struct Store {
    inner: Arc<Inner>,
}

impl Store {
    /// Opens or makes the store, removes what was half written.
    pub(crate) fn open(config: &crate::Config) -> Result<Self, StoreError> {
        let base = config.base_path.clone();
        let files = FragmentFiles::open(&base)?;
        let index = Index::open(&base.join("index.redb"))?;
        let promised = index.slots()?.iter().map(SlotRecord::slot_bytes).sum();
        let store = Self {
            inner: Arc::new(Inner {
                base,
                capacity_bytes: config.capacity_bytes,
                reserve_bytes: config.reserve_bytes,
                files,
                index,
                promised: std::sync::Mutex::new(promised),
            }),
        };
        Ok(store)
    }

    /// Runs a blocking call off the async threads.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        match tokio::task::spawn_blocking(move || call(&store)).await {
            Ok(result) => result,
            Err(error) => Err(StoreError::Index(error.to_string())),
        }
    }

    fn promised(&self) -> std::sync::MutexGuard<'_, u64> {
        // A plain number, valid whatever panicked.
        self.inner
            .promised
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Bytes that new slots may use.
    pub(crate) fn free_bytes(&self) -> u64 {
        let quota = self.inner.capacity_bytes.saturating_sub(*self.promised());
        quota.min(self.disk_spare().unwrap_or(0))
    }

    fn disk_spare(&self) -> Result<u64, StoreError> {
        let base = &self.inner.base;
        let free = fs2::available_space(base).map_err(StoreError::io(base))?;
        Ok(free.saturating_sub(self.inner.reserve_bytes))
    }

    fn ensure_disk(&self, wanted: u64) -> Result<(), StoreError> {
        let free = self.disk_spare()?;
        if wanted > free {
            return Err(StoreError::DiskFull { wanted, free });
        }
        Ok(())
    }

    /// Makes room for a slot and keeps its manifest; a slot that is known is returned as it is.
    pub(crate) fn begin_slot(
        &self,
        record: SlotRecord,
        fragments: Vec<FragmentId>,
        manifest: &[u8],
    ) -> Result<SlotRecord, StoreError> {
        let mut promised = self.promised();
        if let Some(known) = self.inner.index.slot(record.slot)? {
            if known.file != record.file || known.slot_root != record.slot_root {
                return Err(StoreError::OtherFile(record.slot));
            }
            return Ok(known);
        }
        let wanted = record.slot_bytes();
        let free = self.inner.capacity_bytes.saturating_sub(*promised);
        if wanted > free {
            return Err(StoreError::Quota { wanted, free });
        }
        // A sealed sector needs the replica, two trees and the data again.
        self.ensure_disk(wanted.saturating_mul(SEALED_FACTOR))?;
        self.inner.files.write_manifest(record.file, manifest)?;
        self.inner.index.insert_slot(&record, &fragments)?;
        *promised += wanted;
        Ok(record)
    }

    pub(crate) fn slots(&self) -> Result<Vec<SlotRecord>, StoreError> {
        self.inner.index.slots()
    }

    pub(crate) fn slot(&self, slot: SlotId) -> Result<SlotRecord, StoreError> {
        self.inner
            .index
            .slot(slot)?
            .ok_or(StoreError::UnknownSlot(slot))
    }

    pub(crate) fn slot_fragments(&self, slot: SlotId) -> Result<Vec<FragmentId>, StoreError> {
        self.inner
            .index
            .slot_fragments(slot)?
            .ok_or(StoreError::UnknownSlot(slot))
    }

    /// Which of the slot's fragments are on disk, whole.
    pub(crate) fn received(&self, slot: SlotId) -> Result<Vec<bool>, StoreError> {
        let bytes = u64::from(self.slot(slot)?.fragment_size.bytes());
        let fragments = self.slot_fragments(slot)?;
        Ok(fragments
            .iter()
            .map(|id| self.inner.files.has(*id, bytes))
            .collect())
    }

    /// Keeps a fragment of a slot; durable when it returns.
    pub(crate) fn write_fragment(
        &self,
        slot: SlotId,
        segment: u32,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        let record = self.slot(slot)?;
        let id = usize::try_from(segment)
            .ok()
            .and_then(|at| self.inner.index.slot_fragment(slot, at).transpose())
            .ok_or(StoreError::Corrupt)??;
        if u32::try_from(bytes.len()) != Ok(record.fragment_size.bytes()) {
            return Err(StoreError::Corrupt);
        }
        let wanted = u64::from(record.fragment_size.bytes());
        self.ensure_disk(wanted)?;
        self.inner.files.write(id, bytes)
    }

    /// A fragment that some slot holds, checked.
    pub(crate) fn read_fragment(&self, id: FragmentId) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.files.read(id)
    }

    pub(crate) fn read_manifest(&self, file: FileId) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.files.read_manifest(file)
    }

    /// All bytes of a slot, each fragment checked; `None` if any is missing or damaged.
    pub(crate) fn read_slot(&self, slot: SlotId) -> Result<Option<Vec<u8>>, StoreError> {
        let mut bytes = Vec::new();
        for id in self.slot_fragments(slot)? {
            match self.inner.files.read(id) {
                Ok(Some(fragment)) => bytes.extend_from_slice(&fragment),
                Ok(None) | Err(StoreError::Corrupt) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(Some(bytes))
    }

    pub(crate) fn set_stage(&self, slot: SlotId, stage: SlotStage) -> Result<(), StoreError> {
        let mut record = self.slot(slot)?;
        record.stage = stage;
        self.inner.index.update_slot(&record)
    }

    /// Forgets a slot and deletes what no other slot needs.
    pub(crate) fn remove_slot(&self, slot: SlotId) -> Result<(), StoreError> {
        let mut promised = self.promised();
        let Some(record) = self.inner.index.slot(slot)? else {
            return Ok(());
        };
        let orphans = self.inner.index.remove_slot(&record)?;
        *promised = promised.saturating_sub(record.slot_bytes());
        for id in orphans.fragments {
            self.inner.files.remove(id)?;
        }
        if let Some(file) = orphans.manifest {
            self.inner.files.remove_manifest(file)?;
        }
        Ok(())
    }

    /// The folder of a sector.
    pub(crate) fn sector_folder(&self, sector: SectorNumber) -> PathBuf {
        self.inner.base.join("sectors").join(sector.0.to_string())
    }

    /// Deletes a sector's files, if there are any.
    pub(crate) fn remove_sector_folder(&self, sector: SectorNumber) -> Result<(), StoreError> {
        let folder = self.sector_folder(sector);
        match std::fs::remove_dir_all(&folder) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(StoreError::io(folder)(error)),
        }
    }
}

/// Disk space that one byte of a slot needs in the end: hot copy, data, replica, trees.
const SEALED_FACTOR: u64 = 5;
