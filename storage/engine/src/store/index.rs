//! The index: one redb database; every change is one durable transaction.

use std::path::Path;

use codec::Encode as _;
use ips_primitives::id::{AgreementId, FileId, FragmentId, SectorNumber, SlotId};
use redb::{
    Database, MultimapTableDefinition, ReadableMultimapTable as _, ReadableTable as _,
    TableDefinition,
};

use super::{
    records::{ExtractRecord, Record, SectorRecord, SlotRecord},
    StoreError,
};

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
/// Counters.
const META: TableDefinition<&str, u64> = TableDefinition::new("meta");
const NEXT_SECTOR: &str = "next-sector";
const FORMAT: &str = "format";
/// Version of the tables.
const FORMAT_VERSION: u64 = 1;
/// Memory that the database may use.
const CACHE_BYTES: usize = 32 << 20;

/// Files that no slot needs any more.
pub(super) struct Orphans {
    pub(super) fragments: Vec<FragmentId>,
    pub(super) manifest: Option<FileId>,
}

pub(super) struct Index {
    database: Database,
}

fn failed(error: impl Into<redb::Error>) -> StoreError {
    StoreError::Index(error.into().to_string())
}

fn key(slot: SlotId) -> SlotKey {
    (slot.order.0, slot.slot.0)
}

fn ids(bytes: &[u8]) -> Vec<FragmentId> {
    bytes
        .chunks_exact(32)
        .filter_map(|id| Some(FragmentId(id.try_into().ok()?)))
        .collect()
}

