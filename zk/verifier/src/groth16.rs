//! Groth16 verification with exactly one public input, generic over the pairing.
//!
//! Goal: accept exactly the proofs of a checked key and turn every other byte string into a typed
//! error, never a panic. Points are compressed, so they are on the curve by construction; subgroup
//! and identity are checked before any pairing sees them. Non-goals: proving, other input counts.

mod key;
mod prepared;
#[cfg(test)]
mod tests;
#[cfg(feature = "weights")]
mod trapdoor;
mod verify;

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

#[cfg(feature = "weights")]
pub use self::trapdoor::TrapdoorKey;
pub use self::{
    key::{
        parse_verifying_key, KeyError, KeyHeader, KeyPoint, VerifyingKey, VerifyingKeyOver,
        KEY_VERSION, VERIFYING_KEY_BYTES,
    },
    prepared::{
        PreparedKey, PreparedKeyBytes, PreparedKeyOver, PREPARED_KEY_BYTES, PREPARED_KEY_VERSION,
    },
    verify::{verify, verify_all, verify_batch, ProofPoint, VerifyError, BATCH_MAX},
};

/// Bytes of a compressed point of G1.
const G1_BYTES: usize = 48;
/// Bytes of a compressed point of G2.
const G2_BYTES: usize = 96;

/// Which relation a key is for.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
#[repr(u8)]
pub enum CircuitKind {
    /// A sector was sealed.
    #[codec(index = 0)]
    Seal = 0,
    /// A partition is held.
    #[codec(index = 1)]
    Post = 1,
    /// Data could be read.
    #[codec(index = 2)]
    Poe = 2,
}

impl CircuitKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Seal, Self::Post, Self::Poe];

    /// The kind of a byte, or `None`.
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }

    /// `seal`, `post` or `poe`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seal => "seal",
            Self::Post => "post",
            Self::Poe => "poe",
        }
    }
}
