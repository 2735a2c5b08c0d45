//! Times and memory of one machine: what sealing and proving will cost here.
//!
//! Goal: one number per step of a sector's life, each proof checked by the chain's verifier. Sectors
//! too large to seal for a measurement get witnesses of the same size that nobody sealed. Non-goal:
//! statistics; see `benches/`.

mod memory;
mod sparse;
mod synthetic;

use std::time::Instant;

use ips_primitives::sector::{CommR, Profile, ProofBytes, ReplicaId, Statement};
use ips_verifier::{
    groth16::{verify, CircuitKind, KeyError, PreparedKey},
    hash::NonCanonical,
    poe::poe_statement,
    post::{post_statement, set_root},
    seal::{seal_challenges, seal_statement},
};

use crate::{
    agreed,
    c8::c8,
    params::{ParamsCache, ParamsError, ProverParams},
    poe::{prove_poe, PoeCircuit},
    post::{prove_post, PostCircuit},
    prove::{prove, ProveError},
    scalar::{at, scalar_to_bytes},
    seal::{prove_seal, seal, DataError, SealCircuit, SealError, SealedSector, SectorData},
};

/// Hashes that are timed.
const HASHES: u32 = 2_000;
const SEED: [u8; 32] = [1; 32];
const REPLICA_ID: ReplicaId = ReplicaId([1; 32]);
/// Largest sector that is sealed to be measured: 8 MiB take about two minutes.
const SEALED_NODES_MAX: u32 = Profile::TESTNET.nodes();

/// What one step took.
#[derive(Clone, Debug)]
pub struct Step {
    /// The step, in words.
    pub name: String,
    /// Wall time.
    pub seconds: f64,
    /// Most memory resident during the step, if the system says it.
    pub peak_bytes: Option<u64>,
}

