//! Circuits, synthesized blank and counted: exact, and the same on every machine.

use ips_primitives::sector::Profile;
use ips_verifier::groth16::CircuitKind;

use super::{count, nodes, size_name};
use crate::{
    filecoin::{self, Shape},
    ours,
    report::{Report, Row},
};

/// Challenges of a partition of Filecoin's 32 GiB sectors.
const PARTITION_CHALLENGES: usize = 18;
/// Openings per sector of Filecoin's window PoSt.
const WINDOW_OPENINGS: u32 = 10;
/// Tree levels, layers and the ratio that the design asks for.
const SEALS: [(u32, u32, Option<f64>); 4] = [
    (Profile::DEV.tree_levels, 2, None),
    (Profile::DEV.tree_levels, 11, None),
    (Profile::PRODUCTION.tree_levels, 2, Some(35.0)),
    (Profile::PRODUCTION.tree_levels, 11, Some(95.0)),
];
/// Tree levels of a 32 GiB sector.
const LARGEST_LEVELS: u32 = 10;

/// Counts all circuits of both sides.
///
/// # Errors
/// If a shape is not supported.
pub fn run(report: &mut Report) -> anyhow::Result<()> {
    for (levels, layers, target) in SEALS {
        report.add(seal(levels, layers, target)?);
    }
    report.add(inputs()?);
    let production = Profile::PRODUCTION;
    report.add(post(production, WINDOW_OPENINGS)?.with_target(4.0));
    let largest = Profile {
        tree_levels: LARGEST_LEVELS,
        ..production
    };
    report.add(post(largest, WINDOW_OPENINGS)?.with_target(4.0));
    let as_many = Profile {
        post_challenges: WINDOW_OPENINGS,
        ..production
    };
    report.add(post(as_many, WINDOW_OPENINGS)?);
    Ok(())
}

/// Ours is a whole circuit of production's 26 challenges, divided; theirs is what a challenge adds.
fn seal(levels: u32, layers: u32, target: Option<f64>) -> anyhow::Result<Row> {
    let profile = Profile {
        tree_levels: levels,
        layers,
        ..Profile::PRODUCTION
    };
    let rows = ours::rows(CircuitKind::Seal, profile)?;
    let ours = count(rows) / f64::from(profile.seal_challenges);
    let theirs = Shape {
        nodes: nodes(levels),
        layers: usize::try_from(layers)?,
        challenges: 1,
    };
    let name = format!(
        "seal constraints per challenge, {}, {layers} layers",
        size_name(levels)
    );
    let row = Row::of_costs(name, ours, count(theirs.rows_per_challenge()?), "rows");
    Ok(match target {
        Some(target) => row.with_target(target),
        None => row,
    })
}

/// Public inputs do not depend on layers or size, so a small sector stands for all.
fn inputs() -> anyhow::Result<Row> {
    let theirs = Shape {
        nodes: nodes(1),
        layers: 2,
        challenges: PARTITION_CHALLENGES,
    };
    // Without the constant one.
    let theirs = theirs.count()?.inputs - 1;
    let profile = Profile::PRODUCTION;
    let ours = ips_proofs::params::Shape::of(CircuitKind::Seal, profile)?.inputs - 1;
    let name = format!("public inputs of a seal proof, {PARTITION_CHALLENGES} challenges");
    Ok(Row::of_costs(name, count(ours), count(theirs), "inputs"))
}

/// Both are a partition, divided by its sectors.
fn post(profile: Profile, their_openings: u32) -> anyhow::Result<Row> {
    let rows = ours::rows(CircuitKind::Post, profile)?;
    let ours = count(rows) / f64::from(profile.post_sectors);
    let sectors = 2;
    let openings = usize::try_from(their_openings)?;
    let theirs = filecoin::count_post(nodes(profile.tree_levels), openings, sectors)?;
    let name = format!(
        "post rows per sector, {}, {} openings against {their_openings}",
        size_name(profile.tree_levels),
        profile.post_challenges,
    );
    Ok(Row::of_costs(
        name,
        ours,
        count(theirs.rows) / count(sectors),
        "rows",
    ))
}
