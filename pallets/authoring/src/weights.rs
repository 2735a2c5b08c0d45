//! Weights of `pallet_authoring`, measured in WASM.
//!
//! Written by `scripts/benchmark-weights.sh`; do not edit.

use core::marker::PhantomData;

use frame_support::{
    traits::Get,
    weights::{constants::RocksDbWeight, Weight},
};

/// Weights that the pallet needs.
pub trait WeightInfo {
    /// `join`.
    fn join() -> Weight;
    /// `leave`.
    fn leave() -> Weight;
    /// `new_session`.
    fn new_session() -> Weight;
}

/// Weights with the runtime's database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn join() -> Weight {
        Weight::from_parts(1_500_000_000, 800_000)
            .saturating_add(T::DbWeight::get().reads(301))
            .saturating_add(T::DbWeight::get().writes(1))
    }

    fn leave() -> Weight {
        Weight::from_parts(60_000_000, 4_687)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }

    fn new_session() -> Weight {
        Weight::from_parts(1_500_000_000, 800_000)
            .saturating_add(T::DbWeight::get().reads(301))
            .saturating_add(T::DbWeight::get().writes(1))
    }
}

/// Weights for tests.
impl WeightInfo for () {
    fn join() -> Weight {
        Weight::from_parts(1_500_000_000, 800_000)
            .saturating_add(RocksDbWeight::get().reads(301))
            .saturating_add(RocksDbWeight::get().writes(1))
    }

    fn leave() -> Weight {
        Weight::from_parts(60_000_000, 4_687)
            .saturating_add(RocksDbWeight::get().reads(1))
            .saturating_add(RocksDbWeight::get().writes(1))
    }

    fn new_session() -> Weight {
        Weight::from_parts(1_500_000_000, 800_000)
            .saturating_add(RocksDbWeight::get().reads(301))
            .saturating_add(RocksDbWeight::get().writes(1))
    }
}
