//! What the mock chain does with a call.

use ips_primitives::{
    challenge::{binding_challenge, lottery_draw, lottery_threshold},
    deal::{DeliveryNote, SlotState},
    id::{PartitionIndex, PieceIndex, ProviderId, SectorNumber, Signature, SlotId},
    proof_calls::{BindingOpening, PreCommit},
    retrieval::ExtractClaim,
    sector::{Piece, ProofBytes, SectorState},
    slot::SLOT_LEAF_BYTES,
    statement::{Context, ReplicaInputs},
    view::SectorView,
};

use super::{
    beacon_of,
    chain::{MockClient, MockSector, State},
    mock_key,
    sealer::{post_proof, replica_root, seal_proof},
};
use crate::{
    chain::{Call, ChainError},
    verify_sr25519,
};

fn refused(error: &str) -> ChainError {
    ChainError::Refused {
        call: "mock",
        pallet: "Mock".to_owned(),
        error: error.to_owned(),
        explanation: "the mock chain's rule".to_owned(),
    }
}

fn ensure(condition: bool, error: &str) -> Result<(), ChainError> {
    condition.then_some(()).ok_or_else(|| refused(error))
}

fn name_of(call: &Call) -> &'static str {
    match call {
        Call::ClaimSlot(_) => "claim_slot",
        Call::ConfirmDeal { .. } => "confirm_deal",
        Call::Settle(_) => "settle",
        Call::PreCommit(_) => "pre_commit",
        Call::ProveCommit { .. } => "prove_commit",
        Call::SubmitPost { .. } => "submit_post",
        Call::ClaimExtracts(_) => "claim",
        _ => "other",
    }
}

impl MockClient {
    /// The provider that this client's account works for.
    fn provider(&self, state: &State) -> Result<ProviderId, ChainError> {
        use crate::chain::ChainClient as _;
        let worker = self.account();
        let node = state.nodes.values().find(|node| node.worker == worker);
        node.map(|node| node.provider)
            .ok_or_else(|| refused("NotAWorker"))
    }

    pub(super) fn apply(&self, call: &Call) -> Result<(), ChainError> {
        let mut state = self.chain.lock();
        if state.unreachable.contains(name_of(call)) {
            let (url, reason) = ("mock".to_owned(), "lost by the test".to_owned());
            return Err(ChainError::Unreachable { url, reason });
        }
        let provider = self.provider(&state)?;
        match call {
            Call::ClaimSlot(slot) => self.claim_slot(&mut state, provider, *slot),
            Call::ConfirmDeal { slot, signature } => {
                self.confirm(&mut state, provider, *slot, *signature)
            }
            Call::Settle(slot) => {
                state.settled.push(*slot);
                Ok(())
            }
            Call::PreCommit(args) => self.pre_commit(&mut state, provider, args),
            Call::ProveCommit {
                sector,
                proofs,
                bindings,
            } => self.prove_commit(&mut state, provider, *sector, proofs, bindings),
            Call::SubmitPost { period, proof, .. } => {
                self.submit_post(&mut state, provider, *period, proof)
            }
            Call::DeclareFault(sector) => {
                let sector = sector_mut(&mut state, provider, *sector)?;
                ensure(sector.view.state == SectorState::Active, "WrongState")?;
                sector.view.state = SectorState::Faulty;
                sector.joined_at = None;
                Ok(())
            }
            Call::Recover(sector) => {
                let now = self.chain.now();
                let sector = sector_mut(&mut state, provider, *sector)?;
                let is_out = sector.joined_at.is_none();
                ensure(
                    sector.view.state == SectorState::Faulty && is_out,
                    "WrongState",
                )?;
                sector.joined_at = Some(now);
                Ok(())
            }
            Call::Terminate(sector) => {
                let sector = sector_mut(&mut state, provider, *sector)?;
                sector.view.state = SectorState::Terminated;
                sector.joined_at = None;
                Ok(())
            }
            Call::ExpirePreCommit { provider, sector } => {
                self.expire(&mut state, *provider, *sector)
            }
            Call::ClaimExtracts(claims) => self.claim_extracts(&mut state, claims),
            _ => Err(refused("NotInTheMock")),
        }
    }

