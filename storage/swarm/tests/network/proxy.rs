//! A TCP line that can be cut or go dead in the middle.

use std::{
    net::SocketAddr,
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc,
    },
};

use ips_swarm::Address;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        tcp::{OwnedReadHalf, OwnedWriteHalf},
        TcpListener, TcpStream,
    },
};

/// Stands in front of one TCP address.
pub(crate) struct Proxy {
    pub(crate) address: Address,
    line: Arc<Line>,
}

#[derive(Default)]
struct Line {
    connections: AtomicU64,
    /// Connections with a lower number are dead.
    dead_below: AtomicU64,
    /// Bytes to the client after which its connection is cut, once; 0 = never.
    cut_after: AtomicU64,
    /// Bytes to the client so far.
    passed: AtomicU64,
}

impl Proxy {
    pub(crate) async fn start(to: &Address) -> Self {
        let port = to.to_string().rsplit('/').next().unwrap().parse().unwrap();
        let to = SocketAddr::from(([127, 0, 0, 1], port));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let line = Arc::new(Line::default());
        let shared = line.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let number = shared.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(forward(client, to, number, shared.clone()));
            }
        });
        Self {
            address: format!("/ip4/127.0.0.1/tcp/{own}").parse().unwrap(),
            line,
        }
    }

    /// Cuts the connection that carries the next bytes to the client, after so many of them.
    pub(crate) fn cut_after(&self, bytes: u64) {
        let at = self.passed() + bytes;
        self.line.cut_after.store(at, Ordering::SeqCst);
    }

    /// Lets every connection that there is go dead without closing it.
    pub(crate) fn go_dead(&self) {
        let below = self.line.connections.load(Ordering::SeqCst);
        self.line.dead_below.store(below, Ordering::SeqCst);
    }

    /// Bytes to the client so far.
    pub(crate) fn passed(&self) -> u64 {
        self.line.passed.load(Ordering::SeqCst)
    }

    /// Connections so far.
    pub(crate) fn connections(&self) -> u64 {
        self.line.connections.load(Ordering::SeqCst)
    }
}

async fn forward(client: TcpStream, to: SocketAddr, number: u64, line: Arc<Line>) {
    let Ok(server) = TcpStream::connect(to).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // Whichever ends first takes the other with it: both sockets are closed.
    tokio::select! {
        () = copy(from_client, to_server, number, &line, false) => {}
        () = copy(from_server, to_client, number, &line, true) => {}
    }
}

async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    number: u64,
    line: &Line,
    to_client: bool,
) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if number < line.dead_below.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
        if !to_client {
            continue;
        }
        let read = u64::try_from(read).unwrap();
        let passed = line.passed.fetch_add(read, Ordering::SeqCst) + read;
        let cut = line.cut_after.load(Ordering::SeqCst);
        if cut != 0 && passed >= cut {
            line.cut_after.store(0, Ordering::SeqCst);
            return;
        }
    }
}
