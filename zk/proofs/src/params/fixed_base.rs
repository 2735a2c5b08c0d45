//! Many multiples of one point: a table of its multiples by windows, then additions only.
//!
//! A scalar is cut into signed digits of [`WINDOW`] bits; the table holds the multiples of each
//! window, so a multiple is at most one addition per window and no doubling. Coordinates are
//! normalised in batches, one inversion for many points.

use blstrs::{Fp, Fp2, G1Affine, G1Projective, G2Affine, G2Projective, Scalar};
use ff::Field;
use group::{prime::PrimeCurveAffine, Curve, Group};
use rayon::prelude::*;

use crate::scalar::{at, scalar_to_bytes};

/// Bits of a digit: 24 additions per multiple; the tables of both groups fit the cache of a core.
const WINDOW: u32 = 11;
/// Windows of a scalar of 255 bits and the carry of the last digit.
const WINDOWS: u32 = u32::div_ceil(256, WINDOW);
/// Largest digit, and so multiples per window.
const DIGIT_MAX: u32 = 1 << (WINDOW - 1);
/// Points that are normalised with one inversion.
const BATCH: usize = 512;

/// A group whose points can be normalised in batches.
pub(crate) trait Normalize: Curve + Group<Scalar = Scalar> {
    /// The field of the coordinates.
    type Coordinate: Field;

    /// The third coordinate; zero for the identity.
    fn depth(&self) -> Self::Coordinate;

    /// The affine point, given the inverse of the third coordinate.
    fn scaled(&self, inverse: Self::Coordinate) -> Self::AffineRepr;
}

/// Jacobian coordinates: `(X/Z², Y/Z³)`.
macro_rules! normalize {
    ($curve:ty, $affine:ty, $field:ty) => {
        impl Normalize for $curve {
            type Coordinate = $field;

            fn depth(&self) -> $field {
                self.z()
            }

            fn scaled(&self, inverse: $field) -> $affine {
                let square = inverse.square();
                let (x, y) = (self.x() * square, self.y() * square * inverse);
                <$affine>::from_raw_unchecked(x, y, false)
            }
        }
    };
}

normalize!(G1Projective, G1Affine, Fp);
normalize!(G2Projective, G2Affine, Fp2);

/// All points affine: the products of third coordinates up to each point, one inversion, then back.
pub(crate) fn normalized<C: Normalize>(points: &[C]) -> Vec<C::AffineRepr>
where
    C::AffineRepr: PrimeCurveAffine,
{
    let mut products = Vec::with_capacity(points.len());
    let mut product = C::Coordinate::ONE;
    for point in points {
        products.push(product);
        if !bool::from(point.is_identity()) {
            product *= point.depth();
        }
    }
    let inverse: Option<C::Coordinate> = product.invert().into();
    let mut inverse = inverse.expect("a product of third coordinates that are not zero");
    let mut affine = vec![C::AffineRepr::identity(); points.len()];
    for ((point, before), target) in points.iter().zip(products).zip(&mut affine).rev() {
        if !bool::from(point.is_identity()) {
            *target = point.scaled(inverse * before);
            inverse *= point.depth();
        }
    }
    affine
}

/// Signed digits of a scalar, the lowest window first; each from `-DIGIT_MAX` to `DIGIT_MAX`.
fn digits(scalar: &Scalar) -> impl Iterator<Item = (u32, bool)> {
    let bytes = scalar_to_bytes(scalar);
    let mut wide = [0u8; 40];
    wide[..32].copy_from_slice(&bytes);
    let mut carry = 0;
    (0..WINDOWS).map(move |window| {
        let bit = window * WINDOW;
        let first = at(bit / 8);
        let mut word = [0; 4];
        word.copy_from_slice(&wide[first..first + 4]);
        let raw = (u32::from_le_bytes(word) >> (bit % 8) & (2 * DIGIT_MAX - 1)) + carry;
        let negative = raw > DIGIT_MAX;
        carry = u32::from(negative);
        let size = if negative { 2 * DIGIT_MAX - raw } else { raw };
        (size, negative)
    })
}

