//! Arguments of `pallet-porep`'s calls (`docs/protocol.md` §5): what a provider sends with a proof.
//!
//! Made by the engine, checked by the pallet. The SCALE layout is the order of the fields; a call
//! encodes its arguments one after the other in the order the pallet lists them.

use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{
    id::{BlockNumber, PieceIndex, SectorNumber, SlotId},
    sector::{CommD, CommR, Piece, SECTOR_PIECES_MAX, TREE_ARITY},
    slot::SlotOpening,
};

/// Most seal proofs of one sector.
pub const SEAL_PROOFS_MAX: u32 = 16;
/// Most binding openings of one prove-commit.
pub const BINDING_OPENINGS_MAX: u32 = 8;
/// Most levels of a sector's tree (`8^10` nodes are 32 GiB).
pub const TREE_LEVELS_MAX: u32 = 10;
/// Most claims of one batch of proofs of extract.
pub const CLAIM_BATCH_MAX: u32 = 16;
/// Siblings of a node of a sector's tree.
pub const TREE_SIBLINGS: usize = TREE_ARITY as usize - 1;

/// Siblings of a node of tree D from the leaf up, seven of each level in ascending position.
#[derive(
    Clone,
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
pub struct TreePath(pub BoundedVec<[[u8; 32]; TREE_SIBLINGS], ConstU32<TREE_LEVELS_MAX>>);

/// Argument of `porep.pre_commit`: a sealed sector whose proof follows.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct PreCommit {
    /// The provider's number for it; never used before.
    pub sector: SectorNumber,
    /// Root of the data.
    pub comm_d: CommD,
    /// Root of the replica; not zero.
    pub comm_r: CommR,
    /// Block whose beacon is the ticket.
    pub ticket_block: BlockNumber,
    /// Which copy of the same data, from 0.
    pub replica_index: u32,
    /// What lies in it: at least one piece, ascending by node, no overlap.
    pub pieces: BoundedVec<Piece, ConstU32<SECTOR_PIECES_MAX>>,
}

/// Shows that one node of a sector holds the bytes of its slot.
///
/// Shape: `leaves` are the one or two 1 KiB leaves of the slot that the node's bytes lie in,
/// ascending; `path` leads from the node to `comm_d`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct BindingOpening {
    /// Leaves of the slot's tree.
    pub leaves: BoundedVec<SlotOpening, ConstU32<2>>,
    /// Siblings in the sector's data tree.
    pub path: TreePath,
}

/// Argument of `porep.dispute`: shows that a node of a sector does not hold its slot's bytes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct FraudProof {
    /// The slot of the piece.
    pub slot: SlotId,
    /// Which piece of it.
    pub piece: PieceIndex,
    /// Node of the piece, from 0.
    pub node: u32,
    /// What the sector holds there: the node's scalar.
    pub node_scalar: [u8; 32],
    /// What the slot holds there, and the path from `node_scalar` to `comm_d`.
    pub opening: BindingOpening,
}
