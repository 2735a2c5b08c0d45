//! What is always true between two calls; checked after every test and by try-runtime.
//!
//! 1. The hold on each owner's account equals the ledger's total.
//! 2. What is locked and what is on its way out is at most the total.
//! 3. A provider's locks add up to what the ledger says is locked; none is zero.
//! 4. Whoever has a lock has a pledge; no stored pledge is empty.
//! 5. No request is for zero.
//! 6. The pot of each node holds at least the stake that its pool counts.
//! 7. Delegators' shares add up to the pool's.
//! 8. No stored delegation is empty or without a pool, nor does more of it leave than there is.

use frame_support::{ensure, traits::fungible::InspectHold};
use ips_primitives::id::Balance;
use sp_runtime::TryRuntimeError;

use crate::{
    calls::owner_of,
    pallet::{Config, HoldReason, Locks, Pallet, Pledges},
};

impl<T: Config> Pallet<T> {
    /// Checks every invariant of this module's header.
    ///
    /// # Errors
    /// The first one that is broken.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        for (provider, pledge) in Pledges::<T>::iter() {
            let held =
                T::Currency::balance_on_hold(&HoldReason::Pledge.into(), &owner_of(&provider));
            ensure!(held == pledge.total, "1: hold and ledger differ");
            ensure!(
                pledge.locked.saturating_add(pledge.releasing()) <= pledge.total,
                "2: more promised than pledged"
            );
            let locks: Balance = Locks::<T>::iter_prefix_values(provider).sum();
            ensure!(locks == pledge.locked, "3: locks do not add up");
            ensure!(!pledge.is_empty(), "4: an empty pledge is stored");
            ensure!(
                pledge.releases.iter().all(|r| r.amount > 0),
                "5: a request for nothing"
            );
        }
        for (provider, _, amount) in Locks::<T>::iter() {
            ensure!(amount > 0, "3: a lock of nothing");
            ensure!(
                Pledges::<T>::contains_key(provider),
                "4: a lock without a pledge"
            );
        }
        Self::check_delegations()
    }
}