/// The multiples of one point: `1..=DIGIT_MAX` times `2^(WINDOW·i)` times the point, for each `i`.
pub(crate) struct FixedBase<C: Normalize> {
    windows: Vec<Vec<C::AffineRepr>>,
}

impl<C> FixedBase<C>
where
    C: Normalize,
    C::AffineRepr: PrimeCurveAffine<Curve = C, Scalar = Scalar> + Send + Sync,
{
    /// The table of `base`.
    pub(crate) fn new(base: C) -> Self {
        let bases: Vec<C> = std::iter::successors(Some(base), |base| {
            Some((0..WINDOW).fold(*base, |point, _| point.double()))
        })
        .take(at(WINDOWS))
        .collect();
        let windows = bases.into_par_iter().map(|base| {
            let step = base.to_affine();
            let multiples: Vec<C> =
                std::iter::successors(Some(base), |multiple| Some(*multiple + step))
                    .take(at(DIGIT_MAX))
                    .collect();
            normalized(&multiples)
        });
        Self {
            windows: windows.collect(),
        }
    }

    /// The multiples of the point by `scalars`, in their order, on all cores.
    pub(crate) fn multiples(&self, scalars: &[Scalar]) -> Vec<C::AffineRepr> {
        let batches: Vec<Vec<C::AffineRepr>> = scalars
            .par_chunks(BATCH)
            .map(|scalars| {
                let points: Vec<C> = scalars.iter().map(|scalar| self.multiple(scalar)).collect();
                normalized(&points)
            })
            .collect();
        batches.concat()
    }

    fn multiple(&self, scalar: &Scalar) -> C {
        let mut sum = C::identity();
        for (multiples, (size, negative)) in self.windows.iter().zip(digits(scalar)) {
            if size != 0 {
                let multiple = &multiples[at(size - 1)];
                if negative {
                    sum -= multiple;
                } else {
                    sum += multiple;
                }
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    fn scalars() -> Vec<Scalar> {
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let edges = [
            Scalar::ZERO,
            Scalar::ONE,
            -Scalar::ONE,
            Scalar::from(u64::from(DIGIT_MAX)),
            Scalar::from(u64::from(DIGIT_MAX) + 1),
            Scalar::from(u64::MAX),
            Scalar::from(2).pow_vartime([254]) - Scalar::ONE,
        ];
        let random = (0..BATCH).map(|_| Scalar::random(&mut rng));
        edges.into_iter().chain(random).collect()
    }

    #[test]
    fn digits_add_up() {
        let step = Scalar::from(u64::from(2 * DIGIT_MAX));
        for scalar in scalars() {
            let digits: Vec<_> = digits(&scalar).collect();
            assert_eq!(digits.len(), 24);
            assert!(digits.iter().all(|(size, _)| *size <= DIGIT_MAX));
            let sum = digits.iter().rev().fold(Scalar::ZERO, |sum, digit| {
                let size = Scalar::from(u64::from(digit.0));
                sum * step + if digit.1 { -size } else { size }
            });
            assert_eq!(sum, scalar);
        }
    }

    #[test]
    fn multiples_equal_the_curves_own_in_both_groups() {
        let mut rng = ChaCha20Rng::from_seed([2; 32]);
        let scalars = scalars();
        let base = G1Projective::random(&mut rng);
        let found = FixedBase::new(base).multiples(&scalars);
        let expected: Vec<_> = scalars.iter().map(|s| (base * s).to_affine()).collect();
        assert_eq!(found, expected);
        let base = G2Projective::random(&mut rng);
        let found = FixedBase::new(base).multiples(&scalars);
        let expected: Vec<_> = scalars.iter().map(|s| (base * s).to_affine()).collect();
        assert_eq!(found, expected);
    }
}
