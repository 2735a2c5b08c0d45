//! What the calls do.

use frame_support::{dispatch::DispatchResult, ensure};
use ips_primitives::{
    id::{AccountKey, ProviderId},
    node_class::NodeClass,
};

use crate::{
    math::RELIABILITY_PERMILLE_MAX,
    pallet::{Config, Error, Event, Nodes, Pallet, Workers},
    types::{Addresses, Node, NodeParams, PeerId},
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_register(provider: ProviderId, params: NodeParams) -> DispatchResult {
        ensure!(
            !Nodes::<T>::contains_key(provider),
            Error::<T>::AlreadyRegistered
        );
        ensure!(
            !Workers::<T>::contains_key(params.worker),
            Error::<T>::WorkerTaken
        );
        ensure!(!params.peer_id.is_empty(), Error::<T>::NoPeerId);
        Self::ensure_capacity(params.class, params.capacity_bytes)?;
        let (class, capacity_bytes) = (params.class, params.capacity_bytes);
        Workers::<T>::insert(params.worker, provider);
        Nodes::<T>::insert(
            provider,
            Node {
                params,
                used_bytes: 0,
                reliability_permille: RELIABILITY_PERMILLE_MAX,
            },
        );
        Self::deposit_event(Event::Registered {
            provider,
            class,
            capacity_bytes,
        });
        Ok(())
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

    pub(crate) fn do_set_worker(provider: ProviderId, worker: AccountKey) -> DispatchResult {
        Self::try_change(provider, |node| {
            ensure!(!Workers::<T>::contains_key(worker), Error::<T>::WorkerTaken);
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
        Nodes::<T>::remove(provider);
        Workers::<T>::remove(node.params.worker);
        Self::deposit_event(Event::Retired { provider });
        Ok(())
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
