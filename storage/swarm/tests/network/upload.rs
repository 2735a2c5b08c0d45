//! Handing slots over: resumption, back-pressure, refusals.

use std::sync::{
    atomic::{AtomicU32, Ordering},
    Arc,
};

use ips_primitives::{
    deal::DeliveryNote,
    hash::sha2_256,
    id::{FileId, ProviderId, Signature, SlotId},
    slot::SlotRoot,
};
use ips_swarm::{FetchError, Refusal, SegmentSource, SlotUpload, UploadProgress};

use crate::support::{bytes, pair, slot, within, Node, GENESIS, QUIC, TCP};

const SEGMENTS: u32 = 12;
const FRAGMENT: usize = 200_000;

fn upload(slot: SlotId) -> SlotUpload {
    let mut manifest = SEGMENTS.to_le_bytes().to_vec();
    manifest.extend(bytes(600_000, 9));
    let fragments: Vec<Vec<u8>> = (0..SEGMENTS)
        .map(|segment| bytes(FRAGMENT, u8::try_from(segment).unwrap()))
        .collect();
    SlotUpload {
        slot,
        file: FileId(sha2_256(&[&manifest])),
        manifest: manifest.into(),
        segments: SEGMENTS,
        source: Arc::new(fragments),
        note: DeliveryNote {
            genesis: GENESIS,
            slot,
            provider: ProviderId([1; 32]),
            slot_root: SlotRoot([2; 32]),
        },
        signature: Signature([3; 64]),
        progress: None,
    }
}

/// Every segment arrived exactly once, in order, with its bytes, and the note at the end.
fn assert_complete(server: &Node, upload: &SlotUpload) {
    let slots = server.service.slots.lock().unwrap();
    let received = &slots[&upload.slot];
    let expected: Vec<_> = (0..SEGMENTS)
        .map(|segment| (segment, bytes(FRAGMENT, u8::try_from(segment).unwrap())))
        .collect();
    assert!(received.fragments == expected, "fragments differ");
    assert_eq!(received.note, Some((upload.note, upload.signature)));
    let manifests = server.service.manifests.lock().unwrap();
    assert_eq!(manifests[&upload.file], upload.manifest.to_vec());
}

