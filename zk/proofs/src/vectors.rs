//! Golden proofs: what the verifier's tests check without a prover.
//!
//! Goal: one proof of each kind over fixed inputs of profile `test`. Non-goal: the proofs are not
//! the same bytes each time, since proving is randomized; statements are.

use codec::Encode;
use ips_primitives::sector::{Profile, ProofBytes, ReplicaId, Statement};
use ips_verifier::{
    groth16::CircuitKind,
    hash::NonCanonical,
    poe::poe_statement,
    post::{post_statement, set_root},
    seal::{seal_challenges, seal_statement},
};

use crate::{
    file::profile_byte,
    params::{ParamsCache, ParamsError},
    poe::prove_poe,
    post::prove_post,
    seal::{prove_seal, seal, DataError, SealError, SectorData},
    ProveError,
};

const PROFILE: Profile = Profile::TEST;
const REPLICA_ID: ReplicaId = ReplicaId([3; 32]);
const SEED: [u8; 32] = [4; 32];
const POST_R: [u8; 32] = [5; 32];
const POE_RHO: [u8; 32] = [6; 32];
const DATA: &[u8] = b"Golden proofs of profile test seal this sentence.";

/// Why the golden proofs were not made.
#[derive(Debug, thiserror::Error)]
pub enum VectorsError {
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
}

/// SCALE of `Vec<(kind: u8, profile: u8, Statement, ProofBytes)>`: a seal, a storage proof with
/// empty slots, and a proof of extract of one sector.
///
/// # Errors
/// [`VectorsError`] if a step fails.
pub fn golden_proofs(cache: &ParamsCache) -> Result<Vec<u8>, VectorsError> {
    let mut data = SectorData::new(PROFILE);
    data.push_piece(0, DATA)?;
    let sealed = seal(PROFILE, REPLICA_ID, &data)?;
    let (comm_d, comm_r) = (sealed.comm_d(), sealed.comm_r());
    let sector = sealed.post_sector();

    let params = cache.load_or_generate(CircuitKind::Seal, PROFILE)?;
    let proof = prove_seal(&params, PROFILE, &sealed, &SEED, 0)?;
    let challenges = seal_challenges(&PROFILE, &SEED, &REPLICA_ID, &comm_r, 0);
    let statement = seal_statement(&REPLICA_ID, &comm_d, &comm_r, &challenges)?;
    let mut all = vec![entry(CircuitKind::Seal, statement, proof)];

    let params = cache.load_or_generate(CircuitKind::Post, PROFILE)?;
    let proof = prove_post(&params, PROFILE, &[None, Some(&sector)], &POST_R)?;
    let mut set = vec![Default::default(); crate::scalar::at(PROFILE.post_sectors)];
    set[1] = comm_r;
    all.push(entry(
        CircuitKind::Post,
        post_statement(&set_root(&set)?, &POST_R)?,
        proof,
    ));

    let params = cache.load_or_generate(CircuitKind::Poe, PROFILE)?;
    let proof = prove_poe(&params, PROFILE, sealed.tree_d(), &POE_RHO)?;
    all.push(entry(
        CircuitKind::Poe,
        poe_statement(&comm_d, &POE_RHO)?,
        proof,
    ));
    Ok(all.encode())
}

fn entry(
    kind: CircuitKind,
    statement: Statement,
    proof: ProofBytes,
) -> (u8, u8, Statement, ProofBytes) {
    (kind as u8, profile_byte(PROFILE.id), statement, proof)
}
