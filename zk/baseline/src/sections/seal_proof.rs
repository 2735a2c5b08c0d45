//! A seal proof of each side: parameters, proof, check.
//!
//! Theirs is the smallest that is honest to compare with our profile `dev`: a 1 MiB sector with 2 layers
//! and one challenge. Its circuit needs a domain of 2^21 rows, as does the smallest of all.

use std::path::Path;

use anyhow::ensure;
use ips_primitives::sector::Profile;
use rand_chacha::ChaCha20Rng;

use super::{nodes, on_chain, prover::Ours, size_name};
use crate::{
    filecoin::{self, Shape},
    report::{Report, Row},
};

/// Seconds per challenge and layer: how many times less than theirs ours shall be.
const PROOF_TARGET: f64 = 40.0;

/// Seals, sets up, proves and checks as Filecoin does, beside what ours took; `folder` has its caches.
///
/// # Errors
/// If a step fails or a proof is refused.
pub fn run(
    report: &mut Report,
    ours: &Ours,
    folder: &Path,
    rng: &mut ChaCha20Rng,
) -> anyhow::Result<()> {
    let profile = ours.params.profile();
    ensure!(
        profile == Profile::DEV,
        "their circuit has the shape of dev"
    );
    let shape = Shape {
        nodes: nodes(profile.tree_levels),
        layers: usize::try_from(profile.layers)?,
        challenges: usize::try_from(profile.seal_challenges)?,
    };
    let about = format!(
        "{}, {} layers, {} challenge",
        size_name(profile.tree_levels),
        profile.layers,
        profile.seal_challenges
    );
    let (sealed, _) = filecoin::seal_random(shape, rng)?;
    eprintln!("  their parameters, made by bellperson: about five minutes on two idle cores");
    let theirs = filecoin::make_parameters(&sealed, folder, rng)?;
    let title = format!("seal parameters, {about}");
    report.add(Row::of_costs(
        format!("{title}: generation"),
        ours.generation,
        theirs.took.wall,
        "s",
    ));
    let megabytes = |bytes: f64| bytes / 1e6;
    report.add(Row::of_costs(
        format!("{title}: file"),
        megabytes(super::count(ours.bytes)),
        megabytes(f64::from(u32::try_from(theirs.bytes)?)),
        "MB",
    ));

    let proof = sealed.prove(&theirs)?;
    let steps = f64::from(profile.layers * profile.seal_challenges);
    let title = format!("seal proof per challenge × layer, {about}");
    let (our_step, their_step) = (ours.proof / steps, proof.took.wall / steps);
    report.add(Row::of_costs(title, our_step, their_step, "s").with_target(PROOF_TARGET));
    on_chain::native(report, ours, sealed.checker(&theirs, &proof), &about)
}
