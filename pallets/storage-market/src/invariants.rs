//! What is always true between two calls; checked after every test and by try-runtime.
//!
//! 1. Each client's holds are the sums of what its orders' slots hold and of its orders' deposits.
//! 2. An order has exactly the slots of its group, and its `open_slots` are those open, claimed or
//!    confirmed.
//! 3. An open slot has no claim; any other has one, unless it was closed unclaimed. A claim is
//!    confirmed if and only if its slot is past `Claimed`.
//! 4. An open, claimed or confirmed slot holds its highest price; an active or faulty one the price of
//!    its deal less what is paid; an ended one nothing. A cancelled order has no open slot.
//! 5. Faulty pieces are sealed; an active slot is sealed whole and has no faulty piece.
//! 6. Seats and the providers' index hold exactly the slots that somebody has now; nobody has a lock
//!    for an ended slot.
//! 7. No operator has two seats of a group, no class more than `parity`.
//! 8. Every order is indexed by its client and its file, is in the index of open orders exactly if
//!    it is open, with the number of its open slots, and is older than the next id. The indexes hold
//!    nothing else.

use alloc::{collections::BTreeMap, vec::Vec};
use frame_support::{
    ensure,
    traits::{fungible::InspectHold, Get},
};
use ips_pallet_traits::Collateral;
use ips_primitives::{
    deal::SlotState,
    id::{AccountKey, Balance, OrderId, SlotId, SlotIndex},
    node_class::NodeClass,
};
use sp_runtime::{AccountId32, TryRuntimeError};

use crate::{
    math::slot_price_max,
    pallet::{
        ClientOrders, Config, FileOrders, GroupSeats, HoldReason, NextOrderId, OpenOrders, Orders,
        Pallet, ProviderSlots, Slots,
    },
    types::{Order, OrderKey, Slot, SlotKey},
};

