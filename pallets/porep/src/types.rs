//! What the pallet stores, and the constants it runs with.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{pallet_prelude::ConstU32, BoundedVec};
use ips_primitives::{
    challenge::Beacon,
    id::{BlockNumber, PartitionIndex, ProviderId, SectorNumber, VerifyingKeyId},
    proof_calls::{BINDING_OPENINGS_MAX, SEAL_PROOFS_MAX, TREE_LEVELS_MAX},
    schedule::{ProvingSchedule, Window},
    sector::{CommD, CommR, Piece, PieceRange, Profile, ReplicaId, SectorState, SECTOR_PIECES_MAX},
    slot::SlotRoot,
};
use scale_info::TypeInfo;

/// Why a sector was terminated.
pub use ips_primitives::deal::LossReason as TerminationReason;

/// Most sectors of a partition, whatever the profile.
pub const POST_SECTORS_MAX: u32 = 104;
/// Most partitions of a provider.
pub const PARTITIONS_MAX: u32 = 1 << 16;
/// Most bytes of a verifying key with its header.
pub const KEY_BYTES_MAX: u32 = 512;
/// Most bytes of a prepared verifying key.
pub const PREPARED_KEY_BYTES_MAX: u32 = 2048;

/// A verifying key with its header, as `set_verifying_key` takes it.
pub type KeyBytes = BoundedVec<u8, ConstU32<KEY_BYTES_MAX>>;

/// Randomness of the block that is being made. Implemented by the runtime.
pub trait BlockRandomness {
    /// The beacon of block `now`; nobody but its author may know it before.
    fn for_block(now: BlockNumber) -> Beacon;
}

/// Constants of the pallet.
///
/// Relations (checked by the integrity test): `seed_delay_blocks` < `prove_commit_blocks`; beacons
/// are kept at least as long as tickets, seeds and windows need them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PorepParameters {
    /// Sizes of the proof system; keys of another profile are refused.
    pub profile: Profile,
    /// When storage proofs are due.
    pub schedule: ProvingSchedule,
    /// Blocks between pre-commit and the seed.
    pub seed_delay_blocks: BlockNumber,
    /// Blocks a ticket stays valid.
    pub ticket_blocks: BlockNumber,
    /// Blocks after the pre-commit in which the seal proof is accepted.
    pub prove_commit_blocks: BlockNumber,
    /// Blocks the beacon of a block is kept.
    pub beacon_blocks: BlockNumber,
    /// Percent of a slot's locked collateral that a missed proof costs.
    pub fault_slash_percent: u8,
    /// Percent of the collateral taken for a fraud that goes to whoever showed it. Less than all, so that
    /// a provider does not show its own.
    pub fraud_reward_percent: u8,
    /// Periods after which a faulty sector is terminated.
    pub fault_cutoff_periods: u32,
    /// Missed partitions that one block handles at most.
    pub tick_partitions_max: u32,
    /// Pieces of missed partitions after which a block leaves the rest to the next one.
    pub tick_pieces_max: u32,
    /// Whether keys made without a ceremony are accepted.
    pub allow_insecure_keys: bool,
}

impl PorepParameters {
    /// Block whose beacon is the seed of a sector pre-committed at `block`.
    pub const fn seed_at(&self, block: BlockNumber) -> BlockNumber {
        block.saturating_add(self.seed_delay_blocks)
    }

    /// Whether a pre-commit of `block` is expired at `now`.
    pub const fn is_expired(&self, block: BlockNumber, now: BlockNumber) -> bool {
        now > block.saturating_add(self.prove_commit_blocks)
    }

    /// Whether a sector that is faulty since `block` is to be terminated at `now`.
    pub const fn is_past_cutoff(&self, block: BlockNumber, now: BlockNumber) -> bool {
        let blocks = self
            .fault_cutoff_periods
            .saturating_mul(self.schedule.period_blocks);
        now.saturating_sub(block) > blocks
    }

