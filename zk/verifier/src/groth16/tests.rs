//! Verification with keys whose trapdoor is known, so that proofs can be made by arithmetic.

use ark_bls12_381::{g1, g2, Bls12_381, Fq, Fq2, G1Affine, G2Affine};
use ark_ec::{short_weierstrass::Affine, CurveGroup, PrimeGroup};
use ark_ff::{Field, UniformRand};
use ark_serialize::CanonicalSerialize;
use ips_primitives::{
    hash::blake2_256,
    sector::{ProfileId, ProofBytes, Statement},
};
use proptest::prelude::*;
use rand::{rngs::StdRng, SeedableRng};

use super::{
    key::{KeyHeader, HEADER_BYTES},
    *,
};
use crate::hash::{scalar_from_bytes, scalar_to_bytes, Scalar};

type G1 = <Bls12_381 as ark_ec::pairing::Pairing>::G1;
type G2 = <Bls12_381 as ark_ec::pairing::Pairing>::G2;

/// Discrete logarithms of a key's points.
struct Trapdoor {
    alpha: Scalar,
    beta: Scalar,
    gamma: Scalar,
    delta: Scalar,
    ic: [Scalar; 2],
}

fn in_g1(scalar: Scalar) -> G1Affine {
    (G1::generator() * scalar).into_affine()
}

fn in_g2(scalar: Scalar) -> G2Affine {
    (G2::generator() * scalar).into_affine()
}

impl Trapdoor {
    fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut draw = || Scalar::rand(&mut rng);
        let [alpha, beta, gamma, delta] = [draw(), draw(), draw(), draw()];
        Self {
            alpha,
            beta,
            gamma,
            delta,
            ic: [draw(), draw()],
        }
    }

    fn key(&self) -> VerifyingKey {
        VerifyingKey {
            header: KeyHeader {
                kind: CircuitKind::Post,
                profile: ProfileId::Test,
                insecure: true,
            },
            alpha: in_g1(self.alpha),
            beta: in_g2(self.beta),
            gamma: in_g2(self.gamma),
            delta: in_g2(self.delta),
            ic: self.ic.map(in_g1),
        }
    }

    /// A proof that satisfies the equation, from `a` and `b` freely chosen.
    fn prove(&self, input: Scalar, seed: u64) -> (Statement, ProofBytes) {
        let mut rng = StdRng::seed_from_u64(seed);
        let (a, b) = (Scalar::rand(&mut rng), Scalar::rand(&mut rng));
        let inputs = (self.ic[0] + self.ic[1] * input) * self.gamma;
        let c = (a * b - self.alpha * self.beta - inputs) * self.delta.inverse().unwrap();
        (
            Statement(scalar_to_bytes(&input)),
            proof_bytes(in_g1(a), in_g2(b), in_g1(c)),
        )
    }
}

fn proof_bytes(a: G1Affine, b: G2Affine, c: G1Affine) -> ProofBytes {
    let mut bytes = Vec::new();
    a.serialize_compressed(&mut bytes).unwrap();
    b.serialize_compressed(&mut bytes).unwrap();
    c.serialize_compressed(&mut bytes).unwrap();
    ProofBytes(bytes.try_into().unwrap())
}

pub(super) fn prepared(seed: u64) -> PreparedKey {
    PreparedKey::new(&Trapdoor::new(seed).key()).unwrap()
}

fn compressed(point: &impl CanonicalSerialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    point.serialize_compressed(&mut bytes).unwrap();
    bytes
}

/// A point of the curve outside the subgroup.
fn stray_g1() -> Vec<u8> {
    let point = (1u64..)
        .filter_map(|x| Affine::<g1::Config>::get_point_from_x_unchecked(Fq::from(x), false))
        .find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
        .unwrap();
    compressed(&point)
}

fn stray_g2() -> Vec<u8> {
    let point = (1u64..)
        .map(|x| Fq2::new(Fq::from(x), Fq::from(1u64)))
        .filter_map(|x| Affine::<g2::Config>::get_point_from_x_unchecked(x, false))
        .find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
        .unwrap();
    compressed(&point)
}

/// Bytes of a compressed x that no point of G1's curve has.
fn off_curve_g1() -> Vec<u8> {
    let x = (1u8..)
        .find(|x| Affine::<g1::Config>::get_point_from_x_unchecked(Fq::from(*x), false).is_none())
        .unwrap();
    let mut bytes = vec![0; 48];
    (bytes[0], bytes[47]) = (0x80, x);
    bytes
}

