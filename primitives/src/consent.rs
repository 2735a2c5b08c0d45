//! An account's word that it serves a provider's node: without it, anybody could tie a stranger's key to
//! a node of their own (`docs/protocol.md` §3).

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{
    hash::blake2_256,
    id::{BlockNumber, Genesis, ProviderId, Signature},
};

/// What an account is to a node.
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
pub enum NodeRole {
    /// Hot key that signs for it.
    #[codec(index = 0)]
    Worker,
    /// Who runs it.
    #[codec(index = 1)]
    Operator,
}

/// What the account signs.
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
pub struct ConsentNote {
    /// The chain.
    pub genesis: Genesis,
    /// Whose node.
    pub provider: ProviderId,
    /// In what role.
    pub role: NodeRole,
    /// Last block in which it counts.
    pub valid_until: BlockNumber,
}

impl ConsentNote {
    /// The bytes that the account's sr25519 key signs.
    pub fn signing_bytes(&self) -> [u8; 32] {
        blake2_256(&[b"ips/node-consent/1", &self.encode()])
    }
}

/// A signed note, as calls carry it.
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
pub struct Consent {
    /// Last block in which it counts.
    pub valid_until: BlockNumber,
    /// Signature over [`ConsentNote::signing_bytes`].
    pub signature: Signature,
}

/// The words that a registration needs: of the worker and of the operator, where they are not the owner.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Consents {
    /// The worker's.
    pub worker: Option<Consent>,
    /// The operator's.
    pub operator: Option<Consent>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_changes_what_is_signed() {
        let note = ConsentNote {
            genesis: Genesis([1; 32]),
            provider: ProviderId([2; 32]),
            role: NodeRole::Worker,
            valid_until: 3,
        };
        for other in [
            ConsentNote {
                genesis: Genesis([9; 32]),
                ..note
            },
            ConsentNote {
                provider: ProviderId([9; 32]),
                ..note
            },
            ConsentNote {
                role: NodeRole::Operator,
                ..note
            },
            ConsentNote {
                valid_until: 9,
                ..note
            },
        ] {
            assert_ne!(note.signing_bytes(), other.signing_bytes());
        }
    }
}
