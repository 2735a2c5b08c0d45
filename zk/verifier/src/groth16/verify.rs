//! The pairing equation, for one proof and for several of one key.

use alloc::vec::Vec;

use ark_ec::{
    pairing::{MillerLoopOutput, Pairing, PairingOutput},
    AffineRepr, CurveGroup,
};
use ark_ff::{Field, One, Zero};
use ark_serialize::CanonicalDeserialize;
use ips_primitives::{
    hash::blake2_256,
    sector::{ProofBytes, Statement},
};

use super::{
    key::{checked_point, PointError},
    prepared::PreparedKeyOver,
};

/// Most proofs of one batch: bounds the memory of the Miller loops.
pub const BATCH_MAX: usize = 64;

/// A point of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofPoint {
    /// A in G1.
    A,
    /// B in G2.
    B,
    /// C in G1.
    C,
}

/// Why a proof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Not the canonical encoding of a point of the curve.
    #[error("{0:?} is not a compressed curve point; send the prover's bytes unchanged")]
    Encoding(ProofPoint),
    /// A point of the curve outside the prime-order subgroup.
    #[error("{0:?} is not in the prime-order subgroup; send the prover's bytes unchanged")]
    Subgroup(ProofPoint),
    /// The point at infinity.
    #[error("{0:?} is the identity; send the prover's bytes unchanged")]
    Identity(ProofPoint),
    /// The statement is not a canonical scalar.
    #[error("the statement is not a canonical scalar; compute it with ips-verifier")]
    Statement,
    /// The equation does not hold.
    #[error("the proof does not show the statement; prove it again with this key and statement")]
    Refuted,
    /// No proof, or too many.
    #[error("a batch has 1 to {BATCH_MAX} proofs; split it")]
    BatchSize,
}

struct Proof<P: Pairing> {
    a: P::G1Affine,
    b: P::G2Affine,
    c: P::G1Affine,
    input: P::ScalarField,
}

impl<P: Pairing> Proof<P> {
    fn parse(statement: &Statement, proof: &ProofBytes) -> Result<Self, VerifyError> {
        let input = P::ScalarField::deserialize_compressed(statement.0.as_slice())
            .map_err(|_| VerifyError::Statement)?;
        let reader = &mut proof.0.as_slice();
        Ok(Self {
            a: point(reader, ProofPoint::A)?,
            b: point(reader, ProofPoint::B)?,
            c: point(reader, ProofPoint::C)?,
            input,
        })
    }
}

fn point<G: AffineRepr>(reader: &mut &[u8], name: ProofPoint) -> Result<G, VerifyError> {
    checked_point(reader).map_err(|error| match error {
        PointError::Encoding => VerifyError::Encoding(name),
        PointError::Subgroup => VerifyError::Subgroup(name),
        PointError::Identity => VerifyError::Identity(name),
    })
}

/// Checks that `proof` shows `statement` under `key`: e(A,B) · e(IC(x),−γ) · e(C,−δ) = e(α,β).
///
/// # Errors
/// Why it does not.
pub fn verify<P: Pairing>(
    key: &PreparedKeyOver<P>,
    statement: &Statement,
    proof: &ProofBytes,
) -> Result<(), VerifyError> {
    let proof = Proof::<P>::parse(statement, proof)?;
    let input_point = key.ic[0].into_group() + key.ic[1].into_group() * proof.input;
    let looped = P::multi_miller_loop(
        [proof.a, input_point.into_affine(), proof.c],
        [proof.b, key.gamma_neg, key.delta_neg],
    );
    conclude(looped, key.alpha_beta)
}

/// Checks all proofs of a key: one by itself, several as a batch.
///
/// # Errors
/// As [`verify`] and [`verify_batch`].
pub fn verify_all<P: Pairing>(
    key: &PreparedKeyOver<P>,
    batch: &[(Statement, ProofBytes)],
) -> Result<(), VerifyError> {
    match batch {
        [(statement, proof)] => verify(key, statement, proof),
        batch => verify_batch(key, batch),
    }
}

