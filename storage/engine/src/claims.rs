//! Filing retrieval claims: the latest voucher of each agreement, in batches.

use std::sync::Arc;

use ips_primitives::{proof_calls::CLAIM_BATCH_MAX, retrieval::ExtractClaim};

use crate::{
    chain::{Call, ChainError},
    engine::{Counters, Node},
    error::EngineError,
};

/// Refusals after which a claim is left alone until a later voucher comes.
const REFUSALS_MAX: u32 = 3;

pub(crate) async fn run(node: Arc<Node>) -> Result<(), EngineError> {
    let mut watcher = node.watcher();
    let mut next = 0;
    loop {
        let now = watcher.block();
        if now >= next {
            file_due(&node).await?;
            next = now.saturating_add(node.config.claim_every_blocks.max(1));
        }
        watcher.changed().await?;
    }
}

async fn file_due(node: &Node) -> Result<(), EngineError> {
    let records = node.store.run(|store| store.extracts()).await?;
    let due: Vec<ExtractClaim> = records
        .iter()
        .filter(|(_, record)| record.refusals < REFUSALS_MAX)
        .filter_map(|(_, record)| record.due().copied())
        .collect();
    let batch_max = usize::try_from(CLAIM_BATCH_MAX).unwrap_or(1);
    for batch in due.chunks(batch_max) {
        match node.chain.submit(Call::ClaimExtracts(batch.to_vec())).await {
            Ok(_) => claimed(node, batch).await?,
            // One bad claim refuses its batch: find it.
            Err(ChainError::Refused { .. }) => file_each(node, batch).await?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn file_each(node: &Node, batch: &[ExtractClaim]) -> Result<(), EngineError> {
    for claim in batch {
        match node.chain.submit(Call::ClaimExtracts(vec![*claim])).await {
            Ok(_) => claimed(node, std::slice::from_ref(claim)).await?,
            Err(error @ ChainError::Refused { .. }) => {
                let agreement = claim.voucher.request.agreement;
                tracing::warn!(agreement = agreement.0, %error, "retrieval claim refused");
                node.store
                    .run(move |store| store.mark_refused(agreement))
                    .await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn claimed(node: &Node, claims: &[ExtractClaim]) -> Result<(), EngineError> {
    let done: Vec<_> = claims
        .iter()
        .map(|claim| claim.voucher.request)
        .map(|r| (r.agreement, r.nonce))
        .collect();
    Counters::add(
        &node.counters.claims_accepted,
        u64::try_from(done.len()).unwrap_or(0),
    );
    node.store
        .run(move |store| {
            done.into_iter()
                .try_for_each(|(agreement, nonce)| store.mark_claimed(agreement, nonce))
        })
        .await?;
    Ok(())
}
