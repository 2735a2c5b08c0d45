//! Retrieval from holders that lie, hang and vanish.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
    time::Duration,
};

use async_trait::async_trait;
use ips_encoding::Decoder;
use ips_primitives::{
    fragment::ErasureParams,
    id::{FragmentId, ProviderId, SlotIndex},
};
use ips_swarm::{FetchError, NodeKey, PeerId};

use super::world::{Customer, ERASURE};
use crate::{
    layout::FileMap,
    retrieval::{
        fetch_segments, FetchedSegment, Holder, HolderNetwork, Holders, RetrievalError,
        RetrievalSettings, SegmentSink, Want,
    },
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Honest,
    Lies,
    Hangs,
    Dead,
}

/// Holders in memory: peer `i` holds slot `i`; later ones are second holders.
struct Fake {
    fragments: HashMap<FragmentId, Vec<u8>>,
    manners: HashMap<PeerId, Manner>,
    asked: Mutex<Vec<PeerId>>,
}

#[async_trait]
impl HolderNetwork for Fake {
    async fn fetch(
        &self,
        holder: &Holder,
        id: FragmentId,
        _expected_bytes: u32,
    ) -> Result<Vec<u8>, FetchError> {
        self.asked.lock().unwrap().push(holder.peer);
        let mut bytes = self.fragments[&id].clone();
        match self.manners[&holder.peer] {
            Manner::Honest => Ok(bytes),
            Manner::Lies => {
                bytes[5] ^= 1;
                Ok(bytes)
            }
            Manner::Hangs => std::future::pending().await,
            Manner::Dead => Err(FetchError::Unreachable { peer: holder.peer }),
        }
    }
}

#[derive(Default)]
struct Collect(Vec<FetchedSegment>);

#[async_trait]
impl SegmentSink for Collect {
    async fn segment(&mut self, segment: FetchedSegment) -> std::io::Result<()> {
        self.0.push(segment);
        Ok(())
    }
}

fn peer(number: u8) -> PeerId {
    NodeKey::from_seed([number; 32]).peer_id()
}

fn holder(number: u8) -> Holder {
    Holder {
        provider: ProviderId([number; 32]),
        peer: peer(number),
        addresses: Vec::new(),
    }
}

struct Setting {
    customer: Customer,
    map: FileMap,
    holders: Holders,
    fake: Fake,
}

fn setting(length: usize, manners: &[(u8, Manner)]) -> Setting {
    let customer = Customer::new(length);
    let map = FileMap::from_manifest(&customer.encoded.manifest);
    let mut holders = Holders::empty(1, 6);
    for slot in 0..6 {
        holders.add(0, SlotIndex(u16::from(slot)), holder(slot));
    }
    let mut fragments = HashMap::new();
    for (slot, bytes) in (0..).zip(&customer.slots) {
        for (segment, bytes) in (0..).zip(bytes) {
            let id = customer
                .encoded
                .manifest
                .fragment_id(segment, slot)
                .unwrap();
            fragments.insert(id, bytes.clone());
        }
    }
    let mut known: HashMap<_, _> = (0..20).map(|i| (peer(i), Manner::Honest)).collect();
    known.extend(
        manners
            .iter()
            .map(|(number, manner)| (peer(*number), *manner)),
    );
    let fake = Fake {
        fragments,
        manners: known,
        asked: Mutex::default(),
    };
    Setting {
        customer,
        map,
        holders,
        fake,
    }
}

fn quick() -> RetrievalSettings {
    RetrievalSettings {
        hedge_after_max: Duration::from_millis(100),
        hedge_after_min: Duration::from_millis(100),
        attempt_limit: Duration::from_millis(500),
        ..RetrievalSettings::default()
    }
}

impl Setting {
    async fn read(&self) -> (Result<crate::retrieval::Served, RetrievalError>, Collect) {
        let mut sink = Collect::default();
        let wants = Want::whole(0..self.map.segments());
        let read = fetch_segments(
            &self.fake,
            &self.map,
            &self.holders,
            wants,
            quick(),
            &mut sink,
        )
        .await;
        (read, sink)
    }

    fn assert_is_file(&self, sink: Collect) {
        let decoder = Decoder::new(self.customer.encoded.manifest.clone(), None).unwrap();
        let mut bytes = Vec::new();
        for (expected, mut segment) in (0..).zip(sink.0) {
            assert_eq!(segment.segment, expected);
            let part = decoder
                .decode_segment(expected, &mut segment.fragments)
                .unwrap();
            bytes.extend(part);
        }
        assert!(bytes == self.customer.bytes);
    }
}

#[tokio::test]
async fn honest_holders_of_data_serve_all() {
    let setting = setting(200_000, &[]);
    let (served, sink) = setting.read().await;
    let served = served.unwrap();
    let segments = u64::from(setting.map.segments());
    assert_eq!(served.len(), 3, "the data fragments need no decoding");
    assert!(served.values().all(|bytes| *bytes == segments * 8192));
    setting.assert_is_file(sink);
}

#[tokio::test]
async fn a_liar_is_asked_no_more_and_another_holder_is_used() {
    let mut setting = setting(500_000, &[(1, Manner::Lies)]);
    setting.holders.add(0, SlotIndex(1), holder(11));
    let (served, sink) = setting.read().await;
    let served = served.unwrap();
    assert!(!served.contains_key(&ProviderId([1; 32])));
    setting.assert_is_file(sink);
    let asked = setting.fake.asked.lock().unwrap();
    let lies = asked.iter().filter(|asked| **asked == peer(1)).count();
    assert!(
        lies <= 3,
        "only the segments of the first window asked it, not {lies}"
    );
}

