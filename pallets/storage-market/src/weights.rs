//! Weights of `pallet_storage_market`, in the form that `scripts/benchmark-weights.sh` writes.
//!
//! Start numbers by hand from database reads and writes, until they are measured.

use core::marker::PhantomData;
use frame_support::{
    traits::Get,
    weights::{constants::RocksDbWeight, Weight},
};

/// Weights of the calls of `pallet_storage_market`.
pub trait WeightInfo {
    /// Of `place_order` with `s` slots.
    fn place_order(s: u32) -> Weight;
    /// Of `set_ask`.
    fn set_ask() -> Weight;
    /// Of `claim_slot`, undoing an old claim.
    fn claim_slot() -> Weight;
    /// Of `confirm_deal`.
    fn confirm_deal() -> Weight;
    /// Of `settle` that pays and ends a deal of `p` pieces.
    fn settle(p: u32) -> Weight;
    /// Of `cancel_order` with `s` slots, all of them claimed but not delivered.
    fn cancel_order(s: u32) -> Weight;
    /// Of `renew` with `s` slots, all of them claimed.
    fn renew(s: u32) -> Weight;
    /// Of `prune_order` with `s` slots.
    fn prune_order(s: u32) -> Weight;
}

/// Weights on a node with the runtime's database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn place_order(s: u32) -> Weight {
        Weight::from_parts(90_000_000, 14_000)
            .saturating_add(Weight::from_parts(3_500_000, 0).saturating_mul(u64::from(s)))
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(10))
            .saturating_add(T::DbWeight::get().writes(1).saturating_mul(u64::from(s)))
    }
    fn set_ask() -> Weight {
        Weight::from_parts(18_000_000, 6_000)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    fn claim_slot() -> Weight {
        Weight::from_parts(140_000_000, 49_000)
            .saturating_add(T::DbWeight::get().reads(15))
            .saturating_add(T::DbWeight::get().writes(13))
    }
    fn confirm_deal() -> Weight {
        Weight::from_parts(110_000_000, 23_000)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    fn settle(p: u32) -> Weight {
        Weight::from_parts(180_000_000, 40_000)
            .saturating_add(Weight::from_parts(6_000_000, 25_000).saturating_mul(u64::from(p)))
            .saturating_add(T::DbWeight::get().reads(12))
            .saturating_add(T::DbWeight::get().reads(3).saturating_mul(u64::from(p)))
            .saturating_add(T::DbWeight::get().writes(10))
    }
    fn cancel_order(s: u32) -> Weight {
        Weight::from_parts(40_000_000, 16_000)
            .saturating_add(Weight::from_parts(60_000_000, 18_000).saturating_mul(u64::from(s)))
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().reads(6).saturating_mul(u64::from(s)))
            .saturating_add(T::DbWeight::get().writes(5))
            .saturating_add(T::DbWeight::get().writes(6).saturating_mul(u64::from(s)))
    }
    fn renew(s: u32) -> Weight {
        Weight::from_parts(60_000_000, 11_000)
            .saturating_add(Weight::from_parts(8_000_000, 6_000).saturating_mul(u64::from(s)))
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().reads(2).saturating_mul(u64::from(s)))
            .saturating_add(T::DbWeight::get().writes(3))
            .saturating_add(T::DbWeight::get().writes(1).saturating_mul(u64::from(s)))
    }
    fn prune_order(s: u32) -> Weight {
        Weight::from_parts(70_000_000, 22_000)
            .saturating_add(Weight::from_parts(4_000_000, 3_000).saturating_mul(u64::from(s)))
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().reads(1).saturating_mul(u64::from(s)))
            .saturating_add(T::DbWeight::get().writes(8))
            .saturating_add(T::DbWeight::get().writes(1).saturating_mul(u64::from(s)))
    }
}

/// For tests.
impl WeightInfo for () {
    fn place_order(s: u32) -> Weight {
        Weight::from_parts(90_000_000, 14_000)
            .saturating_add(Weight::from_parts(3_500_000, 0).saturating_mul(u64::from(s)))
            .saturating_add(RocksDbWeight::get().reads(5))
            .saturating_add(RocksDbWeight::get().writes(10))
            .saturating_add(RocksDbWeight::get().writes(1).saturating_mul(u64::from(s)))
    }
    fn set_ask() -> Weight {
        Weight::from_parts(18_000_000, 6_000)
            .saturating_add(RocksDbWeight::get().reads(1))
            .saturating_add(RocksDbWeight::get().writes(1))
    }
    fn claim_slot() -> Weight {
        Weight::from_parts(140_000_000, 49_000)
            .saturating_add(RocksDbWeight::get().reads(15))
            .saturating_add(RocksDbWeight::get().writes(13))
    }
    fn confirm_deal() -> Weight {
        Weight::from_parts(110_000_000, 23_000)
            .saturating_add(RocksDbWeight::get().reads(6))
            .saturating_add(RocksDbWeight::get().writes(3))
    }
    fn settle(p: u32) -> Weight {
        Weight::from_parts(180_000_000, 40_000)
            .saturating_add(Weight::from_parts(6_000_000, 25_000).saturating_mul(u64::from(p)))
            .saturating_add(RocksDbWeight::get().reads(12))
            .saturating_add(RocksDbWeight::get().reads(3).saturating_mul(u64::from(p)))
            .saturating_add(RocksDbWeight::get().writes(10))
    }
    fn cancel_order(s: u32) -> Weight {
        Weight::from_parts(40_000_000, 16_000)
            .saturating_add(Weight::from_parts(60_000_000, 18_000).saturating_mul(u64::from(s)))
            .saturating_add(RocksDbWeight::get().reads(4))
            .saturating_add(RocksDbWeight::get().reads(6).saturating_mul(u64::from(s)))
            .saturating_add(RocksDbWeight::get().writes(5))
            .saturating_add(RocksDbWeight::get().writes(6).saturating_mul(u64::from(s)))
    }
    fn renew(s: u32) -> Weight {
        Weight::from_parts(60_000_000, 11_000)
            .saturating_add(Weight::from_parts(8_000_000, 6_000).saturating_mul(u64::from(s)))
            .saturating_add(RocksDbWeight::get().reads(3))
            .saturating_add(RocksDbWeight::get().reads(2).saturating_mul(u64::from(s)))
            .saturating_add(RocksDbWeight::get().writes(3))
            .saturating_add(RocksDbWeight::get().writes(1).saturating_mul(u64::from(s)))
    }
    fn prune_order(s: u32) -> Weight {
        Weight::from_parts(70_000_000, 22_000)
            .saturating_add(Weight::from_parts(4_000_000, 3_000).saturating_mul(u64::from(s)))
            .saturating_add(RocksDbWeight::get().reads(4))
            .saturating_add(RocksDbWeight::get().reads(1).saturating_mul(u64::from(s)))
            .saturating_add(RocksDbWeight::get().writes(8))
            .saturating_add(RocksDbWeight::get().writes(1).saturating_mul(u64::from(s)))
    }
}
