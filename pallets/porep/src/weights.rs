//! Weights of `pallet_porep`, measured in WASM.
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
        // At least 110_367_000 ps.
        Weight::from_parts(103_266_553, 7_233)
            .saturating_add(Weight::from_parts(19_528_961, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn prove_commit(n: u32) -> Weight {
        // At least 9_929_239_000 ps.
        Weight::from_parts(10_076_319_571, 7_233)
            .saturating_add(Weight::from_parts(69_054_937, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(7))
            .saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn submit_post(n: u32) -> Weight {
        // At least 8_997_864_000 ps.
        Weight::from_parts(9_048_543_451, 50_934)
            .saturating_add(Weight::from_parts(26_951_825, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(15))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(12))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn declare_fault(n: u32) -> Weight {
        // At least 88_611_000 ps.
        Weight::from_parts(99_780_944, 10_104)
            .saturating_add(Weight::from_parts(30_422_755, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(3))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn recover() -> Weight {
        // At least 78_553_000 ps.
        Weight::from_parts(79_814_000, 10_104)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(1))
    }

    fn terminate(n: u32) -> Weight {
        // At least 241_397_000 ps.
        Weight::from_parts(121_161_446, 10_104)
            .saturating_add(Weight::from_parts(156_346_921, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().reads(5_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(9))
            .saturating_add(T::DbWeight::get().writes(5_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn expire_pre_commit(n: u32) -> Weight {
        // At least 36_651_000 ps.
        Weight::from_parts(44_591_318, 7_233)
            .saturating_add(Weight::from_parts(8_375_469, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 2_551).saturating_mul(n.into()))
    }

    fn dispute(n: u32) -> Weight {
        // At least 717_062_000 ps.
        Weight::from_parts(579_017_200, 10_104)
            .saturating_add(Weight::from_parts(183_470_784, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().reads(5_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(10))
            .saturating_add(T::DbWeight::get().writes(5_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn set_verifying_key() -> Weight {
        // At least 7_358_048_000 ps.
        Weight::from_parts(7_442_817_000, 0).saturating_add(T::DbWeight::get().writes(1))
    }

    fn set_arithmetic() -> Weight {
        // At least 9_613_000 ps.
        Weight::from_parts(11_312_000, 0).saturating_add(T::DbWeight::get().writes(1))
    }

    fn verify_in_wasm(n: u32) -> Weight {
        // At least 8_073_718_000 ps.
        Weight::from_parts(5_855_464_724, 6_062)
            .saturating_add(Weight::from_parts(3_283_113_108, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(2))
    }

    fn verify_by_host(n: u32) -> Weight {
        // At least 3_118_322_000 ps.
        Weight::from_parts(2_977_854_659, 6_062)
            .saturating_add(Weight::from_parts(1_448_001_444, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(2))
    }

    fn tick(p: u32, n: u32) -> Weight {
        // At least 3_424_420_000 ps.
        Weight::from_parts(3_424_420_000, 7_155)
            .saturating_add(Weight::from_parts(107_718_238, 0).saturating_mul(p.into()))
            .saturating_add(Weight::from_parts(75_979_759, 0).saturating_mul(n.into()))
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
        Weight::from_parts(103_266_553, 7_233)
            .saturating_add(Weight::from_parts(19_528_961, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(5))
            .saturating_add(RocksDbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(1))
            .saturating_add(RocksDbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn prove_commit(n: u32) -> Weight {
        Weight::from_parts(10_076_319_571, 7_233)
            .saturating_add(Weight::from_parts(69_054_937, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(9))
            .saturating_add(RocksDbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(7))
            .saturating_add(RocksDbWeight::get().writes(3_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn submit_post(n: u32) -> Weight {
        Weight::from_parts(9_048_543_451, 50_934)
            .saturating_add(Weight::from_parts(26_951_825, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(15))
            .saturating_add(RocksDbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(12))
            .saturating_add(RocksDbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn declare_fault(n: u32) -> Weight {
        Weight::from_parts(99_780_944, 10_104)
            .saturating_add(Weight::from_parts(30_422_755, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(4))
            .saturating_add(RocksDbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(3))
            .saturating_add(RocksDbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn recover() -> Weight {
        Weight::from_parts(79_814_000, 10_104)
            .saturating_add(RocksDbWeight::get().reads(3))
            .saturating_add(RocksDbWeight::get().writes(1))
    }

    fn terminate(n: u32) -> Weight {
        Weight::from_parts(121_161_446, 10_104)
            .saturating_add(Weight::from_parts(156_346_921, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(9))
            .saturating_add(RocksDbWeight::get().reads(5_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(9))
            .saturating_add(RocksDbWeight::get().writes(5_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn expire_pre_commit(n: u32) -> Weight {
        Weight::from_parts(44_591_318, 7_233)
            .saturating_add(Weight::from_parts(8_375_469, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(1))
            .saturating_add(RocksDbWeight::get().reads(1_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(1))
            .saturating_add(RocksDbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 2_551).saturating_mul(n.into()))
    }

    fn dispute(n: u32) -> Weight {
        Weight::from_parts(579_017_200, 10_104)
            .saturating_add(Weight::from_parts(183_470_784, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(9))
            .saturating_add(RocksDbWeight::get().reads(5_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(10))
            .saturating_add(RocksDbWeight::get().writes(5_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn set_verifying_key() -> Weight {
        Weight::from_parts(7_442_817_000, 0).saturating_add(RocksDbWeight::get().writes(1))
    }

    fn set_arithmetic() -> Weight {
        Weight::from_parts(11_312_000, 0).saturating_add(RocksDbWeight::get().writes(1))
    }

    fn verify_in_wasm(n: u32) -> Weight {
        Weight::from_parts(5_855_464_724, 6_062)
            .saturating_add(Weight::from_parts(3_283_113_108, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(2))
    }

    fn verify_by_host(n: u32) -> Weight {
        Weight::from_parts(2_977_854_659, 6_062)
            .saturating_add(Weight::from_parts(1_448_001_444, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(2))
    }

    fn tick(p: u32, n: u32) -> Weight {
        Weight::from_parts(3_424_420_000, 7_155)
            .saturating_add(Weight::from_parts(107_718_238, 0).saturating_mul(p.into()))
            .saturating_add(Weight::from_parts(75_979_759, 0).saturating_mul(n.into()))
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
