//! What a fault and an end do to a sector, its place, its slots and the collateral.

use alloc::{collections::BTreeSet, vec::Vec};

use frame_support::traits::Get;
use ips_pallet_traits::{Collateral, Deals, NodeRegistry};
use ips_primitives::{
    id::{AccountKey, Balance, BlockNumber, PartitionIndex, ProviderId, SectorNumber, SlotId},
    schedule::Window,
    sector::{Piece, SectorState},
};

use crate::{
    math::percent_of,
    pallet::{
        Config, Due, Endings, Event, Pallet, Partitions, PieceSectors, Power, Sectors, WithRoom,
    },
    types::{Partition, PartitionRef, SectorInfo, SectorPiece, TerminationReason},
};

impl<T: Config> Pallet<T> {
    /// The sector's pieces that are still its own: a slot may have passed to another provider.
    pub(crate) fn owned_pieces(
        provider: ProviderId,
        sector: SectorNumber,
        info: &SectorInfo,
    ) -> Vec<Piece> {
        let own = Some((provider, sector));
        let pieces = info.pieces.iter().map(|piece| piece.piece);
        pieces
            .filter(|piece| PieceSectors::<T>::get(piece.slot, piece.index) == own)
            .collect()
    }

    /// Frees the pieces that are still the sector's own.
    pub(crate) fn free_pieces(provider: ProviderId, sector: SectorNumber, pieces: &[SectorPiece]) {
        for SectorPiece { piece, .. } in pieces {
            if PieceSectors::<T>::get(piece.slot, piece.index) == Some((provider, sector)) {
                PieceSectors::<T>::remove(piece.slot, piece.index);
            }
        }
    }

    /// Handles a window that closed without its proof.
    pub(crate) fn miss(provider: ProviderId, index: PartitionIndex, now: BlockNumber) {
        let Some(mut partition) = Partitions::<T>::get(provider, index) else {
            frame_support::defensive!("what is due exists");
            return;
        };
        let window = partition.due;
        if partition.owes(window.opens_at) {
            let mut slots = BTreeSet::new();
            let mut faults = 0;
            for place in 0..partition.positions.len() {
                if Self::miss_place(provider, &mut partition, place, window, now, &mut slots) {
                    faults += 1;
                }
            }
            let slashed = Self::slash_fault(&provider, &slots);
            partition.missed_periods = partition.missed_periods.saturating_add(1);
            T::Nodes::note_promise(&provider, false);
            Self::deposit_event(Event::PostMissed {
                provider,
                partition: index,
                period: window.period,
                faults,
                slashed,
            });
        }
        let who = PartitionRef {
            provider,
            partition: index,
        };
        Self::queue_endings(who, &partition, now);
        Self::reschedule(who, partition, window);
    }

    /// Whether the place had a sector that the missed window made faulty or found declared too late.
    fn miss_place(
        provider: ProviderId,
        partition: &mut Partition,
        place: usize,
        window: Window,
        now: BlockNumber,
        slots: &mut BTreeSet<SlotId>,
    ) -> bool {
        let Some(position) = partition.positions.get_mut(place) else {
            return false;
        };
        if position.vacant || !position.is_in_set(window.opens_at) {
            return false;
        }
        let faulty_since = position.faulty_since;
        position.left_at = Some(now);
        position.faulty_since = Some(faulty_since.unwrap_or(now));
        if faulty_since.is_some_and(|since| since < window.opens_at) {
            // A recovery that failed: its fault was already paid for.
            return false;
        }
        let (sector, proven_through) = (position.sector, position.proven_through);
        let Some(mut info) = Sectors::<T>::get(provider, sector) else {
            frame_support::defensive!("a place that is not vacant names a sector");
            return false;
        };
        Self::change_state(provider, sector, &mut info, SectorState::Faulty);
        for piece in Self::owned_pieces(provider, sector, &info) {
            slots.insert(piece.slot);
            // A fault declared after the window opened is known to the market, but not paid for.
            if faulty_since.is_none() {
                T::Deals::piece_faulted(&provider, piece.slot, proven_through);
            }
        }
        true
    }

    /// Takes the fault's part of the lock of each slot, once per slot and window.
    fn slash_fault(provider: &ProviderId, slots: &BTreeSet<SlotId>) -> Balance {
        let percent = T::Parameters::get().fault_slash_percent;
        slots.iter().fold(0, |total: Balance, slot| {
            let amount = percent_of(T::Collateral::locked(provider, *slot), percent);
            total.saturating_add(T::Collateral::slash(provider, *slot, amount))
        })
    }

    /// Place and number of the first sector of the partition that is faulty for too long.
    fn past_cutoff(partition: &Partition, now: BlockNumber) -> Option<(u32, SectorNumber)> {
        let parameters = T::Parameters::get();
        let mut places = (0u32..).zip(&partition.positions);
        places.find_map(|(place, position)| {
            let since = position.faulty_since?;
            let is_over = parameters.is_past_cutoff(since, now);
            is_over.then_some((place, position.sector))
        })
    }

    /// Queues the partition for [`Self::end_one`] if a sector of it is faulty for too long.
    pub(crate) fn queue_endings(who: PartitionRef, partition: &Partition, now: BlockNumber) {
        if Self::past_cutoff(partition, now).is_some() {
            Endings::<T>::insert(who, ());
        }
    }

