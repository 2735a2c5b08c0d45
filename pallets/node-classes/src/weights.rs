//! Weights of `pallet_node_classes`, measured in WASM.
//!
//! Written by `scripts/benchmark-weights.sh`; do not edit. 2026-11-26, 20 steps of
//! 6 repeats, on Intel(R) Xeon(R) Processor, which is no reference machine.

use core::marker::PhantomData;

use frame_support::{
    traits::Get,
    weights::{constants::RocksDbWeight, Weight},
};

/// Weights that the pallet needs.
pub trait WeightInfo {
    /// `register`.
    fn register() -> Weight;
    /// `update`.
    fn update() -> Weight;
    /// `set_worker`.
    fn set_worker() -> Weight;
    /// `set_capacity`.
    fn set_capacity() -> Weight;
    /// `promote`.
    fn promote() -> Weight;
    /// `retire`.
    fn retire() -> Weight;
}

/// Weights with the runtime's database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn register() -> Weight {
        // At least 299_573_000 ps.
        Weight::from_parts(333_107_000, 4_723)
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().writes(5))
    }

    fn update() -> Weight {
        // At least 61_489_000 ps.
        Weight::from_parts(63_701_000, 8_456)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(1))
    }

    fn set_worker() -> Weight {
        // At least 133_220_000 ps.
        Weight::from_parts(141_436_000, 4_723)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }

    fn set_capacity() -> Weight {
        // At least 44_201_000 ps.
        Weight::from_parts(51_883_000, 4_723)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }

    fn promote() -> Weight {
        // At least 48_148_000 ps.
        Weight::from_parts(49_106_000, 4_723)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }

    fn retire() -> Weight {
        // At least 125_013_000 ps.
        Weight::from_parts(134_874_000, 4_723)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(5))
    }
}

/// Weights for tests.
impl WeightInfo for () {
    fn register() -> Weight {
        Weight::from_parts(333_107_000, 4_723)
            .saturating_add(RocksDbWeight::get().reads(6))
            .saturating_add(RocksDbWeight::get().writes(5))
    }

    fn update() -> Weight {
        Weight::from_parts(63_701_000, 8_456)
            .saturating_add(RocksDbWeight::get().reads(3))
            .saturating_add(RocksDbWeight::get().writes(1))
    }

    fn set_worker() -> Weight {
        Weight::from_parts(141_436_000, 4_723)
            .saturating_add(RocksDbWeight::get().reads(3))
            .saturating_add(RocksDbWeight::get().writes(3))
    }

    fn set_capacity() -> Weight {
        Weight::from_parts(51_883_000, 4_723)
            .saturating_add(RocksDbWeight::get().reads(1))
            .saturating_add(RocksDbWeight::get().writes(1))
    }

    fn promote() -> Weight {
        Weight::from_parts(49_106_000, 4_723)
            .saturating_add(RocksDbWeight::get().reads(1))
            .saturating_add(RocksDbWeight::get().writes(1))
    }

    fn retire() -> Weight {
        Weight::from_parts(134_874_000, 4_723)
            .saturating_add(RocksDbWeight::get().reads(4))
            .saturating_add(RocksDbWeight::get().writes(5))
    }
}
