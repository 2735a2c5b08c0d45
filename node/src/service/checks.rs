//! What is looked at when a parachain's node starts, so that a mistake is a message and not a stall.

use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use codec::Decode as _;
use cumulus_client_cli::{CollatorOptions, RelayChainMode};
use cumulus_client_consensus_common::get_relay_slot_and_timestamp;
use cumulus_primitives_core::{relay_chain, GetParachainInfo as _, ParaId};
use cumulus_relay_chain_interface::{
    OccupiedCoreAssumption, RelayChainInterface, RelayChainResult,
};
use futures::StreamExt as _;
use ips_runtime::{Hash, Header};
use sc_client_api::HeaderBackend as _;
use sc_network::multiaddr::Protocol;
use sc_service::{Configuration, TaskManager};
use sp_api::ProvideRuntimeApi as _;
use sp_core::crypto::key_types::AURA;
use sp_keystore::KeystorePtr;
use url::Url;

use crate::{
    chain_spec::Extensions,
    service::{collator::RELAY_SLOT, relay::Relay, FullClient},
};

/// How long a relay chain that is only starting is waited for.
const RELAY_PATIENCE: Duration = Duration::from_secs(60);
/// Time between two attempts to reach it, and the limit of one.
const RELAY_RETRY: Duration = Duration::from_secs(2);
/// A clock this far from the relay chain's makes or judges blocks wrongly.
const CLOCK_SKEW_MAX: Duration = Duration::from_secs(30);
/// Relay blocks between two messages about a parachain that is not registered.
const REMINDER_BLOCKS: u32 = 10;

/// Why a parachain's node does not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(
        "the chain specification names no relay chain: add \"relay_chain\" to it, or give the relay \
         chain's specification after `--` as in `-- --chain relay.json`; a chain without a relay \
         chain needs --dev"
    )]
    NoRelayChain,
    #[error(
        "relay chain {chain}: {reason}; give its specification after `--` as in `-- --chain relay.json`"
    )]
    RelaySpec { chain: String, reason: String },
    #[error("the relay chain's node in a collator is no validator: leave out --validator, --alice and the like after `--`")]
    RelayValidator,
    #[error("the relay chain's node: {0}")]
    RelayNode(String),
    #[error("no relay chain answers at {0}: start it, or correct --relay-chain-rpc-urls")]
    NoRelayChainRpc(String),
    #[error("a parachain's node has one network backend: leave out --network-backend")]
    NetworkBackend,
    #[error(
        "port {port} for {what} is taken, perhaps by another node: choose another with {flag}"
    )]
    PortTaken {
        port: u16,
        what: &'static str,
        flag: &'static str,
    },
    #[error(
        "the chain specification says parachain {spec}, its runtime says {runtime}: wrong \
         specification, or its \"para_id\" is wrong"
    )]
    ParachainId { spec: u32, runtime: u32 },
    #[error(
        "the runtime does not tell its parachain id: {0}; is this an IPS chain's specification?"
    )]
    NoParachainId(String),
    #[error(
        "a collator needs an Aura key and the keystore has none: put one in with `ips-node key insert \
         --key-type aura --scheme sr25519 --suri SECRET --chain SPEC --base-path DIR`"
    )]
    NoAuraKey,
    #[error(
        "the relay chain's parachain {para} begins with block {theirs:?}, this chain with {ours:?}: \
         wrong chain specification or wrong relay chain"
    )]
    OtherGenesis { para: u32, theirs: Hash, ours: Hash },
}

impl From<StartError> for sc_cli::Error {
    fn from(error: StartError) -> Self {
        Self::Application(Box::new(error))
    }
}

/// Checks that everything can listen where it is told to.
///
/// # Errors
/// Names the first port that is taken.
pub(crate) fn ports_are_free(
    config: &Configuration,
    relay_chain: &Configuration,
) -> Result<(), StartError> {
    let sides = [
        (
            config,
            ["the parachain's network", "RPC", "metrics"],
            ["--port", "--rpc-port", "--prometheus-port"],
        ),
        (
            relay_chain,
            [
                "the relay chain's network",
                "the relay chain's RPC",
                "the relay chain's metrics",
            ],
            [
                "--port after `--`",
                "--rpc-port after `--`",
                "--prometheus-port after `--`",
            ],
        ),
    ];
    for (config, whats, flags) in sides {
        let network = config.network.listen_addresses.iter().filter_map(socket);
        let rpc = config.rpc.addr.iter().flatten();
        // The one inside may go to any other port: nobody was told of it.
        let may_move = std::ptr::eq(config, relay_chain);
        let rpc = rpc.filter(|rpc| !(rpc.is_optional || may_move && rpc.retry_random_port));
        let metrics = config.prometheus_config.iter().map(|metrics| metrics.port);
        for address in network {
            is_free(address, whats[0], flags[0])?;
        }
        for address in rpc.map(|rpc| rpc.listen_addr) {
            is_free(address, whats[1], flags[1])?;
        }
        for address in metrics {
            is_free(address, whats[2], flags[2])?;
        }
    }
    Ok(())
}

