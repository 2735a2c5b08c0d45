//! The prover makes bellperson's very proofs; the chain's verifier accepts exactly what bellperson's
//! accepts.

use bellperson::{
    groth16::{
        self as reference, prepare_verifying_key, verify_proof, PreparedVerifyingKey, Proof,
    },
    Circuit, SynthesisError,
};
use blstrs::{Bls12, G1Affine, G1Projective, G2Affine, Scalar};
use ff::Field;
use group::{prime::PrimeCurveAffine, Curve, Group};
use ips_primitives::sector::{Profile, ProofBytes, Statement};
use ips_verifier::{
    groth16::{verify, verify_batch, CircuitKind, PreparedKey, VerifyError},
    poe::poe_statement,
};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};

use crate::{
    params::{ParamsCache, ProverParams},
    poe::{prove_poe, PoeCircuit},
    post::PostCircuit,
    prove::groth16::create_proof,
    scalar::{scalar_from_bytes, scalar_to_bytes},
    seal::{SealCircuit, SectorData},
};

const PROFILE: Profile = Profile::TEST;
/// Where the points A, B and C begin in a proof, and their lengths.
const POINTS: [(usize, usize); 3] = [(0, 48), (48, 96), (144, 48)];
/// The modulus of the base field, big-endian.
const MODULUS: &str = "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f624\
                       1eabfffeb153ffffb9feffffffffaaab";

/// A true proof with both verifiers' keys.
struct Both {
    bellperson: PreparedVerifyingKey<Bls12>,
    chain: PreparedKey,
    statement: Statement,
    proof: ProofBytes,
}

impl Both {
    fn new() -> Self {
        let params = params(CircuitKind::Poe);
        let mut data = SectorData::new(PROFILE);
        data.push_piece(0, b"both verifiers").unwrap();
        let rho = [7; 32];
        Self {
            bellperson: prepare_verifying_key(&params.groth.vk),
            chain: PreparedKey::from_verifying_key(&params.verifying_key()).unwrap(),
            statement: poe_statement(&data.comm_d(), &rho).unwrap(),
            proof: prove_poe(&params, PROFILE, data.tree(), &rho).unwrap(),
        }
    }

    /// Whether both accept; they must agree on the verdict and on whether the bytes are a proof.
    fn accept(&self, statement: Statement, bytes: [u8; 192]) -> bool {
        let found = verify(&self.chain, &statement, &ProofBytes(bytes));
        let batch = verify_batch(&self.chain, &[(statement, ProofBytes(bytes))]);
        assert_eq!(found, batch);
        let input = scalar_from_bytes(&statement.0).ok();
        assert_eq!(input.is_none(), found == Err(VerifyError::Statement));
        let proof = Proof::<Bls12>::read(&bytes[..]).ok();
        let (Some(input), Some(proof)) = (input, proof.clone()) else {
            assert_ne!(found, Ok(()));
            if input.is_some() {
                assert_ne!(
                    found,
                    Err(VerifyError::Refuted),
                    "bellperson cannot read it"
                );
            }
            return false;
        };
        let theirs = verify_proof(&self.bellperson, &proof, &[input]).unwrap();
        let ours = match found {
            Ok(()) => true,
            Err(VerifyError::Refuted) => false,
            Err(error) => panic!("bellperson reads what the chain does not: {error}"),
        };
        assert_eq!(ours, theirs);
        ours
    }

    /// The verdict on the proof with `point` in place of its bytes from `at` on.
    fn with_point(&self, at: usize, point: &[u8]) -> bool {
        let mut bytes = self.proof.0;
        bytes[at..at + point.len()].copy_from_slice(point);
        self.accept(self.statement, bytes)
    }
}

