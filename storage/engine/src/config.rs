//! Settings of the engine.

use std::path::PathBuf;

use ips_primitives::id::{BlockNumber, ProviderId};

/// All settings of one storage node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Folder that the engine owns.
    pub base_path: PathBuf,
    /// The registered node that this engine works for: its owner account.
    pub provider: ProviderId,
    /// Bytes of slots that are taken at most; sectors come on top.
    pub capacity_bytes: u64,
    /// Free disk space that is never used.
    pub reserve_bytes: u64,
    /// Whether open slots are claimed.
    pub claim_slots: bool,
    /// Claimed slots whose delivery is awaited, at most: each locks collateral.
    pub claims_open_max: usize,
    /// Blocks that a partial piece waits for others to share its sector.
    pub pack_wait_blocks: BlockNumber,
    /// Heavy proving steps at once, and as many storage proofs beside them.
    pub prover_permits: usize,
    /// Sectors that are sealed at once; each holds its pieces in memory while it is labelled.
    pub sealing_max: usize,
    /// Blocks between two settlements of the own slots; 0 = one proving period.
    pub settle_every_blocks: BlockNumber,
    /// Blocks between two batches of retrieval claims.
    pub claim_every_blocks: BlockNumber,
    /// Blocks that a slot must be gone on the chain before its bytes are deleted.
    pub release_after_blocks: BlockNumber,
}

impl Config {
    /// Settings of an ordinary node.
    pub fn new(base_path: PathBuf, provider: ProviderId, capacity_bytes: u64) -> Self {
        Self {
            base_path,
            provider,
            capacity_bytes,
            reserve_bytes: 256 << 20,
            claim_slots: true,
            claims_open_max: 16,
            pack_wait_blocks: 4,
            prover_permits: 1,
            sealing_max: 2,
            settle_every_blocks: 0,
            claim_every_blocks: 5,
            release_after_blocks: 20,
        }
    }
}
