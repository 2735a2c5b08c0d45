//! No network takes all places: connections of one /24 (IPv6: /48) that come in, being made or made.
//!
//! Peer ids cost nothing, so the limits of connections alone let one machine shut everybody else out.

use std::{
    collections::HashMap,
    convert::Infallible,
    net::IpAddr,
    task::{Context, Poll},
};

use libp2p::{
    core::{transport::PortUse, ConnectedPoint, Endpoint},
    swarm::{
        behaviour::{ConnectionEstablished, ListenFailure},
        dummy, ConnectionClosed, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour,
        THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
    },
    Multiaddr, PeerId,
};

use crate::{
    peer::Address,
    routing::{network, Network},
};

/// One network may take this part of all places.
const PART: u32 = 4;

/// Too many connections of one network.
#[derive(Debug, thiserror::Error)]
#[error("one network has {0} connections already")]
struct Crowded(u32);

/// The limit as a behaviour of the swarm.
pub(crate) struct Behaviour {
    pending_max: u32,
    established_max: u32,
    /// All nodes are on this machine or network: there is nobody to shut out.
    local_network: bool,
    pending: HashMap<ConnectionId, Network>,
    established: HashMap<ConnectionId, Network>,
}

impl Behaviour {
    /// For a swarm that takes so many connections in all.
    pub(crate) fn new(pending: u32, established: u32, local_network: bool) -> Self {
        Self {
            pending_max: (pending / PART).max(1),
            established_max: (established / PART).max(1),
            local_network,
            pending: HashMap::new(),
            established: HashMap::new(),
        }
    }

    /// The network that a connection counts for, if for any.
    fn counted(&self, remote: &Multiaddr) -> Option<Network> {
        let address = Address(remote.clone());
        let is_own = address.ip().is_some_and(|ip| match ip {
            IpAddr::V4(ip) => ip.is_loopback(),
            IpAddr::V6(ip) => ip.is_loopback(),
        });
        if self.local_network || is_own {
            return None;
        }
        network(&address.0)
    }
}

fn check(
    connections: &HashMap<ConnectionId, Network>,
    of: Network,
    max: u32,
) -> Result<(), ConnectionDenied> {
    let same = connections.values().filter(|network| **network == of);
    let count = u32::try_from(same.count()).unwrap_or(u32::MAX);
    if count >= max {
        return Err(ConnectionDenied::new(Crowded(count)));
    }
    Ok(())
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        id: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        if let Some(network) = self.counted(remote) {
            check(&self.pending, network, self.pending_max)?;
            self.pending.insert(id, network);
        }
        Ok(())
    }

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.pending.remove(&id);
        if let Some(network) = self.counted(remote) {
            check(&self.established, network, self.established_max)?;
        }
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm) {
        match event {
            FromSwarm::ConnectionEstablished(ConnectionEstablished {
                connection_id,
                endpoint: ConnectedPoint::Listener { send_back_addr, .. },
                ..
            }) => {
                if let Some(network) = self.counted(send_back_addr) {
                    self.established.insert(connection_id, network);
                }
            }
            FromSwarm::ConnectionClosed(ConnectionClosed { connection_id, .. }) => {
                self.established.remove(&connection_id);
            }
            FromSwarm::ListenFailure(ListenFailure { connection_id, .. }) => {
                self.pending.remove(&connection_id);
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(
        &mut self,
        _: PeerId,
        _: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Multiaddr {
        text.parse().unwrap()
    }

    fn knocks(behaviour: &mut Behaviour, id: usize, from: &str) -> bool {
        let (id, here) = (
            ConnectionId::new_unchecked(id),
            address("/ip4/8.8.8.8/tcp/1"),
        );
        behaviour
            .handle_pending_inbound_connection(id, &here, &address(from))
            .is_ok()
    }

    fn enters(behaviour: &mut Behaviour, id: usize, from: &str) -> bool {
        let (id, here) = (
            ConnectionId::new_unchecked(id),
            address("/ip4/8.8.8.8/tcp/1"),
        );
        let (peer, from) = (PeerId::random(), address(from));
        let let_in = behaviour
            .handle_established_inbound_connection(id, peer, &here, &from)
            .is_ok();
        if let_in {
            let endpoint = ConnectedPoint::Listener {
                local_addr: here,
                send_back_addr: from,
            };
            behaviour.on_swarm_event(FromSwarm::ConnectionEstablished(ConnectionEstablished {
                peer_id: peer,
                connection_id: id,
                endpoint: &endpoint,
                failed_addresses: &[],
                other_established: 0,
            }));
        }
        let_in
    }

    #[test]
    fn one_network_gets_a_quarter_of_the_places() {
        let mut behaviour = Behaviour::new(8, 12, false);
        assert!(knocks(&mut behaviour, 1, "/ip4/1.2.3.4/tcp/1"));
        assert!(knocks(&mut behaviour, 2, "/ip4/1.2.3.200/udp/1/quic-v1"));
        assert!(!knocks(&mut behaviour, 3, "/ip4/1.2.3.5/tcp/1"));
        assert!(knocks(&mut behaviour, 4, "/ip4/1.2.4.5/tcp/1"));
        assert!(enters(&mut behaviour, 1, "/ip4/1.2.3.4/tcp/1"));
        // A place on the way in is free again.
        assert!(knocks(&mut behaviour, 5, "/ip4/1.2.3.5/tcp/1"));
        for id in [2, 5] {
            assert!(enters(&mut behaviour, id, "/ip4/1.2.3.4/tcp/1"));
        }
        assert!(!enters(&mut behaviour, 6, "/ip4/1.2.3.9/tcp/1"));
        assert!(enters(&mut behaviour, 7, "/ip4/9.9.9.9/tcp/1"));
        assert!(enters(&mut behaviour, 8, "/ip6/2a00::1/tcp/1"));
        assert!(behaviour.pending.len() == 1 && behaviour.established.len() == 5);
    }

    #[test]
    fn own_machine_and_local_networks_are_not_counted() {
        let mut public = Behaviour::new(4, 4, false);
        let mut local = Behaviour::new(4, 4, true);
        for id in 0..20 {
            assert!(knocks(&mut public, id, "/ip4/127.0.0.1/tcp/1"));
            assert!(enters(&mut public, id, "/ip6/::1/tcp/1"));
            assert!(enters(&mut local, id, "/ip4/10.0.0.1/tcp/1"));
        }
    }
}