fn off_curve_g2() -> Vec<u8> {
    let x = (1u8..)
        .find(|x| {
            let x = Fq2::new(Fq::from(*x), Fq::from(0u64));
            Affine::<g2::Config>::get_point_from_x_unchecked(x, false).is_none()
        })
        .unwrap();
    let mut bytes = vec![0; 96];
    (bytes[0], bytes[95]) = (0x80, x);
    bytes
}

/// Encodings that must be refused in place of a point of `len` bytes.
fn bad_encodings(len: usize) -> Vec<Vec<u8>> {
    let with_head = |head: u8, rest: u8| {
        let mut bytes = vec![rest; len];
        bytes[0] = head;
        bytes
    };
    let mut off_identity = with_head(0xc0, 0);
    off_identity[len - 1] = 1;
    vec![
        with_head(0, 0),       // not marked compressed
        with_head(0x9f, 0xff), // x above the modulus
        with_head(0xe0, 0),    // identity with a sign
        with_head(0x40, 0),    // identity, not marked compressed
        off_identity,          // identity with an x
        with_head(0x1f, 0xff), // nothing right
        if len == 48 {
            off_curve_g1()
        } else {
            off_curve_g2()
        },
    ]
}

fn identity(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    bytes[0] = 0xc0;
    bytes
}

const POINTS: [(ProofPoint, usize, usize); 3] = [
    (ProofPoint::A, 0, 48),
    (ProofPoint::B, 48, 96),
    (ProofPoint::C, 144, 48),
];

fn replaced(proof: &ProofBytes, at: usize, bytes: &[u8]) -> ProofBytes {
    let mut changed = *proof;
    changed.0[at..at + bytes.len()].copy_from_slice(bytes);
    changed
}

#[test]
fn a_proof_is_accepted_for_its_statement_and_key_only() {
    let trapdoor = Trapdoor::new(1);
    let key = prepared(1);
    for input in [Scalar::from(0u64), Scalar::from(42u64), -Scalar::from(1u64)] {
        let (statement, proof) = trapdoor.prove(input, 7);
        assert_eq!(verify(&key, &statement, &proof), Ok(()));
        let other = Statement(scalar_to_bytes(&(input + Scalar::from(1u64))));
        assert_eq!(verify(&key, &other, &proof), Err(VerifyError::Refuted));
        assert_eq!(
            verify(&prepared(2), &statement, &proof),
            Err(VerifyError::Refuted)
        );
    }
}

#[test]
fn swapped_points_of_two_proofs_are_refuted() {
    let trapdoor = Trapdoor::new(1);
    let key = prepared(1);
    let (statement, proof) = trapdoor.prove(Scalar::from(5u64), 1);
    let (_, other) = trapdoor.prove(Scalar::from(5u64), 2);
    for (_, at, len) in POINTS {
        let mixed = replaced(&proof, at, &other.0[at..at + len]);
        assert_eq!(verify(&key, &statement, &mixed), Err(VerifyError::Refuted));
    }
}

#[test]
fn each_bad_point_has_its_own_error() {
    let key = prepared(1);
    let (statement, proof) = Trapdoor::new(1).prove(Scalar::from(5u64), 1);
    for (name, at, len) in POINTS {
        for bytes in bad_encodings(len) {
            let bad = replaced(&proof, at, &bytes);
            assert_eq!(
                verify(&key, &statement, &bad),
                Err(VerifyError::Encoding(name))
            );
        }
        let bad = replaced(&proof, at, &identity(len));
        assert_eq!(
            verify(&key, &statement, &bad),
            Err(VerifyError::Identity(name))
        );
        let stray = if len == 48 { stray_g1() } else { stray_g2() };
        let bad = replaced(&proof, at, &stray);
        assert_eq!(
            verify(&key, &statement, &bad),
            Err(VerifyError::Subgroup(name))
        );
        assert_eq!(
            verify_batch(&key, &[(statement, bad)]),
            Err(VerifyError::Subgroup(name))
        );
    }
}

#[test]
fn non_canonical_statements_are_refused() {
    let key = prepared(1);
    let (statement, proof) = Trapdoor::new(1).prove(Scalar::from(5u64), 1);
    // 5 plus the group order is the same residue in another encoding.
    let mut alias = scalar_to_bytes(&-Scalar::from(1u64));
    alias[0] += 1;
    alias[0] += statement.0[0];
    for bytes in [alias, [0xff; 32]] {
        assert_eq!(
            verify(&key, &Statement(bytes), &proof),
            Err(VerifyError::Statement)
        );
    }
}