/// `x + modulus` as big-endian bytes of a point's coordinate, if 381 bits hold it.
fn alias(x: &[u8]) -> Option<Vec<u8>> {
    let mut sum = vec![0; 48];
    let mut carry = 0;
    let modulus = hex::decode(MODULUS).unwrap();
    for at in (0..48).rev() {
        let total = u16::from(x[at]) + u16::from(modulus[at]) + carry;
        sum[at] = (total & 0xff) as u8;
        carry = total >> 8;
    }
    (carry == 0 && sum[0] < 0x20).then_some(sum)
}

/// Bytes of points of both groups that are on the curve but not in the subgroup, then of
/// coordinates that no point has.
fn strays() -> [Vec<Vec<u8>>; 2] {
    let (mut outside, mut off_curve) = (Vec::new(), Vec::new());
    for x in 1..12u8 {
        let mut bytes = [0; 48];
        (bytes[0], bytes[47]) = (0x80, x);
        match Option::<G1Affine>::from(G1Affine::from_compressed_unchecked(&bytes)) {
            Some(point) if !bool::from(point.is_torsion_free()) => outside.push(bytes.to_vec()),
            Some(_) => {}
            None => off_curve.push(bytes.to_vec()),
        }
        let mut bytes = [0; 96];
        (bytes[0], bytes[95]) = (0x80, x);
        match Option::<G2Affine>::from(G2Affine::from_compressed_unchecked(&bytes)) {
            Some(point) if !bool::from(point.is_torsion_free()) => outside.push(bytes.to_vec()),
            Some(_) => {}
            None => off_curve.push(bytes.to_vec()),
        }
    }
    [outside, off_curve]
}

fn params(kind: CircuitKind) -> ProverParams {
    let cache = ParamsCache::of_user().unwrap();
    cache.load_or_generate(kind, PROFILE).unwrap()
}

fn assert_same_proof(circuit: impl Circuit<Scalar> + Clone + Send, kind: CircuitKind) {
    let params = params(kind);
    for (r, s) in [
        (Scalar::from(3), Scalar::from(8)),
        (Scalar::ZERO, -Scalar::ONE),
    ] {
        let theirs =
            reference::create_proof::<Bls12, _, _>(circuit.clone(), &params.groth, r, s).unwrap();
        let ours = create_proof(circuit.clone(), &params.groth, r, s).unwrap();
        assert!(ours == theirs, "{kind:?}");
    }
}

#[test]
fn proofs_are_bellpersons_for_the_same_randomness() {
    assert_same_proof(PoeCircuit::blank(PROFILE), CircuitKind::Poe);
    assert_same_proof(PostCircuit::blank(PROFILE), CircuitKind::Post);
    assert_same_proof(SealCircuit::blank(PROFILE), CircuitKind::Seal);
}

#[test]
fn parameters_of_another_circuit_are_an_error() {
    let params = params(CircuitKind::Poe);
    let circuit = PostCircuit::blank(PROFILE);
    let outcome = create_proof(circuit, &params.groth, Scalar::ONE, Scalar::ONE);
    assert!(matches!(
        outcome,
        Err(SynthesisError::IncompatibleLengthVector(_))
    ));
}

#[test]
fn both_verifiers_agree_on_flipped_bits_and_random_bytes() {
    let both = Both::new();
    assert!(both.accept(both.statement, both.proof.0));
    let mut rng = ChaCha20Rng::from_seed([8; 32]);
    for at in 0..192 {
        let mut bytes = both.proof.0;
        bytes[at] ^= 1 << (rng.next_u32() % 8);
        assert!(!both.accept(both.statement, bytes), "byte {at}");
    }
    for (at, _) in POINTS {
        for flags in 0..8 {
            let mut bytes = both.proof.0;
            bytes[at] = bytes[at] & 0x1f | flags << 5;
            let same = bytes == both.proof.0;
            assert_eq!(both.accept(both.statement, bytes), same, "{at} {flags}");
        }
    }
    for _ in 0..100 {
        let mut bytes = [0; 192];
        rng.fill_bytes(&mut bytes);
        for (at, _) in POINTS {
            bytes[at] = bytes[at] & 0x3f | 0x80;
        }
        assert!(!both.accept(both.statement, bytes));
    }
}

