//! Names of things. Every id, index and number is its own type, so that none is passed for another.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Defines a newtype over a plain value with the derives every chain-visible id needs.
macro_rules! id {
    ($(#[$meta:meta])* $name:ident($inner:ty)) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash,
            Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
        )]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(pub $inner);

        impl From<$inner> for $name {
            fn from(inner: $inner) -> Self {
                Self(inner)
            }
        }

        impl From<$name> for $inner {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

/// A block number of the IPS chain.
pub type BlockNumber = u32;
/// An amount of the native token in its smallest unit.
pub type Balance = u128;

id! {
    /// SHA2-256 of a file's manifest bytes (DAG-CBOR): the one name of a file.
    FileId([u8; 32])
}
id! {
    /// SHA2-256 of a fragment's bytes: the digest inside its CIDv1 (raw).
    FragmentId([u8; 32])
}
id! {
    /// An account of the chain: 32 bytes, an sr25519 public key unless derived.
    AccountKey([u8; 32])
}
id! {
    /// A provider: the owner account of a registered node.
    ProviderId([u8; 32])
}
id! {
    /// Hash of block 0 of the chain that a statement or a signature is meant for.
    Genesis([u8; 32])
}
id! {
    /// BLAKE2b-256 of a verifying key's canonical bytes.
    VerifyingKeyId([u8; 32])
}
id! {
    /// An order of the storage market; ascending from 0, never reused.
    OrderId(u64)
}
id! {
    /// Position of a slot in its group: `0..data` are data slots, `data..total` parity slots.
    SlotIndex(u16)
}
id! {
    /// Position of a piece in its slot, from 0.
    PieceIndex(u16)
}
id! {
    /// A provider's number for one of its sectors; chosen by the provider, never reused.
    SectorNumber(u64)
}
id! {
    /// A partition of a provider's sectors; ascending from 0.
    PartitionIndex(u32)
}
id! {
    /// A retrieval agreement; ascending from 0, never reused.
    AgreementId(u64)
}
/// An sr25519 signature.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Signature(pub [u8; 64]);

/// One slot of one order: the unit that a provider claims, holds and is paid for.
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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SlotId {
    /// The order.
    pub order: OrderId,
    /// The slot in the order's group.
    pub slot: SlotIndex,
}
