//! Wall time, CPU time of the whole process, medians.

use std::time::Instant;

use cpu_time::ProcessTime;

/// What one step took, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    /// By the clock.
    pub wall: f64,
    /// On all cores together.
    pub cpu: f64,
}

/// Runs `step` and says what it took.
pub fn timed<T>(step: impl FnOnce() -> T) -> (T, Took) {
    let (wall, cpu) = (Instant::now(), ProcessTime::now());
    let outcome = step();
    let took = Took {
        wall: wall.elapsed().as_secs_f64(),
        cpu: cpu.elapsed().as_secs_f64(),
    };
    (outcome, took)
}

/// The middle of some measurements: of an even number, the higher of the two middle ones; zero of none.
pub fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_ignores_order_and_outliers() {
        assert_eq!(median(vec![3.0, 100.0, 1.0]), 3.0);
        assert_eq!(median(vec![2.0, 1.0]), 2.0);
        assert_eq!(median(Vec::new()), 0.0);
    }
}
