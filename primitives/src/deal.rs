//! Asks, orders, prices and the delivery note (`docs/protocol.md` §3).

use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{
    fragment::{ErasureParams, FragmentSize, SLOT_BYTES_MAX},
    hash::blake2_256,
    id::{AccountKey, Balance, BlockNumber, FileId, Genesis, ProviderId, SlotId},
    slot::SlotRoot,
};

/// Most slots of one order: the widest group.
pub const ORDER_SLOTS_MAX: u32 = 60;
/// Bytes that a price refers to: 1 MiB.
pub const PRICE_UNIT_BYTES: u64 = 1 << 20;

/// What a provider asks for.
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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ask {
    /// Price of holding 1 MiB for one block.
    pub price_per_mib_block: Balance,
    /// Longest deal accepted, in blocks.
    pub duration_blocks_max: BlockNumber,
}

/// What a customer orders: one group of slots.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct OrderParams {
    /// The file; several orders of one file are its groups.
    pub file: FileId,
    /// Which group of the file, from 0.
    pub group: u16,
    /// Erasure parameters; their total is the number of slots.
    pub erasure: ErasureParams,
    /// Fragment size.
    pub fragment_size: FragmentSize,
    /// Segments of the group: a slot is one fragment of each.
    pub segments: u32,
    /// Merkle root of each slot, in order.
    pub slot_roots: BoundedVec<SlotRoot, ConstU32<ORDER_SLOTS_MAX>>,
    /// How long each slot is to be held, in blocks from its confirmation.
    pub duration_blocks: BlockNumber,
    /// Highest accepted price of 1 MiB for one block.
    pub price_per_mib_block_max: Balance,
    /// sr25519 key that signs delivery notes and vouchers for this order.
    pub delivery_key: AccountKey,
}

/// What an order's place in the chain's state costs while it is there; given back when it is pruned.
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
pub struct OrderDeposit {
    /// For the order.
    pub base: Balance,
    /// For each of its slots.
    pub per_slot: Balance,
}

impl OrderDeposit {
    /// The deposit of an order; saturates at the largest amount, which no account can pay.
    pub fn of(&self, erasure: ErasureParams) -> Balance {
        self.per_slot
            .saturating_mul(Balance::from(erasure.total()))
            .saturating_add(self.base)
    }
}

/// Why order parameters are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderParamsError {
    /// The erasure parameters are not of the protocol's table.
    Erasure,
    /// The number of slot roots is not the number of slots.
    SlotRoots,
    /// No segment, or more than fit a slot.
    Segments,
    /// The duration is zero.
    Duration,
}

impl OrderParams {
    /// Bytes of each slot.
    pub fn slot_bytes(&self) -> u64 {
        u64::from(self.fragment_size.bytes()) * u64::from(self.segments)
    }

    /// Checks every bound.
    ///
    /// # Errors
    /// The first bound that is broken.
    pub fn validate(&self) -> Result<(), OrderParamsError> {
        if self.erasure.level().is_none() {
            return Err(OrderParamsError::Erasure);
        }
        if self.slot_roots.len() != usize::from(self.erasure.total()) {
            return Err(OrderParamsError::SlotRoots);
        }
        if self.segments == 0 || self.slot_bytes() > SLOT_BYTES_MAX {
            return Err(OrderParamsError::Segments);
        }
        if self.duration_blocks == 0 {
            return Err(OrderParamsError::Duration);
        }
        Ok(())
    }
}

/// Price of holding `bytes` bytes for `blocks` blocks, rounded up; saturates at the largest amount,
/// which no account can pay.
pub fn storage_price(price_per_mib_block: Balance, bytes: u64, blocks: BlockNumber) -> Balance {
    // Saturated before the division, the price would come out lower than it is.
    price_per_mib_block
        .checked_mul(Balance::from(bytes))
        .and_then(|price| price.checked_mul(Balance::from(blocks)))
        .map_or(Balance::MAX, |price| {
            price.div_ceil(Balance::from(PRICE_UNIT_BYTES))
        })
}

/// The customer's word that a slot was handed over; carried by the provider's confirmation.
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
pub struct DeliveryNote {
    /// The chain.
    pub genesis: Genesis,
    /// The slot.
    pub slot: SlotId,
    /// Who received it.
    pub provider: ProviderId,
    /// What was handed over.
    pub slot_root: SlotRoot,
}

