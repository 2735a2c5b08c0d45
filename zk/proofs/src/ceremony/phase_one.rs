//! The file of a first phase: powers of tau, plain and times α and β.
//!
//! Layout of the uncompressed challenge files of the Zcash and Filecoin set-ups, for `n` powers: a hash
//! (64 bytes) ‖ tau^0 … tau^(2n-2) in G1 ‖ tau^0 … tau^(n-1) in G2 ‖ α·tau^0 … α·tau^(n-1) in G1 ‖
//! β·tau^0 … β·tau^(n-1) in G1 ‖ β in G2. `n` follows from the length. The whole file is hashed and
//! compared with its published hash; of the points, only those that the circuit needs are kept.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use blake2::{digest::consts::U64, Blake2b, Digest};
use blstrs::{G1Affine, G2Affine};
use group::{prime::PrimeCurveAffine, Curve};
use rand_core::{OsRng, RngCore};

use super::{
    error::CeremonyError,
    points::{
        coefficients, g1_all, g2, g2_all, same_ratio, sum_g1, sum_g2, BATCH, G1_BYTES, G2_BYTES,
    },
    record::OriginHash,
};

const HASH_BYTES: usize = 64;

/// What a circuit of a domain of `n` rows needs of a first phase.
pub(super) struct Powers {
    /// `2n - 1` powers of tau.
    pub(super) tau_g1: Vec<G1Affine>,
    /// `n` powers of tau.
    pub(super) tau_g2: Vec<G2Affine>,
    /// `n` powers of tau, times α.
    pub(super) alpha_g1: Vec<G1Affine>,
    /// `n` powers of tau, times β.
    pub(super) beta_g1: Vec<G1Affine>,
    /// β.
    pub(super) beta_g2: G2Affine,
}

/// Powers in a file of `bytes` bytes, or 0.
fn powers_in(bytes: u64) -> u64 {
    let each = u64::try_from(4 * G1_BYTES + G2_BYTES).unwrap_or(u64::MAX);
    // The one power that tau_g1 lacks, and β.
    let fixed = u64::try_from(HASH_BYTES + G2_BYTES - G1_BYTES).unwrap_or(u64::MAX);
    match bytes.checked_sub(fixed) {
        Some(rest) if rest % each == 0 => rest / each,
        _ => 0,
    }
}

impl Powers {
    /// Reads and checks what a domain of `rows` rows needs.
    pub(super) fn read(
        path: &Path,
        expected: &OriginHash,
        rows: usize,
    ) -> Result<Self, CeremonyError> {
        let file = File::open(path).map_err(CeremonyError::io(path))?;
        let bytes = file.metadata().map_err(CeremonyError::io(path))?.len();
        let found = usize::try_from(powers_in(bytes)).unwrap_or(0);
        if found < rows {
            return Err(CeremonyError::PhaseOneSize {
                path: path.to_owned(),
                found,
                needed: rows,
            });
        }
        let mut source = HashedFile {
            path,
            reader: BufReader::with_capacity(1 << 18, file),
            hash: Blake2b::new(),
        };
        source.read(HASH_BYTES)?;
        let powers = Self {
            tau_g1: source.points(2 * found - 1, 2 * rows - 1, G1_BYTES, g1_all)?,
            tau_g2: source.points(found, rows, G2_BYTES, g2_all)?,
            alpha_g1: source.points(found, rows, G1_BYTES, g1_all)?,
            beta_g1: source.points(found, rows, G1_BYTES, g1_all)?,
            beta_g2: g2(&source.read(G2_BYTES)?).ok_or_else(|| source.dishonest(POINT))?,
        };
        let hash = OriginHash(source.hash.finalize().into());
        if hash != *expected {
            return Err(CeremonyError::PhaseOneHash {
                path: path.to_owned(),
                found: hash,
                expected: *expected,
            });
        }
        powers
            .check(&mut OsRng)
            .map_err(|what| CeremonyError::PhaseOne {
                path: path.to_owned(),
                what,
            })?;
        Ok(powers)
    }

    /// Whether all are powers of one tau, times one α and one β.
    fn check(&self, rng: &mut impl RngCore) -> Result<(), &'static str> {
        let (one_g1, one_g2) = (G1Affine::generator(), G2Affine::generator());
        if self.tau_g1[0] != one_g1 || self.tau_g2[0] != one_g2 {
            return Err("the zeroth power is not the generator");
        }
        let (Some(tau_g1), Some(tau_g2)) = (self.tau_g1.get(1), self.tau_g2.get(1)) else {
            return Ok(());
        };
        let tau = (&one_g2, tau_g2);
        for (powers, what) in [
            (&self.tau_g1, "tau in G1 does not hold its powers"),
            (&self.alpha_g1, "alpha does not go with the powers of tau"),
            (&self.beta_g1, "beta does not go with the powers of tau"),
        ] {
            let scalars = coefficients(powers.len() - 1, rng);
            let low = sum_g1(&powers[..powers.len() - 1], &scalars).to_affine();
            let high = sum_g1(&powers[1..], &scalars).to_affine();
            if !same_ratio((&low, &high), tau) {
                return Err(what);
            }
        }
        let scalars = coefficients(self.tau_g2.len() - 1, rng);
        let low = sum_g2(&self.tau_g2[..self.tau_g2.len() - 1], &scalars).to_affine();
        let high = sum_g2(&self.tau_g2[1..], &scalars).to_affine();
        if !same_ratio((&one_g1, tau_g1), (&low, &high)) {
            return Err("tau in G2 does not hold its powers");
        }
        if !same_ratio((&one_g1, &self.beta_g1[0]), (&one_g2, &self.beta_g2)) {
            return Err("beta differs between the groups");
        }
        Ok(())
    }
}

const POINT: &str = "a point is the identity or outside the group";

/// A file that is hashed while it is read.
struct HashedFile<'a> {
    path: &'a Path,
    reader: BufReader<File>,
    hash: Blake2b<U64>,
}

impl HashedFile<'_> {
    fn read(&mut self, bytes: usize) -> Result<Vec<u8>, CeremonyError> {
        let mut buffer = vec![0; bytes];
        self.reader
            .read_exact(&mut buffer)
            .map_err(CeremonyError::io(self.path))?;
        self.hash.update(&buffer);
        Ok(buffer)
    }

    /// Reads `count` points and keeps the first `kept`.
    fn points<P>(
        &mut self,
        count: usize,
        kept: usize,
        point_bytes: usize,
        parse: impl Fn(&[u8]) -> Option<Vec<P>>,
    ) -> Result<Vec<P>, CeremonyError> {
        let mut points = Vec::with_capacity(kept);
        let mut done = 0;
        while done < count {
            let limit = if done < kept { kept } else { count };
            let step = BATCH.min(limit - done);
            let bytes = self.read(step * point_bytes)?;
            if done < kept {
                points.extend(parse(&bytes).ok_or_else(|| self.dishonest(POINT))?);
            }
            done += step;
        }
        Ok(points)
    }

    fn dishonest(&self, what: &'static str) -> CeremonyError {
        CeremonyError::PhaseOne {
            path: self.path.to_owned(),
            what,
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
