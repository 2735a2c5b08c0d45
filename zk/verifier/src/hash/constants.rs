//! Round keys and matrices of C8 in sparse form, read from `c8_constants.bin` at compile time.
//!
//! The file is made by the test module `generate` and compared with it by a test. It holds, one
//! after the other, the tables below as Montgomery residues (R = 2^256), 4 little-endian words each:
//! that is how arkworks keeps a scalar, so nothing is computed at run time.

use ark_ff::BigInt;

use super::{Scalar, C8_ARITY, FULL_ROUNDS, PARTIAL_ROUNDS, WIDTH};

/// Different entries of the MDS matrix.
pub(super) const DIAGONALS: usize = 2 * WIDTH - 1;
/// Full rounds whose keys are in [`FULL_KEYS`]: all but the last, which has none after its S-boxes.
pub(super) const KEYED_ROUNDS: usize = FULL_ROUNDS - 1;
const SPARSE_SCALARS: usize = WIDTH + C8_ARITY;

const FULL_AT: usize = WIDTH;
const PARTIAL_AT: usize = FULL_AT + KEYED_ROUNDS * WIDTH;
const MDS_AT: usize = PARTIAL_AT + PARTIAL_ROUNDS;
const PRE_SPARSE_AT: usize = MDS_AT + DIAGONALS;
const SPARSE_AT: usize = PRE_SPARSE_AT + WIDTH * WIDTH;
/// Scalars in the file.
pub(super) const SCALARS: usize = SPARSE_AT + PARTIAL_ROUNDS * SPARSE_SCALARS;
/// The file.
pub(super) static FILE: &[u8; SCALARS * 32] = include_bytes!("../c8_constants.bin");

/// A matrix that differs from the identity in its first column and first row only.
pub(super) struct SparseMatrix {
    /// The first column.
    pub(super) column: [Scalar; WIDTH],
    /// The first row without its first entry.
    pub(super) row: [Scalar; C8_ARITY],
}

/// Added to the inputs.
pub(super) static FIRST_KEYS: [Scalar; WIDTH] = row(0);
/// Added after the S-boxes of each full round but the last.
pub(super) static FULL_KEYS: [[Scalar; WIDTH]; KEYED_ROUNDS] = rows(FULL_AT);
/// Added to lane 0 after the S-box of each partial round.
pub(super) static PARTIAL_KEYS: [Scalar; PARTIAL_ROUNDS] = row(PARTIAL_AT);
/// `1 / (s + 9)` for s = i + j.
pub(super) static MDS_DIAGONALS: [Scalar; DIAGONALS] = row(MDS_AT);
/// The matrix of the last full round before the partial ones.
pub(super) static PRE_SPARSE: [[Scalar; WIDTH]; WIDTH] = rows(PRE_SPARSE_AT);
/// The matrix of each partial round.
pub(super) static SPARSE: [SparseMatrix; PARTIAL_ROUNDS] = sparse();

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

const fn rows<const N: usize>(at: usize) -> [[Scalar; WIDTH]; N] {
    let mut rows = [row(at); N];
    let mut i = 1;
    while i < N {
        rows[i] = row(at + i * WIDTH);
        i += 1;
    }
    rows
}

const fn sparse() -> [SparseMatrix; PARTIAL_ROUNDS] {
    const BLANK: SparseMatrix = SparseMatrix {
        column: row(SPARSE_AT),
        row: row(SPARSE_AT),
    };
    let mut matrices = [BLANK; PARTIAL_ROUNDS];
    let mut i = 0;
    while i < PARTIAL_ROUNDS {
        let at = SPARSE_AT + i * SPARSE_SCALARS;
        matrices[i] = SparseMatrix {
            column: row(at),
            row: row(at + WIDTH),
        };
        i += 1;
    }
    matrices
}
