//! Weights of `pallet_node_classes`, in the form that `scripts/benchmark-weights.sh` writes.
//!
//! Start numbers by hand from database reads and writes, until they are measured.

use core::marker::PhantomData;
use frame_support::{
    traits::Get,
    weights::{constants::RocksDbWeight, Weight},
};

/// Weights of the calls of `pallet_node_classes`.
pub trait WeightInfo {
    /// Of `register`.
    fn register() -> Weight;
    /// Of `update` by the worker.
    fn update() -> Weight;
    /// Of `set_worker`.
    fn set_worker() -> Weight;
    /// Of `set_capacity`.
    fn set_capacity() -> Weight;
    /// Of `promote`.
    fn promote() -> Weight;
    /// Of `retire`.
    fn retire() -> Weight;
}

/// Weights on a node with the runtime's database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn register() -> Weight {
        Weight::from_parts(90_000_000, 12_000)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    fn update() -> Weight {
        Weight::from_parts(25_000_000, 8_000)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    fn set_worker() -> Weight {
        Weight::from_parts(75_000_000, 10_000)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    fn set_capacity() -> Weight {
        Weight::from_parts(20_000_000, 5_000)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    fn promote() -> Weight {
        Weight::from_parts(20_000_000, 5_000)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    fn retire() -> Weight {
        Weight::from_parts(50_000_000, 9_000)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(4))
    }
}

/// For tests.
impl WeightInfo for () {
    fn register() -> Weight {
        Weight::from_parts(90_000_000, 12_000)
            .saturating_add(RocksDbWeight::get().reads(4))
            .saturating_add(RocksDbWeight::get().writes(4))
    }
    fn update() -> Weight {
        Weight::from_parts(25_000_000, 8_000)
            .saturating_add(RocksDbWeight::get().reads(3))
            .saturating_add(RocksDbWeight::get().writes(1))
    }
    fn set_worker() -> Weight {
        Weight::from_parts(75_000_000, 10_000)
            .saturating_add(RocksDbWeight::get().reads(3))
            .saturating_add(RocksDbWeight::get().writes(3))
    }
    fn set_capacity() -> Weight {
        Weight::from_parts(20_000_000, 5_000)
            .saturating_add(RocksDbWeight::get().reads(1))
            .saturating_add(RocksDbWeight::get().writes(1))
    }
    fn promote() -> Weight {
        Weight::from_parts(20_000_000, 5_000)
            .saturating_add(RocksDbWeight::get().reads(1))
            .saturating_add(RocksDbWeight::get().writes(1))
    }
    fn retire() -> Weight {
        Weight::from_parts(50_000_000, 9_000)
            .saturating_add(RocksDbWeight::get().reads(3))
            .saturating_add(RocksDbWeight::get().writes(4))
    }
}
