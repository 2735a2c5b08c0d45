//! Transitions of a slot and the money that moves with them.
//!
//! Each takes the loaded order and slot and leaves the writing of both to its caller.

use frame_support::{
    defensive,
    dispatch::DispatchResult,
    traits::{
        fungible::MutateHold,
        tokens::{Fortitude, Precision, Restriction},
        Get,
    },
};
use ips_pallet_traits::{Collateral, NodeRegistry};
use ips_primitives::{
    deal::{storage_price, LossReason, SlotState, UndoneReason},
    id::{AccountKey, Balance, BlockNumber, OrderId, ProviderId, SlotId},
    placement::{ClaimDeadlines, ClaimTimes},
};
use sp_runtime::{traits::UniqueSaturatedInto, AccountId32, DispatchError};

use crate::{
    math::permille_of,
    pallet::{Config, Event, GroupSeats, HoldReason, OpenOrders, Pallet, ProviderSlots},
    types::{Order, OrderKey, Slot, SlotKey},
};

impl<T: Config> Pallet<T> {
    /// The block being made.
    pub(crate) fn now() -> BlockNumber {
        frame_system::Pallet::<T>::block_number().unique_saturated_into()
    }

    pub(crate) fn hold(why: HoldReason, client: &AccountKey, amount: Balance) -> DispatchResult {
        if amount == 0 {
            return Ok(());
        }
        T::Currency::hold(&why.into(), &AccountId32::new(client.0), amount)
    }

    pub(crate) fn release(why: HoldReason, client: &AccountKey, amount: Balance) -> DispatchResult {
        if amount == 0 {
            return Ok(());
        }
        let client = AccountId32::new(client.0);
        T::Currency::release(&why.into(), &client, amount, Precision::Exact).map(drop)
    }

    /// Gives the client what is held for a slot above `rest`, and returns it.
    fn refund(client: &AccountKey, slot: &mut Slot, rest: Balance) -> Balance {
        let amount = slot.held.saturating_sub(rest);
        if Self::release(HoldReason::Order, client, amount).is_err() {
            defensive!("what is held for a slot can be released");
            return 0;
        }
        slot.held = slot.held.saturating_sub(amount);
        amount
    }

    /// Takes an order that is not open any more out of the index of open ones.
    pub(crate) fn index_open(id: OrderId, order: &Order) {
        if !order.is_open() {
            OpenOrders::<T>::remove(OrderKey::from(id));
        }
    }

    /// Counts one more or one less open slot in the index, if the order is in it.
    pub(crate) fn count_open(id: OrderId, opened: bool) {
        OpenOrders::<T>::mutate_extant(OrderKey::from(id), |slots| {
            // Saturation cannot occur: an order has at most 60 slots.
            *slots = if opened {
                slots.saturating_add(1)
            } else {
                slots.saturating_sub(1)
            };
        });
    }

    /// Why a slot may be taken from its provider at `now`, if it may: it was not confirmed or not
    /// sealed in time.
    pub(crate) fn overdue(order: &Order, slot: &Slot, now: BlockNumber) -> Option<UndoneReason> {
        let (claim, terms) = (slot.claim.as_ref()?, T::Terms::get());
        let times = ClaimTimes {
            claimed_at: claim.claimed_at,
            confirmed_at: claim.confirmed_at,
            duration_blocks: order.params.duration_blocks,
        };
        let deadlines = ClaimDeadlines {
            delivery_blocks: terms.delivery_blocks,
            seal_blocks: terms.seal_blocks,
        };
        deadlines.overdue(slot.state, &times, now)
    }

    /// Whether a slot is proven and paid to its end.
    pub(crate) fn is_paid_up(order: &Order, slot: &Slot) -> bool {
        slot.claim.is_some_and(|claim| {
            claim
                .ends_at(&order.params)
                .is_some_and(|end| end <= claim.paid_until)
        })
    }

    /// Opens a claimed or confirmed slot again, at its full price. Slashed is a small part of the lock
    /// if it was not delivered, since nobody can tell whose fault that is (no promise is broken for the
    /// same reason); all of it if the provider has confirmed the delivery.
    pub(crate) fn undo_claim(order: &Order, id: SlotId, slot: &mut Slot, reason: UndoneReason) {
        let Some(claim) = slot.claim.take() else {
            return;
        };
        let provider = claim.provider;
        let locked = T::Collateral::locked(&provider, id);
        let part = match reason {
            UndoneReason::NotDelivered => {
                permille_of(locked, T::Terms::get().undone_claim_permille)
            }
            UndoneReason::NotSealed => locked,
        };
        let slashed = T::Collateral::slash(&provider, id, part);
        Self::leave(order, id, &provider);
        if reason == UndoneReason::NotSealed {
            T::Nodes::note_promise(&provider, false);
        }
        slot.state = SlotState::Open;
        Self::count_open(id.order, true);
        Self::deposit_event(Event::ClaimUndone {
            slot: id,
            provider,
            reason,
            slashed,
        });
    }

