//! Golden proofs: what the verifier's tests check without a prover.
//!
//! Goal: one proof of each kind and profile over fixed inputs. Non-goal: the proofs are not the same
//! bytes each time, since proving is randomized; statements are.

use codec::Encode;
use ips_primitives::sector::{CommR, Profile, ProofBytes, ReplicaId, Statement};
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
    seal::{prove_seal, seal, DataError, SealError, SealedSector, SectorData},
    ProveError,
};

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

/// SCALE of `Vec<(kind: u8, profile: u8, Statement, ProofBytes)>`: of each profile a seal, a storage
/// proof with empty slots, and a proof of extract of one sector.
///
/// # Errors
/// [`VectorsError`] if a step fails.
pub fn golden_proofs(cache: &ParamsCache) -> Result<Vec<u8>, VectorsError> {
    let mut all = Vec::new();
    for profile in [Profile::TEST, Profile::DEV] {
        let sealed = golden_sector(profile)?;
        let proofs = CircuitKind::ALL.map(|kind| golden_proof(cache, kind, profile, &sealed));
        let statements = golden_statements(profile, &sealed)?;
        for ((kind, statement), proof) in CircuitKind::ALL.into_iter().zip(statements).zip(proofs) {
            all.push((kind as u8, profile_byte(profile.id), statement, proof?));
        }
    }
    Ok(all.encode())
}

fn golden_sector(profile: Profile) -> Result<SealedSector, VectorsError> {
    let mut data = SectorData::new(profile);
    data.push_piece(0, DATA)?;
    Ok(seal(profile, REPLICA_ID, &data)?)
}

/// Statements in the order of [`CircuitKind::ALL`]: the same each time.
fn golden_statements(
    profile: Profile,
    sealed: &SealedSector,
) -> Result<[Statement; 3], NonCanonical> {
    let (comm_d, comm_r) = (sealed.comm_d(), sealed.comm_r());
    let challenges = seal_challenges(&profile, &SEED, &REPLICA_ID, &comm_r, 0);
    let mut set = vec![CommR::default(); crate::scalar::at(profile.post_sectors)];
    set[1] = comm_r;
    Ok([
        seal_statement(&REPLICA_ID, &comm_d, &comm_r, &challenges)?,
        post_statement(&set_root(&set)?, &POST_R)?,
        poe_statement(&comm_d, &POE_RHO)?,
    ])
}

fn golden_proof(
    cache: &ParamsCache,
    kind: CircuitKind,
    profile: Profile,
    sealed: &SealedSector,
) -> Result<ProofBytes, VectorsError> {
    let params = cache.load_or_generate(kind, profile)?;
    Ok(match kind {
        CircuitKind::Seal => prove_seal(&params, profile, sealed, &SEED, 0)?,
        CircuitKind::Post => {
            let sector = sealed.post_sector();
            prove_post(&params, profile, &[None, Some(&sector)], &POST_R)?
        }
        CircuitKind::Poe => prove_poe(&params, profile, sealed.tree_d(), &POE_RHO)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::scalar_from_bytes;
    use bellperson::groth16::{prepare_verifying_key, verify_proof, Proof};
    use blstrs::Bls12;
    use codec::Decode;

    type Vector = (u8, u8, Statement, ProofBytes);

    fn recorded() -> Vec<Vector> {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../verifier/vectors/proofs.bin"
        );
        Vec::decode(&mut std::fs::read(path).unwrap().as_slice()).unwrap()
    }

    #[test]
    fn the_prover_still_makes_the_recorded_statements() {
        let mut expected = Vec::new();
        for profile in [Profile::TEST, Profile::DEV] {
            let statements = golden_statements(profile, &golden_sector(profile).unwrap()).unwrap();
            for (kind, statement) in CircuitKind::ALL.into_iter().zip(statements) {
                expected.push((kind as u8, profile_byte(profile.id), statement));
            }
        }
        let found: Vec<_> = recorded().iter().map(|(k, p, s, _)| (*k, *p, *s)).collect();
        assert_eq!(found, expected, "record the golden proofs again");
    }

    #[test]
    fn bellperson_accepts_the_recorded_proofs() {
        let cache = ParamsCache::of_user().unwrap();
        let of_test = recorded().into_iter().take(3);
        for (kind, (_, _, statement, proof)) in CircuitKind::ALL.into_iter().zip(of_test) {
            let params = cache.load_or_generate(kind, Profile::TEST).unwrap();
            let key = prepare_verifying_key(&params.groth.vk);
            let proof = Proof::<Bls12>::read(&proof.0[..]).unwrap();
            let input = scalar_from_bytes(&statement.0).unwrap();
            assert!(verify_proof(&key, &proof, &[input]).unwrap(), "{kind:?}");
        }
    }
}
