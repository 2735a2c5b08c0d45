//! Weights of `pallet_porep`, measured in WASM.
//!
//! Written by `scripts/benchmark-weights.sh`; do not edit. 2026-11-26, 16 steps of
//! 5 repeats, on Intel(R) Xeon(R) Processor, which is no reference machine.

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
        // At least 118_985_000 ps.
        Weight::from_parts(122_869_654, 7_233)
            .saturating_add(Weight::from_parts(20_765_481, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn prove_commit(n: u32) -> Weight {
        // At least 11_350_250_000 ps.
        Weight::from_parts(15_536_264_420, 7_233)
            .saturating_add(Weight::from_parts(166_203_085, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(7))
            .saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn submit_post(n: u32) -> Weight {
        // At least 11_411_162_000 ps.
        Weight::from_parts(14_737_440_941, 50_934)
            .saturating_add(Weight::from_parts(53_229_274, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(15))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(12))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn declare_fault(n: u32) -> Weight {
        // At least 104_577_000 ps.
        Weight::from_parts(202_601_138, 7_584)
            .saturating_add(Weight::from_parts(40_481_618, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(3))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn recover() -> Weight {
        // At least 106_035_000 ps.
        Weight::from_parts(118_707_000, 7_584)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(1))
    }

    fn terminate(n: u32) -> Weight {
        // At least 364_320_000 ps.
        Weight::from_parts(306_710_186, 7_584)
            .saturating_add(Weight::from_parts(259_732_078, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().reads(5_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(9))
            .saturating_add(T::DbWeight::get().writes(5_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn expire_pre_commit(n: u32) -> Weight {
        // At least 44_619_000 ps.
        Weight::from_parts(77_067_300, 7_233)
            .saturating_add(Weight::from_parts(8_683_700, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 2_551).saturating_mul(n.into()))
    }

    fn dispute(n: u32) -> Weight {
        // At least 1_393_636_000 ps.
        Weight::from_parts(1_864_950_794, 7_584)
            .saturating_add(Weight::from_parts(282_779_782, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().reads(5_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(9))
            .saturating_add(T::DbWeight::get().writes(5_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn set_verifying_key() -> Weight {
        // At least 12_072_782_000 ps.
        Weight::from_parts(14_702_526_000, 0).saturating_add(T::DbWeight::get().writes(1))
    }

    fn set_arithmetic() -> Weight {
        // At least 9_922_000 ps.
        Weight::from_parts(12_533_000, 0).saturating_add(T::DbWeight::get().writes(1))
    }

    fn verify_in_wasm(n: u32) -> Weight {
        // At least 8_252_963_000 ps.
        Weight::from_parts(14_276_721_023, 6_062)
            .saturating_add(Weight::from_parts(5_378_047_294, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(2))
    }

    fn verify_by_host(n: u32) -> Weight {
        // At least 3_175_517_000 ps.
        Weight::from_parts(11_938_958_333, 6_062)
            .saturating_add(Weight::from_parts(1_534_672_770, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(2))
    }

    fn tick(p: u32, n: u32) -> Weight {
        // At least 3_381_498_000 ps.
        Weight::from_parts(3_474_046_000, 7_133)
            .saturating_add(Weight::from_parts(117_194_000, 0).saturating_mul(p.into()))
            .saturating_add(Weight::from_parts(81_673_833, 0).saturating_mul(n.into()))
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
        Weight::from_parts(122_869_654, 7_233)
            .saturating_add(Weight::from_parts(20_765_481, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(5))
            .saturating_add(RocksDbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(1))
            .saturating_add(RocksDbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn prove_commit(n: u32) -> Weight {
        Weight::from_parts(15_536_264_420, 7_233)
            .saturating_add(Weight::from_parts(166_203_085, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(9))
            .saturating_add(RocksDbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(7))
            .saturating_add(RocksDbWeight::get().writes(3_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn submit_post(n: u32) -> Weight {
        Weight::from_parts(14_737_440_941, 50_934)
            .saturating_add(Weight::from_parts(53_229_274, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(15))
            .saturating_add(RocksDbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(12))
            .saturating_add(RocksDbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn declare_fault(n: u32) -> Weight {
        Weight::from_parts(202_601_138, 7_584)
            .saturating_add(Weight::from_parts(40_481_618, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(4))
            .saturating_add(RocksDbWeight::get().reads(3_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(3))
            .saturating_add(RocksDbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn recover() -> Weight {
        Weight::from_parts(118_707_000, 7_584)
            .saturating_add(RocksDbWeight::get().reads(3))
            .saturating_add(RocksDbWeight::get().writes(1))
    }

    fn terminate(n: u32) -> Weight {
        Weight::from_parts(306_710_186, 7_584)
            .saturating_add(Weight::from_parts(259_732_078, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(9))
            .saturating_add(RocksDbWeight::get().reads(5_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(9))
            .saturating_add(RocksDbWeight::get().writes(5_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn expire_pre_commit(n: u32) -> Weight {
        Weight::from_parts(77_067_300, 7_233)
            .saturating_add(Weight::from_parts(8_683_700, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(1))
            .saturating_add(RocksDbWeight::get().reads(1_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(1))
            .saturating_add(RocksDbWeight::get().writes(1_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 2_551).saturating_mul(n.into()))
    }

    fn dispute(n: u32) -> Weight {
        Weight::from_parts(1_864_950_794, 7_584)
            .saturating_add(Weight::from_parts(282_779_782, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(8))
            .saturating_add(RocksDbWeight::get().reads(5_u64.saturating_mul(n.into())))
            .saturating_add(RocksDbWeight::get().writes(9))
            .saturating_add(RocksDbWeight::get().writes(5_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 4_593).saturating_mul(n.into()))
    }

    fn set_verifying_key() -> Weight {
        Weight::from_parts(14_702_526_000, 0).saturating_add(RocksDbWeight::get().writes(1))
    }

    fn set_arithmetic() -> Weight {
        Weight::from_parts(12_533_000, 0).saturating_add(RocksDbWeight::get().writes(1))
    }

    fn verify_in_wasm(n: u32) -> Weight {
        Weight::from_parts(14_276_721_023, 6_062)
            .saturating_add(Weight::from_parts(5_378_047_294, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(2))
    }

    fn verify_by_host(n: u32) -> Weight {
        Weight::from_parts(11_938_958_333, 6_062)
            .saturating_add(Weight::from_parts(1_534_672_770, 0).saturating_mul(n.into()))
            .saturating_add(RocksDbWeight::get().reads(2))
    }

    fn tick(p: u32, n: u32) -> Weight {
        Weight::from_parts(3_474_046_000, 7_133)
            .saturating_add(Weight::from_parts(117_194_000, 0).saturating_mul(p.into()))
            .saturating_add(Weight::from_parts(81_673_833, 0).saturating_mul(n.into()))
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
