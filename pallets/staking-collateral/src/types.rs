//! The pledge ledger.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use ips_primitives::id::{Balance, BlockNumber};
use scale_info::TypeInfo;

/// Most requests of one provider that wait at a time.
pub const RELEASES_MAX: u32 = 16;

/// A whole, in thousandths.
pub(crate) const PERMILLE: u16 = 1_000;

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

/// What others have put behind a node.
#[derive(
    Clone,
    Copy,
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
pub struct DelegationPool {
    /// What is in the pot for them.
    pub stake: Balance,
    /// Shares that it is divided into.
    pub shares: Balance,
    /// What the node keeps of a reward before it is shared, in 1/1000.
    pub commission_permille: u16,
}

/// What one account has put behind one node, in shares of the node's pool.
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
pub struct Delegation {
    /// All of them.
    pub shares: Balance,
    /// On their way out, in the order of the requests; they earn and lose until they are withdrawn.
    pub leaving: BoundedVec<Release, ConstU32<RELEASES_MAX>>,
}

impl Delegation {
    /// Shares on their way out.
    #[must_use]
    pub fn leaving_shares(&self) -> Balance {
        self.leaving
            .iter()
            .fold(0, |sum, release| sum.saturating_add(release.amount))
    }

    /// Shares that may be asked back.
    #[must_use]
    pub fn staying(&self) -> Balance {
        self.shares.saturating_sub(self.leaving_shares())
    }
}
