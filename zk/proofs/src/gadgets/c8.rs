//! `C8` as constraints: neptune's `circuit2`, 387 each; the output is a linear combination.

use bellperson::{ConstraintSystem, SynthesisError};
use blstrs::Scalar;
use ff::Field;
use neptune::circuit2::PoseidonCircuit2;

use super::constant;
use crate::c8::{constants, C8_ARITY};

/// A value in a circuit: one variable, or a linear combination of several.
pub(crate) type Elt = neptune::circuit2::Elt<Scalar>;

/// The hash of at most eight values, padded with zeros. Native twin: `crate::c8::c8_padded`.
pub(crate) fn c8<CS: ConstraintSystem<Scalar>>(
    mut cs: CS,
    inputs: &[Elt],
) -> Result<Elt, SynthesisError> {
    if inputs.len() > C8_ARITY {
        return Err(SynthesisError::Unsatisfiable);
    }
    let mut elements = Vec::with_capacity(C8_ARITY + 1);
    elements.push(Elt::Num(constant::<CS>(constants().domain_tag)));
    elements.extend_from_slice(inputs);
    elements.resize(C8_ARITY + 1, Elt::Num(constant::<CS>(Scalar::ZERO)));
    PoseidonCircuit2::new(elements, constants()).hash(&mut cs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{c8::c8_padded, gadgets::witness};
    use bellpepper_core::test_cs::TestConstraintSystem;

    #[test]
    fn gadget_equals_native_for_every_length() {
        for length in 0..=C8_ARITY {
            let values: Vec<_> = (0..length as u64)
                .map(|i| Scalar::from(i * i + 7))
                .collect();
            let mut cs = TestConstraintSystem::new();
            let inputs: Vec<_> = values
                .iter()
                .enumerate()
                .map(|(i, value)| witness(&mut cs, &format!("in {i}"), *value).unwrap())
                .collect();
            let output = c8(cs.namespace(|| "c8"), &inputs).unwrap();
            assert_eq!(output.val(), Some(c8_padded(&values)));
            assert!(cs.is_satisfied());
            assert_eq!(cs.num_constraints(), 387);
        }
        let mut cs = TestConstraintSystem::<Scalar>::new();
        let many = vec![Elt::Num(constant::<TestConstraintSystem<Scalar>>(Scalar::ONE)); 9];
        assert!(c8(cs.namespace(|| "c8"), &many).is_err());
    }
}
