//! Filing retrieval claims: every voucher once, in the order of its agreement's nonces.
//!
//! A voucher is kept until the chain has shown its claim for a while: the block of a claim may be
//! dropped. It is given up only when the chain can no longer take it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ips_primitives::{
    id::{AgreementId, BlockNumber},
    proof_calls::CLAIM_BATCH_MAX,
    retrieval::ExtractClaim,
    view::AgreementView,
};

use crate::{
    chain::{Call, ChainError},
    engine::{is_refused, Counters, Node},
    error::EngineError,
    store::DueClaim,
};

/// Refusals for good after which a claim is given up; the first may be of a block that was dropped.
const REFUSALS_MAX: u32 = 3;
/// Blocks that the chain must show a claim before its voucher is forgotten.
const SETTLED_BLOCKS: BlockNumber = 16;
/// Blocks after which a claim that the chain does not show is filed again.
const REFILE_BLOCKS: BlockNumber = 3;
/// Blocks that a claim rests after a refusal that may pass.
const REST_BLOCKS: BlockNumber = 10;
/// Refusals that pass by themselves: limits of a period, a faulty sector, a budget to be topped up.
const PASSING: [&str; 4] = ["PeriodLimit", "NotSealed", "KeyNotSet", "BudgetSpent"];

pub(crate) async fn run(node: Arc<Node>) -> Result<(), EngineError> {
    let mut watcher = node.watcher();
    let mut next = 0;
    loop {
        let now = watcher.block();
        if now >= next {
            file_due(&node, now).await?;
            next = now.saturating_add(node.config.claim_every_blocks.max(1));
        }
        watcher.changed().await?;
    }
}

async fn file_due(node: &Node, now: BlockNumber) -> Result<(), EngineError> {
    let beacon_blocks = node.chain.info().await?.beacon_blocks;
    let records = node.store.run(|store| store.extracts()).await?;
    let mut due = Vec::new();
    for (id, record) in records.iter().filter(|(_, record)| !record.due.is_empty()) {
        let view = node.chain.agreement(*id).await?;
        let known = Known {
            claimed_nonce: view.and_then(|view| claimed_nonce(&view, node)),
            now,
            beacon_blocks,
        };
        let (kept, ready) = known.sort(&record.due);
        if kept != record.due {
            node.store
                .run({
                    let (id, known) = (*id, known);
                    move |store| store.change_claims(id, |due| *due = known.sort(due).0)
                })
                .await?;
        }
        due.extend(ready);
    }
    file_all(node, due, now).await?;
    if records
        .iter()
        .any(|(_, record)| record.is_over(now, beacon_blocks))
    {
        node.store
            .run(move |store| store.forget_extracts(now, beacon_blocks))
            .await?;
    }
    Ok(())
}

fn claimed_nonce(view: &AgreementView, node: &Node) -> Option<u64> {
    let own = |(provider, _, _): &&(_, u64, u64)| *provider == node.config.provider;
    view.claimed.iter().find(own).map(|(_, nonce, _)| *nonce)
}

/// What the chain tells about an agreement's claims.
#[derive(Clone, Copy)]
struct Known {
    claimed_nonce: Option<u64>,
    now: BlockNumber,
    beacon_blocks: BlockNumber,
}

impl Known {
    /// What is to be kept of the vouchers, and what is to be filed now.
    fn sort(&self, due: &[DueClaim]) -> (Vec<DueClaim>, Vec<ExtractClaim>) {
        let (mut kept, mut ready) = (Vec::new(), Vec::new());
        let mut is_blocked = false;
        for voucher in due {
            let mut voucher = voucher.clone();
            let request = &voucher.claim.voucher.request;
            if self
                .claimed_nonce
                .is_some_and(|nonce| voucher.nonce() <= nonce)
            {
                // Filed by us, or by anybody: the money comes to us all the same.
                let since = *voucher.filed_at.get_or_insert(self.now);
                if self.now.saturating_sub(since) < SETTLED_BLOCKS {
                    kept.push(voucher);
                }
                continue;
            }
            if self.now > request.block.saturating_add(self.beacon_blocks) {
                let (agreement, nonce) = (request.agreement.0, request.nonce);
                tracing::warn!(agreement, nonce, "a voucher is too old to be claimed");
                continue;
            }
            let is_under_way = voucher
                .filed_at
                .is_some_and(|at| self.now < at.saturating_add(REFILE_BLOCKS));
            let rests = self.now < voucher.rests_until;
            // A later nonce would make this one worthless.
            is_blocked |= is_under_way || rests;
            if !is_blocked {
                ready.push(voucher.claim);
            }
            kept.push(voucher);
        }
        (kept, ready)
    }
}

