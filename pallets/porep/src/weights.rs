//! Weights of `pallet_porep`, measured in WASM.
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
    /// `pre_commit`, `n` in 1..=64.
    fn pre_commit(n: u32) -> Weight;
    /// `prove_commit`, `n` in 1..=64.
    fn prove_commit(n: u32) -> Weight;
    /// `submit_post`, `n` in 0..=512.
    fn submit_post(n: u32) -> Weight;
    /// `declare_fault`, `n` in 1..=64.
    fn declare_fault(n: u32) -> Weight;
    /// `recover`.
    fn recover() -> Weight;
    /// `terminate`, `n` in 1..=64.
    fn terminate(n: u32) -> Weight;
    /// `expire_pre_commit`, `n` in 1..=64.
    fn expire_pre_commit(n: u32) -> Weight;
    /// `dispute`, `n` in 1..=64.
    fn dispute(n: u32) -> Weight;
    /// `set_verifying_key`.
    fn set_verifying_key() -> Weight;
    /// `set_arithmetic`.
    fn set_arithmetic() -> Weight;
    /// `verify_in_wasm`, `n` in 1..=64.
    fn verify_in_wasm(n: u32) -> Weight;
    /// `verify_by_host`, `n` in 1..=64.
    fn verify_by_host(n: u32) -> Weight;
    /// `tick`, `p` in 1..=32, `n` in 1..=64.
    fn tick(p: u32, n: u32) -> Weight;
}

