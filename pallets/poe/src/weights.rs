//! Weights of `pallet_poe`, measured in WASM.
//!
//! Written by `scripts/benchmark-weights.sh`; do not edit. 2026-11-27, 20 steps of
//! 6 repeats, on Intel(R) Xeon(R) Processor, which is no reference machine.

use core::marker::PhantomData;

use frame_support::{
    traits::Get,
    weights::{constants::RocksDbWeight, Weight},
};

/// Weights that the pallet needs.
pub trait WeightInfo {
    /// `open_retrieval`.
    fn open_retrieval() -> Weight;
    /// `top_up`.
    fn top_up() -> Weight;
    /// `claim`, `n` in 1..=16.
    fn claim(n: u32) -> Weight;
    /// `close`.
    fn close() -> Weight;
    /// `withdraw`, `n` in 0..=120.
    fn withdraw(n: u32) -> Weight;
}

/// Weights with the runtime's database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn open_retrieval() -> Weight {
        // At least 114_579_000 ps.
        Weight::from_parts(139_047_000, 5_583)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(5))
    }

    fn top_up() -> Weight {
        // At least 100_832_000 ps.
        Weight::from_parts(111_876_000, 3_640)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }

    fn claim(n: u32) -> Weight {
        // At least 12_926_466_000 ps.
        Weight::from_parts(8_198_225_038, 6_062)
            .saturating_add(Weight::from_parts(7_689_451_800, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().reads(128_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(64_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 158_783).saturating_mul(n.into()))
    }

    fn close() -> Weight {
        // At least 38_785_000 ps.
        Weight::from_parts(40_987_000, 3_578)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }

    fn withdraw(n: u32) -> Weight {
        // At least 107_552_000 ps.
        Weight::from_parts(123_713_631, 4_027)
            .saturating_add(Weight::from_parts(1_654_650, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(4))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 2_556).saturating_mul(n.into()))
    }
}

/// Weights for tests.
impl WeightInfo for () {
    fn open_retrieval() -> Weight {
        Weight::from_parts(139_047_000, 5_583)
            .saturating_add(RocksDbWeight::get().reads(5))
            .saturating_add(RocksDbWeight::get().writes(5))
    }

    fn top_up() -> Weight {
        Weight::from_parts(111_876_000, 3_640)
            .saturating_add(RocksDbWeight::get().reads(3))
            .saturating_add(RocksDbWeight::get().writes(3))
    }

    fn claim(n: u32) -> Weight {
        Weight::from_parts(8_198_225_038, 6_062)
            .saturating_add(Weight::from_parts(7_689_451_800, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(4))
            .saturating_add(RocksDbWeight::get().reads(128_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(64_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 158_783).saturating_mul(n.into()))
    }

    fn close() -> Weight {
        Weight::from_parts(40_987_000, 3_578)
            .saturating_add(RocksDbWeight::get().reads(1))
            .saturating_add(RocksDbWeight::get().writes(1))
    }

    fn withdraw(n: u32) -> Weight {
        Weight::from_parts(123_713_631, 4_027)
            .saturating_add(Weight::from_parts(1_654_650, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(4))
            .saturating_add(RocksDbWeight::get().reads(1_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(4))
            .saturating_add(RocksDbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 2_556).saturating_mul(n.into()))
    }
}
