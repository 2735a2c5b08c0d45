//! Verifying keys in canonical bytes.
//!
//! Layout, version 1, [`VERIFYING_KEY_BYTES`] in all: version ‖ kind ‖ profile ‖ flags (bit 0:
//! insecure set-up) ‖ α (48) ‖ β (96) ‖ γ (96) ‖ δ (96) ‖ IC0 (48) ‖ IC1 (48), points compressed.
//! Exactly two IC points: a key for another number of inputs has another length and is refused.

use ark_ec::{pairing::Pairing, AffineRepr};
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use ips_primitives::{hash::blake2_256, id::VerifyingKeyId, sector::ProfileId};
use scale_info::TypeInfo;

use super::{CircuitKind, G1_BYTES, G2_BYTES};

/// First byte of a canonical key.
pub const KEY_VERSION: u8 = 1;
/// Bytes of a canonical key.
pub const VERIFYING_KEY_BYTES: usize = HEADER_BYTES + 3 * G1_BYTES + 3 * G2_BYTES;
pub(super) const HEADER_BYTES: usize = 4;
const FLAG_INSECURE: u8 = 1;

/// A point of a verifying key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPoint {
    /// α in G1.
    Alpha,
    /// β in G2.
    Beta,
    /// γ in G2.
    Gamma,
    /// δ in G2.
    Delta,
    /// The constant's point in G1.
    Ic0,
    /// The input's point in G1.
    Ic1,
}

/// Why the bytes are no verifying key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Another number of bytes.
    #[error("a key of one public input has another length; export it again with ips-proofs")]
    Length,
    /// An unknown version.
    #[error("key version {0} is unknown; upgrade the runtime or export the key again")]
    Version(u8),
    /// An unknown circuit.
    #[error("circuit kind {0} is unknown; export the key again with ips-proofs")]
    Kind(u8),
    /// An unknown profile.
    #[error("profile {0} is unknown; upgrade the runtime or export the key again")]
    Profile(u8),
    /// Flag bits without a meaning.
    #[error("flags {0:#04x} are unknown; upgrade the runtime or export the key again")]
    Flags(u8),
    /// Not the canonical encoding of a point of the curve.
    #[error("{0:?} is not a compressed curve point; export the key again")]
    Encoding(KeyPoint),
    /// A point of the curve outside the prime-order subgroup.
    #[error("{0:?} is not in the prime-order subgroup; do not use this key")]
    Subgroup(KeyPoint),
    /// The point at infinity.
    #[error("{0:?} is the identity; do not use this key")]
    Identity(KeyPoint),
    /// The pairing of α and β is degenerate, or prepared bytes hold no field elements.
    #[error("the prepared key is damaged; set the verifying key again")]
    Prepared,
}

/// What a key says about itself before its points.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct KeyHeader {
    /// The relation.
    pub kind: CircuitKind,
    /// The sizes it was made for.
    pub profile: ProfileId,
    /// Whether anybody can forge proofs, because the set-up was public.
    pub insecure: bool,
}

impl KeyHeader {
    pub(super) fn to_bytes(self, version: u8) -> [u8; HEADER_BYTES] {
        [
            version,
            self.kind as u8,
            self.profile as u8,
            u8::from(self.insecure) * FLAG_INSECURE,
        ]
    }

    pub(super) fn parse(bytes: [u8; HEADER_BYTES], version: u8) -> Result<Self, KeyError> {
        let [found, kind, profile, flags] = bytes;
        if found != version {
            return Err(KeyError::Version(found));
        }
        let kind = CircuitKind::from_byte(kind).ok_or(KeyError::Kind(kind))?;
        let profile = ProfileId::from_byte(profile).ok_or(KeyError::Profile(profile))?;
        if flags & !FLAG_INSECURE != 0 {
            return Err(KeyError::Flags(flags));
        }
        Ok(Self {
            kind,
            profile,
            insecure: flags == FLAG_INSECURE,
        })
    }
}

/// A checked key over arkworks' own pairing.
pub type VerifyingKey = VerifyingKeyOver<ark_bls12_381::Bls12_381>;

