//! Groth16 parameters of the three circuits: which, where cached, how made.
//!
//! Goal: generate once per user, then load in under a second; a changed circuit never meets stale
//! parameters. Profiles `test` and `dev` are insecure by their public seed, and their keys say so.
//! `testnet` and `production` take the outcome of a ceremony, by pinned checksum; from a seed they
//! are made for measurements only, if asked for by name. Non-goal: the ceremony.

mod cache;
mod digest;
mod fixed_base;
mod generate;
mod key;
mod pinned;
mod shape;

#[cfg(test)]
mod tests;

use std::{path::PathBuf, time::Instant};

use bellperson::{groth16::Parameters, Circuit, ConstraintSystem, SynthesisError};
use blstrs::{Bls12, Scalar};
use ff::Field;
use ips_primitives::{
    hash::blake2_256,
    sector::{Profile, ProfileId, ProofBytes},
};
use ips_verifier::groth16::{CircuitKind, KeyHeader};
use rand_chacha::ChaCha20Rng;
use rand_core::{OsRng, SeedableRng};

#[cfg(test)]
pub(crate) use self::fixed_base::FixedBase;
use self::generate::generate;
pub use self::pinned::{ParamsChecksum, Pin};
pub use self::{
    cache::{cache_folder, ParamsCache},
    shape::Shape,
};
pub(crate) use self::{
    digest::r1cs_digest,
    fixed_base::normalized,
    generate::{count_rows, generate_from, Secrets},
    key::verifying_key_bytes,
};
use crate::{
    file::{profile_byte, FileError},
    memory::{ensure_generation, ensure_proof, NotEnoughMemory},
    poe::PoeCircuit,
    post::PostCircuit,
    prove::{groth16::create_proof, ProveError},
    seal::SealCircuit,
};

/// Why there are no parameters.
#[derive(Debug, thiserror::Error)]
pub enum ParamsError {
    /// Neither `IPS_PARAMS_DIR`, `XDG_CACHE_HOME` nor `HOME` is set.
    #[error("no cache folder: set IPS_PARAMS_DIR")]
    NoFolder,
    /// The cached file is missing or bad.
    #[error(transparent)]
    File(#[from] FileError),
    /// The cached file is whole, but holds the parameters of another circuit.
    #[error("{0} holds the parameters of another circuit; remove it to have them made again")]
    OtherCircuit(PathBuf),
    /// The profile's parameters come from a ceremony, and this release knows of none.
    #[error(
        "no ceremony was held for profile {profile} that this release knows: there are no {kind} \
         parameters to trust; for measurements only: ips-params generate --profile {profile} \
         --insecure"
    )]
    NoCeremony {
        /// Circuit.
        kind: &'static str,
        /// Profile.
        profile: &'static str,
    },
    /// The circuit of this program is not the one that its digests name.
    #[error(
        "parameters of {name} have checksum {found}, not {expected}: the circuit changed; pin its \
         digests and make new keys"
    )]
    Unpinned {
        /// Circuit and profile.
        name: String,
        /// Checksum of the parameters that were made.
        found: String,
        /// Checksum that this program expects.
        expected: &'static str,
    },
    /// The file is whole, but its parameters are not those of the pinned key.
    #[error("{0} does not belong to the pinned verifying key; export both from one ceremony")]
    OtherKey(PathBuf),
    /// Less memory is free than the parameters need.
    #[error(transparent)]
    Memory(#[from] NotEnoughMemory),
    /// The circuit could not be turned into parameters.
    #[error("parameter generation: {0}")]
    Generate(#[source] SynthesisError),
}

/// Seconds that generation takes on two idle cores: measured, for messages only.
pub const fn expected_seconds(kind: CircuitKind, profile: ProfileId) -> u32 {
    match (kind, profile) {
        (CircuitKind::Seal, ProfileId::Dev) => 3,
        (CircuitKind::Seal, ProfileId::Test)
        | (CircuitKind::Post, ProfileId::Dev)
        | (CircuitKind::Poe, ProfileId::Testnet | ProfileId::Production) => 2,
        (CircuitKind::Post, ProfileId::Test) | (CircuitKind::Poe, _) => 1,
        (CircuitKind::Post, ProfileId::Testnet) => 7,
        (CircuitKind::Seal, ProfileId::Testnet) => 60,
        (CircuitKind::Post, ProfileId::Production) => 60,
        (CircuitKind::Seal, ProfileId::Production) => 120,
    }
}

/// A circuit without values of meaning, for keys, counts and digests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlankCircuit {
    pub(crate) kind: CircuitKind,
    pub(crate) profile: Profile,
}

