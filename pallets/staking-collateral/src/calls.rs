//! What the calls do.

use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{fungible::MutateHold, tokens::Precision, Get},
};
use ips_primitives::id::{Balance, BlockNumber, ProviderId};
use sp_runtime::{traits::UniqueSaturatedInto, AccountId32};

use crate::{
    pallet::{Config, Error, Event, HoldReason, Pallet, Pledges},
    types::{Pledge, Release},
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_pledge(provider: ProviderId, amount: Balance) -> DispatchResult {
        ensure!(amount > 0, Error::<T>::ZeroAmount);
        T::Currency::hold(&HoldReason::Pledge.into(), &owner_of(&provider), amount)?;
        let total = Self::change(&provider, |pledge| {
            // Saturation cannot occur: the total is held on one account.
            pledge.total = pledge.total.saturating_add(amount);
            pledge.total
        });
        Self::deposit_event(Event::Pledged {
            provider,
            amount,
            total,
        });
        Ok(())
    }

    pub(crate) fn do_request_release(provider: ProviderId, amount: Balance) -> DispatchResult {
        ensure!(amount > 0, Error::<T>::ZeroAmount);
        // Saturation: a block number that large never comes.
        let due_at = Self::now().saturating_add(T::UnbondingBlocks::get());
        Self::try_change(&provider, |pledge| {
            ensure!(amount <= pledge.free(), Error::<T>::NotEnoughFree);
            pledge
                .releases
                .try_push(Release { amount, due_at })
                .map_err(|_| Error::<T>::TooManyReleases.into())
        })?;
        Self::deposit_event(Event::ReleaseRequested {
            provider,
            amount,
            due_at,
        });
        Ok(())
    }

    pub(crate) fn do_withdraw(provider: ProviderId) -> DispatchResult {
        let now = Self::now();
        let amount = Self::try_change(&provider, |pledge| {
            let all = pledge.releasing();
            pledge.releases.retain(|release| release.due_at > now);
            let amount = all.saturating_sub(pledge.releasing());
            ensure!(amount > 0, Error::<T>::NothingDue);
            let (reason, owner) = (HoldReason::Pledge.into(), owner_of(&provider));
            T::Currency::release(&reason, &owner, amount, Precision::Exact)?;
            pledge.total = pledge.total.saturating_sub(amount);
            Ok(amount)
        })?;
        Self::deposit_event(Event::Withdrawn { provider, amount });
        Ok(())
    }

    pub(crate) fn now() -> BlockNumber {
        frame_system::Pallet::<T>::block_number().unique_saturated_into()
    }

    /// Changes a pledge; an empty one is not stored.
    pub(crate) fn change<R>(provider: &ProviderId, change: impl FnOnce(&mut Pledge) -> R) -> R {
        let mut pledge = Pledges::<T>::get(provider).unwrap_or_default();
        let result = change(&mut pledge);
        if pledge.is_empty() {
            Pledges::<T>::remove(provider);
        } else {
            Pledges::<T>::insert(provider, pledge);
        }
        result
    }

    /// As [`Self::change`]; nothing is stored if `change` fails.
    pub(crate) fn try_change<R>(
        provider: &ProviderId,
        change: impl FnOnce(&mut Pledge) -> Result<R, sp_runtime::DispatchError>,
    ) -> Result<R, sp_runtime::DispatchError> {
        let mut pledge = Pledges::<T>::get(provider).unwrap_or_default();
        let result = change(&mut pledge)?;
        if pledge.is_empty() {
            Pledges::<T>::remove(provider);
        } else {
            Pledges::<T>::insert(provider, pledge);
        }
        Ok(result)
    }
}

/// The account of a provider's owner.
pub(crate) fn owner_of(provider: &ProviderId) -> AccountId32 {
    AccountId32::new(provider.0)
}
