//! The loop that owns the swarm: commands in, events out, state shared through a watch channel.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use futures::StreamExt as _;
use libp2p::{
    core::{transport::ListenerId, ConnectedPoint},
    identify, kad,
    multiaddr::Protocol,
    ping,
    swarm::{
        dial_opts::{DialOpts, PeerCondition},
        ConnectionId, DialError, SwarmEvent,
    },
    Multiaddr, PeerId, StreamProtocol, TransportError,
};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    behaviour::{build, kad_protocol, Behaviour, BehaviourEvent},
    config::SwarmConfig,
    error::SwarmError,
    handle::{Command, Published},
    peer::{Address, PeerId as Peer},
    protocols::fragment::{server::Server, PROTOCOL},
    routing::{usable, AddressBook, Backoff, LastSeen},
    standing::Standing,
};

/// Lookups at once.
const LOOKUPS_MAX: usize = 64;
/// Waiters for connections at once.
const DIALS_MAX: usize = 1024;
/// Between two rounds of housekeeping.
const HOUSEKEEPING: Duration = Duration::from_secs(30);

/// Everything that outlives one swarm.
pub(crate) struct SwarmRunner {
    pub(crate) config: SwarmConfig,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) published: watch::Sender<Published>,
    pub(crate) server: Option<Arc<Server>>,
    pub(crate) book: AddressBook,
    pub(crate) backoff: Backoff,
    pub(crate) standing: Arc<Standing>,
    /// Port that each configured address got, so that a rebuilt swarm has the same ones.
    pub(crate) ports: HashMap<usize, u16>,
}

/// One swarm and what dies with it.
struct Session<'a> {
    swarm: libp2p::Swarm<Behaviour>,
    runner: &'a mut SwarmRunner,
    kad_protocol: StreamProtocol,
    bootstrap: Vec<(PeerId, Multiaddr)>,
    listeners: HashMap<ListenerId, usize>,
    bound: HashSet<usize>,
    seen: LastSeen,
    /// Dials of ours that run; Kademlia dials for itself, with addresses that may be stale.
    own_dials: HashSet<ConnectionId>,
    dials: HashMap<PeerId, Vec<oneshot::Sender<bool>>>,
    lookups: HashMap<kad::QueryId, Lookup>,
}

struct Lookup {
    peer: PeerId,
    found: Vec<Multiaddr>,
    reply: oneshot::Sender<Vec<Address>>,
}

impl SwarmRunner {
    /// Builds a swarm and runs it until shutdown. `ready` is told once it listens.
    pub(crate) async fn run(&mut self, ready: impl FnOnce() + Send) -> Result<(), SwarmError> {
        let bootstrap = self.bootstrap()?;
        let swarm = build(&self.config)?;
        let mut session = Session {
            kad_protocol: kad_protocol(&self.config.genesis),
            swarm,
            runner: self,
            bootstrap,
            listeners: HashMap::new(),
            bound: HashSet::new(),
            seen: LastSeen::default(),
            own_dials: HashSet::new(),
            dials: HashMap::new(),
            lookups: HashMap::new(),
        };
        session.listen()?;
        let _serving = session.serve();
        session.publish_control();
        ready();
        session.run().await;
        Ok(())
    }

    /// The swarm is gone: nobody shall wait for it.
    pub(crate) fn retract(&self, ended: bool) {
        self.published.send_replace(Published {
            ended,
            ..Published::default()
        });
    }

    fn bootstrap(&self) -> Result<Vec<(PeerId, Multiaddr)>, SwarmError> {
        let named = |address: &Address| match address.clone().split_peer() {
            (Address(plain), Some(peer)) => Ok((peer.0, plain)),
            (address, None) => Err(SwarmError::BootstrapAddress(address)),
        };
        self.config.bootstrap.iter().map(named).collect()
    }
}

