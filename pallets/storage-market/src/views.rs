//! Plain reads for the runtime's queries. Bounded, but not for use in a block.

use alloc::vec::Vec;
use ips_primitives::{
    deal::OrderParams,
    id::{AccountKey, FileId, OrderId, ProviderId, SlotId, SlotIndex},
    view::{DealView, OrderView, SlotView, DEALS_PAGE, ORDERS_PAGE},
};

use crate::{
    pallet::{
        ClientOrders, Config, FileOrders, NextOrderId, OpenOrders, Orders, Pallet, ProviderSlots,
        Slots,
    },
    types::{OrderKey, Slot, SlotKey},
};

/// Most orders that one `open_orders` looks at.
pub const OPEN_ORDERS_SCAN_MAX: usize = 16_384;
/// Most orders without an open slot whose slots one `open_orders` reads.
const OVERDUE_SCAN_MAX: usize = 256;
/// [`ORDERS_PAGE`] in memory.
const ORDERS_MAX: usize = ORDERS_PAGE as usize;
/// [`DEALS_PAGE`] in memory.
const DEALS_MAX: usize = DEALS_PAGE as usize;

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

    /// Up to `max` orders (at most [`ORDERS_PAGE`]) from id `from` on, ascending, that have a slot to
    /// claim now. Looks at [`OPEN_ORDERS_SCAN_MAX`] orders of the index.
    pub fn open_orders(from: OrderId, max: u32) -> Vec<OrderId> {
        let max = usize::try_from(max).unwrap_or(ORDERS_MAX).min(ORDERS_MAX);
        let entries = match from.0.checked_sub(1) {
            None => OpenOrders::<T>::iter(),
            Some(before) => {
                let before = OrderKey::from(OrderId(before));
                OpenOrders::<T>::iter_from(OpenOrders::<T>::hashed_key_for(before))
            }
        };
        let mut overdue_left = OVERDUE_SCAN_MAX;
        entries
            .take(OPEN_ORDERS_SCAN_MAX)
            .filter(|(key, open)| {
                let id = OrderId::from(*key);
                *open > 0 || Self::has_overdue_slot(id, &mut overdue_left)
            })
            .map(|(key, _)| OrderId::from(key))
            .take(max)
            .collect()
    }

    /// Whether a claim would undo another; reads the order's slots while some of `left` is left.
    fn has_overdue_slot(id: OrderId, left: &mut usize) -> bool {
        let Some(rest) = left.checked_sub(1) else {
            return false;
        };
        *left = rest;
        let Some(order) = Orders::<T>::get(id) else {
            return false;
        };
        let now = Self::now();
        (0..u16::from(order.params.erasure.total()))
            .filter_map(|index| Slots::<T>::get(id, SlotIndex(index)))
            .any(|slot| Self::overdue(&order, &slot, now).is_some())
    }

    /// The orders of a file after `after`, ascending; up to [`ORDERS_PAGE`].
    pub fn orders_of_file(file: FileId, after: Option<OrderId>) -> Vec<OrderId> {
        let keys = match after.map(OrderKey::from) {
            None => FileOrders::<T>::iter_key_prefix(file),
            Some(after) => {
                let start = FileOrders::<T>::hashed_key_for(file, after);
                FileOrders::<T>::iter_key_prefix_from(file, start)
            }
        };
        keys.take(ORDERS_MAX).map(OrderId::from).collect()
    }

    /// The orders of a client after `after`, ascending; up to [`ORDERS_PAGE`].
    pub fn orders_of_client(client: AccountKey, after: Option<OrderId>) -> Vec<OrderId> {
        let keys = match after.map(OrderKey::from) {
            None => ClientOrders::<T>::iter_key_prefix(client),
            Some(after) => {
                let start = ClientOrders::<T>::hashed_key_for(client, after);
                ClientOrders::<T>::iter_key_prefix_from(client, start)
            }
        };
        keys.take(ORDERS_MAX).map(OrderId::from).collect()
    }

    /// The slots after `after` that a provider has now, ascending; up to [`DEALS_PAGE`]. The sectors
    /// are left empty: they are porep's.
    pub fn deals_of(provider: ProviderId, after: Option<SlotId>) -> Vec<DealView> {
        let keys = match after.map(SlotKey::from) {
            None => ProviderSlots::<T>::iter_key_prefix(provider),
            Some(after) => {
                let start = ProviderSlots::<T>::hashed_key_for(provider, after);
                ProviderSlots::<T>::iter_key_prefix_from(provider, start)
            }
        };
        keys.take(DEALS_MAX)
            .map(SlotId::from)
            .filter_map(|slot| {
                let params = Orders::<T>::get(slot.order)?.params;
                let stored = Slots::<T>::get(slot.order, slot.slot)?;
                let view = slot_view(slot.slot, &stored, &params);
                Some(DealView { slot, params, view })
            })
            .collect()
    }
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
