//! One step of a ceremony: δ is multiplied by a secret, H and L are divided by it, the rest stays.
//!
//! The file is read and written once, in batches; the result is there whole or not at all.

use std::{
    io::{self, Write},
    path::Path,
};

use blake2::{digest::consts::U32, Blake2b, Digest};
use blstrs::{G1Affine, G1Projective, Scalar};
use group::Curve;
use rayon::prelude::*;

use super::{
    beacon::Beacon,
    error::{CeremonyError, Fault, Part},
    knowledge::Secret,
    payload::QUERIES,
    points::{g1_all, G1_BYTES},
    record::{is_name, CeremonyHash, Contribution},
    transcript::{Transcript, CONTRIBUTIONS_MAX},
    verify::check_chain,
};
use crate::{domain::invert, file::AtomicFile, params::normalized};

/// What a beacon is called in the list of contributors.
const BEACON_NAME: &str = "beacon";
/// Points that one core normalises at a time.
const NORMALIZED: usize = 512;

/// Adds a contribution of `name` with `secret` to the ceremony at `from`; the result is at `to`.
///
/// # Errors
/// [`CeremonyError`] if the ceremony is damaged, closed by a beacon or dishonest as far as its
/// contributions show, if the name is none, or if `to` exists. Then nothing is written.
pub fn contribute(
    from: &Path,
    to: &Path,
    name: &str,
    secret: &Secret,
) -> Result<Contribution, CeremonyError> {
    let transcript = Transcript::open(from)?;
    extend(&transcript, to, name, None, secret)
}

/// Closes the ceremony at `from` with a beacon; the result is at `to`.
///
/// # Errors
/// As [`contribute`].
pub fn apply_beacon(from: &Path, to: &Path, beacon: Beacon) -> Result<Contribution, CeremonyError> {
    let transcript = Transcript::open(from)?;
    let secret = beacon.secret(transcript.hash());
    extend(&transcript, to, BEACON_NAME, Some(beacon), &secret)
}

fn extend(
    transcript: &Transcript,
    to: &Path,
    name: &str,
    beacon: Option<Beacon>,
    secret: &Secret,
) -> Result<Contribution, CeremonyError> {
    let contributions = transcript.contributions();
    let number = contributions.len() + 1;
    let refuse = |fault| Err(CeremonyError::Contribution { number, fault });
    if contributions.len() >= CONTRIBUTIONS_MAX {
        return Err(CeremonyError::Full(CONTRIBUTIONS_MAX));
    }
    if contributions.iter().any(|other| other.beacon.is_some()) {
        return refuse(Fault::AfterBeacon);
    }
    // The beacon's own name is left for it.
    let reserved = beacon.is_none() && name == BEACON_NAME;
    if reserved || !is_name(name) || contributions.iter().any(|other| other.name == name) {
        return refuse(Fault::Name);
    }
    let before = check_chain(transcript.header(), contributions)?;
    if to.exists() {
        return Err(CeremonyError::Exists(to.to_owned()));
    }
    let mut out = Output::create(to)?;
    out.write(&transcript.header().to_bytes())?;
    out.write(&transcript.payload_bytes().to_le_bytes())?;
    let parameters = write_payload(transcript, secret.delta, &before, &mut out)?;
    let mut contribution = Contribution {
        name: name.to_owned(),
        beacon,
        parameters,
        hash: transcript.hash(),
        delta: (before * secret.delta).to_affine(),
        knowledge: secret.prove(transcript.hash()),
    };
    contribution.hash = contribution.hash_after(transcript.hash());
    let count = u32::try_from(number).map_err(|_| CeremonyError::Full(CONTRIBUTIONS_MAX))?;
    out.write(&count.to_le_bytes())?;
    for each in contributions.iter().chain([&contribution]) {
        out.write(&each.to_bytes())?;
    }
    out.finish()?;
    Ok(contribution)
}

/// Writes the parameters with `delta` more in δ, and checks those that it reads: they must be the ones
/// that the last contributor left.
fn write_payload(
    transcript: &Transcript,
    delta: Scalar,
    before: &G1Affine,
    out: &mut Output,
) -> Result<CeremonyHash, CeremonyError> {
    let inverse = invert(delta)?;
    let mut payload = transcript.payload()?;
    let mut key = payload.key()?;
    if key.delta_g1 != *before {
        return Err(CeremonyError::Parameters(Part::Delta));
    }
    key.delta_g1 = (key.delta_g1 * delta).to_affine();
    key.delta_g2 = (key.delta_g2 * delta).to_affine();
    let mut bytes = Vec::new();
    key.write(&mut bytes)
        .map_err(CeremonyError::io(transcript.path()))?;
    out.hashed(&bytes)?;
    for (part, point_bytes) in QUERIES {
        let unreadable = payload.unreadable(part);
        let mut unreadable = Some(unreadable);
        let count = payload.count(part)?;
        out.hashed(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes())?;
        payload.points((part, point_bytes), count, |batch| {
            if !matches!(part, Part::H | Part::L) {
                return out.hashed(batch);
            }
            match g1_all(batch) {
                Some(points) => out.hashed(&multiplied(&points, inverse)),
                None => Err(unreadable.take().unwrap_or(CeremonyError::Parameters(part))),
            }
        })?;
    }
    if payload.finish()? != transcript.payload_hash() {
        return Err(CeremonyError::Parameters(Part::Hash));
    }
    Ok(CeremonyHash(out.hash.finalize_reset().into()))
}

/// The points' multiples by `scalar`, uncompressed, on all cores.
fn multiplied(points: &[G1Affine], scalar: Scalar) -> Vec<u8> {
    let mut bytes = vec![0; points.len() * G1_BYTES];
    points
        .par_chunks(NORMALIZED)
        .zip(bytes.par_chunks_mut(NORMALIZED * G1_BYTES))
        .for_each(|(points, bytes)| {
            let multiples: Vec<G1Projective> = points.iter().map(|point| point * scalar).collect();
            let targets = bytes.chunks_exact_mut(G1_BYTES);
            for (point, target) in normalized(&multiples).iter().zip(targets) {
                target.copy_from_slice(&point.to_uncompressed());
            }
        });
    bytes
}

/// A ceremony file in the making.
pub(super) struct Output {
    file: AtomicFile,
    path: std::path::PathBuf,
    hash: Blake2b<U32>,
}

impl Output {
    pub(super) fn create(path: &Path) -> Result<Self, CeremonyError> {
        Ok(Self {
            file: AtomicFile::create(path).map_err(CeremonyError::io(path))?,
            path: path.to_owned(),
            hash: Blake2b::new(),
        })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), CeremonyError> {
        self.file
            .write_all(bytes)
            .map_err(CeremonyError::io(&self.path))
    }

    /// Writes a part of the parameters.
    pub(super) fn hashed(&mut self, bytes: &[u8]) -> Result<(), CeremonyError> {
        self.hash.update(bytes);
        self.write(bytes)
    }

    /// Appends the checksum and gives the file its name; returns the checksum.
    pub(super) fn finish(mut self) -> Result<[u8; 32], CeremonyError> {
        let sum = self.file.sum();
        self.write(&sum)?;
        self.file.finish().map_err(CeremonyError::io(&self.path))?;
        Ok(sum)
    }
}

/// So that parameters are written as they are encoded.
impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
