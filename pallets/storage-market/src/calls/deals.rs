//! The provider's calls: claim, confirm, settle.

use frame_support::{dispatch::DispatchResult, ensure, traits::Get};
use ips_pallet_traits::{Beacons, Collateral, NodeFacts, NodeRegistry, Replicas};
use ips_primitives::{
    challenge::BEACON_DELAY_BLOCKS,
    deal::{Ask, DeliveryNote, OrderParams, SlotState},
    id::{AccountKey, BlockNumber, Genesis, ProviderId, Signature, SlotId},
    placement::{collateral_for, Admission, Candidate, SlotLottery},
};
use sp_core::sr25519;
use sp_runtime::{traits::UniqueSaturatedInto, DispatchError};

use crate::{
    pallet::{Asks, Config, Error, Event, GroupSeats, Orders, Pallet, ProviderSlots, Slots},
    types::{Claim, Order, Seat, Slot, SlotKey},
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_claim_slot(worker: AccountKey, id: SlotId) -> DispatchResult {
        let provider = T::Nodes::provider_of(&worker).ok_or(Error::<T>::NotAWorker)?;
        let (mut order, mut slot) = Self::order_and_slot(id)?;
        let now = Self::now();
        ensure!(!order.cancelled, Error::<T>::OrderClosed);
        let ask = Self::fitting_ask(&provider, &order.params)?;
        if let Some(reason) = Self::overdue(&order, &slot, now) {
            // Written before the checks below; a call that fails leaves nothing behind.
            Self::undo_claim(&order, id, &mut slot, reason);
        }
        ensure!(slot.state == SlotState::Open, Error::<T>::SlotTaken);
        let facts = T::Nodes::facts(&provider).ok_or(Error::<T>::NotAProvider)?;
        Self::ensure_drawn(&mut order, id, &provider, &facts)?;
        Self::take_seat(id, &order.params, &facts)?;
        let bytes = order.params.slot_bytes();
        T::Nodes::reserve(&provider, bytes)?;
        let collateral = collateral_for(T::Terms::get().collateral_per_mib, bytes);
        T::Collateral::lock(&provider, id, collateral)?;

        let price_per_mib_block = ask.price_per_mib_block;
        slot.state = SlotState::Claimed;
        slot.claim = Some(Claim {
            provider,
            claimed_at: now,
            price_per_mib_block,
            confirmed_at: None,
            sealed_pieces: 0,
            faulty_pieces: 0,
            paid_until: now,
            paid_blocks: 0,
        });
        Self::count_open(id.order, false);
        ProviderSlots::<T>::insert(provider, SlotKey::from(id), ());
        Slots::<T>::insert(id.order, id.slot, slot);
        Orders::<T>::insert(id.order, order);
        Self::deposit_event(Event::SlotClaimed {
            slot: id,
            provider,
            price_per_mib_block,
        });
        Ok(())
    }

    pub(crate) fn do_confirm_deal(
        worker: AccountKey,
        id: SlotId,
        signature: &Signature,
    ) -> DispatchResult {
        let provider = T::Nodes::provider_of(&worker).ok_or(Error::<T>::NotAWorker)?;
        let (order, mut slot) = Self::order_and_slot(id)?;
        ensure!(slot.state == SlotState::Claimed, Error::<T>::NotYourClaim);
        let claim = slot.claim.as_mut().ok_or(Error::<T>::NotYourClaim)?;
        ensure!(claim.provider == provider, Error::<T>::NotYourClaim);
        Self::ensure_delivered(&order.params, id, provider, signature)?;

        let now = Self::now();
        claim.confirmed_at = Some(now);
        claim.paid_until = now;
        slot.state = SlotState::Confirmed;
        let ends_at = claim.ends_at(&order.params).unwrap_or(now);
        Slots::<T>::insert(id.order, id.slot, slot);
        Self::deposit_event(Event::DealConfirmed {
            slot: id,
            provider,
            ends_at,
        });
        Ok(())
    }

    /// Returns the number of pieces whose proofs were looked at, at least 1.
    pub(crate) fn do_settle(id: SlotId) -> Result<u32, DispatchError> {
        let (mut order, mut slot) = Self::order_and_slot(id)?;
        let mut pieces = 1;
        if let Some(reason) = Self::overdue(&order, &slot, Self::now()) {
            Self::undo_claim(&order, id, &mut slot, reason);
            if order.cancelled {
                Self::close_open(&mut order, &mut slot);
                Orders::<T>::insert(id.order, order);
            }
        } else {
            ensure!(slot.state == SlotState::Active, Error::<T>::NothingDue);
            pieces = T::Profile::get().pieces_of(order.params.slot_bytes());
            let through = T::Replicas::proven_through(id, pieces).unwrap_or_default();
            let paid = Self::pay_through(&order, id, &mut slot, through)?;
            let ended = Self::is_paid_up(&order, &slot);
            ensure!(paid > 0 || ended, Error::<T>::NothingDue);
            if ended {
                Self::expire(&order, id, &mut slot);
            }
        }
        Slots::<T>::insert(id.order, id.slot, slot);
        Ok(pieces.unique_saturated_into())
    }

    fn order_and_slot(id: SlotId) -> Result<(Order, Slot), DispatchError> {
        let order = Orders::<T>::get(id.order).ok_or(Error::<T>::OrderUnknown)?;
        let slot = Slots::<T>::get(id.order, id.slot).ok_or(Error::<T>::SlotUnknown)?;
        Ok((order, slot))
    }

    fn fitting_ask(provider: &ProviderId, params: &OrderParams) -> Result<Ask, DispatchError> {
        let ask = Asks::<T>::get(provider).ok_or(Error::<T>::NoAsk)?;
        ensure!(
            ask.price_per_mib_block <= params.price_per_mib_block_max,
            Error::<T>::PriceTooLow
        );
        ensure!(
            params.duration_blocks <= ask.duration_blocks_max,
            Error::<T>::DurationTooLong
        );
        Ok(ask)
    }

    /// Checks the lottery and keeps the order's beacon once it is known.
    fn ensure_drawn(
        order: &mut Order,
        id: SlotId,
        provider: &ProviderId,
        facts: &NodeFacts,
    ) -> DispatchResult {
        if order.lottery_beacon.is_none() {
            order.lottery_beacon = Self::lottery_beacon_of(order.opened_at);
        }
        let terms = T::Terms::get();
        let lottery = SlotLottery {
            slot: id,
            is_data: order.params.erasure.is_data(id.slot.0),
            opened_at: order.opened_at,
            beacon: order.lottery_beacon,
            lottery_blocks: terms.lottery_blocks,
            reliability_permille_min: terms.reliability_permille_min,
        };
        let candidate = Candidate {
            provider: *provider,
            class: facts.class,
            reliability_permille: facts.reliability_permille,
            registered_at: facts.registered_at,
        };
        match lottery.admit(&candidate, Self::now()) {
            Admission::Admitted => Ok(()),
            Admission::NotOpen => Err(Error::<T>::LotteryNotOpen.into()),
            Admission::Later | Admission::Never => Err(Error::<T>::NotEligible.into()),
        }
    }

    pub(crate) fn lottery_beacon_of(opened_at: BlockNumber) -> Option<[u8; 32]> {
        T::Beacons::at(opened_at.checked_add(BEACON_DELAY_BLOCKS)?)
    }

    fn take_seat(id: SlotId, params: &OrderParams, facts: &NodeFacts) -> DispatchResult {
        GroupSeats::<T>::try_mutate(id.order, |seats| {
            let mut of_class = 0u8;
            for seat in seats.iter() {
                ensure!(seat.operator != facts.operator, Error::<T>::OperatorInGroup);
                // Saturation cannot occur: there are at most 60 seats.
                of_class = of_class.saturating_add(u8::from(seat.class == facts.class));
            }
            ensure!(
                of_class < params.erasure.parity,
                Error::<T>::ClassInGroupFull
            );
            seats
                .try_push(Seat {
                    slot: id.slot,
                    operator: facts.operator,
                    class: facts.class,
                })
                .map_err(|_| Error::<T>::ClassInGroupFull.into())
        })
    }

    /// Checks the client's signature on the delivery note of a slot.
    fn ensure_delivered(
        params: &OrderParams,
        id: SlotId,
        provider: ProviderId,
        signature: &Signature,
    ) -> DispatchResult {
        let root = params
            .slot_roots
            .get(usize::from(id.slot.0))
            .ok_or(Error::<T>::SlotUnknown)?;
        let note = DeliveryNote {
            genesis: Self::genesis(),
            slot: id,
            provider,
            slot_root: *root,
        };
        let valid = sp_io::crypto::sr25519_verify(
            &sr25519::Signature::from_raw(signature.0),
            &note.signing_bytes(),
            &sr25519::Public::from_raw(params.delivery_key.0),
        );
        ensure!(valid, Error::<T>::BadSignature);
        Ok(())
    }

    /// Hash of block 0, which the chain keeps for good.
    pub(crate) fn genesis() -> Genesis {
        let zero = frame_system::pallet_prelude::BlockNumberFor::<T>::from(0u32);
        Genesis(frame_system::Pallet::<T>::block_hash(zero).0)
    }
}