/// Why a measurement ended.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// No parameters.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// The data did not fit.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Proving failed.
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// A statement over values that are not scalars.
    #[error(transparent)]
    Statement(#[from] NonCanonical),
    /// The parameters have no usable verifying key.
    #[error("verifying key: {0}")]
    Key(#[from] KeyError),
    /// The chain's verifier refuses a proof.
    #[error("the chain's verifier refuses the {0} proof: prover and verifier disagree")]
    Refused(&'static str),
}

/// Makes every proof of a full sector of `profile` and of a full partition once, telling `report` of
/// each step when it is done. Parameters are those of the public seed; they are made if not cached.
///
/// # Errors
/// [`MeasureError`] if a step fails.
pub fn measure(
    cache: &ParamsCache,
    profile: Profile,
    report: &mut dyn FnMut(Step),
) -> Result<(), MeasureError> {
    let cache = cache.clone().allowing_insecure();
    let mut run = Run {
        cache,
        profile,
        report,
    };
    run.timed(format!("{HASHES} field hashes, one core"), || {
        let start = [blstrs::Scalar::from(1); 8];
        let end = (0..HASHES).fold(start, |state, _| [c8(&state); 8]);
        std::hint::black_box(end);
    });
    if profile.nodes() <= SEALED_NODES_MAX {
        run.sealed()
    } else {
        run.synthetic()
    }
}

/// A measurement under way.
struct Run<'a> {
    cache: ParamsCache,
    profile: Profile,
    report: &'a mut dyn FnMut(Step),
}

impl Run<'_> {
    fn timed<T>(&mut self, name: String, step: impl FnOnce() -> T) -> T {
        memory::forget_peak();
        let started = Instant::now();
        let outcome = step();
        (self.report)(Step {
            name,
            seconds: started.elapsed().as_secs_f64(),
            peak_bytes: memory::peak_bytes(),
        });
        outcome
    }

    fn params(&mut self, kind: CircuitKind) -> Result<ProverParams, ParamsError> {
        let (cache, profile) = (self.cache.clone(), self.profile);
        let cached = cache.path(kind, profile).exists();
        let verb = if cached { "load" } else { "generate" };
        self.timed(format!("{verb} {} parameters", kind.name()), || {
            cache.load_or_generate(kind, profile)
        })
    }

    /// Checks a proof as the chain does.
    fn accept(
        &mut self,
        params: &ProverParams,
        statement: Statement,
        proof: &ProofBytes,
    ) -> Result<(), MeasureError> {
        let name = params.kind().name();
        let key = PreparedKey::from_verifying_key(&params.verifying_key())?;
        self.timed(format!("verify the {name} proof"), || {
            verify(&key, &statement, proof)
        })
        .map_err(|_| MeasureError::Refused(name))
    }

    /// Every proof of a sector that is sealed for it.
    fn sealed(&mut self) -> Result<(), MeasureError> {
        let profile = self.profile;
        let mut data = SectorData::new(profile);
        let bytes: Vec<u8> = (0..=250u8)
            .cycle()
            .take(at(profile.payload_bytes()))
            .collect();
        data.push_piece(0, &bytes)?;
        let sealed = self.timed("seal a sector".to_owned(), || {
            seal(profile, REPLICA_ID, &data)
        })?;
        self.seal_proofs(&sealed)?;

        let params = self.params(CircuitKind::Post)?;
        let sector = sealed.post_sector();
        let set = vec![Some(&sector); at(profile.post_sectors)];
        let proof = self.timed("storage proof of a full partition".to_owned(), || {
            prove_post(&params, profile, &set, &SEED)
        })?;
        let comm_rs: Vec<CommR> = vec![sector.comm_r(); set.len()];
        let statement = post_statement(&set_root(&comm_rs)?, &SEED)?;
        self.accept(&params, statement, &proof)?;

        let params = self.params(CircuitKind::Poe)?;
        let proof = self.timed("proof of extract".to_owned(), || {
            prove_poe(&params, profile, sealed.tree_d(), &SEED)
        })?;
        let statement = poe_statement(&sealed.comm_d(), &SEED)?;
        self.accept(&params, statement, &proof)
    }

    fn seal_proofs(&mut self, sealed: &SealedSector) -> Result<(), MeasureError> {
        let profile = self.profile;
        let params = self.params(CircuitKind::Seal)?;
        let (comm_d, comm_r) = (sealed.comm_d(), sealed.comm_r());
        for index in 0..profile.seal_proofs {
            let name = format!("seal proof {} of {}", index + 1, profile.seal_proofs);
            let proof = self.timed(name, || prove_seal(&params, profile, sealed, &SEED, index))?;
            let challenges = seal_challenges(&profile, &SEED, &REPLICA_ID, &comm_r, index);
            let statement = seal_statement(&REPLICA_ID, &comm_d, &comm_r, &challenges)?;
            self.accept(&params, statement, &proof)?;
        }
        Ok(())
    }

    /// One proof of each kind from a witness that nobody sealed.
    fn synthetic(&mut self) -> Result<(), MeasureError> {
        let profile = self.profile;
        let params = self.params(CircuitKind::Seal)?;
        let witness = synthetic::seal_witness(profile);
        let statement = witness.statement();
        let name = format!(
            "one seal proof of {}, not a sealed sector",
            profile.seal_proofs
        );
        let circuit = SealCircuit {
            profile,
            statement,
            witness,
        };
        let proof = self.timed(name, || prove(&params, circuit))?;
        self.accept(&params, Statement(scalar_to_bytes(&statement)), &proof)?;

        let params = self.params(CircuitKind::Post)?;
        let witness = synthetic::post_witness(profile);
        let statement = witness.statement();
        let name = "storage proof of a full partition, not sealed sectors".to_owned();
        let circuit = PostCircuit {
            profile,
            statement,
            witness,
        };
        let proof = self.timed(name, || prove(&params, circuit))?;
        self.accept(&params, Statement(scalar_to_bytes(&statement)), &proof)?;

        let params = self.params(CircuitKind::Poe)?;
        let witness = synthetic::poe_witness(profile);
        let statement = agreed::poe_statement(witness.comm_d, witness.rho);
        let circuit = PoeCircuit {
            profile,
            statement,
            witness,
        };
        let proof = self.timed("proof of extract".to_owned(), || prove(&params, circuit))?;
        self.accept(&params, Statement(scalar_to_bytes(&statement)), &proof)
    }
}
