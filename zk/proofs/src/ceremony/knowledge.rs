//! The secret of one contribution, and the proof that its maker knows it.
//!
//! The proof is `s`, `s·secret` in G1 and `r·secret` in G2, where `r` is hashed from everything before
//! the contribution and from `s` and `s·secret`: nobody can answer for an `r` without the secret, and
//! an answer is of no use at another place (2017/1050, section 3.1; Sapling's set-up).

use blstrs::{G1Affine, G1Projective, G2Affine, G2Projective, Scalar};
use ff::Field;
use group::{prime::PrimeCurveAffine, Curve, Group};
use ips_primitives::hash::blake2_256;
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use zeroize::Zeroize;

use super::{
    error::Fault,
    points::{g1_compressed, g2_compressed, same_ratio},
    record::CeremonyHash,
};

/// Bytes of a proof of knowledge: two points of G1, one of G2, compressed.
pub(super) const KNOWLEDGE_BYTES: usize = 2 * 48 + 96;
/// Domain of the hash to G2 (RFC 9380's suite; our tag).
const DOMAIN: &[u8] = b"IPS-CEREMONY-V01-CS01-with-BLS12381G2_XMD:SHA-256_SSWU_RO_";

/// What one contributor multiplies δ by, and must forget.
pub struct Secret {
    pub(super) delta: Scalar,
    s: Scalar,
}

impl Secret {
    /// A secret from the system's randomness and whatever the contributor adds: unpredictable if one
    /// of the two is.
    pub fn from_entropy(user: &[u8], rng: &mut impl RngCore) -> Self {
        let mut system = [0u8; 64];
        rng.fill_bytes(&mut system);
        let mut seed = blake2_256(&[b"ips/ceremony/entropy/1", &system, user]);
        let secret = Self::from_seed(seed);
        system.zeroize();
        seed.zeroize();
        secret
    }

    /// The secret of a seed. Neither 0, which would break every proof, nor 1, which is none.
    pub(super) fn from_seed(seed: [u8; 32]) -> Self {
        let mut rng = ChaCha20Rng::from_seed(seed);
        let mut draw = || loop {
            let value = Scalar::random(&mut rng);
            if value != Scalar::ZERO && value != Scalar::ONE {
                break value;
            }
        };
        Self {
            delta: draw(),
            s: draw(),
        }
    }

    #[cfg(test)]
    pub(super) fn of(delta: Scalar) -> Self {
        let s = Scalar::from(7);
        Self { delta, s }
    }

    /// Proves knowledge of the secret after everything that `before` is the hash of.
    pub(super) fn prove(&self, before: CeremonyHash) -> Knowledge {
        let s = (G1Projective::generator() * self.s).to_affine();
        let s_delta = (s * self.delta).to_affine();
        let r_delta = (challenge(before, &s, &s_delta) * self.delta).to_affine();
        Knowledge {
            s,
            s_delta,
            r_delta,
        }
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        // As much as safe code can do: copies in registers and on the stack remain.
        self.delta = Scalar::ZERO;
        self.s = Scalar::ZERO;
        std::hint::black_box((&self.delta, &self.s));
    }
}

/// The proof of knowledge of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Knowledge {
    s: G1Affine,
    s_delta: G1Affine,
    r_delta: G2Affine,
}

impl Knowledge {
    /// Checks that the maker knew a secret after `before`, and that it is the ratio of `deltas`.
    pub(super) fn check(
        &self,
        before: CeremonyHash,
        deltas: (&G1Affine, &G1Affine),
    ) -> Result<(), Fault> {
        let r = challenge(before, &self.s, &self.s_delta).to_affine();
        if !same_ratio((&self.s, &self.s_delta), (&r, &self.r_delta)) {
            return Err(Fault::Knowledge);
        }
        if !same_ratio(deltas, (&r, &self.r_delta)) {
            return Err(Fault::Ratio);
        }
        Ok(())
    }

    pub(super) fn to_bytes(self) -> [u8; KNOWLEDGE_BYTES] {
        let mut bytes = [0; KNOWLEDGE_BYTES];
        bytes[..48].copy_from_slice(&self.s.to_compressed());
        bytes[48..96].copy_from_slice(&self.s_delta.to_compressed());
        bytes[96..].copy_from_slice(&self.r_delta.to_compressed());
        bytes
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            s: g1_compressed(bytes.get(..48)?)?,
            s_delta: g1_compressed(bytes.get(48..96)?)?,
            r_delta: g2_compressed(bytes.get(96..)?)?,
        })
    }
}

/// The point that only who knows the secret can multiply.
fn challenge(before: CeremonyHash, s: &G1Affine, s_delta: &G1Affine) -> G2Projective {
    let message = [&before.0[..], &s.to_compressed(), &s_delta.to_compressed()].concat();
    G2Projective::hash_to_curve(&message, DOMAIN, &[])
}

/// δ before the first contribution.
pub(super) fn first_delta() -> G1Affine {
    G1Affine::generator()
}
