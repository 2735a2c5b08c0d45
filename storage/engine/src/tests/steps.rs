//! What many tests do first: deliver, seal, prove.

use std::sync::Arc;

use ips_primitives::{
    deal::SlotState,
    id::{PartitionIndex, SlotId},
};

use super::world::{until, Customer, TestNode};
use crate::testing::MockChain;

/// Hands slot 0 of a file of two pieces to the node.
pub(super) async fn deliver(chain: &MockChain, node: &TestNode) -> SlotId {
    deliver_of(chain, node, &Customer::new(70_000)).await
}

/// Hands slot 0 of a customer's file to the node.
pub(super) async fn deliver_of(chain: &MockChain, node: &TestNode, customer: &Customer) -> SlotId {
    let slot = customer.order_for(chain, node);
    let (service, peer) = (node.on().service.clone(), node.peer());
    let file = customer.encoded.manifest.file_id();
    let manifest = customer.manifest().to_vec();
    service
        .begin_slot(peer, slot, file, manifest)
        .await
        .unwrap();
    for (segment, bytes) in (0..).zip(&customer.slots[0]) {
        service
            .store_fragment(peer, slot, segment, bytes.clone())
            .await
            .unwrap();
    }
    let note = customer.note(slot, node.provider);
    let signature = customer.key.sign(&note.signing_bytes());
    service
        .finish_slot(peer, slot, note, signature)
        .await
        .unwrap();
    slot
}

/// Delivers and waits until everything is sealed.
pub(super) async fn sealed(chain: &Arc<MockChain>, node: &TestNode) -> SlotId {
    sealed_of(chain, node, &Customer::new(70_000)).await
}

/// [`sealed`] of a customer's file.
pub(super) async fn sealed_of(
    chain: &Arc<MockChain>,
    node: &TestNode,
    customer: &Customer,
) -> SlotId {
    let slot = deliver_of(chain, node, customer).await;
    until("the slot is confirmed", || async {
        chain.slot_state(slot) != Some(SlotState::Claimed)
    })
    .await;
    activate(chain, slot).await;
    slot
}

/// Makes blocks until a slot is active.
pub(super) async fn activate(chain: &MockChain, slot: SlotId) {
    until("the slot is active", || async {
        next_block(chain).await;
        chain.slot_state(slot) == Some(SlotState::Active)
    })
    .await;
}

/// Makes a block and leaves the engine a moment for it.
pub(super) async fn next_block(chain: &MockChain) {
    chain.advance(1);
    tokio::time::sleep(std::time::Duration::from_millis(30)).await;
}

/// Goes through the next window and waits for its proof in it.
pub(super) async fn prove_next_window(chain: &Arc<MockChain>, node: &TestNode) {
    let before = chain.proven_periods(node.provider);
    let missed = chain.missed_periods(node.provider);
    to_window(chain, node);
    until("the storage proof is accepted", || async {
        chain.proven_periods(node.provider) > before
    })
    .await;
    assert_eq!(chain.missed_periods(node.provider), missed);
}

/// Makes blocks up to the first of the next window of the provider's first partition.
pub(super) fn to_window(chain: &MockChain, node: &TestNode) {
    let schedule = chain.schedule();
    let deadline = schedule.deadline_of(&node.provider, PartitionIndex(0));
    let window = schedule.next_window(chain.now(), deadline);
    chain.advance(window.opens_at - chain.now());
}
