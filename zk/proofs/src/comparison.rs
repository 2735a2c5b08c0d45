//! What a comparison with another prover needs: our circuit as bellperson takes it, and our prover for
//! any circuit and randomness.
//!
//! Goal: both provers make the same proof of the same witness. Non-goal: proofs to publish; their
//! randomness must come from the system ([`crate::seal::prove_seal`]).

use bellperson::{
    groth16::{Parameters, Proof},
    Circuit, SynthesisError,
};
use blstrs::{Bls12, Scalar};
use ips_primitives::challenge::Beacon;

use crate::{
    params::ProverParams,
    prove::{groth16::create_proof, ProveError},
    seal::{checked_circuit, SealedSector},
};

/// The circuit of seal proof `proof_index` of a sector, with its values, for the challenges of `seed`.
///
/// # Errors
/// [`ProveError`] if the sector is damaged or has no such proof.
pub fn seal_circuit(
    sealed: &SealedSector,
    seed: &Beacon,
    proof_index: u32,
) -> Result<impl Circuit<Scalar> + Clone + Send, ProveError> {
    checked_circuit(sealed, seed, proof_index)
}

/// Parameters as bellperson has them.
pub fn parameters(params: &ProverParams) -> &Parameters<Bls12> {
    &params.groth
}

/// Proves `circuit`, which must be satisfied, with given randomness.
///
/// # Errors
/// What synthesis says; [`SynthesisError::IncompatibleLengthVector`] if the parameters are of another
/// circuit.
pub fn proof(
    circuit: impl Circuit<Scalar>,
    parameters: &Parameters<Bls12>,
    r: Scalar,
    s: Scalar,
) -> Result<Proof<Bls12>, SynthesisError> {
    create_proof(circuit, parameters, r, s)
}
