//! A node of the parachain: follows the relay chain and, with `--collator`, makes blocks.
//!
//! Goal: one block per slot and relay block, built ahead of its parent's inclusion (the SDK's
//! lookahead collator). Non-goal: several blocks or cores per slot.

use std::{sync::Arc, time::Duration};

use codec::Encode;
use cumulus_client_bootnodes::{start_bootnode_tasks, StartBootnodeTasksParams};
use cumulus_client_cli::CollatorOptions;
use cumulus_client_collator::service::CollatorService;
use cumulus_client_consensus_aura::collators::lookahead;
use cumulus_client_service::{
    build_network, prepare_node_config, start_relay_chain_tasks, BuildNetworkParams,
    DARecoveryProfile, ParachainTracingExecuteBlock, StartRelayChainTasksParams,
};
use cumulus_primitives_core::{relay_chain::ValidationCode, ParaId};
use ips_runtime::{constants::RELAY_SLOT_MILLISECONDS, Hash};
use sc_client_api::HeaderBackend as _;
use sc_consensus::import_queue::ImportQueueService;
use sc_network::{
    config::{FullNetworkConfiguration, NetworkBackendType},
    service::traits::{NetworkBlock as _, NetworkService},
    Litep2pNetworkBackend, NetworkBackend,
};
use sc_network_sync::SyncingService;
use sc_service::{Configuration, ImportQueue as _, RpcHandlers, TaskManager};
use sc_telemetry::Telemetry;
use sp_consensus_aura::sr25519::AuthorityPair;
use sp_keystore::KeystorePtr;

use crate::{
    cli::RunCmd,
    rpc,
    service::{
        checks::{self, StartError},
        new_partial,
        relay::Relay,
        Authoring, Block, BlockImport, FullBackend, FullClient, FullPool,
    },
    storage,
};

/// Time between blocks of the relay chain.
pub(crate) const RELAY_SLOT: Duration = Duration::from_millis(RELAY_SLOT_MILLISECONDS as u64);
/// Time a collator spends on a block.
const AUTHORING: Duration = Duration::from_secs(2);

/// The parachain's side of a node.
struct Parachain {
    id: ParaId,
    client: Arc<FullClient>,
    backend: Arc<FullBackend>,
    pool: Arc<FullPool>,
    keystore: KeystorePtr,
    block_import: BlockImport,
    telemetry: Option<Telemetry>,
    registry: Option<substrate_prometheus_endpoint::Registry>,
    /// Whether this node makes blocks.
    collates: bool,
}

/// What a node has once it is in the parachain's network.
struct Joined {
    network: Arc<dyn NetworkService>,
    sync: Arc<SyncingService<Block>>,
    rpc: RpcHandlers,
}

/// Starts the relay chain's node or the connection to one, the parachain, its RPC server, and, if
/// asked for, block production and the storage node.
///
/// # Errors
/// If a [check](checks) fails or a part cannot start.
pub(crate) async fn start(
    config: Configuration,
    relay_config: Configuration,
    run: RunCmd,
) -> sc_cli::Result<TaskManager> {
    let options = run.base.collator_options();
    checks::ports_are_free(&config, &relay_config)?;
    checks::relay_chain_answers(&options).await?;
    if !matches!(config.network.network_backend, NetworkBackendType::Litep2p) {
        return Err(StartError::NetworkBackend.into());
    }
    let config = prepare_node_config(config);
    let parts = new_partial(&config, Authoring::Aura)?;
    let mut task_manager = parts.task_manager;
    let (telemetry, telemetry_worker) = parts.other.telemetry.unzip();
    let mut chain = Parachain {
        id: checks::parachain_id(&config, &parts.client)?,
        client: parts.client,
        backend: parts.backend,
        pool: parts.transaction_pool,
        keystore: parts.keystore_container.keystore(),
        block_import: parts.other.block_import,
        telemetry,
        registry: config.prometheus_registry().cloned(),
        collates: config.role.is_authority(),
    };
    if chain.collates && config.dev_key_seed.is_none() {
        checks::has_aura_key(&chain.keystore)?;
    }
    let relay = Relay::start(
        relay_config,
        &config,
        telemetry_worker,
        &mut task_manager,
        options.clone(),
    )
    .await?;
    checks::watch_relay_chain(&task_manager, &relay, &chain.client, chain.id);

    let base_path = config.base_path.path().to_path_buf();
    let bootnodes = chain.bootnodes(&config, &options);
    let queue = parts.import_queue.service();
    let joined = chain
        .join::<Litep2pNetworkBackend>(config, &relay, parts.import_queue, &mut task_manager)
        .await?;
    chain.follow(&relay, &joined, queue, &mut task_manager)?;
    bootnodes(&relay, &joined, &mut task_manager);
    if chain.collates {
        chain.collate(&relay, &joined, &run, &task_manager)?;
    }
    if run.storage.storage {
        storage::spawn(&task_manager, &joined.rpc, &run.storage, &base_path)?;
    }
    Ok(task_manager)
}

