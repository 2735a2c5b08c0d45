//! The domain of a circuit's rows: powers of a root of unity, with transforms between the values of a
//! polynomial there and its coefficients.
//!
//! Goal: what set-up and prover share. Non-goal: domains that are no power of two.

use bellperson::SynthesisError;
use blstrs::Scalar;
use ff::{Field, PrimeField};
use rayon::prelude::*;

/// Scalars that one core computes at a time.
const CHUNK: usize = 1 << 12;

/// `first, first·ratio, first·ratio², …`, on all cores.
pub(crate) fn geometric(first: Scalar, ratio: Scalar, count: usize) -> Vec<Scalar> {
    let mut powers = vec![Scalar::ZERO; count];
    powers
        .par_chunks_mut(CHUNK)
        .enumerate()
        .for_each(|(chunk, powers)| {
            // A `usize` always fits a `u64` on the supported targets.
            let start = u64::try_from(chunk * CHUNK).unwrap_or(u64::MAX);
            let mut next = first * ratio.pow_vartime([start]);
            for power in powers {
                *power = next;
                next *= ratio;
            }
        });
    powers
}

/// Replaces each value by its inverse, one inversion per chunk. No value may be zero.
fn invert_all(values: &mut [Scalar]) -> Result<(), SynthesisError> {
    values.par_chunks_mut(CHUNK).try_for_each(|values| {
        let mut product = Scalar::ONE;
        let products: Vec<Scalar> = values
            .iter()
            .map(|value| {
                let before = product;
                product *= value;
                before
            })
            .collect();
        let mut inverse = invert(product)?;
        for (value, before) in values.iter_mut().zip(products).rev() {
            let next = inverse * *value;
            *value = inverse * before;
            inverse = next;
        }
        Ok(())
    })
}

/// The inverse, or an error if there is none.
pub(crate) fn invert(value: Scalar) -> Result<Scalar, SynthesisError> {
    Option::from(value.invert()).ok_or(SynthesisError::UnexpectedIdentity)
}

/// The powers of a root of unity, a power of two of them.
pub(crate) struct Domain {
    /// How many.
    pub(crate) size: usize,
    number: u64,
    root: Scalar,
    pub(crate) root_inverse: Scalar,
    pub(crate) size_inverse: Scalar,
}

impl Domain {
    /// The smallest domain of at least `rows` powers.
    ///
    /// # Errors
    /// [`SynthesisError::PolynomialDegreeTooLarge`] if the field has no such root.
    pub(crate) fn new(rows: usize) -> Result<Self, SynthesisError> {
        let size = rows.next_power_of_two();
        let log = size.trailing_zeros();
        if log >= Scalar::S {
            return Err(SynthesisError::PolynomialDegreeTooLarge);
        }
        let root = (log..Scalar::S).fold(Scalar::ROOT_OF_UNITY, |root, _| root.square());
        let number = u64::try_from(size).map_err(|_| SynthesisError::PolynomialDegreeTooLarge)?;
        Ok(Self {
            size,
            number,
            root,
            root_inverse: invert(root)?,
            size_inverse: invert(Scalar::from(number))?,
        })
    }

    /// The value at `x` of the polynomial that is zero on the domain: `x^size - 1`.
    pub(crate) fn vanishing(&self, x: Scalar) -> Scalar {
        x.pow_vartime([self.number]) - Scalar::ONE
    }

    /// The values at `x` of the polynomials that are 1 at one power of the root and 0 at the others:
    /// `root^i / size · vanishing / (x - root^i)`.
    ///
    /// # Errors
    /// [`SynthesisError::UnexpectedIdentity`] if `x` is in the domain.
    pub(crate) fn basis(&self, x: Scalar) -> Result<Vec<Scalar>, SynthesisError> {
        let powers = geometric(Scalar::ONE, self.root, self.size);
        let mut basis: Vec<Scalar> = powers.par_iter().map(|power| x - power).collect();
        invert_all(&mut basis)?;
        let scale = self.vanishing(x) * self.size_inverse;
        basis
            .par_iter_mut()
            .zip(&powers)
            .for_each(|(value, power)| *value *= scale * power);
        Ok(basis)
    }

    /// Coefficients of a polynomial to its values on the domain, in place.
    fn evaluate(&self, values: &mut [Scalar]) {
        transform(values, self.root);
    }

    /// Values on the domain to coefficients, in place; the coefficient of `x^i` is multiplied by
    /// `shift^i`.
    fn interpolate(&self, values: &mut [Scalar], shift: Scalar) {
        transform(values, self.root_inverse);
        let scales = geometric(self.size_inverse, shift, values.len());
        for (value, scale) in values.iter_mut().zip(scales) {
            *value *= scale;
        }
    }