#[tokio::test(flavor = "multi_thread")]
async fn slot_is_handed_over_with_progress() {
    for listen in [TCP, QUIC] {
        let (server, client) = pair(listen, |_| {}).await;
        let reports = Arc::new(std::sync::Mutex::new(Vec::new()));
        let seen = reports.clone();
        let upload = SlotUpload {
            progress: Some(Arc::new(move |progress| {
                seen.lock().unwrap().push(progress)
            })),
            ..upload(slot(1))
        };
        within(client.swarm.store_slot(server.peer(), upload.clone()))
            .await
            .unwrap();
        assert_complete(&server, &upload);
        let expected: Vec<_> = (0..=SEGMENTS)
            .map(|stored| UploadProgress {
                stored,
                segments: SEGMENTS,
            })
            .collect();
        assert_eq!(*reports.lock().unwrap(), expected);
        // Again: nothing is sent twice, the note is.
        within(client.swarm.store_slot(server.peer(), upload.clone()))
            .await
            .unwrap();
        assert_complete(&server, &upload);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_connection_resumes_where_it_stopped() {
    let (server, client) = pair(TCP, |_| {}).await;
    let (cutter, victim) = (server.swarm.clone(), client.peer());
    let cuts = Arc::new(AtomicU32::new(0));
    let counter = cuts.clone();
    let runtime = tokio::runtime::Handle::current();
    let upload = SlotUpload {
        progress: Some(Arc::new(move |progress: UploadProgress| {
            if progress.stored == 5 && counter.fetch_add(1, Ordering::SeqCst) == 0 {
                let cutter = cutter.clone();
                runtime.spawn(async move { cutter.disconnect(victim).await });
            }
        })),
        ..upload(slot(2))
    };
    let source = Arc::new(Slow(upload.source.clone()));
    let upload = SlotUpload { source, ..upload };
    within(client.swarm.store_slot(server.peer(), upload.clone()))
        .await
        .unwrap();
    assert!(cuts.load(Ordering::SeqCst) >= 1);
    assert_complete(&server, &upload);
}

/// Gives a connection time to be cut in the middle.
struct Slow(Arc<dyn SegmentSource>);

#[async_trait::async_trait]
impl SegmentSource for Slow {
    async fn fragment(&self, segment: u32) -> std::io::Result<Vec<u8>> {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        self.0.fragment(segment).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusal_in_the_middle_arrives_and_a_later_upload_completes() {
    let (server, client) = pair(TCP, |_| {}).await;
    let upload = upload(slot(3));
    server.service.full_at.store(4, Ordering::SeqCst);
    let full = within(client.swarm.store_slot(server.peer(), upload.clone())).await;
    assert_eq!(full, Err(FetchError::Refused(Refusal::Full)));
    let have = server.service.slots.lock().unwrap()[&upload.slot]
        .fragments
        .len();
    assert_eq!(have, 4);
    within(client.swarm.store_slot(server.peer(), upload.clone()))
        .await
        .unwrap();
    assert_complete(&server, &upload);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_keeps_its_reason() {
    let (server, client) = pair(TCP, |_| {}).await;
    let to = server.peer();
    let unclaimed = within(client.swarm.store_slot(to, upload(slot(u64::MAX)))).await;
    assert_eq!(unclaimed, Err(FetchError::Refused(Refusal::NotClaimed)));
    for reason in [
        Refusal::Busy,
        Refusal::NotFound,
        Refusal::NotClaimed,
        Refusal::Corrupt,
        Refusal::TooLarge,
        Refusal::Unauthorised,
        Refusal::Full,
        Refusal::Internal,
    ] {
        *server.service.refuse.lock().unwrap() = Some(reason);
        let refused = within(client.swarm.store_slot(to, upload(slot(4)))).await;
        assert_eq!(refused, Err(FetchError::Refused(reason)));
    }
    *server.service.refuse.lock().unwrap() = None;
    let other_file = SlotUpload {
        file: FileId([1; 32]),
        ..upload(slot(5))
    };
    let refused = within(client.swarm.store_slot(to, other_file)).await;
    assert_eq!(refused, Err(FetchError::Refused(Refusal::Corrupt)));
    let mut other_note = upload(slot(6));
    other_note.note.slot = slot(7);
    let refused = within(client.swarm.store_slot(to, other_note)).await;
    assert_eq!(refused, Err(FetchError::Refused(Refusal::Corrupt)));
    let unfinished = server.service.slots.lock().unwrap()[&slot(6)]
        .note
        .is_none();
    assert!(unfinished);
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_own_mistakes_are_not_blamed_on_the_peer() {
    let (server, client) = pair(TCP, |_| {}).await;
    let to = server.peer();
    let short = SlotUpload {
        source: Arc::new(vec![vec![1u8; 10]; 3]),
        ..upload(slot(8))
    };
    let failed = within(client.swarm.store_slot(to, short)).await;
    let kind = std::io::ErrorKind::NotFound;
    assert_eq!(failed, Err(FetchError::Source { segment: 3, kind }));
    let wide: Vec<Vec<u8>> = vec![vec![0; (1 << 20) + 1]; 12];
    let wide = SlotUpload {
        source: Arc::new(wide),
        ..upload(slot(9))
    };
    let failed = within(client.swarm.store_slot(to, wide)).await;
    assert_eq!(failed, Err(FetchError::TooLarge));
    let vast = SlotUpload {
        manifest: vec![0; (64 << 20) + 1].into(),
        ..upload(slot(10))
    };
    let failed = within(client.swarm.store_slot(to, vast)).await;
    assert_eq!(failed, Err(FetchError::TooLarge));
    assert!(!server.service.slots.lock().unwrap().contains_key(&slot(10)));
}
