//! Gadgets that the circuits share. Each has a native twin: `c8::c8`, `tree::path_root`;
//! of strict bits it is the verifier's slicing of challenges.
//!
//! Goal: few constraints, each with a name that says which rule it enforces. Non-goal: generality.

pub(crate) mod bits;
pub(crate) mod c8;
mod elt;
pub(crate) mod merkle;
pub(crate) mod zero;

use bellpepper_core::num::AllocatedNum;
use bellperson::{ConstraintSystem, SynthesisError};
use blstrs::Scalar;
use ff::Field;

pub(crate) use self::elt::Elt;

/// Allocates a private value.
pub(crate) fn witness<CS: ConstraintSystem<Scalar>>(
    mut cs: CS,
    name: &str,
    value: Scalar,
) -> Result<Elt, SynthesisError> {
    let num = AllocatedNum::alloc(cs.namespace(|| name.to_owned()), || Ok(value))?;
    Ok(Elt::of(&num))
}

/// Enforces `left == right`.
pub(crate) fn equal<CS: ConstraintSystem<Scalar>>(mut cs: CS, name: &str, left: &Elt, right: &Elt) {
    cs.enforce(
        || name.to_owned(),
        |lc| lc + left.lc() - right.lc(),
        |lc| lc + CS::one(),
        |lc| lc,
    );
}

/// Allocates the one public input and enforces that `computed` is it.
pub(crate) fn public_input<CS: ConstraintSystem<Scalar>>(
    mut cs: CS,
    statement: Scalar,
    computed: &Elt,
) -> Result<(), SynthesisError> {
    let input = cs.alloc_input(|| "statement", || Ok(statement))?;
    cs.enforce(
        || "statement is recomputed",
        |lc| lc + computed.lc(),
        |lc| lc + CS::one(),
        |lc| lc + (Scalar::ONE, input),
    );
    Ok(())
}
