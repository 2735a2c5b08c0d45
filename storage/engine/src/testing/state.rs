//! The mock chain's state and what happens to it without a call.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use ips_primitives::{
    deal::SlotState,
    id::{
        AgreementId, Balance, BlockNumber, OrderId, PartitionIndex, ProviderId, SectorNumber,
        SlotId,
    },
    retrieval::ExtractClaim,
    schedule::Window,
    sector::{CommR, Profile, SectorState},
    view::{AgreementView, ChainInfo, NodeView, OrderView, PartitionView, SectorView, SlotView},
};

use super::beacon_of;

/// A place in a partition; vacant once its sector has ended.
#[derive(Clone)]
pub(super) struct Position {
    pub(super) sector: SectorNumber,
    pub(super) comm_r: CommR,
    pub(super) joined_at: BlockNumber,
    pub(super) left_at: Option<BlockNumber>,
    pub(super) proven_through: BlockNumber,
    pub(super) vacant: bool,
}

impl Position {
    pub(super) fn is_in_set(&self, opens_at: BlockNumber) -> bool {
        self.joined_at < opens_at && self.left_at.is_none_or(|left_at| left_at >= opens_at)
    }
}

#[derive(Clone)]
pub(super) struct Partition {
    pub(super) positions: Vec<Position>,
    pub(super) due: Window,
    pub(super) last_proven: Option<u32>,
    pub(super) proven_periods: u32,
    pub(super) missed_periods: u32,
}

impl Partition {
    pub(super) fn set_at(&self, opens_at: BlockNumber, profile: Profile) -> Vec<CommR> {
        let places = usize::try_from(profile.post_sectors).unwrap_or(0);
        let mut set = vec![CommR::default(); places];
        for (entry, position) in set.iter_mut().zip(&self.positions) {
            if position.is_in_set(opens_at) {
                *entry = position.comm_r;
            }
        }
        set
    }

    pub(super) fn owes(&self, opens_at: BlockNumber) -> bool {
        let mut positions = self.positions.iter();
        positions.any(|position| !position.vacant && position.is_in_set(opens_at))
    }
}

#[derive(Clone, Default)]
pub(super) struct State {
    pub(super) nodes: BTreeMap<ProviderId, NodeView>,
    pub(super) orders: BTreeMap<OrderId, OrderView>,
    pub(super) next_order: u64,
    pub(super) sectors: BTreeMap<(ProviderId, SectorNumber), SectorView>,
    pub(super) partitions: BTreeMap<(ProviderId, PartitionIndex), Partition>,
    pub(super) next_partition: BTreeMap<ProviderId, u32>,
    pub(super) agreements: BTreeMap<AgreementId, AgreementView>,
    /// Accepted claims with their fees.
    pub(super) claims: Vec<(ExtractClaim, Balance)>,
    pub(super) claims_left: Option<u32>,
    pub(super) settled: Vec<SlotId>,
    /// Block through which each active slot is paid.
    pub(super) paid_until: BTreeMap<SlotId, BlockNumber>,
    pub(super) unreachable: HashSet<&'static str>,
    pub(super) hidden: BTreeSet<SlotId>,
    pub(super) calls: Vec<&'static str>,
}

/// Whether a slot in that state has a provider that it belongs to.
pub(super) fn is_held(state: SlotState) -> bool {
    matches!(
        state,
        SlotState::Claimed | SlotState::Confirmed | SlotState::Active | SlotState::Faulty
    )
}

impl State {
    pub(super) fn slot_mut(&mut self, slot: SlotId) -> Option<&mut SlotView> {
        let order = self.orders.get_mut(&slot.order)?;
        order.slots.iter_mut().find(|view| view.index == slot.slot)
    }

    pub(super) fn partitions_of(
        &self,
        provider: ProviderId,
    ) -> impl Iterator<Item = (PartitionIndex, &Partition)> {
        let own = self.partitions.iter();
        own.filter(move |((owner, _), _)| *owner == provider)
            .map(|((_, index), partition)| (*index, partition))
    }

    /// The block `number` begins: windows that close at it without their proof are missed.
    pub(super) fn close_windows(&mut self, info: &ChainInfo, number: BlockNumber) {
        let closing: Vec<_> = self
            .partitions
            .iter()
            .filter(|(_, partition)| partition.due.closes_at <= number)
            .map(|(key, _)| *key)
            .collect();
        for key in closing {
            self.miss(info, key, number);
            self.reschedule(info, key, number);
        }
    }

