//! The parameters inside a ceremony file, read in batches: bellperson's format.
//!
//! Verifying key (α, β in G1; β, γ in G2; δ in both; number of IC points; IC points), then five
//! queries, each its number of points (u32 BE) and the points, uncompressed.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use bellperson::groth16::VerifyingKey;
use blake2::{digest::consts::U32, Blake2b, Digest};
use blstrs::Bls12;
use group::prime::PrimeCurveAffine;

use super::{
    error::{CeremonyError, Part},
    points::{BATCH, G1_BYTES, G2_BYTES},
    record::CeremonyHash,
};

/// Points of the key that belong to inputs: the constant's and the statement's.
const IC_POINTS: u32 = 2;
/// Bytes of the verifying key.
pub(super) const KEY_BYTES: usize = 3 * G1_BYTES + 3 * G2_BYTES + 4 + 2 * G1_BYTES;

/// The queries in their order.
pub(super) const QUERIES: [(Part, usize); 5] = [
    (Part::H, G1_BYTES),
    (Part::L, G1_BYTES),
    (Part::A, G1_BYTES),
    (Part::BG1, G1_BYTES),
    (Part::BG2, G2_BYTES),
];

/// Parameters that are being read.
pub(super) struct Payload<R> {
    path: PathBuf,
    reader: R,
    left: u64,
    hash: Blake2b<U32>,
    buffer: Vec<u8>,
}

impl<R: Read> Payload<R> {
    pub(super) fn new(path: &Path, reader: R, bytes: u64) -> Self {
        Self {
            path: path.to_owned(),
            reader,
            left: bytes,
            hash: Blake2b::new(),
            buffer: vec![0; BATCH * G2_BYTES],
        }
    }

    /// Reads the verifying key.
    pub(super) fn key(&mut self) -> Result<VerifyingKey<Bls12>, CeremonyError> {
        let bad = self.unreadable(Part::Key);
        let bytes = self.take(KEY_BYTES, Part::Key)?;
        let count_at = 3 * G1_BYTES + 3 * G2_BYTES;
        if bytes[count_at..count_at + 4] != IC_POINTS.to_be_bytes() {
            return Err(bad);
        }
        match VerifyingKey::<Bls12>::read(bytes) {
            Ok(key) if !bool::from(key.delta_g1.is_identity() | key.delta_g2.is_identity()) => {
                Ok(key)
            }
            _ => Err(bad),
        }
    }

    /// Reads the next query: its number of points.
    pub(super) fn count(&mut self, part: Part) -> Result<usize, CeremonyError> {
        let bytes = self.take(4, part)?;
        let count = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        Ok(crate::scalar::at(count))
    }

    /// Reads `count` points of `point_bytes` bytes, giving them to `each` in batches.
    pub(super) fn points(
        &mut self,
        (part, point_bytes): (Part, usize),
        count: usize,
        mut each: impl FnMut(&[u8]) -> Result<(), CeremonyError>,
    ) -> Result<(), CeremonyError> {
        let mut done = 0;
        while done < count {
            let step = BATCH.min(count - done);
            each(self.take(step * point_bytes, part)?)?;
            done += step;
        }
        Ok(())
    }

    /// The hash of all parameters, once they are read to the last byte.
    pub(super) fn finish(self) -> Result<CeremonyHash, CeremonyError> {
        if self.left > 0 {
            return Err(self.unreadable(Part::BG2));
        }
        Ok(CeremonyHash(self.hash.finalize().into()))
    }

    pub(super) fn unreadable(&self, part: Part) -> CeremonyError {
        CeremonyError::Content {
            path: self.path.clone(),
            part,
        }
    }

    /// The next `bytes` bytes, at most a batch.
    fn take(&mut self, bytes: usize, part: Part) -> Result<&[u8], CeremonyError> {
        let left = u64::try_from(bytes)
            .ok()
            .and_then(|bytes| self.left.checked_sub(bytes));
        self.left = left.ok_or_else(|| self.unreadable(part))?;
        let target = &mut self.buffer[..bytes];
        self.reader
            .read_exact(target)
            .map_err(CeremonyError::io(&self.path))?;
        self.hash.update(&*target);
        Ok(target)
    }
}
