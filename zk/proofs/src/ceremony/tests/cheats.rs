//! Each way to cheat, by somebody who makes every hash and checksum hold again.

use std::sync::Arc;

use blstrs::{G1Affine, Scalar};
use ff::Field;
use group::{prime::PrimeCurveAffine, Curve};

use super::*;

/// The whole ceremony, and the file before the beacon.
fn whole() -> Forged {
    Forged::of(&files()[4])
}

fn open() -> Forged {
    Forged::of(&files()[3])
}

fn doubled<P: PrimeCurveAffine<Scalar = Scalar>>(point: &P) -> P
where
    P::Curve: Curve<AffineRepr = P>,
{
    (*point * Scalar::from(2)).to_affine()
}

#[test]
fn a_secret_that_was_not_proven_at_this_place_is_found() {
    // Of another place of the chain.
    let mut forged = open();
    let secret = Secret::of(Scalar::from(5));
    forged.contributions[2].knowledge = secret.prove(CeremonyHash([0; 32]));
    forged.rehash();
    assert_eq!(forged.fault(), (3, Fault::Knowledge));

    // Of another secret than the one that delta was multiplied by.
    let mut forged = open();
    let before = forged.contributions[1].hash;
    forged.contributions[2].knowledge = secret.prove(before);
    forged.rehash();
    assert_eq!(forged.fault(), (3, Fault::Ratio));

    // A delta that nobody multiplied by what was proven.
    let mut forged = open();
    forged.contributions[0].delta = doubled(&forged.contributions[0].delta);
    forged.rehash();
    assert_eq!(forged.fault(), (1, Fault::Ratio));
}

#[test]
fn changed_queries_and_keys_are_found() {
    type Change = fn(&mut Parameters<Bls12>);
    let changes: [(Part, Change); 12] = [
        (Part::H, |p| {
            Arc::make_mut(&mut p.h)[4000] = doubled(&p.h[4000])
        }),
        (Part::H, |p| Arc::make_mut(&mut p.h).swap(0, 1)),
        (Part::H, |p| Arc::make_mut(&mut p.h).truncate(8190)),
        (Part::L, |p| Arc::make_mut(&mut p.l)[7] = doubled(&p.l[7])),
        (Part::L, |p| Arc::make_mut(&mut p.l).swap(1, 2)),
        (Part::A, |p| Arc::make_mut(&mut p.a).swap(0, 1)),
        (Part::BG1, |p| Arc::make_mut(&mut p.b_g1).swap(0, 1)),
        (Part::BG2, |p| Arc::make_mut(&mut p.b_g2).swap(0, 1)),
        (Part::Key, |p| p.vk.ic.swap(0, 1)),
        (Part::Key, |p| p.vk.alpha_g1 = doubled(&p.vk.alpha_g1)),
        (Part::Key, |p| p.vk.gamma_g2 = doubled(&p.vk.gamma_g2)),
        (Part::Delta, |p| p.vk.delta_g2 = doubled(&p.vk.delta_g2)),
    ];
    let honest = open().groth();
    for (part, change) in changes {
        let mut groth = honest.clone();
        change(&mut groth);
        let mut forged = open();
        forged.set_groth(&groth);
        assert!(
            forged.verdict().is_err(),
            "the last contribution names other parameters"
        );
        forged.rehash();
        assert_eq!(forged.part(), part);
    }
}