#[test]
fn batches_accept_good_proofs_and_refuse_one_bad() {
    let trapdoor = Trapdoor::new(1);
    let key = prepared(1);
    let batch: Vec<_> = (0..4u64)
        .map(|i| trapdoor.prove(Scalar::from(i * 9), i))
        .collect();
    assert_eq!(verify_batch(&key, &batch), Ok(()));
    assert_eq!(verify_batch(&key, &batch[..1]), Ok(()));
    for i in 0..batch.len() {
        let mut bad = batch.clone();
        bad[i].0 = batch[(i + 1) % 4].0;
        assert_eq!(verify_batch(&key, &bad), Err(VerifyError::Refuted));
    }
    // Two faults that cancel out without coefficients.
    let mut swapped = batch.clone();
    (swapped[0].0, swapped[1].0) = (batch[1].0, batch[0].0);
    assert_eq!(verify_batch(&key, &swapped), Err(VerifyError::Refuted));
    // All equations fail by the same factor, and by factors whose product is one.
    let shifted = |by: &dyn Fn(usize) -> Scalar| -> Vec<_> {
        let proofs = batch.iter().enumerate();
        proofs
            .map(|(i, (statement, proof))| {
                let moved = scalar_from_bytes(&statement.0).unwrap() + by(i);
                (Statement(scalar_to_bytes(&moved)), *proof)
            })
            .collect()
    };
    let one = Scalar::from(1u64);
    for bad in [
        shifted(&|_| one),
        shifted(&|i| if i % 2 == 0 { one } else { -one }),
    ] {
        for size in 1..=bad.len() {
            assert_eq!(verify_batch(&key, &bad[..size]), Err(VerifyError::Refuted));
        }
    }
    assert_eq!(verify_batch(&key, &[]), Err(VerifyError::BatchSize));
    let long = vec![batch[0]; BATCH_MAX + 1];
    assert_eq!(verify_batch(&key, &long), Err(VerifyError::BatchSize));
}

#[test]
fn keys_round_trip_and_have_the_hash_as_id() {
    let key = Trapdoor::new(3).key();
    let bytes = key.to_bytes();
    assert_eq!(bytes.len(), 436);
    assert_eq!(bytes[..4], [1, 1, 0, 1]);
    assert_eq!(parse_verifying_key(&bytes), Ok(key));
    assert_eq!(key.id().0, blake2_256(&[&bytes]));
    let prepared = PreparedKey::from_verifying_key(&bytes).unwrap();
    assert_eq!(prepared.id(), key.id());
    assert_eq!(
        (prepared.kind(), prepared.profile()),
        (CircuitKind::Post, ProfileId::Test)
    );
    assert!(prepared.is_insecure());
}

#[test]
fn the_same_points_are_another_key_for_each_profile() {
    // The id is hashed into every statement, and the pallets compare the profile when a key is set.
    let good = Trapdoor::new(3).key().to_bytes();
    let keys = ProfileId::ALL.map(|profile| {
        let mut bytes = good;
        bytes[2] = profile as u8;
        let key = parse_verifying_key(&bytes).unwrap();
        assert_eq!(key.profile(), profile);
        assert_eq!(PreparedKey::new(&key).unwrap().profile(), profile);
        assert_eq!(key.to_bytes(), bytes);
        key
    });
    for (i, key) in keys.iter().enumerate() {
        assert!(keys[..i].iter().all(|other| other.id() != key.id()));
    }
}

#[test]
fn key_bytes_of_another_shape_are_refused() {
    let good = Trapdoor::new(3).key().to_bytes();
    assert_eq!(parse_verifying_key(&[]), Err(KeyError::Length));
    assert_eq!(parse_verifying_key(&good[..435]), Err(KeyError::Length));
    // A third IC point, as of a key with two inputs.
    let mut long = good.to_vec();
    long.extend_from_slice(&good[388..]);
    assert_eq!(parse_verifying_key(&long), Err(KeyError::Length));
    let with = |at: usize, byte: u8| {
        let mut bytes = good;
        bytes[at] = byte;
        parse_verifying_key(&bytes)
    };
    assert_eq!(with(0, 2), Err(KeyError::Version(2)));
    assert_eq!(with(1, 3), Err(KeyError::Kind(3)));
    assert_eq!(with(2, 4), Err(KeyError::Profile(4)));
    assert_eq!(with(3, 2), Err(KeyError::Flags(2)));
    assert!(!with(3, 0).unwrap().is_insecure());
}

