//! Sealing: labels and all three trees, as CPU time of all cores together, per MiB of one sector.

use ips_primitives::sector::Profile;
use rand_chacha::ChaCha20Rng;

use super::{nodes, size_name};
use crate::{
    filecoin::{self, Shape},
    ours,
    report::{Report, Row},
};

/// Filecoin's layers; sealing there may cost 1.25 times as much.
const PRODUCTION_LAYERS: u32 = 11;
const PRODUCTION_TARGET: f64 = 0.8;
/// Sectors that we seal side by side: as many as one processor instruction works on.
const TOGETHER: u8 = 8;

/// Seals sectors of `levels` tree levels on both sides, with 2 and with 11 layers: theirs alone, ours
/// alone and together.
///
/// # Errors
/// If sealing fails.
pub fn run(report: &mut Report, levels: u32, rng: &mut ChaCha20Rng) -> anyhow::Result<()> {
    for layers in [2, PRODUCTION_LAYERS] {
        let profile = Profile {
            tree_levels: levels,
            layers,
            ..Profile::DEV
        };
        let mebibytes = f64::from(profile.sector_bytes()) / f64::from(1 << 20);
        let (_, alone) = ours::seal_random(profile, rng)?;
        let together = ours::seal_side_by_side(profile, TOGETHER, rng)?;
        let shape = Shape {
            nodes: nodes(levels),
            layers: usize::try_from(layers)?,
            challenges: 1,
        };
        let (_, theirs) = filecoin::seal_random(shape, rng)?;
        let theirs = theirs.cpu / mebibytes;
        let name = format!("sealing, {}, {layers} layers", size_name(levels));
        let row =
            |how: &str, cpu: f64| Row::of_costs(format!("{name}, {how}"), cpu, theirs, "CPU s/MiB");
        report.add(row("one sector", alone.cpu / mebibytes));
        let eight = row(
            "eight side by side",
            together.cpu / mebibytes / f64::from(TOGETHER),
        );
        report.add(match layers {
            PRODUCTION_LAYERS => eight.with_target(PRODUCTION_TARGET),
            _ => eight,
        });
    }
    Ok(())
}
