//! The pairing equation, for one proof and for several of one key.

use alloc::vec::Vec;

use ark_ec::{
    pairing::{MillerLoopOutput, Pairing, PairingOutput},
    AffineRepr, CurveGroup,
};
use ark_ff::Zero;
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
/// The coefficients are 128 bits drawn from all bytes of the batch, so a batch with a bad proof
/// passes with probability 2^-128 at most. Says only that one is bad, not which.
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
    let mut total = P::ScalarField::zero();
    for (proof, coefficient) in proofs.iter().zip(coefficients(key, batch)) {
        left.push((proof.a.into_group() * P::ScalarField::from(coefficient)).into_affine());
        right.push(proof.b);
        let coefficient = P::ScalarField::from(coefficient);
        c += proof.c.into_group() * coefficient;
        inputs += coefficient * proof.input;
        total += coefficient;
    }
    let input_point = key.ic[0].into_group() * total + key.ic[1].into_group() * inputs;
    left.extend([input_point.into_affine(), c.into_affine()]);
    right.extend([key.gamma_neg, key.delta_neg]);
    conclude(P::multi_miller_loop(left, right), key.alpha_beta * total)
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

fn coefficients<'a, P: Pairing>(
    key: &PreparedKeyOver<P>,
    batch: &'a [(Statement, ProofBytes)],
) -> impl Iterator<Item = u128> + 'a {
    let id = key.id();
    let mut parts: Vec<&[u8]> = Vec::with_capacity(2 + 2 * batch.len());
    parts.extend([b"ips/batch/1".as_slice(), &id.0]);
    parts.extend(
        batch
            .iter()
            .flat_map(|(statement, proof)| [&statement.0[..], &proof.0[..]]),
    );
    let seed = blake2_256(&parts);
    (0u32..).take(batch.len()).map(move |index| {
        let digest = blake2_256(&[b"ips/batch-coefficient/1", &seed, &index.to_le_bytes()]);
        let mut low = [0; 16];
        low.copy_from_slice(&digest[..16]);
        u128::from_le_bytes(low)
    })
}
