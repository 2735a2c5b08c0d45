//! The whole of a ceremony, checked against initial parameters that the verifier derived itself.
//!
//! Contributions: each follows from the one before and proves its secret. Parameters: δ is the last
//! contribution's, H and L are the initial ones divided by it, all else is the initial bytes.

use std::path::Path;

use bellperson::groth16::VerifyingKey;
use blstrs::{Bls12, G1Affine, G1Projective, G2Affine};
use group::{prime::PrimeCurveAffine, Curve, Group};
use rand_core::RngCore;

use super::{
    error::{CeremonyError, Fault, Part},
    initial::Initial,
    knowledge::first_delta,
    payload::QUERIES,
    points::{coefficients, g1_all, same_ratio, sum_g1, BATCH},
    record::{is_name, Contribution, Header},
    transcript::Transcript,
};

/// A ceremony whose every step was checked.
#[derive(Debug)]
pub struct Verified {
    transcript: Transcript,
    key: VerifyingKey<Bls12>,
}

impl Verified {
    /// The ceremony.
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    pub(super) fn key(&self) -> &VerifyingKey<Bls12> {
        &self.key
    }
}

/// Checks the ceremony at `path` against `initial`; `rng` must be unknown to the contributors.
///
/// # Errors
/// [`CeremonyError`] says what does not hold, and in which contribution.
pub fn verify(
    path: &Path,
    initial: &Initial,
    rng: &mut impl RngCore,
) -> Result<Verified, CeremonyError> {
    let transcript = Transcript::open(path)?;
    check_header(&transcript, initial)?;
    let delta = check_chain(transcript.header(), transcript.contributions())?;
    let key = check_parameters(&transcript, initial, &delta, rng)?;
    Ok(Verified { transcript, key })
}

fn check_header(transcript: &Transcript, initial: &Initial) -> Result<(), CeremonyError> {
    let (found, expected) = (transcript.header(), initial.header());
    let path = transcript.path().to_owned();
    if (found.kind, found.profile, found.circuit)
        != (expected.kind, expected.profile, expected.circuit)
    {
        return Err(CeremonyError::OtherCircuit(path));
    }
    if found.origin != expected.origin {
        return Err(CeremonyError::OtherOrigin {
            path,
            found: found.origin.to_string(),
            expected: expected.origin.to_string(),
        });
    }
    if found.initial != expected.initial {
        return Err(CeremonyError::OtherInitial(path));
    }
    Ok(())
}

/// Checks that each contribution follows from the one before; returns δ after the last.
pub(super) fn check_chain(
    header: &Header,
    contributions: &[Contribution],
) -> Result<G1Affine, CeremonyError> {
    let (mut hash, mut delta) = (header.hash(), first_delta());
    for (at, contribution) in contributions.iter().enumerate() {
        let earlier = &contributions[..at];
        let checked = if earlier.iter().any(|other| other.beacon.is_some()) {
            Err(Fault::AfterBeacon)
        } else if !is_name(&contribution.name)
            || earlier.iter().any(|other| other.name == contribution.name)
        {
            Err(Fault::Name)
        } else if contribution.hash != contribution.hash_after(hash) {
            Err(Fault::Hash)
        } else if contribution.delta == delta {
            Err(Fault::Unchanged)
        } else {
            let deltas = (&delta, &contribution.delta);
            contribution.knowledge.check(hash, deltas)
        };
        let number = at + 1;
        checked.map_err(|fault| CeremonyError::Contribution { number, fault })?;
        if let Some(beacon) = &contribution.beacon {
            let fault = Fault::Beacon;
            if beacon.secret(hash).prove(hash) != contribution.knowledge {
                return Err(CeremonyError::Contribution { number, fault });
            }
        }
        (hash, delta) = (contribution.hash, contribution.delta);
    }
    Ok(delta)
}

fn check_parameters(
    transcript: &Transcript,
    initial: &Initial,
    delta: &G1Affine,
    rng: &mut impl RngCore,
) -> Result<VerifyingKey<Bls12>, CeremonyError> {
    let groth = initial.groth();
    let mut payload = transcript.payload()?;
    let key = payload.key()?;
    check_key(&key, &groth.vk, delta)?;
    let (one, ratio) = (G2Affine::generator(), key.delta_g2);
    for (part, point_bytes) in QUERIES {
        let changed = || CeremonyError::Parameters(part);
        let count = payload.count(part)?;
        if count != initial.count(part) {
            return Err(changed());
        }
        let mut done = 0;
        let mut sums = [G1Projective::identity(); 2];
        payload.points((part, point_bytes), count, |batch| {
            let range = done..count.min(done + BATCH);
            done = range.end;
            let query = match part {
                Part::H => &groth.h,
                Part::L => &groth.l,
                _ if batch == initial.encoded(part, range) => return Ok(()),
                _ => return Err(changed()),
            };
            let points = g1_all(batch).ok_or_else(changed)?;
            let coefficients = coefficients(points.len(), rng);
            sums[0] += sum_g1(&query[range], &coefficients);
            sums[1] += sum_g1(&points, &coefficients);
            Ok(())
        })?;
        // Now · δ = initial.
        let [before, now] = sums.map(|sum| sum.to_affine());
        if !same_ratio((&now, &before), (&one, &ratio)) {
            return Err(changed());
        }
    }
    if payload.finish()? != transcript.payload_hash() {
        return Err(CeremonyError::Parameters(Part::Hash));
    }
    Ok(key)
}

/// α, β, γ and the inputs' points are the initial ones; δ is the chain's in both groups.
fn check_key(
    key: &VerifyingKey<Bls12>,
    initial: &VerifyingKey<Bls12>,
    delta: &G1Affine,
) -> Result<(), CeremonyError> {
    let mut undone = key.clone();
    (undone.delta_g1, undone.delta_g2) = (initial.delta_g1, initial.delta_g2);
    if undone != *initial {
        return Err(CeremonyError::Parameters(Part::Key));
    }
    let in_g1 = (&G1Affine::generator(), &key.delta_g1);
    let in_g2 = (&G2Affine::generator(), &key.delta_g2);
    if key.delta_g1 != *delta || !same_ratio(in_g1, in_g2) {
        return Err(CeremonyError::Parameters(Part::Delta));
    }
    Ok(())
}