/// The TCP address of a network address.
fn socket(address: &sc_network::Multiaddr) -> Option<SocketAddr> {
    let mut parts = address.iter();
    let ip = match parts.next()? {
        Protocol::Ip4(ip) => IpAddr::V4(ip),
        Protocol::Ip6(ip) => IpAddr::V6(ip),
        _ => return None,
    };
    match parts.next()? {
        Protocol::Tcp(port) => Some(SocketAddr::new(ip, port)),
        _ => None,
    }
}

fn is_free(address: SocketAddr, what: &'static str, flag: &'static str) -> Result<(), StartError> {
    let port = address.port();
    match TcpListener::bind(address) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            Err(StartError::PortTaken { port, what, flag })
        }
        // What else may be wrong with an address, its owner says.
        _ => Ok(()),
    }
}

/// Waits until one of the relay chain's RPC servers accepts a connection; does nothing if the relay
/// chain's node is inside.
///
/// # Errors
/// If none does for a minute.
pub(crate) async fn relay_chain_answers(options: &CollatorOptions) -> Result<(), StartError> {
    match &options.relay_chain_mode {
        RelayChainMode::Embedded => Ok(()),
        RelayChainMode::ExternalRpc(urls) => one_answers(urls, RELAY_PATIENCE).await,
    }
}

async fn one_answers(urls: &[Url], patience: Duration) -> Result<(), StartError> {
    let all = || {
        let urls: Vec<_> = urls.iter().map(Url::as_str).collect();
        urls.join(", ")
    };
    let attempts = async {
        loop {
            for url in urls {
                let place = (
                    url.host_str().unwrap_or_default(),
                    url.port_or_known_default().unwrap_or_default(),
                );
                let attempt = tokio::net::TcpStream::connect(place);
                if let Ok(Ok(_)) = tokio::time::timeout(RELAY_RETRY, attempt).await {
                    return;
                }
            }
            tracing::warn!("no relay chain answers at {}, trying again", all());
            tokio::time::sleep(RELAY_RETRY).await;
        }
    };
    let answered = tokio::time::timeout(patience, attempts).await;
    answered.map_err(|_| StartError::NoRelayChainRpc(all()))
}

/// The parachain id, as the runtime has it.
///
/// # Errors
/// If the specification has another one, or the runtime none.
pub(crate) fn parachain_id(
    config: &Configuration,
    client: &FullClient,
) -> Result<ParaId, StartError> {
    let best = client.info().best_hash;
    let id = client.runtime_api().parachain_id(best);
    let id = id.map_err(|error| StartError::NoParachainId(error.to_string()))?;
    let runtime = u32::from(id);
    match Extensions::of(&*config.chain_spec).para_id {
        Some(spec) if spec != runtime => Err(StartError::ParachainId { spec, runtime }),
        _ => Ok(id),
    }
}

/// Checks that the keystore can sign blocks.
///
/// # Errors
/// If it holds no Aura key.
pub(crate) fn has_aura_key(keystore: &KeystorePtr) -> Result<(), StartError> {
    if keystore.sr25519_public_keys(AURA).is_empty() {
        return Err(StartError::NoAuraKey);
    }
    Ok(())
}

/// Looks, as soon as the relay chain's head is known, whether it has this parachain and whether the
/// clocks agree. Ends the node if it is another chain; a parachain that is not registered yet is
/// waited for, with reminders.
pub(crate) fn watch_relay_chain(
    task_manager: &TaskManager,
    relay: &Relay,
    client: &Arc<FullClient>,
    id: ParaId,
) {
    let (relay_chain, genesis) = (relay.chain.clone(), client.info().genesis_hash);
    let watch = async move {
        match watch_until_registered(&*relay_chain, id, genesis).await {
            Ok(Ok(())) => futures::future::pending().await,
            Ok(Err(error)) => tracing::error!("ips-node: {error}"),
            Err(error) => tracing::error!("ips-node: asking the relay chain: {error}"),
        }
    };
    let spawner = task_manager.spawn_essential_handle();
    spawner.spawn("relay-chain-check", None, watch);
}

async fn watch_until_registered(
    relay: &dyn RelayChainInterface,
    id: ParaId,
    genesis: Hash,
) -> RelayChainResult<Result<(), StartError>> {
    let mut heads = relay.import_notification_stream().await?;
    let (mut blocks, mut clock_seen) = (0, false);
    while let Some(head) = heads.next().await {
        if relay.is_major_syncing().await? {
            continue;
        }
        if !clock_seen {
            compare_clocks(&head, SystemTime::now());
            clock_seen = true;
        }
        let assumption = OccupiedCoreAssumption::Included;
        let data = relay.persisted_validation_data(head.hash(), id, assumption);
        if let Some(data) = data.await? {
            return Ok(same_chain(&data.parent_head.0, id, genesis));
        }
        if blocks % REMINDER_BLOCKS == 0 {
            tracing::warn!(
                "ips-node: the relay chain has no parachain {id} at its block {}: no block will be \
                 made before it is registered; if it is, this is the wrong relay chain or the wrong \
                 parachain id",
                head.number
            );
        }
        blocks += 1;
    }
    Ok(Ok(()))
}