#[test]
fn parameters_of_an_earlier_step_or_another_hash_are_found() {
    let mut forged = open();
    forged.payload = Forged::of(&files()[2]).payload;
    forged.rehash();
    assert_eq!(forged.part(), Part::Delta);
    let mut forged = open();
    forged.contributions[2].parameters = CeremonyHash([1; 32]);
    let before = forged.contributions[1].hash;
    forged.contributions[2].hash = forged.contributions[2].hash_after(before);
    assert_eq!(forged.part(), Part::Hash);

    // The next contributor finds it too, and writes nothing.
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    forged.write(&from);
    let secret = Secret::of(Scalar::from(5));
    let error = contribute(&from, &to, "Emmy", &secret).unwrap_err();
    assert!(
        matches!(error, CeremonyError::Parameters(Part::Hash)),
        "{error}"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn removed_moved_and_replayed_contributions_are_found() {
    let mut forged = open();
    forged.contributions.remove(1);
    assert_eq!(forged.fault(), (2, Fault::Hash));
    forged.rehash();
    assert_eq!(forged.fault(), (2, Fault::Knowledge));

    let mut forged = open();
    forged.contributions.swap(0, 1);
    assert_eq!(forged.fault(), (1, Fault::Hash));
    forged.rehash();
    assert_eq!(forged.fault(), (1, Fault::Knowledge));

    let mut forged = open();
    forged.contributions.push(forged.contributions[2].clone());
    assert_eq!(forged.fault(), (4, Fault::Name));
    forged.contributions[3].name = "Emmy".into();
    assert_eq!(forged.fault(), (4, Fault::Hash));
    forged.rehash();
    assert_eq!(forged.fault(), (4, Fault::Unchanged));
    forged.contributions[3].delta = doubled(&forged.contributions[2].delta);
    forged.rehash();
    assert_eq!(forged.fault(), (4, Fault::Knowledge));

    // The last contribution dropped with its parameters kept: delta is not the chain's.
    let mut forged = open();
    forged.contributions.pop();
    forged.rehash();
    assert_eq!(forged.part(), Part::Delta);

    let mut forged = open();
    forged.contributions[1].name = "Ada".into();
    forged.rehash();
    assert_eq!(forged.fault(), (2, Fault::Name));
}

#[test]
fn secrets_of_zero_and_one_are_found() {
    let mut forged = open();
    forged.contributions[1].delta = G1Affine::identity();
    forged.rehash();
    assert_eq!(forged.fault(), (2, Fault::Point));

    let mut forged = open();
    let before = forged.contributions[0].hash;
    forged.contributions[1].delta = forged.contributions[0].delta;
    forged.contributions[1].knowledge = Secret::of(Scalar::ONE).prove(before);
    forged.rehash();
    assert_eq!(forged.fault(), (2, Fault::Unchanged));

    // The identity among the proof's points.
    let mut forged = open();
    let zero = Secret::of(Scalar::ZERO).prove(forged.contributions[0].hash);
    forged.contributions[1].knowledge = zero;
    forged.rehash();
    assert_eq!(forged.fault(), (2, Fault::Point));

    // The identity in the parameters.
    let mut forged = open();
    let at = 2 * 96 + 2 * 192 + 96;
    forged.payload[at..at + 192].fill(0);
    forged.payload[at] = 0x40;
    forged.rehash();
    let error = forged.verdict().unwrap_err();
    assert!(
        matches!(
            error,
            CeremonyError::Content {
                part: Part::Key,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_wrong_beacon_and_what_comes_after_it_are_found() {
    for beacon in [
        Beacon::new(b"another value".to_vec(), 10).unwrap(),
        Beacon::new(b"a value of tomorrow".to_vec(), 9).unwrap(),
    ] {
        let mut forged = whole();
        forged.contributions[3].beacon = Some(beacon);
        forged.rehash();
        assert_eq!(forged.fault(), (4, Fault::Beacon));
    }
    // A contributor that calls its own secret the beacon's.
    let mut forged = open();
    forged.contributions[2].beacon = Some(Beacon::new(vec![1], 0).unwrap());
    forged.rehash();
    assert_eq!(forged.fault(), (3, Fault::Beacon));

    let mut forged = whole();
    let mut late = forged.contributions[2].clone();
    late.name = "late".into();
    forged.contributions.push(late);
    forged.rehash();
    assert_eq!(forged.fault(), (5, Fault::AfterBeacon));
}

#[test]
fn another_circuit_origin_or_start_is_found() {
    let post = Initial::derive(
        CircuitKind::Post,
        ProfileId::Test,
        &Source::PublicSeed(SEED.into()),
    )
    .unwrap();
    let error = verify(&files()[4], &post, &mut OsRng).unwrap_err();
    assert!(matches!(error, CeremonyError::OtherCircuit(_)), "{error}");
    for change in [
        |header: &mut Header| header.profile = ProfileId::Dev,
        |header: &mut Header| header.circuit = CeremonyHash([1; 32]),
    ] {
        let mut forged = whole();
        change(&mut forged.header);
        let error = forged.verdict().unwrap_err();
        assert!(matches!(error, CeremonyError::OtherCircuit(_)), "{error}");
    }

    // A public seed that is passed off as a first phase.
    let mut forged = whole();
    forged.header.origin = Origin::PhaseOne(OriginHash([1; 64]));
    let error = forged.verdict().unwrap_err();
    assert!(
        matches!(error, CeremonyError::OtherOrigin { .. }),
        "{error}"
    );

    // Initial parameters by secrets that the coordinator kept.
    let mut forged = Forged::of(&files()[0]);
    let mut groth = forged.groth();
    groth.vk.alpha_g1 = doubled(&groth.vk.alpha_g1);
    forged.set_groth(&groth);
    assert_eq!(forged.part(), Part::Key);
    forged.header.initial = CeremonyHash(blake2_256(&[&forged.payload]));
    let error = forged.verdict().unwrap_err();
    assert!(matches!(error, CeremonyError::OtherInitial(_)), "{error}");
}
