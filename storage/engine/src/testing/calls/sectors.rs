//! Rules of porep.

use ips_primitives::{
    challenge::binding_challenge,
    deal::SlotState,
    id::{PartitionIndex, PieceIndex, ProviderId, SectorNumber},
    proof_calls::{BindingOpening, PreCommit},
    sector::{Piece, ProofBytes, SectorState},
    slot::SLOT_LEAF_BYTES,
    statement::{Context, ReplicaInputs},
    view::SectorView,
};

use super::{refused as refused_by, MockClient, State};
use crate::{
    chain::ChainError,
    testing::{
        beacon_of, mock_key,
        sealer::{post_proof, replica_root, seal_proof},
        state::{Partition, Position},
    },
};

type SectorKey = (ProviderId, SectorNumber);
type PartitionKey = (ProviderId, PartitionIndex);

fn refused(error: &str) -> ChainError {
    refused_by("Porep", error)
}

fn ensure(condition: bool, error: &str) -> Result<(), ChainError> {
    condition.then_some(()).ok_or_else(|| refused(error))
}

fn sector(state: &State, key: SectorKey) -> Result<SectorView, ChainError> {
    let found = state.sectors.get(&key).cloned();
    found.ok_or_else(|| refused("UnknownSector"))
}

impl MockClient {
    fn is_expired(&self, view: &SectorView) -> bool {
        let last = view.pre_committed_at + self.chain.info.prove_commit_blocks;
        view.state == SectorState::PreCommitted && self.chain.now() > last
    }

    pub(super) fn pre_commit(
        &self,
        state: &mut State,
        provider: ProviderId,
        args: &PreCommit,
    ) -> Result<(), ChainError> {
        let (chain, now) = (&self.chain, self.chain.now());
        let age = now.checked_sub(args.ticket_block);
        let age = age.ok_or_else(|| refused("BadTicket"))?;
        ensure(age <= chain.info.ticket_blocks, "BadTicket")?;
        let key = (provider, args.sector);
        let earlier = state.sectors.get(&key).cloned();
        if let Some(view) = &earlier {
            ensure(self.is_expired(view), "SectorExists")?;
        }
        self.ensure_pieces(state, provider, args)?;
        if let Some(view) = earlier {
            free_pieces(state, key, &view.pieces);
        }
        let context = Context {
            genesis: chain.info.genesis,
            profile: chain.info.profile,
            key: mock_key(1),
        };
        let replica_id = context.replica_id(&ReplicaInputs {
            provider,
            sector: args.sector,
            replica_index: args.replica_index,
            comm_d: args.comm_d,
            ticket: beacon_of(args.ticket_block),
        });
        for piece in &args.pieces {
            if let Some(view) = state.slot_mut(piece.slot) {
                view.sectors.retain(|(index, _)| *index != piece.index);
                view.sectors.push((piece.index, args.sector));
            }
        }
        let view = SectorView {
            number: args.sector,
            state: SectorState::PreCommitted,
            comm_d: args.comm_d,
            comm_r: args.comm_r,
            replica_id,
            pieces: args.pieces.to_vec(),
            pre_committed_at: now,
            seed: None,
            partition: None,
        };
        state.sectors.insert(key, view);
        Ok(())
    }

    fn ensure_pieces(
        &self,
        state: &mut State,
        provider: ProviderId,
        args: &PreCommit,
    ) -> Result<(), ChainError> {
        ensure(!args.pieces.is_empty(), "BadPieces")?;
        let mut free_from = 0;
        for piece in &args.pieces {
            let order = state.orders.get(&piece.slot.order);
            let bytes = order.map(|order| order.params.slot_bytes());
            let bytes = bytes.ok_or_else(|| refused("NotYourSlot"))?;
            let view = state.slot_mut(piece.slot).cloned();
            let view = view.ok_or_else(|| refused("NotYourSlot"))?;
            let sealable = matches!(
                view.state,
                SlotState::Confirmed | SlotState::Active | SlotState::Faulty
            );
            ensure(sealable && view.provider == Some(provider), "NotYourSlot")?;
            let range = self.chain.profile.piece_range(bytes, piece.index);
            let range = range.ok_or_else(|| refused("BadPieces"))?;
            let end = piece.node_offset + range.nodes();
            let fits = piece.node_offset >= free_from && end <= self.chain.profile.nodes();
            ensure(fits, "BadPieces")?;
            free_from = end;
            let mut holders = view.sectors.iter();
            let holder = holders.find(|(index, _)| *index == piece.index);
            let is_free = holder.is_none_or(|(_, number)| {
                let holding = state.sectors.get(&(provider, *number));
                *number == args.sector || holding.is_none_or(|view| self.is_expired(view))
            });
            ensure(is_free, "PieceTaken")?;
        }
        Ok(())
    }

