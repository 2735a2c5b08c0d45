//! Whether a step's memory is there before the step begins.
//!
//! Goal: a clear error instead of a kill in the middle, where the need can be foreseen. Non-goal: a
//! guarantee; other processes take memory too, and systems without `/proc/meminfo` are not asked.

use std::fs;

/// Less memory is free than a step needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{step} needs about {} MiB of memory and {} MiB are free; stop other programs or use a larger \
     machine",
    needed >> 20,
    free >> 20
)]
pub struct NotEnoughMemory {
    /// What was to be done.
    pub step: &'static str,
    /// Bytes that it needs, estimated.
    pub needed: u64,
    /// Bytes that the system can give.
    pub free: u64,
}

/// Bytes that generating parameters takes per row of the domain: scalars at tau and of five queries,
/// 0.6 kB of points, and the same encoded.
const GENERATE_BYTES_PER_ROW: u64 = 2048;
/// Bytes that deriving parameters from a first phase takes per row: bases in both groups beside
/// what generating takes.
const DERIVE_BYTES_PER_ROW: u64 = 4096;
/// Bytes that a proof takes per row beside its parameters: values, transforms, and one query's points
/// in projective and affine coordinates.
const PROVE_BYTES_PER_ROW: u64 = 1024;
/// Sectors' sizes that sealing takes for all lanes of the layer below and of the one that grows.
const SEAL_LANES_SIZES: u64 = 16;
/// Sectors' sizes that sealing takes for trees, beside one for each layer.
const SEAL_TREES_SIZES: u64 = 5;
/// What every step takes besides.
const FIXED_BYTES: u64 = 32 << 20;

/// Checks that parameters of a domain of `rows` rows can be generated.
pub(crate) fn ensure_generation(rows: usize) -> Result<(), NotEnoughMemory> {
    ensure(
        "generating parameters",
        of_rows(rows, GENERATE_BYTES_PER_ROW),
        free(),
    )
}

/// Checks that parameters of a domain of `rows` rows can be derived from a first phase.
pub(crate) fn ensure_derivation(rows: usize) -> Result<(), NotEnoughMemory> {
    let needed = of_rows(rows, DERIVE_BYTES_PER_ROW);
    ensure("deriving parameters from a first phase", needed, free())
}

/// Checks that a proof over a domain of `rows` rows can be made.
pub(crate) fn ensure_proof(rows: usize) -> Result<(), NotEnoughMemory> {
    ensure("proving", of_rows(rows, PROVE_BYTES_PER_ROW), free())
}

/// Checks that `sectors` sectors of `size` bytes and `layers` layers can be sealed side by side.
pub(crate) fn ensure_sealing(
    size: u64,
    layers: u32,
    sectors: usize,
) -> Result<(), NotEnoughMemory> {
    ensure("sealing", of_sealing(size, layers, sectors), free())
}

fn of_sealing(size: u64, layers: u32, sectors: usize) -> u64 {
    let each = u64::from(layers) + SEAL_TREES_SIZES;
    let sectors = u64::try_from(sectors).unwrap_or(u64::MAX);
    size.saturating_mul(
        sectors
            .saturating_mul(each)
            .saturating_add(SEAL_LANES_SIZES),
    )
    .saturating_add(FIXED_BYTES)
}

/// Checks that a parameter file of `bytes` bytes can be loaded: once encoded, once as points.
pub(crate) fn ensure_loading(bytes: u64) -> Result<(), NotEnoughMemory> {
    ensure("loading parameters", bytes.saturating_mul(2), free())
}

fn of_rows(rows: usize, bytes_per_row: u64) -> u64 {
    let rows = u64::try_from(rows.next_power_of_two()).unwrap_or(u64::MAX);
    rows.saturating_mul(bytes_per_row)
        .saturating_add(FIXED_BYTES)
}

fn ensure(step: &'static str, needed: u64, free: Option<u64>) -> Result<(), NotEnoughMemory> {
    match free {
        Some(free) if free < needed => Err(NotEnoughMemory { step, needed, free }),
        _ => Ok(()),
    }
}

/// Bytes that the system says it can give without swapping, or `None` if it does not say.
fn free() -> Option<u64> {
    parse(&fs::read_to_string("/proc/meminfo").ok()?)
}

fn parse(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_word_is_read() {
        let text = "MemTotal:       24117476 kB\nMemAvailable:       2048 kB\nBuffers: 1 kB\n";
        assert_eq!(parse(text), Some(2048 << 10));
        for text in [
            "",
            "MemAvailable:",
            "MemAvailable: x kB",
            "MemAvailable: 5 MB",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_step_that_does_not_fit_is_refused_before_it_begins() {
        let needed = of_rows(1 << 20, GENERATE_BYTES_PER_ROW);
        assert_eq!(needed, (2 << 30) + FIXED_BYTES);
        assert_eq!(of_sealing(1 << 20, 11, 8), (144 << 20) + FIXED_BYTES);
        assert_eq!(ensure("proving", needed, Some(needed)), Ok(()));
        assert_eq!(
            ensure("proving", needed, None),
            Ok(()),
            "the system does not say"
        );
        let error = ensure("proving", needed, Some(1 << 30)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "proving needs about 2080 MiB of memory and 1024 MiB are free; stop other programs or \
             use a larger machine"
        );
    }

    #[test]
    fn no_machine_has_the_memory_of_the_largest_domain() {
        // 2^46 rows are more than any address space of today.
        let rows = 1 << 46;
        if free().is_some() {
            assert!(ensure_generation(rows).is_err());
            assert!(ensure_derivation(rows).is_err());
            assert!(ensure_proof(rows).is_err());
            assert!(ensure_loading(1 << 60).is_err());
            assert!(ensure_sealing(1 << 60, 2, 1).is_err());
            assert!(ensure_sealing(1 << 20, 2, usize::MAX).is_err());
        }
        assert_eq!(ensure_proof(1 << 10), Ok(()));
        assert_eq!(ensure_sealing(1 << 14, 2, 8), Ok(()));
    }
}