impl Circuit<Scalar> for BlankCircuit {
    fn synthesize<CS: ConstraintSystem<Scalar>>(self, cs: &mut CS) -> Result<(), SynthesisError> {
        match self.kind {
            CircuitKind::Seal => SealCircuit::blank(self.profile).synthesize(cs),
            CircuitKind::Post => PostCircuit::blank(self.profile).synthesize(cs),
            CircuitKind::Poe => PoeCircuit::blank(self.profile).synthesize(cs),
        }
    }
}

/// The parameters of one circuit of one profile.
pub struct ProverParams {
    kind: CircuitKind,
    profile: Profile,
    /// Whether anybody can forge proofs.
    insecure: bool,
    pub(crate) groth: Parameters<Bls12>,
}

impl std::fmt::Debug for ProverParams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "ProverParams({} {})",
            self.kind.name(),
            self.profile.id.name()
        )
    }
}

impl ProverParams {
    /// Generates parameters from the profile's fixed seed: the same bytes on every machine. Insecure
    /// in every profile.
    ///
    /// Takes [`expected_seconds`]; use [`ParamsCache`].
    ///
    /// # Errors
    /// [`ParamsError::Generate`] if the circuit cannot be synthesized; [`ParamsError::Memory`] if
    /// its parameters do not fit.
    pub fn generate(kind: CircuitKind, profile: Profile) -> Result<Self, ParamsError> {
        let mut rng = ChaCha20Rng::from_seed(seed(kind, profile.id));
        let started = Instant::now();
        let groth = generate_if_it_fits(BlankCircuit { kind, profile }, &mut rng)?;
        tracing::info!(
            kind = kind.name(),
            profile = profile.id.name(),
            seconds = started.elapsed().as_secs_f32(),
            "parameters generated"
        );
        Ok(Self {
            kind,
            profile,
            insecure: true,
            groth,
        })
    }

    /// Which circuit.
    pub fn kind(&self) -> CircuitKind {
        self.kind
    }

    /// Which profile.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// The verifying key in `ips-verifier`'s canonical format.
    pub fn verifying_key(&self) -> Vec<u8> {
        let header = KeyHeader {
            kind: self.kind,
            profile: self.profile.id,
            insecure: self.insecure,
        };
        verifying_key_bytes(header, &self.groth.vk)
    }

    /// Proves a satisfied circuit with fresh randomness of the system.
    pub(crate) fn prove<C: Circuit<Scalar>>(&self, circuit: C) -> Result<ProofBytes, ProveError> {
        ensure_proof(self.groth.h.len())?;
        let (r, s) = (Scalar::random(OsRng), Scalar::random(OsRng));
        let proof = create_proof(circuit, &self.groth, r, s)?;
        let mut bytes = [0u8; 192];
        proof.write(&mut bytes[..]).map_err(SynthesisError::from)?;
        Ok(ProofBytes(bytes))
    }
}

fn generate_if_it_fits<C: Circuit<Scalar> + Clone>(
    circuit: C,
    rng: &mut ChaCha20Rng,
) -> Result<Parameters<Bls12>, ParamsError> {
    let rows = count_rows(circuit.clone()).map_err(ParamsError::Generate)?;
    ensure_generation(rows)?;
    generate(circuit, rng).map_err(ParamsError::Generate)
}

/// The public seed of a profile's insecure setup: anyone can forge these proofs.
fn seed(kind: CircuitKind, profile: ProfileId) -> [u8; 32] {
    blake2_256(&[
        b"ips/insecure-setup/1",
        &[kind as u8, profile_byte(profile)],
    ])
}
