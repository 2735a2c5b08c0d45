//! Lines that break or go dead, peers that drag, and peers that are banned.

use std::{sync::atomic::Ordering, time::Duration};

use codec::Encode as _;
use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use ips_primitives::id::FileId;
use ips_swarm::{FetchError, SwarmConfig};

use crate::{
    proxy::Proxy,
    support::{assert_serves, bytes, frame, pair, raw_client, slot, until, within, Node, TCP},
};

/// A storage node, a customer connected with it through a proxy, and the proxy.
async fn behind_proxy(change: impl Fn(&mut SwarmConfig)) -> (Node, Node, Proxy) {
    let change = |config: &mut SwarmConfig| {
        // Else the server would tell the customer the way around the proxy.
        config.local_network = false;
        change(config);
    };
    let (server, client) = (Node::start(TCP, change), Node::client(change));
    let proxy = Proxy::start(&server.addresses().await[0]).await;
    within(
        client
            .swarm
            .connect(server.peer(), vec![proxy.address.clone()]),
    )
    .await
    .unwrap();
    (server, client, proxy)
}

#[tokio::test(flavor = "multi_thread")]
async fn fetch_goes_on_where_the_line_was_cut() {
    let (server, client, proxy) = behind_proxy(|_| {}).await;
    let data = bytes(1 << 20, 3);
    let id = server.service.put(data.clone());
    let before = proxy.passed();
    proxy.cut_after(700_000);
    let got = within(client.swarm.fetch_fragment(server.peer(), id, 1 << 20)).await;
    assert_eq!(got, Ok(data));
    assert_eq!(proxy.connections(), 2);
    assert_eq!(server.service.reads.load(Ordering::SeqCst), 2);
    let passed = proxy.passed() - before;
    // What came before the cut did not come again: at most what was on the way then.
    assert!(passed < (1 << 20) + 500_000, "{passed} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_line_is_noticed_by_both_ends_and_replaced() {
    let (server, client, proxy) = behind_proxy(|config| {
        config.timeouts.ping = Duration::from_millis(300);
        config.timeouts.frame = Duration::from_secs(2);
        // Long enough to be no reason for closing anything here.
        config.timeouts.idle_connection = Duration::from_secs(3600);
    })
    .await;
    let id = server.service.put(bytes(1000, 4));
    let peer = server.peer();
    within(client.swarm.fetch_fragment(peer, id, 1000))
        .await
        .unwrap();
    proxy.go_dead();
    let hangs = within(client.swarm.fetch_fragment(peer, id, 1000)).await;
    let noticed = [FetchError::Timeout { peer }, FetchError::Closed];
    // A fresh connection may be there already.
    assert!(
        hangs.is_ok() || noticed.iter().any(|error| hangs == Err(*error)),
        "{hangs:?}"
    );
    until(|| async { client.swarm.fetch_fragment(peer, id, 1000).await.is_ok() }).await;
    assert!(proxy.connections() >= 2);
    // The server has only the new connection as well, and no half of the old one.
    until(|| async { server.swarm.connected_peers().await.unwrap() == [client.peer()] }).await;
    client.stop().await;
    until(|| async { server.swarm.connected_peers().await.unwrap().is_empty() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reader_that_does_not_read_is_dropped() {
    let (server, mut raw) = raw_client(|config| {
        config.timeouts.answer = Duration::from_millis(500);
        config.timeouts.bytes_per_second_min = 1 << 20;
        config.limits.streams = 1;
    })
    .await;
    let id = server.service.put(bytes(1 << 20, 5));
    let request = frame(&(0u8, id, 0u32, u32::MAX).encode());
    let mut stream = raw.open(server.peer()).await;
    within(stream.write_all(&request)).await.unwrap();
    within(stream.flush()).await.unwrap();
    until(|| async { server.service.reads.load(Ordering::SeqCst) == 1 }).await;
    // Its answer does not fit what the line holds by itself, and the only place is free again.
    let client = Node::client(|_| {});
    client.connect(&server).await;
    until(|| async { client.swarm.status(server.peer()).await.is_ok() }).await;
    drop(stream);
}

#[tokio::test(flavor = "multi_thread")]
async fn manifest_dragged_out_frame_by_frame_is_dropped() {
    let (server, mut raw) = raw_client(|config| {
        config.timeouts.answer = Duration::from_secs(1);
        config.timeouts.bytes_per_second_min = 1 << 20;
    })
    .await;
    let total: u32 = 64 << 20;
    let request = frame(&(2u8, slot(1), FileId([1; 32]), total).encode());
    let part = frame(&(0u8, vec![0u8; 256 << 10]).encode());
    let mut stream = raw.open(server.peer()).await;
    within(stream.write_all(&request)).await.unwrap();
    within(stream.flush()).await.unwrap();
    let mut accepted = [0; 6];
    within(stream.read_exact(&mut accepted)).await.unwrap();
    // Each frame is in time by far; all together they would hold the memory for minutes.
    let drag = async {
        while stream.write_all(&part).await.is_ok() && stream.flush().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    within(drag).await;
    assert_serves(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_streams_than_a_connection_may_have_hurt_nobody_else() {
    let (server, mut raw) = raw_client(|_| {}).await;
    let mut held = Vec::new();
    let opened = async {
        for _ in 0..300 {
            match raw.try_open(server.peer()).await {
                Some(mut stream) => {
                    let _ = stream.write_all(&[1]).await;
                    let _ = stream.flush().await;
                    held.push(stream);
                }
                None => break,
            }
        }
    };
    // An attempt on a connection that was closed for it waits for ever.
    let _ = tokio::time::timeout(Duration::from_secs(4), opened).await;
    assert_serves(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn peer_that_breaks_the_protocol_twice_is_banned() {
    let (server, mut raw) = raw_client(|_| {}).await;
    for _ in 0..2 {
        assert!(!server.swarm.is_banned(raw.peer));
        let mut stream = raw.open(server.peer()).await;
        let _ = within(stream.write_all(&[9; 64])).await;
        let _ = within(stream.flush()).await;
        let mut end = Vec::new();
        let _ = within(stream.read_to_end(&mut end)).await;
    }
    until(|| async { server.swarm.is_banned(raw.peer) }).await;
    until(|| async { server.swarm.connected_peers().await.unwrap().is_empty() }).await;
    // It is not let in again, and not served on a connection that we made.
    raw.dial(&server).await;
    until(|| async { server.swarm.connected_peers().await.unwrap().is_empty() }).await;
    within(server.swarm.connect(raw.peer, vec![raw.address.clone()]))
        .await
        .unwrap();
    let mut stream = raw.open(server.peer()).await;
    let _ = within(stream.write_all(&frame(&[4]))).await;
    let _ = within(stream.flush()).await;
    let mut answer = Vec::new();
    let _ = within(stream.read_to_end(&mut answer)).await;
    assert!(answer.is_empty(), "{answer:?}");
    assert_serves(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn holder_of_wrong_bytes_is_banned_but_may_still_be_asked() {
    let (server, client) = pair(TCP, |_| {}).await;
    let (peer, data) = (server.peer(), bytes(5000, 6));
    let id = server.service.put(data.clone());
    server.service.corrupt.store(true, Ordering::SeqCst);
    for _ in 0..5 {
        assert!(!client.swarm.is_banned(peer));
        let got = within(client.swarm.fetch_fragment(peer, id, 5000)).await;
        assert_eq!(got, Err(FetchError::Corrupt { peer }));
    }
    assert!(client.swarm.is_banned(peer));
    server.service.corrupt.store(false, Ordering::SeqCst);
    until(|| async { client.swarm.fetch_fragment(peer, id, 5000).await == Ok(data.clone()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unreachable_peer_is_not_dialled_again_at_once() {
    let client = Node::client(|_| {});
    let gone = Node::start(TCP, |_| {});
    let (peer, addresses) = (gone.peer(), gone.addresses().await);
    gone.stop().await;
    let proxy = Proxy::start(&addresses[0]).await;
    for _ in 0..20 {
        let refused = within(client.swarm.connect(peer, vec![proxy.address.clone()])).await;
        assert_eq!(refused, Err(FetchError::Unreachable { peer }));
    }
    assert!(proxy.connections() < 10, "{} dials", proxy.connections());
}
