//! The handle that the rest of the node holds.

use std::{
    collections::HashMap,
    future::Future,
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc, Mutex, PoisonError,
    },
};

use libp2p_stream::{Control, OpenStreamError};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    config::Timeouts,
    error::FetchError,
    peer::{Address, PeerId},
    protocols::fragment::PROTOCOL,
    standing::{Offence, Standing},
};

/// What is wrong with a peer that only asks.
const NOT_SERVED: &str = "does not serve /ips/frag/1";

/// Peers whose load is remembered.
const LOADS_MAX: usize = 4096;

/// What a handle asks the swarm loop for.
pub(crate) enum Command {
    /// Answered when there is a connection, or none can be made.
    Connect {
        peer: PeerId,
        addresses: Vec<Address>,
        reply: oneshot::Sender<bool>,
    },
    Disconnect {
        peer: PeerId,
    },
    FindPeer {
        peer: PeerId,
        reply: oneshot::Sender<Vec<Address>>,
    },
    ConnectedPeers {
        reply: oneshot::Sender<Vec<PeerId>>,
    },
    KnownPeers {
        reply: oneshot::Sender<Vec<PeerId>>,
    },
    Shutdown,
    /// Proves that a panic of the loop does no harm.
    #[cfg(test)]
    Panic,
}

/// What the loop tells all handles.
#[derive(Clone, Default)]
pub(crate) struct Published {
    /// The way to open streams; `None` while the swarm is being (re)built or has ended.
    pub(crate) control: Option<Control>,
    /// Addresses that are bound, ports included.
    pub(crate) listen: Vec<Address>,
    /// Every configured address is bound.
    pub(crate) all_listening: bool,
    /// The loop has ended for good.
    pub(crate) ended: bool,
}

struct Inner {
    peer: PeerId,
    timeouts: Timeouts,
    commands: mpsc::Sender<Command>,
    published: watch::Receiver<Published>,
    rebuilds: Arc<AtomicU64>,
    standing: Arc<Standing>,
    runtime: tokio::runtime::Handle,
    loads: Mutex<HashMap<PeerId, u16>>,
}

/// The storage network, as seen by one node. Cheap to clone; usable from any tokio runtime.
///
/// The swarm ends when [`shutdown`](Self::shutdown) is called or the last handle is dropped.
#[derive(Clone)]
pub struct Swarm {
    inner: Arc<Inner>,
}

impl Swarm {
    pub(crate) fn new(
        peer: PeerId,
        timeouts: Timeouts,
        commands: mpsc::Sender<Command>,
        published: watch::Receiver<Published>,
        rebuilds: Arc<AtomicU64>,
        standing: Arc<Standing>,
        runtime: tokio::runtime::Handle,
    ) -> Self {
        let loads = Mutex::default();
        Self {
            inner: Arc::new(Inner {
                peer,
                timeouts,
                commands,
                published,
                rebuilds,
                standing,
                runtime,
                loads,
            }),
        }
    }

    /// Our own name.
    pub fn peer_id(&self) -> PeerId {
        self.inner.peer
    }

    /// The addresses that are bound now, ports included.
    pub fn listen_addresses(&self) -> Vec<Address> {
        self.inner.published.borrow().listen.clone()
    }

    /// Waits until every configured address is bound, then tells them, ports included.
    ///
    /// # Errors
    /// [`FetchError::Closed`] if the swarm ends before.
    pub async fn listening(&self) -> Result<Vec<Address>, FetchError> {
        let mut published = self.inner.published.clone();
        let ready = published
            .wait_for(|published| published.all_listening || published.ended)
            .await
            .map_err(|_| FetchError::Closed)?;
        if ready.ended {
            return Err(FetchError::Closed);
        }
        Ok(ready.listen.clone())
    }

    /// How often the swarm was rebuilt after a failure.
    pub fn rebuilds(&self) -> u64 {
        self.inner.rebuilds.load(Ordering::Relaxed)
    }

