//! The prover of seals.

use ips_primitives::{
    challenge::Beacon,
    sector::{Profile, ProofBytes},
};
use ips_verifier::{groth16::CircuitKind, seal::seal_challenges};

use super::{check::check, replica::SealedSector, witness::SealWitness, SealCircuit, SealRule};
use crate::{
    params::ProverParams,
    prove::{check_params, prove, ProveError},
};

/// Proves that a sector was sealed: proof `proof_index` of [`Profile::seal_proofs`], for the
/// challenges of `seed`.
///
/// # Errors
/// [`ProveError`] if the parameters do not fit or the sector is damaged.
pub fn prove_seal(
    params: &ProverParams,
    profile: Profile,
    sealed: &SealedSector,
    seed: &Beacon,
    proof_index: u32,
) -> Result<ProofBytes, ProveError> {
    check_params(params, CircuitKind::Seal, profile)?;
    if sealed.profile() != profile {
        return Err(ProveError::Profile);
    }
    prove(params, checked_circuit(sealed, seed, proof_index)?)
}

/// The circuit of a seal proof with its values, which hold.
pub(crate) fn checked_circuit(
    sealed: &SealedSector,
    seed: &Beacon,
    proof_index: u32,
) -> Result<SealCircuit, ProveError> {
    let profile = sealed.profile();
    if proof_index >= profile.seal_proofs {
        return Err(ProveError::ProofIndex(proof_index));
    }
    let (replica_id, comm_r) = (sealed.replica_id(), sealed.comm_r());
    let picked = seal_challenges(&profile, seed, &replica_id, &comm_r, proof_index);
    let witness = SealWitness::open(sealed, &picked).ok_or(SealRule::Shape)?;
    let statement = witness.statement();
    check(profile, statement, &witness)?;
    Ok(SealCircuit {
        profile,
        statement,
        witness,
    })
}
