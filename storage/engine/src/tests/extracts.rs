//! Proofs of extract and vouchers, over the network.

use std::sync::Arc;

use ips_primitives::{
    deal::SlotState,
    id::{AgreementId, Genesis, SlotId},
    retrieval::{ExtractRequest, Voucher},
    sector::Profile,
};
use ips_swarm::{extract_signing_bytes, FetchError, Refusal};

use super::world::{client_swarm, until, Customer, TestNode};
use crate::{
    testing::{MockChain, TestKey},
    upload::{deliver_slots, UploadSettings},
};

pub(super) async fn active_slot(
    chain: &Arc<MockChain>,
    node: &TestNode,
    customer: &Customer,
) -> SlotId {
    let slot = customer.order_for(chain, node);
    let (swarm, _thread) = client_swarm();
    let file = customer.encoded.manifest.file_id();
    let report = deliver_slots(
        &swarm,
        file,
        customer.manifest(),
        vec![customer.delivery(slot, node)],
        UploadSettings::default(),
        Arc::new(|_| {}),
    )
    .await;
    assert_eq!(report.delivered, vec![slot]);
    swarm.shutdown().await;
    until("the slot is active", || async {
        chain.advance(1);
        chain.slot_state(slot) == Some(SlotState::Active)
    })
    .await;
    slot
}

pub(super) fn request(
    node: &TestNode,
    agreement: AgreementId,
    slot: SlotId,
    nonce: u64,
) -> ExtractRequest {
    let provider = node.provider;
    ExtractRequest {
        agreement,
        provider,
        slot,
        offset: 0,
        length: 8192,
        nonce,
        block: 11,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn voucher_is_taken_once_and_claimed_once() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    node.start().await;
    let customer = Customer::new(20_000);
    let slot = active_slot(&chain, &node, &customer).await;
    let agreement = chain.open_agreement(customer.account(), slot.order);
    let genesis = Genesis([0xee; 32]);
    let (swarm, _thread) = client_swarm();
    swarm
        .connect(node.peer(), node.on().swarm.listen_addresses())
        .await
        .unwrap();

    let asked = request(&node, agreement, slot, 1);
    let signature = customer.key.sign(&extract_signing_bytes(&genesis, &asked));
    let session = swarm
        .extract(node.peer(), asked, customer.key.public(), signature)
        .await
        .unwrap();
    let voucher = Voucher {
        genesis,
        request: asked,
        cumulative_bytes: 8192,
    };
    let signed = customer.key.sign(&voucher.signing_bytes());
    session.send_voucher(voucher, signed).await.unwrap();

    let service = node.on().service.clone();
    let replayed = service.accept_voucher(voucher, signed).await;
    assert_eq!(replayed, Err(Refusal::Unauthorised));
    until("the claim is on the chain", || async {
        chain.advance(1);
        chain.claims().len() == 1
    })
    .await;
    assert_eq!(chain.claims()[0].voucher, voucher);

    // An older nonce, or the same with another range, is a replay.
    let replay = ExtractRequest {
        length: 100,
        ..asked
    };
    let signature = customer.key.sign(&extract_signing_bytes(&genesis, &replay));
    let refused = swarm
        .extract(node.peer(), replay, customer.key.public(), signature)
        .await;
    assert!(matches!(
        refused,
        Err(FetchError::Refused(Refusal::Unauthorised))
    ));

    // A later voucher must promise more than the one before.
    let next = request(&node, agreement, slot, 2);
    let signature = customer.key.sign(&extract_signing_bytes(&genesis, &next));
    service
        .extract(next, customer.key.public(), signature)
        .await
        .unwrap();
    for (cumulative_bytes, expected) in [(8192, Err(Refusal::Unauthorised)), (16_384, Ok(()))] {
        let voucher = Voucher {
            genesis,
            request: next,
            cumulative_bytes,
        };
        let signed = customer.key.sign(&voucher.signing_bytes());
        assert_eq!(service.accept_voucher(voucher, signed).await, expected);
    }
    until("the second claim is on the chain", || async {
        chain.advance(1);
        chain.claims().len() == 2
    })
    .await;
    chain.advance(20);
    assert_eq!(chain.claims().len(), 2, "a claim is filed once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_get_no_proof() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    node.start().await;
    let customer = Customer::new(20_000);
    let slot = active_slot(&chain, &node, &customer).await;
    let agreement = chain.open_agreement(customer.account(), slot.order);
    let genesis = Genesis([0xee; 32]);
    let service = node.on().service.clone();
    let good = request(&node, agreement, slot, 1);
    let sign = |key: &TestKey, request: &ExtractRequest| {
        key.sign(&extract_signing_bytes(&genesis, request))
    };
    let stranger = TestKey::new(78);

    // Not the payer of the agreement.
    let by_stranger = service
        .extract(good, stranger.public(), sign(&stranger, &good))
        .await;
    assert_eq!(by_stranger, Err(Refusal::Unauthorised));
    // Another's signature.
    let forged = service
        .extract(good, customer.key.public(), sign(&stranger, &good))
        .await;
    assert_eq!(forged, Err(Refusal::Unauthorised));
    let key = customer.key.public();
    let bad_agreement = ExtractRequest {
        agreement: AgreementId(99),
        ..good
    };
    let future = ExtractRequest {
        block: 1_000_000,
        ..good
    };
    for bad in [bad_agreement, future] {
        let refused = service.extract(bad, key, sign(&customer.key, &bad)).await;
        assert_eq!(refused, Err(Refusal::Unauthorised));
    }
    let past_end = ExtractRequest {
        offset: 8_000,
        ..good
    };
    let refused = service
        .extract(past_end, key, sign(&customer.key, &past_end))
        .await;
    assert_eq!(refused, Err(Refusal::TooLarge));
    let overflow = ExtractRequest {
        offset: u64::MAX,
        ..good
    };
    let refused = service
        .extract(overflow, key, sign(&customer.key, &overflow))
        .await;
    assert_eq!(refused, Err(Refusal::TooLarge));
    assert_eq!(node.sealer.count("prove_extract"), 0);
    service
        .extract(good, key, sign(&customer.key, &good))
        .await
        .unwrap();
    // A lost answer is given again without a second proof.
    service
        .extract(good, key, sign(&customer.key, &good))
        .await
        .unwrap();
    assert_eq!(node.sealer.count("prove_extract"), 1);
}