impl Index {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let database = Database::builder()
            .set_cache_size(CACHE_BYTES)
            .create(path)
            .map_err(failed)?;
        let index = Self { database };
        index.write(|transaction| {
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
            let mut meta = transaction.open_table(META).map_err(failed)?;
            let version = meta.get(FORMAT).map_err(failed)?.map(|value| value.value());
            match version {
                Some(FORMAT_VERSION) => {}
                Some(_) => return Err(StoreError::Record("the index")),
                None => drop(meta.insert(FORMAT, FORMAT_VERSION).map_err(failed)?),
            }
            Ok(())
        })?;
        Ok(index)
    }

    fn write<T>(
        &self,
        change: impl FnOnce(&redb::WriteTransaction) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let transaction = self.database.begin_write().map_err(failed)?;
        let value = change(&transaction)?;
        transaction.commit().map_err(failed)?;
        Ok(value)
    }

    fn read(&self) -> Result<redb::ReadTransaction, StoreError> {
        self.database.begin_read().map_err(failed)
    }

    pub(super) fn insert_slot(
        &self,
        record: &SlotRecord,
        fragments: &[FragmentId],
    ) -> Result<(), StoreError> {
        let at = key(record.slot);
        self.write(|transaction| {
            let mut slots = transaction.open_table(SLOTS).map_err(failed)?;
            slots
                .insert(at, record.to_bytes().as_slice())
                .map_err(failed)?;
            let mut lists = transaction.open_table(SLOT_FRAGMENTS).map_err(failed)?;
            let bytes: Vec<u8> = fragments.iter().flat_map(|id| id.0).collect();
            lists.insert(at, bytes.as_slice()).map_err(failed)?;
            let mut users = transaction
                .open_multimap_table(FRAGMENT_SLOTS)
                .map_err(failed)?;
            for id in fragments {
                users.insert(id.0, at).map_err(failed)?;
            }
            let mut users = transaction
                .open_multimap_table(MANIFEST_SLOTS)
                .map_err(failed)?;
            users.insert(record.file.0, at).map_err(failed)?;
            Ok(())
        })
    }

    pub(super) fn update_slot(&self, record: &SlotRecord) -> Result<(), StoreError> {
        self.write(|transaction| {
            let mut slots = transaction.open_table(SLOTS).map_err(failed)?;
            slots
                .insert(key(record.slot), record.to_bytes().as_slice())
                .map_err(failed)?;
            Ok(())
        })
    }

    pub(super) fn remove_slot(&self, record: &SlotRecord) -> Result<Orphans, StoreError> {
        let at = key(record.slot);
        self.write(|transaction| {
            let mut slots = transaction.open_table(SLOTS).map_err(failed)?;
            slots.remove(at).map_err(failed)?;
            let mut lists = transaction.open_table(SLOT_FRAGMENTS).map_err(failed)?;
            let list = lists.remove(at).map_err(failed)?;
            let list = list.map(|bytes| ids(bytes.value())).unwrap_or_default();
            let mut users = transaction
                .open_multimap_table(FRAGMENT_SLOTS)
                .map_err(failed)?;
            let mut fragments = Vec::new();
            for id in list {
                users.remove(id.0, at).map_err(failed)?;
                if users.get(id.0).map_err(failed)?.next().is_none() {
                    fragments.push(id);
                }
            }
            let mut users = transaction
                .open_multimap_table(MANIFEST_SLOTS)
                .map_err(failed)?;
            users.remove(record.file.0, at).map_err(failed)?;
            let unused = users.get(record.file.0).map_err(failed)?.next().is_none();
            Ok(Orphans {
                fragments,
                manifest: unused.then_some(record.file),
            })
        })
    }

    pub(super) fn slot(&self, slot: SlotId) -> Result<Option<SlotRecord>, StoreError> {
        let table = self.read()?.open_table(SLOTS).map_err(failed)?;
        let value = table.get(key(slot)).map_err(failed)?;
        value
            .map(|bytes| SlotRecord::from_bytes(bytes.value()))
            .transpose()
    }

    pub(super) fn slots(&self) -> Result<Vec<SlotRecord>, StoreError> {
        let table = self.read()?.open_table(SLOTS).map_err(failed)?;
        let mut records = Vec::new();
        for entry in table.iter().map_err(failed)? {
            records.push(SlotRecord::from_bytes(entry.map_err(failed)?.1.value())?);
        }
        Ok(records)
    }

    pub(super) fn slot_fragments(
        &self,
        slot: SlotId,
    ) -> Result<Option<Vec<FragmentId>>, StoreError> {
        let table = self.read()?.open_table(SLOT_FRAGMENTS).map_err(failed)?;
        Ok(table
            .get(key(slot))
            .map_err(failed)?
            .map(|bytes| ids(bytes.value())))
    }

    pub(super) fn slot_fragment(
        &self,
        slot: SlotId,
        at: usize,
    ) -> Result<Option<FragmentId>, StoreError> {
        Ok(self
            .slot_fragments(slot)?
            .and_then(|list| list.get(at).copied()))
    }

    /// A number that was never given before; `least` is above all the chain knows.
    pub(super) fn next_sector(&self, least: u64) -> Result<SectorNumber, StoreError> {
        self.write(|transaction| {
            let mut meta = transaction.open_table(META).map_err(failed)?;
            let stored = meta
                .get(NEXT_SECTOR)
                .map_err(failed)?
                .map_or(0, |value| value.value());
            let number = stored.max(least);
            meta.insert(NEXT_SECTOR, number.saturating_add(1))
                .map_err(failed)?;
            Ok(SectorNumber(number))
        })
    }

    pub(super) fn put_sector(&self, record: &SectorRecord) -> Result<(), StoreError> {
        self.replace_sector(None, Some(record))
    }

    /// Removes one record and inserts another in one step.
    pub(super) fn replace_sector(
        &self,
        old: Option<SectorNumber>,
        new: Option<&SectorRecord>,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            let mut sectors = transaction.open_table(SECTORS).map_err(failed)?;
            if let Some(old) = old {
                sectors.remove(old.0).map_err(failed)?;
            }
            if let Some(new) = new {
                sectors
                    .insert(new.number.0, new.to_bytes().as_slice())
                    .map_err(failed)?;
            }
            Ok(())
        })
    }

    /// Changes a sector's record, if there is one, in one transaction.
    pub(super) fn change_sector(
        &self,
        number: SectorNumber,
        change: impl FnOnce(&mut SectorRecord),
    ) -> Result<Option<SectorRecord>, StoreError> {
        self.write(|transaction| {
            let mut sectors = transaction.open_table(SECTORS).map_err(failed)?;
            let record = match sectors.get(number.0).map_err(failed)? {
                Some(bytes) => Some(SectorRecord::from_bytes(bytes.value())?),
                None => None,
            };
            let Some(mut record) = record else {
                return Ok(None);
            };
            change(&mut record);
            sectors
                .insert(number.0, record.to_bytes().as_slice())
                .map_err(failed)?;
            Ok(Some(record))
        })
    }

    pub(super) fn sectors(&self) -> Result<Vec<SectorRecord>, StoreError> {
        let table = self.read()?.open_table(SECTORS).map_err(failed)?;
        let mut records = Vec::new();
        for entry in table.iter().map_err(failed)? {
            records.push(SectorRecord::from_bytes(entry.map_err(failed)?.1.value())?);
        }
        Ok(records)
    }

    pub(super) fn extract(&self, id: AgreementId) -> Result<ExtractRecord, StoreError> {
        let table = self.read()?.open_table(EXTRACTS).map_err(failed)?;
        let value = table.get(id.0).map_err(failed)?;
        let record = value
            .map(|bytes| ExtractRecord::from_bytes(bytes.value()))
            .transpose()?;
        Ok(record.unwrap_or_default())
    }

    pub(super) fn extracts(&self) -> Result<Vec<(AgreementId, ExtractRecord)>, StoreError> {
        let table = self.read()?.open_table(EXTRACTS).map_err(failed)?;
        let mut records = Vec::new();
        for entry in table.iter().map_err(failed)? {
            let (id, bytes) = entry.map_err(failed)?;
            records.push((
                AgreementId(id.value()),
                ExtractRecord::from_bytes(bytes.value())?,
            ));
        }
        Ok(records)
    }

    /// Changes a retrieval's record in one transaction; `change` may refuse.
    pub(super) fn change_extract<R>(
        &self,
        id: AgreementId,
        change: impl FnOnce(&mut ExtractRecord) -> R,
    ) -> Result<R, StoreError> {
        self.write(|transaction| {
            let mut table = transaction.open_table(EXTRACTS).map_err(failed)?;
            let mut record = match table.get(id.0).map_err(failed)? {
                Some(bytes) => ExtractRecord::from_bytes(bytes.value())?,
                None => ExtractRecord::default(),
            };
            let before = record.encode();
            let value = change(&mut record);
            if record.encode() != before {
                table
                    .insert(id.0, record.to_bytes().as_slice())
                    .map_err(failed)?;
            }
            Ok(value)
        })
    }
}