impl DeliveryNote {
    /// The bytes that the order's delivery key signs.
    pub fn signing_bytes(&self) -> [u8; 32] {
        blake2_256(&[b"ips/delivery-note/1", &self.encode()])
    }
}

/// Where a slot is in its life.
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
pub enum SlotState {
    /// May be claimed.
    #[codec(index = 0)]
    Open,
    /// Claimed; delivery is awaited.
    #[codec(index = 1)]
    Claimed,
    /// Delivered, both signatures seen; not every piece is sealed yet. Unpaid; undone if the sealing
    /// takes too long.
    #[codec(index = 2)]
    Confirmed,
    /// Every piece is in a proven sector. Paid.
    #[codec(index = 3)]
    Active,
    /// A sector that holds a piece is faulty. Unpaid.
    #[codec(index = 4)]
    Faulty,
    /// Lost by its provider.
    #[codec(index = 5)]
    Lost,
    /// Held to the end.
    #[codec(index = 6)]
    Expired,
}

/// Why a claim was undone and its slot opened again.
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
pub enum UndoneReason {
    /// It was not confirmed in time: the slot was not delivered.
    #[codec(index = 0)]
    NotDelivered,
    /// It was confirmed, but not every piece was sealed in time.
    #[codec(index = 1)]
    NotSealed,
}

/// Why a sector ended before its deals, and with it their slots.
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
pub enum LossReason {
    /// Its provider gave it up.
    #[codec(index = 0)]
    GivenUp,
    /// It was faulty for too long.
    #[codec(index = 1)]
    Cutoff,
    /// Somebody showed that it does not hold its slot's bytes.
    #[codec(index = 2)]
    Fraud,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params() -> OrderParams {
        OrderParams {
            file: FileId([1; 32]),
            group: 0,
            erasure: ErasureParams { data: 3, parity: 3 },
            fragment_size: FragmentSize::K256,
            segments: 7,
            slot_roots: vec![SlotRoot([0; 32]); 6].try_into().unwrap(),
            duration_blocks: 100,
            price_per_mib_block_max: 5,
            delivery_key: AccountKey([2; 32]),
        }
    }

    #[test]
    fn each_bound_of_an_order_is_checked() {
        assert_eq!(params().validate(), Ok(()));
        let mut bad = params();
        bad.erasure = ErasureParams { data: 5, parity: 1 };
        assert_eq!(bad.validate(), Err(OrderParamsError::Erasure));
        let mut bad = params();
        bad.slot_roots.pop();
        assert_eq!(bad.validate(), Err(OrderParamsError::SlotRoots));
        for segments in [0, 65, u32::MAX] {
            let bad = OrderParams {
                segments,
                ..params()
            };
            assert_eq!(bad.validate(), Err(OrderParamsError::Segments));
        }
        let bad = OrderParams {
            duration_blocks: 0,
            ..params()
        };
        assert_eq!(bad.validate(), Err(OrderParamsError::Duration));
    }

    #[test]
    fn deposit_grows_with_the_slots_and_saturates() {
        let deposit = OrderDeposit {
            base: 10,
            per_slot: 3,
        };
        assert_eq!(deposit.of(ErasureParams { data: 3, parity: 3 }), 28);
        let dearest = OrderDeposit {
            base: 1,
            per_slot: Balance::MAX,
        };
        assert_eq!(
            dearest.of(ErasureParams { data: 3, parity: 3 }),
            Balance::MAX
        );
    }

    #[test]
    fn price_rounds_up_and_saturates() {
        assert_eq!(storage_price(3, 1 << 20, 10), 30);
        assert_eq!(storage_price(3, 1, 1), 1);
        assert_eq!(storage_price(0, 1 << 30, 100), 0);
        // The highest price whose product is no overflow, and the first above.
        let highest = u128::MAX / (1 << 31);
        assert_eq!(storage_price(highest, 1 << 30, 2), highest << 11);
        assert_eq!(storage_price(highest + 1, 1 << 30, 2), Balance::MAX);
        assert_eq!(storage_price(u128::MAX, 1 << 30, 2), Balance::MAX);
    }
}
