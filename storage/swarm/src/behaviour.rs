//! What the swarm is made of: transports and behaviours with their limits.

use std::{num::NonZeroUsize, time::Duration};

use ips_primitives::id::Genesis;
use libp2p::{
    connection_limits::{self, ConnectionLimits},
    dns, identify,
    identity::PublicKey,
    kad::{self, store::MemoryStore},
    memory_connection_limits, noise, ping,
    swarm::{behaviour::toggle::Toggle, NetworkBehaviour},
    tcp, yamux, StreamProtocol, SwarmBuilder,
};

use crate::{
    config::{DhtMode, Limits, SwarmConfig},
    error::SwarmError,
    networks,
};

/// Closest nodes kept per distance, and asked for.
const BUCKET_SIZE: NonZeroUsize = NonZeroUsize::new(20).expect("20 is not zero");
/// Nodes asked at once in a lookup; also its disjoint paths.
const PARALLELISM: NonZeroUsize = NonZeroUsize::new(3).expect("3 is not zero");
/// Streams of all protocols on one connection; above, TCP connections end and QUIC streams wait.
const STREAMS_PER_CONNECTION: u32 = 128;
/// Contacts and records vanish after this.
pub(crate) const CONTACT_TTL: Duration = Duration::from_secs(60 * 60);

#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    // First, so that a connection above the limits costs nothing more.
    limits: connection_limits::Behaviour,
    networks: networks::Behaviour,
    memory: Toggle<memory_connection_limits::Behaviour>,
    pub(crate) identify: identify::Behaviour,
    pub(crate) ping: ping::Behaviour,
    pub(crate) kad: kad::Behaviour<MemoryStore>,
    pub(crate) streams: libp2p_stream::Behaviour,
}

/// Kademlia's protocol name: nodes of another chain are not in our directory.
pub(crate) fn kad_protocol(genesis: &Genesis) -> StreamProtocol {
    let [a, b, c, d, ..] = genesis.0;
    StreamProtocol::try_from_owned(format!("/ips/{a:02x}{b:02x}{c:02x}{d:02x}/kad/1"))
        .expect("the name starts with a slash")
}

impl Behaviour {
    fn new(key: &PublicKey, config: &SwarmConfig) -> Self {
        let identify = identify::Config::new("/ips/id/1".to_owned(), key.clone())
            .with_agent_version(concat!("ips/", env!("CARGO_PKG_VERSION")).to_owned())
            .with_hide_listen_addrs(!config.local_network);
        Self {
            limits: connection_limits::Behaviour::new(connection_limits(config.limits)),
            networks: networks::Behaviour::new(
                config.limits.pending_connections,
                config.limits.inbound_connections,
                config.local_network,
            ),
            memory: memory_limit(config.limits).into(),
            identify: identify::Behaviour::new(identify),
            ping: ping::Behaviour::new(
                ping::Config::new()
                    .with_interval(config.timeouts.ping)
                    .with_timeout(config.timeouts.ping),
            ),
            kad: directory(key, config),
            streams: libp2p_stream::Behaviour::new(),
        }
    }
}

fn connection_limits(limits: Limits) -> ConnectionLimits {
    ConnectionLimits::default()
        .with_max_established_incoming(Some(limits.inbound_connections))
        .with_max_established_outgoing(Some(limits.outbound_connections))
        .with_max_established_per_peer(Some(limits.connections_per_peer))
        .with_max_pending_incoming(Some(limits.pending_connections))
        .with_max_pending_outgoing(Some(limits.pending_connections))
}

fn memory_limit(limits: Limits) -> Option<memory_connection_limits::Behaviour> {
    let percent = limits.memory_percent?.min(100);
    let share = f64::from(percent) / 100.0;
    Some(memory_connection_limits::Behaviour::with_max_percentage(
        share,
    ))
}

/// Kademlia for node discovery only: no record of anybody is kept.
fn directory(key: &PublicKey, config: &SwarmConfig) -> kad::Behaviour<MemoryStore> {
    let mut settings = kad::Config::new(kad_protocol(&config.genesis));
    settings
        .set_kbucket_size(BUCKET_SIZE)
        .set_replication_factor(BUCKET_SIZE)
        .set_parallelism(PARALLELISM)
        .disjoint_query_paths(true)
        .set_query_timeout(config.timeouts.find_peer)
        .set_substreams_timeout(Duration::from_secs(5))
        .set_max_packet_size(64 << 10)
        .set_record_ttl(Some(CONTACT_TTL))
        .set_publication_interval(None)
        .set_replication_interval(None)
        .set_provider_record_ttl(Some(CONTACT_TTL))
        .set_provider_publication_interval(None)
        .set_kbucket_inserts(kad::BucketInserts::Manual)
        .set_record_filtering(kad::StoreInserts::FilterBoth)
        .set_caching(kad::Caching::Disabled)
        .set_periodic_bootstrap_interval(Some(Duration::from_secs(300)));
    let peer = key.to_peer_id();
    let mut kad = kad::Behaviour::with_config(peer, MemoryStore::new(peer), settings);
    kad.set_mode(Some(match config.mode {
        DhtMode::Server => kad::Mode::Server,
        DhtMode::Client => kad::Mode::Client,
    }));
    kad
}

fn multiplexer() -> yamux::Config {
    let mut multiplexer = yamux::Config::default();
    multiplexer.set_max_num_streams(STREAMS_PER_CONNECTION as usize);
    multiplexer
}

/// Builds transports and behaviours; must run inside a tokio runtime.
pub(crate) fn build(config: &SwarmConfig) -> Result<libp2p::Swarm<Behaviour>, SwarmError> {
    let before_dns = || {
        SwarmBuilder::with_existing_identity(config.key.keypair())
            .with_tokio()
            .with_tcp(
                tcp::Config::default().nodelay(true),
                noise::Config::new,
                multiplexer,
            )
            .map(|builder| {
                builder.with_quic_config(|mut quic| {
                    quic.max_concurrent_stream_limit = STREAMS_PER_CONNECTION;
                    quic
                })
            })
            .map_err(|_| SwarmError::Transport("noise refuses the node key"))
    };
    // The builder's type after each step has no name, so its two ways to go on share a macro.
    macro_rules! finish {
        ($builder:expr) => {
            $builder
                .with_behaviour(|key| Behaviour::new(&key.public(), config))
                .map_err(|_| SwarmError::Transport("behaviours cannot be built"))?
                .with_swarm_config(|settings| {
                    settings
                        .with_idle_connection_timeout(config.timeouts.idle_connection)
                        .with_smart_dial()
                })
                .with_connection_timeout(config.timeouts.connect)
                .build()
        };
    }
    Ok(match before_dns()?.with_dns() {
        Ok(builder) => finish!(builder),
        // A machine without resolver settings can still dial numeric addresses.
        Err(_) => finish!(before_dns()?
            .with_dns_config(dns::ResolverConfig::default(), dns::ResolverOpts::default())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directory_name_holds_the_first_eight_digits_of_genesis() {
        let mut genesis = Genesis([0xee; 32]);
        genesis.0[..4].copy_from_slice(&[0x01, 0xab, 0x00, 0xff]);
        assert_eq!(kad_protocol(&genesis).as_ref(), "/ips/01ab00ff/kad/1");
    }
}
