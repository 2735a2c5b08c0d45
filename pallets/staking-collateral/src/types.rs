//! The pledge ledger.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use ips_primitives::id::{Balance, BlockNumber};
use scale_info::TypeInfo;

/// Most requests of one provider that wait at a time.
pub const RELEASES_MAX: u32 = 16;

/// Pledge on its way out.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Release {
    /// How much.
    pub amount: Balance,
    /// First block in which it can be withdrawn.
    pub due_at: BlockNumber,
}

/// One provider's pledge.
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Pledge {
    /// All that is held.
    pub total: Balance,
    /// Locked for slots.
    pub locked: Balance,
    /// On its way out, in the order of the requests.
    pub releases: BoundedVec<Release, ConstU32<RELEASES_MAX>>,
}

impl Pledge {
    /// What is on its way out.
    pub fn releasing(&self) -> Balance {
        self.releases
            .iter()
            .fold(0, |sum, release| sum.saturating_add(release.amount))
    }

    /// What may be locked or asked back.
    pub fn free(&self) -> Balance {
        self.total
            .saturating_sub(self.locked)
            .saturating_sub(self.releasing())
    }

    /// Whether nothing is left of it.
    pub fn is_empty(&self) -> bool {
        self.total == 0 && self.locked == 0 && self.releases.is_empty()
    }
}
