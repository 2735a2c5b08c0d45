//! What a node deletes and claims, and on whose word.

use std::sync::Arc;

use ips_primitives::{
    deal::SlotState,
    id::{Genesis, SlotIndex},
    sector::Profile,
};

use super::{
    steps::{next_block, sealed},
    world::{until, Customer, TestNode},
};
use crate::{
    testing::{InstantSealer, MockChain, MockClient, TestKey},
    Engine, EngineError, StoreError,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_deleted_because_a_list_is_short_or_the_chain_is_behind() {
    let chain = MockChain::new(Profile::TEST);
    let young = chain.snapshot();
    let mut node = TestNode::new(&chain, 1);
    node.start().await;
    let slot = sealed(&chain, &node).await;
    chain.hide_deal(slot);
    for _ in 0..8 {
        next_block(&chain).await;
    }
    let slots = || async { node.on().engine.status().await.unwrap().slots.len() };
    assert_eq!(slots().await, 1, "the order itself still names this node");

    // The chain node was wiped and syncs: it knows neither the order nor the sectors.
    chain.advance(20);
    next_block(&chain).await;
    let grown = chain.snapshot();
    chain.restore(young);
    for _ in 0..12 {
        next_block(&chain).await;
    }
    assert_eq!(slots().await, 1);
    assert_eq!(chain.calls("pre_commit"), 0, "and nothing is sent to it");
    chain.restore(grown);
    next_block(&chain).await;
    assert_ne!(chain.slot_state(slot), None);

    // The slot itself is over: now it goes.
    chain.set_slot_state(slot, SlotState::Expired);
    until("the slot is deleted", || async {
        next_block(&chain).await;
        slots().await == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_whose_order_vanished_is_deleted() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    node.start().await;
    let slot = sealed(&chain, &node).await;
    chain.remove_order(slot.order);
    until("slot and sectors are gone", || async {
        next_block(&chain).await;
        let status = node.on().engine.status().await.unwrap();
        status.slots.is_empty() && status.free_bytes == node.config.capacity_bytes
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_refuses_another_chain() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    node.start().await;
    let swarm = node.on().swarm.clone();
    node.kill().await;
    let other = MockChain::with_genesis(Profile::TEST, Genesis([0xdd; 32]));
    let client = Arc::new(MockClient::new(other, TestKey::new(1)));
    let sealer = Arc::new(InstantSealer::new(Profile::TEST));
    // Tasks of the killed engine may hold the store for a moment.
    let mut opened = None;
    until("the store is free", || {
        opened = Engine::open(node.config.clone(), client.clone(), sealer.clone()).ok();
        std::future::ready(opened.is_some())
    })
    .await;
    let engine = opened.unwrap();
    let refused = engine.start(swarm).await.err();
    assert!(
        matches!(
            refused,
            Some(EngineError::Store(StoreError::OtherOwner { .. }))
        ),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_and_old_orders_are_claimed_behind_hundreds_of_closed_ones() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    node.config.claim_slots = true;
    let customer = Customer::new(20_000);
    chain.skip_orders(700);
    let old = chain.order(customer.account(), customer.params());
    chain.skip_orders(900);
    let new = chain.order(customer.account(), customer.params());
    node.start().await;
    let claimed = |order| {
        let slots = (0..6).map(|slot| ips_primitives::id::SlotId {
            order,
            slot: SlotIndex(slot),
        });
        slots
            .filter(|slot| chain.slot_state(*slot) == Some(SlotState::Claimed))
            .count()
    };
    until("both orders have a claim", || async {
        next_block(&chain).await;
        claimed(old) == 1 && claimed(new) == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_that_another_lost_by_late_delivery_is_taken_over() {
    let chain = MockChain::new(Profile::TEST);
    let (mut lazy, mut busy) = (TestNode::new(&chain, 1), TestNode::new(&chain, 2));
    lazy.start().await;
    let customer = Customer::new(20_000);
    let slot = customer.order_for(&chain, &lazy);
    // Every other slot is somebody's already.
    for index in 1..6 {
        let other = ips_primitives::id::SlotId {
            slot: SlotIndex(index),
            ..slot
        };
        chain.set_slot_state(other, SlotState::Expired);
    }
    busy.config.claim_slots = true;
    busy.start().await;
    chain.advance(200);
    let holder = || chain.provider_of(slot);
    assert_eq!(holder(), Some(lazy.provider));
    until("the slot has another provider", || async {
        next_block(&chain).await;
        holder() == Some(busy.provider)
    })
    .await;
}
