//! Weights of the calls and of the tick.
//!
//! Figures are set by hand from the costs below, rounded up, until a reference machine generates
//! them (`benchmark pallet`); do not tune them here.

use core::marker::PhantomData;

use frame_support::{traits::Get, weights::Weight};

/// Reference time of one Groth16 verification in WASM: 15 ms, in picoseconds.
const PROOF_PS: u64 = 15_000_000_000;
/// Reference time of one field hash in WASM with its conversions: 0.2 ms.
const FIELD_HASH_PS: u64 = 200_000_000;
/// Reference time of a call's own work.
const BASE_PS: u64 = 50_000_000;
/// Bytes of proof that one storage item costs at most, a sector's entry with its trie nodes.
const ITEM_POV: u64 = 6_000;
/// Field hashes of one binding opening: a path of the deepest tree.
const OPENING_HASHES: u64 = 10;
/// Field hashes of a seal statement, and of a partition's set.
const STATEMENT_HASHES: u64 = 10;
/// Most sectors of a partition of the profiles built today.
const POST_SECTORS: u64 = 8;

/// Weights that the pallet needs; `n` counts pieces.
pub trait WeightInfo {
    /// `pre_commit` of `n` pieces.
    fn pre_commit(n: u32) -> Weight;
    /// `prove_commit` of a sector of `n` pieces, with the profile's proofs and openings.
    fn prove_commit(n: u32) -> Weight;
    /// `submit_post` of a full partition, of which `n` pieces recover.
    fn submit_post(n: u32) -> Weight;
    /// `declare_fault` of a sector of `n` pieces.
    fn declare_fault(n: u32) -> Weight;
    /// `recover`.
    fn recover() -> Weight;
    /// `terminate` of a sector of `n` pieces.
    fn terminate(n: u32) -> Weight;
    /// `expire_pre_commit` of `n` pieces.
    fn expire_pre_commit(n: u32) -> Weight;
    /// `dispute` of a sector of `n` pieces.
    fn dispute(n: u32) -> Weight;
    /// `set_verifying_key`.
    fn set_verifying_key() -> Weight;
    /// A block that handled `p` missed partitions with `n` pieces in all.
    fn tick(p: u32, n: u32) -> Weight;
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
    fn pre_commit(n: u32) -> Weight {
        let pieces = u64::from(n);
        Self::of(10_000_000 * pieces, 6 + 4 * pieces, 1 + 2 * pieces)
    }

    fn prove_commit(n: u32) -> Weight {
        let pieces = u64::from(n);
        let hashes = STATEMENT_HASHES + 2 * OPENING_HASHES;
        Self::of(
            PROOF_PS + hashes * FIELD_HASH_PS,
            12 + 3 * pieces,
            6 + pieces,
        )
    }

    fn submit_post(n: u32) -> Weight {
        let pieces = u64::from(n);
        let hashes = (STATEMENT_HASHES + POST_SECTORS) * FIELD_HASH_PS;
        Self::of(
            PROOF_PS + hashes,
            8 + POST_SECTORS + 2 * pieces,
            6 + POST_SECTORS + pieces,
        )
    }

    fn declare_fault(n: u32) -> Weight {
        let pieces = u64::from(n);
        Self::of(0, 6 + 3 * pieces, 2 + pieces)
    }

    fn recover() -> Weight {
        Self::of(0, 4, 1)
    }

    fn terminate(n: u32) -> Weight {
        let pieces = u64::from(n);
        Self::of(0, 8 + 6 * pieces, 4 + 4 * pieces)
    }

    fn expire_pre_commit(n: u32) -> Weight {
        let pieces = u64::from(n);
        Self::of(0, 2 + pieces, 1 + pieces)
    }

    fn dispute(n: u32) -> Weight {
        let pieces = u64::from(n);
        Self::of(
            OPENING_HASHES * FIELD_HASH_PS,
            10 + 6 * pieces,
            6 + 4 * pieces,
        )
    }

    fn set_verifying_key() -> Weight {
        Self::of(2 * PROOF_PS, 1, 1)
    }

    fn tick(p: u32, n: u32) -> Weight {
        let (partitions, pieces) = (u64::from(p), u64::from(n));
        let reads = 4 + partitions * (4 + POST_SECTORS) + 8 * pieces;
        let writes = 3 + partitions * (5 + POST_SECTORS) + 5 * pieces;
        Self::of(20_000_000 * partitions, reads, writes)
    }
}

/// Weights for tests.
impl WeightInfo for () {
    fn pre_commit(_: u32) -> Weight {
        Weight::zero()
    }

    fn prove_commit(_: u32) -> Weight {
        Weight::zero()
    }

    fn submit_post(_: u32) -> Weight {
        Weight::zero()
    }

    fn declare_fault(_: u32) -> Weight {
        Weight::zero()
    }

    fn recover() -> Weight {
        Weight::zero()
    }

    fn terminate(_: u32) -> Weight {
        Weight::zero()
    }

    fn expire_pre_commit(_: u32) -> Weight {
        Weight::zero()
    }

    fn dispute(_: u32) -> Weight {
        Weight::zero()
    }

    fn set_verifying_key() -> Weight {
        Weight::zero()
    }

    fn tick(_: u32, _: u32) -> Weight {
        Weight::zero()
    }
}
