//! From pre-commit to the active sector, and its end by its provider or by time.

use alloc::{collections::BTreeSet, vec::Vec};

use frame_support::{
    dispatch::{DispatchResult, DispatchResultWithPostInfo},
    ensure,
    traits::Get,
};
use ips_pallet_traits::{Beacons, Deals, SlotFacts};
use ips_primitives::{
    id::{BlockNumber, PartitionIndex, PieceIndex, ProviderId, SectorNumber, SlotId},
    proof_calls::{BindingOpening, PreCommit},
    sector::{Piece, ProofBytes, SectorState},
    statement::ReplicaInputs,
};
use ips_verifier::groth16::CircuitKind;

use crate::{
    calls::{charged, free},
    pallet::{
        Config, Due, Error, Event, NextPartition, Pallet, Partitions, PieceSectors, Sectors,
        WithRoom,
    },
    types::{
        Partition, PartitionRef, PorepParameters, Position, SectorInfo, SectorPiece,
        TerminationReason, PARTITIONS_MAX,
    },
    weights::WeightInfo,
};

/// Partitions with room that one call looks at before it opens a new one; more than one is only
/// needed while windows cover vacant places.
const ROOM_PROBES: usize = 4;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_pre_commit(provider: ProviderId, args: PreCommit) -> DispatchResult {
        let parameters = T::Parameters::get();
        let now = Self::now();
        Self::ensure_commitments(&args)?;
        let age = now
            .checked_sub(args.ticket_block)
            .ok_or(Error::<T>::BadTicket)?;
        ensure!(age <= parameters.ticket_blocks, Error::<T>::BadTicket);
        let ticket = Self::at(args.ticket_block).ok_or(Error::<T>::BadTicket)?;
        let earlier = Sectors::<T>::get(provider, args.sector);
        if let Some(info) = &earlier {
            ensure!(
                Self::is_expired_pre_commit(info, now),
                Error::<T>::SectorExists
            );
        }
        let pieces = Self::ensure_pieces(&parameters, &provider, &args)?;

        let context = Self::context(CircuitKind::Seal)?;
        let replica_id = context.replica_id(&ReplicaInputs {
            provider,
            sector: args.sector,
            replica_index: args.replica_index,
            comm_d: args.comm_d,
            ticket,
        });
        if let Some(info) = earlier {
            Self::free_pieces(provider, args.sector, &info.pieces);
        }
        for piece in &pieces {
            let Piece { slot, index, .. } = piece.piece;
            PieceSectors::<T>::insert(slot, index, (provider, args.sector));
        }
        let info = SectorInfo {
            state: SectorState::PreCommitted,
            comm_d: args.comm_d,
            comm_r: args.comm_r,
            replica_id,
            pieces: pieces.try_into().map_err(|_| Error::<T>::BadPieces)?,
            pre_committed_at: now,
            partition: None,
        };
        Sectors::<T>::insert(provider, args.sector, info);
        Self::deposit_event(Event::SectorPreCommitted {
            provider,
            sector: args.sector,
            seed_at: parameters.seed_at(now),
        });
        Ok(())
    }

    /// Checks place, owner and freedom of every piece, and copies what its slot's tree needs.
    fn ensure_pieces(
        parameters: &PorepParameters,
        provider: &ProviderId,
        args: &PreCommit,
    ) -> Result<Vec<SectorPiece>, Error<T>> {
        let profile = &parameters.profile;
        ensure!(!args.pieces.is_empty(), Error::<T>::BadPieces);
        let mut seen = BTreeSet::new();
        let mut last: Option<(SlotId, SlotFacts)> = None;
        let mut free_from = 0u32;
        let mut pieces = Vec::with_capacity(args.pieces.len());
        for piece in &args.pieces {
            let facts = match last {
                Some((slot, facts)) if slot == piece.slot => facts,
                _ => T::Deals::facts(piece.slot).ok_or(Error::<T>::NotYourSlot)?,
            };
            last = Some((piece.slot, facts));
            ensure!(facts.provider == *provider, Error::<T>::NotYourSlot);
            let range = profile
                .piece_range(facts.bytes, piece.index)
                .ok_or(Error::<T>::BadPieces)?;
            let end = piece
                .node_offset
                .checked_add(range.nodes())
                .ok_or(Error::<T>::BadPieces)?;
            ensure!(
                piece.node_offset >= free_from && end <= profile.nodes(),
                Error::<T>::BadPieces
            );
            free_from = end;
            let is_new = seen.insert((piece.slot, piece.index));
            ensure!(
                is_new && Self::is_piece_free(piece.slot, piece.index, provider, Some(args.sector)),
                Error::<T>::PieceTaken
            );
            pieces.push(SectorPiece {
                piece: *piece,
                slot_bytes: facts.bytes,
                slot_root: facts.root,
            });
        }
        Ok(pieces)
    }

    /// Whether `provider` may put the piece into a sector.
    ///
    /// An entry is stale if its pre-commit expired, or if it is of a provider that lost the slot to
    /// this one. `replaced` is the expired sector whose number the call takes.
    fn is_piece_free(
        slot: SlotId,
        index: PieceIndex,
        provider: &ProviderId,
        replaced: Option<SectorNumber>,
    ) -> bool {
        let Some((holder, sector)) = PieceSectors::<T>::get(slot, index) else {
            return true;
        };
        if holder != *provider || Some(sector) == replaced {
            return true;
        }
        Sectors::<T>::get(holder, sector)
            .is_none_or(|info| Self::is_expired_pre_commit(&info, Self::now()))
    }

    fn is_expired_pre_commit(info: &SectorInfo, now: BlockNumber) -> bool {
        info.state == SectorState::PreCommitted
            && T::Parameters::get().is_expired(info.pre_committed_at, now)
    }

    pub(crate) fn do_prove_commit(
        provider: ProviderId,
        sector: SectorNumber,
        proofs: &[ProofBytes],
        bindings: &[BindingOpening],
    ) -> DispatchResultWithPostInfo {
        let parameters = T::Parameters::get();
        let now = Self::now();
        let info = Sectors::<T>::get(provider, sector).ok_or(Error::<T>::UnknownSector)?;
        ensure!(
            info.state == SectorState::PreCommitted,
            Error::<T>::WrongState
        );
        let seed_at = parameters.seed_at(info.pre_committed_at);
        ensure!(now >= seed_at, Error::<T>::TooEarly);
        ensure!(
            !parameters.is_expired(info.pre_committed_at, now),
            Error::<T>::TooLate
        );
        let seed = Self::at(seed_at).ok_or(Error::<T>::TooLate)?;
        ensure!(
            proofs.len() == parameters.profile.seal_proofs as usize,
            Error::<T>::WrongCount
        );
        ensure!(
            bindings.len() == parameters.profile.binding_openings as usize,
            Error::<T>::WrongCount
        );
        // The cheap checks come first: a wrong opening must not cost a pairing.
        Self::ensure_bindings(&info, &seed, bindings)?;
        Self::verify_seal(&info, &seed, proofs)?;

        let pieces = info.pieces.len() as u32;
        Self::activate(provider, sector, info, now)?;
        let weight = T::WeightInfo::prove_commit(pieces);
        let saved = Self::saved_by_host(proofs.len() as u32);
        Ok(free(weight.saturating_sub(saved)))
    }

    /// Makes a sector whose proofs were checked active.
    pub(crate) fn activate(
        provider: ProviderId,
        sector: SectorNumber,
        mut info: SectorInfo,
        now: BlockNumber,
    ) -> Result<(), Error<T>> {
        let (partition, position) = Self::place(provider, sector, &info, now)?;
        info.partition = Some((partition, position));
        Self::change_state(provider, sector, &mut info, SectorState::Active);
        for piece in Self::owned_pieces(provider, sector, &info) {
            T::Deals::piece_sealed(&provider, piece.slot, now);
        }
        Self::deposit_event(Event::SectorActivated {
            provider,
            sector,
            partition,
            position,
        });
        Ok(())
    }

    /// Puts a proven sector into a partition; it counts for windows that open after `now`.
    fn place(
        provider: ProviderId,
        sector: SectorNumber,
        info: &SectorInfo,
        now: BlockNumber,
    ) -> Result<(PartitionIndex, u32), Error<T>> {
        let parameters = T::Parameters::get();
        let post_sectors = parameters.profile.post_sectors;
        let found = WithRoom::<T>::iter_key_prefix(provider)
            .take(ROOM_PROBES)
            .find_map(|index| {
                let partition = Partitions::<T>::get(provider, index)?;
                let place = partition.free_place(post_sectors)?;
                Some((index, partition, place))
            });
        let (index, mut partition, place) = match found {
            Some(found) => found,
            None => {
                let (index, partition) = Self::open_partition(provider, now)?;
                (index, partition, 0)
            }
        };
        let position = Position {
            sector,
            comm_r: info.comm_r,
            pieces: info.pieces.len() as u32,
            joined_at: now,
            left_at: None,
            faulty_since: None,
            proven_through: now,
            vacant: false,
        };
        match partition.positions.get_mut(place) {
            Some(vacant) => *vacant = position,
            None => partition
                .positions
                .try_push(position)
                .map_err(|_| Error::<T>::TooManyPartitions)?,
        }
        if partition.has_room(post_sectors) {
            WithRoom::<T>::insert(provider, index, ());
        } else {
            WithRoom::<T>::remove(provider, index);
        }
        Partitions::<T>::insert(provider, index, partition);
        Ok((index, place as u32))
    }

    fn open_partition(
        provider: ProviderId,
        now: BlockNumber,
    ) -> Result<(PartitionIndex, Partition), Error<T>> {
        let index = NextPartition::<T>::get(provider);
        ensure!(index.0 < PARTITIONS_MAX, Error::<T>::TooManyPartitions);
        NextPartition::<T>::insert(provider, PartitionIndex(index.0 + 1));
        let schedule = T::Parameters::get().schedule;
        let due = schedule.next_window(now, schedule.deadline_of(&provider, index));
        Due::<T>::insert(
            due.closes_at,
            PartitionRef {
                provider,
                partition: index,
            },
            (),
        );
        let partition = Partition {
            positions: Default::default(),
            due,
            last_proven: None,
            proven_periods: 0,
            missed_periods: 0,
        };
        Ok((index, partition))
    }

    pub(crate) fn do_expire_pre_commit(
        provider: ProviderId,
        sector: SectorNumber,
    ) -> DispatchResultWithPostInfo {
        let info = Sectors::<T>::get(provider, sector).ok_or(Error::<T>::UnknownSector)?;
        ensure!(
            info.state == SectorState::PreCommitted,
            Error::<T>::WrongState
        );
        ensure!(
            Self::is_expired_pre_commit(&info, Self::now()),
            Error::<T>::NotExpired
        );
        Self::free_pieces(provider, sector, &info.pieces);
        Sectors::<T>::remove(provider, sector);
        Self::deposit_event(Event::PreCommitExpired { provider, sector });
        let pieces = info.pieces.len() as u32;
        Ok(charged(T::WeightInfo::expire_pre_commit(pieces)))
    }

    pub(crate) fn do_terminate(
        provider: ProviderId,
        sector: SectorNumber,
    ) -> DispatchResultWithPostInfo {
        let info = Sectors::<T>::get(provider, sector).ok_or(Error::<T>::UnknownSector)?;
        ensure!(
            info.state != SectorState::Terminated,
            Error::<T>::WrongState
        );
        if let Some((index, place)) = info.partition {
            let mut partition =
                Partitions::<T>::get(provider, index).ok_or(Error::<T>::UnknownPartition)?;
            let position = partition
                .positions
                .get(place as usize)
                .ok_or(Error::<T>::UnknownPartition)?;
            // Its data is still needed for the proof of the whole partition.
            ensure!(
                Self::now() < partition.due.opens_at || !position.is_in_set(partition.due.opens_at),
                Error::<T>::InOpenWindow
            );
            Self::vacate(provider, index, &mut partition, place);
            Partitions::<T>::insert(provider, index, partition);
        }
        let pieces = info.pieces.len() as u32;
        Self::end_sector(provider, sector, info, TerminationReason::GivenUp, 0);
        Ok(charged(T::WeightInfo::terminate(pieces)))
    }
}
