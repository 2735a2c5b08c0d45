//! Scalars as bytes, and C8: the one hash of every label, tree and transcript.
//!
//! C8 is Poseidon2 in compression mode: the permutation of eight lanes, its first lane plus the first
//! input. Goal: exactly the published instance for this field (Horizen Labs, `t = 8`, x^5, 8 full and
//! 57 partial rounds), 819 multiplications. Non-goals: other widths, variable lengths.

pub mod constants;
#[cfg(test)]
mod generate;
#[cfg(test)]
mod tests;

use ark_bls12_381::Fr;
use ark_ff::{AdditiveGroup, BigInt, BigInteger, Field, PrimeField};

use self::constants::{DIAGONAL, FULL_KEYS, FULL_ROUNDS, PARTIAL_KEYS};

/// An element of the scalar field of BLS12-381.
pub type Scalar = Fr;

/// Inputs of C8, and lanes of its permutation.
pub const C8_ARITY: usize = 8;
/// Bytes that always fit a scalar.
const SHORT_BYTES: usize = 31;

type State = [Scalar; C8_ARITY];

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
    let mut state = *inputs;
    permute(&mut state);
    state[0] + inputs[0]
}

/// C8 of at most eight scalars, filled up with zeros.
pub(crate) fn c8_padded(inputs: &[Scalar]) -> Scalar {
    let mut block = [Scalar::ZERO; C8_ARITY];
    for (slot, input) in block.iter_mut().zip(inputs) {
        *slot = *input;
    }
    c8(&block)
}

/// The permutation: a linear layer, then half of the full rounds, the partial ones, the other half.
fn permute(state: &mut State) {
    let (before, after) = FULL_KEYS.split_at(FULL_ROUNDS / 2);
    external(state);
    full_rounds(state, before);
    for key in &PARTIAL_KEYS {
        state[0] = quintic(state[0] + key);
        internal(state);
    }
    full_rounds(state, after);
}

fn full_rounds(state: &mut State, keys: &[State]) {
    for keys in keys {
        for (lane, key) in state.iter_mut().zip(keys) {
            *lane = quintic(*lane + key);
        }
        external(state);
    }
}

fn quintic(x: Scalar) -> Scalar {
    x.square().square() * x
}

/// The matrix `[[2·M, M], [M, 2·M]]` with `M` as in [`four`].
fn external(state: &mut State) {
    let (low, high) = state.split_at_mut(C8_ARITY / 2);
    four(low);
    four(high);
    for (a, b) in low.iter_mut().zip(high) {
        let sum = *a + *b;
        *a += sum;
        *b += sum;
    }
}

/// The matrix `M = [[5, 7, 1, 3], [4, 6, 1, 1], [1, 3, 5, 7], [1, 1, 4, 6]]`, by additions.
fn four(x: &mut [Scalar]) {
    let a = x[0] + x[1];
    let b = x[2] + x[3];
    let c = x[1].double() + b;
    let d = x[3].double() + a;
    let e = b.double().double() + d;
    let f = a.double().double() + c;
    x[0] = d + f;
    x[1] = f;
    x[2] = c + e;
    x[3] = e;
}

/// The matrix of ones, plus [`DIAGONAL`] on its diagonal.
fn internal(state: &mut State) {
    let sum: Scalar = state.iter().sum();
    for (lane, factor) in state.iter_mut().zip(&DIAGONAL) {
        *lane = *lane * factor + sum;
    }
}
