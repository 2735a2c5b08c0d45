//! The prover of storage proofs.

use ips_primitives::sector::{Profile, ProofBytes};
use ips_verifier::groth16::CircuitKind;

use super::{
    check::{check, PostWitness},
    PostCircuit, PostSector,
};
use crate::{
    params::ProverParams,
    prove::{check_params, prove, ProveError},
    scalar::{at, scalar_from_bytes},
};

/// Proves that every sector of a partition is held. `None` is an empty or faulty slot, whose
/// `comm_r` is zero in the set root; slots that are not given are empty.
///
/// # Errors
/// [`ProveError`] if the parameters or sectors do not fit, or a sector does not open.
pub fn prove_post(
    params: &ProverParams,
    profile: Profile,
    set: &[Option<&PostSector>],
    r: &[u8; 32],
) -> Result<ProofBytes, ProveError> {
    check_params(params, CircuitKind::Post, profile)?;
    let limit = at(profile.post_sectors);
    if set.len() > limit {
        return Err(ProveError::Partition {
            got: set.len(),
            limit,
        });
    }
    if set
        .iter()
        .flatten()
        .any(|sector| sector.profile() != profile)
    {
        return Err(ProveError::Profile);
    }
    let witness = PostWitness::open(profile, set, scalar_from_bytes(r)?);
    let statement = witness.statement();
    check(profile, statement, &witness)?;
    prove(
        params,
        PostCircuit {
            profile,
            statement,
            witness,
        },
    )
}
