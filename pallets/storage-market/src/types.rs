//! Orders, slots, seats and the market's constants.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use ips_primitives::{
    challenge::Beacon,
    deal::{storage_price, OrderDeposit, OrderParams, SlotState, ORDER_SLOTS_MAX},
    id::{AccountKey, Balance, BlockNumber, OrderId, ProviderId, SlotId, SlotIndex},
    node_class::NodeClass,
};
use scale_info::TypeInfo;

/// Most pieces of one slot: the `sealed` and `faulty` counts and porep's work per slot rest on it.
pub const SLOT_PIECES_MAX: u64 = 64;

/// Constants of the market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct MarketTerms {
    /// Blocks in which the lottery's threshold grows to certainty for weight 1; at least 1.
    pub lottery_blocks: BlockNumber,
    /// Blocks a claim waits for its confirmation; at least 1.
    pub delivery_blocks: BlockNumber,
    /// Blocks a confirmed slot waits for its last piece to be sealed; at least 1. Never longer than
    /// the deal.
    pub seal_blocks: BlockNumber,
    /// Longest time from now that a deal may run; at least 1.
    pub duration_blocks_max: BlockNumber,
    /// Collateral for each started MiB of a claimed slot.
    pub collateral_per_mib: Balance,
    /// Part of the lock, in 1/1000, that an undone claim costs.
    pub undone_claim_permille: u16,
    /// Providers less reliable than this, in 1/1000, have no weight in the lottery.
    pub reliability_permille_min: u16,
    /// Held for an order's place in the state until it is pruned.
    pub order_deposit: OrderDeposit,
}

impl MarketTerms {
    /// Checks the bounds of the fields.
    ///
    /// # Panics
    /// If one is out of bounds; called by the runtime's integrity test.
    pub fn assert_sound(&self) {
        assert!(self.lottery_blocks > 0, "lottery_blocks is zero");
        assert!(self.delivery_blocks > 0, "delivery_blocks is zero");
        assert!(self.seal_blocks > 0, "seal_blocks is zero");
        assert!(self.duration_blocks_max > 0, "duration_blocks_max is zero");
        assert!(
            self.undone_claim_permille <= 1000,
            "undone_claim_permille is above 1000"
        );
        assert!(
            self.reliability_permille_min <= 1000,
            "reliability_permille_min is above 1000"
        );
    }
}

/// An order.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Order {
    /// Who ordered and pays.
    pub client: AccountKey,
    /// What was ordered; the duration grows with each renewal.
    pub params: OrderParams,
    /// Block of the order.
    pub opened_at: BlockNumber,
    /// Beacon of a block after it (`BEACON_DELAY_BLOCKS`), kept here from the first claim on, since the
    /// chain forgets it.
    pub lottery_beacon: Option<Beacon>,
    /// Slots that were never active and have not ended: open, or open again if their provider fails.
    pub open_slots: u16,
    /// Whether the client cancelled it: no more claims.
    pub cancelled: bool,
    /// What is held for its place in the state.
    pub deposit: Balance,
}

impl Order {
    /// Whether a slot of it can be claimed, now or once its provider fails.
    pub fn is_open(&self) -> bool {
        !self.cancelled && self.open_slots > 0
    }
}

/// An order's id as a storage key whose bytes ascend as the ids do.
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
pub struct OrderKey([u8; 8]);

impl From<OrderId> for OrderKey {
    fn from(id: OrderId) -> Self {
        Self(id.0.to_be_bytes())
    }
}

impl From<OrderKey> for OrderId {
    fn from(key: OrderKey) -> Self {
        Self(u64::from_be_bytes(key.0))
    }
}

/// A slot's id as a storage key whose bytes ascend as the ids do.
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
pub struct SlotKey(OrderKey, [u8; 2]);

impl From<SlotId> for SlotKey {
    fn from(id: SlotId) -> Self {
        Self(id.order.into(), id.slot.0.to_be_bytes())
    }
}

impl From<SlotKey> for SlotId {
    fn from(key: SlotKey) -> Self {
        Self {
            order: key.0.into(),
            slot: SlotIndex(u16::from_be_bytes(key.1)),
        }
    }
}

/// A slot of an order.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Slot {
    /// State.
    pub state: SlotState,
    /// What of the client's hold is this slot's.
    pub held: Balance,
    /// Who has or had it; `None` while open and if it was closed unclaimed.
    pub claim: Option<Claim>,
}

/// A provider's claim to a slot, and what became of it.
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
pub struct Claim {
    /// Who.
    pub provider: ProviderId,
    /// Block of the claim.
    pub claimed_at: BlockNumber,
    /// Agreed price of 1 MiB for one block.
    pub price_per_mib_block: Balance,
    /// Block of the confirmation.
    pub confirmed_at: Option<BlockNumber>,
    /// Pieces in a proven sector.
    pub sealed_pieces: u16,
    /// Pieces in a faulty one.
    pub faulty_pieces: u16,
    /// Block from which on proven time is not paid yet.
    pub paid_until: BlockNumber,
    /// Blocks paid so far; less than `paid_until - confirmed_at` by unsealed and faulty time.
    pub paid_blocks: BlockNumber,
}

impl Claim {
    /// First block after the deal, once it is confirmed.
    pub fn ends_at(&self, params: &OrderParams) -> Option<BlockNumber> {
        // Saturation: a block number that large never comes.
        self.confirmed_at
            .map(|block| block.saturating_add(params.duration_blocks))
    }

    /// Price of the whole deal.
    pub fn price(&self, params: &OrderParams) -> Balance {
        storage_price(
            self.price_per_mib_block,
            params.slot_bytes(),
            params.duration_blocks,
        )
    }

    /// What was paid so far.
    pub fn paid(&self, params: &OrderParams) -> Balance {
        storage_price(
            self.price_per_mib_block,
            params.slot_bytes(),
            self.paid_blocks,
        )
    }
}

/// One provider's place in a group, as it was at the claim.
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
pub struct Seat {
    /// The slot.
    pub slot: SlotIndex,
    /// Who runs the node.
    pub operator: [u8; 32],
    /// The node's class.
    pub class: NodeClass,
}

/// The places of a group that are taken.
pub type Seats = BoundedVec<Seat, ConstU32<ORDER_SLOTS_MAX>>;
