//! Records of sectors and the numbers they get.

use ips_primitives::id::SectorNumber;
use redb::ReadableTable as _;

use super::{failed, Index, StoreError, META, NEXT_SECTOR, SECTORS};
use crate::store::records::{Record, SectorRecord};

impl Index {
    /// A number that was never given before; `least` is above all the chain knows.
    pub(in crate::store) fn next_sector(&self, least: u64) -> Result<SectorNumber, StoreError> {
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

    pub(in crate::store) fn put_sector(&self, record: &SectorRecord) -> Result<(), StoreError> {
        self.replace_sector(None, Some(record))
    }

    /// Removes one record and inserts another in one step.
    pub(in crate::store) fn replace_sector(
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
    pub(in crate::store) fn change_sector(
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

    pub(in crate::store) fn sectors(&self) -> Result<Vec<SectorRecord>, StoreError> {
        self.read(|transaction| {
            let table = transaction.open_table(SECTORS).map_err(failed)?;
            let mut records = Vec::new();
            for entry in table.iter().map_err(failed)? {
                records.push(SectorRecord::from_bytes(entry.map_err(failed)?.1.value())?);
            }
            Ok(records)
        })
    }
}
