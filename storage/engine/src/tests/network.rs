//! The main job with six nodes: order, claims by lottery, upload, sealing, reading with dead nodes.

use std::sync::{
    atomic::{AtomicU32, Ordering},
    Arc,
};

use async_trait::async_trait;
use ips_encoding::Decoder;
use ips_primitives::{
    deal::SlotState,
    id::{SlotId, SlotIndex},
    sector::Profile,
};

use super::world::{client_swarm, until, Customer, TestNode, ERASURE};
use crate::{
    layout::FileMap,
    retrieval::{
        fetch_segments, FetchedSegment, Holders, RetrievalError, RetrievalSettings, SegmentSink,
        Want,
    },
    testing::MockChain,
    upload::{deliver_slots, UploadEvent, UploadSettings},
};

struct Decode {
    decoder: Decoder,
    bytes: Vec<u8>,
}

#[async_trait]
impl SegmentSink for Decode {
    async fn segment(&mut self, mut segment: FetchedSegment) -> std::io::Result<()> {
        let part = self
            .decoder
            .decode_segment(segment.segment, &mut segment.fragments)
            .map_err(std::io::Error::other)?;
        self.bytes.extend(part);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn file_is_placed_sealed_and_read_back_without_half_of_the_nodes() {
    let chain = MockChain::new(Profile::TEST);
    let mut nodes: Vec<TestNode> = (1..=6)
        .map(|number| TestNode::new(&chain, number))
        .collect();
    for node in &mut nodes {
        node.config.claim_slots = true;
        node.start().await;
    }
    let customer = Customer::new(150_000);
    let order = chain.order(customer.account(), customer.params());
    let slots: Vec<SlotId> = (0..u16::from(ERASURE.total()))
        .map(|slot| SlotId {
            order,
            slot: SlotIndex(slot),
        })
        .collect();
    let all_are = |state| {
        slots
            .iter()
            .all(|slot| chain.slot_state(*slot) == Some(state))
    };
    until("all slots are claimed", || async {
        chain.advance(1);
        all_are(SlotState::Claimed)
    })
    .await;

    let (swarm, _thread) = client_swarm();
    let mut holders = Holders::empty(1, slots.len());
    let mut deliveries = Vec::new();
    for node in &nodes {
        let sectors =
            crate::chain::ChainReader::deals_of(node.on().engine.chain().as_ref(), node.provider);
        let deals = sectors.await.unwrap();
        assert_eq!(deals.len(), 1, "one slot of a group for each operator");
        holders.add(0, deals[0].slot.slot, node.holder());
        deliveries.push(customer.delivery(deals[0].slot, node));
    }
    let stored = Arc::new(AtomicU32::new(0));
    let counter = stored.clone();
    let report = deliver_slots(
        &swarm,
        customer.encoded.manifest.file_id(),
        customer.manifest(),
        deliveries,
        UploadSettings::default(),
        Arc::new(move |event| {
            if let UploadEvent::Delivered { .. } = event {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        }),
    )
    .await;
    assert_eq!((report.delivered.len(), report.failed.len()), (6, 0));
    assert_eq!(stored.load(Ordering::SeqCst), 6);
    until("all slots are active", || async {
        chain.advance(1);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        all_are(SlotState::Active)
    })
    .await;

    let map = FileMap::from_manifest(&customer.encoded.manifest);
    for dead in [0, 2, 4] {
        nodes[dead].kill().await;
    }
    let bytes = read(&swarm, &map, &holders, &customer).await.unwrap();
    assert!(bytes == customer.bytes);
    nodes[1].kill().await;
    let lost = read(&swarm, &map, &holders, &customer).await;
    let Err(RetrievalError::Missing { missing, .. }) = lost else {
        panic!("{lost:?}")
    };
    assert_eq!((missing[0].have, missing[0].need), (2, 3));
    assert_eq!(missing[0].failures.len(), 4);
    for node in nodes.iter_mut().filter(|node| node.running.is_some()) {
        node.on().engine.shutdown().await;
        node.kill().await;
    }
}

async fn read(
    swarm: &ips_swarm::Swarm,
    map: &FileMap,
    holders: &Holders,
    customer: &Customer,
) -> Result<Vec<u8>, RetrievalError> {
    let decoder = Decoder::new(customer.encoded.manifest.clone(), None).unwrap();
    let mut sink = Decode {
        decoder,
        bytes: Vec::new(),
    };
    let wants = Want::whole(0..map.segments());
    let settings = RetrievalSettings::default();
    fetch_segments(swarm, map, holders, wants, settings, &mut sink).await?;
    Ok(sink.bytes)
}
