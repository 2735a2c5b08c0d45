//! Answering with a proof of extract, and taking the payer's voucher for it.

use std::sync::Arc;

use ips_primitives::{
    challenge::{extract_piece, Beacon},
    id::{AccountKey, PieceIndex, ProviderId, Signature},
    retrieval::{retrieval_fee, ExtractRequest, Voucher},
    sector::{CommD, ProofBytes, SectorState},
    statement::{Context, ExtractInputs},
    view::{AgreementView, ChainInfo},
};
use ips_swarm::{extract_signing_bytes, Refusal};

use super::{refuse_chain, refuse_store};
use crate::{
    engine::{Counters, Node},
    permits::Urgency,
    sealer::SealerError,
    signature::verify_sr25519,
};

/// Checks a request and makes its proof.
pub(super) async fn prove(
    node: &Arc<Node>,
    request: ExtractRequest,
    client_key: [u8; 32],
    signature: Signature,
) -> Result<ProofBytes, Refusal> {
    let info = node.chain.info().await.map_err(refuse_chain)?;
    // The cheap checks first: a stranger must not make us ask the chain.
    let digest = extract_signing_bytes(&info.genesis, &request);
    if request.provider != node.config.provider
        || !verify_sr25519(&AccountKey(client_key), &digest, &signature)
    {
        return Err(Refusal::Unauthorised);
    }
    let slot_bytes = held_slot_bytes(node, &request).await?;
    let known = node
        .store
        .run(move |store| store.extract(request.agreement))
        .await
        .map_err(refuse_store)?;
    if let Some(proof) = known.answer_to(&request) {
        // The answer was lost on the way: the same request gets the same proof.
        return Ok(proof);
    }
    if !known.is_fresh(request.nonce) {
        return Err(Refusal::Unauthorised);
    }
    if !known.has_room() {
        // What is owed must be claimed first: a voucher that cannot be kept would be lost.
        return Err(Refusal::Busy);
    }
    ensure_agreement(node, &request, client_key, known.promised_bytes()).await?;
    let beacon = recent_beacon(node, &request).await?;
    let proof = make_proof(node, &info, &request, client_key, beacon, slot_bytes).await?;
    let is_fresh = node
        .store
        .run(move |store| store.put_answer(request, proof))
        .await
        .map_err(refuse_store)?;
    if !is_fresh {
        return Err(Refusal::Unauthorised);
    }
    Counters::add(&node.counters.extracts_answered, 1);
    Ok(proof)
}

async fn held_slot_bytes(node: &Arc<Node>, request: &ExtractRequest) -> Result<u64, Refusal> {
    let slot = request.slot;
    let record = node.store.run(move |store| store.slot(slot)).await;
    let record = record.map_err(|_| Refusal::NotFound)?;
    if !record.stage.is_confirmed() {
        return Err(Refusal::NotFound);
    }
    let end = request
        .offset
        .checked_add(request.length)
        .ok_or(Refusal::TooLarge)?;
    if request.length == 0 || end > record.slot_bytes() {
        return Err(Refusal::TooLarge);
    }
    Ok(record.slot_bytes())
}

/// Checks that the agreement is the payer's and can pay for this request after all that is promised.
async fn ensure_agreement(
    node: &Arc<Node>,
    request: &ExtractRequest,
    client_key: [u8; 32],
    promised_bytes: u64,
) -> Result<(), Refusal> {
    let agreement = node
        .chain
        .agreement(request.agreement)
        .await
        .map_err(refuse_chain)?;
    let agreement = agreement.ok_or(Refusal::Unauthorised)?;
    let last = claimed_by(&agreement, &request.provider);
    let unclaimed = promised_bytes.saturating_sub(last.map_or(0, |(_, bytes)| bytes));
    let owed = unclaimed.saturating_add(request.length);
    let is_allowed = agreement.client == AccountKey(client_key)
        && agreement.order == request.slot.order
        && last.is_none_or(|(nonce, _)| nonce < request.nonce)
        && retrieval_fee(agreement.price_per_mib, owed) <= agreement.budget;
    is_allowed.then_some(()).ok_or(Refusal::Unauthorised)
}

