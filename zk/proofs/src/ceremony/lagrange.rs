//! Powers of tau as points, to the values at tau of the domain's Lagrange polynomials as points.
//!
//! The polynomial that is 1 at `root^i` and 0 at the other rows is `sum_j root^(-i·j) x^j / size`: an
//! inverse transform, over points instead of scalars.

use blstrs::Scalar;
use ff::Field;
use group::{prime::PrimeCurveAffine, Curve, Group};
use rayon::prelude::*;

use crate::domain::{geometric, Domain};

/// Butterflies that one core does at a time.
const SPLIT: usize = 64;

/// The points of the Lagrange polynomials, given as many powers of tau as the domain has rows.
pub(super) fn lagrange<C>(powers: &[C::AffineRepr], domain: &Domain) -> Vec<C::AffineRepr>
where
    C: Curve + Group<Scalar = Scalar>,
    C::AffineRepr: PrimeCurveAffine<Curve = C, Scalar = Scalar> + Send + Sync,
{
    let size = domain.size;
    let mut points: Vec<C> = powers[..size]
        .par_iter()
        .map(C::AffineRepr::to_curve)
        .collect();
    let unused = usize::BITS - size.trailing_zeros();
    for i in 0..size {
        let j = i.reverse_bits().checked_shr(unused).unwrap_or(0);
        if i < j {
            points.swap(i, j);
        }
    }
    let roots = geometric(Scalar::ONE, domain.root_inverse, size.div_ceil(2));
    let mut half = 1;
    while half < size {
        let stride = size / (2 * half);
        points.par_chunks_exact_mut(2 * half).for_each(|block| {
            let (low, high) = block.split_at_mut(half);
            low.par_iter_mut()
                .zip(high)
                .enumerate()
                .with_min_len(SPLIT)
                .for_each(|(at, (x, y))| {
                    // The first root is one.
                    let turned = if at == 0 { *y } else { *y * roots[at * stride] };
                    *y = *x - turned;
                    *x += turned;
                });
        });
        half *= 2;
    }
    points
        .par_iter()
        .map(|point| (*point * domain.size_inverse).to_affine())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use blstrs::{G1Affine, G1Projective, G2Affine, G2Projective};

    #[test]
    fn points_are_those_of_the_basis_at_tau() {
        let tau = Scalar::from(987_654_321);
        for rows in [1, 2, 3, 64] {
            let domain = Domain::new(rows).unwrap();
            let powers = geometric(Scalar::ONE, tau, domain.size);
            let basis = domain.basis(tau).unwrap();
            let in_g1 = |s: &Scalar| (G1Projective::generator() * s).to_affine();
            let in_g2 = |s: &Scalar| (G2Projective::generator() * s).to_affine();
            let g1: Vec<G1Affine> = powers.iter().map(in_g1).collect();
            let g2: Vec<G2Affine> = powers.iter().map(in_g2).collect();
            let expected: Vec<_> = basis.iter().map(in_g1).collect();
            assert_eq!(lagrange::<G1Projective>(&g1, &domain), expected);
            let expected: Vec<_> = basis.iter().map(in_g2).collect();
            assert_eq!(lagrange::<G2Projective>(&g2, &domain), expected);
        }
    }
}
