//! Our side: sealed sectors and row counts, through the crates that a storage node uses.

use anyhow::Context;
use ips_primitives::sector::{Profile, ReplicaId};
use ips_proofs::{
    params::Shape,
    seal::{seal, SealedSector, SectorData},
};
use ips_verifier::groth16::CircuitKind;
use rand::RngCore;
use rand_chacha::ChaCha20Rng;

use crate::stopwatch::{timed, Took};

/// What our replicas are made unique by.
pub const REPLICA_ID: ReplicaId = ReplicaId([1; 32]);

/// Seals a full sector of random bytes, its data's tree included.
///
/// # Errors
/// If the data does not fit the sector.
pub fn seal_random(
    profile: Profile,
    rng: &mut ChaCha20Rng,
) -> anyhow::Result<(SealedSector, Took)> {
    let mut bytes = vec![0; usize::try_from(profile.payload_bytes())?];
    rng.fill_bytes(&mut bytes);
    let mut data = SectorData::new(profile);
    data.push_piece(0, &bytes)?;
    let (sealed, took) = timed(|| seal(profile, REPLICA_ID, &data));
    Ok((sealed?, took))
}

/// Rows of one of our circuits.
///
/// # Errors
/// If the profile does not fit the circuit.
pub fn rows(kind: CircuitKind, profile: Profile) -> anyhow::Result<usize> {
    let shape = Shape::of(kind, profile).context("count a circuit of ours")?;
    Ok(shape.rows)
}
