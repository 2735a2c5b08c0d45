//! `C8` as constraints: three for each of the 121 S-boxes; all else is linear.
//!
//! The partial rounds change one lane each, so every lane is a combination of the eight S-boxes before
//! them and of theirs; the coefficients are the same in every hash and computed once ([`Combinations`]).

use std::sync::OnceLock;

use bellperson::{ConstraintSystem, LinearCombination, SynthesisError, Variable};
use blstrs::Scalar;
use ff::Field;
use ips_verifier::hash::constants::{FULL_ROUNDS, PARTIAL_ROUNDS};

use super::Elt;
use crate::c8::{constants, external, internal, Block, C8_ARITY};

/// Constraints of one `C8`.
#[cfg(test)]
pub(crate) const C8_ROWS: usize = 3 * (FULL_ROUNDS * C8_ARITY + PARTIAL_ROUNDS);
const HALF: usize = FULL_ROUNDS / 2;
/// What lanes of partial rounds are combinations of: one, the lanes before, the S-boxes so far.
const BASIS: usize = 1 + C8_ARITY + PARTIAL_ROUNDS;

type Combination = Vec<Scalar>;

/// Lanes of the partial rounds as combinations of one, the eight results of the last full round's
/// S-boxes before them, and the results of their own S-boxes.
struct Combinations {
    /// What goes into the S-box of each partial round.
    inputs: Vec<Combination>,
    /// The lanes after the last.
    after: Vec<Combination>,
}

impl Combinations {
    fn get() -> &'static Self {
        static COMBINATIONS: OnceLock<Combinations> = OnceLock::new();
        COMBINATIONS.get_or_init(Self::compute)
    }

    fn compute() -> Self {
        let constants = constants();
        // One column per element of the basis: the lanes' coefficients of it.
        let mut columns = vec![[Scalar::ZERO; C8_ARITY]; BASIS];
        for (lane, column) in columns[1..=C8_ARITY].iter_mut().enumerate() {
            column[lane] = Scalar::ONE;
            external(column);
        }
        let row = |columns: &[Block], lane: usize| -> Combination {
            columns.iter().map(|column| column[lane]).collect()
        };
        let mut inputs = Vec::with_capacity(PARTIAL_ROUNDS);
        for (round, key) in constants.partial_keys.iter().enumerate() {
            let known = 1 + C8_ARITY + round;
            columns[0][0] += key;
            inputs.push(row(&columns[..known], 0));
            for column in &mut columns[..known] {
                column[0] = Scalar::ZERO;
            }
            columns[known][0] = Scalar::ONE;
            for column in &mut columns[..=known] {
                internal(column, &constants.diagonal);
            }
        }
        let after = (0..C8_ARITY).map(|lane| row(&columns, lane)).collect();
        Self { inputs, after }
    }
}

/// The hash of at most eight values, padded with zeros. Native twin: `crate::c8::c8_padded`.
pub(crate) fn c8<CS: ConstraintSystem<Scalar>>(
    mut cs: CS,
    inputs: &[Elt],
) -> Result<Elt, SynthesisError> {
    if inputs.len() > C8_ARITY {
        return Err(SynthesisError::Unsatisfiable);
    }
    let mut lanes = inputs.to_vec();
    lanes.resize(C8_ARITY, Elt::zero());
    let first = lanes[0].clone();
    let (before, after) = constants().full_keys.split_at(HALF);
    for (round, keys) in before.iter().enumerate() {
        let cs = cs.namespace(|| format!("full round {round}"));
        lanes = full_round(cs, &mixed(&lanes), keys)?;
    }
    lanes = partial_rounds(&mut cs, lanes)?;
    for (round, keys) in (HALF..).zip(after) {
        let cs = cs.namespace(|| format!("full round {round}"));
        lanes = mixed(&full_round(cs, &lanes, keys)?);
    }
    Ok(lanes.swap_remove(0).plus(&first))
}

/// S-boxes of all lanes; the results are one variable each.
fn full_round<CS: ConstraintSystem<Scalar>>(
    mut cs: CS,
    lanes: &[Elt],
    keys: &Block,
) -> Result<Vec<Elt>, SynthesisError> {
    lanes
        .iter()
        .zip(keys)
        .enumerate()
        .map(|(i, (lane, key))| {
            let keyed = lane.clone().plus(&Elt::constant::<CS>(*key));
            s_box(cs.namespace(|| format!("lane {i}")), &keyed)
        })
        .collect()
}

