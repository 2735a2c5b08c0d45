//! The moving average of kept promises.

/// A node that kept every promise.
pub const RELIABILITY_PERMILLE_MAX: u16 = 1000;
/// The average moves `1 / RELIABILITY_STEPS` of the way at each promise.
const RELIABILITY_STEPS: u16 = 16;

/// The average after one more promise.
///
/// *Bounds*: at most [`RELIABILITY_PERMILLE_MAX`]. Steps are rounded up, so both ends are reached.
pub fn reliability_after(permille: u16, kept: bool) -> u16 {
    let permille = permille.min(RELIABILITY_PERMILLE_MAX);
    if kept {
        permille + (RELIABILITY_PERMILLE_MAX - permille).div_ceil(RELIABILITY_STEPS)
    } else {
        permille - permille.div_ceil(RELIABILITY_STEPS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn average_moves_by_the_table() {
        for (before, kept, after) in [
            (1000, true, 1000),
            (1000, false, 937),
            (937, true, 941),
            (500, true, 532),
            (500, false, 468),
            (999, true, 1000),
            (1, false, 0),
            (0, false, 0),
            (0, true, 63),
            (u16::MAX, true, 1000),
        ] {
            assert_eq!(reliability_after(before, kept), after, "{before} {kept}");
        }
    }

    #[test]
    fn a_node_that_always_fails_drops_below_the_lottery_limit_in_26_promises() {
        let mut permille = RELIABILITY_PERMILLE_MAX;
        let broken = (1..).find(|_| {
            permille = reliability_after(permille, false);
            permille < 200
        });
        assert_eq!(broken, Some(25));
    }
}
