//! Swarm, prover, chain and engine from one configuration.

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{bail, Context as _};
use ips_chain::{AccountSigner, RpcClient, SubmitterConfig, SubxtClient, SubxtReader};
use ips_engine::{
    chain::{ChainError, ChainReader as _},
    Config, Engine, EngineHandle, EngineStatus,
};
use ips_primitives::{id::ProviderId, node_class::NodeClass, sector::Profile};
use ips_sealing::{LocalSealer, ParamsCache};
use ips_swarm::{
    spawn_on_own_runtime, Address, NodeKey, PeerId, Swarm, SwarmConfig, SwarmThread, ThreadHook,
};

use crate::{
    folder::BasePath,
    onboarding::{self, Announcer, Offer},
};

/// Registered nodes that are asked for a way into the network.
const BOOTSTRAP_NODES_MAX: u32 = 64;
/// Connections of a super node in each direction, unless the settings say otherwise.
const SUPER_CONNECTIONS: u32 = 500;
/// What the swarm gets to bind its addresses.
const LISTEN_LIMIT: Duration = Duration::from_secs(20);
/// What a rebuilt swarm gets to bind them again, before another look.
const REBIND_LIMIT: Duration = Duration::from_secs(1);
/// Between two attempts to reach the chain at the start.
const CHAIN_PAUSE: Duration = Duration::from_secs(2);
/// What each part gets to end.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(4);

/// How the chain is reached.
#[derive(Clone)]
pub enum ChainSource {
    /// A node's RPC at a `ws://` or `wss://` URL.
    Url(String),
    /// A connection that somebody else made, such as the node in this very process.
    Client {
        /// The connection.
        rpc: RpcClient,
        /// How messages name it.
        name: String,
    },
}

/// All settings of a storage node.
#[derive(Clone)]
pub struct StorageConfig {
    /// Folder that the node owns.
    pub base_path: PathBuf,
    /// The chain.
    pub chain: ChainSource,
    /// How long a chain that does not answer is waited for at the start.
    pub chain_wait: Duration,
    /// The owner's key, for registration and money; not needed once the node is registered.
    pub owner: Option<AccountSigner>,
    /// What is offered.
    pub offer: Offer,
    /// Where to listen; empty = QUIC and TCP on free ports.
    pub listen: Vec<Address>,
    /// Addresses under which others reach this node, if they are not those listened on.
    pub external: Vec<Address>,
    /// Nodes to start from, with `/p2p/<peer id>`; the chain's list of nodes is used as well.
    pub bootstrap: Vec<Address>,
    /// All nodes are on this machine or network.
    pub local_network: bool,
    /// Most connections in each direction; `None` = what fits the class.
    pub connections_max: Option<u32>,
    /// Folder of proof parameters; `None` = the user's cache.
    pub params: Option<PathBuf>,
    /// Heavy proving steps at once.
    pub prover_cores: NonZeroUsize,
    /// Where metrics are served, if at all.
    pub metrics: Option<SocketAddr>,
    /// Runs first on every thread of the swarm.
    pub on_thread_start: Option<ThreadHook>,
}

/// A running storage node.
pub struct StorageNode {
    engine: EngineHandle,
    swarm: Swarm,
    thread: SwarmThread,
    announcer: Announcer,
    /// Kept to the end: the next process must not start before the store is closed.
    base: BasePath,
}

impl StorageNode {
    /// Starts everything on the current tokio runtime (the swarm on its own).
    ///
    /// # Errors
    /// If a part cannot start; nothing is left running then.
    pub async fn start(config: StorageConfig) -> anyhow::Result<Self> {
        let base = BasePath::take(&config.base_path)?;
        let worker = base.worker()?;
        let network_key = base.network_key()?;
        let reader = connect(&config).await?;
        base.bind(reader.genesis(), config.offer.capacity_bytes)?;
        let info = reader.info().await.context("read the chain's constants")?;

        let provider = match &config.owner {
            Some(owner) => ProviderId(owner.account().0),
            None => onboarding::as_worker(&reader, worker.account()).await?,
        };
        let journal = SubmitterConfig {
            folder: Some(base.path().join("chain")),
        };
        let client = SubxtClient::new(reader.clone(), worker.clone(), &journal);
        let cache = match &config.params {
            Some(folder) => ParamsCache::at(folder.clone()),
            None => ParamsCache::of_user().context("find a folder for proof parameters")?,
        };
        let sealer = LocalSealer::new(Profile::of(info.profile), cache, config.prover_cores);

        let engine_config = engine_config(&config, &base, provider);
        let engine = Engine::open(engine_config, Arc::new(client), Arc::new(sealer))?;
        let swarm_config = swarm_config(&config, network_key, &reader, provider).await?;
        let (swarm, thread) = spawn_on_own_runtime(swarm_config, Some(engine.service()))?;
        match start_engine(&config, engine, &swarm, &reader, &worker, provider).await {
            Ok((engine, announcer)) => Ok(Self {
                engine,
                swarm,
                thread,
                announcer,
                base,
            }),
            Err(error) => {
                swarm.shutdown().await;
                Err(error)
            }
        }
    }

