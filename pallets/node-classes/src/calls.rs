//! What the calls do.

use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{fungible::MutateHold, tokens::Precision, Get},
};
use ips_primitives::{
    consent::{Consent, ConsentNote, Consents, NodeRole},
    id::{AccountKey, BlockNumber, Genesis, ProviderId},
    node_class::NodeClass,
};
use sp_core::sr25519;
use sp_runtime::{traits::UniqueSaturatedInto, AccountId32};

use crate::{
    math::RELIABILITY_PERMILLE_MAX,
    pallet::{Config, Error, Event, HoldReason, Nodes, Pallet, Workers},
    types::{Addresses, Node, NodeParams, PeerId},
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_register(
        provider: ProviderId,
        params: NodeParams,
        consents: &Consents,
    ) -> DispatchResult {
        ensure!(
            !Nodes::<T>::contains_key(provider),
            Error::<T>::AlreadyRegistered
        );
        ensure!(
            !Workers::<T>::contains_key(params.worker),
            Error::<T>::WorkerTaken
        );
        ensure!(!params.peer_id.is_empty(), Error::<T>::NoPeerId);
        ensure!(!params.class.needs_approval(), Error::<T>::NotApproved);
        Self::ensure_capacity(params.class, params.capacity_bytes)?;
        Self::ensure_consent(
            provider,
            NodeRole::Worker,
            params.worker,
            consents.worker.as_ref(),
        )?;
        let operator = AccountKey(params.operator);
        Self::ensure_consent(
            provider,
            NodeRole::Operator,
            operator,
            consents.operator.as_ref(),
        )?;
        Self::insert(provider, params)
    }

    /// Registers a node whose parameters are checked.
    pub(crate) fn insert(provider: ProviderId, params: NodeParams) -> DispatchResult {
        let deposit = T::NodeDeposit::get();
        T::Currency::hold(&HoldReason::Node.into(), &owner_of(&provider), deposit)?;
        let (class, capacity_bytes) = (params.class, params.capacity_bytes);
        Workers::<T>::insert(params.worker, provider);
        Nodes::<T>::insert(
            provider,
            Node {
                params,
                used_bytes: 0,
                reliability_permille: RELIABILITY_PERMILLE_MAX,
                registered_at: Self::now(),
                deposit,
            },
        );
        Self::deposit_event(Event::Registered {
            provider,
            class,
            capacity_bytes,
        });
        Ok(())
    }

    /// Checks that `account` has signed for the role; the owner itself need not.
    fn ensure_consent(
        provider: ProviderId,
        role: NodeRole,
        account: AccountKey,
        consent: Option<&Consent>,
    ) -> DispatchResult {
        if account.0 == provider.0 {
            return Ok(());
        }
        let consent = consent.ok_or(Error::<T>::NoConsent)?;
        ensure!(Self::now() <= consent.valid_until, Error::<T>::NoConsent);
        let note = ConsentNote {
            genesis: Self::genesis(),
            provider,
            role,
            valid_until: consent.valid_until,
        };
        let valid = sp_io::crypto::sr25519_verify(
            &sr25519::Signature::from_raw(consent.signature.0),
            &note.signing_bytes(),
            &sr25519::Public::from_raw(account.0),
        );
        ensure!(valid, Error::<T>::NoConsent);
        Ok(())
    }

    /// Hash of block 0, which the chain keeps for good.
    pub(crate) fn genesis() -> Genesis {
        let zero = frame_system::pallet_prelude::BlockNumberFor::<T>::from(0u32);
        Genesis(frame_system::Pallet::<T>::block_hash(zero).0)
    }

    pub(crate) fn do_update(
        who: [u8; 32],
        addresses: Addresses,
        peer_id: PeerId,
    ) -> DispatchResult {
        let provider = Self::node_of_owner_or_worker(who).ok_or(Error::<T>::NotRegistered)?;
        ensure!(!peer_id.is_empty(), Error::<T>::NoPeerId);
        Self::try_change(provider, |node| {
            node.params.addresses = addresses;
            node.params.peer_id = peer_id;
            Ok(())
        })?;
        Self::deposit_event(Event::Updated { provider });
        Ok(())
    }

    pub(crate) fn do_set_worker(
        provider: ProviderId,
        worker: AccountKey,
        consent: Option<&Consent>,
    ) -> DispatchResult {
        Self::try_change(provider, |node| {
            ensure!(!Workers::<T>::contains_key(worker), Error::<T>::WorkerTaken);
            Self::ensure_consent(provider, NodeRole::Worker, worker, consent)?;
            Workers::<T>::remove(node.params.worker);
            Workers::<T>::insert(worker, provider);
            node.params.worker = worker;
            Ok(())
        })?;
        Self::deposit_event(Event::WorkerSet { provider, worker });
        Ok(())
    }

    pub(crate) fn do_set_capacity(provider: ProviderId, capacity_bytes: u64) -> DispatchResult {
        Self::try_change(provider, |node| {
            Self::ensure_capacity(node.params.class, capacity_bytes)?;
            ensure!(capacity_bytes >= node.used_bytes, Error::<T>::CapacityInUse);
            node.params.capacity_bytes = capacity_bytes;
            Ok(())
        })?;
        Self::deposit_event(Event::CapacitySet {
            provider,
            capacity_bytes,
        });
        Ok(())
    }

    pub(crate) fn do_promote(provider: ProviderId, class: NodeClass) -> DispatchResult {
        Self::try_change(provider, |node| {
            Self::ensure_capacity(class, node.params.capacity_bytes)?;
            node.params.class = class;
            Ok(())
        })?;
        Self::deposit_event(Event::Promoted { provider, class });
        Ok(())
    }

    pub(crate) fn do_retire(provider: ProviderId) -> DispatchResult {
        let node = Nodes::<T>::get(provider).ok_or(Error::<T>::NotRegistered)?;
        ensure!(node.used_bytes == 0, Error::<T>::CapacityInUse);
        let (why, owner) = (HoldReason::Node.into(), owner_of(&provider));
        T::Currency::release(&why, &owner, node.deposit, Precision::Exact)?;
        Nodes::<T>::remove(provider);
        Workers::<T>::remove(node.params.worker);
        Self::deposit_event(Event::Retired { provider });
        Ok(())
    }

    fn now() -> BlockNumber {
        frame_system::Pallet::<T>::block_number().unique_saturated_into()
    }

    /// An account may own one node and be another's worker; its own node comes first.
    fn node_of_owner_or_worker(who: [u8; 32]) -> Option<ProviderId> {
        let owner = ProviderId(who);
        if Nodes::<T>::contains_key(owner) {
            return Some(owner);
        }
        Workers::<T>::get(AccountKey(who))
    }

    fn ensure_capacity(class: NodeClass, capacity_bytes: u64) -> DispatchResult {
        let allowed = 1..=class.capacity_bytes_max();
        ensure!(
            allowed.contains(&capacity_bytes),
            Error::<T>::CapacityOutOfRange
        );
        Ok(())
    }

    pub(crate) fn try_change(
        provider: ProviderId,
        change: impl FnOnce(&mut Node) -> DispatchResult,
    ) -> DispatchResult {
        Nodes::<T>::try_mutate(provider, |node| {
            change(node.as_mut().ok_or(Error::<T>::NotRegistered)?)
        })
    }
}

/// The account of a provider's owner.
pub(crate) fn owner_of(provider: &ProviderId) -> AccountId32 {
    AccountId32::new(provider.0)
}
