//! Index bits: free bits that a transcript binds, and strict bits of a field hash.

use bellpepper_core::boolean::{AllocatedBit, Boolean};
use bellperson::{ConstraintSystem, SynthesisError};
use blstrs::Scalar;

use super::Elt;

/// Allocates the low `count` bits of `value`, little-endian.
pub(crate) fn alloc<CS: ConstraintSystem<Scalar>>(
    mut cs: CS,
    value: u32,
    count: usize,
) -> Result<Vec<Boolean>, SynthesisError> {
    (0..count)
        .map(|i| {
            let bit = value >> i & 1 == 1;
            AllocatedBit::alloc(cs.namespace(|| format!("bit {i}")), Some(bit)).map(Boolean::from)
        })
        .collect()
}

/// The canonical little-endian bits of a value: the value plus the group order is excluded.
pub(crate) fn strict<CS: ConstraintSystem<Scalar>>(
    mut cs: CS,
    value: &Elt,
) -> Result<Vec<Boolean>, SynthesisError> {
    let value = value.allocated(cs.namespace(|| "value"))?;
    value.to_bits_le_strict(cs.namespace(|| "strict"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{gadgets::witness, scalar::scalar_to_bytes};
    use bellpepper_core::test_cs::TestConstraintSystem;
    use ff::Field;

    /// Bits `index·width..(index + 1)·width` of a scalar's canonical bytes; as the verifier slices.
    fn slice(bytes: &[u8; 32], index: usize, width: usize) -> u32 {
        (0..width).fold(0, |value, i| {
            let bit = index * width + i;
            value | u32::from(bytes[bit / 8] >> (bit % 8) & 1) << i
        })
    }

    fn value_of(bits: &[Boolean]) -> u32 {
        bits.iter().rev().fold(0, |value, bit| {
            value << 1 | u32::from(bit.get_value().unwrap())
        })
    }

    #[test]
    fn strict_slices_equal_native_slices() {
        for seed in [
            Scalar::ZERO,
            Scalar::ONE,
            -Scalar::ONE,
            Scalar::from(3).invert().unwrap(),
        ] {
            let mut cs = TestConstraintSystem::new();
            let value = witness(&mut cs, "value", seed).unwrap();
            let bits = strict(cs.namespace(|| "bits"), &value).unwrap();
            assert!(cs.is_satisfied());
            for index in 0..16 {
                let native = slice(&scalar_to_bytes(&seed), index, 15);
                assert_eq!(value_of(&bits[index * 15..(index + 1) * 15]), native);
            }
        }
    }

    #[test]
    fn a_flipped_bit_is_unsatisfied() {
        let mut cs = TestConstraintSystem::new();
        let value = witness(&mut cs, "value", Scalar::from(5)).unwrap();
        strict(cs.namespace(|| "bits"), &value).unwrap();
        assert!(cs.is_satisfied());
        cs.set("bits/strict/bit 254/boolean", Scalar::ZERO);
        assert_eq!(
            cs.which_is_unsatisfied(),
            Some("bits/strict/unpacking constraint")
        );
    }

    /// The 255 bits of `value` plus the group order, highest first, as the gadget names them.
    fn alias_bits(value: u64) -> Vec<bool> {
        let mut bytes = scalar_to_bytes(&-Scalar::ONE);
        let mut carry = u128::from(value) + 1;
        for byte in &mut bytes {
            carry += u128::from(*byte);
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
        (0..255)
            .rev()
            .map(|bit| bytes[bit / 8] >> (bit % 8) & 1 == 1)
            .collect()
    }

    #[test]
    fn bits_of_the_value_plus_the_group_order_are_refused() {
        for number in [0u64, 5, u64::MAX] {
            let mut cs = TestConstraintSystem::new();
            let value = witness(&mut cs, "value", Scalar::from(number)).unwrap();
            strict(cs.namespace(|| "bits"), &value).unwrap();
            for (place, bit) in alias_bits(number).into_iter().enumerate() {
                let name = format!("bits/strict/bit {place}/boolean");
                cs.set(&name, Scalar::from(u64::from(bit)));
            }
            // The prover makes every AND of bits true to them; then only the rule that a bit must
            // be 0 where the order has 0 and all bits before agree with it is left to refuse.
            let last = loop {
                let broken = cs.which_is_unsatisfied().expect("refused").to_owned();
                let Some(gate) = broken.strip_suffix("and constraint") else {
                    break broken;
                };
                let result = format!("{gate}and result");
                let flipped = Scalar::ONE - cs.get(&result);
                cs.set(&result, flipped);
            };
            assert!(
                last.starts_with("bits/strict/bit ") && last.ends_with("/boolean constraint"),
                "{last}"
            );
        }
    }
}
