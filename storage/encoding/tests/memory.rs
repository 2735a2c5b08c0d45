//! Encoding holds one segment, however long the file is.
//!
//! Alone in its file, so that the peak of the process is the encoder's.
#![allow(clippy::unwrap_used, reason = "tests")]
#![cfg(target_os = "linux")]

use std::io::{self, Read};

use ips_encoding::{EncodeError, EncodeOptions, Encoder, FileSecret, Privacy};
use ips_primitives::fragment::{ErasureParams, GroupWidth, Level};

/// What encoding 10 GiB may take. Beyond the segment only digests grow with the file: 2 MiB for 10 GiB.
const PEAK_KIB_MAX: u64 = 256 << 10;
const LENGTH: u64 = 512 << 20;

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn long_files_are_encoded_in_bounded_memory() {
    let widest = GroupWidth::ALL[GroupWidth::ALL.len() - 1];
    let erasure = ErasureParams::new(Level::TwoThirds, widest);
    let recipient = FileSecret::from_seed(&[1; 32]).public();
    let options = EncodeOptions::new(erasure, Privacy::Private(vec![recipient]));
    let encoder = Encoder::new(options, LENGTH, &mut rand::thread_rng()).unwrap();
    let mut input = io::repeat(7).take(LENGTH);
    let mut segments = 0;
    let keep = |_| {
        segments += 1;
        Ok::<(), EncodeError>(())
    };
    let file = encoder.encode_all(&mut input, keep).unwrap();
    assert_eq!(segments, file.manifest.layout().segments());
    assert!(segments > 20, "{segments} segments are more than one");
    let peak = peak_kib();
    assert!(peak < PEAK_KIB_MAX, "peak of {} MiB", peak >> 10);
}
