//! What the engine's tasks can fail with.

use ips_primitives::id::{SectorNumber, SlotId};

use crate::{chain::ChainError, sealer::SealerError, store::StoreError};

/// Why a task of the engine failed; the supervisor logs it and starts the task again.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The chain refused or did not answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The prover.
    #[error(transparent)]
    Sealer(#[from] SealerError),
    /// Root has not set this key yet.
    #[error("the chain has no verifying key for {0} proofs yet; Root must set it")]
    NoKey(&'static str),
    /// The head moved past a beacon that is needed.
    #[error("the chain no longer keeps the beacon of block {0}")]
    BeaconGone(u32),
    /// A slot's bytes are incomplete on this disk.
    #[error("bytes of slot {0:?} are missing or damaged on this disk")]
    SlotDamaged(SlotId),
    /// Positions and bytes of a sector disagree.
    #[error("sector {0:?} can not be opened at a challenged position")]
    Opening(SectorNumber),
    /// The sealer works with another profile than the chain.
    #[error("the chain uses profile {chain} but the prover has {prover}; use matching software")]
    Profile {
        /// The chain's.
        chain: String,
        /// The prover's.
        prover: String,
    },
    /// The chain's head stream ended.
    #[error("the chain client has stopped")]
    ChainStopped,
}
