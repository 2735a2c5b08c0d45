//! Rules of the market.

use ips_primitives::{
    deal::{DeliveryNote, SlotState},
    id::{BlockNumber, ProviderId, Signature, SlotId},
    placement::{collateral_for, Admission, Candidate, SlotLottery},
    view::{NodeView, OrderView, SlotView},
};

use super::{refused as refused_by, MockClient, State};
use crate::{chain::ChainError, testing::state::is_held, verify_sr25519};

fn refused(error: &str) -> ChainError {
    refused_by("StorageMarket", error)
}

fn ensure(condition: bool, error: &str) -> Result<(), ChainError> {
    condition.then_some(()).ok_or_else(|| refused(error))
}

impl MockClient {
    fn order_and_slot(
        &self,
        state: &State,
        slot: SlotId,
    ) -> Result<(OrderView, SlotView), ChainError> {
        let order = state
            .orders
            .get(&slot.order)
            .ok_or_else(|| refused("OrderUnknown"))?;
        let view = order.slots.iter().find(|view| view.index == slot.slot);
        let view = view.ok_or_else(|| refused("SlotUnknown"))?;
        Ok((order.clone(), view.clone()))
    }

    pub(super) fn claim_slot(
        &self,
        state: &mut State,
        provider: ProviderId,
        slot: SlotId,
    ) -> Result<(), ChainError> {
        let (order, mut view) = self.order_and_slot(state, slot)?;
        let node = state.nodes.get(&provider).cloned();
        let node = node.ok_or_else(|| refused("NotAProvider"))?;
        let ask = node.ask.ok_or_else(|| refused("NoAsk"))?;
        let params = &order.params;
        let fits = ask.price_per_mib_block <= params.price_per_mib_block_max;
        ensure(fits, "PriceTooLow")?;
        let lasts = params.duration_blocks <= ask.duration_blocks_max;
        ensure(lasts, "DurationTooLong")?;
        if self.chain.is_overdue(params, &view) {
            self.leave(state, slot, &order, &view);
            view.state = SlotState::Open;
        }
        ensure(view.state == SlotState::Open, "SlotTaken")?;
        self.ensure_drawn(&order, slot, &node)?;
        self.ensure_seat(state, slot, &node)?;
        let bytes = params.slot_bytes();
        let collateral = collateral_for(self.chain.info.collateral_per_mib, bytes);
        let node = state.nodes.get_mut(&provider);
        let node = node.ok_or_else(|| refused("NotAProvider"))?;
        if node.capacity_bytes - node.used_bytes < bytes {
            return Err(refused_by("NodeClasses", "NotEnoughCapacity"));
        }
        if node.pledged - node.locked < collateral {
            return Err(refused_by("StakingCollateral", "NotEnoughFree"));
        }
        node.used_bytes += bytes;
        node.locked += collateral;
        let now = self.chain.now();
        let view = state.slot_mut(slot).ok_or_else(|| refused("SlotUnknown"))?;
        view.state = SlotState::Claimed;
        view.provider = Some(provider);
        view.claimed_at = Some(now);
        view.confirmed_at = None;
        Ok(())
    }

    fn ensure_drawn(
        &self,
        order: &OrderView,
        slot: SlotId,
        node: &NodeView,
    ) -> Result<(), ChainError> {
        let lottery = SlotLottery {
            slot,
            is_data: order.params.erasure.is_data(slot.slot.0),
            opened_at: order.opened_at,
            beacon: order.lottery_beacon,
            lottery_blocks: self.chain.info.lottery_blocks,
            reliability_permille_min: self.chain.info.reliability_permille_min,
        };
        let candidate = Candidate {
            provider: node.provider,
            class: node.class,
            reliability_permille: node.reliability_permille,
            registered_at: node.registered_at,
        };
        match lottery.admit(&candidate, self.chain.now()) {
            Admission::Admitted => Ok(()),
            Admission::NotOpen => Err(refused("LotteryNotOpen")),
            Admission::Later | Admission::Never => Err(refused("NotEligible")),
        }
    }

