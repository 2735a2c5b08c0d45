//! Storage proofs of several partitions, in time, once each.

use std::sync::Arc;

use ips_primitives::{
    deal::SlotState,
    sector::{Profile, SectorState},
};

use super::{
    steps::{next_block, sealed, sealed_of, to_window},
    world::{until, Customer, TestNode},
};
use crate::testing::{Gate, MockChain};

/// Makes blocks for a whole period.
async fn pass_a_period(chain: &Arc<MockChain>) {
    for _ in 0..chain.schedule().period_blocks {
        next_block(chain).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_partition_is_proven_once_in_every_period_through_restarts() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    node.start().await;
    // Five full pieces and more: two partitions of at most four sectors.
    let slot = sealed_of(&chain, &node, &Customer::new(250_000)).await;
    let sectors = chain.sectors(node.provider);
    assert!(sectors.len() > 4, "{}", sectors.len());
    pass_a_period(&chain).await;
    let before = chain.proven_periods(node.provider);
    let sent = chain.calls("submit_post");
    pass_a_period(&chain).await;
    assert_eq!(chain.proven_periods(node.provider), before + 2);
    assert_eq!(chain.calls("submit_post"), sent + 2);
    for blocks in [3, 4] {
        for _ in 0..blocks {
            next_block(&chain).await;
        }
        node.kill().await;
        node.start().await;
    }
    pass_a_period(&chain).await;
    assert_eq!(chain.missed_periods(node.provider), 0);
    assert_eq!(chain.slot_state(slot), Some(SlotState::Active));
    let made = chain.calls("submit_post");
    let accepted = usize::try_from(chain.proven_periods(node.provider)).unwrap();
    assert_eq!(made, accepted, "none was sent twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proof_that_is_made_too_late_is_not_sent() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    node.start().await;
    sealed(&chain, &node).await;
    node.sealer.close(Gate::ProvePost);
    to_window(&chain, &node);
    next_block(&chain).await;
    chain.advance(10);
    assert_eq!(chain.missed_periods(node.provider), 1);
    node.sealer.open(Gate::ProvePost);
    until("the late proof is made", || async {
        node.sealer.count("prove_post") == 1
    })
    .await;
    next_block(&chain).await;
    assert_eq!(chain.calls("submit_post"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proof_that_did_not_get_through_is_sent_again_and_not_made_again() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    node.start().await;
    sealed(&chain, &node).await;
    chain.lose("submit_post");
    to_window(&chain, &node);
    until("the proof is made", || async {
        node.sealer.count("prove_post") == 1
    })
    .await;
    next_block(&chain).await;
    next_block(&chain).await;
    chain.reach("submit_post");
    until("the proof is accepted", || async {
        next_block(&chain).await;
        chain.proven_periods(node.provider) == 1
    })
    .await;
    assert_eq!(node.sealer.count("prove_post"), 1);
    assert_eq!(chain.missed_periods(node.provider), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_is_found_and_repaired_before_the_window_opens() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    node.start().await;
    sealed(&chain, &node).await;
    to_window(&chain, &node);
    until("the storage proof is accepted", || async {
        chain.proven_periods(node.provider) == 1
    })
    .await;
    let seals = node.sealer.count("seal");
    let number = chain.sectors(node.provider)[0].number;
    let folder = node.config.base_path.join("sectors");
    std::fs::write(folder.join(number.0.to_string()).join("replica"), [7; 64]).unwrap();
    // To four blocks before the next window.
    chain.advance(16);
    until("the replica is made again", || async {
        node.sealer.count("seal") == seals + 1
    })
    .await;
    assert_eq!(node.sealer.count("prove_post"), 1);
    chain.advance(4);
    until("the storage proof is accepted", || async {
        chain.proven_periods(node.provider) == 2
    })
    .await;
    let views = chain.sectors(node.provider);
    assert!(views.iter().all(|view| view.state == SectorState::Active));
    assert_eq!(chain.calls("declare_fault"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_that_cannot_be_repaired_in_time_costs_one_sector_not_the_partition() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    node.start().await;
    sealed(&chain, &node).await;
    to_window(&chain, &node);
    until("the storage proof is accepted", || async {
        chain.proven_periods(node.provider) == 1
    })
    .await;
    node.sealer.close(Gate::Seal);
    let number = chain.sectors(node.provider)[0].number;
    let folder = node.config.base_path.join("sectors");
    std::fs::remove_dir_all(folder.join(number.0.to_string())).unwrap();
    chain.advance(14);
    for _ in 0..5 {
        next_block(&chain).await;
    }
    assert_eq!(chain.calls("declare_fault"), 1);
    chain.advance(1);
    until("the rest of the partition is proven", || async {
        chain.proven_periods(node.provider) == 2
    })
    .await;
    assert_eq!(chain.missed_periods(node.provider), 0);
    node.sealer.open(Gate::Seal);
    until("the sector is recovered", || async {
        next_block(&chain).await;
        let views = chain.sectors(node.provider);
        views.iter().all(|view| view.state == SectorState::Active)
    })
    .await;
}
