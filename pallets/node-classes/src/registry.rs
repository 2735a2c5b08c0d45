//! What other pallets and the runtime read and reserve.

use alloc::vec::Vec;
use frame_support::{defensive, dispatch::DispatchResult, ensure};
use ips_pallet_traits::{NodeFacts, NodeRegistry};
use ips_primitives::{
    id::{AccountKey, ProviderId},
    view::NodeView,
};

use crate::{
    math::reliability_after,
    pallet::{Config, Error, Nodes, Pallet, Workers},
    types::{Node, ALL_NODES_MAX},
};

impl<T: Config> NodeRegistry for Pallet<T> {
    fn provider_of(worker: &AccountKey) -> Option<ProviderId> {
        Workers::<T>::get(worker)
    }

    fn facts(provider: &ProviderId) -> Option<NodeFacts> {
        Nodes::<T>::get(provider).map(|node| NodeFacts {
            class: node.params.class,
            operator: node.params.operator,
            free_bytes: node.free_bytes(),
            reliability_permille: node.reliability_permille,
            registered_at: node.registered_at,
        })
    }

    fn reserve(provider: &ProviderId, bytes: u64) -> DispatchResult {
        Self::try_change(*provider, |node| {
            ensure!(bytes <= node.free_bytes(), Error::<T>::NotEnoughCapacity);
            // Saturation cannot occur: the sum is at most the capacity, checked above.
            node.used_bytes = node.used_bytes.saturating_add(bytes);
            Ok(())
        })
    }

    fn unreserve(provider: &ProviderId, bytes: u64) {
        let known = Nodes::<T>::mutate_exists(provider, |node| {
            node.as_mut()
                .map(|node| node.used_bytes = node.used_bytes.saturating_sub(bytes))
                .is_some()
        });
        if !known {
            defensive!("a node with reserved bytes cannot have retired");
        }
    }

    fn note_promise(provider: &ProviderId, kept: bool) {
        Nodes::<T>::mutate_exists(provider, |node| {
            // No node: a promise may be judged after its maker retired.
            if let Some(node) = node {
                node.reliability_permille = reliability_after(node.reliability_permille, kept);
            }
        });
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn register_for_benchmark(
        provider: &ProviderId,
        worker: &AccountKey,
        class: ips_primitives::node_class::NodeClass,
    ) {
        let params = crate::benchmarking::params_of(class, *worker, provider.0);
        crate::benchmarking::endow::<T>(provider);
        Self::insert(*provider, params).expect("benchmarks register each provider and worker once");
    }
}

impl<T: Config> Pallet<T> {
    /// What this pallet knows of a node, for the runtime's query. Ask, pledge and locks are other
    /// pallets' matter: `None` and zero here, filled in by the runtime.
    pub fn node_view_parts(provider: ProviderId) -> Option<NodeView> {
        Nodes::<T>::get(provider).map(|node| view(provider, node))
    }

    /// Up to `max` registered nodes, ascending by owner; never more than [`ALL_NODES_MAX`]. Above
    /// that number which ones are returned is arbitrary. Not for use in a block.
    pub fn all_nodes(max: u32) -> Vec<NodeView> {
        let max = usize::try_from(max.min(ALL_NODES_MAX)).unwrap_or(0);
        let mut nodes: Vec<_> = Nodes::<T>::iter()
            .take(max)
            .map(|(provider, node)| view(provider, node))
            .collect();
        nodes.sort_unstable_by_key(|node| node.provider);
        nodes
    }
}

fn view(provider: ProviderId, node: Node) -> NodeView {
    let Node {
        params,
        used_bytes,
        reliability_permille,
        registered_at,
        deposit: _,
    } = node;
    NodeView {
        provider,
        worker: params.worker,
        class: params.class,
        operator: params.operator,
        peer_id: params.peer_id.into_inner(),
        addresses: params
            .addresses
            .into_iter()
            .map(|address| address.into_inner())
            .collect(),
        capacity_bytes: params.capacity_bytes,
        used_bytes,
        reliability_permille,
        registered_at,
        ask: None,
        pledged: 0,
        locked: 0,
    }
}
