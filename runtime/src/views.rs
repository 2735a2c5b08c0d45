//! Answers that need more than one pallet: each is asked of its owner and put together here.

use alloc::vec::Vec;
use ips_pallet_traits::{Beacons, NodeRegistry};
use ips_primitives::{
    challenge::Beacon,
    id::{
        AccountKey, AgreementId, FileId, OrderId, PartitionIndex, ProviderId, SectorNumber, SlotId,
    },
    view::{AgreementView, ChainInfo, DealView, NodeView, OrderView, PartitionView, SectorView},
};
use pallet_node_classes::{Node, ALL_NODES_MAX};

use crate::{
    configs::{Sectors, Terms},
    constants::{PROFILE, SCHEDULE},
    BlockNumber, NodeClasses, Poe, Porep, Runtime, StorageMarket,
};

pub(crate) fn info() -> ChainInfo {
    let (keys, sectors, terms) = (Porep::key_ids(), Sectors::get(), Terms::get());
    ChainInfo {
        genesis: Porep::genesis(),
        profile: PROFILE.id,
        seal_key: keys.seal,
        post_key: keys.post,
        poe_key: keys.poe,
        schedule: SCHEDULE,
        lottery_blocks: terms.lottery_blocks,
        reliability_permille_min: terms.reliability_permille_min,
        delivery_blocks: terms.delivery_blocks,
        seal_blocks: terms.seal_blocks,
        seed_delay_blocks: sectors.seed_delay_blocks,
        ticket_blocks: sectors.ticket_blocks,
        prove_commit_blocks: sectors.prove_commit_blocks,
        collateral_per_mib: terms.collateral_per_mib,
        order_deposit: terms.order_deposit,
        beacon_blocks: sectors.beacon_blocks,
    }
}

pub(crate) fn beacon(block: BlockNumber) -> Option<Beacon> {
    Porep::at(block)
}

fn node_view(provider: ProviderId, node: Node) -> NodeView {
    let pledge = pallet_staking_collateral::Pledges::<Runtime>::get(provider).unwrap_or_default();
    NodeView {
        provider,
        worker: node.params.worker,
        class: node.params.class,
        operator: node.params.operator,
        peer_id: node.params.peer_id.into_inner(),
        addresses: node
            .params
            .addresses
            .into_iter()
            .map(|address| address.into_inner())
            .collect(),
        capacity_bytes: node.params.capacity_bytes,
        used_bytes: node.used_bytes,
        reliability_permille: node.reliability_permille,
        registered_at: node.registered_at,
        ask: pallet_storage_market::Asks::<Runtime>::get(provider),
        pledged: pledge.total,
        locked: pledge.locked,
    }
}

pub(crate) fn node(provider: ProviderId) -> Option<NodeView> {
    pallet_node_classes::Nodes::<Runtime>::get(provider).map(|node| node_view(provider, node))
}

pub(crate) fn nodes(max: u32) -> Vec<NodeView> {
    let max = usize::try_from(max.min(ALL_NODES_MAX)).unwrap_or_default();
    pallet_node_classes::Nodes::<Runtime>::iter()
        .take(max)
        .map(|(provider, node)| node_view(provider, node))
        .collect()
}

pub(crate) fn provider_of(worker: AccountKey) -> Option<ProviderId> {
    NodeClasses::provider_of(&worker)
}

pub(crate) fn next_order() -> OrderId {
    StorageMarket::next_order()
}

pub(crate) fn order(id: OrderId) -> Option<OrderView> {
    let mut view = StorageMarket::order_view(id)?;
    for slot in &mut view.slots {
        let slot_id = ips_primitives::id::SlotId {
            order: id,
            slot: slot.index,
        };
        slot.sectors = Porep::piece_sectors(slot_id);
    }
    Some(view)
}

fn orders(ids: Vec<OrderId>) -> Vec<OrderView> {
    ids.into_iter().filter_map(order).collect()
}

pub(crate) fn open_orders(from: OrderId, max: u32) -> Vec<OrderView> {
    orders(StorageMarket::open_orders(from, max))
}

pub(crate) fn orders_of_file(file: FileId, after: Option<OrderId>) -> Vec<OrderView> {
    orders(StorageMarket::orders_of_file(file, after))
}

pub(crate) fn orders_of_client(client: AccountKey, after: Option<OrderId>) -> Vec<OrderView> {
    orders(StorageMarket::orders_of_client(client, after))
}

pub(crate) fn deals_of(provider: ProviderId, after: Option<SlotId>) -> Vec<DealView> {
    let mut deals = StorageMarket::deals_of(provider, after);
    for deal in &mut deals {
        deal.view.sectors = Porep::piece_sectors(deal.slot);
    }
    deals
}

pub(crate) fn sectors_of(provider: ProviderId, after: Option<SectorNumber>) -> Vec<SectorView> {
    Porep::sectors_of(provider, after)
}

pub(crate) fn partitions_of(
    provider: ProviderId,
    after: Option<PartitionIndex>,
) -> Vec<PartitionView> {
    Porep::partitions_of(provider, after)
}

pub(crate) fn agreement(id: AgreementId) -> Option<AgreementView> {
    Poe::agreement_view(id)
}
