//! What all provers have in common: the parameters must fit, the witness must hold.

mod field;
pub(crate) mod groth16;
mod msm;

use bellperson::{Circuit, SynthesisError};
use blstrs::Scalar;
use ips_primitives::sector::{Profile, ProofBytes};
use ips_verifier::groth16::CircuitKind;

use crate::{
    memory::NotEnoughMemory, params::ProverParams, poe::PoeRule, post::PostRule,
    scalar::NotCanonical, seal::SealRule,
};

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The parameters are of another circuit or profile.
    #[error("parameters are of another circuit or profile; load those of the proof")]
    Params,
    /// The sector is of another profile than the proof.
    #[error("sector and proof are of different profiles")]
    Profile,
    /// More sectors than a partition has slots.
    #[error("{got} sectors do not fit a partition of {limit}; prove partitions one by one")]
    Partition {
        /// Sectors given.
        got: usize,
        /// Slots of a partition.
        limit: usize,
    },
    /// The profile has fewer seal proofs.
    #[error("the profile has no seal proof {0}")]
    ProofIndex(u32),
    /// Bytes that should be a scalar are not.
    #[error(transparent)]
    NotCanonical(#[from] NotCanonical),
    /// The sector does not satisfy the seal relation.
    #[error("seal: {0}")]
    Seal(#[from] SealRule),
    /// The sectors do not satisfy the storage relation.
    #[error("storage proof: {0}")]
    Post(#[from] PostRule),
    /// The data does not satisfy the extract relation.
    #[error("proof of extract: {0}")]
    Poe(#[from] PoeRule),
    /// Less memory is free than the proof needs.
    #[error(transparent)]
    Memory(#[from] NotEnoughMemory),
    /// The prover failed on a witness that holds.
    #[error("proving: {0}")]
    Synthesis(#[from] SynthesisError),
}

/// Whether `params` are those of `kind` and `profile`.
pub(crate) fn check_params(
    params: &ProverParams,
    kind: CircuitKind,
    profile: Profile,
) -> Result<(), ProveError> {
    if params.kind() == kind && params.profile() == profile {
        Ok(())
    } else {
        Err(ProveError::Params)
    }
}

/// Proves a circuit whose witness was checked.
pub(crate) fn prove<C: Circuit<Scalar>>(
    params: &ProverParams,
    circuit: C,
) -> Result<ProofBytes, ProveError> {
    params.prove(circuit)
}

#[cfg(test)]
mod tests;
