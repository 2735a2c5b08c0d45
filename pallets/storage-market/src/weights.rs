//! Weights of `pallet_storage_market`, measured in WASM.
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
    /// `place_order`, `s` in 6..=60.
    fn place_order(s: u32) -> Weight;
    /// `set_ask`.
    fn set_ask() -> Weight;
    /// `claim_slot`.
    fn claim_slot() -> Weight;
    /// `confirm_deal`.
    fn confirm_deal() -> Weight;
    /// `settle`, `p` in 1..=64.
    fn settle(p: u32) -> Weight;
    /// `cancel_order`, `s` in 6..=60.
    fn cancel_order(s: u32) -> Weight;
    /// `renew`, `s` in 6..=60.
    fn renew(s: u32) -> Weight;
    /// `prune_order`, `s` in 6..=60.
    fn prune_order(s: u32) -> Weight;
}

/// Weights with the runtime's database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn place_order(s: u32) -> Weight {
        // At least 209_365_000 ps.
        Weight::from_parts(200_759_395, 3_640)
            .saturating_add(Weight::from_parts(2_831_000, 0).saturating_mul(s.into()))
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(7))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(s.into())))
    }

    fn set_ask() -> Weight {
        // At least 40_141_000 ps.
        Weight::from_parts(51_756_000, 4_723)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }

    fn claim_slot() -> Weight {
        // At least 351_765_000 ps.
        Weight::from_parts(367_565_000, 8_456)
            .saturating_add(T::DbWeight::get().reads(15))
            .saturating_add(T::DbWeight::get().writes(14))
    }

    fn confirm_deal() -> Weight {
        // At least 150_131_000 ps.
        Weight::from_parts(172_605_000, 5_583)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(1))
    }

    fn settle(p: u32) -> Weight {
        // At least 350_164_000 ps.
        Weight::from_parts(307_225_666, 6_196)
            .saturating_add(Weight::from_parts(41_891_541, 0).saturating_mul(p.into()))
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(p.into())))
            .saturating_add(T::DbWeight::get().writes(9))
            .saturating_add(Weight::from_parts(0, 6_594).saturating_mul(p.into()))
    }

    fn cancel_order(s: u32) -> Weight {
        // At least 1_269_077_000 ps.
        Weight::from_parts(1_291_825_000, 5_583)
            .saturating_add(Weight::from_parts(228_913_730, 0).saturating_mul(s.into()))
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().reads(6_u64.saturating_mul(s.into())))
            .saturating_add(T::DbWeight::get().writes(5))
            .saturating_add(T::DbWeight::get().writes(7_u64.saturating_mul(s.into())))
            .saturating_add(Weight::from_parts(0, 3_733).saturating_mul(s.into()))
    }

    fn renew(s: u32) -> Weight {
        // At least 294_568_000 ps.
        Weight::from_parts(162_881_565, 5_583)
            .saturating_add(Weight::from_parts(23_355_195, 0).saturating_mul(s.into()))
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(s.into())))
            .saturating_add(T::DbWeight::get().writes(3))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(s.into())))
            .saturating_add(Weight::from_parts(0, 2_588).saturating_mul(s.into()))
    }

    fn prune_order(s: u32) -> Weight {
        // At least 181_624_000 ps.
        Weight::from_parts(151_152_459, 5_583)
            .saturating_add(Weight::from_parts(7_364_272, 0).saturating_mul(s.into()))
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(s.into())))
            .saturating_add(T::DbWeight::get().writes(7))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(s.into())))
            .saturating_add(Weight::from_parts(0, 2_588).saturating_mul(s.into()))
    }
}

/// Weights for tests.
impl WeightInfo for () {
    fn place_order(s: u32) -> Weight {
        Weight::from_parts(200_759_395, 3_640)
            .saturating_add(Weight::from_parts(2_831_000, 0).saturating_mul(s.into()))
            .saturating_add(RocksDbWeight::get().reads(3))
            .saturating_add(RocksDbWeight::get().writes(7))
            .saturating_add(RocksDbWeight::get().writes(1_u64.saturating_mul(s.into())))
    }

    fn set_ask() -> Weight {
        Weight::from_parts(51_756_000, 4_723)
            .saturating_add(RocksDbWeight::get().reads(1))
            .saturating_add(RocksDbWeight::get().writes(1))
    }

    fn claim_slot() -> Weight {
        Weight::from_parts(367_565_000, 8_456)
            .saturating_add(RocksDbWeight::get().reads(15))
            .saturating_add(RocksDbWeight::get().writes(14))
    }

    fn confirm_deal() -> Weight {
        Weight::from_parts(172_605_000, 5_583)
            .saturating_add(RocksDbWeight::get().reads(4))
            .saturating_add(RocksDbWeight::get().writes(1))
    }

    fn settle(p: u32) -> Weight {
        Weight::from_parts(307_225_666, 6_196)
            .saturating_add(Weight::from_parts(41_891_541, 0).saturating_mul(p.into()))
            .saturating_add(RocksDbWeight::get().reads(9))
            .saturating_add(RocksDbWeight::get().reads(3_u64.saturating_mul(p.into())))
            .saturating_add(RocksDbWeight::get().writes(9))
            .saturating_add(Weight::from_parts(0, 6_594).saturating_mul(p.into()))
    }

    fn cancel_order(s: u32) -> Weight {
        Weight::from_parts(1_291_825_000, 5_583)
            .saturating_add(Weight::from_parts(228_913_730, 0).saturating_mul(s.into()))
            .saturating_add(RocksDbWeight::get().reads(5))
            .saturating_add(RocksDbWeight::get().reads(6_u64.saturating_mul(s.into())))
            .saturating_add(RocksDbWeight::get().writes(5))
            .saturating_add(RocksDbWeight::get().writes(7_u64.saturating_mul(s.into())))
            .saturating_add(Weight::from_parts(0, 3_733).saturating_mul(s.into()))
    }

    fn renew(s: u32) -> Weight {
        Weight::from_parts(162_881_565, 5_583)
            .saturating_add(Weight::from_parts(23_355_195, 0).saturating_mul(s.into()))
            .saturating_add(RocksDbWeight::get().reads(3))
            .saturating_add(RocksDbWeight::get().reads(2_u64.saturating_mul(s.into())))
            .saturating_add(RocksDbWeight::get().writes(3))
            .saturating_add(RocksDbWeight::get().writes(1_u64.saturating_mul(s.into())))
            .saturating_add(Weight::from_parts(0, 2_588).saturating_mul(s.into()))
    }

    fn prune_order(s: u32) -> Weight {
        Weight::from_parts(151_152_459, 5_583)
            .saturating_add(Weight::from_parts(7_364_272, 0).saturating_mul(s.into()))
            .saturating_add(RocksDbWeight::get().reads(3))
            .saturating_add(RocksDbWeight::get().reads(1_u64.saturating_mul(s.into())))
            .saturating_add(RocksDbWeight::get().writes(7))
            .saturating_add(RocksDbWeight::get().writes(1_u64.saturating_mul(s.into())))
            .saturating_add(Weight::from_parts(0, 2_588).saturating_mul(s.into()))
    }
}
