//! Slots, and which fragments and manifests they need.

use ips_primitives::id::{FileId, FragmentId, SlotId};
use redb::{ReadableMultimapTable as _, ReadableTable as _};

use super::{
    failed, key, Index, StoreError, FRAGMENT_SLOTS, MANIFEST_SLOTS, SLOTS, SLOT_FRAGMENTS,
};
use crate::store::records::{Record, SlotRecord};

/// Files that no slot needs any more.
pub(in crate::store) struct Orphans {
    pub(in crate::store) fragments: Vec<FragmentId>,
    pub(in crate::store) manifest: Option<FileId>,
}

fn ids(bytes: &[u8]) -> Vec<FragmentId> {
    bytes
        .chunks_exact(32)
        .filter_map(|id| Some(FragmentId(id.try_into().ok()?)))
        .collect()
}

impl Index {
    pub(in crate::store) fn insert_slot(
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

    /// Changes a slot's record, if there is one, in one transaction; tells whether there was one.
    pub(in crate::store) fn change_slot(
        &self,
        slot: SlotId,
        change: impl FnOnce(&mut SlotRecord),
    ) -> Result<bool, StoreError> {
        self.write(|transaction| {
            let mut slots = transaction.open_table(SLOTS).map_err(failed)?;
            let record = match slots.get(key(slot)).map_err(failed)? {
                Some(bytes) => SlotRecord::from_bytes(bytes.value())?,
                None => return Ok(false),
            };
            let mut changed = record.clone();
            change(&mut changed);
            if changed != record {
                slots
                    .insert(key(slot), changed.to_bytes().as_slice())
                    .map_err(failed)?;
            }
            Ok(true)
        })
    }

    pub(in crate::store) fn remove_slot(&self, record: &SlotRecord) -> Result<Orphans, StoreError> {
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

    /// Those of the fragments that no slot needs.
    pub(in crate::store) fn unneeded_fragments(
        &self,
        ids: Vec<FragmentId>,
    ) -> Result<Vec<FragmentId>, StoreError> {
        self.read(|transaction| {
            let users = transaction
                .open_multimap_table(FRAGMENT_SLOTS)
                .map_err(failed)?;
            let mut unneeded = Vec::new();
            for id in ids {
                if users.get(id.0).map_err(failed)?.next().is_none() {
                    unneeded.push(id);
                }
            }
            Ok(unneeded)
        })
    }

    /// Those of the manifests that no slot needs.
    pub(in crate::store) fn unneeded_manifests(
        &self,
        files: Vec<FileId>,
    ) -> Result<Vec<FileId>, StoreError> {
        self.read(|transaction| {
            let users = transaction
                .open_multimap_table(MANIFEST_SLOTS)
                .map_err(failed)?;
            let mut unneeded = Vec::new();
            for file in files {
                if users.get(file.0).map_err(failed)?.next().is_none() {
                    unneeded.push(file);
                }
            }
            Ok(unneeded)
        })
    }

    pub(in crate::store) fn slot(&self, slot: SlotId) -> Result<Option<SlotRecord>, StoreError> {
        self.read(|transaction| {
            let slots = transaction.open_table(SLOTS).map_err(failed)?;
            let bytes = slots.get(key(slot)).map_err(failed)?;
            bytes
                .map(|bytes| SlotRecord::from_bytes(bytes.value()))
                .transpose()
        })
    }

    pub(in crate::store) fn slots(&self) -> Result<Vec<SlotRecord>, StoreError> {
        self.read(|transaction| {
            let table = transaction.open_table(SLOTS).map_err(failed)?;
            let mut records = Vec::new();
            for entry in table.iter().map_err(failed)? {
                records.push(SlotRecord::from_bytes(entry.map_err(failed)?.1.value())?);
            }
            Ok(records)
        })
    }

    pub(in crate::store) fn slot_fragments(
        &self,
        slot: SlotId,
    ) -> Result<Option<Vec<FragmentId>>, StoreError> {
        self.read(|transaction| {
            let lists = transaction.open_table(SLOT_FRAGMENTS).map_err(failed)?;
            let bytes = lists.get(key(slot)).map_err(failed)?;
            Ok(bytes.map(|bytes| ids(bytes.value())))
        })
    }

    pub(in crate::store) fn slot_fragment(
        &self,
        slot: SlotId,
        at: usize,
    ) -> Result<Option<FragmentId>, StoreError> {
        Ok(self
            .slot_fragments(slot)?
            .and_then(|list| list.get(at).copied()))
    }
}