#[tokio::test]
async fn a_hanging_holder_is_overtaken() {
    let setting = setting(500_000, &[(0, Manner::Hangs)]);
    let began = tokio::time::Instant::now();
    let (served, sink) = setting.read().await;
    served.unwrap();
    setting.assert_is_file(sink);
    let took = began.elapsed();
    let segments = setting.map.segments();
    assert!(segments > 15);
    // Only the first window waits for it.
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test]
async fn parity_dead_holders_do_no_harm() {
    let dead = [(0, Manner::Dead), (2, Manner::Dead), (4, Manner::Lies)];
    let setting = setting(200_000, &dead);
    let (served, sink) = setting.read().await;
    assert_eq!(served.unwrap().len(), 3);
    setting.assert_is_file(sink);
}

#[tokio::test]
async fn more_than_parity_dead_tells_exactly_what_is_missing() {
    let dead: Vec<_> = [0, 2, 3, 5].map(|slot| (slot, Manner::Dead)).to_vec();
    let mut setting = setting(60_000, &dead);
    setting.holders.groups[0][5].clear();
    let (read, sink) = setting.read().await;
    let Err(RetrievalError::Missing { missing, .. }) = read else {
        panic!("{read:?}")
    };
    assert!(sink.0.is_empty());
    let segments: Vec<u32> = missing.iter().map(|lacks| lacks.segment).collect();
    assert_eq!(segments, vec![0, 1, 2]);
    for lacks in &missing {
        assert_eq!((lacks.have, lacks.need), (2, 3));
        assert_eq!(lacks.without_holder, vec![SlotIndex(5)]);
        let failed: HashSet<_> = lacks.failures.iter().map(|f| f.provider.0[0]).collect();
        assert_eq!(failed, HashSet::from([0, 2, 3]));
        let is_dead = |error| matches!(error, FetchError::Unreachable { .. });
        assert!(lacks.failures.iter().all(|failure| is_dead(failure.error)));
    }
}

#[tokio::test]
async fn every_holder_of_a_missing_fragment_is_reported_in_every_segment() {
    let liars = [0, 1, 2, 3].map(|slot| (slot, Manner::Lies));
    let setting = setting(400_000, &liars);
    // One segment after the other, so that the later ones meet holders that are asked no more.
    let settings = RetrievalSettings {
        window_segments: 2,
        ..quick()
    };
    let wants = Want::whole(0..setting.map.segments());
    let mut sink = Collect::default();
    let (fake, map, holders) = (&setting.fake, &setting.map, &setting.holders);
    let read = fetch_segments(fake, map, holders, wants, settings, &mut sink).await;
    let Err(RetrievalError::Missing { missing, .. }) = read else {
        panic!("{read:?}")
    };
    assert_eq!(missing.len(), 2);
    for lacks in &missing {
        let failed: HashSet<_> = lacks.failures.iter().map(|f| f.provider.0[0]).collect();
        assert_eq!(failed, HashSet::from([0, 1, 2, 3]));
        let is_lie = |error| matches!(error, FetchError::Corrupt { .. });
        assert!(lacks.failures.iter().all(|failure| is_lie(failure.error)));
    }
}

#[tokio::test]
async fn holders_that_all_hang_end_the_reading_with_their_names() {
    let hanging: Vec<_> = (0..6).map(|slot| (slot, Manner::Hangs)).collect();
    let setting = setting(20_000, &hanging);
    let (read, _) = setting.read().await;
    let Err(RetrievalError::Missing { missing, .. }) = read else {
        panic!("{read:?}")
    };
    assert_eq!((missing[0].have, missing[0].failures.len()), (0, 6));
    let is_late = |error| matches!(error, FetchError::Timeout { .. });
    assert!(missing[0]
        .failures
        .iter()
        .all(|failure| is_late(failure.error)));
}

#[tokio::test]
async fn a_range_fetches_only_the_fragments_that_hold_it() {
    let setting = setting(60_000, &[]);
    let wants = vec![Want {
        segment: 1,
        rows: Some(2..3),
    }];
    let mut sink = Collect::default();
    let read = fetch_segments(
        &setting.fake,
        &setting.map,
        &setting.holders,
        wants,
        quick(),
        &mut sink,
    )
    .await;
    assert_eq!(read.unwrap().len(), 1);
    assert_eq!(setting.fake.asked.lock().unwrap().len(), 1);
    let got: Vec<bool> = sink.0[0].fragments.iter().map(Option::is_some).collect();
    assert_eq!(got, vec![false, false, true, false, false, false]);

    let outside = vec![Want {
        segment: 99,
        rows: None,
    }];
    let read = fetch_segments(
        &setting.fake,
        &setting.map,
        &setting.holders,
        outside,
        quick(),
        &mut sink,
    )
    .await;
    assert!(matches!(read, Err(RetrievalError::OutOfRange { .. })));
}

#[tokio::test]
async fn a_lost_fragment_of_a_range_is_replaced_by_a_whole_segment() {
    let setting = setting(60_000, &[(2, Manner::Dead)]);
    let wants = vec![Want {
        segment: 1,
        rows: Some(2..3),
    }];
    let mut sink = Collect::default();
    fetch_segments(
        &setting.fake,
        &setting.map,
        &setting.holders,
        wants,
        quick(),
        &mut sink,
    )
    .await
    .unwrap();
    let have = sink.0[0]
        .fragments
        .iter()
        .filter(|fragment| fragment.is_some())
        .count();
    assert_eq!(have, 3);
}

#[test]
fn the_test_file_has_the_assumed_parameters() {
    assert_eq!(ERASURE, ErasureParams { data: 3, parity: 3 });
    assert_eq!(
        FileMap::from_manifest(&Customer::new(60_000).encoded.manifest).segments(),
        3
    );
}
