//! Framed files of sectors and parameters: what loads is what was saved, all else is a typed error.
#![no_main]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use ips_primitives::{hash::blake2_256, sector::Profile};
use ips_proofs::{params::ParamsCache, post::PostSector, seal::SealedSector};
use ips_verifier::groth16::CircuitKind;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

const PROFILE: Profile = Profile::TEST;
const HEAD_BYTES: usize = 16;

/// A folder in memory, if the system has one: a file per run wears no disk.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let made = FOLDER.get_or_init(|| {
        tempfile::tempdir_in("/dev/shm")
            .or_else(|_| tempfile::tempdir())
            .expect("a folder for temporary files")
    });
    made.path()
}

/// How many payload bytes a file of this kind has.
fn payload_bytes(kind: u8) -> usize {
    let leaves = usize::try_from(PROFILE.nodes()).expect("a small sector");
    let nodes = 585;
    match kind {
        0 => 32 * (1 + 3 * nodes + 2 * leaves),
        1 => 32 * (1 + nodes),
        _ => 100,
    }
}

/// A whole file with a right checksum: the head as sent, a payload of the right length that repeats
/// what was sent, below the order of the group unless `high`.
fn mended(kind: u8, head: &[u8; HEAD_BYTES], seed: &[u8], high: bool) -> Vec<u8> {
    let mut file = head.to_vec();
    let seed = if seed.is_empty() { &[0] } else { seed };
    file.extend(seed.iter().copied().cycle().take(payload_bytes(kind)));
    if !high {
        for last in file[HEAD_BYTES..].iter_mut().skip(31).step_by(32) {
            *last &= 0x3f;
        }
    }
    let sum = blake2_256(&[&file]);
    file.extend(sum);
    file
}

fuzz_target!(|bytes: &[u8]| {
    let Some(([how, kind], rest)) = bytes.split_first_chunk::<2>() else {
        return;
    };
    let kind = kind % 3;
    let mut file = rest.to_vec();
    if let (1.., Some((head, seed))) = (how, rest.split_first_chunk()) {
        file = mended(kind, head, seed, how & 2 != 0);
        if how & 4 != 0 {
            file.truncate(file.len() - usize::from(how >> 3));
        }
    }
    match kind {
        0 => {
            let path = write("sealed", &file);
            if let Ok(sector) = SealedSector::load(PROFILE, &path) {
                sector.save(&path).expect("a folder that can be written");
                assert_eq!(read(&path), file);
            }
        }
        1 => {
            let path = write("post", &file);
            if let Ok(sector) = PostSector::load(PROFILE, &path) {
                sector.save(&path).expect("a folder that can be written");
                assert_eq!(read(&path), file);
            }
        }
        _ => {
            let cache = ParamsCache::at(folder().to_owned());
            for circuit in CircuitKind::ALL {
                fs::write(cache.path(circuit, PROFILE), &file).expect("a folder to write to");
                // Nobody finds a file with the pinned checksum.
                assert!(cache.load(circuit, PROFILE).is_err());
            }
        }
    }
});

fn write(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    fs::write(&path, bytes).expect("a folder to write to");
    path
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).expect("a file that was written")
}
