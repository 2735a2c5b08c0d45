//! Plain reads for the runtime's queries. Bounded, but not for use in a block.

use alloc::vec::Vec;
use ips_primitives::{
    deal::{OrderParams, SlotState},
    id::{AccountKey, FileId, OrderId, ProviderId, SlotIndex},
    view::{DealView, OrderView, SlotView},
};

use crate::{
    pallet::{ClientOrders, Config, FileOrders, NextOrderId, Orders, Pallet, ProviderSlots, Slots},
    types::Slot,
};

pub use ips_primitives::view::OPEN_ORDERS_SCAN_MAX;
/// Most orders that one read returns.
pub const ORDERS_MAX: usize = 1024;
/// Most deals that one read returns.
pub const DEALS_MAX: usize = 1024;

impl<T: Config> Pallet<T> {
    /// An order with its slots, by index. The sectors are left empty: they are porep's.
    pub fn order_view(id: OrderId) -> Option<OrderView> {
        let order = Orders::<T>::get(id)?;
        let mut held = 0u128;
        let mut slots = Vec::new();
        for index in 0..u16::from(order.params.erasure.total()) {
            let slot = Slots::<T>::get(id, SlotIndex(index))?;
            held = held.saturating_add(slot.held);
            slots.push(slot_view(SlotIndex(index), &slot, &order.params));
        }
        let lottery_beacon = order
            .lottery_beacon
            .or_else(|| Self::lottery_beacon_of(order.opened_at));
        Some(OrderView {
            id,
            client: order.client,
            params: order.params,
            opened_at: order.opened_at,
            lottery_beacon,
            slots,
            held,
        })
    }

    /// The id that the next order gets.
    pub fn next_order() -> OrderId {
        NextOrderId::<T>::get()
    }

    /// Up to `max` orders from id `from` on, ascending, that have a slot to claim now. Looks at
    /// [`OPEN_ORDERS_SCAN_MAX`] ids: to see all, ask again from the end of that range until
    /// [`Self::next_order`].
    pub fn open_orders(from: OrderId, max: u32) -> Vec<OrderId> {
        let end = from.0.saturating_add(u64::from(OPEN_ORDERS_SCAN_MAX));
        let max = usize::try_from(max.min(OPEN_ORDERS_SCAN_MAX)).unwrap_or(0);
        (from.0..end.min(NextOrderId::<T>::get().0))
            .map(OrderId)
            .filter(|id| Self::is_open(*id))
            .take(max)
            .collect()
    }

    fn is_open(id: OrderId) -> bool {
        let Some(order) = Orders::<T>::get(id) else {
            return false;
        };
        if order.cancelled || order.open_slots == 0 {
            return false;
        }
        let now = Self::now();
        (0..u16::from(order.params.erasure.total()))
            .filter_map(|index| Slots::<T>::get(id, SlotIndex(index)))
            .any(|slot| slot.state == SlotState::Open || Self::is_undelivered(&slot, now))
    }

    /// The orders of a file, ascending; up to [`ORDERS_MAX`].
    pub fn orders_of_file(file: FileId) -> Vec<OrderId> {
        sorted(FileOrders::<T>::iter_key_prefix(file).take(ORDERS_MAX))
    }

    /// The orders of a client, ascending; up to [`ORDERS_MAX`].
    pub fn orders_of_client(client: AccountKey) -> Vec<OrderId> {
        sorted(ClientOrders::<T>::iter_key_prefix(client).take(ORDERS_MAX))
    }

    /// The slots that a provider has now, ascending; up to [`DEALS_MAX`]. The sectors are left
    /// empty: they are porep's.
    pub fn deals_of(provider: ProviderId) -> Vec<DealView> {
        sorted(ProviderSlots::<T>::iter_key_prefix(provider).take(DEALS_MAX))
            .into_iter()
            .filter_map(|slot| {
                let params = Orders::<T>::get(slot.order)?.params;
                let stored = Slots::<T>::get(slot.order, slot.slot)?;
                let view = slot_view(slot.slot, &stored, &params);
                Some(DealView { slot, params, view })
            })
            .collect()
    }
}

fn sorted<Id: Ord>(ids: impl Iterator<Item = Id>) -> Vec<Id> {
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids
}

fn slot_view(index: SlotIndex, slot: &Slot, params: &OrderParams) -> SlotView {
    let claim = slot.claim.as_ref();
    SlotView {
        index,
        state: slot.state,
        provider: claim.map(|claim| claim.provider),
        claimed_at: claim.map(|claim| claim.claimed_at),
        confirmed_at: claim.and_then(|claim| claim.confirmed_at),
        price_per_mib_block: claim.map_or(0, |claim| claim.price_per_mib_block),
        paid: claim.map_or(0, |claim| claim.paid(params)),
        sectors: Vec::new(),
    }
}
