//! Prepared keys: what a chain stores, so that a proof costs three Miller loops and no key work.
//!
//! Layout, version 1, [`PREPARED_KEY_BYTES`] in all: version ‖ kind ‖ profile ‖ flags ‖ key id (32)
//! ‖ e(α,β) (576) ‖ −γ (192) ‖ −δ (192) ‖ IC0 (96) ‖ IC1 (96), uncompressed.

use ark_ec::{
    pairing::{Pairing, PairingOutput},
    AffineRepr, CurveGroup,
};
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use ips_primitives::{id::VerifyingKeyId, sector::ProfileId};
use scale_info::TypeInfo;

use super::{
    key::{KeyHeader, HEADER_BYTES},
    CircuitKind, KeyError, VerifyingKeyOver, G1_BYTES, G2_BYTES,
};

/// First byte of a prepared key.
pub const PREPARED_KEY_VERSION: u8 = 1;
/// Bytes of a prepared key.
pub const PREPARED_KEY_BYTES: usize =
    POINTS_AT + GT_BYTES + 2 * (2 * G2_BYTES) + 2 * (2 * G1_BYTES);
const ID_BYTES: usize = 32;
const POINTS_AT: usize = HEADER_BYTES + ID_BYTES;
const GT_BYTES: usize = 12 * G1_BYTES;

/// A prepared key as bytes of fixed length, for chain storage.
///
/// Trusted: only [`PreparedKeyOver::to_bytes`] may make them. They are not for transport.
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
pub struct PreparedKeyBytes(pub [u8; PREPARED_KEY_BYTES]);

/// A prepared key over arkworks' own pairing.
pub type PreparedKey = PreparedKeyOver<ark_bls12_381::Bls12_381>;

/// A checked key with its constant pairing done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreparedKeyOver<P: Pairing> {
    header: KeyHeader,
    id: VerifyingKeyId,
    pub(super) alpha_beta: PairingOutput<P>,
    pub(super) gamma_neg: P::G2Affine,
    pub(super) delta_neg: P::G2Affine,
    pub(super) ic: [P::G1Affine; 2],
}

impl<P: Pairing> PreparedKeyOver<P> {
    /// Prepares a checked key.
    ///
    /// # Errors
    /// [`KeyError::Prepared`] if the pairing of α and β is degenerate, which checked points exclude.
    pub fn new(key: &VerifyingKeyOver<P>) -> Result<Self, KeyError> {
        let looped = P::miller_loop(key.alpha, key.beta);
        Ok(Self {
            header: key.header,
            id: key.id(),
            alpha_beta: P::final_exponentiation(looped).ok_or(KeyError::Prepared)?,
            gamma_neg: (-key.gamma.into_group()).into_affine(),
            delta_neg: (-key.delta.into_group()).into_affine(),
            ic: key.ic,
        })
    }

    /// Parses, checks and prepares the canonical bytes of a verifying key.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn from_verifying_key(bytes: &[u8]) -> Result<Self, KeyError> {
        Self::new(&VerifyingKeyOver::parse(bytes)?)
    }

    /// The bytes to store.
    pub fn to_bytes(&self) -> PreparedKeyBytes {
        let mut bytes = [0; PREPARED_KEY_BYTES];
        let header = self.header.to_bytes(PREPARED_KEY_VERSION);
        bytes[..HEADER_BYTES].copy_from_slice(&header);
        bytes[HEADER_BYTES..POINTS_AT].copy_from_slice(&self.id.0);
        let mut rest = &mut bytes[POINTS_AT..];
        let written = self
            .alpha_beta
            .serialize_uncompressed(&mut rest)
            .and_then(|()| self.gamma_neg.serialize_uncompressed(&mut rest))
            .and_then(|()| self.delta_neg.serialize_uncompressed(&mut rest))
            .and_then(|()| self.ic[0].serialize_uncompressed(&mut rest))
            .and_then(|()| self.ic[1].serialize_uncompressed(&mut rest));
        written.expect("576, two of 192 and two of 96 bytes fill the array");
        PreparedKeyBytes(bytes)
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// The bytes are trusted: they come from chain state that only a checked key was written to.
    /// Length, header and ranges are checked; curve and subgroup are not, which would cost more
    /// than a proof.
    ///
    /// # Errors
    /// A wrong length or header, or [`KeyError::Prepared`].
    pub fn from_trusted_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes: &[u8; PREPARED_KEY_BYTES] = bytes.try_into().map_err(|_| KeyError::Length)?;
        let [b0, b1, b2, b3, rest @ ..] = bytes;
        let header = KeyHeader::parse([*b0, *b1, *b2, *b3], PREPARED_KEY_VERSION)?;
        let (id_bytes, mut points) = rest.split_at(ID_BYTES);
        let mut id = [0; ID_BYTES];
        id.copy_from_slice(id_bytes);
        let reader = &mut points;
        Ok(Self {
            header,
            id: VerifyingKeyId(id),
            alpha_beta: trusted(reader)?,
            gamma_neg: trusted(reader)?,
            delta_neg: trusted(reader)?,
            ic: [trusted(reader)?, trusted(reader)?],
        })
    }

    /// Id of the key this was prepared from.
    pub fn id(&self) -> VerifyingKeyId {
        self.id
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

fn trusted<T: CanonicalDeserialize>(reader: &mut &[u8]) -> Result<T, KeyError> {
    T::deserialize_uncompressed_unchecked(reader).map_err(|_| KeyError::Prepared)
}