    fn ensure_seat(&self, state: &State, slot: SlotId, node: &NodeView) -> Result<(), ChainError> {
        let order = state.orders.get(&slot.order);
        let order = order.ok_or_else(|| refused("OrderUnknown"))?;
        let held = order.slots.iter().filter(|view| is_held(view.state));
        let seats: Vec<_> = held
            .filter(|view| view.index != slot.slot)
            .filter_map(|view| state.nodes.get(&view.provider?))
            .collect();
        let is_there = seats.iter().any(|seat| seat.operator == node.operator);
        ensure(!is_there, "OperatorInGroup")?;
        let of_class = seats.iter().filter(|seat| seat.class == node.class).count();
        ensure(
            of_class < usize::from(order.params.erasure.parity),
            "ClassInGroupFull",
        )
    }

    /// A provider leaves a slot: its capacity and its collateral are free.
    fn leave(&self, state: &mut State, slot: SlotId, order: &OrderView, view: &SlotView) {
        let bytes = order.params.slot_bytes();
        let collateral = collateral_for(self.chain.info.collateral_per_mib, bytes);
        let node = view.provider.and_then(|owner| state.nodes.get_mut(&owner));
        if let Some(node) = node {
            node.used_bytes = node.used_bytes.saturating_sub(bytes);
            node.locked = node.locked.saturating_sub(collateral);
        }
        if let Some(view) = state.slot_mut(slot) {
            view.state = SlotState::Open;
            view.provider = None;
            view.claimed_at = None;
            view.confirmed_at = None;
        }
    }

    pub(super) fn confirm(
        &self,
        state: &mut State,
        provider: ProviderId,
        slot: SlotId,
        signature: Signature,
    ) -> Result<(), ChainError> {
        let (order, view) = self.order_and_slot(state, slot)?;
        let is_own = view.state == SlotState::Claimed && view.provider == Some(provider);
        ensure(is_own, "NotYourClaim")?;
        let root = order.params.slot_roots.get(usize::from(slot.slot.0));
        let note = DeliveryNote {
            genesis: self.chain.info.genesis,
            slot,
            provider,
            slot_root: *root.ok_or_else(|| refused("SlotUnknown"))?,
        };
        let key = order.params.delivery_key;
        let is_signed = verify_sr25519(&key, &note.signing_bytes(), &signature);
        ensure(is_signed, "BadSignature")?;
        let now = self.chain.now();
        let view = state.slot_mut(slot).ok_or_else(|| refused("SlotUnknown"))?;
        view.state = SlotState::Confirmed;
        view.confirmed_at = Some(now);
        Ok(())
    }

    pub(super) fn settle(&self, state: &mut State, slot: SlotId) -> Result<(), ChainError> {
        let (order, view) = self.order_and_slot(state, slot)?;
        let now = self.chain.now();
        let ends_at = view.confirmed_at.unwrap_or(now) + order.params.duration_blocks;
        match view.state {
            _ if self.chain.is_overdue(&order.params, &view) => {
                self.leave(state, slot, &order, &view);
            }
            SlotState::Active => {
                let before = state.paid_until.get(&slot).copied().unwrap_or(now);
                let until = proven_through(state, &view).unwrap_or(0).min(ends_at);
                ensure(until > before || ends_at <= before, "NothingDue")?;
                state.paid_until.insert(slot, until.max(before));
                state.settled.push(slot);
                if until.max(before) >= ends_at {
                    self.end(state, slot, &order, &view);
                }
            }
            _ => return Err(refused("NothingDue")),
        }
        Ok(())
    }

    /// A deal ends well.
    fn end(&self, state: &mut State, slot: SlotId, order: &OrderView, view: &SlotView) {
        self.leave(state, slot, order, view);
        if let Some(ended) = state.slot_mut(slot) {
            ended.state = SlotState::Expired;
            ended.provider = view.provider;
        }
    }
}

/// Block through which every piece of a slot is proven.
fn proven_through(state: &State, view: &SlotView) -> Option<BlockNumber> {
    let provider = view.provider?;
    let pieces = view.sectors.iter().map(|(_, sector)| {
        let places = state.partitions_of(provider);
        let mut positions = places.flat_map(|(_, partition)| &partition.positions);
        let position = positions.find(|at| at.sector == *sector && !at.vacant)?;
        Some(position.proven_through)
    });
    pieces.collect::<Option<Vec<_>>>()?.into_iter().min()
}