    fn claim_slot(
        &self,
        state: &mut State,
        provider: ProviderId,
        slot: SlotId,
    ) -> Result<(), ChainError> {
        let (now, lottery) = (self.chain.now(), self.chain.info.lottery_blocks);
        let node = state
            .nodes
            .get(&provider)
            .cloned()
            .ok_or_else(|| refused("NotAWorker"))?;
        let order = state
            .orders
            .get(&slot.order)
            .ok_or_else(|| refused("UnknownOrder"))?;
        let has_one = order
            .slots
            .iter()
            .any(|view| view.provider == Some(provider));
        ensure(!has_one, "OperatorHasSlot")?;
        let weight = node
            .class
            .lottery_weight(order.params.erasure.is_data(slot.slot.0));
        let beacon = order.lottery_beacon.ok_or_else(|| refused("TooEarly"))?;
        let threshold = lottery_threshold(weight, now - order.opened_at, lottery);
        ensure(
            lottery_draw(&beacon, slot, &provider) < threshold,
            "NotEligible",
        )?;
        let view = state.slot_mut(slot).ok_or_else(|| refused("UnknownSlot"))?;
        ensure(view.state == SlotState::Open, "SlotTaken")?;
        view.state = SlotState::Claimed;
        view.provider = Some(provider);
        view.claimed_at = Some(now);
        Ok(())
    }

    fn confirm(
        &self,
        state: &mut State,
        provider: ProviderId,
        slot: SlotId,
        signature: Signature,
    ) -> Result<(), ChainError> {
        let order = state
            .orders
            .get(&slot.order)
            .ok_or_else(|| refused("UnknownOrder"))?;
        let root = order
            .params
            .slot_roots
            .get(usize::from(slot.slot.0))
            .copied();
        let slot_root = root.ok_or_else(|| refused("UnknownSlot"))?;
        let note = DeliveryNote {
            genesis: self.chain.info.genesis,
            slot,
            provider,
            slot_root,
        };
        let key = order.params.delivery_key;
        ensure(
            verify_sr25519(&key, &note.signing_bytes(), &signature),
            "BadSignature",
        )?;
        let now = self.chain.now();
        let view = state.slot_mut(slot).ok_or_else(|| refused("UnknownSlot"))?;
        ensure(
            view.state == SlotState::Claimed && view.provider == Some(provider),
            "NotClaimed",
        )?;
        view.state = SlotState::Confirmed;
        view.confirmed_at = Some(now);
        state.confirmations.push((slot, signature));
        Ok(())
    }

