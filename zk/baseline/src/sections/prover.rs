//! The same circuit, witness, parameters and randomness: our prover and generator beside bellperson's.

use anyhow::ensure;
use bellperson::groth16::{self, generate_random_parameters, Parameters, Proof};
use blstrs::{Bls12, Scalar};
use ff::Field;
use ips_primitives::sector::Profile;
use ips_proofs::{comparison, params::ProverParams, seal::SealedSector};
use ips_verifier::groth16::CircuitKind;
use rand_chacha::ChaCha20Rng;

use crate::{
    ours,
    report::{Report, Row},
    stopwatch::{median, timed},
};

/// Proofs by each prover.
const PAIRS: usize = 7;
/// What an optimised prover should reach over bellperson's.
const TARGET: f64 = 2.0;
/// What the challenges of our proofs are drawn by.
pub const SEED: [u8; 32] = [1; 32];

/// A seal proof of ours: what was proven, with what, and how long it took.
pub struct Ours {
    /// The sector.
    pub sealed: SealedSector,
    /// Our parameters of its profile.
    pub params: ProverParams,
    /// Seconds that our generator took for them.
    pub generation: f64,
    /// Seconds of one proof by our prover, without openings and their check.
    pub proof: f64,
}

impl Ours {
    /// Seals a sector of `profile`, makes parameters and proves `proofs` times.
    ///
    /// # Errors
    /// If a step fails.
    pub fn measure(profile: Profile, proofs: usize, rng: &mut ChaCha20Rng) -> anyhow::Result<Self> {
        let (sealed, _) = ours::seal_random(profile, rng)?;
        let circuit = comparison::seal_circuit(&sealed, &SEED, 0)?;
        let (params, took) = timed(|| ProverParams::generate(CircuitKind::Seal, profile));
        let params = params?;
        let mut seconds = Vec::new();
        for _ in 0..proofs {
            let randomness = [Scalar::random(&mut *rng), Scalar::random(&mut *rng)];
            let known = comparison::parameters(&params);
            let (proof, took) = timed(|| prove(true, circuit.clone(), known, randomness));
            proof?;
            seconds.push(took.wall);
        }
        Ok(Self {
            sealed,
            params,
            generation: took.wall,
            proof: median(seconds),
        })
    }

    /// Length of the parameters in bellperson's format.
    ///
    /// # Errors
    /// None but of memory.
    pub fn bytes(&self) -> anyhow::Result<usize> {
        let mut written = Vec::new();
        comparison::parameters(&self.params).write(&mut written)?;
        Ok(written.len())
    }
}

/// Compares provers and generators on the seal circuit of `profile`.
///
/// # Errors
/// If a step fails, or the two provers make different proofs.
pub fn run(report: &mut Report, profile: Profile, rng: &mut ChaCha20Rng) -> anyhow::Result<()> {
    let ours = Ours::measure(profile, 0, rng)?;
    let circuit = comparison::seal_circuit(&ours.sealed, &SEED, 0)?;
    let name = profile.id.name();
    let (theirs, bellperson) =
        timed(|| generate_random_parameters::<Bls12, _, _>(circuit.clone(), rng));
    let theirs = theirs?;
    let title = format!("parameters of our {name} seal circuit: our generator, bellperson's");
    report.add(Row::of_costs(title, ours.generation, bellperson.wall, "s"));

    let mut seconds = [Vec::new(), Vec::new()];
    for pair in 0..PAIRS {
        let randomness = [Scalar::random(&mut *rng), Scalar::random(&mut *rng)];
        // The one that comes first finds the caches cold, so they take turns.
        let order = [pair % 2 == 0, pair % 2 != 0];
        let mut proofs = Vec::new();
        for by_us in order {
            let circuit = circuit.clone();
            let (proof, took) = timed(|| prove(by_us, circuit, &theirs, randomness));
            seconds[usize::from(!by_us)].push(took.wall);
            proofs.push(proof?);
        }
        ensure!(proofs[0] == proofs[1], "the provers make different proofs");
    }
    let [ours, theirs] = seconds.map(median);
    let title = format!("proof of our {name} seal circuit: our prover, bellperson's");
    report.add(Row::of_costs(title, ours, theirs, "s").with_target(TARGET));
    Ok(())
}

fn prove(
    by_us: bool,
    circuit: impl bellperson::Circuit<Scalar> + Send,
    parameters: &Parameters<Bls12>,
    [r, s]: [Scalar; 2],
) -> anyhow::Result<Proof<Bls12>> {
    Ok(if by_us {
        comparison::proof(circuit, parameters, r, s)?
    } else {
        groth16::create_proof(circuit, parameters, r, s)?
    })
}
