//! Sums of multiples of points, on all cores.
//!
//! Pippenger's method: scalars are cut into windows of signed digits, and the points of equal digits are
//! added up in buckets. Buckets are affine: many additions share one inversion, so that one takes six
//! multiplications instead of the ten of a mixed addition in projective coordinates.
//!
//! Goal: the sums of a proof, over points that are known only when they come. Non-goal: constant time;
//! whoever proves owns the witness.

use blst::{blst_fp, blst_fp2};
use blstrs::{G1Affine, G2Affine, Scalar};
use group::{prime::PrimeCurveAffine, Group};
use rayon::prelude::*;

use super::field::Coordinate;

/// Bits of a scalar, and one for the sign of the highest digit.
const SCALAR_BITS: usize = 256;
/// Points whose additions are prepared at a time: bounds the memory of a window.
const CHUNK: usize = 1 << 15;
/// Additions that share an inversion.
const BATCH: usize = 512;
/// A bucket's share in the sum of its window costs as much as this many additions in buckets.
const CLOSING_COST: usize = 2;

/// A point of a curve `y² = x³ + b` in affine coordinates.
pub(crate) trait Point: PrimeCurveAffine<Scalar = Scalar> {
    /// The field of its coordinates.
    type Coordinate: Coordinate;
    /// Its coordinates.
    fn coordinates(&self) -> Affine<Self::Coordinate>;
    /// The point of coordinates that are on the curve.
    fn of(coordinates: &Affine<Self::Coordinate>) -> Self;
}

/// Implements [`Point`] for a point that gives blst's form of it.
macro_rules! point {
    ($point:ty, $field:ty) => {
        impl Point for $point {
            type Coordinate = $field;

            fn coordinates(&self) -> Affine<$field> {
                let point = self.as_ref();
                Affine {
                    x: point.x,
                    y: point.y,
                }
            }

            fn of(coordinates: &Affine<$field>) -> Self {
                let mut point = Self::identity();
                point.as_mut().x = coordinates.x;
                point.as_mut().y = coordinates.y;
                point
            }
        }
    };
}

point!(G1Affine, blst_fp);
point!(G2Affine, blst_fp2);

/// Affine coordinates; infinity is (0, 0), which is on neither curve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Affine<F> {
    x: F,
    y: F,
}

impl<F: Coordinate> Affine<F> {
    fn is_infinity(&self) -> bool {
        self.x.is_zero() && self.y.is_zero()
    }
}

/// Points and as many scalars.
pub(crate) type Terms<'a, P> = (&'a [P], &'a [Scalar]);

/// The sum of all multiples.
///
/// # Panics
/// If the points of a list are not as many as its scalars: callers have compared them.
pub(crate) fn sum<P: Point>(lists: &[Terms<P>]) -> P::Curve {
    let count = lists.iter().map(|(points, _)| points.len()).sum();
    let width = window_bits(count);
    let digits: Vec<Vec<Digits>> = lists
        .iter()
        .map(|(points, scalars)| {
            assert_eq!(points.len(), scalars.len(), "one scalar per point");
            scalars.par_iter().map(|s| Digits::of(s, width)).collect()
        })
        .collect();
    // With many cores, each takes a part of the points of a window.
    let windows = SCALAR_BITS.div_ceil(width);
    let parts = (2 * rayon::current_num_threads() / windows).max(1);
    let part_of = |part: usize, length: usize| part * length / parts..(part + 1) * length / parts;
    let sums: Vec<P::Curve> = (0..windows * parts)
        .into_par_iter()
        .map(|task| {
            let (window, part) = (task / parts, task % parts);
            let mut buckets = Buckets::new(width);
            for ((points, _), digits) in lists.iter().zip(&digits) {
                let range = part_of(part, points.len());
                let points = points[range.clone()].chunks(CHUNK);
                for (points, digits) in points.zip(digits[range].chunks(CHUNK)) {
                    buckets.add(points, digits, window);
                }
            }
            buckets.close::<P>()
        })
        .collect();
    sums.chunks(parts)
        .rfold(P::Curve::identity(), |above, parts| {
            let shifted = (0..width).fold(above, |sum, _| sum.double());
            parts.iter().fold(shifted, |sum, part| sum + part)
        })
}

