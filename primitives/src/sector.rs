//! Sectors: profiles, commitments, and how pieces of slots lie in them (`docs/protocol.md` §4).

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::id::{PieceIndex, SlotId};

/// Bytes of customer data in one node: 31, so that a node is always a canonical scalar.
pub const NODE_DATA_BYTES: u32 = 31;
/// Children of an inner node of every sector tree.
pub const TREE_ARITY: u32 = 8;
/// Parents of a node in its own layer.
pub const DRG_DEGREE: usize = 6;
/// Parents of a node in the layer below.
pub const EXPANDER_DEGREE: usize = 8;
/// Most pieces one sector may hold.
pub const SECTOR_PIECES_MAX: u32 = 64;

/// Which [`Profile`] a chain runs; bound into every statement.
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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum ProfileId {
    /// Unit tests. No security.
    #[codec(index = 0)]
    Test,
    /// Local networks and demos. No security.
    #[codec(index = 1)]
    Dev,
}

/// Sizes of the proof system. Data, not code: every circuit and check takes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The name.
    pub id: ProfileId,
    /// The sector has `8^tree_levels` nodes.
    pub tree_levels: u32,
    /// Layers of labels; 2..=8 (a column is one hash).
    pub layers: u32,
    /// Challenges in one seal proof.
    pub seal_challenges: u32,
    /// Seal proofs of one sector.
    pub seal_proofs: u32,
    /// Sectors of one partition, proven by one storage proof.
    pub post_sectors: u32,
    /// Challenges per sector in a storage proof.
    pub post_challenges: u32,
    /// Openings of one proof of extract.
    pub poe_openings: u32,
    /// Binding openings of one prove-commit.
    pub binding_openings: u32,
}

impl Profile {
    /// 16 KiB sectors for unit tests.
    pub const TEST: Self = Self {
        id: ProfileId::Test,
        tree_levels: 3,
        layers: 2,
        seal_challenges: 1,
        seal_proofs: 1,
        post_sectors: 4,
        post_challenges: 1,
        poe_openings: 4,
        binding_openings: 2,
    };

    /// 1 MiB sectors for local networks and demos.
    pub const DEV: Self = Self {
        id: ProfileId::Dev,
        tree_levels: 5,
        layers: 2,
        seal_challenges: 1,
        seal_proofs: 1,
        post_sectors: 8,
        post_challenges: 1,
        poe_openings: 4,
        binding_openings: 2,
    };

    /// The profile of a name.
    pub const fn of(id: ProfileId) -> Self {
        match id {
            ProfileId::Test => Self::TEST,
            ProfileId::Dev => Self::DEV,
        }
    }

    /// Nodes of a sector: `8^tree_levels`.
    pub const fn nodes(self) -> u32 {
        1 << (3 * self.tree_levels)
    }

    /// Bytes of customer data that fill a sector: also the length of every piece but a slot's last.
    pub const fn payload_bytes(self) -> u32 {
        self.nodes() * NODE_DATA_BYTES
    }

    /// Bytes of a replica on disk.
    pub const fn sector_bytes(self) -> u32 {
        self.nodes() * 32
    }

    /// Pieces of a slot of `slot_bytes` bytes.
    pub const fn pieces_of(self, slot_bytes: u64) -> u64 {
        slot_bytes.div_ceil(self.payload_bytes() as u64)
    }

    /// The byte range of piece `index` of a slot, or `None` past its end.
    pub fn piece_range(self, slot_bytes: u64, index: PieceIndex) -> Option<PieceRange> {
        let payload = u64::from(self.payload_bytes());
        let start = payload * u64::from(index.0);
        let len = slot_bytes.checked_sub(start)?.min(payload);
        (len > 0).then_some(PieceRange {
            start,
            len: len as u32,
        })
    }
}

/// Bytes `start..start + len` of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PieceRange {
    /// First byte.
    pub start: u64,
    /// Bytes, at least 1 and at most [`Profile::payload_bytes`].
    pub len: u32,
}

impl PieceRange {
    /// Nodes that the piece occupies.
    pub const fn nodes(self) -> u32 {
        self.len.div_ceil(NODE_DATA_BYTES)
    }

    /// The slot's byte range in node `node` of the piece (from 0), or `None` past its end.
    pub fn node_bytes(self, node: u32) -> Option<(u64, u32)> {
        let offset = node.checked_mul(NODE_DATA_BYTES)?;
        let len = self.len.checked_sub(offset)?.min(NODE_DATA_BYTES);
        (len > 0).then_some((self.start + u64::from(offset), len))
    }
}

/// Where one piece of a slot lies in a sector.
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
pub struct Piece {
    /// The slot.
    pub slot: SlotId,
    /// Which piece of the slot; its byte range follows from [`Profile::piece_range`].
    pub index: PieceIndex,
    /// First node of the sector that holds it.
    pub node_offset: u32,
}

/// Defines a 32-byte commitment: little-endian canonical scalar bytes.
macro_rules! commitment {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, Hash,
            Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
        )]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(pub [u8; 32]);
    };
}

commitment! {
    /// Root of tree D: the unsealed data.
    CommD
}
commitment! {
    /// `C8(tag, comm_c, comm_r_last, 0…)`: the sealed replica.
    CommR
}
commitment! {
    /// What makes a replica unique: provider, sector, replica index, data, ticket.
    ReplicaId
}
commitment! {
    /// Root of the `comm_r`s of a partition's slots.
    SetRoot
}
commitment! {
    /// The one public input of a proof.
    Statement
}

/// A Groth16 proof: A ‖ B ‖ C, compressed (48 + 96 + 48 bytes, zcash encoding).
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
pub struct ProofBytes(pub [u8; 192]);

/// Where a sector is in its life, as the chain sees it.
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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum SectorState {
    /// Pre-committed; the seal proof is awaited.
    #[codec(index = 0)]
    PreCommitted,
    /// Sealed, in a partition, power counts.
    #[codec(index = 1)]
    Active,
    /// A storage proof was missed or the provider declared it; no power, no pay.
    #[codec(index = 2)]
    Faulty,
    /// Gone for good.
    #[codec(index = 3)]
    Terminated,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profile_sizes_match_the_design() {
        assert_eq!(Profile::TEST.nodes(), 512);
        assert_eq!(Profile::TEST.payload_bytes(), 15_872);
        assert_eq!(Profile::DEV.sector_bytes(), 1 << 20);
        assert_eq!(Profile::DEV.payload_bytes(), 1_015_808);
    }

    #[test]
    fn pieces_tile_a_slot() {
        let profile = Profile::TEST;
        for slot_bytes in [1u64, 31, 15_871, 15_872, 15_873, 40_000] {
            let count = profile.pieces_of(slot_bytes);
            let mut next = 0;
            for index in 0..count {
                let range = profile
                    .piece_range(slot_bytes, PieceIndex(index as u16))
                    .unwrap();
                assert_eq!(range.start, next);
                next += u64::from(range.len);
            }
            assert_eq!(next, slot_bytes);
            assert!(profile
                .piece_range(slot_bytes, PieceIndex(count as u16))
                .is_none());
        }
    }

    #[test]
    fn node_bytes_tile_a_piece() {
        let range = PieceRange {
            start: 1000,
            len: 100,
        };
        assert_eq!(range.nodes(), 4);
        assert_eq!(range.node_bytes(0), Some((1000, 31)));
        assert_eq!(range.node_bytes(3), Some((1093, 7)));
        assert_eq!(range.node_bytes(4), None);
        assert_eq!(range.node_bytes(u32::MAX), None);
    }
}
