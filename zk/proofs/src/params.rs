//! Groth16 parameters of the three circuits: which, where cached, how made.
//!
//! Goal: generate once per user, then load in under a second; a changed circuit never meets stale
//! parameters. Non-goal: a ceremony; the profiles of this release are insecure by their seed, and
//! their keys say so.

mod cache;
mod digest;
mod fixed_base;
mod generate;
mod key;
mod pinned;

#[cfg(test)]
mod tests;

use std::{path::PathBuf, time::Instant};

use bellperson::{groth16::Parameters, Circuit, SynthesisError};
use blstrs::{Bls12, Scalar};
use ff::Field;
use ips_primitives::{
    hash::blake2_256,
    sector::{Profile, ProfileId, ProofBytes},
};
use ips_verifier::groth16::CircuitKind;
use rand_chacha::ChaCha20Rng;
use rand_core::{OsRng, SeedableRng};

pub use self::cache::{cache_folder, ParamsCache};
#[cfg(test)]
pub(crate) use self::fixed_base::FixedBase;
use self::generate::generate;
pub use self::pinned::{ParamsChecksum, Pin};
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

/// A profile's name in file names and messages.
pub const fn profile_name(profile: ProfileId) -> &'static str {
    match profile {
        ProfileId::Test => "test",
        ProfileId::Dev => "dev",
    }
}

/// Seconds that generation takes on two idle cores: measured, for messages only.
pub const fn expected_seconds(kind: CircuitKind, profile: ProfileId) -> u32 {
    match (kind, profile) {
        (CircuitKind::Seal, ProfileId::Dev) => 3,
        (CircuitKind::Seal, ProfileId::Test) | (CircuitKind::Post, ProfileId::Dev) => 2,
        (CircuitKind::Post, ProfileId::Test) | (CircuitKind::Poe, _) => 1,
    }
}

/// The parameters of one circuit of one profile.
pub struct ProverParams {
    kind: CircuitKind,
    profile: Profile,
    insecure: bool,
    pub(crate) groth: Parameters<Bls12>,
}

impl std::fmt::Debug for ProverParams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "ProverParams({} {})",
            self.kind.name(),
            profile_name(self.profile.id)
        )
    }
}

impl ProverParams {
    /// Generates parameters from the profile's fixed seed: the same bytes on every machine.
    ///
    /// Takes [`expected_seconds`]; use [`ParamsCache`].
    ///
    /// # Errors
    /// [`ParamsError::Generate`] if the circuit cannot be synthesized; [`ParamsError::Memory`] if
    /// its parameters do not fit.
    pub fn generate(kind: CircuitKind, profile: Profile) -> Result<Self, ParamsError> {
        let mut rng = ChaCha20Rng::from_seed(seed(kind, profile.id));
        let started = Instant::now();
        let groth = match kind {
            CircuitKind::Seal => generate_if_it_fits(SealCircuit::blank(profile), &mut rng),
            CircuitKind::Post => generate_if_it_fits(PostCircuit::blank(profile), &mut rng),
            CircuitKind::Poe => generate_if_it_fits(PoeCircuit::blank(profile), &mut rng),
        }?;
        tracing::info!(
            kind = kind.name(),
            profile = profile_name(profile.id),
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
        verifying_key_bytes(self.kind, self.profile.id, &self.groth.vk, self.insecure)
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