/// Compares our genesis with the relay chain's head of the parachain, if that is its genesis.
fn same_chain(head: &[u8], id: ParaId, ours: Hash) -> Result<(), StartError> {
    let Ok(header) = Header::decode(&mut &*head) else {
        tracing::warn!("ips-node: the relay chain's head of parachain {id} is no header of ours");
        return Ok(());
    };
    let theirs = header.hash();
    if header.number == 0 && theirs != ours {
        let para = id.into();
        return Err(StartError::OtherGenesis { para, theirs, ours });
    }
    Ok(())
}

/// How far `now` is from the time of a relay block that has just come, if that is too far.
fn skew(block: Duration, now: SystemTime) -> Option<Duration> {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let skew = now.abs_diff(block);
    (skew > CLOCK_SKEW_MAX).then_some(skew)
}

fn compare_clocks(head: &relay_chain::Header, now: SystemTime) {
    let Some((_, time)) = get_relay_slot_and_timestamp(head, RELAY_SLOT) else {
        return;
    };
    if let Some(skew) = skew(time.as_duration(), now) {
        tracing::error!(
            "ips-node: this machine's clock and the relay chain's newest block are {} s apart: set the \
             clock, or the relay chain stands still",
            skew.as_secs()
        );
    }
}

#[cfg(test)]
mod tests {
    use codec::Encode as _;
    use sp_runtime::traits::Header as _;

    use super::*;

    fn header(number: u32) -> Header {
        let zero = Hash::zero();
        Header::new(number, zero, zero, zero, Default::default())
    }

    #[test]
    fn a_taken_port_is_named_with_its_flag() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let error = is_free(address, "RPC", "--rpc-port").unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&address.port().to_string()), "{text}");
        assert!(
            text.contains("RPC") && text.contains("--rpc-port"),
            "{text}"
        );
        drop(taken);
        assert!(is_free(address, "RPC", "--rpc-port").is_ok());
    }

    #[test]
    fn network_addresses_are_read() {
        let read = |text: &str| socket(&text.parse().unwrap());
        assert_eq!(
            read("/ip4/127.0.0.1/tcp/30333/ws"),
            Some(([127, 0, 0, 1], 30_333).into())
        );
        assert!(read("/ip6/::1/tcp/7").is_some());
        assert_eq!(read("/ip4/127.0.0.1/udp/30333"), None);
        assert_eq!(read("/dns/relay.example/tcp/1"), None);
    }

    #[tokio::test]
    async fn a_relay_chain_that_does_not_answer_is_an_error() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = server.local_addr().unwrap().port();
        let url = [Url::parse(&format!("ws://127.0.0.1:{port}")).unwrap()];
        let patience = Duration::from_secs(1);
        assert!(one_answers(&url, patience).await.is_ok());
        drop(server);
        let error = one_answers(&url, patience).await.unwrap_err();
        assert!(error.to_string().contains(&port.to_string()), "{error}");
    }

    #[test]
    fn only_another_genesis_is_another_chain() {
        let id = ParaId::from(2_000);
        let ours = header(0);
        assert!(same_chain(&ours.encode(), id, ours.hash()).is_ok());
        let error = same_chain(&ours.encode(), id, Hash::repeat_byte(1)).unwrap_err();
        assert!(matches!(
            error,
            StartError::OtherGenesis { para: 2_000, .. }
        ));
        // A later head may not be known yet.
        assert!(same_chain(&header(7).encode(), id, Hash::repeat_byte(1)).is_ok());
        assert!(same_chain(b"?", id, ours.hash()).is_ok());
    }

    #[test]
    fn clocks_may_differ_by_half_a_minute() {
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let block = Duration::from_secs(1_000);
        assert_eq!(skew(block, at(1_030)), None);
        assert_eq!(skew(block, at(970)), None);
        assert_eq!(skew(block, at(1_031)), Some(Duration::from_secs(31)));
        assert_eq!(skew(block, at(900)), Some(Duration::from_secs(100)));
    }

    #[test]
    fn a_collator_needs_a_key() {
        let empty: KeystorePtr = Arc::new(sp_keystore::testing::MemoryKeystore::new());
        assert!(has_aura_key(&empty).is_err());
        empty.sr25519_generate_new(AURA, Some("//Alice")).unwrap();
        assert!(has_aura_key(&empty).is_ok());
    }
}
