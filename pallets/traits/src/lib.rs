//! The seams between the pallets of IPS: one narrow trait per need.
//!
//! A pallet never imports another; the runtime ties an implementor to each consumer. `ProviderId` is
//! a provider's owner account in bytes.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

use alloc::vec::Vec;
use frame_support::{dispatch::DispatchResult, weights::Weight};
use ips_primitives::{
    challenge::Beacon,
    deal::LossReason,
    id::{
        AccountKey, Balance, BlockNumber, OrderId, PieceIndex, ProviderId, SectorNumber, SlotId,
        VerifyingKeyId,
    },
    node_class::NodeClass,
    sector::{CommD, ProofBytes, SectorState, Statement},
    slot::SlotRoot,
};

/// What the market needs to know of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeFacts {
    /// Class.
    pub class: NodeClass,
    /// Who runs it.
    pub operator: [u8; 32],
    /// Registered capacity that no slot uses, in bytes.
    pub free_bytes: u64,
    /// Kept promises, in 1/1000.
    pub reliability_permille: u16,
    /// Block in which it was registered.
    pub registered_at: BlockNumber,
}

/// Registered nodes. Implemented by `pallet-node-classes`.
pub trait NodeRegistry {
    /// The provider whose hot key `worker` is.
    fn provider_of(worker: &AccountKey) -> Option<ProviderId>;
    /// Facts of a registered, not retired node.
    fn facts(provider: &ProviderId) -> Option<NodeFacts>;
    /// Takes `bytes` of the provider's free capacity.
    ///
    /// # Errors
    /// If the provider is unknown or has less.
    fn reserve(provider: &ProviderId, bytes: u64) -> DispatchResult;
    /// Gives `bytes` back; never fails, never exceeds the capacity.
    fn unreserve(provider: &ProviderId, bytes: u64);
    /// Records a kept (`true`) or broken promise in the moving average.
    fn note_promise(provider: &ProviderId, kept: bool);
    /// Registers a ready node for benchmarks, with the largest capacity of its class.
    #[cfg(feature = "runtime-benchmarks")]
    fn register_for_benchmark(provider: &ProviderId, worker: &AccountKey, class: NodeClass);
}

/// Pledged money. Implemented by `pallet-staking-collateral`.
pub trait Collateral {
    /// Locks `amount` of the provider's free pledge for `slot`; adds to an existing lock.
    ///
    /// # Errors
    /// If the free pledge is smaller.
    fn lock(provider: &ProviderId, slot: SlotId, amount: Balance) -> DispatchResult;
    /// Ends the lock for `slot`; what is left of it is free pledge again.
    fn release(provider: &ProviderId, slot: SlotId);
    /// Takes up to `amount` from the lock for `slot` and returns what was taken.
    fn slash(provider: &ProviderId, slot: SlotId, amount: Balance) -> Balance;
    /// Like [`Self::slash`], but `percent` of what is taken goes to whoever found the reason.
    fn slash_reported(
        provider: &ProviderId,
        slot: SlotId,
        amount: Balance,
        reporter: &AccountKey,
        percent: u8,
    ) -> Balance;
    /// What is locked for `slot`.
    fn locked(provider: &ProviderId, slot: SlotId) -> Balance;
    /// Pledges for benchmarks.
    #[cfg(feature = "runtime-benchmarks")]
    fn pledge_for_benchmark(provider: &ProviderId, amount: Balance);
}

/// What ranks those who want to author blocks. Implemented by each runtime's authoring policy, used by
/// `pallet-authoring`.
pub trait AuthorRank {
    /// The account's rank; more is better, zero is never elected.
    fn rank(account: &AccountKey) -> u128;
}

/// A slot as `pallet-porep` sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotFacts {
    /// Its provider.
    pub provider: ProviderId,
    /// Merkle root of its bytes.
    pub root: SlotRoot,
    /// Its length.
    pub bytes: u64,
}

