//! A Merkle path of arity 8 as constraints: one `C8` and seven selections per level.
//!
//! The prover gives all eight children of each inner node; the child that the three index bits
//! select must be the node below.

use bellpepper_core::{boolean::Boolean, num::AllocatedNum};
use bellperson::{ConstraintSystem, SynthesisError};
use blstrs::Scalar;
use ff::Field;

use super::{c8::c8, Elt};
use crate::c8::C8_ARITY;

/// The root that `path` leads to from `leaf` at the position of `bits` (little-endian, three per
/// level). Native twin: `crate::tree::path_root`.
pub(crate) fn root<CS: ConstraintSystem<Scalar>>(
    mut cs: CS,
    leaf: Elt,
    bits: &[Boolean],
    path: &[[Scalar; C8_ARITY]],
) -> Result<Elt, SynthesisError> {
    // The number of levels is fixed by the circuit, never by the witness.
    if bits.len() != 3 * path.len() {
        return Err(SynthesisError::Unsatisfiable);
    }
    let mut node = leaf;
    for (level, (children, bits)) in path.iter().zip(bits.chunks(3)).enumerate() {
        let mut cs = cs.namespace(|| format!("level {level}"));
        let children = children
            .iter()
            .enumerate()
            .map(|(i, value)| {
                AllocatedNum::alloc(cs.namespace(|| format!("child {i}")), || Ok(*value))
            })
            .collect::<Result<Vec<_>, _>>()?;
        selected(cs.namespace(|| "selected"), &children, bits, &node)?;
        let children: Vec<_> = children.iter().map(Elt::of).collect();
        node = c8(cs.namespace(|| "hash"), &children)?;
    }
    Ok(node)
}

/// Enforces `children[bits] == node`.
fn selected<CS: ConstraintSystem<Scalar>>(
    mut cs: CS,
    children: &[AllocatedNum<Scalar>],
    bits: &[Boolean],
    node: &Elt,
) -> Result<(), SynthesisError> {
    let mut candidates = children.to_vec();
    for (round, bit) in bits[..2].iter().enumerate() {
        candidates = candidates
            .chunks(2)
            .enumerate()
            .map(|(i, pair)| pick(cs.namespace(|| format!("pick {round} {i}")), pair, bit))
            .collect::<Result<_, _>>()?;
    }
    let (low, high) = (candidates[0].get_variable(), candidates[1].get_variable());
    cs.enforce(
        || "child is the node below",
        |lc| lc + high - low,
        |_| bits[2].lc(CS::one(), Scalar::ONE),
        |lc| lc + node.lc() - low,
    );
    Ok(())
}

/// `pair[bit]`.
fn pick<CS: ConstraintSystem<Scalar>>(
    mut cs: CS,
    pair: &[AllocatedNum<Scalar>],
    bit: &Boolean,
) -> Result<AllocatedNum<Scalar>, SynthesisError> {
    let picked = AllocatedNum::alloc(cs.namespace(|| "picked"), || {
        let bit = bit.get_value().ok_or(SynthesisError::AssignmentMissing)?;
        pair[usize::from(bit)]
            .get_value()
            .ok_or(SynthesisError::AssignmentMissing)
    })?;
    let (low, high) = (pair[0].get_variable(), pair[1].get_variable());
    cs.enforce(
        || "picked by the bit",
        |lc| lc + high - low,
        |_| bit.lc(CS::one(), Scalar::ONE),
        |lc| lc + picked.get_variable() - low,
    );
    Ok(picked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        gadgets::{bits, c8::C8_ROWS, witness},
        tree::{path_root, Tree},
    };
    use bellpepper_core::test_cs::TestConstraintSystem;

    fn circuit(leaf: Scalar, index: u32, path: &[[Scalar; 8]]) -> TestConstraintSystem<Scalar> {
        let mut cs = TestConstraintSystem::new();
        let leaf = witness(&mut cs, "leaf", leaf).unwrap();
        let bits = bits::alloc(cs.namespace(|| "index"), index, 6).unwrap();
        root(cs.namespace(|| "path"), leaf, &bits, path).unwrap();
        cs
    }

    #[test]
    fn gadget_accepts_exactly_what_the_native_twin_accepts() {
        let tree = Tree::build((0..64).map(|i| Scalar::from(1000 + i)).collect()).unwrap();
        for index in [0, 1, 7, 8, 42, 63] {
            let (leaf, path) = (tree.leaf(index).unwrap(), tree.path(index).unwrap());
            for claimed in 0..64 {
                let cs = circuit(leaf, claimed, &path);
                assert_eq!(
                    cs.which_is_unsatisfied().is_none(),
                    path_root(leaf, claimed, &path).is_some(),
                );
            }
            let cs = circuit(leaf, index, &path);
            assert_eq!(cs.num_constraints(), 2 * (C8_ROWS + 7) + 6);
            let cs = circuit(leaf + Scalar::ONE, index, &path);
            assert_eq!(
                cs.which_is_unsatisfied(),
                Some("path/level 0/selected/child is the node below")
            );
        }
    }

    #[test]
    fn a_path_of_another_depth_is_refused() {
        let mut cs = TestConstraintSystem::new();
        let leaf = witness(&mut cs, "leaf", Scalar::ONE).unwrap();
        let bits = bits::alloc(cs.namespace(|| "index"), 0, 6).unwrap();
        let path = [[Scalar::ONE; 8]; 1];
        assert!(root(cs.namespace(|| "path"), leaf, &bits, &path).is_err());
    }
}
