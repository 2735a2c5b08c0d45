//! Junk, oversize frames, dragging peers, too many streams and connections.

use std::{sync::atomic::Ordering, time::Duration};

use codec::Encode as _;
use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use ips_primitives::id::FragmentId;
use ips_swarm::{FetchError, PeerStatus, Refusal};
use tokio::sync::Mutex;

use crate::support::{
    assert_serves, bytes, frame, pair, raw_client, until, within, Node, RawPeer, PATIENCE, TCP,
};

fn hostile_requests() -> Vec<Vec<u8>> {
    let announced = |length: u32| [&[1][..], &length.to_le_bytes()].concat();
    let version = [&[2][..], &1u32.to_le_bytes(), &[4]].concat();
    vec![
        bytes(5000, 7),
        vec![0xff; 100],
        vec![0; 100],
        announced(u32::MAX),
        announced(1025),
        version,
        frame(&[]),
        frame(&[99]),
        frame(&[4, 4]),
        frame(&[0; 20]),
        frame(&[&[2u8][..], &[0; 42], &u32::MAX.to_le_bytes()].concat()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn junk_requests_end_the_stream_and_nothing_else() {
    let server = Node::start(TCP, |_| {});
    for request in hostile_requests() {
        // Each from another peer: one that does this twice is banned.
        let mut raw = RawPeer::start().await;
        within(server.swarm.connect(raw.peer, vec![raw.address.clone()]))
            .await
            .unwrap();
        let mut stream = raw.open(server.peer()).await;
        // The server may hang up in the middle of this.
        let _ = within(stream.write_all(&request)).await;
        let _ = within(stream.flush()).await;
        let mut answer = Vec::new();
        let _ = within(stream.read_to_end(&mut answer)).await;
        assert!(answer.len() < 100, "an answer to junk: {answer:?}");
    }
    assert_serves(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dragging_client_is_dropped_and_its_place_is_free_again() {
    let (server, mut raw) = raw_client(|config| {
        config.timeouts.frame = Duration::from_secs(3);
        config.limits.streams = 4;
    })
    .await;
    let client = Node::client(|_| {});
    client.connect(&server).await;
    let held = Mutex::new(Vec::new());
    let is_busy = |status: Result<PeerStatus, FetchError>| match status {
        Ok(_) => false,
        Err(error) => {
            assert_eq!(error, FetchError::Refused(Refusal::Busy));
            true
        }
    };
    // A stream may be dropped on the way in, so there is no fixed number that fills the server.
    within(async {
        while !is_busy(client.swarm.status(server.peer()).await) {
            let mut stream = raw.open(server.peer()).await;
            // Refused already if the server has just become full.
            let _ = stream.write_all(&[1, 200, 0, 0]).await;
            let _ = stream.flush().await;
            held.lock().await.push(stream);
        }
    })
    .await;
    // One more byte now and then does not reset the clock of a frame.
    let drip = async {
        loop {
            for stream in held.lock().await.iter_mut() {
                let _ = stream.write_all(&[0]).await;
                let _ = stream.flush().await;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let freed = until(|| async { !is_busy(client.swarm.status(server.peer()).await) });
    tokio::select! {
        () = drip => {}
        () = freed => {}
    }
    assert_serves(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_peer_cannot_take_all_streams() {
    let (server, client) = pair(TCP, |config| config.limits.streams_per_peer = 3).await;
    let id = server.service.put(bytes(1000, 1));
    server.service.broken.store(1, Ordering::SeqCst);
    let held: Vec<_> = (0..3)
        .map(|_| {
            let (swarm, to) = (client.swarm.clone(), server.peer());
            tokio::spawn(async move { swarm.fetch_fragment(to, id, 1000).await })
        })
        .collect();
    // Asked before, this question could take the place of one of the three.
    until(|| async { server.service.reads.load(Ordering::SeqCst) == 3 }).await;
    let status = within(client.swarm.status(server.peer())).await;
    assert_eq!(status, Err(FetchError::Refused(Refusal::Busy)));
    server.service.broken.store(0, Ordering::SeqCst);
    assert_serves(&server).await;
    held.iter().for_each(tokio::task::JoinHandle::abort);
    // A client that goes away frees its places.
    until(|| async { client.swarm.status(server.peer()).await.is_ok() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_servers_are_recognised() {
    let client = Node::client(|config| config.timeouts.frame = Duration::from_millis(700));
    let header = |total: u32| frame(&(1u8, total, 0u16).encode());
    let data = |length: usize| frame(&(2u8, vec![0u8; length]).encode());
    let protocol = |what| move |peer| FetchError::Protocol { peer, what };
    type Expected = Box<dyn Fn(ips_swarm::PeerId) -> FetchError>;
    let cases: Vec<(Vec<u8>, Expected)> = vec![
        (
            vec![1, 255, 255, 255, 255],
            Box::new(protocol("oversize frame")),
        ),
        (vec![9; 64], Box::new(protocol("malformed frame"))),
        (frame(&[77]), Box::new(protocol("malformed frame"))),
        (frame(&[5]), Box::new(protocol("no header"))),
        (
            header(u32::MAX),
            Box::new(|peer| FetchError::Corrupt { peer }),
        ),
        (
            [header(1000), data(1)].concat(),
            Box::new(protocol("data frame of another length")),
        ),
        (
            [header(1000), data(2000)].concat(),
            Box::new(protocol("data frame of another length")),
        ),
        (
            [header(1000), frame(&[5])].concat(),
            Box::new(protocol("no data")),
        ),
        (
            [header(999), data(999)].concat(),
            Box::new(|peer| FetchError::Corrupt { peer }),
        ),
        (
            [header(1000), data(1000)].concat(),
            Box::new(|peer| FetchError::Corrupt { peer }),
        ),
        (vec![], Box::new(|peer| FetchError::Timeout { peer })),
        (header(1000), Box::new(|peer| FetchError::Timeout { peer })),
        (
            [
                header(1000),
                frame(&(2u8, vec![0u8; 1000]).encode())[..500].to_vec(),
            ]
            .concat(),
            Box::new(|peer| FetchError::Timeout { peer }),
        ),
    ];
    for (answer, expected) in cases {
        let mut raw = RawPeer::start().await;
        raw.answer_with(answer.clone());
        within(client.swarm.connect(raw.peer, vec![raw.address.clone()]))
            .await
            .unwrap();
        let got = within(
            client
                .swarm
                .fetch_fragment(raw.peer, FragmentId([1; 32]), 1000),
        )
        .await;
        let shown = &answer[..answer.len().min(20)];
        assert_eq!(got, Err(expected(raw.peer)), "answer {shown:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connection_limits_hold() {
    let server = Node::start(TCP, |config| config.limits.inbound_connections = 2);
    let clients: Vec<_> = (0..2).map(|_| Node::client(|_| {})).collect();
    for client in &clients {
        client.connect(&server).await;
        within(client.swarm.status(server.peer())).await.unwrap();
    }
    let late = Node::client(|config| config.timeouts.connect = Duration::from_secs(5));
    // The connection is made and then cut by the server: no request gets through.
    let _ = within(late.swarm.connect(server.peer(), server.addresses().await)).await;
    assert!(within(late.swarm.status(server.peer())).await.is_err());
    assert_eq!(server.swarm.connected_peers().await.unwrap().len(), 2);
    clients[0].swarm.disconnect(server.peer()).await.unwrap();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while late.swarm.status(server.peer()).await.is_err() {
        assert!(
            tokio::time::Instant::now() < deadline,
            "the freed place stays closed"
        );
    }
    assert_eq!(server.swarm.connected_peers().await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn panic_in_the_service_ends_only_its_stream() {
    let (server, client) = pair(TCP, |_| {}).await;
    let id = server.service.put(bytes(1000, 1));
    server.service.broken.store(2, Ordering::SeqCst);
    let got = within(client.swarm.fetch_fragment(server.peer(), id, 1000)).await;
    assert_eq!(got, Err(FetchError::Closed));
    server.service.broken.store(0, Ordering::SeqCst);
    let got = within(client.swarm.fetch_fragment(server.peer(), id, 1000)).await;
    assert_eq!(got, Ok(bytes(1000, 1)));
    assert_eq!(server.swarm.rebuilds(), 0);
}