    fn pre_commit(
        &self,
        state: &mut State,
        provider: ProviderId,
        args: &PreCommit,
    ) -> Result<(), ChainError> {
        let (chain, now) = (&self.chain, self.chain.now());
        let age = now
            .checked_sub(args.ticket_block)
            .ok_or_else(|| refused("BadTicket"))?;
        ensure(age <= chain.info.ticket_blocks, "BadTicket")?;
        ensure(
            !state.sectors.contains_key(&(provider, args.sector)),
            "SectorExists",
        )?;
        ensure(!args.pieces.is_empty(), "BadPieces")?;
        for piece in &args.pieces {
            let view = state
                .slot_mut(piece.slot)
                .ok_or_else(|| refused("NotYourSlot"))?;
            let sealable = matches!(
                view.state,
                SlotState::Confirmed | SlotState::Active | SlotState::Faulty
            );
            ensure(sealable && view.provider == Some(provider), "NotYourSlot")?;
            ensure(
                view.sectors.iter().all(|(index, _)| *index != piece.index),
                "PieceTaken",
            )?;
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
        ensure(
            args.comm_r == replica_root(&replica_id, &args.comm_d),
            "BadReplica",
        )?;
        for piece in &args.pieces {
            if let Some(view) = state.slot_mut(piece.slot) {
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
        state.sectors.insert(
            (provider, args.sector),
            MockSector {
                view,
                joined_at: None,
            },
        );
        Ok(())
    }

    fn prove_commit(
        &self,
        state: &mut State,
        provider: ProviderId,
        number: SectorNumber,
        proofs: &[ProofBytes],
        bindings: &[BindingOpening],
    ) -> Result<(), ChainError> {
        let now = self.chain.now();
        let view = sector_mut(state, provider, number)?.view.clone();
        ensure(view.state == SectorState::PreCommitted, "WrongState")?;
        let seed_at = view.pre_committed_at + self.chain.info.seed_delay_blocks;
        ensure(now >= seed_at, "TooEarly")?;
        ensure(
            now <= view.pre_committed_at + self.chain.info.prove_commit_blocks,
            "TooLate",
        )?;
        let seed = beacon_of(seed_at);
        let expected: Vec<_> = (0..self.chain.profile.seal_proofs)
            .map(|index| seal_proof(&view.replica_id, &seed, index))
            .collect();
        ensure(proofs == expected, "InvalidProof")?;
        ensure(
            self.bindings_open(state, &view, &seed, bindings),
            "InvalidBinding",
        )?;
        let used: Vec<_> = state
            .sectors_mut(&provider)
            .filter_map(|sector| sector.view.partition.map(|(_, place)| place))
            .collect();
        let place = (0..self.chain.profile.post_sectors).find(|place| !used.contains(place));
        let place = place.ok_or_else(|| refused("TooManyPartitions"))?;
        let sector = sector_mut(state, provider, number)?;
        sector.view.state = SectorState::Active;
        sector.view.partition = Some((PartitionIndex(0), place));
        sector.joined_at = Some(now);
        for piece in &view.pieces {
            self.activate_if_whole(state, piece.slot);
        }
        Ok(())
    }

    /// A slot is active once each of its pieces is in a proven sector.
    fn activate_if_whole(&self, state: &mut State, slot: SlotId) {
        let Some(order) = state.orders.get(&slot.order) else {
            return;
        };
        let pieces = self.chain.profile.pieces_of(order.params.slot_bytes());
        let sealed = state
            .sectors
            .values()
            .filter(|sector| sector.view.partition.is_some())
            .flat_map(|sector| &sector.view.pieces)
            .filter(|piece| piece.slot == slot)
            .count();
        let is_whole = u64::try_from(sealed) == Ok(pieces);
        if let Some(view) = state.slot_mut(slot).filter(|_| is_whole) {
            if view.state == SlotState::Confirmed {
                view.state = SlotState::Active;
            }
        }
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

    fn submit_post(
        &self,
        state: &mut State,
        provider: ProviderId,
        period: u32,
        proof: &ProofBytes,
    ) -> Result<(), ChainError> {
        let (chain, now) = (&self.chain, self.chain.now());
        let (deadline, window) = chain.info.schedule.open_window(now);
        let is_open = deadline == chain.deadline(&provider) && window.period == period;
        ensure(is_open, "WindowNotOpen")?;
        ensure(
            state.proven.get(&provider) != Some(&period),
            "AlreadyProven",
        )?;
        let context = Context {
            genesis: chain.info.genesis,
            profile: chain.info.profile,
            key: mock_key(2),
        };
        let randomness = context.post_randomness(
            &provider,
            PartitionIndex(0),
            period,
            &beacon_of(window.opens_at),
        );
        let set = state.set(chain.profile, &provider, window.opens_at);
        ensure(*proof == post_proof(&set, &randomness), "InvalidProof")?;
        state.proven.insert(provider, period);
        *state.proven_periods.entry(provider).or_insert(0) += 1;
        for sector in state.sectors_mut(&provider) {
            let in_set = sector
                .joined_at
                .is_some_and(|joined| joined < window.opens_at);
            if in_set && sector.view.state == SectorState::Faulty {
                sector.view.state = SectorState::Active;
            }
        }
        Ok(())
    }

    fn expire(
        &self,
        state: &mut State,
        provider: ProviderId,
        number: SectorNumber,
    ) -> Result<(), ChainError> {
        let now = self.chain.now();
        let view = sector_mut(state, provider, number)?.view.clone();
        ensure(view.state == SectorState::PreCommitted, "WrongState")?;
        let last = view.pre_committed_at + self.chain.info.prove_commit_blocks;
        ensure(now > last, "NotExpired")?;
        for piece in &view.pieces {
            if let Some(slot) = state.slot_mut(piece.slot) {
                let is_other = |(index, _): &(PieceIndex, SectorNumber)| *index != piece.index;
                slot.sectors.retain(is_other);
            }
        }
        state.sectors.remove(&(provider, number));
        Ok(())
    }

    fn claim_extracts(&self, state: &mut State, claims: &[ExtractClaim]) -> Result<(), ChainError> {
        for claim in claims {
            let request = claim.voucher.request;
            let agreement = state
                .agreements
                .get_mut(&request.agreement)
                .ok_or_else(|| refused("UnknownAgreement"))?;
            let digest = claim.voucher.signing_bytes();
            ensure(
                verify_sr25519(&agreement.client, &digest, &claim.signature),
                "BadSignature",
            )?;
            let last = agreement
                .claimed
                .iter()
                .position(|(p, _, _)| *p == request.provider);
            let entry = (
                request.provider,
                request.nonce,
                claim.voucher.cumulative_bytes,
            );
            match last {
                Some(at) => {
                    ensure(agreement.claimed[at].1 < request.nonce, "StaleNonce")?;
                    agreement.claimed[at] = entry;
                }
                None => agreement.claimed.push(entry),
            }
            state.claims.push(*claim);
        }
        Ok(())
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

fn sector_mut(
    state: &mut State,
    provider: ProviderId,
    number: SectorNumber,
) -> Result<&mut MockSector, ChainError> {
    state
        .sectors
        .get_mut(&(provider, number))
        .ok_or_else(|| refused("UnknownSector"))
}