    pub(super) fn prove_commit(
        &self,
        state: &mut State,
        key: SectorKey,
        proofs: &[ProofBytes],
        bindings: &[BindingOpening],
    ) -> Result<(), ChainError> {
        let now = self.chain.now();
        let view = sector(state, key)?;
        ensure(view.state == SectorState::PreCommitted, "WrongState")?;
        let seed_at = view.pre_committed_at + self.chain.info.seed_delay_blocks;
        ensure(now >= seed_at, "TooEarly")?;
        ensure(!self.is_expired(&view), "TooLate")?;
        let seed = beacon_of(seed_at);
        let expected: Vec<_> = (0..self.chain.profile.seal_proofs)
            .map(|index| seal_proof(&view.replica_id, &seed, index))
            .collect();
        let openings = u32::try_from(bindings.len());
        let counts =
            proofs.len() == expected.len() && openings == Ok(self.chain.profile.binding_openings);
        ensure(counts, "WrongCount")?;
        let opens = self.bindings_open(state, &view, &seed, bindings);
        ensure(opens, "InvalidBinding")?;
        let is_replica = view.comm_r == replica_root(&view.replica_id, &view.comm_d);
        ensure(is_replica && proofs == expected, "InvalidProof")?;
        let at = self.place(state, key, &view);
        if let Some(view) = state.sectors.get_mut(&key) {
            view.partition = Some(at);
        }
        state.set_sector(&self.chain.info, key, SectorState::Active, now);
        Ok(())
    }

    /// Puts a proven sector into a partition with room, or into a new one.
    fn place(&self, state: &mut State, key: SectorKey, view: &SectorView) -> (PartitionIndex, u32) {
        let (now, provider) = (self.chain.now(), key.0);
        let places = usize::try_from(self.chain.profile.post_sectors).unwrap_or(1);
        let position = Position {
            sector: key.1,
            comm_r: view.comm_r,
            joined_at: now,
            left_at: None,
            proven_through: now,
            vacant: false,
        };
        for ((owner, index), partition) in &mut state.partitions {
            if *owner != provider {
                continue;
            }
            let due = partition.due.opens_at;
            let mut all = partition.positions.iter();
            let vacant = all.position(|at| at.vacant && !at.is_in_set(due));
            if let Some(place) = vacant {
                partition.positions[place] = position;
                return (*index, u32::try_from(place).unwrap_or(0));
            }
            if partition.positions.len() < places {
                partition.positions.push(position);
                let place = partition.positions.len() - 1;
                return (*index, u32::try_from(place).unwrap_or(0));
            }
        }
        let next = state.next_partition.entry(provider).or_insert(0);
        let index = PartitionIndex(*next);
        *next += 1;
        let schedule = self.chain.info.schedule;
        let due = schedule.next_window(now, schedule.deadline_of(&provider, index));
        let partition = Partition {
            positions: vec![position],
            due,
            last_proven: None,
            proven_periods: 0,
            missed_periods: 0,
        };
        state.partitions.insert((provider, index), partition);
        (index, 0)
    }

    /// The leaves must open the slots at the challenged bytes; tree D is not modelled.
    fn bindings_open(
        &self,
        state: &State,
        view: &SectorView,
        seed: &[u8; 32],
        bindings: &[BindingOpening],
    ) -> bool {
        let profile = self.chain.profile;
        let range_of = |piece: &Piece| {
            let order = state.orders.get(&piece.slot.order)?;
            profile.piece_range(order.params.slot_bytes(), piece.index)
        };
        let ranges: Option<Vec<_>> = view
            .pieces
            .iter()
            .map(|piece| Some((*piece, range_of(piece)?)))
            .collect();
        let Some(ranges) = ranges else { return false };
        let occupied = ranges.iter().map(|(_, range)| range.nodes()).sum();
        u32::try_from(bindings.len()) == Ok(profile.binding_openings)
            && (0..).zip(bindings).all(|(index, opening)| {
                let mut at =
                    binding_challenge(seed, &view.replica_id, &view.comm_r, index, occupied);
                for (piece, range) in &ranges {
                    if at < range.nodes() {
                        return opens(state, *piece, range.node_bytes(at), opening);
                    }
                    at -= range.nodes();
                }
                false
            })
    }

    pub(super) fn submit_post(
        &self,
        state: &mut State,
        key: PartitionKey,
        period: u32,
        proof: &ProofBytes,
    ) -> Result<(), ChainError> {
        let (chain, now) = (&self.chain, self.chain.now());
        let partition = state.partitions.get(&key).cloned();
        let mut partition = partition.ok_or_else(|| refused("UnknownPartition"))?;
        let (deadline, window) = chain.info.schedule.open_window(now);
        let own = chain.info.schedule.deadline_of(&key.0, key.1);
        let is_open = deadline == own && window.period == period;
        ensure(is_open, "WindowNotOpen")?;
        ensure(partition.last_proven != Some(period), "AlreadyProven")?;
        let is_due = partition.due == window && partition.owes(window.opens_at);
        ensure(is_due, "NothingDue")?;
        let context = Context {
            genesis: chain.info.genesis,
            profile: chain.info.profile,
            key: mock_key(2),
        };
        let beacon = beacon_of(window.opens_at);
        let randomness = context.post_randomness(&key.0, key.1, period, &beacon);
        let set = partition.set_at(window.opens_at, chain.profile);
        ensure(*proof == post_proof(&set, &randomness), "InvalidProof")?;
        let mut proven = Vec::new();
        for position in &mut partition.positions {
            if !position.vacant && position.is_in_set(window.opens_at) {
                position.proven_through = now;
                let is_faulty = sector(state, (key.0, position.sector))?.state;
                if is_faulty == SectorState::Faulty {
                    position.left_at = None;
                    proven.push(position.sector);
                }
            }
        }
        partition.last_proven = Some(period);
        partition.proven_periods += 1;
        state.partitions.insert(key, partition);
        state.reschedule(&chain.info, key, now);
        for number in proven {
            state.set_sector(&chain.info, (key.0, number), SectorState::Active, now);
        }
        Ok(())
    }