    fn miss(&mut self, info: &ChainInfo, key: (ProviderId, PartitionIndex), now: BlockNumber) {
        let Some(partition) = self.partitions.get_mut(&key) else {
            return;
        };
        let opens_at = partition.due.opens_at;
        if !partition.owes(opens_at) {
            return;
        }
        partition.missed_periods += 1;
        let mut faulty = Vec::new();
        for position in &mut partition.positions {
            if !position.vacant && position.is_in_set(opens_at) {
                position.left_at = Some(now);
                faulty.push(position.sector);
            }
        }
        for sector in faulty {
            self.set_sector(info, (key.0, sector), SectorState::Faulty, now);
        }
    }

    /// Plans the next window; a partition without sectors ends.
    pub(super) fn reschedule(
        &mut self,
        info: &ChainInfo,
        key: (ProviderId, PartitionIndex),
        now: BlockNumber,
    ) {
        let deadline = info.schedule.deadline_of(&key.0, key.1);
        let Some(partition) = self.partitions.get_mut(&key) else {
            return;
        };
        if partition.positions.iter().all(|position| position.vacant) {
            self.partitions.remove(&key);
        } else {
            partition.due = info.schedule.next_window(now, deadline);
        }
    }

    /// Changes a sector's state and what follows for its slots.
    pub(super) fn set_sector(
        &mut self,
        info: &ChainInfo,
        key: (ProviderId, SectorNumber),
        to: SectorState,
        now: BlockNumber,
    ) {
        let Some(view) = self.sectors.get_mut(&key) else {
            return;
        };
        view.state = to;
        for piece in view.pieces.clone() {
            self.refresh_slot(Profile::of(info.profile), key.0, piece.slot, now);
        }
    }

    /// A slot is active while each of its pieces is in an active sector.
    fn refresh_slot(
        &mut self,
        profile: Profile,
        provider: ProviderId,
        slot: SlotId,
        now: BlockNumber,
    ) {
        let Some(order) = self.orders.get(&slot.order) else {
            return;
        };
        let pieces = profile.pieces_of(order.params.slot_bytes());
        let views = order.slots.iter();
        let active = views
            .filter(|view| view.index == slot.slot && view.provider == Some(provider))
            .flat_map(|view| &view.sectors)
            .filter_map(|(_, sector)| self.sectors.get(&(provider, *sector)))
            .filter(|sector| sector.state == SectorState::Active)
            .count();
        let is_whole = u64::try_from(active) == Ok(pieces);
        let before = self.slot_mut(slot).map(|view| view.state);
        let next = match before {
            Some(SlotState::Confirmed | SlotState::Faulty) if is_whole => SlotState::Active,
            Some(SlotState::Active) if !is_whole => SlotState::Faulty,
            _ => return,
        };
        if let Some(view) = self.slot_mut(slot) {
            view.state = next;
        }
        if next == SlotState::Active {
            self.paid_until.insert(slot, now);
        }
    }

    pub(super) fn views(
        &self,
        info: &ChainInfo,
        now: BlockNumber,
        provider: ProviderId,
    ) -> Vec<SectorView> {
        let own = self.sectors.iter();
        own.filter(|((owner, _), _)| *owner == provider)
            .map(|(_, view)| {
                let seed_at = view.pre_committed_at + info.seed_delay_blocks;
                SectorView {
                    seed: (seed_at <= now).then(|| beacon_of(seed_at)),
                    ..view.clone()
                }
            })
            .collect()
    }

    pub(super) fn partition_views(
        &self,
        info: &ChainInfo,
        profile: Profile,
        now: BlockNumber,
        provider: ProviderId,
    ) -> Vec<PartitionView> {
        let (open_deadline, open) = info.schedule.open_window(now);
        let views = self.partitions_of(provider).map(|(index, partition)| {
            let deadline = info.schedule.deadline_of(&provider, index);
            let window = match deadline == open_deadline {
                true => open,
                false => info.schedule.next_window(now, deadline),
            };
            let set = partition.set_at(window.opens_at, profile);
            let live = partition.positions.iter();
            let mut sectors: Vec<_> = live
                .map(|position| (!position.vacant).then_some(position.sector))
                .collect();
            sectors.resize(set.len(), None);
            PartitionView {
                index,
                deadline,
                window,
                set,
                sectors,
                beacon: (window.opens_at <= now).then(|| beacon_of(window.opens_at)),
                proven: partition.last_proven == Some(window.period),
                proven_periods: partition.proven_periods,
                missed_periods: partition.missed_periods,
            }
        });
        views.collect()
    }
}
