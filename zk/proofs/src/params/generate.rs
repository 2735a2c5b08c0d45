//! Groth16 parameters of a circuit from a random generator.
//!
//! Goal: the very parameters that `bellperson::groth16::generate_random_parameters` makes from the
//! same generator, many times faster: fixed-base tables, batch normalisation, and the polynomials
//! evaluated during synthesis instead of stored. Non-goal: a ceremony; whoever knows the generator's
//! seed can forge proofs.

use std::sync::Arc;

use bellperson::{
    groth16::{Parameters, VerifyingKey},
    Circuit, ConstraintSystem, Index, LinearCombination, SynthesisError, Variable,
};
use blstrs::{Bls12, G1Affine, G1Projective, G2Affine, G2Projective, Scalar};
use ff::Field;
use group::{Curve, Group};
use rand_core::RngCore;
use rayon::prelude::*;

use super::fixed_base::FixedBase;
use crate::domain::{geometric, invert, Domain};

/// What must be forgotten, and here is not.
pub(crate) struct Secrets {
    g1: G1Projective,
    g2: G2Projective,
    alpha: Scalar,
    beta: Scalar,
    gamma: Scalar,
    delta: Scalar,
    tau: Scalar,
}

impl Secrets {
    /// Draws in bellperson's order.
    fn draw(rng: &mut impl RngCore) -> Self {
        Self {
            g1: G1Projective::random(&mut *rng),
            g2: G2Projective::random(&mut *rng),
            alpha: Scalar::random(&mut *rng),
            beta: Scalar::random(&mut *rng),
            gamma: Scalar::random(&mut *rng),
            delta: Scalar::random(&mut *rng),
            tau: Scalar::random(&mut *rng),
        }
    }

    /// The curves' generators with γ = δ = 1, as a ceremony's second phase starts.
    pub(crate) fn before_second_phase(alpha: Scalar, beta: Scalar, tau: Scalar) -> Self {
        Self {
            g1: G1Projective::generator(),
            g2: G2Projective::generator(),
            alpha,
            beta,
            gamma: Scalar::ONE,
            delta: Scalar::ONE,
            tau,
        }
    }
}

/// The values at tau of a variable's polynomials of the three sides of the constraints.
type AtTau = [Scalar; 3];

/// Counts a circuit's rows and variables, or evaluates its polynomials at tau.
struct Assembly {
    /// The values at tau of the Lagrange polynomials of the rows; empty while counting.
    basis: Vec<Scalar>,
    rows: usize,
    inputs: Vec<AtTau>,
    private: Vec<AtTau>,
}

impl Assembly {
    /// Synthesizes `circuit`, and a row for each input so that no proof can change one.
    fn of(circuit: impl Circuit<Scalar>, basis: Vec<Scalar>) -> Result<Self, SynthesisError> {
        let mut assembly = Self {
            basis,
            rows: 0,
            inputs: vec![[Scalar::ZERO; 3]],
            private: Vec::new(),
        };
        circuit.synthesize(&mut assembly)?;
        for input in 0..assembly.inputs.len() {
            let variable = Variable::new_unchecked(Index::Input(input));
            assembly.enforce(|| "", |lc| lc + variable, |lc| lc, |lc| lc);
        }
        Ok(assembly)
    }

    fn add(&mut self, side: usize, combination: &LinearCombination<Scalar>, row: Scalar) {
        for (variable, coefficient) in combination.iter() {
            let at_tau = match variable.get_unchecked() {
                Index::Input(at) => &mut self.inputs[at],
                Index::Aux(at) => &mut self.private[at],
            };
            at_tau[side] += row * coefficient;
        }
    }
}

impl ConstraintSystem<Scalar> for Assembly {
    type Root = Self;

    fn alloc<F, A, AR>(&mut self, _: A, _: F) -> Result<Variable, SynthesisError>
    where
        F: FnOnce() -> Result<Scalar, SynthesisError>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        self.private.push([Scalar::ZERO; 3]);
        Ok(Variable::new_unchecked(Index::Aux(self.private.len() - 1)))
    }

    fn alloc_input<F, A, AR>(&mut self, _: A, _: F) -> Result<Variable, SynthesisError>
    where
        F: FnOnce() -> Result<Scalar, SynthesisError>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        self.inputs.push([Scalar::ZERO; 3]);
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
        if let Some(row) = self.basis.get(self.rows).copied() {
            self.add(0, &a(LinearCombination::zero()), row);
            self.add(1, &b(LinearCombination::zero()), row);
            self.add(2, &c(LinearCombination::zero()), row);
        }
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

/// The parameters of `circuit`, by secrets drawn from `rng`.
///
/// # Errors
/// What synthesis says; [`SynthesisError::UnconstrainedVariable`] if a variable is in no row;
/// [`SynthesisError::UnexpectedIdentity`] for secrets that no random generator draws.
pub(super) fn generate<C: Circuit<Scalar> + Clone>(
    circuit: C,
    rng: &mut impl RngCore,
) -> Result<Parameters<Bls12>, SynthesisError> {
    generate_from(circuit, &Secrets::draw(rng))
}

