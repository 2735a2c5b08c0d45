//! Vouchers: everything earned is claimed, once, whatever happens on the way.

use std::sync::Arc;

use ips_primitives::{
    id::{AgreementId, Genesis, SlotId},
    retrieval::{retrieval_fee, Voucher},
    sector::Profile,
};
use ips_swarm::{extract_signing_bytes, Refusal};

use super::{
    extracts::{active_slot, request},
    steps::next_block,
    world::{until, Customer, TestNode},
};
use crate::testing::MockChain;

const GENESIS: Genesis = Genesis([0xee; 32]);
/// Bytes of each reading.
const BYTES: u64 = 8192;

struct Reading {
    chain: Arc<MockChain>,
    node: TestNode,
    customer: Customer,
    slot: SlotId,
    agreement: AgreementId,
}

/// A node with an active slot and an agreement; it files claims at every block.
async fn reading() -> Reading {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    node.config.claim_every_blocks = 1;
    node.start().await;
    let customer = Customer::new(20_000);
    let slot = active_slot(&chain, &node, &customer).await;
    let agreement = chain.open_agreement(customer.account(), slot.order);
    Reading {
        chain,
        node,
        customer,
        slot,
        agreement,
    }
}

impl Reading {
    /// Reads once and pays with a voucher for all that was read so far.
    async fn read(&self, nonce: u64) -> Result<(), Refusal> {
        let service = &self.node.on().service;
        let mut asked = request(&self.node, self.agreement, self.slot, nonce);
        asked.block = self.chain.now();
        let key = &self.customer.key;
        let signature = key.sign(&extract_signing_bytes(&GENESIS, &asked));
        service.extract(asked, key.public(), signature).await?;
        let voucher = Voucher {
            genesis: GENESIS,
            request: asked,
            cumulative_bytes: nonce * BYTES,
        };
        let signature = key.sign(&voucher.signing_bytes());
        service.accept_voucher(voucher, signature).await
    }

    async fn until_claimed(&self, count: usize) {
        until(&format!("{count} claims are on the chain"), || async {
            next_block(&self.chain).await;
            self.chain.claims().len() == count
        })
        .await;
    }

    /// Each reading was paid for, in order, once.
    fn assert_paid(&self, readings: u64) {
        let claims = self.chain.claims();
        let nonces: Vec<u64> = claims
            .iter()
            .map(|claim| claim.voucher.request.nonce)
            .collect();
        assert_eq!(nonces, (1..=readings).collect::<Vec<_>>());
        let fee = retrieval_fee(1_000, BYTES);
        assert!(self.chain.fees().iter().all(|paid| *paid == fee));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readings_before_a_claim_are_all_paid_also_after_a_kill() {
    let mut reading = reading().await;
    reading.chain.lose("claim");
    for nonce in 1..=5 {
        reading.read(nonce).await.unwrap();
    }
    reading.node.kill().await;
    reading.chain.reach("claim");
    reading.node.start().await;
    reading.until_claimed(5).await;
    for _ in 0..25 {
        next_block(&reading.chain).await;
    }
    reading.assert_paid(5);
    assert_eq!(reading.chain.calls("claim"), 1, "one batch, filed once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_beyond_a_limit_are_filed_when_it_has_passed() {
    let reading = reading().await;
    reading.chain.limit_claims(Some(2));
    for nonce in 1..=4 {
        reading.read(nonce).await.unwrap();
    }
    reading.until_claimed(2).await;
    for _ in 0..40 {
        next_block(&reading.chain).await;
    }
    reading.assert_paid(2);
    reading.chain.limit_claims(None);
    reading.until_claimed(4).await;
    reading.assert_paid(4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_whose_block_is_dropped_is_filed_again() {
    let mut reading = reading().await;
    reading.chain.lose("claim");
    reading.read(1).await.unwrap();
    let before = reading.chain.snapshot();
    reading.chain.reach("claim");
    reading.until_claimed(1).await;
    reading.chain.restore(before);
    reading.chain.reach("claim");
    reading.node.kill().await;
    reading.node.start().await;
    reading.read(2).await.unwrap();
    reading.until_claimed(2).await;
    reading.assert_paid(2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_proof_is_made_beyond_what_the_budget_can_pay() {
    let mut reading = reading().await;
    let fee = retrieval_fee(1_000, BYTES);
    let (client, order) = (reading.customer.account(), reading.slot.order);
    reading.agreement = reading.chain.open(client, order, fee + 1);
    reading.chain.lose("claim");
    reading.read(1).await.unwrap();
    // The first is not claimed yet, but it is owed.
    assert_eq!(reading.read(2).await, Err(Refusal::Unauthorised));
    assert_eq!(reading.node.sealer.count("prove_extract"), 1);
    reading.chain.reach("claim");
    reading.until_claimed(1).await;
    assert_eq!(reading.read(3).await, Err(Refusal::Unauthorised));
    reading.assert_paid(1);
}
