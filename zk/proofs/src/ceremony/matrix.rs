//! A circuit's parameters from powers of tau that nobody knows: sums of points instead of scalars.
//!
//! Per variable the rows and coefficients of the three sides are collected; its points are the sums of
//! the rows' Lagrange points. What takes the time are these sums, one per variable and query.

use std::{collections::HashMap, sync::Arc};

use bellperson::{
    groth16::{Parameters, VerifyingKey},
    Circuit, ConstraintSystem, Index, LinearCombination, SynthesisError, Variable,
};
use blstrs::{Bls12, G1Affine, G1Projective, G2Affine, G2Projective, Scalar};
use ff::Field;
use group::{prime::PrimeCurveAffine, Curve};
use rayon::prelude::*;

use super::{
    error::CeremonyError,
    lagrange::lagrange,
    phase_one::Powers,
    points::{sum_g1, sum_g2},
};
use crate::{
    domain::Domain,
    scalar::{at, scalar_to_bytes},
};

/// Where a variable occurs on one side: rows, and numbers of coefficients.
type Entries = Vec<(u32, u32)>;

/// The rows of a circuit by variable.
#[derive(Default)]
struct Matrix {
    rows: u32,
    inputs: Vec<[Entries; 3]>,
    private: Vec<[Entries; 3]>,
    /// Circuits repeat few coefficients many times.
    coefficients: Vec<Scalar>,
    numbers: HashMap<[u8; 32], u32>,
}

impl Matrix {
    /// Synthesizes `circuit`, and a row for each input as the generator does.
    fn of(circuit: impl Circuit<Scalar>) -> Result<Self, SynthesisError> {
        let mut matrix = Self::default();
        matrix.inputs.push(Default::default());
        circuit.synthesize(&mut matrix)?;
        for input in 0..matrix.inputs.len() {
            let variable = Variable::new_unchecked(Index::Input(input));
            matrix.enforce(|| "", |lc| lc + variable, |lc| lc, |lc| lc);
        }
        Ok(matrix)
    }

    fn number_of(&mut self, coefficient: &Scalar) -> u32 {
        let next = self.coefficients.len();
        let number = self
            .numbers
            .entry(scalar_to_bytes(coefficient))
            .or_insert_with(|| {
                u32::try_from(next).expect("a domain has fewer than 2^32 rows and coefficients")
            });
        if at(*number) == next {
            self.coefficients.push(*coefficient);
        }
        *number
    }

    fn add(&mut self, side: usize, combination: &LinearCombination<Scalar>) {
        for (variable, coefficient) in combination.iter() {
            if *coefficient == Scalar::ZERO {
                continue;
            }
            let entry = (self.rows, self.number_of(coefficient));
            let sides = match variable.get_unchecked() {
                Index::Input(at) => &mut self.inputs[at],
                Index::Aux(at) => &mut self.private[at],
            };
            sides[side].push(entry);
        }
    }

    /// Coefficients and points, in `basis`, of the rows of some entries.
    fn terms<P: Copy>(&self, entries: &Entries, basis: &[P], terms: &mut (Vec<P>, Vec<Scalar>)) {
        for (row, number) in entries {
            terms.0.push(basis[at(*row)]);
            terms.1.push(self.coefficients[at(*number)]);
        }
    }

    /// The points of all variables on one side, in G1 or G2; identities are left out.
    fn query<P>(&self, side: usize, basis: &[P], sum: fn(&[P], &[Scalar]) -> P::Curve) -> Vec<P>
    where
        P: PrimeCurveAffine + Send + Sync,
        P::Curve: Curve<AffineRepr = P>,
    {
        let all: Vec<&[Entries; 3]> = self.inputs.iter().chain(&self.private).collect();
        let points = all.par_iter().map(|sides| {
            let mut terms = (Vec::new(), Vec::new());
            self.terms(&sides[side], basis, &mut terms);
            sum(&terms.0, &terms.1).to_affine()
        });
        points
            .filter(|point| !bool::from(point.is_identity()))
            .collect()
    }