/// Rows of `circuit`, with the one of each input.
///
/// # Errors
/// What synthesis says.
pub(crate) fn count_rows(circuit: impl Circuit<Scalar>) -> Result<usize, SynthesisError> {
    Ok(Assembly::of(circuit, Vec::new())?.rows)
}

/// The parameters of `circuit` by given secrets.
///
/// # Errors
/// Those of [`generate`].
pub(crate) fn generate_from<C: Circuit<Scalar> + Clone>(
    circuit: C,
    secrets: &Secrets,
) -> Result<Parameters<Bls12>, SynthesisError> {
    let rows = count_rows(circuit.clone())?;
    let domain = Domain::new(rows)?;
    let assembly = Assembly::of(circuit, domain.basis(secrets.tau)?)?;
    let (gamma_inverse, delta_inverse) = (invert(secrets.gamma)?, invert(secrets.delta)?);
    let g1 = FixedBase::new(secrets.g1);
    let g2 = FixedBase::new(secrets.g2);

    let h = geometric(
        domain.vanishing(secrets.tau) * delta_inverse,
        secrets.tau,
        domain.size - 1,
    );
    let combined = |at_tau: &[AtTau], scale: Scalar| -> Vec<Scalar> {
        let one = |[a, b, c]: &AtTau| (secrets.beta * a + secrets.alpha * b + c) * scale;
        at_tau.par_iter().map(one).collect()
    };
    let l = combined(&assembly.private, delta_inverse);
    if l.contains(&Scalar::ZERO) {
        return Err(SynthesisError::UnconstrainedVariable);
    }
    // Points at infinity are left out of the queries of A and B.
    let query = |side: usize| -> Vec<Scalar> {
        let all = assembly.inputs.iter().chain(&assembly.private);
        all.map(|at_tau| at_tau[side])
            .filter(|value| *value != Scalar::ZERO)
            .collect()
    };
    let b = query(1);
    Ok(Parameters {
        vk: verifying_key(
            secrets,
            g1.multiples(&combined(&assembly.inputs, gamma_inverse)),
        ),
        h: Arc::new(g1.multiples(&h)),
        l: Arc::new(g1.multiples(&l)),
        a: Arc::new(g1.multiples(&query(0))),
        b_g1: Arc::new(g1.multiples(&b)),
        b_g2: Arc::new(g2.multiples(&b)),
    })
}

fn verifying_key(secrets: &Secrets, ic: Vec<G1Affine>) -> VerifyingKey<Bls12> {
    let g1 = |scalar: Scalar| -> G1Affine { (secrets.g1 * scalar).to_affine() };
    let g2 = |scalar: Scalar| -> G2Affine { (secrets.g2 * scalar).to_affine() };
    VerifyingKey {
        alpha_g1: g1(secrets.alpha),
        beta_g1: g1(secrets.beta),
        beta_g2: g2(secrets.beta),
        gamma_g2: g2(secrets.gamma),
        delta_g1: g1(secrets.delta),
        delta_g2: g2(secrets.delta),
        ic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poe::PoeCircuit;
    use bellperson::groth16::generate_random_parameters;
    use ips_primitives::sector::Profile;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    #[test]
    fn parameters_are_bellpersons() {
        let rng = || ChaCha20Rng::from_seed([6; 32]);
        let circuit = || PoeCircuit::blank(Profile::TEST);
        let theirs = generate_random_parameters::<Bls12, _, _>(circuit(), &mut rng()).unwrap();
        let ours = generate(circuit(), &mut rng()).unwrap();
        assert!(ours == theirs);
        let bytes = |parameters: &Parameters<Bls12>| {
            let mut bytes = Vec::new();
            parameters.write(&mut bytes).unwrap();
            bytes
        };
        assert!(bytes(&ours) == bytes(&theirs));
        assert!(generate(circuit(), &mut ChaCha20Rng::from_seed([7; 32])).unwrap() != theirs);
    }

    /// A variable in no row.
    #[derive(Clone)]
    struct Unbound;

    impl Circuit<Scalar> for Unbound {
        fn synthesize<CS: ConstraintSystem<Scalar>>(
            self,
            cs: &mut CS,
        ) -> Result<(), SynthesisError> {
            cs.alloc(|| "x", || Ok(Scalar::ONE))?;
            Ok(())
        }
    }

    #[test]
    fn a_variable_without_rows_is_refused() {
        let outcome = generate(Unbound, &mut ChaCha20Rng::from_seed([6; 32]));
        assert!(matches!(
            outcome,
            Err(SynthesisError::UnconstrainedVariable)
        ));
    }
}
