//! Scalars as bytes, and C8: the one hash of every label, tree and transcript.
//!
//! Goal: exactly neptune 11's arity-8 Poseidon (`HashType::MerkleTree`), in the sparse form that
//! needs about 2,000 multiplications. Non-goals: other arities, variable lengths.

mod constants;
#[cfg(test)]
mod generate;
#[cfg(test)]
mod tests;

use ark_bls12_381::Fr;
use ark_ff::{BigInt, BigInteger, Field, PrimeField};

use self::constants::{FIRST_KEYS, FULL_KEYS, MDS_DIAGONALS, PARTIAL_KEYS, PRE_SPARSE, SPARSE};

/// An element of the scalar field of BLS12-381.
pub type Scalar = Fr;

/// Inputs of C8.
pub const C8_ARITY: usize = 8;
/// Lanes of the permutation: the capacity and the inputs.
const WIDTH: usize = C8_ARITY + 1;
const FULL_ROUNDS: usize = 8;
const PARTIAL_ROUNDS: usize = 57;
/// neptune's tag of `HashType::MerkleTree` at arity 8: a bit per child.
const CAPACITY_TAG: u64 = 255;
/// Bytes that always fit a scalar.
const SHORT_BYTES: usize = 31;

type State = [Scalar; WIDTH];

/// 32 bytes that are not the canonical encoding of a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("32 bytes are not a canonical scalar; pass a value below the group order, little-endian")]
pub struct NonCanonical;

/// The scalar of 32 little-endian bytes, or `None` if they are not below the group order.
pub fn scalar_from_bytes(bytes: &[u8; 32]) -> Option<Scalar> {
    let mut limbs = [0u64; 4];
    for (limb, part) in limbs.iter_mut().zip(bytes.chunks_exact(8)) {
        let mut word = [0u8; 8];
        word.copy_from_slice(part);
        *limb = u64::from_le_bytes(word);
    }
    Scalar::from_bigint(BigInt::new(limbs))
}

/// The 32 little-endian bytes of a scalar.
pub fn scalar_to_bytes(scalar: &Scalar) -> [u8; 32] {
    let mut bytes = [0u8; 32];
    for (part, limb) in bytes.chunks_exact_mut(8).zip(scalar.into_bigint().0) {
        part.copy_from_slice(&limb.to_le_bytes());
    }
    bytes
}

/// Like [`scalar_from_bytes`], for statements that name several values.
pub(crate) fn canonical(bytes: &[u8; 32]) -> Result<Scalar, NonCanonical> {
    scalar_from_bytes(bytes).ok_or(NonCanonical)
}

/// The scalar of at most 31 bytes, little-endian. Bytes after the 31st are not read.
pub(crate) fn short_scalar(bytes: &[u8]) -> Scalar {
    let head = bytes.get(..SHORT_BYTES).unwrap_or(bytes);
    Scalar::from_le_bytes_mod_order(head)
}

/// The scalar of a tag: its ASCII bytes, at most 31, little-endian.
pub fn tag(name: &str) -> Scalar {
    short_scalar(name.as_bytes())
}

/// `count` indices of `width` bits each: bits `i·width..(i + 1)·width` of the canonical integer.
///
/// At most 254 bits may be asked for in all and at most 32 per index; the rest reads as zero.
pub(crate) fn bit_slices(
    scalar: &Scalar,
    width: u32,
    count: u32,
) -> impl Iterator<Item = u32> + 'static {
    let value = scalar.into_bigint();
    (0..count).map(move |index| {
        (0..width.min(u32::BITS)).fold(0, |slice, bit| {
            let position = u64::from(index) * u64::from(width) + u64::from(bit);
            let set = usize::try_from(position).is_ok_and(|position| value.get_bit(position));
            slice | (u32::from(set) << bit)
        })
    })
}

/// C8: eight scalars to one.
pub fn c8(inputs: &[Scalar; C8_ARITY]) -> Scalar {
    let mut state = [Scalar::from(CAPACITY_TAG); WIDTH];
    state[1..].copy_from_slice(inputs);
    add(&mut state, &FIRST_KEYS);
    let (before, after) = FULL_KEYS.split_at(FULL_ROUNDS / 2);
    for (round, keys) in before.iter().enumerate() {
        full_s_box(&mut state, keys);
        state = if round + 1 == before.len() {
            pre_sparse(&state)
        } else {
            mds(&state)
        };
    }
    for (key, matrix) in PARTIAL_KEYS.iter().zip(&SPARSE) {
        state[0] = quintic(state[0]) + key;
        sparse(&mut state, matrix);
    }
    for keys in after {
        full_s_box(&mut state, keys);
        state = mds(&state);
    }
    mds(&state.map(quintic))[1]
}

/// C8 of at most eight scalars, filled up with zeros.
pub(crate) fn c8_padded(inputs: &[Scalar]) -> Scalar {
    let mut block = [Scalar::from(0u64); C8_ARITY];
    for (slot, input) in block.iter_mut().zip(inputs) {
        *slot = *input;
    }
    c8(&block)
}

fn quintic(x: Scalar) -> Scalar {
    x.square().square() * x
}

fn add(state: &mut State, keys: &State) {
    for (lane, key) in state.iter_mut().zip(keys) {
        *lane += key;
    }
}

fn full_s_box(state: &mut State, keys: &State) {
    for (lane, key) in state.iter_mut().zip(keys) {
        *lane = quintic(*lane) + key;
    }
}

/// The Cauchy matrix `1 / (i + j + 9)`: an entry depends on `i + j` only.
fn mds(state: &State) -> State {
    core::array::from_fn(|j| {
        state
            .iter()
            .zip(&MDS_DIAGONALS[j..])
            .map(|(x, m)| *x * m)
            .sum()
    })
}

fn pre_sparse(state: &State) -> State {
    core::array::from_fn(|j| {
        state
            .iter()
            .zip(&PRE_SPARSE)
            .map(|(x, row)| *x * row[j])
            .sum()
    })
}

/// First column, then the rest of the first row; identity elsewhere.
fn sparse(state: &mut State, matrix: &constants::SparseMatrix) {
    let first = state[0];
    state[0] = state.iter().zip(&matrix.column).map(|(x, m)| *x * m).sum();
    for (lane, m) in state[1..].iter_mut().zip(&matrix.row) {
        *lane += first * m;
    }
}
