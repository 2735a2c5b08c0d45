//! The client's calls, and the provider's ask.

use frame_support::{dispatch::DispatchResult, ensure, traits::Get};
use ips_pallet_traits::NodeRegistry;
use ips_primitives::{
    deal::{storage_price, Ask, OrderParams, OrderParamsError, SlotState},
    id::{AccountKey, Balance, BlockNumber, OrderId, ProviderId, SlotId, SlotIndex},
};
use sp_runtime::DispatchError;

use crate::{
    math::slot_price_max,
    pallet::{
        Asks, ClientOrders, Config, Error, Event, FileOrders, GroupSeats, HoldReason, NextOrderId,
        OpenOrders, Orders, Pallet, Slots,
    },
    types::{Order, OrderKey, Slot, SLOT_PIECES_MAX},
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_set_ask(provider: ProviderId, ask: Ask) -> DispatchResult {
        if ask.duration_blocks_max == 0 {
            // Also for a node that has retired: nothing of it need stay behind.
            ensure!(Asks::<T>::contains_key(provider), Error::<T>::NoAsk);
            Asks::<T>::remove(provider);
        } else {
            ensure!(
                T::Nodes::facts(&provider).is_some(),
                Error::<T>::NotAProvider
            );
            Asks::<T>::insert(provider, ask);
        }
        Self::deposit_event(Event::AskSet { provider, ask });
        Ok(())
    }

    pub(crate) fn do_place_order(client: AccountKey, params: OrderParams) -> DispatchResult {
        params.validate().map_err(|error| match error {
            OrderParamsError::Erasure => Error::<T>::BadErasure,
            OrderParamsError::SlotRoots => Error::<T>::BadSlotRoots,
            OrderParamsError::Segments => Error::<T>::BadSegments,
            OrderParamsError::Duration => Error::<T>::BadDuration,
        })?;
        ensure!(
            params.duration_blocks <= T::Terms::get().duration_blocks_max,
            Error::<T>::BadDuration
        );
        let pieces = T::Profile::get().pieces_of(params.slot_bytes());
        ensure!(pieces <= SLOT_PIECES_MAX, Error::<T>::SlotTooLarge);
        Self::open_order(client, params)
    }

    /// Opens an order whose parameters are checked.
    pub(crate) fn open_order(client: AccountKey, params: OrderParams) -> DispatchResult {
        let held = crate::math::order_price(&params);
        Self::hold(HoldReason::Order, &client, held)?;
        let deposit = T::Terms::get().order_deposit.of(params.erasure);
        Self::hold(HoldReason::OrderDeposit, &client, deposit)?;
        let order = NextOrderId::<T>::mutate(|next| {
            let order = *next;
            // Saturation: 2^64 orders are never placed.
            *next = OrderId(order.0.saturating_add(1));
            order
        });
        let per_slot = slot_price_max(&params);
        let (file, total) = (params.file, u16::from(params.erasure.total()));
        for index in 0..total {
            let slot = Slot {
                state: SlotState::Open,
                held: per_slot,
                claim: None,
            };
            Slots::<T>::insert(order, SlotIndex(index), slot);
        }
        FileOrders::<T>::insert(file, OrderKey::from(order), ());
        ClientOrders::<T>::insert(client, OrderKey::from(order), ());
        OpenOrders::<T>::insert(OrderKey::from(order), total);
        Orders::<T>::insert(
            order,
            Order {
                client,
                params,
                opened_at: Self::now(),
                lottery_beacon: None,
                open_slots: total,
                cancelled: false,
                deposit,
            },
        );
        Self::deposit_event(Event::OrderPlaced {
            order,
            client,
            file,
            held,
            deposit,
        });
        Ok(())
    }

    /// Returns the number of slots looked at.
    pub(crate) fn do_cancel_order(client: AccountKey, id: OrderId) -> Result<u32, DispatchError> {
        let mut order = Self::order_of_client(client, id)?;
        ensure!(!order.cancelled, Error::<T>::OrderClosed);
        order.cancelled = true;
        let (now, total) = (Self::now(), u16::from(order.params.erasure.total()));
        let (mut closed_slots, mut refunded) = (0u32, 0u128);
        for index in 0..total {
            let id = SlotId {
                order: id,
                slot: SlotIndex(index),
            };
            let mut slot = Slots::<T>::get(id.order, id.slot).ok_or(Error::<T>::SlotUnknown)?;
            if let Some(reason) = Self::overdue(&order, &slot, now) {
                Self::undo_claim(&order, id, &mut slot, reason);
            }
            if slot.state != SlotState::Open {
                continue;
            }
            // Saturation cannot occur: all of it is held on one account.
            refunded = refunded.saturating_add(Self::close_open(&mut order, &mut slot));
            closed_slots = closed_slots.saturating_add(1);
            Slots::<T>::insert(id.order, id.slot, slot);
        }
        Self::index_open(id, &order);
        Orders::<T>::insert(id, order);
        Self::deposit_event(Event::OrderCancelled {
            order: id,
            closed_slots,
            refunded,
        });
        Ok(u32::from(total))
    }

    /// Returns the number of slots looked at.
    pub(crate) fn do_renew(
        client: AccountKey,
        id: OrderId,
        extra_blocks: BlockNumber,
    ) -> Result<u32, DispatchError> {
        ensure!(extra_blocks > 0, Error::<T>::BadDuration);
        let mut order = Self::order_of_client(client, id)?;
        let total = u16::from(order.params.erasure.total());
        let mut held: Balance = 0;
        let mut live = false;
        for index in 0..total {
            let mut slot = Slots::<T>::get(id, SlotIndex(index)).ok_or(Error::<T>::SlotUnknown)?;
            if matches!(slot.state, SlotState::Lost | SlotState::Expired) {
                continue;
            }
            live = true;
            let extra = Self::renewal_price(&order.params, &slot, extra_blocks)?;
            // Saturation: the hold below fails for such an amount.
            slot.held = slot.held.saturating_add(extra);
            held = held.saturating_add(extra);
            Slots::<T>::insert(id, SlotIndex(index), slot);
        }
        ensure!(live, Error::<T>::NothingToRenew);
        Self::hold(HoldReason::Order, &client, held)?;
        // Saturation cannot occur: `renewal_price` checked the sum.
        order.params.duration_blocks = order.params.duration_blocks.saturating_add(extra_blocks);
        Orders::<T>::insert(id, order);
        Self::deposit_event(Event::OrderRenewed {
            order: id,
            extra_blocks,
            held,
        });
        Ok(u32::from(total))
    }

    /// Returns the number of slots removed.
    pub(crate) fn do_prune_order(id: OrderId) -> Result<u32, DispatchError> {
        let order = Orders::<T>::get(id).ok_or(Error::<T>::OrderUnknown)?;
        let total = u16::from(order.params.erasure.total());
        for index in 0..total {
            let slot = Slots::<T>::take(id, SlotIndex(index)).ok_or(Error::<T>::SlotUnknown)?;
            let has_ended = matches!(slot.state, SlotState::Lost | SlotState::Expired);
            ensure!(has_ended, Error::<T>::OrderNotEnded);
        }
        Self::release(HoldReason::OrderDeposit, &order.client, order.deposit)?;
        GroupSeats::<T>::remove(id);
        FileOrders::<T>::remove(order.params.file, OrderKey::from(id));
        ClientOrders::<T>::remove(order.client, OrderKey::from(id));
        OpenOrders::<T>::remove(OrderKey::from(id));
        Orders::<T>::remove(id);
        Self::deposit_event(Event::OrderPruned {
            order: id,
            deposit: order.deposit,
        });
        Ok(u32::from(total))
    }

    /// Price of prolonging a live slot, if market and provider accept it.
    fn renewal_price(
        params: &OrderParams,
        slot: &Slot,
        extra_blocks: BlockNumber,
    ) -> Result<Balance, DispatchError> {
        let now = Self::now();
        let ends_at = slot.claim.and_then(|claim| claim.ends_at(params));
        ensure!(ends_at.is_none_or(|end| end > now), Error::<T>::DealOver);
        let left = ends_at.map_or(params.duration_blocks, |end| end.saturating_sub(now));
        let left = left
            .checked_add(extra_blocks)
            .ok_or(Error::<T>::BadDuration)?;
        ensure!(
            left <= T::Terms::get().duration_blocks_max,
            Error::<T>::BadDuration
        );
        let duration = params
            .duration_blocks
            .checked_add(extra_blocks)
            .ok_or(Error::<T>::BadDuration)?;
        let mut price = params.price_per_mib_block_max;
        if let Some(claim) = &slot.claim {
            let ask = Asks::<T>::get(claim.provider).unwrap_or_default();
            let accepted = left <= ask.duration_blocks_max
                && ask.price_per_mib_block <= claim.price_per_mib_block;
            ensure!(accepted, Error::<T>::RenewalRefused);
            // Until it is active the highest price is held.
            if matches!(slot.state, SlotState::Active | SlotState::Faulty) {
                price = claim.price_per_mib_block;
            }
        }
        let of = |blocks| storage_price(price, params.slot_bytes(), blocks);
        Ok(of(duration).saturating_sub(of(params.duration_blocks)))
    }

    fn order_of_client(client: AccountKey, id: OrderId) -> Result<Order, DispatchError> {
        let order = Orders::<T>::get(id).ok_or(Error::<T>::OrderUnknown)?;
        ensure!(order.client == client, Error::<T>::NotYourOrder);
        Ok(order)
    }
}