/// Nonce and bytes that a provider claimed last.
fn claimed_by(agreement: &AgreementView, provider: &ProviderId) -> Option<(u64, u64)> {
    let mut claimed = agreement.claimed.iter();
    let found = claimed.find(|(claimant, _, _)| claimant == provider);
    found.map(|(_, nonce, bytes)| (*nonce, *bytes))
}

async fn recent_beacon(node: &Arc<Node>, request: &ExtractRequest) -> Result<Beacon, Refusal> {
    if request.block > node.head().number {
        return Err(Refusal::Unauthorised);
    }
    let beacon = node
        .chain
        .beacon(request.block)
        .await
        .map_err(refuse_chain)?;
    beacon.ok_or(Refusal::Unauthorised)
}

async fn make_proof(
    node: &Arc<Node>,
    info: &ChainInfo,
    request: &ExtractRequest,
    client_key: [u8; 32],
    beacon: Beacon,
    slot_bytes: u64,
) -> Result<ProofBytes, Refusal> {
    let key = info.poe_key.ok_or(Refusal::Internal)?;
    let context = Context {
        genesis: info.genesis,
        profile: info.profile,
        key,
    };
    let rho = context.extract_randomness(&ExtractInputs {
        client_key,
        agreement: request.agreement,
        nonce: request.nonce,
        provider: request.provider,
        slot: request.slot,
        range: (request.offset, request.length),
        beacon,
    });
    let pieces = node.sealer.profile().pieces_of(slot_bytes);
    let piece = extract_piece(&rho, request.slot.order, pieces);
    let piece = u16::try_from(piece)
        .map(PieceIndex)
        .map_err(|_| Refusal::Internal)?;
    let (folder, comm_d) = sector_of(node, request, piece).await?;
    let _place = node.permits.acquire(Urgency::Extract).await;
    node.sealer
        .prove_extract(folder, comm_d, rho)
        .await
        .map_err(|error| {
            match error {
                SealerError::Damaged { .. } => tracing::error!(%error, "extract"),
                _ => tracing::warn!(%error, "extract"),
            }
            Refusal::Internal
        })
}

/// The sealed sector that holds a piece.
async fn sector_of(
    node: &Arc<Node>,
    request: &ExtractRequest,
    piece: PieceIndex,
) -> Result<(std::path::PathBuf, CommD), Refusal> {
    let views = node
        .chain
        .sectors_of(node.config.provider)
        .await
        .map_err(refuse_chain)?;
    let view = views
        .iter()
        // With a faulty sector nothing could be claimed for the proof.
        .filter(|view| view.state == SectorState::Active)
        .find(|view| {
            view.pieces
                .iter()
                .any(|p| p.slot == request.slot && p.index == piece)
        })
        .ok_or(Refusal::NotFound)?;
    Ok((node.store.sector_folder(view.number), view.comm_d))
}

/// Keeps a voucher once it is worth claiming.
pub(super) async fn accept_voucher(
    node: &Arc<Node>,
    voucher: Voucher,
    signature: Signature,
) -> Result<(), Refusal> {
    let info = node.chain.info().await.map_err(refuse_chain)?;
    if voucher.genesis != info.genesis || voucher.request.provider != node.config.provider {
        return Err(Refusal::Unauthorised);
    }
    let agreement = node
        .chain
        .agreement(voucher.request.agreement)
        .await
        .map_err(refuse_chain)?;
    let agreement = agreement.ok_or(Refusal::Unauthorised)?;
    if !verify_sr25519(&agreement.client, &voucher.signing_bytes(), &signature) {
        return Err(Refusal::Unauthorised);
    }
    let claimed = claimed_by(&agreement, &node.config.provider).map_or(0, |(_, bytes)| bytes);
    let kept = node
        .store
        .run(move |store| store.put_voucher(voucher, signature, claimed))
        .await
        .map_err(refuse_store)?;
    kept.then_some(()).ok_or(Refusal::Unauthorised)
}