/// The partial rounds on the results of a full round's S-boxes: the lanes after them.
fn partial_rounds<CS: ConstraintSystem<Scalar>>(
    cs: &mut CS,
    mut basis: Vec<Elt>,
) -> Result<Vec<Elt>, SynthesisError> {
    let Combinations { inputs, after } = Combinations::get();
    basis.insert(0, Elt::constant::<CS>(Scalar::ONE));
    for (round, combination) in inputs.iter().enumerate() {
        let input = combined(&basis, combination);
        basis.push(s_box(
            cs.namespace(|| format!("partial round {round}")),
            &input,
        )?);
    }
    Ok(after.iter().map(|lane| combined(&basis, lane)).collect())
}

/// The combination of `basis` with these coefficients, as many as there are.
fn combined(basis: &[Elt], coefficients: &[Scalar]) -> Elt {
    let mut sum = Some(Scalar::ZERO);
    let mut lc = LinearCombination::zero();
    for (elt, coefficient) in basis.iter().zip(coefficients) {
        sum = sum
            .zip(elt.val())
            .map(|(sum, value)| sum + value * coefficient);
        lc = lc + (*coefficient, elt.lc());
    }
    Elt::new(sum, lc)
}

/// The outer matrix.
fn mixed(lanes: &[Elt]) -> Vec<Elt> {
    static ROWS: OnceLock<[Block; C8_ARITY]> = OnceLock::new();
    let rows = ROWS.get_or_init(|| {
        let mut columns = [[Scalar::ZERO; C8_ARITY]; C8_ARITY];
        for (lane, column) in columns.iter_mut().enumerate() {
            column[lane] = Scalar::ONE;
            external(column);
        }
        std::array::from_fn(|lane| columns.map(|column| column[lane]))
    });
    rows.iter().map(|row| combined(lanes, row)).collect()
}

/// A variable that is the fifth power of `x`.
fn s_box<CS: ConstraintSystem<Scalar>>(mut cs: CS, x: &Elt) -> Result<Elt, SynthesisError> {
    let square = x.val().map(|x| x.square());
    let fourth = square.map(|square| square.square());
    let fifth = fourth.zip(x.val()).map(|(fourth, x)| fourth * x);
    let mut power =
        |name: &'static str, value: Option<Scalar>| -> Result<Variable, SynthesisError> {
            cs.alloc(|| name, || value.ok_or(SynthesisError::AssignmentMissing))
        };
    let (x2, x4, x5) = (
        power("x^2", square)?,
        power("x^4", fourth)?,
        power("x^5", fifth)?,
    );
    cs.enforce(|| "x·x", |lc| lc + x.lc(), |lc| lc + x.lc(), |lc| lc + x2);
    cs.enforce(|| "x^2·x^2", |lc| lc + x2, |lc| lc + x2, |lc| lc + x4);
    cs.enforce(|| "x^4·x", |lc| lc + x4, |lc| lc + x.lc(), |lc| lc + x5);
    Ok(Elt::new(fifth, LinearCombination::from_variable(x5)))
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
            assert_eq!(cs.num_constraints(), C8_ROWS);
        }
        let mut cs = TestConstraintSystem::<Scalar>::new();
        assert!(c8(cs.namespace(|| "c8"), &vec![Elt::zero(); 9]).is_err());
    }

    #[test]
    fn a_changed_power_breaks_its_own_row() {
        let mut cs = TestConstraintSystem::new();
        let input = witness(&mut cs, "in", Scalar::from(9)).unwrap();
        c8(cs.namespace(|| "c8"), &[input]).unwrap();
        for place in [
            "full round 0/lane 7",
            "partial round 56",
            "full round 7/lane 0",
        ] {
            for (power, row) in [("x^2", "x·x"), ("x^4", "x^2·x^2"), ("x^5", "x^4·x")] {
                let name = format!("c8/{place}/{power}");
                let right = cs.get(&name);
                cs.set(&name, right + Scalar::ONE);
                let broken = format!("c8/{place}/{row}");
                assert_eq!(cs.which_is_unsatisfied(), Some(broken.as_str()));
                cs.set(&name, right);
            }
        }
        assert!(cs.is_satisfied());
    }
}
