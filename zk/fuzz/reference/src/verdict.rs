//! The verdicts of bellperson and blst, in the words of `ips-verifier`.
//!
//! Goal: predict not only whether the verifier accepts, but its very error, from independent code.

use bellperson::groth16::{
    prepare_verifying_key, verify_proof, PreparedVerifyingKey, Proof, VerifyingKey,
};
use blstrs::{Bls12, G1Affine, G2Affine, Scalar};
use ff::PrimeField;
use group::prime::PrimeCurveAffine;
use ips_verifier::groth16::{KeyError, KeyPoint, ProofPoint, VerifyError};

/// Bytes of a verifying key before its points.
const KEY_HEADER_BYTES: usize = 4;
/// Bytes of a compressed point of G1.
const G1_BYTES: usize = 48;

/// What is wrong with the bytes of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// No canonical encoding of a point of the curve.
    Encoding,
    /// The point at infinity.
    Identity,
    /// Outside the prime-order subgroup.
    Subgroup,
}

/// Reads a point of G1 by blst.
///
/// # Errors
/// The flaw that the verifier must name.
pub fn g1(bytes: &[u8]) -> Result<G1Affine, Flaw> {
    let bytes: &[u8; G1_BYTES] = bytes.try_into().map_err(|_| Flaw::Encoding)?;
    let point = Option::<G1Affine>::from(G1Affine::from_compressed_unchecked(bytes));
    // (0, ±2) is a point of the curve of order 3; blst refuses to decompress it.
    let of_order_three = matches!(bytes, [0x80 | 0xa0, rest @ ..] if rest == &[0; G1_BYTES - 1]);
    let point = point.ok_or(if of_order_three {
        Flaw::Subgroup
    } else {
        Flaw::Encoding
    })?;
    match (point.is_identity().into(), point.is_torsion_free().into()) {
        (true, _) => Err(Flaw::Identity),
        (_, false) => Err(Flaw::Subgroup),
        _ => Ok(point),
    }
}

/// Reads a point of G2 by blst.
///
/// # Errors
/// The flaw that the verifier must name.
pub fn g2(bytes: &[u8]) -> Result<G2Affine, Flaw> {
    let bytes = bytes.try_into().map_err(|_| Flaw::Encoding)?;
    let point = Option::<G2Affine>::from(G2Affine::from_compressed_unchecked(bytes));
    let point = point.ok_or(Flaw::Encoding)?;
    match (point.is_identity().into(), point.is_torsion_free().into()) {
        (true, _) => Err(Flaw::Identity),
        (_, false) => Err(Flaw::Subgroup),
        _ => Ok(point),
    }
}

/// A verifying key as bellperson reads it.
pub struct Reference(PreparedVerifyingKey<Bls12>);

impl Reference {
    /// Reads the points of a canonical key whose header is right.
    ///
    /// # Errors
    /// What `ips-verifier` must say about the first bad point.
    pub fn new(key: &[u8]) -> Result<Self, KeyError> {
        let mut rest = key.get(KEY_HEADER_BYTES..).ok_or(KeyError::Length)?;
        let mut take = |length: usize| {
            let (point, after) = rest.split_at_checked(length).ok_or(KeyError::Length)?;
            rest = after;
            Ok(point)
        };
        let name = |point| {
            move |flaw| match flaw {
                Flaw::Encoding => KeyError::Encoding(point),
                Flaw::Identity => KeyError::Identity(point),
                Flaw::Subgroup => KeyError::Subgroup(point),
            }
        };
        let alpha_g1 = g1(take(G1_BYTES)?).map_err(name(KeyPoint::Alpha))?;
        let beta_g2 = g2(take(2 * G1_BYTES)?).map_err(name(KeyPoint::Beta))?;
        let gamma_g2 = g2(take(2 * G1_BYTES)?).map_err(name(KeyPoint::Gamma))?;
        let delta_g2 = g2(take(2 * G1_BYTES)?).map_err(name(KeyPoint::Delta))?;
        let ic = [
            g1(take(G1_BYTES)?).map_err(name(KeyPoint::Ic0))?,
            g1(take(G1_BYTES)?).map_err(name(KeyPoint::Ic1))?,
        ];
        Ok(Self(prepare_verifying_key(&VerifyingKey {
            alpha_g1,
            // Of the prover only: verification never reads them.
            beta_g1: G1Affine::generator(),
            beta_g2,
            gamma_g2,
            delta_g1: G1Affine::generator(),
            delta_g2,
            ic: ic.to_vec(),
        })))
    }

    /// The verdict on bytes of the right lengths.
    ///
    /// # Errors
    /// What `ips-verifier` must say.
    pub fn verify(&self, statement: [u8; 32], proof: &[u8; 192]) -> Result<(), VerifyError> {
        let input = Option::<Scalar>::from(Scalar::from_repr(statement));
        let input = input.ok_or(VerifyError::Statement)?;
        let name = |point| {
            move |flaw| match flaw {
                Flaw::Encoding => VerifyError::Encoding(point),
                Flaw::Identity => VerifyError::Identity(point),
                Flaw::Subgroup => VerifyError::Subgroup(point),
            }
        };
        let whole = Proof::<Bls12>::read(&proof[..]).ok();
        let parts = (|| {
            Ok(Proof::<Bls12> {
                a: g1(&proof[..48]).map_err(name(ProofPoint::A))?,
                b: g2(&proof[48..144]).map_err(name(ProofPoint::B))?,
                c: g1(&proof[144..]).map_err(name(ProofPoint::C))?,
            })
        })();
        // bellperson's own reader must agree with the three points read one by one.
        assert_eq!(whole, parts.as_ref().ok().cloned());
        match verify_proof(&self.0, &parts?, &[input]) {
            Ok(true) => Ok(()),
            Ok(false) => Err(VerifyError::Refuted),
            Err(error) => panic!("one input is what the key asks for: {error}"),
        }
    }
}