    /// The coefficients of `(a·b - c) / vanishing`, given the values of a, b and c on the domain. The
    /// last one is zero and left out.
    ///
    /// # Errors
    /// None: the field's generator is in no domain, so that nothing here is divided by zero.
    pub(crate) fn quotient(
        &self,
        mut sides: [Vec<Scalar>; 3],
    ) -> Result<Vec<Scalar>, SynthesisError> {
        // On the domain itself the quotient is 0 / 0; so it is computed on a coset.
        let shift = Scalar::MULTIPLICATIVE_GENERATOR;
        sides.par_iter_mut().for_each(|values| {
            values.resize(self.size, Scalar::ZERO);
            self.interpolate(values, shift);
            self.evaluate(values);
        });
        let scale = invert(self.vanishing(shift))?;
        let [mut quotient, b, c] = sides;
        for ((a, b), c) in quotient.iter_mut().zip(b).zip(c) {
            *a = (*a * b - c) * scale;
        }
        self.interpolate(&mut quotient, invert(shift)?);
        quotient.truncate(self.size - 1);
        Ok(quotient)
    }
}

/// The transform by `root`, whose order is the number of values, a power of two: value `i` becomes
/// the sum of `value_j · root^(i·j)`.
fn transform(values: &mut [Scalar], root: Scalar) {
    let size = values.len();
    if size < 2 {
        return;
    }
    let unused = usize::BITS - size.trailing_zeros();
    for i in 0..size {
        let j = i.reverse_bits() >> unused;
        if i < j {
            values.swap(i, j);
        }
    }
    let roots = geometric(Scalar::ONE, root, size / 2);
    let mut half = 1;
    while half < size {
        let stride = size / (2 * half);
        values.par_chunks_exact_mut(2 * half).for_each(|block| {
            let (low, high) = block.split_at_mut(half);
            for ((x, y), root) in low.iter_mut().zip(high).zip(roots.iter().step_by(stride)) {
                let turned = *y * root;
                *y = *x - turned;
                *x += turned;
            }
        });
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_basis_is_one_at_its_own_row_and_zero_elsewhere() {
        let tau = Scalar::from(99);
        let domain = Domain::new(5).unwrap();
        assert_eq!(domain.size, 8);
        // Interpolating x^k at the domain gives x^k at tau.
        let basis = domain.basis(tau).unwrap();
        for k in 0..8u64 {
            let points = geometric(Scalar::ONE, domain.root.pow_vartime([k]), 8);
            let value: Scalar = basis.iter().zip(points).map(|(l, y)| *l * y).sum();
            assert_eq!(value, tau.pow_vartime([k]));
        }
    }

    #[test]
    fn transforms_evaluate_and_interpolate() {
        for rows in [1, 2, 5, 8192] {
            let domain = Domain::new(rows).unwrap();
            let coefficients = geometric(Scalar::from(3), Scalar::from(11), domain.size);
            let mut values = coefficients.clone();
            domain.evaluate(&mut values);
            for at in [0, domain.size / 2, domain.size - 1] {
                let x = domain.root.pow_vartime([at as u64]);
                let expected = coefficients
                    .iter()
                    .rev()
                    .fold(Scalar::ZERO, |sum, c| sum * x + c);
                assert_eq!(values[at], expected);
            }
            domain.interpolate(&mut values, Scalar::ONE);
            assert_eq!(values, coefficients);
        }
    }

    #[test]
    fn the_quotient_times_the_vanishing_polynomial_is_the_rest() {
        let domain = Domain::new(16).unwrap();
        let a = geometric(Scalar::from(5), Scalar::from(3), 13);
        let b = geometric(Scalar::from(2), Scalar::from(7), 13);
        let c: Vec<_> = a.iter().zip(&b).map(|(a, b)| *a * b).collect();
        let quotient = domain.quotient([a.clone(), b.clone(), c.clone()]).unwrap();
        assert_eq!(quotient.len(), 15);
        let x = Scalar::from(123);
        let basis = domain.basis(x).unwrap();
        let at_x = |values: &[Scalar]| -> Scalar {
            values
                .iter()
                .zip(&basis)
                .map(|(value, basis)| *value * basis)
                .sum()
        };
        let found = quotient
            .iter()
            .rev()
            .fold(Scalar::ZERO, |sum, c| sum * x + c);
        assert_eq!(found * domain.vanishing(x), at_x(&a) * at_x(&b) - at_x(&c));
    }

    #[test]
    fn too_many_rows_are_refused() {
        let outcome = Domain::new(1 << 33);
        assert!(matches!(
            outcome,
            Err(SynthesisError::PolynomialDegreeTooLarge)
        ));
    }
}
