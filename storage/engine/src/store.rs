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
#[cfg(test)]
mod tests;
mod vouchers;

use std::{
    collections::HashMap,
    io,
    path::PathBuf,
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc,
    },
};

use ips_primitives::id::{BlockNumber, FileId, FragmentId, Genesis, ProviderId, SlotId};

pub(crate) use records::{SectorRecord, SlotRecord, Ticket};
pub use records::{SectorStep, SlotStage};
pub(crate) use vouchers::DueClaim;

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
    /// The system has no space left for a file.
    #[error("no space left for {path}; free some space")]
    NoSpace {
        /// Which file.
        path: PathBuf,
    },
    /// The store was made for another chain or another provider.
    #[error("the store in {path} belongs to another chain or provider; use another base path")]
    OtherOwner {
        /// The store.
        path: PathBuf,
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
        move |source| match is_disk_full(&source) {
            true => Self::NoSpace { path },
            false => Self::Io { path, source },
        }
    }
}

/// Whether the system failed for want of space.
fn is_disk_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

struct Inner {
    base: PathBuf,
    capacity_bytes: u64,
    reserve_bytes: u64,
    files: FragmentFiles,
    index: Index,
    /// Bytes promised to slots; changed under the lock together with the index.
    promised: std::sync::Mutex<u64>,
    /// Disk space that the slots will still need: for bytes to come and for sealing.
    outstanding: AtomicU64,
}

/// The store; cheap to clone. Its methods block: call them through [`Store::run`].
#[derive(Clone)]
pub(crate) struct Store {
    inner: Arc<Inner>,
}

impl Store {
    /// Opens or makes the store, removes what was half written or half removed.
    pub(crate) fn open(config: &crate::Config) -> Result<Self, StoreError> {
        let base = config.base_path.clone();
        let files = FragmentFiles::open(&base)?;
        let index = Index::open(&base.join("index.redb"))?;
        fragments::sync_folder(&base)?;
        let promised = index.slots()?.iter().map(SlotRecord::slot_bytes).sum();
        let store = Self {
            inner: Arc::new(Inner {
                base,
                capacity_bytes: config.capacity_bytes,
                reserve_bytes: config.reserve_bytes,
                files,
                index,
                promised: std::sync::Mutex::new(promised),
                outstanding: AtomicU64::new(0),
            }),
        };
        store.sweep()?;
        store.count_outstanding()?;
        Ok(store)
    }

    /// Deletes what no record needs.
    fn sweep(&self) -> Result<(), StoreError> {
        let Inner { files, index, .. } = &*self.inner;
        if index.is_new() && !files.is_empty()? {
            // The index was lost, not the data.
            tracing::error!("the index is new but there are fragments: they are left alone");
            return Ok(());
        }
        files.sweep(index)?;
        self.sweep_sectors()
    }

    /// Takes the store for a chain and a provider, once and for all.
    pub(crate) fn bind(&self, genesis: Genesis, provider: ProviderId) -> Result<(), StoreError> {
        if self.inner.index.bind(genesis, provider)? {
            return Ok(());
        }
        let path = self.inner.base.clone();
        Err(StoreError::OtherOwner { path })
    }

    /// Notes a head and tells the highest that was ever seen.
    pub(crate) fn note_head(&self, now: BlockNumber) -> Result<BlockNumber, StoreError> {
        self.inner.index.note_head(now)
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
        quota.min(self.disk_room().unwrap_or(0) / SEALED_FACTOR)
    }

    fn disk_spare(&self) -> Result<u64, StoreError> {
        let base = &self.inner.base;
        let free = fs2::available_space(base).map_err(StoreError::io(base))?;
        Ok(free.saturating_sub(self.inner.reserve_bytes))
    }

    /// Disk space that no slot counts on.
    fn disk_room(&self) -> Result<u64, StoreError> {
        let outstanding = self.inner.outstanding.load(Ordering::Relaxed);
        Ok(self.disk_spare()?.saturating_sub(outstanding))
    }

    /// Adds up what the slots will still need: all of it for a slot that comes in, the sealed part for
    /// one that waits for its sectors.
    fn count_outstanding(&self) -> Result<(), StoreError> {
        let mut sealed = HashMap::<SlotId, bool>::new();
        for sector in self.inner.index.sectors()? {
            for piece in sector.pieces.iter().filter(|_| sector.is_alive()) {
                let all = sealed.entry(piece.slot).or_insert(true);
                *all &= sector.comm_r.is_some();
            }
        }
        let outstanding = self.inner.index.slots()?.into_iter().map(|slot| {
            let factor = match slot.stage {
                SlotStage::Receiving => SEALED_FACTOR,
                _ if sealed.get(&slot.slot) == Some(&true) => 0,
                _ => SEALED_FACTOR - 1,
            };
            slot.slot_bytes().saturating_mul(factor)
        });
        let outstanding = outstanding.fold(0, u64::saturating_add);
        self.inner.outstanding.store(outstanding, Ordering::Relaxed);
        Ok(())
    }

    /// Whether `wanted` bytes may be written now.
    pub(crate) fn ensure_disk(&self, wanted: u64) -> Result<(), StoreError> {
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
        let (needed, free) = (wanted.saturating_mul(SEALED_FACTOR), self.disk_room()?);
        if needed > free {
            return Err(StoreError::DiskFull {
                wanted: needed,
                free,
            });
        }
        self.inner.files.write_manifest(record.file, manifest)?;
        self.inner.index.insert_slot(&record, &fragments)?;
        *promised += wanted;
        self.count_outstanding()?;
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

    /// Which of the slot's fragments are on disk, whole: each is read and checked, so that one that was
    /// damaged is asked for again.
    pub(crate) fn received(&self, slot: SlotId) -> Result<Vec<bool>, StoreError> {
        let fragments = self.slot_fragments(slot)?;
        let have = fragments.iter().map(|id| self.inner.files.has(*id));
        have.collect()
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

    /// Changes a slot's stage by what it is; nothing happens to a slot that was removed.
    pub(crate) fn change_stage(
        &self,
        slot: SlotId,
        next: impl FnOnce(SlotStage) -> SlotStage,
    ) -> Result<(), StoreError> {
        let change = |record: &mut SlotRecord| record.stage = next(record.stage);
        if !self.inner.index.change_slot(slot, change)? {
            return Err(StoreError::UnknownSlot(slot));
        }
        self.count_outstanding()
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
        self.count_outstanding()
    }
}

/// Disk space that one byte of a slot needs in the end: the hot copy, three trees, labels, and what
/// storage proofs need.
const SEALED_FACTOR: u64 = 9;