    /// Terminates one sector of a queued partition that is faulty for too long.
    ///
    /// One at a time, since the end of a sector is the dearest thing a block does unasked.
    pub(crate) fn end_one(who: PartitionRef, now: BlockNumber) {
        let (provider, index) = (who.provider, who.partition);
        let before_window = |partition: &Partition| now < partition.due.opens_at;
        let partition = Partitions::<T>::get(provider, index).filter(before_window);
        let due = partition.and_then(|found| Some((Self::past_cutoff(&found, now)?, found)));
        let Some(((place, sector), mut partition)) = due else {
            // Gone, recovered, or in an open window, whose end queues it again.
            Endings::<T>::remove(who);
            return;
        };
        Self::vacate(provider, index, &mut partition, place);
        if Self::past_cutoff(&partition, now).is_none() {
            Endings::<T>::remove(who);
        }
        if partition.is_vacant() {
            Due::<T>::remove(partition.due.closes_at, who);
            Partitions::<T>::remove(provider, index);
            WithRoom::<T>::remove(provider, index);
        } else {
            Partitions::<T>::insert(provider, index, partition);
        }
        if let Some(info) = Sectors::<T>::get(provider, sector) {
            Self::end_sector(provider, sector, info, TerminationReason::Cutoff, 0);
        }
    }

    /// Gives the place free. The caller stores the partition.
    pub(crate) fn vacate(
        provider: ProviderId,
        index: PartitionIndex,
        partition: &mut Partition,
        place: u32,
    ) {
        let Some(position) = partition.positions.get_mut(place as usize) else {
            frame_support::defensive!("a sector's place exists");
            return;
        };
        position.vacant = true;
        position.faulty_since = None;
        position.pieces = 0;
        position.left_at.get_or_insert(Self::now());
        WithRoom::<T>::insert(provider, index, ());
    }

    /// Takes the whole collateral of a sector's slots; a part goes to whoever showed the fraud. Returns
    /// what was taken.
    pub(crate) fn slash_fraud(
        provider: ProviderId,
        sector: SectorNumber,
        info: &SectorInfo,
        reporter: &AccountKey,
    ) -> Balance {
        let percent = T::Parameters::get().fraud_reward_percent;
        let owned = Self::owned_pieces(provider, sector, info);
        let slots: BTreeSet<SlotId> = owned.iter().map(|piece| piece.slot).collect();
        slots.into_iter().fold(0, |total: Balance, slot| {
            let whole = T::Collateral::locked(&provider, slot);
            let taken = T::Collateral::slash_reported(&provider, slot, whole, reporter, percent);
            total.saturating_add(taken)
        })
    }

    /// Stores a sector in a state, and counts what its provider proves.
    pub(crate) fn change_state(
        provider: ProviderId,
        sector: SectorNumber,
        info: &mut SectorInfo,
        state: SectorState,
    ) {
        let was_active = core::mem::replace(&mut info.state, state) == SectorState::Active;
        let is_active = state == SectorState::Active;
        Sectors::<T>::insert(provider, sector, &*info);
        if was_active == is_active {
            return;
        }
        Power::<T>::mutate_exists(provider, |power| {
            let count = power.unwrap_or_default();
            let count = match is_active {
                true => count.saturating_add(1),
                false => count.saturating_sub(1),
            };
            *power = (count > 0).then_some(count);
        });
    }

    /// Ends a sector whose place is already vacant and for which `slashed` was taken.
    pub(crate) fn end_sector(
        provider: ProviderId,
        sector: SectorNumber,
        mut info: SectorInfo,
        reason: TerminationReason,
        slashed: Balance,
    ) {
        let was_sealed = info.state != SectorState::PreCommitted;
        let owned = Self::owned_pieces(provider, sector, &info);
        if was_sealed {
            // While the entries still exist: the market pays for what was proven until now.
            for piece in &owned {
                T::Deals::piece_lost(&provider, piece.slot, reason);
            }
        }
        Self::free_pieces(provider, sector, &info.pieces);
        info.pieces = Default::default();
        info.partition = None;
        Self::change_state(provider, sector, &mut info, SectorState::Terminated);
        Self::deposit_event(Event::SectorTerminated {
            provider,
            sector,
            reason,
            slashed,
        });
    }

    /// Stores a partition after its window is done, due in the next period; one without sectors ends.
    pub(crate) fn reschedule(who: PartitionRef, mut partition: Partition, done: Window) {
        let PartitionRef {
            provider,
            partition: index,
        } = who;
        Due::<T>::remove(done.closes_at, who);
        if partition.is_vacant() {
            Partitions::<T>::remove(provider, index);
            WithRoom::<T>::remove(provider, index);
            return;
        }
        let schedule = T::Parameters::get().schedule;
        // After now, not after `done`: a miss that was handled late must not put the sectors it made
        // faulty into a window that is open already.
        partition.due = schedule.next_window(Self::now(), schedule.deadline_of(&provider, index));
        Due::<T>::insert(partition.due.closes_at, who, ());
        Partitions::<T>::insert(provider, index, partition);
    }
}