    /// Closes an open slot for good and returns what the client got back.
    pub(crate) fn close_open(order: &mut Order, slot: &mut Slot) -> Balance {
        order.open_slots = order.open_slots.saturating_sub(1);
        slot.state = SlotState::Expired;
        Self::refund(&order.client, slot, 0)
    }

    /// Pays an active slot's provider for the blocks up to `through` and returns the amount.
    ///
    /// # Errors
    /// If the money can't be moved; the slot is unchanged then.
    pub(crate) fn pay_through(
        order: &Order,
        id: SlotId,
        slot: &mut Slot,
        through: BlockNumber,
    ) -> Result<Balance, DispatchError> {
        let Some(claim) = slot.claim.as_mut() else {
            return Ok(0);
        };
        let Some(ends_at) = claim.ends_at(&order.params) else {
            return Ok(0);
        };
        let until = through.min(ends_at);
        let blocks = until.saturating_sub(claim.paid_until);
        if blocks == 0 {
            return Ok(0);
        }
        // The difference of two totals, so that rounding up does not add up over settlements.
        let price = claim.price_per_mib_block;
        let of = |blocks| storage_price(price, order.params.slot_bytes(), blocks);
        let paid_blocks = claim.paid_blocks.saturating_add(blocks);
        let amount = of(paid_blocks)
            .saturating_sub(of(claim.paid_blocks))
            .min(slot.held);
        if amount > 0 {
            T::Currency::transfer_on_hold(
                &HoldReason::Order.into(),
                &AccountId32::new(order.client.0),
                &AccountId32::new(claim.provider.0),
                amount,
                Precision::Exact,
                Restriction::Free,
                // A client can't freeze what is owed.
                Fortitude::Force,
            )?;
        }
        slot.held = slot.held.saturating_sub(amount);
        claim.paid_blocks = paid_blocks;
        claim.paid_until = until;
        let provider = claim.provider;
        Self::deposit_event(Event::Settled {
            slot: id,
            provider,
            amount,
            paid_until: until,
        });
        Ok(amount)
    }

    /// Makes a confirmed or faulty slot active if every piece is sealed and none is faulty.
    pub(crate) fn activate_if_whole(
        order: &mut Order,
        id: SlotId,
        slot: &mut Slot,
        now: BlockNumber,
    ) {
        let pieces = T::Profile::get().pieces_of(order.params.slot_bytes());
        let waiting = matches!(slot.state, SlotState::Confirmed | SlotState::Faulty);
        let Some(claim) = slot.claim.as_mut() else {
            return;
        };
        if !waiting || u64::from(claim.sealed_pieces) < pieces || claim.faulty_pieces > 0 {
            return;
        }
        claim.paid_until = now.max(claim.paid_until);
        let claim = *claim;
        let mut refunded = 0;
        if slot.state == SlotState::Confirmed {
            let price = claim.price(&order.params);
            refunded = Self::refund(&order.client, slot, price);
            order.open_slots = order.open_slots.saturating_sub(1);
        }
        slot.state = SlotState::Active;
        Self::deposit_event(Event::SlotActive {
            slot: id,
            provider: claim.provider,
            refunded,
        });
    }

    /// Ends a deal: collateral and capacity are free, the rest of the price goes back.
    pub(crate) fn expire(order: &Order, id: SlotId, slot: &mut Slot) {
        let Some(claim) = slot.claim else { return };
        Self::leave(order, id, &claim.provider);
        T::Nodes::note_promise(&claim.provider, true);
        let refunded = Self::refund(&order.client, slot, 0);
        slot.state = SlotState::Expired;
        Self::deposit_event(Event::SlotExpired {
            slot: id,
            provider: claim.provider,
            refunded,
        });
    }

    /// Ends a deal whose data is gone: the whole lock is slashed, the rest of the price goes back.
    pub(crate) fn lose(order: &mut Order, id: SlotId, slot: &mut Slot, reason: LossReason) {
        let Some(claim) = slot.claim else { return };
        let provider = claim.provider;
        let locked = T::Collateral::locked(&provider, id);
        let slashed = T::Collateral::slash(&provider, id, locked);
        Self::leave(order, id, &provider);
        T::Nodes::note_promise(&provider, false);
        let refunded = Self::refund(&order.client, slot, 0);
        if slot.state == SlotState::Confirmed {
            order.open_slots = order.open_slots.saturating_sub(1);
        }
        slot.state = SlotState::Lost;
        Self::deposit_event(Event::SlotLost {
            slot: id,
            provider,
            reason,
            slashed,
            refunded,
        });
    }

    /// A provider leaves a slot: what is left of its lock and its capacity are free, its seat too.
    fn leave(order: &Order, id: SlotId, provider: &ProviderId) {
        T::Collateral::release(provider, id);
        T::Nodes::unreserve(provider, order.params.slot_bytes());
        ProviderSlots::<T>::remove(provider, SlotKey::from(id));
        GroupSeats::<T>::mutate_exists(id.order, |seats| {
            let mut left = seats.take().unwrap_or_default();
            left.retain(|seat| seat.slot != id.slot);
            *seats = (!left.is_empty()).then_some(left);
        });
    }
}