/// Checks all proofs at once by a random linear combination; costs n + 2 Miller loops.
///
/// The coefficients are drawn from all bytes of the batch, all but the last, which makes their sum one:
/// then e(α,β) needs no power. If the equations fail by factors that are not all the same, a bad batch
/// passes with probability 2^-128 at most, whatever the last coefficient follows from; if they all fail
/// by the same factor, the sum fails by it too. Says only that one is bad, not which.
///
/// # Errors
/// [`VerifyError::BatchSize`], the first proof that does not parse, or [`VerifyError::Refuted`].
pub fn verify_batch<P: Pairing>(
    key: &PreparedKeyOver<P>,
    batch: &[(Statement, ProofBytes)],
) -> Result<(), VerifyError> {
    if batch.is_empty() || batch.len() > BATCH_MAX {
        return Err(VerifyError::BatchSize);
    }
    let proofs = batch
        .iter()
        .map(|(statement, proof)| Proof::<P>::parse(statement, proof))
        .collect::<Result<Vec<_>, _>>()?;
    let mut left = Vec::with_capacity(proofs.len() + 2);
    let mut right = Vec::with_capacity(proofs.len() + 2);
    let mut c = P::G1::zero();
    let mut inputs = P::ScalarField::zero();
    for (proof, coefficient) in proofs.iter().zip(coefficients(key, batch)) {
        let multiple = |point: P::G1Affine| match coefficient.is_negative {
            true => -(point.into_group() * coefficient.size),
            false => point.into_group() * coefficient.size,
        };
        left.push(multiple(proof.a).into_affine());
        right.push(proof.b);
        c += multiple(proof.c);
        inputs += coefficient.value() * proof.input;
    }
    let input_point = key.ic[0].into_group() + key.ic[1].into_group() * inputs;
    left.extend([input_point.into_affine(), c.into_affine()]);
    right.extend([key.gamma_neg, key.delta_neg]);
    conclude(P::multi_miller_loop(left, right), key.alpha_beta)
}

fn conclude<P: Pairing>(
    looped: MillerLoopOutput<P>,
    expected: PairingOutput<P>,
) -> Result<(), VerifyError> {
    match P::final_exponentiation(looped) {
        Some(found) if found == expected => Ok(()),
        _ => Err(VerifyError::Refuted),
    }
}

/// The square of the curve's parameter. Minus one it is an eigenvalue λ of the endomorphism of G1, by
/// which arkworks multiplies with a + b·λ in as many doublings as a and b have bits.
const PARAMETER_SQUARED: u128 = 0xd201_0000_0001_0000 * 0xd201_0000_0001_0000;

/// A factor of one proof's equation. Its sign is kept apart, because a negative scalar is a long one.
struct Coefficient<F> {
    is_negative: bool,
    size: F,
}

impl<F: Field> Coefficient<F> {
    fn value(&self) -> F {
        match self.is_negative {
            true => -self.size,
            false => self.size,
        }
    }
}

/// One coefficient per proof: a + b·λ with 64-bit a and b, which are 2^128 different scalars (a vector of
/// the lattice of λ is longer than 2^64); the last is one less all others.
fn coefficients<P: Pairing>(
    key: &PreparedKeyOver<P>,
    batch: &[(Statement, ProofBytes)],
) -> Vec<Coefficient<P::ScalarField>> {
    let id = key.id();
    let mut parts: Vec<&[u8]> = Vec::with_capacity(2 + 2 * batch.len());
    parts.extend([b"ips/batch/1".as_slice(), &id.0]);
    parts.extend(
        batch
            .iter()
            .flat_map(|(statement, proof)| [&statement.0[..], &proof.0[..]]),
    );
    let seed = blake2_256(&parts);
    let eigenvalue = P::ScalarField::from(PARAMETER_SQUARED) - P::ScalarField::one();
    let mut excess = -P::ScalarField::one();
    let mut coefficients: Vec<_> = (1u32..)
        .take(batch.len() - 1)
        .map(|index| {
            let digest = blake2_256(&[b"ips/batch-coefficient/1", &seed, &index.to_le_bytes()]);
            let half = |at: usize| {
                let mut word = [0; 8];
                word.copy_from_slice(&digest[at..at + 8]);
                P::ScalarField::from(u64::from_le_bytes(word))
            };
            let size = half(0) + half(8) * eigenvalue;
            excess += size;
            Coefficient {
                is_negative: false,
                size,
            }
        })
        .collect();
    coefficients.push(Coefficient {
        is_negative: true,
        size: excess,
    });
    coefficients
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groth16::tests::prepared;
    use ark_bls12_381::{g1::Config, Fr};
    use ark_ec::scalar_mul::glv::GLVConfig;
    use ark_ff::{BigInteger, PrimeField};

    #[test]
    fn coefficients_are_short_for_the_endomorphism_and_their_sum_is_one() {
        let eigenvalue = Fr::from(PARAMETER_SQUARED) - Fr::one();
        assert_eq!(eigenvalue * eigenvalue + eigenvalue, -Fr::one());
        let key = prepared(1);
        let statement = Statement([1; 32]);
        let batch = vec![(statement, ProofBytes([2; 192])); 9];
        let drawn = coefficients(&key, &batch);
        let values: Vec<Fr> = drawn.iter().map(Coefficient::value).collect();
        assert_eq!(values.iter().sum::<Fr>(), Fr::one());
        for (i, coefficient) in drawn.iter().enumerate() {
            let ((_, a), (_, b)) = Config::scalar_decomposition(coefficient.size);
            let bits = [a, b].map(|part| part.into_bigint().num_bits());
            assert!(bits.iter().all(|bits| *bits <= 68), "{i}: {bits:?}");
            assert!(!values[..i].contains(&values[i]));
        }
        assert_eq!(coefficients(&key, &batch[..1])[0].value(), Fr::one());
        assert_ne!(coefficients(&key, &batch[..8])[0].value(), values[0]);
    }
}
