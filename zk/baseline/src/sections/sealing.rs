//! Sealing: labels and all three trees, as CPU time of all cores together.

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

/// Seals one sector of `levels` tree levels on both sides, with 2 and with 11 layers.
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
        let (_, ours) = ours::seal_random(profile, rng)?;
        let shape = Shape {
            nodes: nodes(levels),
            layers: usize::try_from(layers)?,
            challenges: 1,
        };
        let (_, theirs) = filecoin::seal_random(shape, rng)?;
        let mebibytes = f64::from(profile.sector_bytes()) / f64::from(1 << 20);
        let name = format!("sealing, {}, {layers} layers", size_name(levels));
        let (ours, theirs) = (ours.cpu / mebibytes, theirs.cpu / mebibytes);
        let row = Row::of_costs(name, ours, theirs, "CPU s/MiB");
        report.add(match layers {
            PRODUCTION_LAYERS => row.with_target(PRODUCTION_TARGET),
            _ => row,
        });
    }
    Ok(())
}
