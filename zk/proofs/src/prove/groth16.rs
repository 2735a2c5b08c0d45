//! The Groth16 prover: for the same circuit, parameters and randomness the very bytes that bellperson's
//! prover makes, in a fraction of its time.
//!
//! Goal: one circuit on a few cores; most of the time goes to the sums of [`super::msm`]. Non-goals: GPUs,
//! several circuits at once.

use bellperson::{
    groth16::{Parameters, Proof},
    Circuit, ConstraintSystem, Index, LinearCombination, SynthesisError, Variable,
};
use blstrs::{Bls12, G1Affine, G2Affine, Scalar};
use ff::Field;
use group::Curve;
use rayon::prelude::*;

use super::msm::{self, Terms};
use crate::domain::Domain;

/// The values of a circuit: of its variables, and of the three sides of its rows.
#[derive(Default)]
struct Assignment {
    inputs: Variables,
    private: Variables,
    sides: [Vec<Scalar>; 3],
}

/// Variables of one kind.
#[derive(Default)]
struct Variables {
    values: Vec<Scalar>,
    /// Whether each occurs in a row's first side.
    in_a: Vec<bool>,
    /// Whether each occurs in a row's second side.
    in_b: Vec<bool>,
}

impl Variables {
    fn push(&mut self, value: Scalar) -> usize {
        self.values.push(value);
        self.in_a.push(false);
        self.in_b.push(false);
        self.values.len() - 1
    }
}

impl Assignment {
    /// Synthesizes `circuit`, and a row for each input as the set-up does.
    fn of(circuit: impl Circuit<Scalar>) -> Result<Self, SynthesisError> {
        let mut assignment = Self::default();
        assignment.inputs.push(Scalar::ONE);
        circuit.synthesize(&mut assignment)?;
        for input in 0..assignment.inputs.values.len() {
            let variable = Variable::new_unchecked(Index::Input(input));
            assignment.enforce(|| "", |lc| lc + variable, |lc| lc, |lc| lc);
        }
        Ok(assignment)
    }

    /// The value of a combination; `used` is told of every variable that occurs in it.
    fn value(
        &mut self,
        combination: &LinearCombination<Scalar>,
        used: impl Fn(&mut Variables) -> Option<&mut [bool]>,
    ) -> Scalar {
        let mut sum = Scalar::ZERO;
        for (variable, coefficient) in combination.iter() {
            let (variables, at) = match variable.get_unchecked() {
                Index::Input(at) => (&mut self.inputs, at),
                Index::Aux(at) => (&mut self.private, at),
            };
            if *coefficient != Scalar::ZERO {
                sum += variables.values[at] * coefficient;
                if let Some(used) = used(variables) {
                    used[at] = true;
                }
            }
        }
        sum
    }

    /// The values of the variables that `used` marks, inputs first.
    fn marked(&self, used: impl Fn(&Variables) -> &[bool]) -> Vec<Scalar> {
        [&self.inputs, &self.private]
            .into_iter()
            .flat_map(|variables| variables.values.iter().zip(used(variables)))
            .filter_map(|(value, used)| used.then_some(*value))
            .collect()
    }
}

impl ConstraintSystem<Scalar> for Assignment {
    type Root = Self;

    fn alloc<F, A, AR>(&mut self, _: A, f: F) -> Result<Variable, SynthesisError>
    where
        F: FnOnce() -> Result<Scalar, SynthesisError>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        let at = self.private.push(f()?);
        Ok(Variable::new_unchecked(Index::Aux(at)))
    }

    fn alloc_input<F, A, AR>(&mut self, _: A, f: F) -> Result<Variable, SynthesisError>
    where
        F: FnOnce() -> Result<Scalar, SynthesisError>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        let at = self.inputs.push(f()?);
        Ok(Variable::new_unchecked(Index::Input(at)))
    }

    fn enforce<A, AR, LA, LB, LC>(&mut self, _: A, a: LA, b: LB, c: LC)
    where
        A: FnOnce() -> AR,
        AR: Into<String>,
        LA: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
        LB: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
        LC: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
    {
        let [a, b, c] = [
            a(LinearCombination::zero()),
            b(LinearCombination::zero()),
            c(LinearCombination::zero()),
        ];
        let values = [
            self.value(&a, |variables| Some(variables.in_a.as_mut_slice())),
            self.value(&b, |variables| Some(variables.in_b.as_mut_slice())),
            self.value(&c, |_| None),
        ];
        for (side, value) in self.sides.iter_mut().zip(values) {
            side.push(value);
        }
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

/// Whether there is one point per scalar, as in the parameters of the circuit at hand.
fn paired(points: usize, scalars: usize) -> Result<(), SynthesisError> {
    if points == scalars {
        return Ok(());
    }
    let text = format!("{points} points of the parameters for {scalars} values of the circuit");
    Err(SynthesisError::IncompatibleLengthVector(text))
}

/// Proves `circuit`, which must be satisfied; `r` and `s` hide the witness and must be random.
///
/// # Errors
/// What synthesis says; [`SynthesisError::IncompatibleLengthVector`] if the parameters are of another
/// circuit.
pub(crate) fn create_proof(
    circuit: impl Circuit<Scalar>,
    parameters: &Parameters<Bls12>,
    r: Scalar,
    s: Scalar,
) -> Result<Proof<Bls12>, SynthesisError> {
    let mut assignment = Assignment::of(circuit)?;
    let in_a = assignment.marked(|variables| &variables.in_a);
    let in_b = assignment.marked(|variables| &variables.in_b);
    // Of the second query in G1 only `r` times the sum is needed, so it joins the sums of the last point.
    let in_b_times_r: Vec<Scalar> = in_b.par_iter().map(|value| value * r).collect();
    let Parameters {
        vk: key,
        h,
        l,
        a,
        b_g1,
        b_g2,
    } = parameters;
    paired(a.len(), in_a.len())?;
    paired(b_g1.len(), in_b.len())?;
    paired(b_g2.len(), in_b.len())?;
    paired(l.len(), assignment.private.values.len())?;
    let sides = std::mem::take(&mut assignment.sides);
    let private = &assignment.private.values;
    let (b, rest) = rayon::join(
        || msm::sum::<G2Affine>(&[(b_g2, &in_b)]),
        || -> Result<_, SynthesisError> {
            let quotient = Domain::new(sides[0].len())?.quotient(sides)?;
            paired(h.len(), quotient.len())?;
            let lists: [Terms<G1Affine>; 3] = [(h, &quotient), (l, private), (b_g1, &in_b_times_r)];
            Ok(rayon::join(
                || msm::sum::<G1Affine>(&[(a, &in_a)]),
                || msm::sum(&lists),
            ))
        },
    );
    let (a, c) = rest?;
    let a = a + key.alpha_g1 + key.delta_g1 * r;
    let b = b + key.beta_g2 + key.delta_g2 * s;
    let c = c + a * s + key.beta_g1 * r;
    Ok(Proof {
        a: a.to_affine(),
        b: b.to_affine(),
        c: c.to_affine(),
    })
}
