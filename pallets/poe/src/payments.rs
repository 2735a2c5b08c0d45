//! Paying a batch's fees out of the budgets on hold.

use alloc::{collections::BTreeMap, vec::Vec};

use frame_support::{
    storage::with_storage_layer,
    traits::{
        fungible::MutateHold,
        tokens::{Fortitude, Precision, Restriction},
    },
};
use ips_pallet_traits::Holders;
use ips_primitives::{
    id::{AgreementId, Balance, ProviderId},
    retrieval::FeeSplit,
};
use sp_runtime::{AccountId32, DispatchResult};

use crate::{
    pallet::{Config, Event, HoldReason, Pallet},
    types::Agreement,
};

/// Fees that one agreement owes for a batch.
#[derive(Default)]
pub(crate) struct Fees {
    /// What each server gets.
    pub(crate) servers: BTreeMap<ProviderId, Balance>,
    /// What all current provers share.
    pub(crate) provers: Balance,
    /// What is burnt.
    pub(crate) burnt: Balance,
}

impl Fees {
    /// Adds the parts of one fee.
    pub(crate) fn add(&mut self, server: ProviderId, fee: Balance) {
        let split = FeeSplit::of(fee);
        // Saturating: each fee was taken from a budget on hold, so their sum is an amount on hold.
        let share = self.servers.entry(server).or_default();
        *share = share.saturating_add(split.server);
        self.provers = self.provers.saturating_add(split.provers);
        self.burnt = self.burnt.saturating_add(split.burnt);
    }
}

impl<T: Config> Pallet<T> {
    /// Pays what the agreement owes; the budget was already lowered by the sum.
    ///
    /// Provers share equally; what does not divide, and what cannot be received (an owner whose
    /// account is gone and whose share is below the existential deposit), is burnt.
    pub(crate) fn pay(id: AgreementId, agreement: &Agreement, fees: Fees) -> DispatchResult {
        let client = AccountId32::from(agreement.client.0);
        let mut burnt = fees.burnt;
        let (mut to_servers, mut to_provers) = (0, 0);
        for (server, amount) in &fees.servers {
            match Self::transfer_held(&client, server, *amount) {
                Ok(()) => to_servers += amount,
                Err(_) => burnt += amount,
            }
        }
        let provers: Vec<ProviderId> = T::Holders::current_provers(agreement.order);
        let share = fees
            .provers
            .checked_div(provers.len() as Balance)
            .unwrap_or(0);
        for prover in &provers {
            if Self::transfer_held(&client, prover, share).is_ok() {
                to_provers += share;
            }
        }
        burnt += fees.provers - to_provers;
        if burnt > 0 {
            let reason = HoldReason::Retrieval.into();
            T::Currency::burn_held(&reason, &client, burnt, Precision::Exact, Fortitude::Force)?;
        }
        Self::deposit_event(Event::FeesPaid {
            agreement: id,
            servers: to_servers,
            provers: to_provers,
            burnt,
        });
        Ok(())
    }

    fn transfer_held(client: &AccountId32, to: &ProviderId, amount: Balance) -> DispatchResult {
        if amount == 0 {
            return Ok(());
        }
        with_storage_layer(|| {
            T::Currency::transfer_on_hold(
                &HoldReason::Retrieval.into(),
                client,
                &AccountId32::from(to.0),
                amount,
                Precision::Exact,
                Restriction::Free,
                Fortitude::Force,
            )
            .map(|_| ())
        })
    }
}