/// The window that makes the fewest additions.
fn window_bits(points: usize) -> usize {
    let cost =
        |width: &usize| SCALAR_BITS.div_ceil(*width) * (points + CLOSING_COST * (1 << (width - 1)));
    // With two bits, the highest digit of a large scalar would not fit.
    (3..=20).min_by_key(cost).unwrap_or(3)
}

/// A scalar plus 2^(width − 1) in every window: a window's bits less that are its signed digit.
struct Digits {
    words: [u64; 5],
    width: usize,
}

impl Digits {
    fn of(scalar: &Scalar, width: usize) -> Self {
        let mut words = [0u64; 5];
        for (word, bytes) in words.iter_mut().zip(scalar.to_bytes_le().as_chunks().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        let mut halves = [0u64; 5];
        for window in 0..SCALAR_BITS.div_ceil(width) {
            let bit = window * width + width - 1;
            halves[bit / 64] |= 1 << (bit % 64);
        }
        let mut carry = false;
        for (word, half) in words.iter_mut().zip(halves) {
            let (sum, over) = word.overflowing_add(half);
            let (sum, over_again) = sum.overflowing_add(u64::from(carry));
            *word = sum;
            carry = over | over_again;
        }
        Self { words, width }
    }

    /// From −2^(width − 1) up to 2^(width − 1) − 1.
    fn digit(&self, window: usize) -> i32 {
        let bit = window * self.width;
        let (word, offset) = (bit / 64, bit % 64);
        let low = self.words[word] >> offset;
        let high = match self.words.get(word + 1) {
            Some(next) if offset > 0 => next << (64 - offset),
            _ => 0,
        };
        let bits = (low | high) & ((1 << self.width) - 1);
        // At most 20 bits.
        i32::try_from(bits).unwrap_or(0) - (1 << (self.width - 1))
    }
}

/// The sums of the points of each digit but zero, by its size; points of negative digits are negated.
struct Buckets<F> {
    sums: Vec<Affine<F>>,
}

impl<F: Coordinate> Buckets<F> {
    fn new(width: usize) -> Self {
        Self {
            sums: vec![Affine::default(); 1 << (width - 1)],
        }
    }

    /// Adds points by their digits in a window.
    fn add<P: Point<Coordinate = F>>(&mut self, points: &[P], digits: &[Digits], window: usize) {
        let digits: Vec<i32> = digits.iter().map(|digits| digits.digit(window)).collect();
        // What is in a bucket already is the first of its points.
        let mut lengths: Vec<usize> = self
            .sums
            .iter()
            .map(|sum| usize::from(!sum.is_infinity()))
            .collect();
        for digit in digits.iter().filter(|digit| **digit != 0) {
            lengths[index(*digit)] += 1;
        }
        let mut next = starts(&lengths);
        let total = lengths.iter().sum();
        let mut grouped = vec![Affine::default(); total];
        for (sum, at) in self.sums.iter().zip(&mut next) {
            if !sum.is_infinity() {
                grouped[*at] = *sum;
                *at += 1;
            }
        }
        for (point, digit) in points.iter().zip(digits) {
            if digit != 0 {
                let mut point = point.coordinates();
                if digit < 0 {
                    point.y = point.y.negated();
                }
                let at = &mut next[index(digit)];
                grouped[*at] = point;
                *at += 1;
            }
        }
        self.sums = sums_of(grouped, lengths);
    }

