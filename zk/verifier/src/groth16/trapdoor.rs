//! A key whose secrets are known, so that a proof of any statement is a few multiplications.
//!
//! Goal: benchmarks and runtime tests bring proofs that verify, in WASM too, where no prover runs;
//! they cost the chain what a prover's proofs cost. Non-goal: any other use. Compiled only with the
//! feature `weights`; the keys say that they are insecure.

use ark_bls12_381::{G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{Field, PrimeField};
use ark_serialize::CanonicalSerialize;
use ips_primitives::{
    hash::blake2_256,
    sector::{ProfileId, ProofBytes, Statement},
};

use super::{key::KeyHeader, CircuitKind, VerifyError, VerifyingKey, G1_BYTES, G2_BYTES};
use crate::hash::{scalar_from_bytes, Scalar};

/// A verifying key and the discrete logarithms of its points.
pub struct TrapdoorKey {
    header: KeyHeader,
    alpha: Scalar,
    beta: Scalar,
    gamma: Scalar,
    delta: Scalar,
    ic: [Scalar; 2],
}

/// A scalar that nobody would meet by chance.
fn draw(name: &str, context: &[u8]) -> Scalar {
    let digest = blake2_256(&[b"ips/trapdoor/1", name.as_bytes(), context]);
    Scalar::from_le_bytes_mod_order(&digest)
}

fn in_g1(scalar: Scalar) -> G1Affine {
    (G1Affine::generator() * scalar).into_affine()
}

fn in_g2(scalar: Scalar) -> G2Affine {
    (G2Affine::generator() * scalar).into_affine()
}

impl TrapdoorKey {
    /// The one key of a profile and circuit.
    pub fn new(profile: ProfileId, kind: CircuitKind) -> Self {
        let context = [profile as u8, kind as u8];
        let secret = |name: &str| draw(name, &context);
        Self {
            header: KeyHeader {
                kind,
                profile,
                insecure: true,
            },
            alpha: secret("alpha"),
            beta: secret("beta"),
            gamma: secret("gamma"),
            delta: secret("delta"),
            ic: [secret("ic0"), secret("ic1")],
        }
    }

    /// The verifying key.
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey {
            header: self.header,
            alpha: in_g1(self.alpha),
            beta: in_g2(self.beta),
            gamma: in_g2(self.gamma),
            delta: in_g2(self.delta),
            ic: self.ic.map(in_g1),
        }
    }

    /// A proof of any statement, true or not.
    ///
    /// # Errors
    /// If the statement is not a canonical scalar.
    pub fn prove(&self, statement: &Statement) -> Result<ProofBytes, VerifyError> {
        let input = scalar_from_bytes(&statement.0).ok_or(VerifyError::Statement)?;
        let (a, b) = (draw("a", &statement.0), draw("b", &statement.0));
        let inputs = (self.ic[0] + self.ic[1] * input) * self.gamma;
        let inverse = self.delta.inverse().ok_or(VerifyError::Refuted)?;
        let c = (a * b - self.alpha * self.beta - inputs) * inverse;

        let mut bytes = [0; 2 * G1_BYTES + G2_BYTES];
        let mut rest = bytes.as_mut_slice();
        let written = in_g1(a)
            .serialize_compressed(&mut rest)
            .and_then(|()| in_g2(b).serialize_compressed(&mut rest))
            .and_then(|()| in_g1(c).serialize_compressed(&mut rest));
        written.expect("two points of 48 and one of 96 bytes fill the array");
        Ok(ProofBytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groth16::{verify, verify_batch, PreparedKey};

    #[test]
    fn its_proofs_are_of_their_statement_and_key_only() {
        let key = TrapdoorKey::new(ProfileId::Dev, CircuitKind::Post);
        let prepared = PreparedKey::from_verifying_key(&key.verifying_key().to_bytes()).unwrap();
        let (one, two) = (Statement([1; 32]), Statement([2; 32]));
        let proof = key.prove(&one).unwrap();
        assert_eq!(verify(&prepared, &one, &proof), Ok(()));
        assert_eq!(verify(&prepared, &two, &proof), Err(VerifyError::Refuted));
        let batch = [(one, proof), (two, key.prove(&two).unwrap())];
        assert_eq!(verify_batch(&prepared, &batch), Ok(()));
        let other = TrapdoorKey::new(ProfileId::Dev, CircuitKind::Seal);
        let forged = other.prove(&one).unwrap();
        assert_eq!(verify(&prepared, &one, &forged), Err(VerifyError::Refuted));
        assert_eq!(
            key.prove(&Statement([0xff; 32])),
            Err(VerifyError::Statement)
        );
    }

    #[test]
    fn its_keys_say_that_they_are_insecure() {
        let key = TrapdoorKey::new(ProfileId::Test, CircuitKind::Poe).verifying_key();
        assert!(key.is_insecure());
        assert_eq!(key.kind(), CircuitKind::Poe);
        assert_eq!(key.profile(), ProfileId::Test);
    }
}
