//! Sums against one multiplication after the other, where points meet in every way.

use blstrs::{G1Projective, G2Projective};
use ff::Field;
use group::Curve;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::*;

fn plain<P: Point>(points: &[P], scalars: &[Scalar]) -> P::Curve {
    let terms = points.iter().zip(scalars);
    terms.fold(P::Curve::identity(), |sum, (point, scalar)| {
        sum + *point * *scalar
    })
}

fn random<P: Point>(count: usize, seed: u8) -> (Vec<P>, Vec<Scalar>)
where
    P::Curve: Curve<AffineRepr = P>,
{
    let mut rng = ChaCha20Rng::from_seed([seed; 32]);
    let mut draw = || Scalar::random(&mut rng);
    let points = (0..count).map(|_| (P::generator() * draw()).to_affine());
    let points = points.collect();
    (points, (0..count).map(|_| draw()).collect())
}

#[test]
fn any_number_of_points_in_both_groups() {
    for count in [0, 1, 2, 3, 31, 32, 200] {
        let (points, scalars) = random::<G1Affine>(count, 1);
        assert_eq!(sum(&[(&points, &scalars)]), plain(&points, &scalars));
    }
    for count in [0, 1, 5, 90] {
        let (points, scalars) = random::<G2Affine>(count, 2);
        assert_eq!(sum(&[(&points, &scalars)]), plain(&points, &scalars));
    }
}

#[test]
fn lists_are_added_up() {
    let (points, scalars) = random::<G1Affine>(100, 3);
    let lists = [
        (&points[..30], &scalars[..30]),
        (&points[30..30], &scalars[30..30]),
        (&points[30..], &scalars[30..]),
    ];
    assert_eq!(sum(&lists), plain(&points, &scalars));
    assert_eq!(sum::<G1Affine>(&[]), G1Projective::identity());
}

#[test]
fn equal_and_opposite_points_and_extreme_scalars() {
    let (few, _) = random::<G1Affine>(2, 4);
    let points: Vec<_> = (0..120)
        .map(|i| match i % 5 {
            0 => -few[0],
            1 => few[1],
            2 => G1Affine::identity(),
            _ => few[0],
        })
        .collect();
    let top = -Scalar::ONE;
    let patterns: [&dyn Fn(usize) -> Scalar; 5] = [
        &|_| Scalar::ZERO,
        &|_| Scalar::ONE,
        &|_| top,
        &|i| if i % 2 == 0 { Scalar::ONE } else { top },
        &|i| Scalar::from(1u64 << (i % 64)) - Scalar::from((i % 3) as u64),
    ];
    for pattern in patterns {
        let scalars: Vec<_> = (0..points.len()).map(pattern).collect();
        assert_eq!(sum(&[(&points, &scalars)]), plain(&points, &scalars));
    }
    let points = vec![G2Affine::generator(); 64];
    let scalars = vec![Scalar::from(5u64); 64];
    let expected: G2Projective = G2Affine::generator() * Scalar::from(320u64);
    assert_eq!(sum(&[(&points, &scalars)]), expected);
}

#[test]
fn more_points_than_a_chunk_go_on_from_full_buckets() {
    let (few, scalars) = random::<G1Affine>(CHUNK / 64 + 3, 5);
    let points: Vec<_> = few.iter().cycle().take(CHUNK + 100).copied().collect();
    let scalars: Vec<_> = scalars.iter().cycle().take(points.len()).copied().collect();
    // As many of each as there are rounds, and one more of the first.
    let times = |i: usize| Scalar::from((points.len() - i).div_ceil(few.len()) as u64);
    let folded: Vec<_> = (0..few.len()).map(|i| scalars[i] * times(i)).collect();
    assert_eq!(sum(&[(&points, &scalars)]), plain(&few, &folded));
}

#[test]
fn digits_are_signed_and_add_up_to_the_scalar() {
    for scalar in [
        Scalar::ZERO,
        Scalar::ONE,
        -Scalar::ONE,
        Scalar::from(u64::MAX),
    ] {
        for width in 3..=20 {
            let digits = Digits::of(&scalar, width);
            let base = Scalar::from(1u64 << width);
            let value = (0..SCALAR_BITS.div_ceil(width))
                .rev()
                .fold(Scalar::ZERO, |sum, window| {
                    let digit = digits.digit(window);
                    assert!((-(1 << (width - 1))..1 << (width - 1)).contains(&digit));
                    let size = Scalar::from(u64::from(digit.unsigned_abs()));
                    sum * base + if digit < 0 { -size } else { size }
                });
            assert_eq!(value, scalar);
        }
    }
}
