//! A value in a circuit: a linear combination of variables.

use bellpepper_core::{boolean::Boolean, num::AllocatedNum};
use bellperson::{ConstraintSystem, LinearCombination, SynthesisError};
use blstrs::Scalar;
use ff::Field;

/// A linear combination, and its value where the circuit has values.
#[derive(Clone, Debug)]
pub(crate) struct Elt {
    value: Option<Scalar>,
    lc: LinearCombination<Scalar>,
}

impl Elt {
    /// The combination `lc`, which is `value`.
    pub(crate) fn new(value: Option<Scalar>, lc: LinearCombination<Scalar>) -> Self {
        Self { value, lc }
    }

    /// One variable.
    pub(crate) fn of(num: &AllocatedNum<Scalar>) -> Self {
        Self::new(
            num.get_value(),
            LinearCombination::from_variable(num.get_variable()),
        )
    }

    /// A constant.
    pub(crate) fn constant<CS: ConstraintSystem<Scalar>>(value: Scalar) -> Self {
        Self::new(Some(value), LinearCombination::from_coeff(CS::one(), value))
    }

    /// Zero, without any variable.
    pub(crate) fn zero() -> Self {
        Self::new(Some(Scalar::ZERO), LinearCombination::zero())
    }

    /// What it is; `None` in a circuit without values.
    pub(crate) fn val(&self) -> Option<Scalar> {
        self.value
    }

    /// The combination.
    pub(crate) fn lc(&self) -> &LinearCombination<Scalar> {
        &self.lc
    }

    /// The sum.
    pub(crate) fn plus(mut self, other: &Self) -> Self {
        self.value = self.value.zip(other.value).map(|(a, b)| a + b);
        self.lc = self.lc + &other.lc;
        self
    }

    /// The sum with `scale·Σ bits·2^i`.
    pub(crate) fn plus_bits<CS: ConstraintSystem<Scalar>>(
        mut self,
        bits: &[Boolean],
        scale: Scalar,
    ) -> Self {
        let mut coefficient = scale;
        for bit in bits {
            let set = bit
                .get_value()
                .map(|bit| if bit { coefficient } else { Scalar::ZERO });
            self.value = self.value.zip(set).map(|(sum, bit)| sum + bit);
            self.lc = self.lc + &bit.lc(CS::one(), coefficient);
            coefficient = coefficient.double();
        }
        self
    }

    /// A variable of its own that is forced to it.
    pub(crate) fn allocated<CS: ConstraintSystem<Scalar>>(
        &self,
        mut cs: CS,
    ) -> Result<AllocatedNum<Scalar>, SynthesisError> {
        let num = AllocatedNum::alloc(cs.namespace(|| "num"), || {
            self.value.ok_or(SynthesisError::AssignmentMissing)
        })?;
        cs.enforce(
            || "is the combination",
            |lc| lc + &self.lc,
            |lc| lc + CS::one(),
            |lc| lc + num.get_variable(),
        );
        Ok(num)
    }
}
