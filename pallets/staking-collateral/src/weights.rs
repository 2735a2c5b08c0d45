//! Weights of `pallet_staking_collateral`, in the form that `scripts/benchmark-weights.sh` writes.
//!
//! Start numbers by hand from database reads and writes, until they are measured.

use core::marker::PhantomData;
use frame_support::{
    traits::Get,
    weights::{constants::RocksDbWeight, Weight},
};

/// Weights of the calls of `pallet_staking_collateral`.
pub trait WeightInfo {
    /// Of `pledge`.
    fn pledge() -> Weight;
    /// Of `request_release`.
    fn request_release() -> Weight;
    /// Of `withdraw`.
    fn withdraw() -> Weight;
}

/// Weights on a node with the runtime's database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn pledge() -> Weight {
        Weight::from_parts(55_000_000, 8_000)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    fn request_release() -> Weight {
        Weight::from_parts(20_000_000, 8_000)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    fn withdraw() -> Weight {
        Weight::from_parts(55_000_000, 8_000)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
}

/// For tests.
impl WeightInfo for () {
    fn pledge() -> Weight {
        Weight::from_parts(55_000_000, 8_000)
            .saturating_add(RocksDbWeight::get().reads(3))
            .saturating_add(RocksDbWeight::get().writes(3))
    }
    fn request_release() -> Weight {
        Weight::from_parts(20_000_000, 8_000)
            .saturating_add(RocksDbWeight::get().reads(1))
            .saturating_add(RocksDbWeight::get().writes(1))
    }
    fn withdraw() -> Weight {
        Weight::from_parts(55_000_000, 8_000)
            .saturating_add(RocksDbWeight::get().reads(3))
            .saturating_add(RocksDbWeight::get().writes(3))
    }
}
