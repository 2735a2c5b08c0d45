//! Labels, columns and the commitment to a replica (`docs/protocol.md` §4).
//!
//! Goal: the rules that circuit and sealing mirror. Non-goal: computing whole layers (`ips-proofs`).

use ips_primitives::sector::{DRG_DEGREE, EXPANDER_DEGREE, LAYERS_MAX};

use crate::hash::{c8, c8_padded, tag, Scalar, C8_ARITY};

/// Tag of `comm_r`.
pub const COMM_R_TAG: &str = "ips/comm-r/1";
/// A layer's distance from the next in the bases of labels: `2^34`, above every node.
const LAYER_SHIFT: u32 = 34;

/// `comm_r` of the root of the columns and the root of the replica.
pub fn comm_r(comm_c: Scalar, comm_r_last: Scalar) -> Scalar {
    c8_padded(&[tag(COMM_R_TAG), comm_c, comm_r_last])
}

/// First input of a label: unique per replica, layer (from 1) and node.
pub fn label_base(replica_id: Scalar, layer: u32, node: u32) -> Scalar {
    replica_id + Scalar::from((u64::from(layer) << LAYER_SHIFT) + u64::from(node))
}

/// A label of layer 1: its base and the labels of the parents in its own layer.
pub fn first_layer_label(base: Scalar, drg: &[Scalar; DRG_DEGREE]) -> Scalar {
    let mut block = [Scalar::from(0u64); C8_ARITY];
    block[0] = base;
    block[1..=DRG_DEGREE].copy_from_slice(drg);
    c8(&block)
}

/// A label of a layer above the first: also of the labels of the parents in the layer below.
pub fn label(
    base: Scalar,
    drg: &[Scalar; DRG_DEGREE],
    expander: &[Scalar; EXPANDER_DEGREE],
) -> Scalar {
    let mut block = [expander[0]; C8_ARITY];
    block[0] = base;
    block[1..=DRG_DEGREE].copy_from_slice(drg);
    let mut second = [c8(&block); C8_ARITY];
    second[1..].copy_from_slice(&expander[1..]);
    c8(&second)
}

/// The column of a node: its labels, lowest layer first, at most [`LAYERS_MAX`].
///
/// Up to eight are one hash; of more, the hash of the first eight takes the place of the first input
/// of a second hash. A profile fixes the number of layers, so the two forms never meet.
pub fn column(labels: &[Scalar]) -> Scalar {
    const { assert!(LAYERS_MAX as usize == 2 * C8_ARITY - 1) };
    match labels.split_at_checked(C8_ARITY) {
        Some((first, rest)) if !rest.is_empty() => {
            let mut block = [Scalar::from(0u64); C8_ARITY];
            block[0] = c8_padded(first);
            for (slot, label) in block[1..].iter_mut().zip(rest) {
                *slot = *label;
            }
            c8(&block)
        }
        _ => c8_padded(labels),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalars<const N: usize>(first: u64) -> [Scalar; N] {
        core::array::from_fn(|i| Scalar::from(first + i as u64))
    }

    #[test]
    fn bases_of_neighbouring_layers_and_nodes_differ() {
        let id = Scalar::from(77u64);
        assert_eq!(label_base(id, 1, 0) - id, Scalar::from(1u64 << 34));
        assert_eq!(
            label_base(id, 8, 5) - label_base(id, 7, 5),
            Scalar::from(1u64 << 34)
        );
        assert_ne!(label_base(id, 1, u32::MAX), label_base(id, 2, 0));
    }

    #[test]
    fn labels_depend_on_every_parent_and_its_place() {
        let (base, drg, expander) = (Scalar::from(5u64), scalars(10), scalars(20));
        let one = first_layer_label(base, &drg);
        let two = label(base, &drg, &expander);
        assert_ne!(one, two);
        for i in 0..DRG_DEGREE {
            let mut other = drg;
            other[i] += Scalar::from(100u64);
            assert_ne!(first_layer_label(base, &other), one);
            assert_ne!(label(base, &other, &expander), two);
        }
        for i in 0..EXPANDER_DEGREE {
            let mut other = expander;
            other[i] += Scalar::from(100u64);
            assert_ne!(label(base, &drg, &other), two);
        }
        assert_ne!(label(base + Scalar::from(1u64), &drg, &expander), two);
    }

    #[test]
    fn columns_of_more_than_eight_layers_are_two_hashes() {
        let labels: [Scalar; 11] = scalars(1);
        let zero = Scalar::from(0u64);
        let first = c8(&core::array::from_fn(|i| labels[i]));
        assert_eq!(column(&labels[..8]), first);
        let nine = c8(&[first, labels[8], zero, zero, zero, zero, zero, zero]);
        assert_eq!(column(&labels[..9]), nine);
        let [_, _, _, _, _, _, _, _, l9, l10, l11] = labels;
        let eleven = c8(&[first, l9, l10, l11, zero, zero, zero, zero]);
        assert_eq!(column(&labels), eleven);
        for i in 0..11 {
            let mut other = labels;
            other[i] += Scalar::from(100u64);
            assert_ne!(column(&other), eleven);
        }
    }

    #[test]
    fn comm_r_is_tagged_and_ordered() {
        let (c, r) = (Scalar::from(1u64), Scalar::from(2u64));
        assert_ne!(comm_r(c, r), comm_r(r, c));
        assert_ne!(comm_r(c, r), column(&[c, r]));
    }
}
