//! `C8` on `blstrs` scalars: Poseidon2 in compression mode, one hash or many at once.
//!
//! Goal: the prover's fast field hash, equal to `ips_verifier`'s. Non-goal: other widths.

#[cfg(target_arch = "x86_64")]
mod lanes;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use blstrs::Scalar;
use ff::Field;
use ips_verifier::hash::{
    constants::{DIAGONAL, FULL_KEYS, FULL_ROUNDS, PARTIAL_KEYS, PARTIAL_ROUNDS},
    scalar_to_bytes,
};
use rayon::prelude::*;

use crate::scalar::scalar_from_bytes;

/// Inputs of one `C8`, and lanes of its permutation.
pub const C8_ARITY: usize = 8;
/// Hashes that [`c8_eight`] makes at once.
pub(crate) const LANES: usize = 8;

/// What `C8` is applied to, and the lanes of its permutation.
pub(crate) type Block = [Scalar; C8_ARITY];

/// The verifier's constants as `blstrs` scalars.
pub(crate) struct Constants {
    /// Added before the S-boxes of each full round.
    pub(crate) full_keys: [Block; FULL_ROUNDS],
    /// Added to lane 0 before the S-box of each partial round.
    pub(crate) partial_keys: [Scalar; PARTIAL_ROUNDS],
    /// Diagonal of the inner matrix, less one.
    pub(crate) diagonal: Block,
}

/// The constants, converted once.
pub(crate) fn constants() -> &'static Constants {
    static CONSTANTS: OnceLock<Constants> = OnceLock::new();
    CONSTANTS.get_or_init(|| {
        let own = |scalar: &ips_verifier::hash::Scalar| {
            scalar_from_bytes(&scalar_to_bytes(scalar)).expect("an encoded scalar is canonical")
        };
        Constants {
            full_keys: FULL_KEYS.each_ref().map(|row| row.each_ref().map(own)),
            partial_keys: PARTIAL_KEYS.each_ref().map(own),
            diagonal: DIAGONAL.each_ref().map(own),
        }
    })
}

/// The hash of eight scalars.
pub fn c8(inputs: &[Scalar; C8_ARITY]) -> Scalar {
    let constants = constants();
    let (before, after) = constants.full_keys.split_at(FULL_ROUNDS / 2);
    let mut state = *inputs;
    external(&mut state);
    full_rounds(&mut state, before);
    for key in &constants.partial_keys {
        state[0] = quintic(state[0] + key);
        internal(&mut state, &constants.diagonal);
    }
    full_rounds(&mut state, after);
    state[0] + inputs[0]
}

/// The hash of at most eight scalars, padded with zeros.
///
/// # Panics
/// If there are more than eight: callers pass literal lists or bounded slices.
pub(crate) fn c8_padded(inputs: &[Scalar]) -> Scalar {
    c8(&padded(inputs))
}

/// At most eight scalars, filled up with zeros.
pub(crate) fn padded(inputs: &[Scalar]) -> Block {
    let mut all = [Scalar::ZERO; C8_ARITY];
    all[..inputs.len()].copy_from_slice(inputs);
    all
}

/// Whether [`c8_eight`] is one computation on this processor.
pub(crate) fn has_lanes() -> bool {
    #[cfg(target_arch = "x86_64")]
    return lanes::tables().is_some();
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Eight hashes on this core: side by side if the processor multiplies eight numbers at once.
pub(crate) fn c8_eight(blocks: &[Block; LANES]) -> [Scalar; LANES] {
    #[cfg(target_arch = "x86_64")]
    if let Some(hashes) = lanes::c8_eight(blocks) {
        return hashes;
    }
    blocks.each_ref().map(c8)
}

/// The hash of each block, on all cores and eight at once where the processor can.
pub fn c8_many(blocks: &[[Scalar; C8_ARITY]]) -> Vec<Scalar> {
    let mut hashes = vec![Scalar::ZERO; blocks.len()];
    hashes
        .par_chunks_mut(LANES)
        .zip(blocks.par_chunks(LANES))
        .for_each(|(hashes, blocks)| match blocks.try_into() {
            Ok(blocks) => hashes.copy_from_slice(&c8_eight(blocks)),
            Err(_) => {
                for (hash, block) in hashes.iter_mut().zip(blocks) {
                    *hash = c8(block);
                }
            }
        });
    hashes
}

fn full_rounds(state: &mut Block, keys: &[Block]) {
    for keys in keys {
        for (lane, key) in state.iter_mut().zip(keys) {
            *lane = quintic(*lane + key);
        }
        external(state);
    }
}

pub(crate) fn quintic(x: Scalar) -> Scalar {
    x.square().square() * x
}

/// The outer matrix, as the verifier applies it.
pub(crate) fn external(state: &mut Block) {
    let (low, high) = state.split_at_mut(C8_ARITY / 2);
    four(low);
    four(high);
    for (a, b) in low.iter_mut().zip(high) {
        let sum = *a + *b;
        *a += sum;
        *b += sum;
    }
}

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

/// The matrix of ones, plus `diagonal`.
pub(crate) fn internal(state: &mut Block, diagonal: &Block) {
    let sum: Scalar = state.iter().sum();
    for (lane, factor) in state.iter_mut().zip(diagonal) {
        *lane = *lane * factor + sum;
    }
}
