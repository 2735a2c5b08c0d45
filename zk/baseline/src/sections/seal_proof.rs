//! A seal proof of each side, of sectors of one size: parameters, proof, check.
//!
//! Ours is of `testnet`, 8 MiB, 4 layers. Theirs is of the same size with the layers of their test sizes, 2,
//! and one challenge: the smallest that there is; it needs a domain of 2^21 rows, ours one of 2^20. So costs
//! are compared per challenge and layer.

use std::path::Path;

use ips_primitives::sector::Profile;
use rand_chacha::ChaCha20Rng;

use super::{count, nodes, on_chain, prover::Ours, size_name};
use crate::{
    filecoin::{self, Shape},
    report::{Report, Row},
};

/// Seconds per challenge and layer: how many times less than theirs ours shall be.
const PROOF_TARGET: f64 = 40.0;
/// Proofs of ours; of theirs there is one.
const PROOFS: usize = 3;

/// Seals, sets up, proves and checks on both sides; `folder` has Filecoin's caches.
///
/// # Errors
/// If a step fails or a proof is refused.
pub fn run(report: &mut Report, folder: &Path, rng: &mut ChaCha20Rng) -> anyhow::Result<()> {
    let profile = Profile::TESTNET;
    eprintln!("  ours: sealing a sector, parameters, {PROOFS} proofs; some minutes");
    let ours = Ours::measure(profile, PROOFS, rng)?;
    let shape = Shape {
        nodes: nodes(profile.tree_levels),
        layers: 2,
        challenges: 1,
    };
    let (sealed, _) = filecoin::seal_random(shape, rng)?;
    eprintln!("  theirs: parameters, made by bellperson; about six minutes on two idle cores");
    let theirs = filecoin::make_parameters(&sealed, folder, rng)?;
    let proof = sealed.prove(&theirs)?;

    let our_steps = f64::from(profile.layers * profile.seal_challenges);
    let their_steps = count(shape.layers * shape.challenges);
    let size = size_name(profile.tree_levels);
    let about = format!(
        "{size}, {} × {} against {} × {}",
        profile.seal_challenges, profile.layers, shape.challenges, shape.layers
    );
    let row = |what: &str, our: f64, their: f64, unit: &'static str| {
        let title = format!("{what} per challenge × layer, {about}");
        Row::of_costs(title, our / our_steps, their / their_steps, unit)
    };
    let generation = theirs.took.wall;
    report.add(row(
        "seal parameters: generation",
        ours.generation,
        generation,
        "s",
    ));
    let megabytes = |bytes: usize| count(bytes) / 1e6;
    let (our_bytes, their_bytes) = (ours.bytes()?, usize::try_from(theirs.bytes)?);
    report.add(row(
        "seal parameters: file",
        megabytes(our_bytes),
        megabytes(their_bytes),
        "MB",
    ));
    report.add(row("seal proof", ours.proof, proof.took.wall, "s").with_target(PROOF_TARGET));
    on_chain::native(report, &ours, sealed.checker(&theirs, &proof), &about)
}
