//! Times of one machine: what sealing and proving will cost here.
//!
//! Goal: one number per step of a sector's life. Non-goal: statistics; see `benches/`.

use std::time::Instant;

use ips_primitives::sector::{Profile, ReplicaId};
use ips_verifier::groth16::CircuitKind;

use crate::{
    c8::c8,
    params::ParamsCache,
    poe::prove_poe,
    post::prove_post,
    scalar::at,
    seal::{prove_seal, seal, SectorData},
    vectors::VectorsError,
};

/// Hashes that are timed.
const HASHES: u32 = 2_000;
const SEED: [u8; 32] = [1; 32];

/// What the steps of one sector took, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Measurements {
    /// One field hash on one core.
    pub c8: f64,
    /// Sealing one sector.
    pub seal: f64,
    /// Loading the parameters of all circuits.
    pub load: f64,
    /// One seal proof.
    pub seal_proof: f64,
    /// One storage proof of a full partition.
    pub post_proof: f64,
    /// One proof of extract.
    pub poe_proof: f64,
}

/// Seals a full sector of `profile` and makes every proof of it once.
///
/// # Errors
/// [`VectorsError`] if a step fails.
pub fn measure(cache: &ParamsCache, profile: Profile) -> Result<Measurements, VectorsError> {
    let mut data = SectorData::new(profile);
    let bytes: Vec<u8> = (0..=250u8)
        .cycle()
        .take(at(profile.payload_bytes()))
        .collect();
    data.push_piece(0, &bytes)?;

    let (chain, seconds) =
        timed(|| (0..HASHES).fold([blstrs::Scalar::from(1); 8], |state, _| [c8(&state); 8]));
    debug_assert!(chain[0] != blstrs::Scalar::from(1));
    let c8 = seconds / f64::from(HASHES);

    let (sealed, seal) = timed(|| seal(profile, ReplicaId([1; 32]), &data));
    let sealed = sealed?;
    let (params, load) =
        timed(|| CircuitKind::ALL.map(|kind| cache.load_or_generate(kind, profile)));
    let [seal_params, post_params, poe_params] = params;

    let (proof, seal_proof) = {
        let params = seal_params?;
        timed(|| prove_seal(&params, profile, &sealed, &SEED, 0))
    };
    proof?;
    let sector = sealed.post_sector();
    let set = vec![Some(&sector); at(profile.post_sectors)];
    let (proof, post_proof) = {
        let params = post_params?;
        timed(|| prove_post(&params, profile, &set, &SEED))
    };
    proof?;
    let (proof, poe_proof) = {
        let params = poe_params?;
        timed(|| prove_poe(&params, profile, sealed.tree_d(), &SEED))
    };
    proof?;
    Ok(Measurements {
        c8,
        seal,
        load,
        seal_proof,
        post_proof,
        poe_proof,
    })
}

fn timed<T>(step: impl FnOnce() -> T) -> (T, f64) {
    let started = Instant::now();
    let outcome = step();
    (outcome, started.elapsed().as_secs_f64())
}