    /// Changes the place of a sector that is in a partition.
    fn change_place(
        &self,
        state: &mut State,
        key: SectorKey,
        change: impl FnOnce(&mut Position, u32) -> Result<(), ChainError>,
    ) -> Result<(), ChainError> {
        let (index, place) = sector(state, key)?
            .partition
            .ok_or_else(|| refused("WrongState"))?;
        let partition = state.partitions.get_mut(&(key.0, index));
        let partition = partition.ok_or_else(|| refused("UnknownPartition"))?;
        let opens_at = partition.due.opens_at;
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        let position = partition.positions.get_mut(place);
        let position = position.ok_or_else(|| refused("UnknownPartition"))?;
        change(position, opens_at)
    }

    pub(super) fn declare_fault(
        &self,
        state: &mut State,
        key: SectorKey,
    ) -> Result<(), ChainError> {
        let now = self.chain.now();
        ensure(
            sector(state, key)?.state == SectorState::Active,
            "WrongState",
        )?;
        self.change_place(state, key, |position, _| {
            position.left_at = Some(now);
            Ok(())
        })?;
        state.set_sector(&self.chain.info, key, SectorState::Faulty, now);
        Ok(())
    }

    pub(super) fn recover(&self, state: &mut State, key: SectorKey) -> Result<(), ChainError> {
        let now = self.chain.now();
        ensure(
            sector(state, key)?.state == SectorState::Faulty,
            "WrongState",
        )?;
        self.change_place(state, key, |position, opens_at| {
            ensure(position.left_at.is_some(), "WrongState")?;
            let may_join = now < opens_at || !position.is_in_set(opens_at);
            ensure(may_join, "InOpenWindow")?;
            position.left_at = None;
            position.joined_at = now;
            Ok(())
        })
    }

    pub(super) fn terminate(&self, state: &mut State, key: SectorKey) -> Result<(), ChainError> {
        let now = self.chain.now();
        let view = sector(state, key)?;
        ensure(view.state != SectorState::Terminated, "WrongState")?;
        if view.partition.is_some() {
            self.change_place(state, key, |position, opens_at| {
                let may_leave = now < opens_at || !position.is_in_set(opens_at);
                ensure(may_leave, "InOpenWindow")?;
                position.vacant = true;
                position.left_at.get_or_insert(now);
                Ok(())
            })?;
        }
        for piece in &view.pieces {
            if let Some(slot) = state.slot_mut(piece.slot) {
                let is_running = matches!(slot.state, SlotState::Active | SlotState::Faulty);
                if is_running && slot.provider == Some(key.0) {
                    slot.state = SlotState::Lost;
                }
            }
        }
        free_pieces(state, key, &view.pieces);
        if let Some(view) = state.sectors.get_mut(&key) {
            view.state = SectorState::Terminated;
            view.pieces = Vec::new();
            view.partition = None;
        }
        Ok(())
    }

    pub(super) fn expire(&self, state: &mut State, key: SectorKey) -> Result<(), ChainError> {
        let view = sector(state, key)?;
        ensure(view.state == SectorState::PreCommitted, "WrongState")?;
        ensure(self.is_expired(&view), "NotExpired")?;
        free_pieces(state, key, &view.pieces);
        state.sectors.remove(&key);
        Ok(())
    }
}

/// Frees the pieces that are still the sector's own.
fn free_pieces(state: &mut State, key: SectorKey, pieces: &[Piece]) {
    for piece in pieces {
        if let Some(slot) = state.slot_mut(piece.slot) {
            let own: (PieceIndex, SectorNumber) = (piece.index, key.1);
            slot.sectors.retain(|held| *held != own);
        }
    }
}

fn opens(state: &State, piece: Piece, bytes: Option<(u64, u32)>, opening: &BindingOpening) -> bool {
    let (Some(order), Some((start, len))) = (state.orders.get(&piece.slot.order), bytes) else {
        return false;
    };
    let leaf_bytes = u64::try_from(SLOT_LEAF_BYTES).unwrap_or(u64::MAX);
    let (first, last) = (
        start / leaf_bytes,
        (start + u64::from(len) - 1) / leaf_bytes,
    );
    let root = order.params.slot_roots.get(usize::from(piece.slot.slot.0));
    let count = u64::try_from(opening.leaves.len()).unwrap_or(u64::MAX);
    root.is_some_and(|root| {
        count == last - first + 1
            && (first..)
                .zip(&opening.leaves)
                .all(|(index, leaf)| leaf.verify(root, order.params.slot_bytes(), index))
    })
}
