//! What porep reports about slots, and what porep and poe read of them.

use alloc::vec::Vec;
use frame_support::{defensive, traits::Get};
use ips_pallet_traits::{Deals, Holders, NodeRegistry, Replicas, SlotFacts};
use ips_primitives::{
    deal::{LossReason, SlotState},
    id::{BlockNumber, OrderId, ProviderId, SlotId, SlotIndex},
};

use crate::{
    pallet::{Config, Event, Orders, Pallet, Slots},
    types::{Order, Slot},
};

impl<T: Config> Pallet<T> {
    /// Changes a confirmed, active or faulty slot of that provider; reports about others come too late
    /// to matter.
    fn change_running(
        provider: &ProviderId,
        id: SlotId,
        change: impl FnOnce(&mut Order, &mut Slot),
    ) {
        let Some(mut slot) = Slots::<T>::get(id.order, id.slot) else {
            return;
        };
        let is_theirs = slot.claim.is_some_and(|claim| claim.provider == *provider);
        if !is_running(slot.state) || !is_theirs {
            return;
        }
        let Some(mut order) = Orders::<T>::get(id.order) else {
            defensive!("every slot has an order");
            return;
        };
        let open_slots = order.open_slots;
        change(&mut order, &mut slot);
        Slots::<T>::insert(id.order, id.slot, slot);
        if order.open_slots != open_slots {
            Self::index_open(id.order, &order);
            Orders::<T>::insert(id.order, order);
        }
    }

    /// Pays an active slot up to `through`; returns whether that ended the deal.
    fn pay_and_end(order: &Order, id: SlotId, slot: &mut Slot, through: BlockNumber) -> bool {
        if slot.state != SlotState::Active {
            return false;
        }
        if Self::pay_through(order, id, slot, through).is_err() {
            defensive!("a registered provider's account can receive its pay");
        }
        let ended = Self::is_paid_up(order, slot);
        if ended {
            Self::expire(order, id, slot);
        }
        ended
    }

    fn facts_of(id: SlotId) -> Option<SlotFacts> {
        let slot = Slots::<T>::get(id.order, id.slot).filter(|slot| is_running(slot.state))?;
        let order = Orders::<T>::get(id.order)?;
        Some(SlotFacts {
            provider: slot.claim?.provider,
            root: *order.params.slot_roots.get(usize::from(id.slot.0))?,
            bytes: order.params.slot_bytes(),
        })
    }
}

/// Whether the deal of a slot in that state runs: delivered, neither ended nor lost.
fn is_running(state: SlotState) -> bool {
    matches!(
        state,
        SlotState::Confirmed | SlotState::Active | SlotState::Faulty
    )
}

impl<T: Config> Deals for Pallet<T> {
    fn facts(slot: SlotId) -> Option<SlotFacts> {
        Self::facts_of(slot)
    }

    fn piece_sealed(provider: &ProviderId, id: SlotId, now: BlockNumber) {
        Self::change_running(provider, id, |order, slot| {
            let pieces = T::Profile::get().pieces_of(order.params.slot_bytes());
            if let Some(claim) = slot.claim.as_mut() {
                if u64::from(claim.sealed_pieces) < pieces {
                    // Saturation cannot occur: a slot has at most 64 pieces.
                    claim.sealed_pieces = claim.sealed_pieces.saturating_add(1);
                }
            }
            Self::activate_if_whole(order, id, slot, now);
        });
    }

    fn piece_faulted(provider: &ProviderId, id: SlotId, proven_through: BlockNumber) {
        Self::change_running(provider, id, |order, slot| {
            if Self::pay_and_end(order, id, slot, proven_through) {
                return;
            }
            let Some(claim) = slot.claim.as_mut() else {
                return;
            };
            let more = claim.faulty_pieces.saturating_add(1);
            claim.faulty_pieces = more.min(claim.sealed_pieces);
            if slot.state == SlotState::Active {
                slot.state = SlotState::Faulty;
                T::Nodes::note_promise(&claim.provider, false);
                Self::deposit_event(Event::SlotFaulty {
                    slot: id,
                    provider: claim.provider,
                });
            }
        });
    }

    fn piece_recovered(provider: &ProviderId, id: SlotId, now: BlockNumber) {
        Self::change_running(provider, id, |order, slot| {
            if let Some(claim) = slot.claim.as_mut() {
                claim.faulty_pieces = claim.faulty_pieces.saturating_sub(1);
            }
            Self::activate_if_whole(order, id, slot, now);
        });
    }

    fn piece_lost(provider: &ProviderId, id: SlotId, reason: LossReason) {
        Self::change_running(provider, id, |order, slot| {
            let pieces = T::Profile::get().pieces_of(order.params.slot_bytes());
            let through = T::Replicas::proven_through(id, pieces).unwrap_or_default();
            // A deal proven to its end has ended well, settled or not.
            if !Self::pay_and_end(order, id, slot, through) {
                Self::lose(order, id, slot, reason);
            }
        });
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn confirmed_for_benchmark(
        provider: &ProviderId,
        root: ips_primitives::slot::SlotRoot,
        bytes: u64,
    ) -> SlotId {
        crate::benchmarking::confirmed::<T>(provider, root, bytes)
    }
}

impl<T: Config> Holders for Pallet<T> {
    fn slots_of(order: OrderId) -> Option<u32> {
        Orders::<T>::get(order).map(|order| u32::from(order.params.erasure.total()))
    }

    fn slot(slot: SlotId) -> Option<SlotFacts> {
        Self::facts_of(slot)
    }

    fn current_provers(order: OrderId) -> Vec<ProviderId> {
        let total = Self::slots_of(order).unwrap_or(0);
        (0..total)
            .filter_map(|index| Slots::<T>::get(order, SlotIndex(u16::try_from(index).ok()?)))
            .filter(|slot| slot.state == SlotState::Active)
            .filter_map(|slot| Some(slot.claim?.provider))
            .collect()
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn active_order_for_benchmark(providers: &[ProviderId]) -> OrderId {
        crate::benchmarking::active_order::<T>(providers)
    }
}
