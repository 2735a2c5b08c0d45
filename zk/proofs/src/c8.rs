//! `C8` on `blstrs` scalars: neptune's Poseidon of arity 8 with the Merkle tree domain tag.
//!
//! Goal: the prover's fast field hash, equal to `ips_verifier`'s. Non-goal: other arities.

use std::sync::OnceLock;

use blstrs::Scalar;
use ff::Field;
use generic_array::typenum::U8;
use neptune::{
    poseidon::{HashMode, PoseidonConstants},
    Poseidon,
};

/// Inputs of one `C8`.
pub const C8_ARITY: usize = 8;

/// The constants; computed once (about 0.1 s), used by the native hash and by the gadget.
pub(crate) fn constants() -> &'static PoseidonConstants<Scalar, U8> {
    static CONSTANTS: OnceLock<PoseidonConstants<Scalar, U8>> = OnceLock::new();
    CONSTANTS.get_or_init(PoseidonConstants::new)
}

/// The hash of eight scalars.
pub fn c8(inputs: &[Scalar; C8_ARITY]) -> Scalar {
    Poseidon::new_with_preimage(inputs, constants()).hash_in_mode(HashMode::OptimizedStatic)
}

/// The hash of at most eight scalars, padded with zeros.
///
/// # Panics
/// If there are more than eight: callers pass literal lists or bounded slices.
pub(crate) fn c8_padded(inputs: &[Scalar]) -> Scalar {
    let mut all = [Scalar::ZERO; C8_ARITY];
    all[..inputs.len()].copy_from_slice(inputs);
    c8(&all)
}
