//! Storage proofs, declared faults and recoveries.

use frame_support::{
    dispatch::{DispatchResult, DispatchResultWithPostInfo},
    ensure,
    traits::Get,
};
use ips_pallet_traits::{Beacons, Deals, NodeRegistry};
use ips_primitives::{
    id::{BlockNumber, PartitionIndex, ProviderId, SectorNumber},
    schedule::Window,
    sector::{ProofBytes, SectorState},
};
use sp_runtime::DispatchError;

use crate::{
    calls::{charged, free},
    pallet::{Config, Error, Event, Pallet, Partitions, Sectors},
    types::{Partition, PartitionRef, SectorInfo},
    weights::WeightInfo,
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_submit_post(
        provider: ProviderId,
        index: PartitionIndex,
        period: u32,
        proof: &ProofBytes,
    ) -> DispatchResultWithPostInfo {
        let parameters = T::Parameters::get();
        let now = Self::now();
        let partition =
            Partitions::<T>::get(provider, index).ok_or(Error::<T>::UnknownPartition)?;
        let window = Self::open_window_of(&provider, index, now)
            .filter(|window| window.period == period)
            .ok_or(Error::<T>::WindowNotOpen)?;
        // Keyed on the period, never on the proof's bytes: Groth16 proofs can be re-randomised.
        ensure!(
            partition.last_proven != Some(period),
            Error::<T>::AlreadyProven
        );
        ensure!(
            partition.due == window && partition.owes(window.opens_at),
            Error::<T>::NothingDue
        );
        let beacon = Self::at(window.opens_at).ok_or(Error::<T>::TooLate)?;
        let set = partition.set_at(window.opens_at, parameters.profile.post_sectors);
        let statement = Self::post_statement(provider, index, period, &beacon, &set)?;
        Self::verify_post(&statement, proof)?;
        let pieces = Self::record_post(provider, index, partition, window);
        let weight = T::WeightInfo::submit_post(pieces);
        Ok(free(weight.saturating_sub(Self::saved_by_host(1))))
    }

    /// Writes down that the window's proof was accepted; returns how many pieces recovered.
    fn record_post(
        provider: ProviderId,
        index: PartitionIndex,
        mut partition: Partition,
        window: Window,
    ) -> u32 {
        let now = Self::now();
        let period = window.period;
        let (recovered, pieces) = Self::accept_post(provider, &mut partition, window, now);
        let who = PartitionRef {
            provider,
            partition: index,
        };
        Self::queue_endings(who, &partition, now);
        Self::reschedule(who, partition, window);
        T::Nodes::note_promise(&provider, true);
        Self::deposit_event(Event::PostAccepted {
            provider,
            partition: index,
            period,
            recovered,
        });
        pieces
    }

    /// The window of the partition, if it is open at `now`.
    pub(crate) fn open_window_of(
        provider: &ProviderId,
        index: PartitionIndex,
        now: BlockNumber,
    ) -> Option<Window> {
        let schedule = T::Parameters::get().schedule;
        let (deadline, window) = schedule.open_window(now);
        (deadline == schedule.deadline_of(provider, index)).then_some(window)
    }

    /// Marks every sector of the window's set as proven through `now`; returns how many sectors and
    /// pieces recovered.
    fn accept_post(
        provider: ProviderId,
        partition: &mut Partition,
        window: Window,
        now: BlockNumber,
    ) -> (u32, u32) {
        let (mut recovered, mut pieces) = (0, 0u32);
        for position in partition.positions.iter_mut() {
            if position.vacant || !position.is_in_set(window.opens_at) {
                continue;
            }
            position.proven_through = now;
            if position.faulty_since.take().is_some() {
                position.left_at = None;
                recovered += 1;
                pieces = pieces.saturating_add(position.pieces);
                Self::set_recovered(provider, position.sector, now);
            }
        }
        partition.last_proven = Some(window.period);
        partition.proven_periods = partition.proven_periods.saturating_add(1);
        (recovered, pieces)
    }

    fn set_recovered(provider: ProviderId, sector: SectorNumber, now: BlockNumber) {
        let Some(mut info) = Sectors::<T>::get(provider, sector) else {
            frame_support::defensive!("a place that is not vacant names a sector");
            return;
        };
        Self::change_state(provider, sector, &mut info, SectorState::Active);
        for piece in Self::owned_pieces(provider, sector, &info) {
            T::Deals::piece_recovered(&provider, piece.slot, now);
        }
    }

    pub(crate) fn do_declare_fault(
        provider: ProviderId,
        sector: SectorNumber,
    ) -> DispatchResultWithPostInfo {
        let now = Self::now();
        let (mut info, mut partition, index, place) = Self::placed_sector(provider, sector)?;
        ensure!(info.state == SectorState::Active, Error::<T>::WrongState);
        let position = partition
            .positions
            .get_mut(place)
            .ok_or(Error::<T>::UnknownPartition)?;
        position.left_at = Some(now);
        position.faulty_since = Some(now);
        let proven_through = position.proven_through;
        Partitions::<T>::insert(provider, index, partition);
        Self::change_state(provider, sector, &mut info, SectorState::Faulty);
        for piece in Self::owned_pieces(provider, sector, &info) {
            T::Deals::piece_faulted(&provider, piece.slot, proven_through);
        }
        Self::deposit_event(Event::FaultDeclared { provider, sector });
        Ok(charged(T::WeightInfo::declare_fault(
            info.pieces.len() as u32
        )))
    }

    pub(crate) fn do_recover(provider: ProviderId, sector: SectorNumber) -> DispatchResult {
        let now = Self::now();
        let (info, mut partition, index, place) = Self::placed_sector(provider, sector)?;
        ensure!(info.state == SectorState::Faulty, Error::<T>::WrongState);
        let opens_at = partition.due.opens_at;
        let position = partition
            .positions
            .get_mut(place)
            .ok_or(Error::<T>::UnknownPartition)?;
        ensure!(position.left_at.is_some(), Error::<T>::WrongState);
        // Joining anew would take it out of a set whose challenge is known.
        ensure!(
            now < opens_at || !position.is_in_set(opens_at),
            Error::<T>::InOpenWindow
        );
        position.left_at = None;
        position.joined_at = now;
        Partitions::<T>::insert(provider, index, partition);
        Self::deposit_event(Event::RecoveryDeclared { provider, sector });
        Ok(())
    }

    /// An active or faulty sector with its partition and place.
    fn placed_sector(
        provider: ProviderId,
        sector: SectorNumber,
    ) -> Result<(SectorInfo, Partition, PartitionIndex, usize), DispatchError> {
        let info = Sectors::<T>::get(provider, sector).ok_or(Error::<T>::UnknownSector)?;
        let (index, place) = info.partition.ok_or(Error::<T>::WrongState)?;
        let partition =
            Partitions::<T>::get(provider, index).ok_or(Error::<T>::UnknownPartition)?;
        Ok((info, partition, index, place as usize))
    }
}
