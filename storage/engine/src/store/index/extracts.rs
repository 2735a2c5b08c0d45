//! Records of retrievals.

use codec::Encode as _;
use ips_primitives::id::AgreementId;
use redb::ReadableTable as _;

use super::{failed, Index, StoreError, EXTRACTS};
use crate::store::{records::Record, vouchers::ExtractRecord};

impl Index {
    pub(in crate::store) fn extract(&self, id: AgreementId) -> Result<ExtractRecord, StoreError> {
        self.read(|transaction| {
            let table = transaction.open_table(EXTRACTS).map_err(failed)?;
            let value = table.get(id.0).map_err(failed)?;
            let record = value
                .map(|bytes| ExtractRecord::from_bytes(bytes.value()))
                .transpose()?;
            Ok(record.unwrap_or_default())
        })
    }

    pub(in crate::store) fn extracts(
        &self,
    ) -> Result<Vec<(AgreementId, ExtractRecord)>, StoreError> {
        self.read(|transaction| {
            let table = transaction.open_table(EXTRACTS).map_err(failed)?;
            let mut records = Vec::new();
            for entry in table.iter().map_err(failed)? {
                let (id, bytes) = entry.map_err(failed)?;
                records.push((
                    AgreementId(id.value()),
                    ExtractRecord::from_bytes(bytes.value())?,
                ));
            }
            Ok(records)
        })
    }

    /// Changes a retrieval's record in one transaction; `change` may refuse.
    pub(in crate::store) fn change_extract<R>(
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

    /// Removes the records that a condition holds for.
    pub(in crate::store) fn remove_extracts(
        &self,
        condition: impl Fn(&ExtractRecord) -> bool,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            let mut table = transaction.open_table(EXTRACTS).map_err(failed)?;
            let mut over = Vec::new();
            for entry in table.iter().map_err(failed)? {
                let (id, bytes) = entry.map_err(failed)?;
                if condition(&ExtractRecord::from_bytes(bytes.value())?) {
                    over.push(id.value());
                }
            }
            for id in over {
                table.remove(id).map_err(failed)?;
            }
            Ok(())
        })
    }
}