    /// The sum of all buckets times their digits.
    ///
    /// With the buckets in rows of `side`, that of row i and column k counts `i·side + k + 1` times: `i·side`
    /// times with its row, `k + 1` times with its column. So they are added up both ways, and only the sums
    /// of rows and columns are multiplied.
    fn close<P: Point<Coordinate = F>>(self) -> P::Curve {
        let side = 1 << (self.sums.len().ilog2() / 2);
        let rows = self.sums.len() / side;
        let columns: Vec<_> = (0..side)
            .flat_map(|column| self.sums.iter().skip(column).step_by(side))
            .copied()
            .collect();
        let columns = sums_of(columns, vec![rows; side]);
        let rows = sums_of(self.sums, vec![side; rows]);
        // The first row counts not at all.
        let by_rows = weighted::<P>(&rows[1..]);
        let shifted = (0..side.ilog2()).fold(by_rows, |sum, _| sum.double());
        shifted + weighted::<P>(&columns)
    }
}

/// The sum of points times 1, 2, 3, ….
fn weighted<P: Point>(points: &[Affine<P::Coordinate>]) -> P::Curve {
    let (mut running, mut total) = (P::Curve::identity(), P::Curve::identity());
    for point in points.iter().rev() {
        if !point.is_infinity() {
            running += P::of(point);
        }
        total += running;
    }
    total
}

/// The bucket of a digit that is not zero.
fn index(digit: i32) -> usize {
    // At most 2^19, which any `usize` holds.
    usize::try_from(digit.unsigned_abs()).map_or(0, |size| size - 1)
}

/// Where each group begins.
fn starts(lengths: &[usize]) -> Vec<usize> {
    let begin = lengths.iter().scan(0, |next, length| {
        let start = *next;
        *next += length;
        Some(start)
    });
    begin.collect()
}

/// The sum of each group of points; of none, infinity.
fn sums_of<F: Coordinate>(mut points: Vec<Affine<F>>, mut lengths: Vec<usize>) -> Vec<Affine<F>> {
    while lengths.iter().any(|length| *length > 1) {
        (points, lengths) = halve(&points, &lengths);
    }
    let mut points = points.into_iter();
    lengths
        .iter()
        .map(|length| match length {
            0 => Affine::default(),
            _ => points.next().unwrap_or_default(),
        })
        .collect()
}

/// Adds the points of each group two by two; an odd one stays.
fn halve<F: Coordinate>(points: &[Affine<F>], lengths: &[usize]) -> (Vec<Affine<F>>, Vec<usize>) {
    let mut out = Vec::with_capacity(points.len() / 2 + lengths.len());
    let mut pairs = Vec::with_capacity(points.len() / 2);
    let mut at = 0;
    for length in lengths {
        for first in (at..at + length - length % 2).step_by(2) {
            pairs.push((first, out.len()));
            out.push(Affine::default());
        }
        at += length;
        if length % 2 == 1 {
            out.push(points[at - 1]);
        }
    }
    let mut work = Vec::with_capacity(BATCH);
    for batch in pairs.chunks(BATCH) {
        add_pairs(points, batch, &mut out, &mut work);
    }
    let lengths = lengths.iter().map(|length| length.div_ceil(2)).collect();
    (out, lengths)
}

/// Adds pairs of neighbours with one inversion for all: of each, where the first is and where the sum goes.
/// `work` is room for the product of all divisors before each, and the divisor.
fn add_pairs<F: Coordinate>(
    points: &[Affine<F>],
    pairs: &[(usize, usize)],
    out: &mut [Affine<F>],
    work: &mut Vec<(F, F)>,
) {
    work.clear();
    let mut product = F::one();
    for (first, _) in pairs {
        let divisor = divisor(&points[*first], &points[first + 1]);
        work.push((product, divisor));
        product = product.times(&divisor);
    }
    let mut inverse = product.inverse();
    for ((first, at), (before, divisor)) in pairs.iter().zip(work).rev() {
        let (a, b) = (&points[*first], &points[first + 1]);
        let slope = inverse.times(before);
        inverse = inverse.times(divisor);
        out[*at] = sum_of_two(a, b, &slope);
    }
}

/// What the slope of the line through two points is divided by; one if there is no need of a slope.
fn divisor<F: Coordinate>(a: &Affine<F>, b: &Affine<F>) -> F {
    if a.is_infinity() || b.is_infinity() {
        return F::one();
    }
    let difference = b.x.minus(&a.x);
    if !difference.is_zero() {
        return difference;
    }
    // No point of these groups is its own negative.
    match a.y == b.y {
        true => a.y.plus(&a.y),
        false => F::one(),
    }
}

/// The sum, given the inverse of the [`divisor`].
fn sum_of_two<F: Coordinate>(a: &Affine<F>, b: &Affine<F>, inverse: &F) -> Affine<F> {
    if a.is_infinity() {
        return *b;
    }
    if b.is_infinity() {
        return *a;
    }
    let slope = if a.x != b.x {
        b.y.minus(&a.y).times(inverse)
    } else if a.y == b.y {
        let square = a.x.square();
        square.plus(&square).plus(&square).times(inverse)
    } else {
        return Affine::default();
    };
    let x = slope.square().minus(&a.x).minus(&b.x);
    let y = slope.times(&a.x.minus(&x)).minus(&a.y);
    Affine { x, y }
}

#[cfg(test)]
mod tests;
