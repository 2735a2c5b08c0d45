//! Rules of poe.

use ips_primitives::{
    challenge::extract_piece,
    deal::SlotState,
    id::{PieceIndex, ProviderId},
    retrieval::{payable_bytes, retrieval_fee, ExtractClaim, ExtractRequest},
    sector::{CommD, SectorState},
    statement::{Context, ExtractInputs},
    view::AgreementView,
};

use super::{refused as refused_by, MockClient, State};
use crate::{
    chain::ChainError,
    testing::{beacon_of, mock_key, sealer::extract_proof},
    verify_sr25519,
};

fn refused(error: &str) -> ChainError {
    refused_by("Poe", error)
}

fn ensure(condition: bool, error: &str) -> Result<(), ChainError> {
    condition.then_some(()).ok_or_else(|| refused(error))
}

impl MockClient {
    /// All claims or none.
    pub(super) fn claim_extracts(
        &self,
        state: &mut State,
        claims: &[ExtractClaim],
    ) -> Result<(), ChainError> {
        ensure(!claims.is_empty(), "EmptyBatch")?;
        for claim in claims {
            let request = &claim.voucher.request;
            let same_chain = claim.voucher.genesis == self.chain.info.genesis;
            ensure(same_chain, "OtherChain")?;
            let agreement = state.agreements.get(&request.agreement).cloned();
            let agreement = agreement.ok_or_else(|| refused("UnknownAgreement"))?;
            self.ensure_bound(state, claim, &agreement)?;
            book(state, claim, agreement)?;
        }
        Ok(())
    }

    /// The claim is the client's word about a slot that the provider holds, and its proof is of it.
    fn ensure_bound(
        &self,
        state: &State,
        claim: &ExtractClaim,
        agreement: &AgreementView,
    ) -> Result<(), ChainError> {
        let request = &claim.voucher.request;
        ensure(request.slot.order == agreement.order, "OtherOrder")?;
        let order = state.orders.get(&request.slot.order);
        let order = order.ok_or_else(|| refused("NotTheHolder"))?;
        let mut slots = order.slots.iter();
        let is_holder = slots.any(|view| {
            let runs = matches!(
                view.state,
                SlotState::Confirmed | SlotState::Active | SlotState::Faulty
            );
            runs && view.index == request.slot.slot && view.provider == Some(request.provider)
        });
        ensure(is_holder, "NotTheHolder")?;
        let bytes = order.params.slot_bytes();
        let end = request.offset.checked_add(request.length);
        let is_inside = request.length > 0 && end.is_some_and(|end| end <= bytes);
        ensure(is_inside, "BadRange")?;
        let digest = claim.voucher.signing_bytes();
        let is_signed = verify_sr25519(&agreement.client, &digest, &claim.signature);
        ensure(is_signed, "BadSignature")?;
        let age = self.chain.now().checked_sub(request.block);
        let is_recent = age.is_some_and(|age| age <= self.chain.info.beacon_blocks);
        ensure(is_recent, "BadBlock")?;
        let rho = self.randomness(request, agreement);
        let pieces = self.chain.profile.pieces_of(bytes);
        let piece = extract_piece(&rho, request.slot.order, pieces);
        let piece = u16::try_from(piece).map(PieceIndex);
        let piece = piece.map_err(|_| refused("NotSealed"))?;
        let comm_d = sealed(state, request.provider, request, piece);
        let comm_d = comm_d.ok_or_else(|| refused("NotSealed"))?;
        ensure(claim.proof == extract_proof(&comm_d, &rho), "InvalidProof")
    }

    fn randomness(&self, request: &ExtractRequest, agreement: &AgreementView) -> [u8; 32] {
        let context = Context {
            genesis: self.chain.info.genesis,
            profile: self.chain.info.profile,
            key: mock_key(3),
        };
        context.extract_randomness(&ExtractInputs {
            client_key: agreement.client.0,
            agreement: request.agreement,
            nonce: request.nonce,
            provider: request.provider,
            slot: request.slot,
            range: (request.offset, request.length),
            beacon: beacon_of(request.block),
        })
    }
}

/// Data root of the active sector that holds a piece of the slot.
fn sealed(
    state: &State,
    provider: ProviderId,
    request: &ExtractRequest,
    piece: PieceIndex,
) -> Option<CommD> {
    let order = state.orders.get(&request.slot.order)?;
    let view = order
        .slots
        .iter()
        .find(|view| view.index == request.slot.slot)?;
    let (_, number) = view.sectors.iter().find(|(index, _)| *index == piece)?;
    let sector = state.sectors.get(&(provider, *number))?;
    (sector.state == SectorState::Active).then_some(sector.comm_d)
}

/// Uses up the claim's nonce and bytes, and takes its fee from the budget.
fn book(
    state: &mut State,
    claim: &ExtractClaim,
    mut agreement: AgreementView,
) -> Result<(), ChainError> {
    let request = claim.voucher.request;
    let total = claim.voucher.cumulative_bytes;
    let own = |entry: &(ProviderId, u64, u64)| entry.0 == request.provider;
    let last = agreement.claimed.iter().copied().find(own);
    let is_later = last.is_none_or(|(_, nonce, _)| nonce < request.nonce);
    ensure(is_later, "StaleNonce")?;
    let claimed = last.map_or(0, |(_, _, bytes)| bytes);
    let bytes = payable_bytes(claimed, total, request.length);
    let bytes = bytes.ok_or_else(|| refused("BadAmount"))?;
    if let Some(left) = &mut state.claims_left {
        *left = left.checked_sub(1).ok_or_else(|| refused("PeriodLimit"))?;
    }
    let fee = retrieval_fee(agreement.price_per_mib, bytes);
    let budget = agreement.budget.checked_sub(fee);
    agreement.budget = budget.ok_or_else(|| refused("BudgetSpent"))?;
    agreement.claimed.retain(|entry| !own(entry));
    agreement
        .claimed
        .push((request.provider, request.nonce, total));
    state.claims.push((*claim, fee));
    state.agreements.insert(request.agreement, agreement);
    Ok(())
}