#[test]
fn both_verifiers_agree_on_points_that_are_none() {
    let both = Both::new();
    let [outside, off_curve] = strays();
    for list in [&outside, &off_curve] {
        assert!(list.iter().any(|point| point.len() == 48));
        assert!(list.iter().any(|point| point.len() == 96));
    }
    for (at, length) in POINTS {
        let fitting = outside.iter().chain(&off_curve);
        for point in fitting.filter(|point| point.len() == length) {
            assert!(!both.with_point(at, point));
        }
        let mut identity = vec![0; length];
        identity[0] = 0xc0;
        assert!(!both.with_point(at, &identity));
        assert!(!both.with_point(at, &vec![0; length]));
        assert!(!both.with_point(at, &vec![0xff; length]));
    }
}

#[test]
fn both_verifiers_agree_on_other_encodings_of_the_same_point() {
    let both = Both::new();
    let mut aliases = 0;
    for factor in 1..60u64 {
        let point = (G1Projective::generator() * Scalar::from(factor)).to_affine();
        let bytes = point.to_compressed();
        let flags = bytes[0] & 0xe0;
        let mut x = bytes;
        x[0] &= 0x1f;
        let Some(mut other) = alias(&x) else { continue };
        other[0] |= flags;
        aliases += 1;
        // The true encoding is read and refuted, the other one is not read.
        assert!(!both.with_point(0, &bytes));
        assert!(!both.with_point(144, &other));
        let mut changed = both.proof.0;
        changed[..48].copy_from_slice(&other);
        let found = verify(&both.chain, &both.statement, &ProofBytes(changed));
        assert!(matches!(found, Err(VerifyError::Encoding(_))), "{found:?}");
    }
    assert!(
        aliases > 0,
        "no point with a small coordinate among the first"
    );
    // The modulus itself in place of 0, with and without the sign.
    let mut modulus = hex::decode(MODULUS).unwrap();
    for flag in [0x80, 0xa0] {
        modulus[0] = modulus[0] & 0x1f | flag;
        assert!(!both.with_point(0, &modulus));
    }
    // Points of the other group's length are cut or overlap; −A is a point but refutes.
    let a = Option::<G1Affine>::from(G1Affine::from_compressed(
        both.proof.0[..48].try_into().unwrap(),
    ));
    assert!(!both.with_point(0, &(-a.unwrap()).to_compressed()));
    assert!(!both.with_point(48, &G2Affine::generator().to_compressed()));
}

#[test]
fn both_verifiers_agree_on_statements() {
    let both = Both::new();
    let own = scalar_from_bytes(&both.statement.0).unwrap();
    for other in [own + Scalar::ONE, -own, Scalar::ZERO, -Scalar::ONE] {
        assert!(!both.accept(Statement(scalar_to_bytes(&other)), both.proof.0));
    }
    let mut order = scalar_to_bytes(&-Scalar::ONE);
    order[0] += 1;
    // The same residue, the group order higher, if 256 bits hold it.
    let mut alias = [0; 32];
    let mut carry = 0;
    for at in 0..32 {
        let total = u16::from(order[at]) + u16::from(both.statement.0[at]) + carry;
        alias[at] = (total & 0xff) as u8;
        carry = total >> 8;
    }
    assert_eq!(carry, 0, "twice the order is below 2^256");
    for bytes in [order, alias, [0xff; 32]] {
        assert!(!both.accept(Statement(bytes), both.proof.0));
    }
}

#[test]
fn a_proof_has_one_length() {
    let both = Both::new();
    let mut long = both.proof.0.to_vec();
    long.push(0);
    for bytes in [&long[..191], &long[..]] {
        assert!(<[u8; 192]>::try_from(bytes).is_err());
        assert!(Proof::<Bls12>::read_many(bytes, 1).is_err());
    }
}
