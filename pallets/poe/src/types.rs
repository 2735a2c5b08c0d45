//! What the pallet stores, and the constants it runs with.

use codec::{Decode, Encode, MaxEncodedLen};
use ips_primitives::{
    id::{AccountKey, Balance, BlockNumber, OrderId},
    sector::Profile,
};
use scale_info::TypeInfo;

/// Most agreements of one client at a time.
pub const AGREEMENTS_PER_CLIENT_MAX: u32 = 64;
/// Most providers that claim under one agreement: two full groups.
pub const CLAIMANTS_MAX: u32 = 120;

/// Constants of the pallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoeParameters {
    /// Sizes of the proof system.
    pub profile: Profile,
    /// Blocks between the request to close and the end.
    pub close_blocks: BlockNumber,
    /// Blocks of a period of the limits below.
    pub period_blocks: BlockNumber,
    /// Claims of one agreement in one period.
    pub period_claims_max: u32,
    /// Bytes claimed under one agreement in one period.
    pub period_bytes_max: u64,
    /// Bytes of one claim.
    pub claim_bytes_max: u64,
    /// Least budget of an agreement, so that entries cost something.
    pub budget_min: Balance,
}

impl PoeParameters {
    /// The period of block `now`.
    pub const fn period_of(&self, now: BlockNumber) -> u32 {
        now / self.period_blocks
    }

    /// Checks every relation.
    ///
    /// # Panics
    /// If one is broken: such a runtime must not be built.
    pub fn ensure_sound(&self) {
        assert!(self.close_blocks >= 1, "a provider needs time to claim");
        assert!(self.period_blocks >= 1);
        assert!(self.period_claims_max >= 1);
        assert!(self.claim_bytes_max >= 1);
        assert!(self.period_bytes_max >= self.claim_bytes_max);
        assert!(self.budget_min >= 1);
    }
}

/// A client's promise to pay for reading an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Agreement {
    /// Who pays; its sr25519 key signs vouchers.
    pub client: AccountKey,
    /// What is read.
    pub order: OrderId,
    /// Price of 1 MiB delivered.
    pub price_per_mib: Balance,
    /// What is left on hold.
    pub budget: Balance,
    /// First block in which claims are refused, once the client asked to close.
    pub closes_at: Option<BlockNumber>,
    /// Providers with a claim record.
    pub claimants: u32,
    /// Period that the two counts below are of.
    pub period: u32,
    /// Claims in that period.
    pub period_claims: u32,
    /// Bytes claimed in that period.
    pub period_bytes: u64,
}

/// What a provider claimed under an agreement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct ClaimRecord {
    /// Nonce of the last claim; `None` before the first.
    pub nonce: Option<u64>,
    /// Bytes of the last voucher: all that were paid for.
    pub cumulative_bytes: u64,
}