/// Deals to be sealed. Implemented by `pallet-storage-market`, used by `pallet-porep`.
///
/// The calls below keep a count of sealed and of faulty pieces per slot; they never fail, since a
/// proof or a fault is a fact whatever the market thinks of it. Each names the sector's provider: a
/// slot may have passed to another since, to whom the report means nothing.
pub trait Deals {
    /// Facts of a slot that is confirmed and not lost or expired.
    fn facts(slot: SlotId) -> Option<SlotFacts>;
    /// A piece is in a proven sector. The slot is active once all are.
    fn piece_sealed(provider: &ProviderId, slot: SlotId, now: BlockNumber);
    /// The sector of a piece missed its proof; `proven_through` is the last block proven.
    fn piece_faulted(provider: &ProviderId, slot: SlotId, proven_through: BlockNumber);
    /// The sector of a piece is proven again.
    fn piece_recovered(provider: &ProviderId, slot: SlotId, now: BlockNumber);
    /// The sector of a piece is gone: the slot is lost and its collateral slashed.
    fn piece_lost(provider: &ProviderId, slot: SlotId, reason: LossReason);
    /// A confirmed slot of `bytes` bytes with that root, for benchmarks.
    #[cfg(feature = "runtime-benchmarks")]
    fn confirmed_for_benchmark(provider: &ProviderId, root: SlotRoot, bytes: u64) -> SlotId;
}

/// Who stores what. Implemented by `pallet-storage-market`, used by `pallet-poe`.
pub trait Holders {
    /// Number of the order's slots, or `None` if there is no such order.
    fn slots_of(order: OrderId) -> Option<u32>;
    /// Facts of a slot that is confirmed and not lost or expired.
    fn slot(slot: SlotId) -> Option<SlotFacts>;
    /// Providers whose slot of the order is active (proven) now; at most one entry per slot.
    fn current_provers(order: OrderId) -> Vec<ProviderId>;
    /// An order with an active slot of 8 KiB of each of 1 to 60 providers, for benchmarks.
    #[cfg(feature = "runtime-benchmarks")]
    fn active_order_for_benchmark(providers: &[ProviderId]) -> OrderId;
}

/// Sealed data. Implemented by `pallet-porep`, used by the market and by `pallet-poe`.
pub trait Replicas {
    /// Last block up to which every sealed piece of the slot (its first `pieces`) is proven.
    fn proven_through(slot: SlotId, pieces: u64) -> Option<BlockNumber>;
    /// The sector that holds a piece: number, data root, state.
    fn sector_of(slot: SlotId, piece: PieceIndex) -> Option<(SectorNumber, CommD, SectorState)>;
    /// Makes the slot's first `pieces` proven through a block for benchmarks, each in its own sector.
    #[cfg(feature = "runtime-benchmarks")]
    fn prove_for_benchmark(
        provider: &ProviderId,
        slot: SlotId,
        pieces: u64,
        proven_through: BlockNumber,
    );
    /// Puts a slot of one piece into an active sector with that data root, for benchmarks.
    #[cfg(feature = "runtime-benchmarks")]
    fn seal_for_benchmark(provider: &ProviderId, slot: SlotId, facts: &SlotFacts, comm_d: CommD);
}

/// Randomness of recent blocks. Implemented by `pallet-porep`.
pub trait Beacons {
    /// The beacon of `block`, if it is not older than the chain keeps them and not in the future.
    fn at(block: BlockNumber) -> Option<Beacon>;
    /// Sets the beacon of a block, for benchmarks.
    #[cfg(feature = "runtime-benchmarks")]
    fn set_for_benchmark(block: BlockNumber, beacon: Beacon);
}

/// Keys of the chain's circuits. Implemented by `pallet-porep`, used by `pallet-poe`.
pub trait VerifyingKeys {
    /// Id of the key of circuit `kind` (`ips_verifier::groth16::CircuitKind` in its one byte); `None`
    /// until it is set.
    fn id(kind: u8) -> Option<VerifyingKeyId>;
    /// Whether every proof of the batch shows its statement under that key.
    fn verify(kind: u8, batch: &[(Statement, ProofBytes)]) -> bool;
    /// How much less verifying `proofs` proofs weighs now than in the runtime's own WASM.
    fn saved(proofs: u32) -> Weight;
    /// Sets a key from its canonical bytes, for benchmarks.
    #[cfg(feature = "runtime-benchmarks")]
    fn set_for_benchmark(key: &[u8]);
}