#[test]
fn each_bad_key_point_has_its_own_error() {
    let good = Trapdoor::new(3).key().to_bytes();
    let points = [
        (KeyPoint::Alpha, 48),
        (KeyPoint::Beta, 96),
        (KeyPoint::Gamma, 96),
        (KeyPoint::Delta, 96),
        (KeyPoint::Ic0, 48),
        (KeyPoint::Ic1, 48),
    ];
    let mut at = HEADER_BYTES;
    for (name, len) in points {
        let with = |point: &[u8]| {
            let mut bytes = good;
            bytes[at..at + len].copy_from_slice(point);
            parse_verifying_key(&bytes)
        };
        for bytes in bad_encodings(len) {
            assert_eq!(with(&bytes), Err(KeyError::Encoding(name)));
        }
        assert_eq!(with(&identity(len)), Err(KeyError::Identity(name)));
        let stray = if len == 48 { stray_g1() } else { stray_g2() };
        assert_eq!(with(&stray), Err(KeyError::Subgroup(name)));
        at += len;
    }
    assert_eq!(at, VERIFYING_KEY_BYTES);
}

#[test]
fn prepared_keys_round_trip_and_damage_is_an_error() {
    let key = prepared(4);
    let bytes = key.to_bytes();
    assert_eq!(bytes.0.len(), 1188);
    assert_eq!(PreparedKey::from_trusted_bytes(&bytes.0), Ok(key));
    assert_eq!(
        PreparedKey::from_trusted_bytes(&bytes.0[1..]),
        Err(KeyError::Length)
    );
    let mut bad = bytes.0;
    bad[0] = 0;
    assert_eq!(
        PreparedKey::from_trusted_bytes(&bad),
        Err(KeyError::Version(0))
    );
    let mut bad = bytes.0;
    bad[36..].fill(0xff);
    assert_eq!(
        PreparedKey::from_trusted_bytes(&bad),
        Err(KeyError::Prepared)
    );
}

#[test]
fn a_prepared_key_of_zeros_refutes_and_does_not_panic() {
    let mut zeros = prepared(4).to_bytes().0;
    zeros[36..].fill(0);
    let key = PreparedKey::from_trusted_bytes(&zeros).unwrap();
    let (statement, proof) = Trapdoor::new(4).prove(Scalar::from(1u64), 1);
    assert_eq!(verify(&key, &statement, &proof), Err(VerifyError::Refuted));
    assert_eq!(
        verify_batch(&key, &[(statement, proof)]),
        Err(VerifyError::Refuted)
    );
}

#[test]
fn circuit_kinds_have_stable_bytes_and_names() {
    use codec::Encode;
    for (byte, kind) in (0u8..).zip(CircuitKind::ALL) {
        assert_eq!(CircuitKind::from_byte(byte), Some(kind));
        assert_eq!(kind.encode(), [byte]);
    }
    assert_eq!(CircuitKind::from_byte(3), None);
    assert_eq!(
        CircuitKind::ALL.map(CircuitKind::name),
        ["seal", "post", "poe"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_bytes_are_refused_without_panic(
        head in any::<[u8; 96]>(),
        tail in any::<[u8; 96]>(),
        statement in any::<[u8; 32]>(),
    ) {
        let mut bytes = [0; 192];
        bytes[..96].copy_from_slice(&head);
        bytes[96..].copy_from_slice(&tail);
        let mut key = prepared(1).to_bytes().0;
        key[100..196].copy_from_slice(&head);
        prop_assert!(verify(&prepared(1), &Statement(statement), &ProofBytes(bytes)).is_err());
        if let Ok(key) = PreparedKey::from_trusted_bytes(&key) {
            prop_assert!(verify(&key, &Statement(statement), &ProofBytes(bytes)).is_err());
        }
    }

    #[test]
    fn changed_keys_are_refused_or_refute_without_panic(
        at in 0usize..VERIFYING_KEY_BYTES,
        change in 1u8..,
        length in 0usize..2 * VERIFYING_KEY_BYTES,
    ) {
        let trapdoor = Trapdoor::new(1);
        let (statement, proof) = trapdoor.prove(Scalar::from(77u64), 3);
        let mut bytes = trapdoor.key().to_bytes();
        bytes[at] ^= change;
        if let Ok(key) = PreparedKey::from_verifying_key(&bytes) {
            // The header's kind, profile and flag are the key's owner's to judge.
            prop_assert_eq!(at < HEADER_BYTES, verify(&key, &statement, &proof).is_ok());
        }
        let mut other = bytes.to_vec();
        other.resize(length, change);
        if length != VERIFYING_KEY_BYTES {
            prop_assert_eq!(parse_verifying_key(&other), Err(KeyError::Length));
        }
    }

    #[test]
    fn one_flipped_bit_of_a_proof_is_refused(bit in 0usize..192 * 8) {
        let (statement, mut proof) = Trapdoor::new(1).prove(Scalar::from(77u64), 3);
        proof.0[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(verify(&prepared(1), &statement, &proof).is_err());
    }
}
