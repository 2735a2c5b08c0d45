//! The chain goes back: a reorganisation, or a power cut of its node. What was done is done again.

use ips_primitives::{
    deal::SlotState,
    sector::{Profile, SectorState},
};

use super::{
    steps::{activate, deliver, next_block, prove_next_window, sealed},
    world::{until, TestNode},
};
use crate::testing::{Gate, MockChain};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmation_whose_block_is_dropped_is_sent_again() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    node.sealer.close(Gate::CommD);
    node.start().await;
    chain.lose("confirm_deal");
    let slot = deliver(&chain, &node).await;
    let claimed = chain.snapshot();
    chain.reach("confirm_deal");
    for round in 0..2 {
        until("the deal is confirmed", || async {
            next_block(&chain).await;
            chain.slot_state(slot) == Some(SlotState::Confirmed)
        })
        .await;
        until("the node knows", || async {
            node.on().engine.status().await.unwrap().slots[0].confirmed
        })
        .await;
        if round == 0 {
            // The node restarts meanwhile: the customer's word is on its disk.
            node.kill().await;
            chain.restore(claimed.clone());
            chain.reach("confirm_deal");
            assert_eq!(chain.slot_state(slot), Some(SlotState::Claimed));
            node.start().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sector_whose_blocks_are_dropped_is_committed_again_but_sealed_once() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    node.start().await;
    chain.lose("pre_commit");
    let slot = deliver(&chain, &node).await;
    until("both replicas are made", || async {
        next_block(&chain).await;
        node.sealer.count("seal") == 2
    })
    .await;
    let before_pre_commit = chain.snapshot();
    chain.reach("pre_commit");
    chain.lose("prove_commit");
    until("both sectors are pre-committed", || async {
        next_block(&chain).await;
        chain.sectors(node.provider).len() == 2
    })
    .await;
    let before_proofs = chain.snapshot();
    chain.reach("prove_commit");
    activate(&chain, slot).await;

    for snapshot in [before_proofs, before_pre_commit] {
        chain.restore(snapshot);
        chain.reach("pre_commit");
        chain.reach("prove_commit");
        assert_ne!(chain.slot_state(slot), Some(SlotState::Active));
        activate(&chain, slot).await;
    }
    let states = chain.sectors(node.provider);
    assert_eq!(states.len(), 2);
    assert!(states.iter().all(|view| view.state == SectorState::Active));
    assert_eq!(node.sealer.count("seal"), 2, "the replicas were there");
    prove_next_window(&chain, &node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storage_proof_whose_block_is_dropped_is_sent_again() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    node.start().await;
    sealed(&chain, &node).await;
    chain.lose("submit_post");
    super::steps::to_window(&chain, &node);
    let open = chain.snapshot();
    chain.reach("submit_post");
    for _ in 0..2 {
        until("the storage proof is accepted", || async {
            chain.proven_periods(node.provider) == 1
        })
        .await;
        chain.restore(open.clone());
        chain.reach("submit_post");
        chain.advance(1);
    }
    until("the storage proof is accepted", || async {
        chain.proven_periods(node.provider) == 1
    })
    .await;
    assert_eq!(chain.missed_periods(node.provider), 0);
}