async fn file_all(
    node: &Node,
    due: Vec<ExtractClaim>,
    now: BlockNumber,
) -> Result<(), EngineError> {
    let batch_max = usize::try_from(CLAIM_BATCH_MAX).unwrap_or(1);
    // Agreements of which a claim was refused: their later claims must wait.
    let mut waiting = BTreeSet::new();
    for batch in due.chunks(batch_max) {
        let batch: Vec<ExtractClaim> = batch
            .iter()
            .filter(|claim| !waiting.contains(&claim.voucher.request.agreement))
            .copied()
            .collect();
        if batch.is_empty() {
            continue;
        }
        match node.chain.submit(Call::ClaimExtracts(batch.clone())).await {
            Ok(outcome) => claimed(node, &batch, outcome.included.block.number).await?,
            // One bad claim refuses its batch: find it.
            Err(error @ ChainError::Refused { .. }) if batch.len() == 1 => {
                refused(node, &batch[0], &error, now).await?;
                waiting.insert(batch[0].voucher.request.agreement);
            }
            Err(ChainError::Refused { .. }) => file_each(node, &batch, &mut waiting, now).await?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn file_each(
    node: &Node,
    batch: &[ExtractClaim],
    waiting: &mut BTreeSet<AgreementId>,
    now: BlockNumber,
) -> Result<(), EngineError> {
    for claim in batch {
        let agreement = claim.voucher.request.agreement;
        if waiting.contains(&agreement) {
            continue;
        }
        match node.chain.submit(Call::ClaimExtracts(vec![*claim])).await {
            Ok(outcome) => {
                let block = outcome.included.block.number;
                claimed(node, std::slice::from_ref(claim), block).await?;
            }
            Err(error @ ChainError::Refused { .. }) => {
                refused(node, claim, &error, now).await?;
                waiting.insert(agreement);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Lets a refused claim rest, or gives it up.
async fn refused(
    node: &Node,
    claim: &ExtractClaim,
    error: &ChainError,
    now: BlockNumber,
) -> Result<(), EngineError> {
    let (agreement, nonce) = {
        let request = &claim.voucher.request;
        (request.agreement, request.nonce)
    };
    tracing::warn!(agreement = agreement.0, nonce, %error, "retrieval claim refused");
    let passes = is_refused(error, &PASSING);
    node.store
        .run(move |store| {
            store.change_claims(agreement, |due| {
                for voucher in due.iter_mut().filter(|due| due.nonce() == nonce) {
                    voucher.rests_until = now.saturating_add(REST_BLOCKS);
                    voucher.refusals += u32::from(!passes);
                }
                due.retain(|due| due.refusals < REFUSALS_MAX);
            })
        })
        .await?;
    Ok(())
}

async fn claimed(
    node: &Node,
    claims: &[ExtractClaim],
    block: BlockNumber,
) -> Result<(), EngineError> {
    let mut nonces = BTreeMap::<AgreementId, Vec<u64>>::new();
    for claim in claims {
        let request = &claim.voucher.request;
        nonces
            .entry(request.agreement)
            .or_default()
            .push(request.nonce);
    }
    Counters::add(
        &node.counters.claims_accepted,
        u64::try_from(claims.len()).unwrap_or(0),
    );
    node.store
        .run(move |store| {
            nonces.into_iter().try_for_each(|(agreement, nonces)| {
                store.change_claims(agreement, |due| {
                    for voucher in due.iter_mut().filter(|due| nonces.contains(&due.nonce())) {
                        voucher.filed_at = Some(block);
                        voucher.refusals = 0;
                    }
                })
            })
        })
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ips_primitives::{
        id::{Genesis, OrderId, ProviderId, Signature, SlotId, SlotIndex},
        retrieval::{ExtractRequest, Voucher},
        sector::ProofBytes,
    };

    fn due(nonce: u64) -> DueClaim {
        let request = ExtractRequest {
            agreement: AgreementId(1),
            provider: ProviderId([1; 32]),
            slot: SlotId {
                order: OrderId(1),
                slot: SlotIndex(0),
            },
            offset: 0,
            length: 10,
            nonce,
            block: 100,
        };
        let voucher = Voucher {
            genesis: Genesis([1; 32]),
            request,
            cumulative_bytes: 10 * nonce,
        };
        DueClaim {
            claim: ExtractClaim {
                voucher,
                signature: Signature([1; 64]),
                proof: ProofBytes([1; 192]),
            },
            filed_at: None,
            refusals: 0,
            rests_until: 0,
        }
    }

    fn nonces(claims: &[ExtractClaim]) -> Vec<u64> {
        claims
            .iter()
            .map(|claim| claim.voucher.request.nonce)
            .collect()
    }

    fn known(claimed_nonce: Option<u64>, now: BlockNumber) -> Known {
        Known {
            claimed_nonce,
            now,
            beacon_blocks: 50,
        }
    }

    #[test]
    fn all_are_filed_in_order_and_what_is_claimed_is_forgotten_only_after_a_while() {
        let (kept, ready) = known(None, 101).sort(&[due(1), due(2)]);
        assert_eq!((kept.len(), nonces(&ready)), (2, vec![1, 2]));
        let (kept, ready) = known(Some(1), 102).sort(&kept);
        assert_eq!((kept.len(), nonces(&ready)), (2, vec![2]));
        let (kept, ready) = known(Some(1), 118).sort(&kept);
        assert_eq!((kept.len(), nonces(&ready)), (1, vec![2]));
    }

    #[test]
    fn a_claim_whose_block_was_dropped_is_filed_again() {
        let mut filed = due(1);
        filed.filed_at = Some(102);
        let (_, ready) = known(None, 103).sort(std::slice::from_ref(&filed));
        assert_eq!(nonces(&ready), Vec::<u64>::new(), "it is on its way");
        let (kept, ready) = known(None, 105).sort(&[filed]);
        assert_eq!((kept.len(), nonces(&ready)), (1, vec![1]));
    }

    #[test]
    fn no_later_claim_overtakes_one_that_rests() {
        let mut rests = due(1);
        rests.rests_until = 120;
        let vouchers = [rests, due(2)];
        let (kept, ready) = known(None, 119).sort(&vouchers);
        assert_eq!((kept.len(), nonces(&ready)), (2, Vec::new()));
        let (_, ready) = known(None, 120).sort(&vouchers);
        assert_eq!(nonces(&ready), vec![1, 2]);
    }

    #[test]
    fn a_voucher_whose_beacon_is_gone_is_given_up() {
        assert_eq!(known(None, 150).sort(&[due(1)]).0.len(), 1);
        assert_eq!(known(None, 151).sort(&[due(1)]).0.len(), 0);
    }
}
