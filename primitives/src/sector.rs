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
/// Most layers of a profile: a column is at most two hashes, of 8 and of 1 + 7 values.
pub const LAYERS_MAX: u32 = 2 * TREE_ARITY - 1;
/// Most bits that one field hash gives for challenges: more are not below every scalar's order.
pub const CHALLENGE_BITS_MAX: u32 = 254;
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
    /// A public test network: 4 layers instead of Filecoin's 11, for speed.
    #[codec(index = 2)]
    Testnet,
    /// Value at stake: Filecoin's layers and at least its number of challenges.
    #[codec(index = 3)]
    Production,
}

impl ProfileId {
    /// All profiles, by index.
    pub const ALL: [Self; 4] = [Self::Test, Self::Dev, Self::Testnet, Self::Production];

    /// The profile of an index, or `None`.
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|id| *id as u8 == byte)
    }

    /// The name in file names, options and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Dev => "dev",
            Self::Testnet => "testnet",
            Self::Production => "production",
        }
    }

    /// Whether proofs need parameters from a ceremony; those of the other profiles are made from a
    /// public seed, so that anybody can forge proofs.
    pub const fn needs_ceremony(self) -> bool {
        match self {
            Self::Test | Self::Dev => false,
            Self::Testnet | Self::Production => true,
        }
    }
}

/// Sizes of the proof system. Data, not code: every circuit and check takes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The name.
    pub id: ProfileId,
    /// The sector has `8^tree_levels` nodes.
    pub tree_levels: u32,
    /// Layers of labels; 2..=[`LAYERS_MAX`] (a column is one hash up to 8, else two).
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

    /// 8 MiB sectors for a public test network.
    ///
    /// The seal circuit has 1.02 M of 2^20 rows with 22 challenges, the storage circuit 126 k of 2^17
    /// with 16 sectors: one more of either is another power of two.
    pub const TESTNET: Self = Self {
        id: ProfileId::Testnet,
        tree_levels: 6,
        layers: 4,
        seal_challenges: 22,
        seal_proofs: 2,
        post_sectors: 16,
        post_challenges: 3,
        poe_openings: 8,
        binding_openings: 8,
    };

    /// 512 MiB sectors for a network with value at stake.
    ///
    /// 180 challenges: the fewest of at least 176 that six proofs of equal size have. The seal circuit
    /// has 2.08 M of 2^21 rows, the storage circuit 1.05 M of 2^20 with 104 sectors.
    pub const PRODUCTION: Self = Self {
        id: ProfileId::Production,
        tree_levels: 8,
        layers: 11,
        seal_challenges: 30,
        seal_proofs: 6,
        post_sectors: 104,
        post_challenges: 3,
        poe_openings: 8,
        binding_openings: 8,
    };

    /// All profiles, by index.
    pub const ALL: [Self; 4] = [Self::TEST, Self::DEV, Self::TESTNET, Self::PRODUCTION];

    /// The profile of a name.
    pub const fn of(id: ProfileId) -> Self {
        match id {
            ProfileId::Test => Self::TEST,
            ProfileId::Dev => Self::DEV,
            ProfileId::Testnet => Self::TESTNET,
            ProfileId::Production => Self::PRODUCTION,
        }
    }

    /// The profile called `name`, if there is one.
    pub const fn named(name: &str) -> Option<Self> {
        let mut index = 0;
        while index < Self::ALL.len() {
            let profile = Self::ALL[index];
            if same(profile.id.name().as_bytes(), name.as_bytes()) {
                return Some(profile);
            }
            index += 1;
        }
        None
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

/// `left == right`, where the compiler computes.
const fn same(left: &[u8], right: &[u8]) -> bool {
    let mut index = 0;
    while index < left.len() && index < right.len() && left[index] == right[index] {
        index += 1;
    }
    index == left.len() && index == right.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_found_by_their_names() {
        for profile in Profile::ALL {
            assert_eq!(Profile::named(profile.id.name()), Some(profile));
        }
        for name in ["", "tes", "tests", "Test", "production "] {
            assert_eq!(Profile::named(name), None);
        }
    }

    #[test]
    fn profile_sizes_match_the_design() {
        assert_eq!(Profile::TEST.nodes(), 512);
        assert_eq!(Profile::TEST.payload_bytes(), 15_872);
        assert_eq!(Profile::DEV.sector_bytes(), 1 << 20);
        assert_eq!(Profile::DEV.payload_bytes(), 1_015_808);
        assert_eq!(Profile::TESTNET.sector_bytes(), 8 << 20);
        assert_eq!(Profile::TESTNET.payload_bytes(), 8_126_464);
        assert_eq!(Profile::PRODUCTION.sector_bytes(), 512 << 20);
        assert_eq!(Profile::PRODUCTION.payload_bytes(), 520_093_696);
    }

    #[test]
    fn profiles_fit_what_encodes_them() {
        for (index, profile) in (0u8..).zip(Profile::ALL) {
            assert_eq!(profile.id.encode(), [index]);
            assert_eq!(profile.id as u8, index);
            assert_eq!(ProfileId::from_byte(index), Some(profile.id));
            assert_eq!(Profile::of(profile.id), profile);
            let index_bits = 3 * profile.tree_levels;
            assert!(index_bits <= 30, "an index of the seal transcript");
            assert!(index_bits * profile.post_challenges <= CHALLENGE_BITS_MAX);
            assert!(index_bits * profile.poe_openings <= CHALLENGE_BITS_MAX);
            assert!((2..=LAYERS_MAX).contains(&profile.layers));
            assert!(profile.tree_levels <= crate::proof_calls::TREE_LEVELS_MAX);
            assert!(profile.seal_proofs <= crate::proof_calls::SEAL_PROOFS_MAX);
            assert!(profile.binding_openings <= crate::proof_calls::BINDING_OPENINGS_MAX);
        }
        assert_eq!(ProfileId::from_byte(4), None);
        assert!(ProfileId::decode(&mut [4].as_slice()).is_err());
    }

    #[test]
    fn networks_have_the_challenges_that_their_security_is_argued_with() {
        let challenges = |profile: Profile| profile.seal_challenges * profile.seal_proofs;
        assert_eq!(challenges(Profile::TESTNET), 44);
        assert!(challenges(Profile::PRODUCTION) >= 176);
        assert_eq!(Profile::PRODUCTION.layers, 11);
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
