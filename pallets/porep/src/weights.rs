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
/// Most pieces of a sector, most sectors of a partition of the profiles built today.
const PIECES: u64 = 64;
const POST_SECTORS: u64 = 8;

/// Weights that the pallet needs.
pub trait WeightInfo {
    /// `pre_commit` of `pieces` pieces.
    fn pre_commit(pieces: u32) -> Weight;
    /// `prove_commit` with that many proofs and binding openings.
    fn prove_commit(proofs: u32, bindings: u32) -> Weight;
    /// `submit_post`.
    fn submit_post() -> Weight;
    /// `declare_fault`.
    fn declare_fault() -> Weight;
    /// `recover`.
    fn recover() -> Weight;
    /// `terminate`.
    fn terminate() -> Weight;
    /// `expire_pre_commit`.
    fn expire_pre_commit() -> Weight;
    /// `dispute`.
    fn dispute() -> Weight;
    /// `set_verifying_key`.
    fn set_verifying_key() -> Weight;
    /// A block that handled that many missed partitions with that many pieces.
    fn tick(partitions: u32, pieces: u32) -> Weight;
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
    fn pre_commit(pieces: u32) -> Weight {
        let pieces = u64::from(pieces);
        Self::of(10_000_000 * pieces, 6 + 4 * pieces, 1 + 2 * pieces)
    }

    fn prove_commit(proofs: u32, bindings: u32) -> Weight {
        let proofs = u64::from(proofs) * (PROOF_PS + STATEMENT_HASHES * FIELD_HASH_PS);
        let bindings = u64::from(bindings) * OPENING_HASHES * FIELD_HASH_PS;
        Self::of(proofs + bindings, 12 + 3 * PIECES, 6 + PIECES)
    }

    fn submit_post() -> Weight {
        let pieces = PIECES * POST_SECTORS;
        let hashes = (STATEMENT_HASHES + POST_SECTORS) * FIELD_HASH_PS;
        Self::of(
            PROOF_PS + hashes,
            8 + POST_SECTORS + 2 * pieces,
            6 + POST_SECTORS + pieces,
        )
    }

    fn declare_fault() -> Weight {
        Self::of(0, 6 + 3 * PIECES, 2 + PIECES)
    }

    fn recover() -> Weight {
        Self::of(0, 4, 1)
    }

    fn terminate() -> Weight {
        Self::of(0, 8 + 6 * PIECES, 4 + 4 * PIECES)
    }

    fn expire_pre_commit() -> Weight {
        Self::of(0, 2 + PIECES, 1 + PIECES)
    }

    fn dispute() -> Weight {
        Self::of(
            OPENING_HASHES * FIELD_HASH_PS,
            10 + 6 * PIECES,
            6 + 4 * PIECES,
        )
    }

    fn set_verifying_key() -> Weight {
        Self::of(2 * PROOF_PS, 1, 1)
    }

    fn tick(partitions: u32, pieces: u32) -> Weight {
        let (partitions, pieces) = (u64::from(partitions), u64::from(pieces));
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

    fn prove_commit(_: u32, _: u32) -> Weight {
        Weight::zero()
    }

    fn submit_post() -> Weight {
        Weight::zero()
    }

    fn declare_fault() -> Weight {
        Weight::zero()
    }

    fn recover() -> Weight {
        Weight::zero()
    }

    fn terminate() -> Weight {
        Weight::zero()
    }

    fn expire_pre_commit() -> Weight {
        Weight::zero()
    }

    fn dispute() -> Weight {
        Weight::zero()
    }

    fn set_verifying_key() -> Weight {
        Weight::zero()
    }

    fn tick(_: u32, _: u32) -> Weight {
        Weight::zero()
    }
}
