//! Weights of the calls.
//!
//! Figures are set by hand from the costs below, rounded up, until a reference machine generates
//! them (`benchmark pallet`); do not tune them here.

use core::marker::PhantomData;

use frame_support::{traits::Get, weights::Weight};

/// Reference time of one Groth16 verification in WASM: 15 ms, in picoseconds.
const PROOF_PS: u64 = 15_000_000_000;
/// Reference time of one sr25519 verification by the host.
const SIGNATURE_PS: u64 = 60_000_000;
/// Reference time of a statement: field hashes in WASM.
const STATEMENT_PS: u64 = 1_000_000_000;
/// Reference time of a call's own work.
const BASE_PS: u64 = 50_000_000;
/// Bytes of proof that one storage item costs at most.
const ITEM_POV: u64 = 6_000;
/// Most holders of an order.
const HOLDERS: u64 = 60;

/// Weights that the pallet needs.
pub trait WeightInfo {
    /// `open_retrieval`.
    fn open_retrieval() -> Weight;
    /// `top_up`.
    fn top_up() -> Weight;
    /// `claim` of `n` claims, each of its own agreement.
    fn claim(n: u32) -> Weight;
    /// `close`.
    fn close() -> Weight;
    /// `withdraw` of an agreement with `n` claimants.
    fn withdraw(n: u32) -> Weight;
}

/// Weights with the runtime's database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> SubstrateWeight<T> {
    fn of(ps: u64, reads: u64, writes: u64) -> Weight {
        Weight::from_parts(BASE_PS.saturating_add(ps), ITEM_POV.saturating_mul(reads))
            .saturating_add(T::DbWeight::get().reads_writes(reads, writes))
    }
}

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn open_retrieval() -> Weight {
        Self::of(0, 5, 5)
    }

    fn top_up() -> Weight {
        Self::of(0, 3, 3)
    }

    fn claim(n: u32) -> Weight {
        let claims = u64::from(n);
        let ps = PROOF_PS + SIGNATURE_PS + STATEMENT_PS;
        Self::of(
            claims * ps,
            2 + claims * (14 + 3 * HOLDERS),
            claims * (5 + HOLDERS),
        )
    }

    fn close() -> Weight {
        Self::of(0, 1, 1)
    }

    fn withdraw(n: u32) -> Weight {
        let claimants = u64::from(n);
        Self::of(0, 5 + claimants, 5 + claimants)
    }
}

/// Weights for tests.
impl WeightInfo for () {
    fn open_retrieval() -> Weight {
        Weight::zero()
    }

    fn top_up() -> Weight {
        Weight::zero()
    }

    fn claim(_: u32) -> Weight {
        Weight::zero()
    }

    fn close() -> Weight {
        Weight::zero()
    }

    fn withdraw(_: u32) -> Weight {
        Weight::zero()
    }
}