/// A checked verifying key: every point in its subgroup and none the identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifyingKeyOver<P: Pairing> {
    pub(super) header: KeyHeader,
    pub(super) alpha: P::G1Affine,
    pub(super) beta: P::G2Affine,
    pub(super) gamma: P::G2Affine,
    pub(super) delta: P::G2Affine,
    pub(super) ic: [P::G1Affine; 2],
}

/// Parses and checks canonical bytes, over arkworks' own pairing.
///
/// # Errors
/// The first check that fails.
pub fn parse_verifying_key(bytes: &[u8]) -> Result<VerifyingKey, KeyError> {
    VerifyingKey::parse(bytes)
}

impl<P: Pairing> VerifyingKeyOver<P> {
    /// Parses and checks canonical bytes.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes: &[u8; VERIFYING_KEY_BYTES] = bytes.try_into().map_err(|_| KeyError::Length)?;
        let [b0, b1, b2, b3, points @ ..] = bytes;
        let header = KeyHeader::parse([*b0, *b1, *b2, *b3], KEY_VERSION)?;
        let rest = &mut points.as_slice();
        Ok(Self {
            header,
            alpha: point(rest, KeyPoint::Alpha)?,
            beta: point(rest, KeyPoint::Beta)?,
            gamma: point(rest, KeyPoint::Gamma)?,
            delta: point(rest, KeyPoint::Delta)?,
            ic: [point(rest, KeyPoint::Ic0)?, point(rest, KeyPoint::Ic1)?],
        })
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> [u8; VERIFYING_KEY_BYTES] {
        let mut bytes = [0; VERIFYING_KEY_BYTES];
        bytes[..HEADER_BYTES].copy_from_slice(&self.header.to_bytes(KEY_VERSION));
        let mut rest = &mut bytes[HEADER_BYTES..];
        let written = self
            .alpha
            .serialize_compressed(&mut rest)
            .and_then(|()| self.beta.serialize_compressed(&mut rest))
            .and_then(|()| self.gamma.serialize_compressed(&mut rest))
            .and_then(|()| self.delta.serialize_compressed(&mut rest))
            .and_then(|()| self.ic[0].serialize_compressed(&mut rest))
            .and_then(|()| self.ic[1].serialize_compressed(&mut rest));
        written.expect("three points of 48 and three of 96 bytes fill the array");
        bytes
    }

    /// BLAKE2b-256 of the canonical bytes.
    pub fn id(&self) -> VerifyingKeyId {
        VerifyingKeyId(blake2_256(&[&self.to_bytes()]))
    }

    /// The relation.
    pub fn kind(&self) -> CircuitKind {
        self.header.kind
    }

    /// The profile.
    pub fn profile(&self) -> ProfileId {
        self.header.profile
    }

    /// Whether anybody can forge proofs.
    pub fn is_insecure(&self) -> bool {
        self.header.insecure
    }
}

/// Why one point is refused; the caller says which point it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PointError {
    Encoding,
    Subgroup,
    Identity,
}

/// Reads one compressed point and checks it: canonical, on the curve, not the identity, in the
/// subgroup. `Validate::Yes` of the curve's reader would not tell the reasons apart.
pub(super) fn checked_point<G>(reader: &mut &[u8]) -> Result<G, PointError>
where
    G: AffineRepr + CanonicalDeserialize,
{
    let point = G::deserialize_compressed_unchecked(reader).map_err(|_| PointError::Encoding)?;
    if point.is_zero() {
        return Err(PointError::Identity);
    }
    point.check().map_err(|_| PointError::Subgroup)?;
    Ok(point)
}

fn point<G: AffineRepr>(reader: &mut &[u8], name: KeyPoint) -> Result<G, KeyError> {
    checked_point(reader).map_err(|error| match error {
        PointError::Encoding => KeyError::Encoding(name),
        PointError::Subgroup => KeyError::Subgroup(name),
        PointError::Identity => KeyError::Identity(name),
    })
}
