//! Sealing and proving through kills, damage and missed windows.

use std::collections::BTreeSet;

use ips_primitives::{
    deal::SlotState,
    sector::{Profile, SectorState},
};

use super::{
    steps::{deliver, next_block, prove_next_window, sealed, to_window},
    world::{until, TestNode},
};
use crate::{
    testing::{Gate, MockChain},
    SectorStep,
};

async fn all_at(node: &TestNode, step: SectorStep) -> bool {
    let status = node.on().engine.status().await.unwrap();
    status.sectors.len() == 2 && status.sectors.iter().all(|sector| sector.step == step)
}

async fn restart_at(node: &mut TestNode, step: SectorStep) {
    let current: &TestNode = node;
    until(&format!("all sectors are at {step:?}"), || {
        all_at(current, step)
    })
    .await;
    node.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sealing_resumes_after_a_kill_at_every_step() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    for gate in [Gate::CommD, Gate::Seal, Gate::ProveSeal] {
        node.sealer.close(gate);
    }
    chain.lose("pre_commit");
    node.config.prover_permits = 4;
    node.start().await;
    let slot = deliver(&chain, &node).await;

    restart_at(&mut node, SectorStep::AddPiece).await;
    node.sealer.open(Gate::CommD);
    node.start().await;
    restart_at(&mut node, SectorStep::Sealing).await;
    node.sealer.open(Gate::Seal);
    node.start().await;
    restart_at(&mut node, SectorStep::PreCommit).await;
    chain.reach("pre_commit");
    node.start().await;
    restart_at(&mut node, SectorStep::WaitSeed).await;
    node.start().await;
    chain.advance(3);
    restart_at(&mut node, SectorStep::Commit).await;
    node.sealer.open(Gate::ProveSeal);
    node.start().await;
    restart_at(&mut node, SectorStep::Proving).await;
    node.start().await;

    assert_eq!(chain.slot_state(slot), Some(SlotState::Active));
    let sectors = chain.sectors(node.provider);
    assert_eq!(sectors.len(), 2, "a restart must not seal a piece twice");
    let pieces: BTreeSet<_> = sectors
        .iter()
        .flat_map(|sector| &sector.pieces)
        .map(|piece| piece.index)
        .collect();
    assert_eq!(pieces.len(), 2);
    prove_next_window(&chain, &node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_replica_is_made_again_and_proven_in_the_same_window() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    node.start().await;
    sealed(&chain, &node).await;
    prove_next_window(&chain, &node).await;
    let seals = node.sealer.count("seal");
    let number = chain.sectors(node.provider)[0].number;
    let folder = node
        .config
        .base_path
        .join("sectors")
        .join(number.0.to_string());
    std::fs::write(folder.join("replica"), [0; 64]).unwrap();
    prove_next_window(&chain, &node).await;
    assert_eq!(node.sealer.count("seal"), seals + 1);
    let states: Vec<_> = chain
        .sectors(node.provider)
        .iter()
        .map(|s| s.state)
        .collect();
    assert_eq!(states, vec![SectorState::Active; 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missed_window_is_recovered_in_the_next() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    node.start().await;
    sealed(&chain, &node).await;
    chain.lose("submit_post");
    to_window(&chain, &node);
    chain.advance(10);
    assert_eq!(chain.missed_periods(node.provider), 1);
    let is_faulty = |state| state == SectorState::Faulty;
    assert!(chain
        .sectors(node.provider)
        .iter()
        .all(|sector| is_faulty(sector.state)));
    chain.reach("submit_post");
    let before = chain.proven_periods(node.provider);
    until("the sectors are recovered", || async {
        // Block by block, so that the engine sees blocks outside of windows.
        chain.advance(1);
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        chain.proven_periods(node.provider) > before
    })
    .await;
    assert!(chain
        .sectors(node.provider)
        .iter()
        .any(|s| s.state == SectorState::Active));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expired_pre_commit_is_sealed_under_a_new_number() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    node.sealer.close(Gate::ProveSeal);
    node.start().await;
    let slot = deliver(&chain, &node).await;
    until("both sectors are pre-committed", || async {
        chain.sectors(node.provider).len() == 2
    })
    .await;
    let old: BTreeSet<_> = chain
        .sectors(node.provider)
        .iter()
        .map(|s| s.number)
        .collect();
    node.kill().await;
    chain.advance(60);
    node.sealer.open(Gate::ProveSeal);
    node.start().await;
    until("new sectors are pre-committed", || async {
        let sectors = chain.sectors(node.provider);
        sectors.len() == 2 && sectors.iter().all(|sector| !old.contains(&sector.number))
    })
    .await;
    chain.advance(3);
    until("the slot is active", || async {
        chain.slot_state(slot) == Some(SlotState::Active)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ended_slots_free_their_sectors_and_pay_is_collected_before() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    node.config.settle_every_blocks = 5;
    node.start().await;
    let slot = sealed(&chain, &node).await;
    until("the slot is settled", || async {
        chain.advance(1);
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        chain.settled().contains(&slot)
    })
    .await;
    chain.set_slot_state(slot, SlotState::Expired);
    until("slot and sectors are gone", || async {
        chain.advance(1);
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        let status = node.on().engine.status().await.unwrap();
        status.slots.is_empty()
            && status
                .sectors
                .iter()
                .all(|s| s.step == SectorStep::Terminated)
    })
    .await;
    let sectors = node.config.base_path.join("sectors");
    assert_eq!(std::fs::read_dir(sectors).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_never_asks_for_its_own_overdue_slot_to_be_taken_away() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    node.config.settle_every_blocks = 5;
    node.sealer.close(Gate::ProveSeal);
    node.start().await;
    let slot = deliver(&chain, &node).await;
    until("both sectors are pre-committed", || async {
        chain.sectors(node.provider).len() == 2
    })
    .await;
    chain.advance(chain.seal_blocks() + 1);
    for _ in 0..20 {
        next_block(&chain).await;
    }
    assert_eq!(chain.calls("settle"), 0);
    assert_eq!(chain.slot_state(slot), Some(SlotState::Confirmed));
}
