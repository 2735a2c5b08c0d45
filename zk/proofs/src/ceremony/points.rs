//! Points as bytes, and the pairing checks of a ceremony.
//!
//! Every point that is read is checked: encoded in the one way, on the curve, in the prime-order
//! subgroup, not the identity.

use blstrs::{pairing, G1Affine, G1Projective, G2Affine, G2Projective, Scalar};
use group::prime::PrimeCurveAffine;
use rand_core::RngCore;
use rayon::prelude::*;

/// Bytes of an uncompressed point of G1.
pub(super) const G1_BYTES: usize = 96;
/// Bytes of an uncompressed point of G2.
pub(super) const G2_BYTES: usize = 192;
/// Points that are in memory at a time.
pub(super) const BATCH: usize = 1 << 13;

/// Defines the readers of one group: one point uncompressed, many, and one compressed.
macro_rules! readers {
    ($point:ty, $one:ident, $all:ident, $compressed:ident, $bytes:expr) => {
        /// The point of its uncompressed bytes.
        pub(super) fn $one(bytes: &[u8]) -> Option<$point> {
            let bytes: &[u8; $bytes] = bytes.try_into().ok()?;
            let point: $point = Option::from(<$point>::from_uncompressed(bytes))?;
            (point.to_uncompressed() == *bytes && !bool::from(point.is_identity())).then_some(point)
        }

        /// The points of uncompressed bytes, on all cores.
        pub(super) fn $all(bytes: &[u8]) -> Option<Vec<$point>> {
            bytes.par_chunks($bytes).map($one).collect()
        }

        /// The point of its compressed bytes.
        pub(super) fn $compressed(bytes: &[u8]) -> Option<$point> {
            let bytes: &[u8; $bytes / 2] = bytes.try_into().ok()?;
            let point: $point = Option::from(<$point>::from_compressed(bytes))?;
            (point.to_compressed() == *bytes && !bool::from(point.is_identity())).then_some(point)
        }
    };
}

readers!(G1Affine, g1, g1_all, g1_compressed, G1_BYTES);
readers!(G2Affine, g2, g2_all, g2_compressed, G2_BYTES);

/// Whether `g1.1 / g1.0 = g2.1 / g2.0`, both as multiples.
pub(super) fn same_ratio(g1: (&G1Affine, &G1Affine), g2: (&G2Affine, &G2Affine)) -> bool {
    pairing(g1.0, g2.1) == pairing(g1.1, g2.0)
}

/// Random coefficients of 128 bits: a false sum of checked points passes once in 2^128.
pub(super) fn coefficients(count: usize, rng: &mut impl RngCore) -> Vec<Scalar> {
    let limb = Scalar::from(u64::MAX) + Scalar::from(1);
    std::iter::repeat_with(|| Scalar::from(rng.next_u64()) * limb + Scalar::from(rng.next_u64()))
        .take(count)
        .collect()
}

/// Defines the sum of multiples of points of one group.
macro_rules! sums {
    ($name:ident, $affine:ty, $point:ty) => {
        /// The sum of the points' multiples.
        pub(super) fn $name(points: &[$affine], scalars: &[Scalar]) -> $point {
            match (points, scalars) {
                ([], _) | (_, []) => <$point as group::Group>::identity(),
                ([point], [scalar, ..]) => point * scalar,
                _ => {
                    let points: Vec<$point> = points.iter().map(<$point>::from).collect();
                    <$point>::multi_exp(&points, scalars)
                }
            }
        }
    };
}

sums!(sum_g1, G1Affine, G1Projective);
sums!(sum_g2, G2Affine, G2Projective);

#[cfg(test)]
mod tests {
    use super::*;
    use group::{Curve, Group};

    #[test]
    fn only_true_points_in_the_one_encoding_are_read() {
        let point = G1Projective::generator().to_affine();
        let bytes = point.to_uncompressed();
        assert_eq!(g1(&bytes), Some(point));
        assert_eq!(g1(&bytes[1..]), None);
        assert_eq!(g1(&G1Affine::identity().to_uncompressed()), None);
        assert_eq!(g1_compressed(&G1Affine::identity().to_compressed()), None);
        // A compressed point in an uncompressed place is no other way to write it.
        let mut twice = [0; G1_BYTES];
        twice[..48].copy_from_slice(&point.to_compressed());
        assert_eq!(g1(&twice), None);
        let mut off_curve = bytes;
        off_curve[95] ^= 1;
        assert_eq!(g1(&off_curve), None);
        let two = G2Projective::generator().to_affine();
        assert_eq!(g2(&two.to_uncompressed()), Some(two));
        assert_eq!(g2(&G2Affine::identity().to_uncompressed()), None);
        assert_eq!(g2_compressed(&two.to_compressed()), Some(two));
    }

    #[test]
    fn points_of_the_curve_outside_the_group_are_refused() {
        // Nearly every x of the curve belongs to a point of another order.
        let outside = (1u8..=255).find_map(|x| {
            let mut bytes = [0; 48];
            (bytes[0], bytes[47]) = (0x80, x);
            let point: Option<G1Affine> = G1Affine::from_compressed_unchecked(&bytes).into();
            point.filter(|point| bool::from(point.is_on_curve() & !point.is_torsion_free()))
        });
        let outside = outside.unwrap();
        assert_eq!(g1(&outside.to_uncompressed()), None);
        assert_eq!(g1_compressed(&outside.to_compressed()), None);
    }
}