    /// Connects to a peer; immediate if connected already. `addresses` are remembered for later
    /// transfers with the peer; without any, the remembered ones are used.
    ///
    /// # Errors
    /// [`FetchError::Unreachable`] or [`FetchError::Timeout`].
    pub async fn connect(&self, peer: PeerId, addresses: Vec<Address>) -> Result<(), FetchError> {
        let (reply, connected) = oneshot::channel();
        self.command(Command::Connect {
            peer,
            addresses,
            reply,
        })
        .await?;
        match tokio::time::timeout(self.inner.timeouts.connect, connected).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(FetchError::Unreachable { peer }),
            Ok(Err(_)) => Err(FetchError::Closed),
            Err(_) => Err(FetchError::Timeout { peer }),
        }
    }

    /// Closes every connection with a peer.
    ///
    /// # Errors
    /// [`FetchError::Closed`] if the swarm has ended.
    pub async fn disconnect(&self, peer: PeerId) -> Result<(), FetchError> {
        self.command(Command::Disconnect { peer }).await
    }

    /// Looks the addresses of a node up in the directory of nodes (Kademlia).
    ///
    /// # Errors
    /// [`FetchError::Unreachable`] if nobody knows it.
    pub async fn find_peer(&self, peer: PeerId) -> Result<Vec<Address>, FetchError> {
        let found = self.ask(|reply| Command::FindPeer { peer, reply });
        match tokio::time::timeout(self.inner.timeouts.find_peer, found).await {
            Ok(Ok(addresses)) if addresses.is_empty() => Err(FetchError::Unreachable { peer }),
            Ok(found) => found,
            Err(_) => Err(FetchError::Timeout { peer }),
        }
    }

    /// Peers that we are connected with.
    ///
    /// # Errors
    /// [`FetchError::Closed`] if the swarm has ended.
    pub async fn connected_peers(&self) -> Result<Vec<PeerId>, FetchError> {
        self.ask(|reply| Command::ConnectedPeers { reply }).await
    }

    /// Peers in our part of the directory of nodes.
    ///
    /// # Errors
    /// [`FetchError::Closed`] if the swarm has ended.
    pub async fn known_peers(&self) -> Result<Vec<PeerId>, FetchError> {
        self.ask(|reply| Command::KnownPeers { reply }).await
    }

    /// The load in 1/1000 that a peer told last, if it ever did.
    pub fn last_load(&self, peer: PeerId) -> Option<u16> {
        self.loads().get(&peer).copied()
    }

    /// Whether a peer is banned for now, for breaking the protocol or sending wrong bytes. It is not
    /// served then; what we ask of it ourselves still goes through.
    pub fn is_banned(&self, peer: PeerId) -> bool {
        self.inner.standing.is_banned(peer)
    }

    /// Ends the swarm and waits until it has.
    pub async fn shutdown(&self) {
        // An error means that it has ended already.
        let _ = self.command(Command::Shutdown).await;
        let mut published = self.inner.published.clone();
        let _ = published.wait_for(|published| published.ended).await;
    }

    #[cfg(test)]
    pub(crate) async fn inject_panic(&self) -> Result<(), FetchError> {
        self.command(Command::Panic).await
    }

    fn loads(&self) -> std::sync::MutexGuard<'_, HashMap<PeerId, u16>> {
        // Only whole inserts and removes happen under the lock.
        self.inner
            .loads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note_load(&self, peer: PeerId, load_permille: u16) {
        let mut loads = self.loads();
        if loads.len() >= LOADS_MAX && !loads.contains_key(&peer) {
            // Loads are hints that are soon stale: starting over is as good as any eviction.
            loads.clear();
        }
        loads.insert(peer, load_permille.min(1000));
    }

    pub(crate) fn timeouts(&self) -> &Timeouts {
        &self.inner.timeouts
    }

    async fn command(&self, command: Command) -> Result<(), FetchError> {
        self.inner
            .commands
            .send(command)
            .await
            .map_err(|_| FetchError::Closed)
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, FetchError> {
        let (reply, answer) = oneshot::channel();
        self.command(command(reply)).await?;
        answer.await.map_err(|_| FetchError::Closed)
    }

    /// Runs a transfer on the swarm's runtime; ends it if the caller goes away.
    pub(crate) async fn on_swarm<T: Send + 'static>(
        &self,
        transfer: impl Future<Output = Result<T, FetchError>> + Send + 'static,
    ) -> Result<T, FetchError> {
        let task = AbortOnDropHandle::new(self.inner.runtime.spawn(transfer));
        // It panicked, or the runtime has ended.
        let outcome = task.await.unwrap_or(Err(FetchError::Closed));
        match outcome {
            Err(FetchError::Corrupt { peer }) => {
                self.inner.standing.note(peer, Offence::Corrupt);
            }
            Err(FetchError::Protocol { peer, what }) if what != NOT_SERVED => {
                self.inner.standing.note(peer, Offence::Protocol);
            }
            _ => {}
        }
        outcome
    }

    /// A new stream of our protocol to a peer, over a new connection if there is none.
    pub(crate) async fn open_stream(&self, peer: PeerId) -> Result<libp2p::Stream, FetchError> {
        // Connected first: asked in the middle of a handshake, libp2p-stream queues the request
        // where nobody looks. The time limit below covers what is left of that.
        self.connect(peer, Vec::new()).await?;
        let control = self.inner.published.borrow().control.clone();
        let mut control = control.ok_or(FetchError::Closed)?;
        let opening = control.open_stream(peer.0, PROTOCOL);
        match tokio::time::timeout(self.inner.timeouts.open_stream, opening).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(OpenStreamError::UnsupportedProtocol(_))) => Err(FetchError::Protocol {
                peer,
                what: NOT_SERVED,
            }),
            Ok(Err(_)) => Err(FetchError::Closed),
            Err(_) => Err(FetchError::Timeout { peer }),
        }
    }
}

impl std::fmt::Debug for Swarm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Swarm")
            .field("peer", &self.inner.peer)
            .finish_non_exhaustive()
    }
}
