//! First phases by known secrets, honest and not.

use super::*;
use crate::domain::geometric;
use blstrs::{G1Projective, G2Projective, Scalar};
use ff::Field;
use group::Group;
use std::{fs, path::PathBuf};

/// A file of `count` powers by known secrets, and its hash.
pub(crate) fn write(
    folder: &Path,
    [alpha, beta, tau]: [Scalar; 3],
    count: usize,
) -> (PathBuf, OriginHash) {
    let g1 = |scalars: Vec<Scalar>| -> Vec<u8> {
        let fixed = crate::params::FixedBase::new(G1Projective::generator());
        let points = fixed.multiples(&scalars);
        points.iter().flat_map(|p| p.to_uncompressed()).collect()
    };
    let g2 = |scalars: Vec<Scalar>| -> Vec<u8> {
        let fixed = crate::params::FixedBase::new(G2Projective::generator());
        let points = fixed.multiples(&scalars);
        points.iter().flat_map(|p| p.to_uncompressed()).collect()
    };
    let bytes = [
        vec![9; HASH_BYTES],
        g1(geometric(Scalar::ONE, tau, 2 * count - 1)),
        g2(geometric(Scalar::ONE, tau, count)),
        g1(geometric(alpha, tau, count)),
        g1(geometric(beta, tau, count)),
        g2(vec![beta]),
    ]
    .concat();
    let path = folder.join("powers");
    fs::write(&path, &bytes).unwrap();
    (path, hash_of(&bytes))
}

pub(crate) fn hash_of(bytes: &[u8]) -> OriginHash {
    OriginHash(Blake2b::<U64>::digest(bytes).into())
}

fn secrets() -> [Scalar; 3] {
    [Scalar::from(3), Scalar::from(5), Scalar::from(1_000_003)]
}

#[test]
fn honest_powers_are_read_and_the_needed_ones_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (path, hash) = write(folder.path(), secrets(), 16);
    let powers = Powers::read(&path, &hash, 8).unwrap();
    assert_eq!((powers.tau_g1.len(), powers.tau_g2.len()), (15, 8));
    assert_eq!((powers.alpha_g1.len(), powers.beta_g1.len()), (8, 8));
    let error = Powers::read(&path, &hash, 32).err().unwrap();
    assert!(
        matches!(
            error,
            CeremonyError::PhaseOneSize {
                found: 16,
                needed: 32,
                ..
            }
        ),
        "{error}"
    );
    let error = Powers::read(&path, &OriginHash([0; 64]), 8).err().unwrap();
    assert!(
        matches!(error, CeremonyError::PhaseOneHash { .. }),
        "{error}"
    );
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[1..]).unwrap();
    let error = Powers::read(&path, &hash, 8).err().unwrap();
    assert!(
        matches!(error, CeremonyError::PhaseOneSize { found: 0, .. }),
        "{error}"
    );
}

#[test]
fn each_lie_of_a_first_phase_is_found_though_its_hash_is_the_pinned_one() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = write(folder.path(), secrets(), 8);
    let whole = fs::read(&path).unwrap();
    let two_g1 = G1Projective::generator()
        .double()
        .to_affine()
        .to_uncompressed();
    let two_g2 = G2Projective::generator()
        .double()
        .to_affine()
        .to_uncompressed();
    let g1_at = |at: usize| HASH_BYTES + at * G1_BYTES;
    let tau_g2 = g1_at(15);
    let alpha = tau_g2 + 8 * G2_BYTES;
    let beta = alpha + 8 * G1_BYTES;
    let beta_g2 = beta + 8 * G1_BYTES;
    for (at, point, expected) in [
        (g1_at(0), &two_g1[..], "the zeroth power"),
        (g1_at(14), &two_g1, "tau in G1"),
        (tau_g2 + 7 * G2_BYTES, &two_g2, "tau in G2"),
        (alpha + 3 * G1_BYTES, &two_g1, "alpha"),
        (beta + 3 * G1_BYTES, &two_g1, "beta does not go"),
        (beta_g2, &two_g2, "beta differs"),
        (g1_at(4), &[7; G1_BYTES], "a point"),
    ] {
        let mut lie = whole.clone();
        lie[at..at + point.len()].copy_from_slice(point);
        fs::write(&path, &lie).unwrap();
        let error = Powers::read(&path, &hash_of(&lie), 8).err().unwrap();
        let CeremonyError::PhaseOne { what, .. } = error else {
            panic!("{error}");
        };
        assert!(what.starts_with(expected), "{what}");
    }
}
