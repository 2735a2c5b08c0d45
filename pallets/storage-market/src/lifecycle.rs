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
    deal::{storage_price, SlotState},
    id::{AccountKey, Balance, BlockNumber, ProviderId, SlotId},
};
use sp_runtime::{traits::UniqueSaturatedInto, AccountId32, DispatchError};

use crate::{
    math::permille_of,
    pallet::{Config, Event, GroupSeats, HoldReason, Pallet, ProviderSlots},
    types::{Order, Slot},
};

impl<T: Config> Pallet<T> {
    /// The block being made.
    pub(crate) fn now() -> BlockNumber {
        frame_system::Pallet::<T>::block_number().unique_saturated_into()
    }

    pub(crate) fn hold(client: &AccountKey, amount: Balance) -> DispatchResult {
        if amount == 0 {
            return Ok(());
        }
        T::Currency::hold(
            &HoldReason::Order.into(),
            &AccountId32::new(client.0),
            amount,
        )
    }

    pub(crate) fn release(client: &AccountKey, amount: Balance) -> DispatchResult {
        if amount == 0 {
            return Ok(());
        }
        let (reason, client) = (HoldReason::Order.into(), AccountId32::new(client.0));
        T::Currency::release(&reason, &client, amount, Precision::Exact).map(drop)
    }

    /// Gives the client what is held for a slot, and returns it.
    fn refund(client: &AccountKey, slot: &mut Slot) -> Balance {
        let amount = slot.held;
        if Self::release(client, amount).is_err() {
            defensive!("what is held for a slot can be released");
            return 0;
        }
        slot.held = 0;
        amount
    }

    /// Whether a claim may be undone: it is not confirmed and its time is over.
    pub(crate) fn is_undelivered(slot: &Slot, now: BlockNumber) -> bool {
        let waits = T::Terms::get().delivery_blocks;
        let late = |claimed_at: BlockNumber| now.saturating_sub(claimed_at) > waits;
        slot.state == SlotState::Claimed && slot.claim.is_some_and(|claim| late(claim.claimed_at))
    }

    /// Whether a confirmed slot's time is over.
    pub(crate) fn is_over(order: &Order, slot: &Slot, now: BlockNumber) -> bool {
        let ends_at = slot.claim.and_then(|claim| claim.ends_at(&order.params));
        ends_at.is_some_and(|end| end <= now)
    }

    /// Whether a slot is proven and paid to its end.
    pub(crate) fn is_paid_up(order: &Order, slot: &Slot) -> bool {
        slot.claim.is_some_and(|claim| {
            claim
                .ends_at(&order.params)
                .is_some_and(|end| end <= claim.paid_until)
        })
    }

    /// Opens a claimed slot again; a small part of its lock is slashed.
    pub(crate) fn undo_claim(order: &Order, id: SlotId, slot: &mut Slot) {
        let Some(claim) = slot.claim.take() else {
            return;
        };
        let provider = claim.provider;
        let locked = T::Collateral::locked(&provider, id);
        let part = permille_of(locked, T::Terms::get().undone_claim_permille);
        let slashed = T::Collateral::slash(&provider, id, part);
        Self::leave(order, id, &provider, false);
        slot.state = SlotState::Open;
        Self::deposit_event(Event::ClaimUndone {
            slot: id,
            provider,
            slashed,
        });
    }

    /// Closes an open slot for good and returns what the client got back.
    pub(crate) fn close_open(order: &mut Order, slot: &mut Slot) -> Balance {
        order.open_slots = order.open_slots.saturating_sub(1);
        slot.state = SlotState::Expired;
        Self::refund(&order.client, slot)
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
    pub(crate) fn activate_if_whole(order: &Order, id: SlotId, slot: &mut Slot, now: BlockNumber) {
        let pieces = T::Profile::get().pieces_of(order.params.slot_bytes());
        let waiting = matches!(slot.state, SlotState::Confirmed | SlotState::Faulty);
        let Some(claim) = slot.claim.as_mut() else {
            return;
        };
        if !waiting || u64::from(claim.sealed_pieces) < pieces || claim.faulty_pieces > 0 {
            return;
        }
        claim.paid_until = now.max(claim.paid_until);
        slot.state = SlotState::Active;
        Self::deposit_event(Event::SlotActive {
            slot: id,
            provider: claim.provider,
        });
    }

    /// Ends a deal: collateral and capacity are free, the rest of the price goes back.
    pub(crate) fn expire(order: &Order, id: SlotId, slot: &mut Slot, kept: bool) {
        let Some(claim) = slot.claim else { return };
        Self::leave(order, id, &claim.provider, kept);
        let refunded = Self::refund(&order.client, slot);
        slot.state = SlotState::Expired;
        Self::deposit_event(Event::SlotExpired {
            slot: id,
            provider: claim.provider,
            refunded,
        });
    }

    /// Ends a deal whose data is gone: the whole lock is slashed, the rest of the price goes back.
    pub(crate) fn lose(order: &Order, id: SlotId, slot: &mut Slot) {
        let Some(claim) = slot.claim else { return };
        let provider = claim.provider;
        let locked = T::Collateral::locked(&provider, id);
        let slashed = T::Collateral::slash(&provider, id, locked);
        Self::leave(order, id, &provider, false);
        let refunded = Self::refund(&order.client, slot);
        slot.state = SlotState::Lost;
        Self::deposit_event(Event::SlotLost {
            slot: id,
            provider,
            slashed,
            refunded,
        });
    }

    /// A provider leaves a slot: what is left of its lock and its capacity are free, its seat too.
    fn leave(order: &Order, id: SlotId, provider: &ProviderId, kept: bool) {
        T::Collateral::release(provider, id);
        T::Nodes::unreserve(provider, order.params.slot_bytes());
        T::Nodes::note_promise(provider, kept);
        ProviderSlots::<T>::remove(provider, id);
        GroupSeats::<T>::mutate_exists(id.order, |seats| {
            let mut left = seats.take().unwrap_or_default();
            left.retain(|seat| seat.slot != id.slot);
            *seats = (!left.is_empty()).then_some(left);
        });
    }
}
