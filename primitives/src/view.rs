//! What the chain tells about itself: answers of the runtime's read-only queries.
//!
//! Made by the runtime, consumed by `ips-chain`; SCALE-encoded with these types on both sides.

use alloc::vec::Vec;
use codec::{Decode, Encode};
use scale_info::TypeInfo;

use crate::{
    deal::{Ask, OrderDeposit, OrderParams, SlotState},
    id::{
        AccountKey, AgreementId, Balance, BlockNumber, Genesis, OrderId, PartitionIndex,
        PieceIndex, ProviderId, SectorNumber, SlotId, SlotIndex, VerifyingKeyId,
    },
    node_class::NodeClass,
    schedule::{ProvingSchedule, Window},
    sector::{CommD, CommR, Piece, ProfileId, ReplicaId, SectorState},
};

/// Orders that one answer lists at most; ask again after the last one for more.
pub const ORDERS_PAGE: u32 = 256;
/// Deals that one answer lists at most; ask again after the last one for more.
pub const DEALS_PAGE: u32 = 1024;
/// Sectors that one answer lists at most; ask again after the last one for more.
pub const SECTORS_PAGE: u32 = 1024;
/// Partitions that one answer lists at most; ask again after the last one for more.
pub const PARTITIONS_PAGE: u32 = 1024;

/// Constants and keys of the chain that every off-chain part needs.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ChainInfo {
    /// Hash of block 0.
    pub genesis: Genesis,
    /// Profile of every proof.
    pub profile: ProfileId,
    /// Key of the seal proof; `None` until it is set.
    pub seal_key: Option<VerifyingKeyId>,
    /// Key of the storage proof.
    pub post_key: Option<VerifyingKeyId>,
    /// Key of the proof of extract.
    pub poe_key: Option<VerifyingKeyId>,
    /// When storage proofs are due.
    pub schedule: ProvingSchedule,
    /// Blocks in which the lottery's threshold grows to certainty for weight 1.
    pub lottery_blocks: BlockNumber,
    /// Providers less reliable than this, in 1/1000, have no weight in the lottery.
    pub reliability_permille_min: u16,
    /// Blocks a claimed slot waits for its confirmation.
    pub delivery_blocks: BlockNumber,
    /// Blocks a confirmed slot waits for its last piece to be sealed.
    pub seal_blocks: BlockNumber,
    /// Blocks between pre-commit and the seed.
    pub seed_delay_blocks: BlockNumber,
    /// Blocks a ticket stays valid.
    pub ticket_blocks: BlockNumber,
    /// Blocks after the pre-commit in which the seal proof is accepted.
    pub prove_commit_blocks: BlockNumber,
    /// Collateral for 1 MiB of a claimed slot.
    pub collateral_per_mib: Balance,
    /// Held for an order until it has ended and is pruned.
    pub order_deposit: OrderDeposit,
    /// Blocks the beacon of a block is kept.
    pub beacon_blocks: BlockNumber,
}

/// A registered node.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct NodeView {
    /// Owner account.
    pub provider: ProviderId,
    /// Hot key that signs for it.
    pub worker: AccountKey,
    /// Class.
    pub class: NodeClass,
    /// Who runs it: one operator holds at most one slot of a group.
    pub operator: [u8; 32],
    /// libp2p peer id, in bytes.
    pub peer_id: Vec<u8>,
    /// Multiaddresses, in bytes.
    pub addresses: Vec<Vec<u8>>,
    /// Registered capacity in bytes.
    pub capacity_bytes: u64,
    /// Bytes promised to slots.
    pub used_bytes: u64,
    /// Moving average of kept promises, in 1/1000.
    pub reliability_permille: u16,
    /// Block in which it was registered.
    pub registered_at: BlockNumber,
    /// What it asks for, if it takes deals.
    pub ask: Option<Ask>,
    /// Collateral pledged in all.
    pub pledged: Balance,
    /// Collateral locked of it.
    pub locked: Balance,
}

/// An order with its slots.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct OrderView {
    /// The order.
    pub id: OrderId,
    /// Who ordered.
    pub client: AccountKey,
    /// What was ordered.
    pub params: OrderParams,
    /// Block of the order.
    pub opened_at: BlockNumber,
    /// Beacon of the slot lottery; `None` in the order's own block.
    pub lottery_beacon: Option<[u8; 32]>,
    /// Every slot, by index.
    pub slots: Vec<SlotView>,
    /// Balance still held for the order.
    pub held: Balance,
}

/// A slot of an order.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SlotView {
    /// Position in the group.
    pub index: SlotIndex,
    /// State.
    pub state: SlotState,
    /// Its provider, once claimed.
    pub provider: Option<ProviderId>,
    /// Block of the claim.
    pub claimed_at: Option<BlockNumber>,
    /// Block of the confirmation.
    pub confirmed_at: Option<BlockNumber>,
    /// Agreed price per MiB and block.
    pub price_per_mib_block: Balance,
    /// Paid to the provider so far.
    pub paid: Balance,
    /// Sector of each piece that is pre-committed or sealed.
    pub sectors: Vec<(PieceIndex, SectorNumber)>,
}

/// A slot that a provider holds or has claimed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct DealView {
    /// The slot.
    pub slot: SlotId,
    /// The order's parameters.
    pub params: OrderParams,
    /// Its state.
    pub view: SlotView,
}

/// A sector of a provider.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SectorView {
    /// Number.
    pub number: SectorNumber,
    /// State.
    pub state: SectorState,
    /// Root of the data.
    pub comm_d: CommD,
    /// Root of the replica.
    pub comm_r: CommR,
    /// Replica id.
    pub replica_id: ReplicaId,
    /// What lies in it.
    pub pieces: Vec<Piece>,
    /// Block of the pre-commit.
    pub pre_committed_at: BlockNumber,
    /// Seed for the seal challenges, once known.
    pub seed: Option<[u8; 32]>,
    /// Partition and position in it, once proven.
    pub partition: Option<(PartitionIndex, u32)>,
}

/// A partition of a provider and its next duty.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct PartitionView {
    /// Number.
    pub index: PartitionIndex,
    /// Deadline in every period.
    pub deadline: u32,
    /// Window that is open now, else the next.
    pub window: Window,
    /// `comm_r` of each position as frozen for that window; zero = empty or faulty.
    pub set: Vec<CommR>,
    /// Sectors by position; `None` = empty.
    pub sectors: Vec<Option<SectorNumber>>,
    /// Beacon of the window's first block, once it is open.
    pub beacon: Option<[u8; 32]>,
    /// Whether the window's proof is already accepted.
    pub proven: bool,
    /// Periods whose proof was accepted, in all.
    pub proven_periods: u32,
    /// Periods whose proof was missed, in all.
    pub missed_periods: u32,
}

/// A retrieval agreement.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct AgreementView {
    /// The agreement.
    pub id: AgreementId,
    /// Who pays and signs vouchers.
    pub client: AccountKey,
    /// The order that is read.
    pub order: OrderId,
    /// Price of 1 MiB delivered.
    pub price_per_mib: Balance,
    /// Budget left.
    pub budget: Balance,
    /// Claimed so far: provider, last nonce, cumulative bytes.
    pub claimed: Vec<(ProviderId, u64, u64)>,
}