impl Session<'_> {
    fn listen(&mut self) -> Result<(), SwarmError> {
        for (index, address) in self.runner.config.listen.iter().enumerate() {
            let wanted = match self.runner.ports.get(&index) {
                Some(port) => with_port(&address.0, *port),
                None => address.0.clone(),
            };
            let id = self
                .swarm
                .listen_on(wanted)
                .map_err(|error| SwarmError::Listen {
                    address: address.clone(),
                    source: match error {
                        TransportError::Other(source) => source,
                        TransportError::MultiaddrNotSupported(_) => {
                            std::io::ErrorKind::Unsupported.into()
                        }
                    },
                })?;
            self.listeners.insert(id, index);
        }
        for address in &self.runner.config.external {
            self.swarm.add_external_address(address.0.clone());
        }
        Ok(())
    }

    /// Accepts streams until the result is dropped.
    fn serve(&mut self) -> Option<AbortOnDropHandle<()>> {
        let server = self.runner.server.clone()?;
        let mut control = self.swarm.behaviour().streams.new_control();
        let incoming = control
            .accept(PROTOCOL)
            .expect("a new behaviour has no other acceptor of the protocol");
        Some(AbortOnDropHandle::new(tokio::spawn(
            server.accept(incoming),
        )))
    }

    fn publish_control(&mut self) {
        let control = self.swarm.behaviour().streams.new_control();
        let all_listening = self.runner.config.listen.is_empty();
        self.runner.published.send_replace(Published {
            control: Some(control),
            all_listening,
            ..Published::default()
        });
    }

    fn publish_listeners(&mut self) {
        let mut listen: Vec<Address> = self.swarm.listeners().cloned().map(Address).collect();
        listen.sort();
        let all_listening = self.bound.len() == self.runner.config.listen.len();
        self.runner.published.send_modify(|published| {
            published.listen = listen;
            published.all_listening = all_listening;
        });
    }

    async fn run(&mut self) {
        let mut housekeeping = tokio::time::interval(HOUSEKEEPING);
        let standing = self.runner.standing.clone();
        loop {
            tokio::select! {
                () = standing.banned() => self.part_from_banned(),
                event = self.swarm.select_next_some() => self.on_event(event),
                command = self.runner.commands.recv() => match command {
                    Some(Command::Shutdown) | None => return,
                    Some(command) => self.on_command(command),
                },
                _ = housekeeping.tick() => self.keep_house(),
            }
        }
    }

    fn part_from_banned(&mut self) {
        let standing = self.runner.standing.clone();
        let connected: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
        for peer in connected {
            if standing.is_banned(Peer(peer)) {
                self.seen.remove(&mut self.swarm.behaviour_mut().kad, &peer);
                // An error means that it has left by itself.
                let _ = self.swarm.disconnect_peer_id(peer);
            }
        }
    }

    fn keep_house(&mut self) {
        self.seen
            .sweep(&mut self.swarm.behaviour_mut().kad, Instant::now());
        for waiting in self.dials.values_mut() {
            waiting.retain(|reply| !reply.is_closed());
        }
        self.dials.retain(|_, waiting| !waiting.is_empty());
        // Alone: start again where the settings say.
        if self.swarm.connected_peers().next().is_none() {
            for (peer, address) in self.bootstrap.clone() {
                if peer != *self.swarm.local_peer_id() {
                    self.runner.book.add(peer, address);
                    if self.runner.backoff.allows(&peer, false, Instant::now()) {
                        self.dial(peer);
                    }
                }
            }
        }
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Connect {
                peer,
                addresses,
                reply,
            } => self.connect(peer.0, addresses, reply),
            Command::Disconnect { peer } => {
                // An error means that there was no connection.
                let _ = self.swarm.disconnect_peer_id(peer.0);
            }
            Command::FindPeer { peer, reply } => self.find_peer(peer.0, reply),
            Command::ConnectedPeers { reply } => {
                // Whoever asked and left needs no answer: here and below.
                let _ = reply.send(self.swarm.connected_peers().copied().map(Peer).collect());
            }
            Command::KnownPeers { reply } => {
                let mut known = Vec::new();
                for bucket in self.swarm.behaviour_mut().kad.kbuckets() {
                    known.extend(bucket.iter().map(|entry| Peer(*entry.node.key.preimage())));
                }
                let _ = reply.send(known);
            }
            Command::Shutdown => {}
            #[cfg(test)]
            Command::Panic => panic!("injected by a test"),
        }
    }

    fn connect(&mut self, peer: PeerId, addresses: Vec<Address>, reply: oneshot::Sender<bool>) {
        for address in addresses.into_iter().rev() {
            let (Address(plain), _) = address.split_peer();
            if self.runner.book.add(peer, plain) {
                self.runner.backoff.forget(&peer);
            }
        }
        if self.swarm.is_connected(&peer) {
            let _ = reply.send(true);
            return;
        }
        let waiting: usize = self.dials.values().map(Vec::len).sum();
        let may_dial = self.runner.backoff.allows(&peer, true, Instant::now());
        if waiting >= DIALS_MAX || !may_dial || !self.dial(peer) {
            let _ = reply.send(false);
            return;
        }
        self.dials.entry(peer).or_default().push(reply);
    }

    /// Whether a dial runs now; a running one is not repeated.
    fn dial(&mut self, peer: PeerId) -> bool {
        let dial = DialOpts::peer_id(peer)
            .condition(PeerCondition::DisconnectedAndNotDialing)
            .addresses(self.runner.book.get(&peer))
            .extend_addresses_through_behaviour()
            .build();
        let id = dial.connection_id();
        match self.swarm.dial(dial) {
            Ok(()) => {
                self.own_dials.insert(id);
                true
            }
            Err(error) => matches!(error, DialError::DialPeerConditionFalse(_)),
        }
    }

    fn dialled(&mut self, peer: &PeerId, connected: bool) {
        for reply in self.dials.remove(peer).unwrap_or_default() {
            let _ = reply.send(connected);
        }
    }

    fn find_peer(&mut self, peer: PeerId, reply: oneshot::Sender<Vec<Address>>) {
        self.lookups.retain(|_, lookup| !lookup.reply.is_closed());
        if self.lookups.len() >= LOOKUPS_MAX {
            let _ = reply.send(Vec::new());
            return;
        }
        let query = self.swarm.behaviour_mut().kad.get_closest_peers(peer);
        self.lookups.insert(
            query,
            Lookup {
                peer,
                found: Vec::new(),
                reply,
            },
        );
    }

    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(event) => self.on_behaviour(event),
            SwarmEvent::NewListenAddr {
                listener_id,
                address,
            } => {
                if let Some(index) = self.listeners.get(&listener_id) {
                    self.bound.insert(*index);
                    if let Some(port) = port_of(&address) {
                        self.runner.ports.insert(*index, port);
                    }
                }
                tracing::info!(%address, "listening");
                self.publish_listeners();
            }
            SwarmEvent::ExpiredListenAddr { .. } => self.publish_listeners(),
            SwarmEvent::ListenerClosed {
                addresses, reason, ..
            } => {
                tracing::warn!(?addresses, ?reason, "listener closed");
                self.publish_listeners();
            }
            SwarmEvent::ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            } => self.on_connected(peer_id, connection_id, endpoint),
            SwarmEvent::OutgoingConnectionError {
                peer_id: Some(peer),
                connection_id,
                error,
            } => {
                tracing::debug!(%peer, %error, "dial failed");
                self.on_dial_failed(peer, connection_id);
            }
            _ => {}
        }
    }

    fn on_connected(&mut self, peer: PeerId, id: ConnectionId, endpoint: ConnectedPoint) {
        match endpoint {
            ConnectedPoint::Dialer { address, .. } => {
                let (Address(plain), _) = Address(address).split_peer();
                self.runner.book.add(peer, plain);
            }
            ConnectedPoint::Listener { .. } if self.runner.standing.is_banned(Peer(peer)) => {
                self.swarm.close_connection(id);
                return;
            }
            ConnectedPoint::Listener { .. } => {}
        }
        self.own_dials.remove(&id);
        self.runner.backoff.forget(&peer);
        self.dialled(&peer, true);
    }

    fn on_dial_failed(&mut self, peer: PeerId, id: ConnectionId) {
        let is_own = self.own_dials.remove(&id);
        if self.swarm.is_connected(&peer) {
            return;
        }
        if is_own {
            self.runner.backoff.failed(peer, Instant::now());
        } else if self.dials.contains_key(&peer) && self.dial(peer) {
            // Somebody waits, and only Kademlia's addresses were tried yet.
            return;
        }
        self.dialled(&peer, false);
    }

    /// A connection whose other end vanished without a word looks alive for as long as TCP likes.
    fn on_ping(&mut self, event: ping::Event) {
        match event.result {
            Ok(_) => self.seen.note(&event.peer, Instant::now()),
            Err(ping::Failure::Unsupported) => {}
            // libp2p tells the second failure in a row.
            Err(error) => {
                tracing::debug!(peer = %event.peer, %error, "connection is dead; closing it");
                self.swarm.close_connection(event.connection);
            }
        }
    }

    fn on_behaviour(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. }) => {
                self.on_identified(peer_id, info);
            }
            BehaviourEvent::Ping(event) => self.on_ping(event),
            BehaviourEvent::Kad(kad::Event::OutboundQueryProgressed {
                id,
                result: kad::QueryResult::GetClosestPeers(result),
                step,
                ..
            }) => {
                let peers = match result {
                    Ok(kad::GetClosestPeersOk { peers, .. })
                    | Err(kad::GetClosestPeersError::Timeout { peers, .. }) => peers,
                };
                self.on_closest(id, peers, step.last);
            }
            _ => {}
        }
    }

    /// A peer enters our table only if it says itself that it is in our chain's directory.
    fn on_identified(&mut self, peer: PeerId, info: identify::Info) {
        let directory = &mut self.swarm.behaviour_mut().kad;
        let is_banned = self.runner.standing.is_banned(Peer(peer));
        if is_banned || !info.protocols.contains(&self.kad_protocol) {
            self.seen.remove(directory, &peer);
            return;
        }
        // What we dialled works, whether the peer tells it or not.
        let mut addresses = self.runner.book.get(&peer);
        addresses.extend(info.listen_addrs);
        let local_network = self.runner.config.local_network;
        self.seen
            .insert(directory, peer, addresses, local_network, Instant::now());
    }

    fn on_closest(&mut self, id: kad::QueryId, peers: Vec<kad::PeerInfo>, last: bool) {
        let Some(lookup) = self.lookups.get_mut(&id) else {
            return;
        };
        let local_network = self.runner.config.local_network;
        let found = peers
            .into_iter()
            .filter(|info| info.peer_id == lookup.peer)
            .flat_map(|info| info.addrs)
            .filter_map(|address| usable(address, local_network));
        lookup.found.extend(found);
        if last {
            if let Some(Lookup { found, reply, .. }) = self.lookups.remove(&id) {
                let mut found: Vec<Address> = found.into_iter().map(Address).collect();
                found.sort();
                found.dedup();
                let _ = reply.send(found);
            }
        }
    }
}

fn port_of(address: &Multiaddr) -> Option<u16> {
    address.iter().find_map(|part| match part {
        Protocol::Tcp(port) | Protocol::Udp(port) => Some(port),
        _ => None,
    })
}

/// The address with its free choice of port replaced by `port`.
fn with_port(address: &Multiaddr, port: u16) -> Multiaddr {
    address
        .iter()
        .map(|part| match part {
            Protocol::Tcp(0) => Protocol::Tcp(port),
            Protocol::Udp(0) => Protocol::Udp(port),
            part => part,
        })
        .collect()
}
