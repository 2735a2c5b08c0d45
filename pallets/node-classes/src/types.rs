//! What is stored of a node and what its owner declares.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use ips_primitives::{
    id::{AccountKey, Balance, BlockNumber},
    node_class::NodeClass,
};
use scale_info::TypeInfo;

/// Most nodes that one read returns.
pub const ALL_NODES_MAX: u32 = 1024;

/// A libp2p peer id, in bytes.
pub type PeerId = BoundedVec<u8, ConstU32<64>>;
/// A multiaddress, in bytes.
pub type Address = BoundedVec<u8, ConstU32<128>>;
/// Where a node is reached, best first.
pub type Addresses = BoundedVec<Address, ConstU32<8>>;

/// What an owner declares when it registers.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct NodeParams {
    /// What kind of machine it is.
    pub class: NodeClass,
    /// Hot key that signs for the node; may be the owner's own.
    pub worker: AccountKey,
    /// Who runs it: the same account on all nodes of one operator. Must agree, as the worker must.
    pub operator: [u8; 32],
    /// Its identity on the storage network; not empty.
    pub peer_id: PeerId,
    /// Where it is reached; may be empty (the storage network finds it by its peer id).
    pub addresses: Addresses,
    /// Space offered, `1..=` [`NodeClass::capacity_bytes_max`].
    pub capacity_bytes: u64,
}

/// A registered node.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Node {
    /// What it declared, kept up to date by the update calls.
    pub params: NodeParams,
    /// Bytes reserved for slots; at most `params.capacity_bytes`.
    pub used_bytes: u64,
    /// Moving average of kept promises, `0..=1000`.
    pub reliability_permille: u16,
    /// Block of the registration.
    pub registered_at: BlockNumber,
    /// What is held of the owner for the entry.
    pub deposit: Balance,
}

impl Node {
    /// Capacity that no slot uses.
    pub fn free_bytes(&self) -> u64 {
        self.params.capacity_bytes.saturating_sub(self.used_bytes)
    }
}