impl<T: Config> Pallet<T> {
    /// Checks every invariant of this module's header.
    ///
    /// # Errors
    /// The first one that is broken.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        let mut held: BTreeMap<AccountKey, (Balance, Balance)> = BTreeMap::new();
        let (mut orders, mut open, mut taken) = (0usize, 0usize, 0usize);
        for (id, order) in Orders::<T>::iter() {
            let (sum, seats) = Self::check_order(id, &order)?;
            let (prices, deposits) = held.entry(order.client).or_default();
            *prices = prices.saturating_add(sum);
            *deposits = deposits.saturating_add(order.deposit);
            taken = taken.saturating_add(seats);
            orders = orders.saturating_add(1);
            open = open.saturating_add(usize::from(order.is_open()));
        }
        for (client, (prices, deposits)) in held {
            let account = AccountId32::new(client.0);
            let on_hold = |why: HoldReason| T::Currency::balance_on_hold(&why.into(), &account);
            ensure!(
                on_hold(HoldReason::Order) == prices,
                "1: hold and slots differ"
            );
            ensure!(
                on_hold(HoldReason::OrderDeposit) == deposits,
                "1: hold and deposits differ"
            );
        }
        ensure!(
            OpenOrders::<T>::iter_keys().count() == open,
            "8: a closed order in the index of open ones"
        );
        ensure!(
            FileOrders::<T>::iter_keys().count() == orders
                && ClientOrders::<T>::iter_keys().count() == orders,
            "8: an index names an order that is not there"
        );
        ensure!(
            ProviderSlots::<T>::iter().count() == taken,
            "6: a stale entry in the index"
        );
        ensure!(
            Slots::<T>::iter_keys().all(|(order, _)| Orders::<T>::contains_key(order)),
            "2: a slot without an order"
        );
        Ok(())
    }

    /// Returns what the order's slots hold and how many somebody has now.
    fn check_order(id: OrderId, order: &Order) -> Result<(Balance, usize), TryRuntimeError> {
        ensure!(id < NextOrderId::<T>::get(), "8: an order from the future");
        ensure!(
            ClientOrders::<T>::contains_key(order.client, OrderKey::from(id)),
            "8: not indexed by client"
        );
        ensure!(
            FileOrders::<T>::contains_key(order.params.file, OrderKey::from(id)),
            "8: not indexed by file"
        );
        let total = u16::from(order.params.erasure.total());
        ensure!(
            Slots::<T>::iter_key_prefix(id).count() == usize::from(total),
            "2: a group with too many or too few slots"
        );
        let (mut held, mut open, mut claimable, mut seats) = (0u128, 0u16, 0u16, Vec::new());
        for index in 0..total {
            let at = SlotId {
                order: id,
                slot: SlotIndex(index),
            };
            let slot = Slots::<T>::get(id, at.slot).ok_or("2: a slot is missing")?;
            Self::check_slot(at, order, &slot)?;
            held = held.saturating_add(slot.held);
            open += u16::from(is_open(slot.state));
            claimable += u16::from(slot.state == SlotState::Open);
            if is_taken(slot.state) {
                seats.push(at.slot);
            }
        }
        ensure!(open == order.open_slots, "2: open slots miscounted");
        ensure!(
            OpenOrders::<T>::get(OrderKey::from(id)) == order.is_open().then_some(claimable),
            "8: wrongly indexed as open"
        );
        Self::check_seats(id, order, &seats)?;
        Ok((held, seats.len()))
    }

    fn check_slot(id: SlotId, order: &Order, slot: &Slot) -> Result<(), TryRuntimeError> {
        let params = &order.params;
        ensure!(
            slot.claim.is_some() || matches!(slot.state, SlotState::Open | SlotState::Expired),
            "3: a slot without a claim"
        );
        ensure!(
            !(order.cancelled && slot.state == SlotState::Open),
            "4: an open slot of a cancelled order"
        );
        let expected = match (slot.state, &slot.claim) {
            (SlotState::Open, claim) => {
                ensure!(claim.is_none(), "3: an open slot with a claim");
                slot_price_max(params)
            }
            (SlotState::Claimed, Some(claim)) => {
                ensure!(
                    claim.confirmed_at.is_none(),
                    "3: confirmed but only claimed"
                );
                slot_price_max(params)
            }
            (SlotState::Confirmed, _) => slot_price_max(params),
            (SlotState::Lost | SlotState::Expired, _) | (_, None) => 0,
            (_, Some(claim)) => claim.price(params).saturating_sub(claim.paid(params)),
        };
        ensure!(
            slot.held == expected,
            "4: a slot holds too much or too little"
        );
        let Some(claim) = &slot.claim else {
            return Ok(());
        };
        ensure!(
            claim.confirmed_at.is_some() == (slot.state != SlotState::Claimed),
            "3: past its claim but not confirmed"
        );
        ensure!(
            claim.faulty_pieces <= claim.sealed_pieces,
            "5: more faulty than sealed"
        );
        if slot.state == SlotState::Active {
            let pieces = T::Profile::get().pieces_of(params.slot_bytes());
            ensure!(
                u64::from(claim.sealed_pieces) == pieces,
                "5: active but not sealed whole"
            );
            ensure!(claim.faulty_pieces == 0, "5: active but faulty");
        }
        let taken = is_taken(slot.state);
        ensure!(
            ProviderSlots::<T>::contains_key(claim.provider, SlotKey::from(id)) == taken,
            "6: the providers' index is wrong"
        );
        ensure!(
            taken || T::Collateral::locked(&claim.provider, id) == 0,
            "6: a lock for an ended slot"
        );
        Ok(())
    }

    fn check_seats(id: OrderId, order: &Order, taken: &[SlotIndex]) -> Result<(), TryRuntimeError> {
        let seats = GroupSeats::<T>::get(id);
        let mut slots: Vec<_> = seats.iter().map(|seat| seat.slot).collect();
        slots.sort_unstable();
        ensure!(slots == taken, "6: seats and slots differ");
        let mut operators: Vec<_> = seats.iter().map(|seat| seat.operator).collect();
        operators.sort_unstable();
        operators.dedup();
        ensure!(
            operators.len() == seats.len(),
            "7: an operator has two seats"
        );
        for class in NodeClass::ALL {
            let of_class = seats.iter().filter(|seat| seat.class == class).count();
            ensure!(
                of_class <= usize::from(order.params.erasure.parity),
                "7: a class has too many seats"
            );
        }
        Ok(())
    }
}

/// Whether a slot in that state was never active and has not ended.
fn is_open(state: SlotState) -> bool {
    matches!(
        state,
        SlotState::Open | SlotState::Claimed | SlotState::Confirmed
    )
}

/// Whether somebody has a slot in that state now.
fn is_taken(state: SlotState) -> bool {
    matches!(
        state,
        SlotState::Claimed | SlotState::Confirmed | SlotState::Active | SlotState::Faulty
    )
}
