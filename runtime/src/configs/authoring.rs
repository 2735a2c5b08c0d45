//! Who authors blocks, and what an author earns.
//!
//! The relay chain validates and finalises whatever this chain's authors make, so a policy decides who may
//! author and nothing else: `docs/authoring.md`.

use frame_support::{
    parameter_types,
    traits::{fungible::Credit, tokens::imbalance::ResolveTo, OnUnbalanced},
};
use ips_pallet_traits::AuthorRank;
use ips_primitives::id::{AccountKey, ProviderId};
use sp_runtime::Percent;

use crate::*;

/// The policy of this chain. A side chain changes this line.
pub type Policy = StorageWeighted;

/// Who may author: an own rule for the seats, and a rank if candidates are elected.
pub trait AuthoringPolicy {
    /// Fills the seats of a session.
    type Sessions: pallet_session::SessionManager<AccountId>;
    /// What candidates are elected by.
    type Rank: AuthorRank;
}

/// Invulnerables that governance names, and candidates that bond a deposit (PoA and PoS).
pub struct Appointed;

impl AuthoringPolicy for Appointed {
    type Sessions = CollatorSelection;
    type Rank = ByStake;
}

/// Candidates by their pledge and what others delegate to them (DPoS).
pub struct DelegatedStake;

impl AuthoringPolicy for DelegatedStake {
    type Sessions = Authoring;
    type Rank = ByStake;
}

/// Candidates by proven storage times the stake behind it.
pub struct StorageWeighted;

impl AuthoringPolicy for StorageWeighted {
    type Sessions = Authoring;
    type Rank = ByStorage;
}

/// Own pledge and delegations.
pub struct ByStake;

impl AuthorRank for ByStake {
    fn rank(account: &AccountKey) -> u128 {
        StakingCollateral::stake_of(&ProviderId(account.0))
    }
}

/// Sectors that are proven now, times the stake behind their provider.
pub struct ByStorage;

impl AuthorRank for ByStorage {
    fn rank(account: &AccountKey) -> u128 {
        let provider = ProviderId(account.0);
        let power = Porep::power_of(&provider);
        StakingCollateral::stake_of(&provider).saturating_mul(power.into())
    }
}

parameter_types! {
    /// Seats of a session.
    pub const Seats: u32 = 20;
    /// Candidates below which the appointed collators author.
    pub const SeatsMin: u32 = 3;
    /// An author's part of the fees of its block.
    pub const AuthorPart: Percent = Percent::from_percent(20);
}

impl pallet_authoring::Config for Runtime {
    type Rank = <Policy as AuthoringPolicy>::Rank;
    type Keys = Session;
    type Fallback = CollatorSelection;
    type Seats = Seats;
    type SeatsMin = SeatsMin;
    type WeightInfo = pallet_authoring::weights::SubstrateWeight<Runtime>;
}

/// A part of the fees to the author and those who stand behind it, the rest to the treasury.
pub struct FeesToAuthor;

impl OnUnbalanced<Credit<AccountId, Balances>> for FeesToAuthor {
    fn on_unbalanceds(fees: impl Iterator<Item = Credit<AccountId, Balances>>) {
        // The fee, then the tip.
        for fee in fees {
            Self::on_nonzero_unbalanced(fee);
        }
    }

    fn on_nonzero_unbalanced(fee: Credit<AccountId, Balances>) {
        use frame_support::traits::Imbalance as _;
        let amount = AuthorPart::get().mul_floor(fee.peek());
        let (part, rest) = fee.split(amount);
        let rest = match pallet_authorship::Pallet::<Runtime>::author() {
            None => rest.merge(part),
            // An author without an account earns nothing.
            Some(author) => match StakingCollateral::reward(&ProviderId(author.into()), part) {
                Ok(()) => rest,
                Err(part) => rest.merge(part),
            },
        };
        ResolveTo::<super::governance::TreasuryAccount, Balances>::on_unbalanced(rest);
    }
}
