//! Stake that others put behind a node: shared rewards, shared slashes, every step of bounded cost.
//!
//! What is delegated to a node lies in one pot; a delegator owns shares of it. A slash or a reward changes
//! what a share is worth and touches nobody's entry. Delegated stake backs no slot: it ranks the node, and
//! loses the same part as the node's own pledge does.

use frame_support::{
    defensive,
    dispatch::DispatchResult,
    ensure,
    traits::{
        fungible::{Balanced, Credit, Mutate},
        tokens::{imbalance::Imbalance, Fortitude, Precision, Preservation},
        Get,
    },
};
use ips_primitives::{
    hash::blake2_256,
    id::{Balance, ProviderId},
};
use sp_runtime::{
    helpers_128bit::multiply_by_rational_with_rounding, traits::Zero, AccountId32, Rounding,
};

use crate::{
    calls::owner_of,
    pallet::{Config, Delegations, Error, Event, Pallet, Pledges, Pools},
    types::{DelegationPool, Release, PERMILLE},
};

type CreditOf<T> = Credit<AccountId32, <T as Config>::Currency>;

/// `amount · part / whole`, rounded down; at most `amount` if `part` is at most `whole`.
fn share_of(amount: Balance, part: Balance, whole: Balance) -> Balance {
    multiply_by_rational_with_rounding(amount, part, whole, Rounding::Down).unwrap_or(0)
}

