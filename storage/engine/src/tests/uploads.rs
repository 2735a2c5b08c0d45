//! Taking slots: what is acknowledged stays, what is wrong is refused.

use ips_primitives::{
    deal::SlotState,
    id::{FileId, SlotId, SlotIndex},
    sector::Profile,
};
use ips_swarm::Refusal;

use super::world::{until, Customer, TestNode};
use crate::testing::{MockChain, TestKey};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_fragments_survive_a_kill_and_half_written_files_do_not() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    node.start().await;
    let customer = Customer::new(70_000);
    let slot = customer.order_for(&chain, &node);
    let file = customer.encoded.manifest.file_id();
    let manifest = customer.manifest().to_vec();

    let service = node.on().service.clone();
    let progress = service
        .begin_slot(node.peer(), slot, file, manifest.clone())
        .await
        .unwrap();
    assert_eq!(progress.missing().count(), 3);
    for segment in [0usize, 2] {
        let bytes = customer.slots[0][segment].clone();
        let at = u32::try_from(segment).unwrap();
        service
            .store_fragment(node.peer(), slot, at, bytes)
            .await
            .unwrap();
    }
    drop(service);
    node.kill().await;
    // What a kill in the middle of a write leaves behind.
    let base = node.config.base_path.clone();
    std::fs::write(base.join("tmp").join("99.part"), b"half a frag").unwrap();

    node.start().await;
    assert!(!base.join("tmp").join("99.part").exists());
    let service = node.on().service.clone();
    let progress = service
        .begin_slot(node.peer(), slot, file, manifest)
        .await
        .unwrap();
    assert_eq!(progress.missing().collect::<Vec<_>>(), vec![1]);
    let id = customer.encoded.manifest.fragment_id(2, 0).unwrap();
    assert_eq!(
        service.read_fragment(id).await.unwrap(),
        Some(customer.slots[0][2].clone())
    );

    // The rest, then the note: the deal is confirmed on the chain.
    let note = customer.note(slot, node.provider);
    let signature = customer.key.sign(&note.signing_bytes());
    let early = service
        .finish_slot(node.peer(), slot, note, signature)
        .await;
    assert_eq!(early, Err(Refusal::Corrupt));
    let bytes = customer.slots[0][1].clone();
    service
        .store_fragment(node.peer(), slot, 1, bytes)
        .await
        .unwrap();
    service
        .finish_slot(node.peer(), slot, note, signature)
        .await
        .unwrap();
    service
        .finish_slot(node.peer(), slot, note, signature)
        .await
        .unwrap();
    until("the deal is confirmed", || async {
        chain.slot_state(slot) == Some(SlotState::Confirmed)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delivery_before_a_kill_is_confirmed_after_the_restart() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    node.start().await;
    let customer = Customer::new(20_000);
    let slot = customer.order_for(&chain, &node);
    chain.lose("confirm_deal");
    let service = node.on().service.clone();
    let file = customer.encoded.manifest.file_id();
    let manifest = customer.manifest().to_vec();
    service
        .begin_slot(node.peer(), slot, file, manifest)
        .await
        .unwrap();
    let bytes = customer.slots[0][0].clone();
    service
        .store_fragment(node.peer(), slot, 0, bytes)
        .await
        .unwrap();
    let note = customer.note(slot, node.provider);
    let signature = customer.key.sign(&note.signing_bytes());
    service
        .finish_slot(node.peer(), slot, note, signature)
        .await
        .unwrap();
    drop(service);
    node.kill().await;
    assert_eq!(chain.slot_state(slot), Some(SlotState::Claimed));
    chain.reach("confirm_deal");
    node.start().await;
    until("the deal is confirmed", || async {
        chain.slot_state(slot) == Some(SlotState::Confirmed)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_slots_bytes_and_signatures_are_refused() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    node.start().await;
    let customer = Customer::new(20_000);
    let slot = customer.order_for(&chain, &node);
    let (file, peer) = (customer.encoded.manifest.file_id(), node.peer());
    let manifest = customer.manifest().to_vec();
    let service = &node.on().service;

    let other = SlotId {
        slot: SlotIndex(1),
        ..slot
    };
    assert_eq!(
        service.admit_slot(peer, other, file).await,
        Err(Refusal::NotClaimed)
    );
    let other_file = service.admit_slot(peer, slot, FileId([9; 32])).await;
    assert_eq!(other_file, Err(Refusal::NotClaimed));
    let bad = service
        .begin_slot(peer, slot, file, manifest[1..].to_vec())
        .await;
    assert_eq!(bad, Err(Refusal::Corrupt));

    service
        .begin_slot(peer, slot, file, manifest)
        .await
        .unwrap();
    let mut bytes = customer.slots[0][0].clone();
    bytes[17] ^= 1;
    assert_eq!(
        service.store_fragment(peer, slot, 0, bytes).await,
        Err(Refusal::Corrupt)
    );
    let bytes = customer.slots[1][0].clone();
    assert_eq!(
        service.store_fragment(peer, slot, 0, bytes).await,
        Err(Refusal::Corrupt)
    );
    let bytes = customer.slots[0][0].clone();
    let outside = service.store_fragment(peer, slot, 1, bytes.clone()).await;
    assert_eq!(outside, Err(Refusal::Corrupt));
    service.store_fragment(peer, slot, 0, bytes).await.unwrap();

    let note = customer.note(slot, node.provider);
    let stranger = TestKey::new(77).sign(&note.signing_bytes());
    let unsigned = service.finish_slot(peer, slot, note, stranger).await;
    assert_eq!(unsigned, Err(Refusal::Unauthorised));
    let mut other_note = note;
    other_note.provider.0[0] ^= 1;
    let signature = customer.key.sign(&other_note.signing_bytes());
    let misdirected = service.finish_slot(peer, slot, other_note, signature).await;
    assert_eq!(misdirected, Err(Refusal::Unauthorised));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_node_refuses_and_has_room_again_when_a_slot_has_ended() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    node.config.capacity_bytes = 30_000;
    node.start().await;
    let (first, second) = (Customer::new(70_000), Customer::new(71_000));
    let (one, two) = (
        first.order_for(&chain, &node),
        second.order_for(&chain, &node),
    );
    let (service, peer) = (node.on().service.clone(), node.peer());
    let begin = |customer: &Customer, slot| {
        let (file, manifest) = (
            customer.encoded.manifest.file_id(),
            customer.manifest().to_vec(),
        );
        let service = service.clone();
        async move { service.begin_slot(peer, slot, file, manifest).await }
    };
    begin(&first, one).await.unwrap();
    let bytes = first.slots[0][0].clone();
    service.store_fragment(peer, one, 0, bytes).await.unwrap();
    assert_eq!(begin(&second, two).await, Err(Refusal::Full));
    assert_eq!(service.status().await.free_bytes, 30_000 - 3 * 8192);

    chain.set_slot_state(one, SlotState::Lost);
    chain.advance(1);
    until("the ended slot is deleted", || async {
        chain.advance(1);
        service.status().await.free_bytes == 30_000
    })
    .await;
    let id = first.encoded.manifest.fragment_id(0, 0).unwrap();
    assert_eq!(service.read_fragment(id).await.unwrap(), None);
    begin(&second, two).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fragment_that_is_damaged_on_disk_is_asked_for_again() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    node.start().await;
    let customer = Customer::new(70_000);
    let slot = customer.order_for(&chain, &node);
    let (file, peer) = (customer.encoded.manifest.file_id(), node.peer());
    let service = node.on().service.clone();
    let begin = || service.begin_slot(peer, slot, file, customer.manifest().to_vec());
    begin().await.unwrap();
    for (segment, bytes) in (0..).zip(&customer.slots[0]) {
        let stored = service.store_fragment(peer, slot, segment, bytes.clone());
        stored.await.unwrap();
    }
    let id = customer.encoded.manifest.fragment_id(1, 0).unwrap();
    let name: String = id.0.iter().map(|byte| format!("{byte:02x}")).collect();
    let path = node.config.base_path.join("fragments");
    let path = path.join(&name[..2]).join(&name[2..4]).join(&name);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&path, bytes).unwrap();

    assert_eq!(service.read_fragment(id).await, Ok(None), "never served");
    let note = customer.note(slot, node.provider);
    let signature = customer.key.sign(&note.signing_bytes());
    let early = service.finish_slot(peer, slot, note, signature).await;
    assert_eq!(early, Err(Refusal::Corrupt));
    let progress = begin().await.unwrap();
    assert_eq!(progress.missing().collect::<Vec<_>>(), vec![1]);
    let again = customer.slots[0][1].clone();
    service.store_fragment(peer, slot, 1, again).await.unwrap();
    service
        .finish_slot(peer, slot, note, signature)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_uploads_and_stops_sealing_but_loses_nothing() {
    let chain = MockChain::new(Profile::TEST);
    let mut node = TestNode::new(&chain, 1);
    chain.lose("confirm_deal");
    node.start().await;
    let slot = super::steps::deliver(&chain, &node).await;
    node.kill().await;

    // Nothing of the disk may be used any more.
    node.config.reserve_bytes = u64::MAX;
    chain.reach("confirm_deal");
    node.start().await;
    let customer = Customer::new(20_000);
    let other = customer.order_for(&chain, &node);
    let service = node.on().service.clone();
    let (file, manifest) = (customer.encoded.manifest.file_id(), customer.manifest());
    let refused = service
        .begin_slot(node.peer(), other, file, manifest.to_vec())
        .await;
    assert_eq!(refused, Err(Refusal::Full));
    assert_eq!(service.status().await.free_bytes, 0);
    for _ in 0..10 {
        super::steps::next_block(&chain).await;
    }
    assert_eq!(chain.slot_state(slot), Some(SlotState::Confirmed));
    assert_eq!(node.sealer.count("seal"), 0);
    drop(service);
    node.kill().await;

    node.config.reserve_bytes = 0;
    node.start().await;
    super::steps::activate(&chain, slot).await;
}
