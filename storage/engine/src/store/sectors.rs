//! Records and folders of sectors.

use std::{fs, io, path::PathBuf};

use ips_primitives::id::SectorNumber;

use super::{records::SectorRecord, Store, StoreError};

impl Store {
    /// A number that was never given before and is at least `least`.
    pub(crate) fn next_sector(&self, least: u64) -> Result<SectorNumber, StoreError> {
        self.inner.index.next_sector(least)
    }

    pub(crate) fn put_sector(&self, record: &SectorRecord) -> Result<(), StoreError> {
        self.inner.index.put_sector(record)?;
        self.count_outstanding()
    }

    /// Ends one sector and starts another in one step, so that no piece is ever in both or none.
    pub(crate) fn replace_sector(
        &self,
        old: SectorNumber,
        new: Option<&SectorRecord>,
    ) -> Result<(), StoreError> {
        self.inner.index.replace_sector(Some(old), new)?;
        self.count_outstanding()?;
        self.remove_sector_folder(old)
    }

    /// Changes a record; `None` if there is none.
    pub(crate) fn change_sector(
        &self,
        number: SectorNumber,
        change: impl FnOnce(&mut SectorRecord),
    ) -> Result<Option<SectorRecord>, StoreError> {
        let changed = self.inner.index.change_sector(number, change)?;
        self.count_outstanding()?;
        Ok(changed)
    }

    pub(crate) fn sectors(&self) -> Result<Vec<SectorRecord>, StoreError> {
        self.inner.index.sectors()
    }

    fn sectors_folder(&self) -> PathBuf {
        self.inner.base.join("sectors")
    }

    /// The folder of a sector.
    pub(crate) fn sector_folder(&self, sector: SectorNumber) -> PathBuf {
        self.sectors_folder().join(sector.0.to_string())
    }

    /// Deletes a sector's files, if there are any.
    pub(crate) fn remove_sector_folder(&self, sector: SectorNumber) -> Result<(), StoreError> {
        let folder = self.sector_folder(sector);
        match fs::remove_dir_all(&folder) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(StoreError::io(folder)(error)),
        }
    }

    /// Deletes folders of sectors that are not on record, or that have ended.
    pub(super) fn sweep_sectors(&self) -> Result<(), StoreError> {
        let folder = self.sectors_folder();
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(StoreError::io(folder)(error)),
        };
        let records = self.sectors()?;
        for entry in entries {
            let name = entry.map_err(StoreError::io(&folder))?.file_name();
            let number = name.to_str().and_then(|name| name.parse().ok());
            let Some(number) = number.map(SectorNumber) else {
                continue;
            };
            let is_alive = |record: &SectorRecord| record.number == number && record.is_alive();
            if !records.iter().any(is_alive) {
                tracing::info!(
                    sector = number.0,
                    "files of a sector that ended are deleted"
                );
                self.remove_sector_folder(number)?;
            }
        }
        Ok(())
    }
}
