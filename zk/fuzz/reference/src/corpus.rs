//! Good and bad bytes: recorded proofs, and everything that may stand in their place.

use blstrs::{G1Affine, G1Projective, G2Affine, G2Projective, Scalar};
use codec::Decode;
use ff::{Field, PrimeField};
use group::{prime::PrimeCurveAffine, Curve, Group};
use ips_primitives::sector::{ProfileId, ProofBytes, Statement};
use ips_verifier::groth16::CircuitKind;
use rand::{rngs::StdRng, RngCore};

/// Where the points A, B and C begin in a proof, and their lengths.
pub const PROOF_POINTS: [(usize, usize); 3] = [(0, 48), (48, 96), (144, 48)];
/// The modulus of the base field, big-endian.
const MODULUS: &str = "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f624\
                       1eabfffeb153ffffb9feffffffffaaab";

/// A proof by bellperson that the tree's tests verify too.
#[derive(Clone, Copy, Debug)]
pub struct Recorded {
    /// The relation.
    pub kind: CircuitKind,
    /// The sizes.
    pub profile: ProfileId,
    /// What it shows.
    pub statement: [u8; 32],
    /// The proof.
    pub proof: [u8; 192],
}

/// The recorded proofs: one of each kind and profile at least.
///
/// # Panics
/// If the recorded file is not a list of proofs.
pub fn recorded() -> Vec<Recorded> {
    let mut bytes: &[u8] = include_bytes!("../../../verifier/vectors/proofs.bin");
    let list = Vec::<(u8, u8, Statement, ProofBytes)>::decode(&mut bytes);
    let list = list.expect("a list of recorded proofs");
    let known = list
        .into_iter()
        .map(|(kind, profile, statement, proof)| Recorded {
            kind: CircuitKind::from_byte(kind).expect("a known kind"),
            profile: ProfileId::decode(&mut &[profile][..]).expect("a known profile"),
            statement: statement.0,
            proof: proof.0,
        });
    known.collect()
}

/// Bytes for the place of a point of `length` bytes: none of them the point itself, some of them
/// points.
pub fn in_place_of_a_point(length: usize, rng: &mut StdRng) -> Vec<Vec<u8>> {
    let with_head = |head: u8, rest: u8| {
        let mut bytes = vec![rest; length];
        bytes[0] = head;
        bytes
    };
    let mut all = vec![
        with_head(0xc0, 0),    // the identity
        with_head(0xe0, 0),    // the identity with a sign
        with_head(0x40, 0),    // the identity, not marked compressed
        with_head(0, 0),       // zeros
        with_head(0xff, 0xff), // ones
        with_head(0x9f, 0xff), // a coordinate above the modulus
    ];
    let mut off_identity = with_head(0xc0, 0);
    off_identity[length - 1] = 1;
    all.push(off_identity);
    // Small coordinates: off the curve, or on it and most likely outside the subgroup; both signs.
    for x in 0..10 {
        for head in [0x80, 0xa0] {
            let mut bytes = with_head(head, 0);
            bytes[length - 1] = x;
            all.push(bytes);
        }
    }
    all.extend(modulus_and_above(length));
    for scalar in [Scalar::ONE, -Scalar::ONE, Scalar::random(&mut *rng)] {
        all.push(point(length, scalar));
    }
    for _ in 0..4 {
        let mut bytes = vec![0; length];
        rng.fill_bytes(&mut bytes);
        bytes[0] = bytes[0] & 0x1f | 0x80;
        all.push(bytes);
    }
    all
}

/// The generator of the group times `scalar`.
fn point(length: usize, scalar: Scalar) -> Vec<u8> {
    match length {
        48 => (G1Projective::generator() * scalar)
            .to_affine()
            .to_compressed()
            .to_vec(),
        _ => (G2Projective::generator() * scalar)
            .to_affine()
            .to_compressed()
            .to_vec(),
    }
}

/// Encodings whose coordinate is the modulus, or a true one plus the modulus.
fn modulus_and_above(length: usize) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for flags in [0x80, 0xa0] {
        let modulus = hex::decode(MODULUS).expect("hexadecimal");
        for at in (0..length).step_by(48) {
            let mut bytes = vec![0; length];
            bytes[at..at + 48].copy_from_slice(&modulus);
            bytes[0] |= flags;
            all.push(bytes);
        }
    }
    for factor in 1..60u64 {
        let mut bytes = point(length, Scalar::from(factor));
        let flags = bytes[0] & 0xe0;
        bytes[0] &= 0x1f;
        for at in (0..length).step_by(48) {
            let Some(sum) = plus_modulus(&bytes[at..at + 48]) else {
                continue;
            };
            let mut alias = bytes.clone();
            alias[at..at + 48].copy_from_slice(&sum);
            alias[0] |= flags;
            all.push(alias);
        }
    }
    all
}

/// `x + modulus` as a coordinate, if 381 bits hold it.
fn plus_modulus(x: &[u8]) -> Option<Vec<u8>> {
    let modulus = hex::decode(MODULUS).expect("hexadecimal");
    let mut sum = vec![0; 48];
    let mut carry = 0;
    for at in (0..48).rev() {
        let total = u16::from(x[at]) + u16::from(modulus[at]) + carry;
        sum[at] = (total & 0xff) as u8;
        carry = total >> 8;
    }
    (carry == 0 && sum[0] < 0x20).then_some(sum)
}

/// Statements beside `own`: other ones, and other encodings of the same one.
pub fn in_place_of_a_statement(own: &[u8; 32]) -> Vec<[u8; 32]> {
    let scalar = Option::<Scalar>::from(Scalar::from_repr(*own)).expect("a recorded statement");
    let others = [scalar + Scalar::ONE, -scalar, Scalar::ZERO, -Scalar::ONE];
    let mut all = others.map(|other| other.to_repr()).to_vec();
    let mut order = (-Scalar::ONE).to_repr();
    order[0] += 1;
    let mut alias = [0; 32];
    let mut carry = 0;
    for at in 0..32 {
        let total = u16::from(order[at]) + u16::from(own[at]) + carry;
        alias[at] = (total & 0xff) as u8;
        carry = total >> 8;
    }
    assert_eq!(carry, 0, "twice the order is below 2^256");
    all.extend([order, alias, [0xff; 32]]);
    all
}

/// A proof of three points that are points, and nothing else.
pub fn meaningless_proof(rng: &mut StdRng) -> [u8; 192] {
    let mut proof = [0; 192];
    for (at, length) in PROOF_POINTS {
        let scalar = Scalar::random(&mut *rng);
        proof[at..at + length].copy_from_slice(&point(length, scalar));
    }
    proof
}

/// `proof` with one of its points negated: still three points.
pub fn negated(proof: &[u8; 192], at: usize) -> [u8; 192] {
    let mut proof = *proof;
    // The sign is one bit of the first byte; the identity, which has none, is no point of a proof.
    proof[at] ^= 0x20;
    proof
}

/// Whether the generators are where the groups say: the corpus is built on them.
pub fn generators_are_points() -> bool {
    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    point(48, Scalar::ONE) == g1.to_compressed() && point(96, Scalar::ONE) == g2.to_compressed()
}
