//! What always holds between the pallet's storage items.
//!
//! 1. The budgets of a client's agreements sum to its balance on hold for retrieval.
//! 2. A client's list names exactly its agreements, each once.
//! 3. A claim record belongs to an agreement, has a nonce, and is counted in `claimants`.
//! 4. Every agreement's id is below `NextAgreement`.

#[cfg(any(test, feature = "try-runtime"))]
mod checks {
    use alloc::{collections::BTreeMap, format, string::String, vec::Vec};

    use frame_support::traits::fungible::InspectHold;
    use ips_primitives::id::{AccountKey, AgreementId, Balance};
    use sp_runtime::{AccountId32, TryRuntimeError};

    use crate::{
        pallet::{Agreements, AgreementsOf, Claims, Config, HoldReason, NextAgreement, Pallet},
        types::CLAIMANTS_MAX,
    };

    impl<T: Config> Pallet<T> {
        /// Checks every invariant, in order.
        pub(crate) fn ensure_invariants() -> Result<(), TryRuntimeError> {
            let mut broken = Vec::new();
            Self::check_holds(&mut broken);
            Self::check_lists(&mut broken);
            Self::check_claims(&mut broken);
            if broken.is_empty() {
                return Ok(());
            }
            // Leaks, once, in a build that exists to find such states.
            Err(TryRuntimeError::Other(broken.join("; ").leak()))
        }

        fn check_holds(broken: &mut Vec<String>) {
            let mut budgets = BTreeMap::<AccountKey, Balance>::new();
            for agreement in Agreements::<T>::iter_values() {
                *budgets.entry(agreement.client).or_default() += agreement.budget;
            }
            for (client, budget) in budgets {
                let account = AccountId32::from(client.0);
                let held = T::Currency::balance_on_hold(&HoldReason::Retrieval.into(), &account);
                if held != budget {
                    broken.push(format!("1: {account:?} holds {held}, budgets are {budget}"));
                }
            }
        }

        fn check_lists(broken: &mut Vec<String>) {
            let mut listed = 0;
            for (client, agreements) in AgreementsOf::<T>::iter() {
                listed += agreements.len();
                for id in agreements {
                    if Agreements::<T>::get(id).is_none_or(|found| found.client != client) {
                        broken.push(format!("2: {id:?} is not of its list's client"));
                    }
                }
            }
            if listed != Agreements::<T>::iter_keys().count() {
                broken.push(format!("2: {listed} agreements are listed"));
            }
        }

        fn check_claims(broken: &mut Vec<String>) {
            let mut claimants = BTreeMap::<AgreementId, u32>::new();
            for (id, _, record) in Claims::<T>::iter() {
                *claimants.entry(id).or_default() += 1;
                if record.nonce.is_none() {
                    broken.push(format!("3: a record of {id:?} has no nonce"));
                }
                if !Agreements::<T>::contains_key(id) {
                    broken.push(format!("3: a record of {id:?}, which ended"));
                }
            }
            for (id, agreement) in Agreements::<T>::iter() {
                let counted = claimants.get(&id).copied().unwrap_or_default();
                if agreement.claimants != counted || counted > CLAIMANTS_MAX {
                    broken.push(format!("3: {id:?} has {counted} claimants"));
                }
                if id >= NextAgreement::<T>::get() {
                    broken.push(format!("4: {id:?} was never opened"));
                }
            }
        }
    }
}
