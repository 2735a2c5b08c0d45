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
    /// `tick`, `p` in 1..=32, `n` in 1..=64.
    fn tick(p: u32, n: u32) -> Weight;
}

/// Weights with the runtime's database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn pre_commit(n: u32) -> Weight {
        // At least 174_350_000 ps.
        Weight::from_parts(196_617_000, 7_233)
            .saturating_add(Weight::from_parts(27_434_557, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn prove_commit(n: u32) -> Weight {
        // At least 12_195_796_000 ps.
        Weight::from_parts(12_090_536_333, 7_233)
            .saturating_add(Weight::from_parts(113_244_124, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(7))
            .saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn submit_post(n: u32) -> Weight {
        // At least 9_717_390_000 ps.
        Weight::from_parts(9_738_890_137, 50_934)
            .saturating_add(Weight::from_parts(44_289_200, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(14))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(12))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn declare_fault(n: u32) -> Weight {
        // At least 138_940_000 ps.
        Weight::from_parts(100_134_333, 7_584)
            .saturating_add(Weight::from_parts(47_019_134, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(3))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn recover() -> Weight {
        // At least 120_570_000 ps.
        Weight::from_parts(130_584_000, 7_584)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(1))
    }

    fn terminate(n: u32) -> Weight {
        // At least 371_022_000 ps.
        Weight::from_parts(165_241_666, 7_584)
            .saturating_add(Weight::from_parts(222_022_851, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().reads(5_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(9))
            .saturating_add(T::DbWeight::get().writes(5_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn expire_pre_commit(n: u32) -> Weight {
        // At least 58_741_000 ps.
        Weight::from_parts(60_014_395, 7_233)
            .saturating_add(Weight::from_parts(11_594_883, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 2_551).saturating_mul(n.into()))
    }

    fn dispute(n: u32) -> Weight {
        // At least 1_430_263_000 ps.
        Weight::from_parts(1_187_512_729, 7_584)
            .saturating_add(Weight::from_parts(241_789_627, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().reads(5_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(9))
            .saturating_add(T::DbWeight::get().writes(5_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn set_verifying_key() -> Weight {
        // At least 7_700_873_000 ps.
        Weight::from_parts(7_862_604_000, 0).saturating_add(T::DbWeight::get().writes(1))
    }

    fn tick(p: u32, n: u32) -> Weight {
        // At least 4_487_344_000 ps.
        Weight::from_parts(4_506_350_000, 7_155)
            .saturating_add(Weight::from_parts(143_170_500, 0).saturating_mul(p.into()))
            .saturating_add(Weight::from_parts(107_583_825, 0).saturating_mul(n.into()))
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
        Weight::from_parts(196_617_000, 7_233)
            .saturating_add(Weight::from_parts(27_434_557, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(5))
            .saturating_add(RocksDbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(1))
            .saturating_add(RocksDbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn prove_commit(n: u32) -> Weight {
        Weight::from_parts(12_090_536_333, 7_233)
            .saturating_add(Weight::from_parts(113_244_124, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(8))
            .saturating_add(RocksDbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(7))
            .saturating_add(RocksDbWeight::get().writes(3_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn submit_post(n: u32) -> Weight {
        Weight::from_parts(9_738_890_137, 50_934)
            .saturating_add(Weight::from_parts(44_289_200, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(14))
            .saturating_add(RocksDbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(12))
            .saturating_add(RocksDbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn declare_fault(n: u32) -> Weight {
        Weight::from_parts(100_134_333, 7_584)
            .saturating_add(Weight::from_parts(47_019_134, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(4))
            .saturating_add(RocksDbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(3))
            .saturating_add(RocksDbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn recover() -> Weight {
        Weight::from_parts(130_584_000, 7_584)
            .saturating_add(RocksDbWeight::get().reads(3))
            .saturating_add(RocksDbWeight::get().writes(1))
    }

    fn terminate(n: u32) -> Weight {
        Weight::from_parts(165_241_666, 7_584)
            .saturating_add(Weight::from_parts(222_022_851, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(9))
            .saturating_add(RocksDbWeight::get().reads(5_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(9))
            .saturating_add(RocksDbWeight::get().writes(5_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn expire_pre_commit(n: u32) -> Weight {
        Weight::from_parts(60_014_395, 7_233)
            .saturating_add(Weight::from_parts(11_594_883, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(1))
            .saturating_add(RocksDbWeight::get().reads(1_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(1))
            .saturating_add(RocksDbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 2_551).saturating_mul(n.into()))
    }

    fn dispute(n: u32) -> Weight {
        Weight::from_parts(1_187_512_729, 7_584)
            .saturating_add(Weight::from_parts(241_789_627, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(8))
            .saturating_add(RocksDbWeight::get().reads(5_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(9))
            .saturating_add(RocksDbWeight::get().writes(5_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn set_verifying_key() -> Weight {
        Weight::from_parts(7_862_604_000, 0).saturating_add(RocksDbWeight::get().writes(1))
    }

    fn tick(p: u32, n: u32) -> Weight {
        Weight::from_parts(4_506_350_000, 7_155)
            .saturating_add(Weight::from_parts(143_170_500, 0).saturating_mul(p.into()))
            .saturating_add(Weight::from_parts(107_583_825, 0).saturating_mul(n.into()))
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