    /// Checks every relation.
    ///
    /// # Panics
    /// If one is broken: such a runtime must not be built.
    pub fn ensure_sound(&self) {
        let schedule = &self.schedule;
        assert!(schedule.deadlines >= 1 && schedule.period_blocks >= schedule.deadlines);
        assert_eq!(
            schedule.period_blocks % schedule.deadlines,
            0,
            "deadlines cut the period"
        );
        assert!(
            self.seed_delay_blocks >= 1,
            "the seed must not be known at the pre-commit"
        );
        assert!(self.seed_delay_blocks < self.prove_commit_blocks);
        assert!(self.beacon_blocks >= self.prove_commit_blocks);
        assert!(self.beacon_blocks >= self.ticket_blocks);
        assert!(self.beacon_blocks >= schedule.window_blocks());
        assert!(self.fault_slash_percent <= 100);
        assert!(self.fraud_reward_percent < 100);
        assert!(self.fault_cutoff_periods >= 1);
        assert!(self.tick_partitions_max >= 1 && self.tick_pieces_max >= 1);
        assert!(self.profile.post_sectors <= POST_SECTORS_MAX);
        assert!(self.profile.seal_proofs <= SEAL_PROOFS_MAX);
        assert!(self.profile.binding_openings <= BINDING_OPENINGS_MAX);
        assert!(self.profile.tree_levels <= TREE_LEVELS_MAX);
    }
}

/// A verifying key on chain.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct StoredKey {
    /// BLAKE2b-256 of the canonical bytes.
    pub id: VerifyingKeyId,
    /// The key with its header, as it was set.
    pub bytes: KeyBytes,
    /// The prepared key (`ips_verifier::groth16::PreparedKey`), so that no proof prepares it again.
    pub prepared: BoundedVec<u8, ConstU32<PREPARED_KEY_BYTES_MAX>>,
}

/// A piece in a sector, with what its slot's tree is checked against.
///
/// Root and length are copied at the pre-commit: a sector can be proven and disputed even if the
/// deal of one of its pieces ended meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct SectorPiece {
    /// Where it lies.
    pub piece: Piece,
    /// Length of the slot.
    pub slot_bytes: u64,
    /// Root of the slot.
    pub slot_root: SlotRoot,
}

impl SectorPiece {
    /// Bytes of the slot that the piece holds; `None` only if the piece is past the slot's end,
    /// which `pre_commit` refuses.
    pub fn range(&self, profile: &Profile) -> Option<PieceRange> {
        profile.piece_range(self.slot_bytes, self.piece.index)
    }
}

/// A sector on chain.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct SectorInfo {
    /// State.
    pub state: SectorState,
    /// Root of the data.
    pub comm_d: CommD,
    /// Root of the replica.
    pub comm_r: CommR,
    /// What makes the replica unique.
    pub replica_id: ReplicaId,
    /// What lies in it, ascending by node; empty once terminated.
    pub pieces: BoundedVec<SectorPiece, ConstU32<SECTOR_PIECES_MAX>>,
    /// Block of the pre-commit.
    pub pre_committed_at: BlockNumber,
    /// Partition and position in it, while active or faulty.
    pub partition: Option<(PartitionIndex, u32)>,
}

/// A place in a partition. Its state mirrors the sector's, so that a window needs no sector read.
///
/// In the set of a window iff it joined before the window opened and did not leave before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Position {
    /// The sector that is or was here.
    pub sector: SectorNumber,
    /// Its replica root.
    pub comm_r: CommR,
    /// Its number of pieces.
    pub pieces: u32,
    /// Block in which it was proven, or its recovery declared.
    pub joined_at: BlockNumber,
    /// Block in which it became faulty or was terminated, until its recovery is declared.
    pub left_at: Option<BlockNumber>,
    /// Block of the fault, while the sector is faulty.
    pub faulty_since: Option<BlockNumber>,
    /// Last block up to which it is proven.
    pub proven_through: BlockNumber,
    /// Whether the sector is terminated and the place may be taken.
    pub vacant: bool,
}

impl Position {
    /// Whether the proof of the window that opens at `opens_at` covers this place.
    ///
    /// Fixed once the window is open: later blocks only write greater block numbers.
    pub fn is_in_set(&self, opens_at: BlockNumber) -> bool {
        self.joined_at < opens_at && self.left_at.is_none_or(|left_at| left_at >= opens_at)
    }
}

/// Sectors of one provider that one storage proof covers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Partition {
    /// The places; at most the profile's `post_sectors`.
    pub positions: BoundedVec<Position, ConstU32<POST_SECTORS_MAX>>,
    /// The window whose proof is owed next.
    pub due: Window,
    /// Period of the last accepted proof.
    pub last_proven: Option<u32>,
    /// Periods whose proof was accepted, in all.
    pub proven_periods: u32,
    /// Periods whose proof was missed, in all.
    pub missed_periods: u32,
}

/// A partition of a provider.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct PartitionRef {
    /// Whose.
    pub provider: ProviderId,
    /// Which.
    pub partition: PartitionIndex,
}
