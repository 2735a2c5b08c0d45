//! Weights of `pallet_staking_collateral`, measured in WASM.
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
    /// `pledge`.
    fn pledge() -> Weight;
    /// `request_release`.
    fn request_release() -> Weight;
    /// `withdraw`.
    fn withdraw() -> Weight;
    /// `delegate`.
    fn delegate() -> Weight;
    /// `undelegate`.
    fn undelegate() -> Weight;
    /// `withdraw_delegation`.
    fn withdraw_delegation() -> Weight;
    /// `set_commission`.
    fn set_commission() -> Weight;
}

/// Weights with the runtime's database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn pledge() -> Weight {
        // At least 124_766_000 ps.
        Weight::from_parts(136_661_000, 3_866)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }

    fn request_release() -> Weight {
        // At least 42_518_000 ps.
        Weight::from_parts(44_158_000, 3_866)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }

    fn withdraw() -> Weight {
        // At least 101_537_000 ps.
        Weight::from_parts(114_790_000, 3_866)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }

    fn delegate() -> Weight {
        Weight::from_parts(220_000_000, 7400)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(5))
    }

    fn undelegate() -> Weight {
        Weight::from_parts(60_000_000, 4100)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }

    fn withdraw_delegation() -> Weight {
        Weight::from_parts(200_000_000, 7400)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(5))
    }

    fn set_commission() -> Weight {
        Weight::from_parts(60_000_000, 3900)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(1))
    }
}

/// Weights for tests.
impl WeightInfo for () {
    fn pledge() -> Weight {
        Weight::from_parts(136_661_000, 3_866)
            .saturating_add(RocksDbWeight::get().reads(3))
            .saturating_add(RocksDbWeight::get().writes(3))
    }

    fn request_release() -> Weight {
        Weight::from_parts(44_158_000, 3_866)
            .saturating_add(RocksDbWeight::get().reads(1))
            .saturating_add(RocksDbWeight::get().writes(1))
    }

    fn withdraw() -> Weight {
        Weight::from_parts(114_790_000, 3_866)
            .saturating_add(RocksDbWeight::get().reads(3))
            .saturating_add(RocksDbWeight::get().writes(3))
    }

    fn delegate() -> Weight {
        Weight::from_parts(220_000_000, 7400)
            .saturating_add(RocksDbWeight::get().reads(5))
            .saturating_add(RocksDbWeight::get().writes(5))
    }

    fn undelegate() -> Weight {
        Weight::from_parts(60_000_000, 4100)
            .saturating_add(RocksDbWeight::get().reads(1))
            .saturating_add(RocksDbWeight::get().writes(1))
    }

    fn withdraw_delegation() -> Weight {
        Weight::from_parts(200_000_000, 7400)
            .saturating_add(RocksDbWeight::get().reads(5))
            .saturating_add(RocksDbWeight::get().writes(5))
    }

    fn set_commission() -> Weight {
        Weight::from_parts(60_000_000, 3900)
            .saturating_add(RocksDbWeight::get().reads(2))
            .saturating_add(RocksDbWeight::get().writes(1))
    }
}