    /// The points of some variables' `β·a + α·b + c`.
    fn combined(&self, variables: &[[Entries; 3]], bases: [&[G1Affine]; 3]) -> Vec<G1Affine> {
        let points = variables.par_iter().map(|sides| {
            let mut terms = (Vec::new(), Vec::new());
            for (entries, basis) in sides.iter().zip(bases) {
                self.terms(entries, basis, &mut terms);
            }
            sum_g1(&terms.0, &terms.1).to_affine()
        });
        points.collect()
    }
}

impl ConstraintSystem<Scalar> for Matrix {
    type Root = Self;

    fn alloc<F, A, AR>(&mut self, _: A, _: F) -> Result<Variable, SynthesisError>
    where
        F: FnOnce() -> Result<Scalar, SynthesisError>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        self.private.push(Default::default());
        Ok(Variable::new_unchecked(Index::Aux(self.private.len() - 1)))
    }

    fn alloc_input<F, A, AR>(&mut self, _: A, _: F) -> Result<Variable, SynthesisError>
    where
        F: FnOnce() -> Result<Scalar, SynthesisError>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        self.inputs.push(Default::default());
        Ok(Variable::new_unchecked(Index::Input(self.inputs.len() - 1)))
    }

    fn enforce<A, AR, LA, LB, LC>(&mut self, _: A, a: LA, b: LB, c: LC)
    where
        A: FnOnce() -> AR,
        AR: Into<String>,
        LA: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
        LB: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
        LC: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
    {
        self.add(0, &a(LinearCombination::zero()));
        self.add(1, &b(LinearCombination::zero()));
        self.add(2, &c(LinearCombination::zero()));
        self.rows += 1;
    }

    fn push_namespace<NR, N>(&mut self, _: N)
    where
        NR: Into<String>,
        N: FnOnce() -> NR,
    {
    }

    fn pop_namespace(&mut self) {}

    fn get_root(&mut self) -> &mut Self::Root {
        self
    }
}

/// The parameters of `circuit`, whose rows fill `domain`, with γ = δ = 1.
///
/// # Errors
/// [`CeremonyError::Derive`] if synthesis fails or a variable is in no row.
pub(super) fn from_powers(
    circuit: impl Circuit<Scalar>,
    domain: &Domain,
    powers: &Powers,
) -> Result<Parameters<Bls12>, CeremonyError> {
    let matrix = Matrix::of(circuit)?;
    let plain = lagrange::<G1Projective>(&powers.tau_g1, domain);
    let with_alpha = lagrange::<G1Projective>(&powers.alpha_g1, domain);
    let with_beta = lagrange::<G1Projective>(&powers.beta_g1, domain);
    let in_g2 = lagrange::<G2Projective>(&powers.tau_g2, domain);
    let bases = [&with_beta[..], &with_alpha, &plain];

    // tau^i · (tau^size - 1).
    let h: Vec<G1Affine> = (0..domain.size - 1)
        .into_par_iter()
        .map(|i| (powers.tau_g1[i + domain.size].to_curve() - powers.tau_g1[i]).to_affine())
        .collect();
    let l = matrix.combined(&matrix.private, bases);
    let ic = matrix.combined(&matrix.inputs, bases);
    let empty = |points: &[G1Affine]| points.iter().any(|p| bool::from(p.is_identity()));
    if empty(&l) || empty(&ic) {
        return Err(SynthesisError::UnconstrainedVariable.into());
    }
    if empty(&h) {
        // Tau is in the domain.
        return Err(SynthesisError::UnexpectedIdentity.into());
    }
    Ok(Parameters {
        vk: VerifyingKey {
            alpha_g1: powers.alpha_g1[0],
            beta_g1: powers.beta_g1[0],
            beta_g2: powers.beta_g2,
            gamma_g2: G2Affine::generator(),
            delta_g1: G1Affine::generator(),
            delta_g2: G2Affine::generator(),
            ic,
        },
        h: Arc::new(h),
        l: Arc::new(l),
        a: Arc::new(matrix.query(0, &plain, sum_g1)),
        b_g1: Arc::new(matrix.query(1, &plain, sum_g1)),
        b_g2: Arc::new(matrix.query(1, &in_g2, sum_g2)),
    })
}
