//! Records of sectors.

use ips_primitives::id::SectorNumber;

use super::{records::SectorRecord, Store, StoreError};

impl Store {
    /// A number that was never given before and is at least `least`.
    pub(crate) fn next_sector(&self, least: u64) -> Result<SectorNumber, StoreError> {
        self.inner.index.next_sector(least)
    }

    pub(crate) fn put_sector(&self, record: &SectorRecord) -> Result<(), StoreError> {
        self.inner.index.put_sector(record)
    }

    /// Ends one sector and starts another in one step, so that no piece is ever in both or none.
    pub(crate) fn replace_sector(
        &self,
        old: SectorNumber,
        new: Option<&SectorRecord>,
    ) -> Result<(), StoreError> {
        self.inner.index.replace_sector(Some(old), new)?;
        self.remove_sector_folder(old)
    }

    /// Changes a record; `None` if there is none.
    pub(crate) fn change_sector(
        &self,
        number: SectorNumber,
        change: impl FnOnce(&mut SectorRecord),
    ) -> Result<Option<SectorRecord>, StoreError> {
        self.inner.index.change_sector(number, change)
    }

    pub(crate) fn sectors(&self) -> Result<Vec<SectorRecord>, StoreError> {
        self.inner.index.sectors()
    }
}