impl Parachain {
    /// Joins the parachain's network and serves RPC.
    async fn join<Net: NetworkBackend<Block, Hash>>(
        &mut self,
        config: Configuration,
        relay: &Relay,
        import_queue: sc_consensus::DefaultImportQueue<Block>,
        task_manager: &mut TaskManager,
    ) -> sc_cli::Result<Joined> {
        let registry = self.registry.as_ref();
        let net_config =
            FullNetworkConfiguration::<_, _, Net>::new(&config.network, registry.cloned());
        let (network, system_rpc_tx, tx_handler_controller, sync, _) =
            build_network(BuildNetworkParams {
                parachain_config: &config,
                net_config,
                client: self.client.clone(),
                transaction_pool: self.pool.clone(),
                para_id: self.id,
                spawn_handle: task_manager.spawn_handle(),
                spawn_essential_handle: task_manager.spawn_essential_handle(),
                relay_chain_interface: relay.chain.clone(),
                import_queue,
                metrics: Net::register_notification_metrics(registry),
                gap_sync_body_policy: None,
            })
            .await?;
        let (client, pool) = (self.client.clone(), self.pool.clone());
        let rpc_builder =
            Box::new(move |_| rpc::module(client.clone(), pool.clone()).map_err(Into::into));
        let tracing = ParachainTracingExecuteBlock::new(self.client.clone());
        let rpc = sc_service::spawn_tasks(sc_service::SpawnTasksParams {
            rpc_builder,
            client: self.client.clone(),
            transaction_pool: self.pool.clone(),
            task_manager,
            config,
            keystore: self.keystore.clone(),
            backend: self.backend.clone(),
            network: network.clone(),
            sync_service: sync.clone(),
            system_rpc_tx,
            tx_handler_controller,
            telemetry: self.telemetry.as_mut(),
            tracing_execute_block: Some(Arc::new(tracing)),
        })?;
        Ok(Joined { network, sync, rpc })
    }

    /// Takes from the relay chain which block is the best and which are final, and from its validators
    /// the blocks that nobody else sends.
    fn follow(
        &self,
        relay: &Relay,
        joined: &Joined,
        import_queue: Box<dyn ImportQueueService<Block>>,
        task_manager: &mut TaskManager,
    ) -> sc_cli::Result<()> {
        start_relay_chain_tasks(StartRelayChainTasksParams {
            client: self.client.clone(),
            announce_block: joined.announce_block(),
            para_id: self.id,
            relay_chain_interface: relay.chain.clone(),
            task_manager,
            da_recovery_profile: if self.collates {
                DARecoveryProfile::Collator
            } else {
                DARecoveryProfile::FullNode
            },
            import_queue,
            relay_chain_slot_duration: RELAY_SLOT,
            recovery_handle: Box::new(relay.overseer()?),
            sync_service: joined.sync.clone(),
            prometheus_registry: self.registry.as_ref(),
        })?;
        Ok(())
    }

    /// Finds the parachain's nodes through the relay chain's network, and is found there.
    fn bootnodes(
        &self,
        config: &Configuration,
        options: &CollatorOptions,
    ) -> impl FnOnce(&Relay, &Joined, &mut TaskManager) {
        let (advertise, discover) = (
            options.embedded_dht_bootnode,
            options.dht_bootnode_discovery,
        );
        let para_id = self.id;
        let genesis = self.client.info().genesis_hash;
        let advertise_non_global_ips = config.network.allow_non_globals_in_dht;
        let fork_id = config.chain_spec.fork_id().map(ToString::to_string);
        let public_addresses = config.network.public_addresses.clone();
        move |relay, joined, task_manager| {
            start_bootnode_tasks(StartBootnodeTasksParams {
                embedded_dht_bootnode: advertise,
                dht_bootnode_discovery: discover,
                para_id,
                task_manager,
                relay_chain_interface: relay.chain.clone(),
                relay_chain_fork_id: relay.fork_id.clone(),
                relay_chain_network: relay.network.clone(),
                request_receiver: relay.bootnode_requests.clone(),
                parachain_network: joined.network.clone(),
                advertise_non_global_ips,
                parachain_genesis_hash: genesis.encode(),
                parachain_fork_id: fork_id,
                parachain_public_addresses: public_addresses,
            });
        }
    }

    /// Makes blocks when it is this node's turn.
    fn collate(
        &self,
        relay: &Relay,
        joined: &Joined,
        run: &RunCmd,
        task_manager: &TaskManager,
    ) -> Result<(), StartError> {
        let client = self.client.clone();
        let proposer = sc_basic_authorship::ProposerFactory::new(
            task_manager.spawn_handle(),
            client.clone(),
            self.pool.clone(),
            self.registry.as_ref(),
            self.telemetry.as_ref().map(Telemetry::handle),
        );
        let code_client = client.clone();
        let collator =
            lookahead::run::<Block, AuthorityPair, _, _, _, _, _, _, _, _>(lookahead::Params {
                // Time and the relay chain's data are the collator's own.
                create_inherent_data_providers: |_, ()| async { Ok(()) },
                block_import: self.block_import.clone(),
                para_client: client.clone(),
                para_backend: self.backend.clone(),
                relay_client: relay.chain.clone(),
                code_hash_provider: move |block: Hash| {
                    let code = code_client.code_at(block).ok()?;
                    Some(ValidationCode::from(code).hash())
                },
                keystore: self.keystore.clone(),
                collator_key: relay.collator_key()?,
                collator_peer_id: relay.network.local_peer_id(),
                para_id: self.id,
                overseer_handle: relay.overseer()?,
                relay_chain_slot_duration: RELAY_SLOT,
                proposer,
                collator_service: CollatorService::new(
                    client.clone(),
                    joined.announce_block(),
                    client,
                ),
                authoring_duration: AUTHORING,
                reinitialize: false,
                max_pov_percentage: run.base.experimental_max_pov_percentage,
            });
        let spawner = task_manager.spawn_essential_handle();
        spawner.spawn("aura", None, collator);
        Ok(())
    }
}

impl Joined {
    fn announce_block(&self) -> Arc<dyn Fn(Hash, Option<Vec<u8>>) + Send + Sync> {
        let sync = self.sync.clone();
        Arc::new(move |hash, data| sync.announce_block(hash, data))
    }
}
