//! The most memory that this process had resident: Linux only, elsewhere unknown.

use std::fs;

/// Forgets the peak so far, so that the next step is measured alone.
pub(super) fn forget_peak() {
    // A kernel that refuses leaves the peak since the process started: too much, never too little.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// Bytes of the peak since it was last forgotten.
pub(super) fn peak_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    peak_of(&status)
}

/// `VmHWM` of a process status, which counts in kB of 1024 bytes.
fn peak_of(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_in_bytes() {
        let status = "Name:\tx\nVmPeak:\t 9 kB\nVmHWM:\t    2048 kB\nVmRSS:\t 7 kB\n";
        assert_eq!(peak_of(status), Some(2 << 20));
        assert_eq!(peak_of("Name:\tx\n"), None);
        assert_eq!(peak_of("VmHWM:\t x kB\n"), None);
    }
}