/// Weights with the runtime's database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn pre_commit(n: u32) -> Weight {
        // At least 108_862_000 ps.
        Weight::from_parts(101_145_945, 7_233)
            .saturating_add(Weight::from_parts(18_921_354, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn prove_commit(n: u32) -> Weight {
        // At least 11_117_093_000 ps.
        Weight::from_parts(11_176_016_618, 7_233)
            .saturating_add(Weight::from_parts(73_350_666, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(7))
            .saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn submit_post(n: u32) -> Weight {
        // At least 9_058_421_000 ps.
        Weight::from_parts(9_335_734_052, 50_934)
            .saturating_add(Weight::from_parts(26_539_012, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(15))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(12))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn declare_fault(n: u32) -> Weight {
        // At least 86_384_000 ps.
        Weight::from_parts(66_264_500, 7_584)
            .saturating_add(Weight::from_parts(30_190_585, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(3))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn recover() -> Weight {
        // At least 84_802_000 ps.
        Weight::from_parts(85_945_000, 7_584)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(1))
    }

    fn terminate(n: u32) -> Weight {
        // At least 247_424_000 ps.
        Weight::from_parts(106_243_333, 7_584)
            .saturating_add(Weight::from_parts(149_628_706, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().reads(5_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(9))
            .saturating_add(T::DbWeight::get().writes(5_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn expire_pre_commit(n: u32) -> Weight {
        // At least 32_970_000 ps.
        Weight::from_parts(36_023_341, 7_233)
            .saturating_add(Weight::from_parts(8_283_408, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 2_551).saturating_mul(n.into()))
    }

    fn dispute(n: u32) -> Weight {
        // At least 1_256_547_000 ps.
        Weight::from_parts(1_128_972_192, 7_584)
            .saturating_add(Weight::from_parts(155_361_519, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().reads(5_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(9))
            .saturating_add(T::DbWeight::get().writes(5_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn set_verifying_key() -> Weight {
        // At least 7_085_338_000 ps.
        Weight::from_parts(7_208_407_000, 0).saturating_add(T::DbWeight::get().writes(1))
    }

    fn set_arithmetic() -> Weight {
        // At least 10_540_000 ps.
        Weight::from_parts(11_203_000, 0).saturating_add(T::DbWeight::get().writes(1))
    }

    fn verify_in_wasm(n: u32) -> Weight {
        // At least 7_948_138_000 ps.
        Weight::from_parts(7_557_946_153, 6_062)
            .saturating_add(Weight::from_parts(3_484_767_335, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(2))
    }

    fn verify_by_host(n: u32) -> Weight {
        // At least 3_025_474_000 ps.
        Weight::from_parts(4_369_145_175, 6_062)
            .saturating_add(Weight::from_parts(1_335_103_085, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(2))
    }

    fn tick(p: u32, n: u32) -> Weight {
        // At least 3_237_098_000 ps.
        Weight::from_parts(3_303_557_000, 7_155)
            .saturating_add(Weight::from_parts(109_022_037, 0).saturating_mul(p.into()))
            .saturating_add(Weight::from_parts(72_364_769, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(7))
            .saturating_add(T::DbWeight::get().reads(11_u64.saturating_mul(p.into())))
            .saturating_add(T::DbWeight::get().reads(4_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(5))
            .saturating_add(T::DbWeight::get().writes(12_u64.saturating_mul(p.into())))
            .saturating_add(T::DbWeight::get().writes(2_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
            .saturating_add(Weight::from_parts(0, 49_944).saturating_mul(p.into()))
    }
}

/// Weights for tests.
impl WeightInfo for () {
    fn pre_commit(n: u32) -> Weight {
        Weight::from_parts(101_145_945, 7_233)
            .saturating_add(Weight::from_parts(18_921_354, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(5))
            .saturating_add(RocksDbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(1))
            .saturating_add(RocksDbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn prove_commit(n: u32) -> Weight {
        Weight::from_parts(11_176_016_618, 7_233)
            .saturating_add(Weight::from_parts(73_350_666, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(9))
            .saturating_add(RocksDbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(7))
            .saturating_add(RocksDbWeight::get().writes(3_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn submit_post(n: u32) -> Weight {
        Weight::from_parts(9_335_734_052, 50_934)
            .saturating_add(Weight::from_parts(26_539_012, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(15))
            .saturating_add(RocksDbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(12))
            .saturating_add(RocksDbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn declare_fault(n: u32) -> Weight {
        Weight::from_parts(66_264_500, 7_584)
            .saturating_add(Weight::from_parts(30_190_585, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(4))
            .saturating_add(RocksDbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(3))
            .saturating_add(RocksDbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn recover() -> Weight {
        Weight::from_parts(85_945_000, 7_584)
            .saturating_add(RocksDbWeight::get().reads(3))
            .saturating_add(RocksDbWeight::get().writes(1))
    }

    fn terminate(n: u32) -> Weight {
        Weight::from_parts(106_243_333, 7_584)
            .saturating_add(Weight::from_parts(149_628_706, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(9))
            .saturating_add(RocksDbWeight::get().reads(5_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(9))
            .saturating_add(RocksDbWeight::get().writes(5_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn expire_pre_commit(n: u32) -> Weight {
        Weight::from_parts(36_023_341, 7_233)
            .saturating_add(Weight::from_parts(8_283_408, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(1))
            .saturating_add(RocksDbWeight::get().reads(1_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(1))
            .saturating_add(RocksDbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 2_551).saturating_mul(n.into()))
    }

    fn dispute(n: u32) -> Weight {
        Weight::from_parts(1_128_972_192, 7_584)
            .saturating_add(Weight::from_parts(155_361_519, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(8))
            .saturating_add(RocksDbWeight::get().reads(5_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(9))
            .saturating_add(RocksDbWeight::get().writes(5_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn set_verifying_key() -> Weight {
        Weight::from_parts(7_208_407_000, 0).saturating_add(RocksDbWeight::get().writes(1))
    }

    fn set_arithmetic() -> Weight {
        Weight::from_parts(11_203_000, 0).saturating_add(RocksDbWeight::get().writes(1))
    }

    fn verify_in_wasm(n: u32) -> Weight {
        Weight::from_parts(7_557_946_153, 6_062)
            .saturating_add(Weight::from_parts(3_484_767_335, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(2))
    }

    fn verify_by_host(n: u32) -> Weight {
        Weight::from_parts(4_369_145_175, 6_062)
            .saturating_add(Weight::from_parts(1_335_103_085, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(2))
    }

    fn tick(p: u32, n: u32) -> Weight {
        Weight::from_parts(3_303_557_000, 7_155)
            .saturating_add(Weight::from_parts(109_022_037, 0).saturating_mul(p.into()))
            .saturating_add(Weight::from_parts(72_364_769, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(7))
            .saturating_add(RocksDbWeight::get().reads(11_u64.saturating_mul(p.into())))
            .saturating_add(RocksDbWeight::get().reads(4_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(5))
            .saturating_add(RocksDbWeight::get().writes(12_u64.saturating_mul(p.into())))
            .saturating_add(RocksDbWeight::get().writes(2_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
            .saturating_add(Weight::from_parts(0, 49_944).saturating_mul(p.into()))
    }
}