    /// What the node holds and does.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn status(&self) -> anyhow::Result<EngineStatus> {
        Ok(self.engine.status().await?)
    }

    /// Writes the status to `status.json` in the base path, for scripts, and returns it.
    ///
    /// # Errors
    /// If it cannot be read or written.
    pub async fn write_status(&self) -> anyhow::Result<EngineStatus> {
        let status = self.status().await?;
        let json = serde_json::to_string_pretty(&status)?;
        self.base.write_status(&json)?;
        Ok(status)
    }

    /// Whether every part still runs.
    pub fn is_running(&self) -> bool {
        !self.thread.is_finished()
    }

    /// Tells the chain if the addresses have changed, as they do when a machine moves to another
    /// network. A failure is logged, and repeated at the next call.
    pub async fn follow_addresses(&mut self) {
        // A swarm that is being rebuilt has not bound all of them yet.
        let bound = tokio::time::timeout(REBIND_LIMIT, self.swarm.listening()).await;
        let Ok(Ok(bound)) = bound else { return };
        if let Err(error) = self.announcer.follow(bound).await {
            tracing::warn!("the chain does not know the new addresses: {error:#}");
        }
    }

    /// The engine.
    pub fn engine(&self) -> &EngineHandle {
        &self.engine
    }

    /// Ends the node: no new work, then the network. Safe to be cut short at any moment.
    pub async fn shutdown(self) {
        // The network first: what is being received must not meet a closed store.
        if tokio::time::timeout(SHUTDOWN_LIMIT, self.swarm.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("the network did not end in time");
        }
        self.engine.shutdown().await;
        if self.thread.is_finished() {
            if let Err(error) = self.thread.join() {
                tracing::warn!(%error, "network");
            }
        }
        tracing::info!("storage node stopped");
    }
}

/// The chain; one that does not answer may just be starting, so it is waited for.
async fn connect(config: &StorageConfig) -> anyhow::Result<SubxtReader> {
    let deadline = tokio::time::Instant::now() + config.chain_wait;
    loop {
        let attempt = match &config.chain {
            ChainSource::Url(url) if !is_websocket(url) => {
                bail!("--rpc {url} is no WebSocket URL; write it like ws://127.0.0.1:9944")
            }
            ChainSource::Url(url) => SubxtReader::connect(url).await,
            ChainSource::Client { rpc, name } => SubxtReader::new(rpc.clone(), name).await,
        };
        match attempt {
            Err(error @ ChainError::Unreachable { .. })
                if tokio::time::Instant::now() + CHAIN_PAUSE < deadline =>
            {
                tracing::warn!("{error}; trying again");
                tokio::time::sleep(CHAIN_PAUSE).await;
            }
            attempt => return Ok(attempt?),
        }
    }
}

fn is_websocket(url: &str) -> bool {
    ["ws://", "wss://"]
        .iter()
        .any(|scheme| url.starts_with(scheme))
}

fn engine_config(config: &StorageConfig, base: &BasePath, provider: ProviderId) -> Config {
    let store = base.path().join("store");
    let capacity = config.offer.capacity_bytes;
    Config {
        prover_permits: config.prover_cores.get(),
        ..Config::new(store, provider, capacity)
    }
}

async fn swarm_config(
    config: &StorageConfig,
    key: NodeKey,
    reader: &SubxtReader,
    provider: ProviderId,
) -> anyhow::Result<SwarmConfig> {
    let genesis = reader.genesis();
    let mut swarm = if config.local_network {
        SwarmConfig::local(genesis, key)
    } else {
        SwarmConfig::new(genesis, key)
    };
    if !config.listen.is_empty() {
        swarm.listen.clone_from(&config.listen);
    }
    swarm.external.clone_from(&config.external);
    swarm.bootstrap.clone_from(&config.bootstrap);
    swarm.on_thread_start.clone_from(&config.on_thread_start);
    let by_class = (config.offer.class == NodeClass::Super).then_some(SUPER_CONNECTIONS);
    if let Some(connections) = config.connections_max.or(by_class) {
        swarm.limits.inbound_connections = connections;
        swarm.limits.outbound_connections = connections;
    }
    let nodes = reader
        .nodes(BOOTSTRAP_NODES_MAX)
        .await
        .context("read the list of nodes")?;
    for node in nodes.iter().filter(|node| node.provider != provider) {
        // Written by strangers: what is no address is no way in.
        let Ok(peer) = PeerId::from_bytes(&node.peer_id) else {
            continue;
        };
        let addresses = node
            .addresses
            .iter()
            .filter_map(|bytes| Address::from_bytes(bytes).ok())
            .filter(|address| address.is_reachable(config.local_network));
        swarm
            .bootstrap
            .extend(addresses.map(|address| address.split_peer().0.with_peer(peer)));
    }
    Ok(swarm)
}

async fn start_engine(
    config: &StorageConfig,
    engine: Engine,
    swarm: &Swarm,
    reader: &SubxtReader,
    worker: &AccountSigner,
    provider: ProviderId,
) -> anyhow::Result<(EngineHandle, Announcer)> {
    let listening = tokio::time::timeout(LISTEN_LIMIT, swarm.listening());
    let bound = listening
        .await
        .context("the listen addresses are not bound in time")??;
    let owner = config.owner.as_ref().map(|owner| {
        let journal = SubmitterConfig {
            folder: Some(config.base_path.join("chain")),
        };
        SubxtClient::new(reader.clone(), owner.clone(), &journal)
    });
    let mut announcer = Announcer {
        reader: reader.clone(),
        owner,
        provider,
        peer: swarm.peer_id(),
        external: config.external.clone(),
        local_network: config.local_network,
        announced: Vec::new(),
    };
    onboarding::onboard(&mut announcer, worker, &config.offer, bound).await?;
    Ok((engine.start(swarm.clone()).await?, announcer))
}
