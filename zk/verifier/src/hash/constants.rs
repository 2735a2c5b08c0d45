//! Round keys and the inner matrix of C8, read from `c8_constants.bin` at compile time.
//!
//! The file is made by the test module `generate` and compared with it by a test. It holds, one
//! after the other, the tables below as Montgomery residues (R = 2^256), 4 little-endian words each:
//! that is how arkworks keeps a scalar, so nothing is computed at run time.

use ark_ff::BigInt;

use super::{Scalar, C8_ARITY};

/// Rounds with an S-box on every lane, half of them first and half last.
pub const FULL_ROUNDS: usize = 8;
/// Rounds with an S-box on lane 0 only.
pub const PARTIAL_ROUNDS: usize = 57;

const PARTIAL_AT: usize = FULL_ROUNDS * C8_ARITY;
const DIAGONAL_AT: usize = PARTIAL_AT + PARTIAL_ROUNDS;
/// Scalars in the file.
pub(super) const SCALARS: usize = DIAGONAL_AT + C8_ARITY;
/// The file.
pub(super) static FILE: &[u8; SCALARS * 32] = include_bytes!("../c8_constants.bin");

/// Added to the lanes before the S-boxes of each full round.
pub static FULL_KEYS: [[Scalar; C8_ARITY]; FULL_ROUNDS] = full_keys();
/// Added to lane 0 before the S-box of each partial round.
pub static PARTIAL_KEYS: [Scalar; PARTIAL_ROUNDS] = row(PARTIAL_AT);
/// Diagonal of the inner matrix, less the one that every entry of it has.
pub static DIAGONAL: [Scalar; C8_ARITY] = row(DIAGONAL_AT);

const fn scalar(index: usize) -> Scalar {
    let mut limbs = [0u64; 4];
    let mut limb = 0;
    while limb < 4 {
        let mut byte = 8;
        while byte > 0 {
            byte -= 1;
            limbs[limb] = limbs[limb] << 8 | FILE[index * 32 + limb * 8 + byte] as u64;
        }
        limb += 1;
    }
    Scalar::new_unchecked(BigInt::new(limbs))
}

const fn row<const N: usize>(at: usize) -> [Scalar; N] {
    let mut row = [Scalar::new_unchecked(BigInt::new([0; 4])); N];
    let mut i = 0;
    while i < N {
        row[i] = scalar(at + i);
        i += 1;
    }
    row
}

const fn full_keys() -> [[Scalar; C8_ARITY]; FULL_ROUNDS] {
    let mut rows = [row(0); FULL_ROUNDS];
    let mut i = 1;
    while i < FULL_ROUNDS {
        rows[i] = row(i * C8_ARITY);
        i += 1;
    }
    rows
}
