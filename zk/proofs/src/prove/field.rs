//! Coordinates of points: the fields of G1 and of G2, by blst.
//!
//! Goal: the few operations that sums of points need. Non-goal: a field for anything else.

// blst's functions take pointers; every call here is given values that live through it.
#![allow(unsafe_code)]

use blst::{
    blst_fp, blst_fp2, blst_fp2_add, blst_fp2_cneg, blst_fp2_eucl_inverse, blst_fp2_mul,
    blst_fp2_sqr, blst_fp2_sub, blst_fp_add, blst_fp_cneg, blst_fp_eucl_inverse, blst_fp_mul,
    blst_fp_sqr, blst_fp_sub,
};

/// An element of the field of coordinates.
pub(crate) trait Coordinate: Copy + Default + PartialEq + Send + Sync {
    /// One; zero is the default.
    fn one() -> Self;
    /// Whether it is zero.
    fn is_zero(&self) -> bool;
    /// The sum.
    fn plus(&self, other: &Self) -> Self;
    /// The difference.
    fn minus(&self, other: &Self) -> Self;
    /// The product.
    fn times(&self, other: &Self) -> Self;
    /// The square.
    fn square(&self) -> Self;
    /// The negative.
    fn negated(&self) -> Self;
    /// The inverse; of zero, zero.
    fn inverse(&self) -> Self;
}

/// 2^384 modulo the order of the field: one, as blst keeps it.
const ONE: blst_fp = blst_fp {
    l: [
        0x7609_0000_0002_fffd,
        0xebf4_000b_c40c_0002,
        0x5f48_9857_53c7_58ba,
        0x77ce_5853_7052_5745,
        0x5c07_1a97_a256_ec6d,
        0x15f6_5ec3_fa80_e493,
    ],
};

macro_rules! coordinate {
    ($field:ty, $one:expr, $is_zero:expr, $add:ident, $sub:ident, $mul:ident, $sqr:ident, $neg:ident, $inverse:ident) => {
        impl Coordinate for $field {
            fn one() -> Self {
                $one
            }

            fn is_zero(&self) -> bool {
                let is_zero: fn(&Self) -> bool = $is_zero;
                is_zero(self)
            }

            fn plus(&self, other: &Self) -> Self {
                let mut out = Self::default();
                // SAFETY: reads two elements and writes one.
                unsafe { $add(&mut out, self, other) };
                out
            }

            fn minus(&self, other: &Self) -> Self {
                let mut out = Self::default();
                // SAFETY: reads two elements and writes one.
                unsafe { $sub(&mut out, self, other) };
                out
            }

            fn times(&self, other: &Self) -> Self {
                let mut out = Self::default();
                // SAFETY: reads two elements and writes one.
                unsafe { $mul(&mut out, self, other) };
                out
            }

            fn square(&self) -> Self {
                let mut out = Self::default();
                // SAFETY: reads an element and writes one.
                unsafe { $sqr(&mut out, self) };
                out
            }

            fn negated(&self) -> Self {
                let mut out = Self::default();
                // SAFETY: reads an element and writes one.
                unsafe { $neg(&mut out, self, true) };
                out
            }

            fn inverse(&self) -> Self {
                let mut out = Self::default();
                // SAFETY: reads an element and writes one.
                unsafe { $inverse(&mut out, self) };
                out
            }
        }
    };
}

coordinate!(
    blst_fp,
    ONE,
    |x| x.l.iter().fold(0, |all, limb| all | limb) == 0,
    blst_fp_add,
    blst_fp_sub,
    blst_fp_mul,
    blst_fp_sqr,
    blst_fp_cneg,
    blst_fp_eucl_inverse
);
coordinate!(
    blst_fp2,
    blst_fp2 {
        fp: [ONE, blst_fp { l: [0; 6] }]
    },
    |x| x.fp.iter().all(Coordinate::is_zero),
    blst_fp2_add,
    blst_fp2_sub,
    blst_fp2_mul,
    blst_fp2_sqr,
    blst_fp2_cneg,
    blst_fp2_eucl_inverse
);

#[cfg(test)]
mod tests {
    use super::*;
    use blstrs::{G1Affine, G2Affine};
    use group::prime::PrimeCurveAffine;

    fn laws<F: Coordinate + std::fmt::Debug>(a: F, b: F) {
        let zero = F::default();
        assert!(zero.is_zero() && !a.is_zero() && !F::one().is_zero());
        assert_eq!(a.times(&F::one()), a);
        assert_eq!(a.plus(&zero), a);
        assert_eq!(a.minus(&b).plus(&b), a);
        assert_eq!(a.negated().plus(&a), zero);
        assert_eq!(a.square(), a.times(&a));
        assert_eq!(a.times(&a.inverse()), F::one());
        assert_eq!(zero.inverse(), zero);
        let squares = a.square().minus(&b.square());
        assert_eq!(a.plus(&b).times(&a.minus(&b)), squares);
    }

    #[test]
    fn the_laws_of_a_field_hold() {
        let (one, two) = (G1Affine::generator(), G2Affine::generator());
        laws(one.as_ref().x, one.as_ref().y);
        laws(two.as_ref().x, two.as_ref().y);
    }
}
