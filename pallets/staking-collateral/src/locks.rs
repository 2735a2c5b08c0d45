//! Locks of pledge for slots, used by the market and by porep.

use frame_support::{
    defensive,
    dispatch::DispatchResult,
    ensure,
    traits::{
        fungible::{Balanced, BalancedHold, Credit},
        tokens::imbalance::Imbalance,
        OnUnbalanced,
    },
};
use ips_pallet_traits::Collateral;
use ips_primitives::id::{AccountKey, Balance, ProviderId, SlotId};
use sp_runtime::{AccountId32, Percent};

use crate::{
    calls::owner_of,
    pallet::{Config, Error, Event, HoldReason, Locks, Pallet, Pledges},
};

type CreditOf<T> = Credit<AccountId32, <T as Config>::Currency>;

impl<T: Config> Collateral for Pallet<T> {
    fn lock(provider: &ProviderId, slot: SlotId, amount: Balance) -> DispatchResult {
        if amount == 0 {
            return Ok(());
        }
        Self::try_change(provider, |pledge| {
            ensure!(amount <= pledge.free(), Error::<T>::NotEnoughFree);
            // Saturation cannot occur here and below: locks are at most the pledge.
            pledge.locked = pledge.locked.saturating_add(amount);
            Ok(())
        })?;
        Locks::<T>::mutate(provider, slot, |lock| *lock = lock.saturating_add(amount));
        Self::deposit_event(Event::Locked {
            provider: *provider,
            slot,
            amount,
        });
        Ok(())
    }

    fn release(provider: &ProviderId, slot: SlotId) {
        let amount = Locks::<T>::take(provider, slot);
        if amount == 0 {
            return;
        }
        Self::change(provider, |pledge| {
            pledge.locked = pledge.locked.saturating_sub(amount)
        });
        Self::deposit_event(Event::Released {
            provider: *provider,
            slot,
            amount,
        });
    }

    fn slash(provider: &ProviderId, slot: SlotId, amount: Balance) -> Balance {
        let (credit, delegated) = Self::take(provider, slot, amount);
        let taken = credit.peek();
        T::Slashed::on_unbalanced(credit.merge(delegated));
        taken
    }

    fn slash_reported(
        provider: &ProviderId,
        slot: SlotId,
        amount: Balance,
        reporter: &AccountKey,
        percent: u8,
    ) -> Balance {
        let (credit, delegated) = Self::take(provider, slot, amount);
        let taken = credit.peek();
        let (reward, mut rest) = credit.split(Percent::from_percent(percent).mul_floor(taken));
        // An account that does not exist may be too poor to begin with so little.
        if let Err(reward) = T::Currency::resolve(&AccountId32::new(reporter.0), reward) {
            rest = rest.merge(reward);
        }
        T::Slashed::on_unbalanced(rest.merge(delegated));
        taken
    }

    fn locked(provider: &ProviderId, slot: SlotId) -> Balance {
        Locks::<T>::get(provider, slot)
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn pledge_for_benchmark(provider: &ProviderId, amount: Balance) {
        crate::benchmarking::endow::<T>(provider, amount);
        Self::do_pledge(*provider, amount).expect("the account was just endowed");
    }
}

impl<T: Config> Pallet<T> {
    /// Takes up to `amount` from a lock, and the same part of the pledge from delegators: the two.
    fn take(provider: &ProviderId, slot: SlotId, amount: Balance) -> (CreditOf<T>, CreditOf<T>) {
        let wanted = amount.min(Locks::<T>::get(provider, slot));
        if wanted == 0 {
            return (CreditOf::<T>::zero(), CreditOf::<T>::zero());
        }
        let (credit, missing) =
            T::Currency::slash(&HoldReason::Pledge.into(), &owner_of(provider), wanted);
        let taken = credit.peek();
        let delegated = Self::slash_pool(provider, taken, Self::pledged(provider));
        if missing > 0 {
            defensive!("the hold is at least the lock");
        }
        Self::change(provider, |pledge| {
            pledge.total = pledge.total.saturating_sub(taken);
            pledge.locked = pledge.locked.saturating_sub(taken);
        });
        Locks::<T>::mutate_exists(provider, slot, |lock| {
            let left = lock.unwrap_or_default().saturating_sub(taken);
            *lock = (left > 0).then_some(left);
        });
        Self::deposit_event(Event::Slashed {
            provider: *provider,
            slot,
            amount: taken,
        });
        (credit, delegated)
    }

    /// What a provider has pledged in all.
    pub fn pledged(provider: &ProviderId) -> Balance {
        Pledges::<T>::get(provider).map_or(0, |pledge| pledge.total)
    }

    /// What of it is locked for slots.
    pub fn locked_total(provider: &ProviderId) -> Balance {
        Pledges::<T>::get(provider).map_or(0, |pledge| pledge.locked)
    }
}
