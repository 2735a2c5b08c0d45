//! A bit that says whether a value is zero, and equality that such a bit switches off.

use bellpepper_core::{
    boolean::{AllocatedBit, Boolean},
    num::AllocatedNum,
};
use bellperson::{ConstraintSystem, SynthesisError};
use blstrs::Scalar;
use ff::Field;

use super::Elt;

/// Enforces `left == right` unless `skip`.
pub(crate) fn equal_unless<CS: ConstraintSystem<Scalar>>(
    mut cs: CS,
    name: &str,
    skip: &Boolean,
    left: &Elt,
    right: &Elt,
) {
    cs.enforce(
        || name.to_owned(),
        |lc| lc + left.lc() - right.lc(),
        |_| skip.not().lc(CS::one(), Scalar::ONE),
        |lc| lc,
    );
}

/// Whether `value` is zero, as a bit that the value forces.
pub(crate) fn is_zero<CS: ConstraintSystem<Scalar>>(
    mut cs: CS,
    value: &Elt,
) -> Result<Boolean, SynthesisError> {
    let known = value.val();
    let bit = AllocatedBit::alloc(
        cs.namespace(|| "flag"),
        known.map(|value| bool::from(value.is_zero())),
    )?;
    let inverse = AllocatedNum::alloc(cs.namespace(|| "inverse"), || {
        let value = known.ok_or(SynthesisError::AssignmentMissing)?;
        Ok(Option::from(value.invert()).unwrap_or(Scalar::ZERO))
    })?;
    // value = 0 forces flag = 1 by the first rule; value != 0 forces flag = 0 by the second.
    cs.enforce(
        || "zero raises the flag",
        |lc| lc + value.lc(),
        |lc| lc + inverse.get_variable(),
        |lc| lc + CS::one() - bit.get_variable(),
    );
    cs.enforce(
        || "flag needs zero",
        |lc| lc + value.lc(),
        |lc| lc + bit.get_variable(),
        |lc| lc,
    );
    Ok(Boolean::from(bit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gadgets::witness;
    use bellpepper_core::test_cs::TestConstraintSystem;

    fn system(value: u64) -> TestConstraintSystem<Scalar> {
        let mut cs = TestConstraintSystem::new();
        let value = witness(&mut cs, "value", Scalar::from(value)).unwrap();
        let flag = is_zero(cs.namespace(|| "zero"), &value).unwrap();
        assert_eq!(flag.get_value(), Some(value.val() == Some(Scalar::ZERO)));
        cs
    }

    #[test]
    fn the_value_forces_the_flag() {
        for value in [0, 1, 77] {
            let mut cs = system(value);
            assert!(cs.is_satisfied());
            let flag = cs.get("zero/flag/boolean");
            cs.set("zero/flag/boolean", Scalar::ONE - flag);
            for inverse in [
                Scalar::ZERO,
                Scalar::ONE,
                Scalar::from(77).invert().unwrap(),
            ] {
                cs.set("zero/inverse/num", inverse);
                assert!(cs.which_is_unsatisfied().is_some());
            }
        }
    }
}
