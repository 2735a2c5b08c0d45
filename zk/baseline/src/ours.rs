//! Our side: sealed sectors and row counts, through the crates that a storage node uses.

use anyhow::{ensure, Context};
use ips_primitives::sector::{Profile, ReplicaId};
use ips_proofs::{
    params::Shape,
    seal::{seal, seal_many, SealedSector, SectorData},
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

/// Seals `count` full sectors of random bytes side by side, their data's trees included.
///
/// # Errors
/// If the data does not fit the sectors.
pub fn seal_side_by_side(
    profile: Profile,
    count: u8,
    rng: &mut ChaCha20Rng,
) -> anyhow::Result<Took> {
    let length = usize::try_from(profile.payload_bytes())?;
    let contents: Vec<Vec<u8>> = (0..count)
        .map(|_| {
            let mut bytes = vec![0; length];
            rng.fill_bytes(&mut bytes);
            bytes
        })
        .collect();
    let (sealed, took) = timed(|| -> anyhow::Result<_> {
        let data = contents
            .iter()
            .map(|bytes| {
                let mut data = SectorData::new(profile);
                data.push_piece(0, bytes)?;
                Ok(data)
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        let ids = (1..=count).map(|id| ReplicaId([id; 32]));
        let sectors: Vec<_> = ids.zip(&data).collect();
        Ok(seal_many(profile, &sectors)?)
    });
    ensure!(sealed?.len() == usize::from(count), "a sector was left out");
    Ok(took)
}

/// Rows of one of our circuits.
///
/// # Errors
/// If the profile does not fit the circuit.
pub fn rows(kind: CircuitKind, profile: Profile) -> anyhow::Result<usize> {
    let shape = Shape::of(kind, profile).context("count a circuit of ours")?;
    Ok(shape.rows)
}
