//! Fetching fragments, ranges, manifests and status.

use std::{sync::atomic::Ordering, time::Duration};

use ips_primitives::{
    hash::sha2_256,
    id::{FileId, FragmentId},
};
use ips_swarm::{Address, FetchError, Refusal};

use crate::support::{bytes, pair, within, Node, QUIC, TCP};

#[tokio::test(flavor = "multi_thread")]
async fn whole_fragments_and_ranges_over_both_transports() {
    for listen in [TCP, QUIC] {
        let (server, client) = pair(listen, |_| {}).await;
        let to = server.peer();
        for length in [1, 65_535, 65_536, 65_537, 1 << 20] {
            let data = bytes(length, 1);
            let id = server.service.put(data.clone());
            let expected = u32::try_from(length).unwrap();
            let got = within(client.swarm.fetch_fragment(to, id, expected)).await;
            assert_eq!(got, Ok(data), "{listen} {length}");
        }
        let data = bytes(300_000, 2);
        let id = server.service.put(data.clone());
        for (offset, length) in [(0u32, 10u32), (65_530, 70_000), (299_999, 50), (300_000, 1)] {
            let range = within(client.swarm.fetch_range(to, id, offset, length))
                .await
                .unwrap();
            let start = usize::try_from(offset).unwrap();
            let end = data.len().min(start + usize::try_from(length).unwrap());
            assert_eq!(range.bytes, data[start..end]);
            assert_eq!((range.total_bytes, range.load_permille), (300_000, 123));
        }
        let past = within(client.swarm.fetch_range(to, id, u32::MAX, u32::MAX))
            .await
            .unwrap();
        assert!(past.bytes.is_empty());
        assert_eq!(client.swarm.last_load(to), Some(123));
        client.stop().await;
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_fetches_at_once_all_arrive() {
    let (server, client) = pair(QUIC, |config| config.limits.streams_per_peer = 64).await;
    let fetches = (0..48u8).map(|seed| {
        let data = bytes(100_000, seed);
        let id = server.service.put(data.clone());
        let (swarm, to) = (client.swarm.clone(), server.peer());
        async move { assert_eq!(swarm.fetch_fragment(to, id, 100_000).await, Ok(data)) }
    });
    within(futures::future::join_all(fetches)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn manifests_and_status_arrive() {
    let (server, client) = pair(TCP, |_| {}).await;
    let manifest = bytes(3_000_000, 3);
    let file = FileId(sha2_256(&[&manifest]));
    server
        .service
        .manifests
        .lock()
        .unwrap()
        .insert(file, manifest.clone());
    let got = within(client.swarm.fetch_manifest(server.peer(), file)).await;
    assert_eq!(got, Ok(manifest.clone()));
    // A holder that has other bytes under the name is caught.
    let other = FileId([7; 32]);
    server
        .service
        .manifests
        .lock()
        .unwrap()
        .insert(other, manifest);
    let got = within(client.swarm.fetch_manifest(server.peer(), other)).await;
    assert_eq!(
        got,
        Err(FetchError::Corrupt {
            peer: server.peer()
        })
    );
    let status = within(client.swarm.status(server.peer())).await.unwrap();
    assert!(status.software.starts_with("ips/"));
    assert_eq!((status.load_permille, status.free_bytes), (123, 1 << 40));
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_and_corrupt_fragments_are_told_apart() {
    let (server, client) = pair(TCP, |_| {}).await;
    let peer = server.peer();
    let absent = within(client.swarm.fetch_fragment(peer, FragmentId([9; 32]), 100)).await;
    assert_eq!(absent, Err(FetchError::Refused(Refusal::NotFound)));
    let absent = within(client.swarm.fetch_manifest(peer, FileId([9; 32]))).await;
    assert_eq!(absent, Err(FetchError::Refused(Refusal::NotFound)));
    let id = server.service.put(bytes(100_000, 4));
    let other_length = within(client.swarm.fetch_fragment(peer, id, 99_999)).await;
    assert_eq!(other_length, Err(FetchError::Corrupt { peer }));
    server.service.corrupt.store(true, Ordering::SeqCst);
    let corrupt = within(client.swarm.fetch_fragment(peer, id, 100_000)).await;
    assert_eq!(corrupt, Err(FetchError::Corrupt { peer }));
    let too_large = within(client.swarm.fetch_fragment(peer, id, (1 << 20) + 1)).await;
    assert_eq!(too_large, Err(FetchError::TooLarge));
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_holder_times_out() {
    let (server, client) = pair(TCP, |config| {
        config.timeouts.keep_alive = Duration::from_millis(50);
        config.timeouts.answer = Duration::from_millis(600);
    })
    .await;
    let id = server.service.put(bytes(10, 5));
    server.service.broken.store(1, Ordering::SeqCst);
    let got = within(client.swarm.fetch_fragment(server.peer(), id, 10)).await;
    assert_eq!(
        got,
        Err(FetchError::Timeout {
            peer: server.peer()
        })
    );
    server.service.broken.store(0, Ordering::SeqCst);
    let got = within(client.swarm.fetch_fragment(server.peer(), id, 10)).await;
    assert_eq!(got, Ok(bytes(10, 5)));
}

#[tokio::test(flavor = "multi_thread")]
async fn absent_peers_are_unreachable_and_clients_do_not_serve() {
    let (server, client) = pair(TCP, |_| {}).await;
    let gone = Node::start(TCP, |_| {});
    let (peer, addresses) = (gone.peer(), gone.addresses().await);
    gone.stop().await;
    let refused = within(client.swarm.connect(peer, addresses)).await;
    assert_eq!(refused, Err(FetchError::Unreachable { peer }));
    let refused = within(client.swarm.fetch_fragment(peer, FragmentId([1; 32]), 1)).await;
    assert_eq!(refused, Err(FetchError::Unreachable { peer }));
    // Another node at a known address is not the one that was asked for.
    let wrong: Vec<Address> = server.addresses().await;
    let stranger = Node::client(|_| {});
    let refused = within(stranger.swarm.connect(peer, wrong)).await;
    assert_eq!(refused, Err(FetchError::Unreachable { peer }));
    let unserved = within(server.swarm.status(client.peer())).await;
    assert!(
        matches!(unserved, Err(FetchError::Protocol { .. })),
        "{unserved:?}"
    );
    let closed = client.swarm.clone();
    client.stop().await;
    assert_eq!(
        within(closed.status(server.peer())).await,
        Err(FetchError::Closed)
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement; run with --ignored --nocapture"]
async fn throughput_of_one_holder() {
    for listen in [TCP, QUIC] {
        let (server, client) = pair(listen, |_| {}).await;
        let data = bytes(1 << 20, 1);
        let id = server.service.put(data.clone());
        let began = std::time::Instant::now();
        for _ in 0..32 {
            let fetches = (0..4).map(|_| client.swarm.fetch_fragment(server.peer(), id, 1 << 20));
            for got in within(futures::future::join_all(fetches)).await {
                assert_eq!(got.unwrap().len(), data.len());
            }
        }
        let rate = 128.0 / began.elapsed().as_secs_f64();
        println!("{listen}: {rate:.0} MiB/s, four streams");
    }
}