/// The account that holds what is delegated to a node. Nobody has its key.
#[must_use]
pub fn pot_of(provider: &ProviderId) -> AccountId32 {
    AccountId32::new(blake2_256(&[b"ips/delegated", &provider.0]))
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_delegate(
        delegator: &AccountId32,
        provider: ProviderId,
        amount: Balance,
    ) -> DispatchResult {
        ensure!(amount >= T::DelegationMin::get(), Error::<T>::TooSmall);
        ensure!(
            Pledges::<T>::contains_key(provider),
            Error::<T>::NothingPledged
        );
        let mut pool = Pools::<T>::get(provider).unwrap_or_default();
        let shares = match (pool.shares, pool.stake) {
            (0, _) => amount,
            (_, 0) => return Err(Error::<T>::AllSlashed.into()),
            (shares, stake) => share_of(amount, shares, stake),
        };
        ensure!(shares > 0, Error::<T>::TooSmall);
        let pot = pot_of(&provider);
        T::Currency::transfer(delegator, &pot, amount, Preservation::Preserve)?;
        // Saturation cannot occur: stake is issued money, shares are bought with it.
        pool.stake = pool.stake.saturating_add(amount);
        pool.shares = pool.shares.saturating_add(shares);
        Pools::<T>::insert(provider, pool);
        Delegations::<T>::mutate(provider, delegator, |delegation| {
            let delegation = delegation.get_or_insert_default();
            delegation.shares = delegation.shares.saturating_add(shares);
        });
        Self::deposit_event(Event::Delegated {
            provider,
            delegator: delegator.clone(),
            amount,
            shares,
        });
        Ok(())
    }

    pub(crate) fn do_undelegate(
        delegator: &AccountId32,
        provider: ProviderId,
        shares: Balance,
    ) -> DispatchResult {
        ensure!(shares > 0, Error::<T>::ZeroAmount);
        let due_at = Self::now().saturating_add(T::UnbondingBlocks::get());
        Delegations::<T>::try_mutate(provider, delegator, |stored| {
            let delegation = stored.as_mut().ok_or(Error::<T>::NotDelegated)?;
            ensure!(shares <= delegation.staying(), Error::<T>::NotEnoughFree);
            delegation
                .leaving
                .try_push(Release {
                    amount: shares,
                    due_at,
                })
                .map_err(|_| Error::<T>::TooManyReleases)
        })?;
        Self::deposit_event(Event::UndelegationRequested {
            provider,
            delegator: delegator.clone(),
            shares,
            due_at,
        });
        Ok(())
    }

    pub(crate) fn do_withdraw_delegation(
        delegator: &AccountId32,
        provider: ProviderId,
    ) -> DispatchResult {
        let now = Self::now();
        let mut delegation =
            Delegations::<T>::get(provider, delegator).ok_or(Error::<T>::NotDelegated)?;
        let mut pool = Pools::<T>::get(provider).ok_or(Error::<T>::NotDelegated)?;
        let all = delegation.leaving_shares();
        delegation.leaving.retain(|release| release.due_at > now);
        let shares = all.saturating_sub(delegation.leaving_shares());
        ensure!(shares > 0, Error::<T>::NothingDue);
        let amount = share_of(pool.stake, shares, pool.shares);
        T::Currency::transfer(
            &pot_of(&provider),
            delegator,
            amount,
            Preservation::Expendable,
        )?;
        delegation.shares = delegation.shares.saturating_sub(shares);
        pool.shares = pool.shares.saturating_sub(shares);
        pool.stake = pool.stake.saturating_sub(amount);
        let is_left = delegation.shares > 0;
        Delegations::<T>::set(provider, delegator, is_left.then_some(delegation));
        Self::store(&provider, pool);
        Self::deposit_event(Event::DelegationWithdrawn {
            provider,
            delegator: delegator.clone(),
            amount,
        });
        Ok(())
    }

    pub(crate) fn do_set_commission(provider: ProviderId, permille: u16) -> DispatchResult {
        ensure!(permille <= PERMILLE, Error::<T>::NoCommission);
        ensure!(
            Pledges::<T>::contains_key(provider),
            Error::<T>::NothingPledged
        );
        let mut pool = Pools::<T>::get(provider).unwrap_or_default();
        // Whoever delegated did so for what was said then; it may only get better for them.
        ensure!(
            pool.shares == 0 || permille <= pool.commission_permille,
            Error::<T>::CommissionRises
        );
        pool.commission_permille = permille;
        Self::store(&provider, pool);
        Self::deposit_event(Event::CommissionSet { provider, permille });
        Ok(())
    }

    /// Stores a pool; one that says nothing is not stored.
    fn store(provider: &ProviderId, pool: DelegationPool) {
        let says = pool != DelegationPool::default();
        Pools::<T>::set(provider, says.then_some(pool));
    }

    /// Takes from the pot the part of it that `taken` is of the own pledge of `pledged`.
    pub(crate) fn slash_pool(
        provider: &ProviderId,
        taken: Balance,
        pledged: Balance,
    ) -> CreditOf<T> {
        let Some(mut pool) = Pools::<T>::get(provider).filter(|pool| pool.stake > 0) else {
            return CreditOf::<T>::zero();
        };
        let wanted = share_of(pool.stake, taken.min(pledged), pledged);
        if wanted.is_zero() {
            return CreditOf::<T>::zero();
        }
        let slashed = T::Currency::withdraw(
            &pot_of(provider),
            wanted,
            Precision::BestEffort,
            Preservation::Expendable,
            Fortitude::Force,
        );
        let Ok(credit) = slashed else {
            defensive!("the pot holds the stake");
            return CreditOf::<T>::zero();
        };
        pool.stake = pool.stake.saturating_sub(credit.peek());
        Self::store(provider, pool);
        Self::deposit_event(Event::PoolSlashed {
            provider: *provider,
            amount: credit.peek(),
        });
        credit
    }

    /// Shares a reward of a node: its commission and its own stake's part to the owner, the rest to the
    /// delegators, by stake. What cannot be paid out is given back.
    pub fn reward(provider: &ProviderId, reward: CreditOf<T>) -> Result<(), CreditOf<T>> {
        let mut pool = Pools::<T>::get(provider).unwrap_or_default();
        let amount = reward.peek();
        let commission = share_of(amount, pool.commission_permille.into(), PERMILLE.into());
        let whole = pool.stake.saturating_add(Self::pledged(provider));
        let delegated = match (pool.shares, whole) {
            (0, _) | (_, 0) => 0,
            (_, whole) => share_of(amount.saturating_sub(commission), pool.stake, whole),
        };
        let (for_pool, for_owner) = reward.split(delegated);
        let for_pool = match T::Currency::resolve(&owner_of(provider), for_owner) {
            Ok(()) => for_pool,
            // An owner whose account is gone earns nothing, and neither do its delegators.
            Err(for_owner) => return Err(for_owner.merge(for_pool)),
        };
        if for_pool.peek() > 0 {
            pool.stake = pool.stake.saturating_add(for_pool.peek());
            T::Currency::resolve(&pot_of(provider), for_pool)?;
            Self::store(provider, pool);
        }
        Ok(())
    }

    /// All that stands behind a node: its own pledge and what is delegated to it.
    #[must_use]
    pub fn stake_of(provider: &ProviderId) -> Balance {
        let delegated = Pools::<T>::get(provider).map_or(0, |pool| pool.stake);
        Self::pledged(provider).saturating_add(delegated)
    }

    /// What a delegation is worth now.
    #[must_use]
    pub fn worth_of(provider: &ProviderId, delegator: &AccountId32) -> Balance {
        let delegation = Delegations::<T>::get(provider, delegator).unwrap_or_default();
        Pools::<T>::get(provider).map_or(0, |pool| match pool.shares {
            0 => 0,
            shares => share_of(pool.stake, delegation.shares, shares),
        })
    }

    /// Whether the pot holds at least what the pool says, and shares add up.
    #[cfg(any(test, feature = "try-runtime"))]
    pub(crate) fn check_delegations() -> Result<(), sp_runtime::TryRuntimeError> {
        for (provider, pool) in Pools::<T>::iter() {
            let held = <T::Currency as frame_support::traits::fungible::Inspect<_>>::total_balance(
                &pot_of(&provider),
            );
            ensure!(held >= pool.stake, "6: the pot holds less than the stake");
            let shares: Balance = Delegations::<T>::iter_prefix_values(provider)
                .map(|delegation| delegation.shares)
                .sum();
            ensure!(shares == pool.shares, "7: shares do not add up");
        }
        for (provider, _, delegation) in Delegations::<T>::iter() {
            ensure!(delegation.shares > 0, "8: an empty delegation is stored");
            ensure!(
                delegation.leaving_shares() <= delegation.shares,
                "8: more leaves than is there"
            );
            ensure!(
                Pools::<T>::contains_key(provider),
                "8: a delegation without a pool"
            );
        }
        Ok(())
    }
}
