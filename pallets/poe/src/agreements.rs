//! Opening, feeding and ending agreements.

use frame_support::{
    dispatch::{DispatchResult, DispatchResultWithPostInfo},
    ensure,
    traits::{fungible::MutateHold, tokens::Precision, Get},
};
use ips_pallet_traits::Holders;
use ips_primitives::id::{AccountKey, AgreementId, Balance, OrderId};
use sp_runtime::AccountId32;

use crate::{
    pallet::{
        Agreements, AgreementsOf, Claims, Config, Error, Event, HoldReason, NextAgreement, Pallet,
    },
    types::{Agreement, CLAIMANTS_MAX},
    weights::WeightInfo,
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_open_retrieval(
        client: &AccountId32,
        order: OrderId,
        price_per_mib: Balance,
        budget: Balance,
    ) -> DispatchResult {
        let parameters = T::Parameters::get();
        ensure!(
            T::Holders::slots_of(order).is_some(),
            Error::<T>::UnknownOrder
        );
        ensure!(budget >= parameters.budget_min, Error::<T>::BudgetTooSmall);
        let agreement = NextAgreement::<T>::get();
        let next = agreement.0.checked_add(1).ok_or(Error::<T>::Overflow)?;
        let client_key = AccountKey(client.clone().into());
        AgreementsOf::<T>::try_mutate(client_key, |agreements| {
            agreements
                .try_push(agreement)
                .map_err(|_| Error::<T>::TooManyAgreements)
        })?;
        T::Currency::hold(&HoldReason::Retrieval.into(), client, budget)?;
        NextAgreement::<T>::put(AgreementId(next));
        Agreements::<T>::insert(
            agreement,
            Agreement {
                client: client_key,
                order,
                price_per_mib,
                budget,
                closes_at: None,
                claimants: 0,
                period: parameters.period_of(Self::now()),
                period_claims: 0,
                period_bytes: 0,
            },
        );
        Self::deposit_event(Event::AgreementOpened {
            agreement,
            client: client_key,
            order,
            price_per_mib,
            budget,
        });
        Ok(())
    }

    /// The agreement, if `client` is its client.
    fn ensure_client(client: &AccountId32, id: AgreementId) -> Result<Agreement, Error<T>> {
        let agreement = Agreements::<T>::get(id).ok_or(Error::<T>::UnknownAgreement)?;
        ensure!(
            agreement.client.0 == *AsRef::<[u8; 32]>::as_ref(client),
            Error::<T>::NotTheClient
        );
        Ok(agreement)
    }

    pub(crate) fn do_top_up(
        client: &AccountId32,
        id: AgreementId,
        amount: Balance,
    ) -> DispatchResult {
        let mut agreement = Self::ensure_client(client, id)?;
        ensure!(agreement.closes_at.is_none(), Error::<T>::Closing);
        agreement.budget = agreement
            .budget
            .checked_add(amount)
            .ok_or(Error::<T>::Overflow)?;
        T::Currency::hold(&HoldReason::Retrieval.into(), client, amount)?;
        Agreements::<T>::insert(id, agreement);
        Self::deposit_event(Event::ToppedUp {
            agreement: id,
            amount,
        });
        Ok(())
    }

    pub(crate) fn do_close(client: &AccountId32, id: AgreementId) -> DispatchResult {
        let mut agreement = Self::ensure_client(client, id)?;
        ensure!(agreement.closes_at.is_none(), Error::<T>::Closing);
        let closes_at = Self::now().saturating_add(T::Parameters::get().close_blocks);
        agreement.closes_at = Some(closes_at);
        Agreements::<T>::insert(id, agreement);
        Self::deposit_event(Event::CloseRequested {
            agreement: id,
            closes_at,
        });
        Ok(())
    }

    pub(crate) fn do_withdraw(id: AgreementId) -> DispatchResultWithPostInfo {
        let agreement = Agreements::<T>::get(id).ok_or(Error::<T>::UnknownAgreement)?;
        ensure!(
            agreement
                .closes_at
                .is_some_and(|closes_at| Self::now() >= closes_at),
            Error::<T>::NotClosed
        );
        let client = AccountId32::from(agreement.client.0);
        let reason = HoldReason::Retrieval.into();
        T::Currency::release(&reason, &client, agreement.budget, Precision::Exact)?;
        Agreements::<T>::remove(id);
        AgreementsOf::<T>::mutate_exists(agreement.client, |agreements| {
            if let Some(list) = agreements {
                list.retain(|entry| *entry != id);
                if list.is_empty() {
                    *agreements = None;
                }
            }
        });
        // The limit covers every record, so no cursor is left over.
        let _ = Claims::<T>::clear_prefix(id, CLAIMANTS_MAX, None);
        Self::deposit_event(Event::AgreementClosed {
            agreement: id,
            refund: agreement.budget,
        });
        Ok(Some(T::WeightInfo::withdraw(agreement.claimants)).into())
    }
}
