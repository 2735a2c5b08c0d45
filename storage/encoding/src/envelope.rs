//! Authenticated encryption of a file's records.
//!
//! Goal: each record can be read alone, and none can be altered, moved, dropped, repeated or cut
//! off unseen. Non-goal: where records are ([`crate::segment`]).
//!
//! XChaCha20-Poly1305. Nonce: 16-byte file nonce ‖ segment (u32 BE) ‖ record in the segment (u32
//! BE), its top bit set in the file's last record: position and end are authenticated. Associated
//! data: version ‖ codec ‖ data ‖ parity ‖ F (u32 BE) ‖ file nonce. A key is used for one file.

use chacha20poly1305::{
    aead::{AeadInPlace, KeyInit},
    Tag, XChaCha20Poly1305, XNonce,
};

use crate::{
    erasure::CodecId,
    keys::{FileKey, FILE_NONCE_BYTES},
    segment::{Layout, TAG_BYTES},
};

/// Version of the record format.
const RECORD_VERSION: u8 = 1;
const LAST_RECORD: u32 = 1 << 31;
const TAG_LEN: usize = TAG_BYTES as usize;
const AAD_LEN: usize = 8 + FILE_NONCE_BYTES;

/// A record did not authenticate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordError;

/// Position of a record in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordAt {
    pub(crate) segment: u32,
    pub(crate) record: u32,
    pub(crate) last: bool,
}

impl RecordAt {
    fn counter(self) -> u32 {
        debug_assert!(
            self.record < LAST_RECORD,
            "a segment has at most 960 records"
        );
        self.record | if self.last { LAST_RECORD } else { 0 }
    }
}

/// Seals and opens the records of one file.
#[derive(Clone)]
pub(crate) struct Envelope {
    cipher: XChaCha20Poly1305,
    file_nonce: [u8; FILE_NONCE_BYTES],
    aad: [u8; AAD_LEN],
}

impl Envelope {
    pub(crate) fn new(
        key: &FileKey,
        file_nonce: [u8; FILE_NONCE_BYTES],
        layout: &Layout,
        codec: CodecId,
    ) -> Self {
        let erasure = layout.erasure();
        let mut aad = [0; AAD_LEN];
        aad[..4].copy_from_slice(&[RECORD_VERSION, codec.number(), erasure.data, erasure.parity]);
        aad[4..8].copy_from_slice(&layout.fragment_size().bytes().to_be_bytes());
        aad[8..].copy_from_slice(&file_nonce);
        Self {
            cipher: XChaCha20Poly1305::new(key.as_bytes().into()),
            file_nonce,
            aad,
        }
    }

    fn nonce(&self, at: RecordAt) -> XNonce {
        let mut nonce = XNonce::default();
        nonce[..FILE_NONCE_BYTES].copy_from_slice(&self.file_nonce);
        nonce[FILE_NONCE_BYTES..FILE_NONCE_BYTES + 4].copy_from_slice(&at.segment.to_be_bytes());
        nonce[FILE_NONCE_BYTES + 4..].copy_from_slice(&at.counter().to_be_bytes());
        nonce
    }

    /// Encrypts a record in place; its last 16 bytes are room for the tag.
    pub(crate) fn seal(&self, at: RecordAt, record: &mut [u8]) -> Result<(), RecordError> {
        let split = record.len().checked_sub(TAG_LEN).ok_or(RecordError)?;
        let (payload, room) = record.split_at_mut(split);
        let tag = self
            .cipher
            .encrypt_in_place_detached(&self.nonce(at), &self.aad, payload)
            .map_err(|_| RecordError)?;
        room.copy_from_slice(&tag);
        Ok(())
    }

    /// Decrypts a record in place and returns its payload.
    pub(crate) fn open<'a>(
        &self,
        at: RecordAt,
        record: &'a mut [u8],
    ) -> Result<&'a [u8], RecordError> {
        let split = record.len().checked_sub(TAG_LEN).ok_or(RecordError)?;
        let (payload, tag) = record.split_at_mut(split);
        self.cipher
            .decrypt_in_place_detached(&self.nonce(at), &self.aad, payload, Tag::from_slice(tag))
            .map_err(|_| RecordError)?;
        Ok(payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ips_primitives::fragment::{ErasureParams, FragmentSize};

    const AT: RecordAt = RecordAt {
        segment: 2,
        record: 5,
        last: false,
    };

    fn envelope_of(key: u8, nonce: u8, data: u8, size: FragmentSize, codec: CodecId) -> Envelope {
        let erasure = ErasureParams {
            data,
            parity: 6 - data,
        };
        let layout = Layout::new(erasure, size, 1000, true);
        Envelope::new(&FileKey::from_bytes([key; 32]), [nonce; 16], &layout, codec)
    }

    fn envelope() -> Envelope {
        envelope_of(1, 2, 3, FragmentSize::K8, CodecId::Rs16)
    }

    fn sealed() -> Vec<u8> {
        let mut record = b"forty bytes of a file, then room: tag...................".to_vec();
        envelope().seal(AT, &mut record).unwrap();
        record
    }

    #[test]
    fn a_record_opens_where_it_was_sealed() {
        let mut record = sealed();
        let payload = envelope().open(AT, &mut record).unwrap();
        assert_eq!(payload, b"forty bytes of a file, then room: tag...");
    }

    #[test]
    fn moved_repeated_and_ended_records_are_detected() {
        let places = [
            RecordAt { segment: 3, ..AT },
            RecordAt { record: 4, ..AT },
            RecordAt { record: 6, ..AT },
            RecordAt {
                segment: 5,
                record: 2,
                ..AT
            },
            RecordAt { last: true, ..AT },
        ];
        for at in places {
            assert_eq!(
                envelope().open(at, &mut sealed()),
                Err(RecordError),
                "{at:?}"
            );
        }
    }

    #[test]
    fn flipped_bits_and_cut_records_are_detected() {
        for bit in 0..sealed().len() * 8 {
            let mut record = sealed();
            record[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                envelope().open(AT, &mut record),
                Err(RecordError),
                "bit {bit}"
            );
        }
        for len in 0..sealed().len() {
            let mut record = sealed();
            assert_eq!(
                envelope().open(AT, &mut record[..len]),
                Err(RecordError),
                "length {len}"
            );
        }
    }

    #[test]
    fn key_nonce_and_every_parameter_are_bound() {
        let others = [
            envelope_of(9, 2, 3, FragmentSize::K8, CodecId::Rs16),
            envelope_of(1, 9, 3, FragmentSize::K8, CodecId::Rs16),
            envelope_of(1, 2, 4, FragmentSize::K8, CodecId::Rs16),
            envelope_of(1, 2, 3, FragmentSize::K16, CodecId::Rs16),
            envelope_of(1, 2, 3, FragmentSize::K8, CodecId::Rs8),
        ];
        for other in others {
            assert_eq!(other.open(AT, &mut sealed()), Err(RecordError));
        }
    }
}
