//! A development chain: no relay chain, no peers, blocks by a clock or by need.
//!
//! The runtime is the parachain's; what a relay chain would tell it (its block, slot and
//! randomness) is made here. One relay slot passes per block, whatever the clock says, so the
//! chain's own time runs faster or slower than ours if blocks do.

use std::{sync::Arc, time::Duration};

use codec::Encode;
use cumulus_client_parachain_inherent::MockValidationDataInherentDataProvider;
use cumulus_primitives_core::{
    relay_chain::{well_known_keys::CURRENT_BLOCK_RANDOMNESS, HeadData, UpgradeGoAhead},
    CollectCollationInfo, GetParachainInfo,
};
use futures::{stream::BoxStream, StreamExt};
use ips_runtime::{constants::SLOT_MILLISECONDS, Hash, Header};
use sc_client_api::HeaderBackend;
use sc_consensus_manual_seal::{
    consensus::aura::AuraConsensusDataProvider, run_manual_seal, EngineCommand, ManualSealParams,
};
use sc_network::NetworkBackend;
use sc_service::{Configuration, PartialComponents, TaskManager};
use sc_transaction_pool_api::TransactionPool as _;
use sp_api::ProvideRuntimeApi;
use sp_consensus_aura::{digests::CompatibleDigestItem, sr25519::AuthoritySignature, AuraApi};
use sp_runtime::traits::Header as _;

use crate::{
    cli::RunCmd,
    rpc,
    service::{new_partial, spawn_essential, Authoring, Block, FullClient},
    storage,
};

/// What each block is told: time, relay chain, randomness.
#[derive(Clone)]
struct Inherents {
    client: Arc<FullClient>,
    /// Secret of this run: the randomness of the relay chain that is not there comes from it.
    secret: Arc<[u8; 32]>,
    /// Relay block of para block 0.
    relay_offset: u32,
}

impl Inherents {
    fn new(client: Arc<FullClient>) -> Result<Self, sc_service::Error> {
        let best = client.info().best_number;
        let header = client
            .header(client.info().best_hash)?
            .ok_or_else(|| sc_service::Error::Other("the best block has no header".into()))?;
        let last = header
            .digest()
            .logs()
            .iter()
            .find_map(CompatibleDigestItem::<AuthoritySignature>::as_aura_pre_digest)
            .map_or(0, u64::from);
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs() * 1_000 / SLOT_MILLISECONDS);
        // The slot of the next block: the clock's, unless fast blocks have run ahead of it.
        let next = now.max(last + 1);
        let relay_offset = u32::try_from(next.saturating_sub(u64::from(best) + 1))
            .map_err(|_| sc_service::Error::Other("the system clock is wrong".into()))?;
        let mut secret = [0u8; 32];
        rand::RngCore::fill_bytes(&mut rand::rngs::OsRng, &mut secret);
        Ok(Self {
            client,
            secret: Arc::new(secret),
            relay_offset,
        })
    }

    /// What the relay block's randomness would be: known to this node alone before the block is made.
    fn randomness(&self, block: u32) -> [u8; 32] {
        ips_primitives::hash::blake2_256(&[&*self.secret, &block.to_le_bytes()])
    }

    fn provide(
        &self,
        parent: Hash,
    ) -> Result<
        (
            sp_timestamp::InherentDataProvider,
            MockValidationDataInherentDataProvider,
        ),
        Box<dyn std::error::Error + Send + Sync>,
    > {
        let header: Header = self
            .client
            .header(parent)?
            .ok_or("the parent has no header")?;
        let api = self.client.runtime_api();
        let info = api.collect_collation_info(parent, &header)?;
        let block = header.number() + 1;
        let slot = u64::from(self.relay_offset) + u64::from(block);
        let timestamp = sp_timestamp::InherentDataProvider::new(sp_timestamp::Timestamp::new(
            slot * api.slot_duration(parent)?.as_millis(),
        ));
        let relay = MockValidationDataInherentDataProvider {
            current_para_block: block,
            para_id: api.parachain_id(parent)?,
            current_para_block_head: Some(HeadData(header.encode())),
            relay_offset: self.relay_offset,
            relay_blocks_per_para_block: 1,
            additional_key_values: Some(vec![(
                CURRENT_BLOCK_RANDOMNESS.to_vec(),
                Some(self.randomness(block)).encode(),
            )]),
            upgrade_go_ahead: info.new_validation_code.map(|_| UpgradeGoAhead::GoAhead),
            ..Default::default()
        };
        Ok((timestamp, relay))
    }
}

/// Starts the chain, its RPC server, block production and, if asked for, the storage node.
pub(crate) fn start(config: Configuration, run: RunCmd) -> Result<TaskManager, sc_service::Error> {
    start_with::<sc_network::NetworkWorker<Block, Hash>>(config, run)
}

fn start_with<Net: NetworkBackend<Block, Hash>>(
    config: Configuration,
    run: RunCmd,
) -> Result<TaskManager, sc_service::Error> {
    let PartialComponents {
        client,
        backend,
        mut task_manager,
        import_queue,
        keystore_container,
        select_chain,
        transaction_pool,
        other: _,
    } = new_partial(&config, Authoring::Manual)?;

    let metrics = Net::register_notification_metrics(config.prometheus_registry());
    let (network, system_rpc_tx, tx_handler_controller, sync_service, _) =
        sc_service::build_network(sc_service::BuildNetworkParams {
            config: &config,
            net_config: without_peers::<Net>(&config),
            client: client.clone(),
            transaction_pool: transaction_pool.clone(),
            spawn_handle: task_manager.spawn_handle(),
            spawn_essential_handle: task_manager.spawn_essential_handle(),
            import_queue,
            block_announce_validator_builder: None,
            warp_sync_config: None,
            block_relay: None,
            metrics,
            gap_sync_body_policy: None,
        })?;

    spawn_authoring(
        &task_manager,
        &config,
        &run,
        &client,
        &transaction_pool,
        select_chain,
    )?;

    let base_path = config.base_path.path().to_path_buf();
    let (rpc_client, pool) = (client.clone(), transaction_pool.clone());
    let rpc_builder =
        Box::new(move |_| rpc::module(rpc_client.clone(), pool.clone()).map_err(Into::into));
    let rpc_handlers = sc_service::spawn_tasks(sc_service::SpawnTasksParams {
        rpc_builder,
        client,
        transaction_pool,
        task_manager: &mut task_manager,
        config,
        keystore: keystore_container.keystore(),
        backend,
        network,
        sync_service,
        system_rpc_tx,
        tx_handler_controller,
        telemetry: None,
        tracing_execute_block: None,
    })?;

    if run.storage.storage {
        storage::spawn(&task_manager, &rpc_handlers, &run.storage, &base_path)?;
    }
    Ok(task_manager)
}

/// The network's settings: a development chain has no peers.
fn without_peers<Net: NetworkBackend<Block, Hash>>(
    config: &Configuration,
) -> sc_network::config::FullNetworkConfiguration<Block, Hash, Net> {
    let mut settings = sc_network::config::FullNetworkConfiguration::new(
        &config.network,
        config.prometheus_registry().cloned(),
    );
    let peers = &mut settings.network_config.default_peers_set;
    (peers.in_peers, peers.out_peers) = (0, 0);
    settings
}

fn spawn_authoring(
    task_manager: &TaskManager,
    config: &Configuration,
    run: &RunCmd,
    client: &Arc<FullClient>,
    pool: &Arc<crate::service::FullPool>,
    select_chain: sc_consensus::LongestChain<crate::service::FullBackend, Block>,
) -> Result<(), sc_service::Error> {
    let env = sc_basic_authorship::ProposerFactory::new(
        task_manager.spawn_handle(),
        client.clone(),
        pool.clone(),
        config.prometheus_registry(),
        None,
    );
    let inherents = Inherents::new(client.clone())?;
    let create_inherent_data_providers = move |parent: Hash, ()| {
        let inherents = inherents.clone();
        async move { inherents.provide(parent) }
    };
    let params = ManualSealParams {
        block_import: client.clone(),
        env,
        client: client.clone(),
        pool: pool.clone(),
        commands_stream: when_to_seal(run, pool),
        select_chain,
        consensus_data_provider: Some(Box::new(AuraConsensusDataProvider::new(client.clone()))),
        create_inherent_data_providers,
    };
    spawn_essential(task_manager, "manual-seal", run_manual_seal(params));
    Ok(())
}

/// A command for each block: by the clock, or for each transaction that comes.
fn when_to_seal(
    run: &RunCmd,
    pool: &Arc<crate::service::FullPool>,
) -> BoxStream<'static, EngineCommand<Hash>> {
    // Not what the SDK calls an instant seal: it takes a block of one transaction for empty, because
    // there are more inherents than extrinsics of them, or it finalises nothing.
    let seal = || EngineCommand::SealNewBlock {
        create_empty: true,
        finalize: true,
        parent_hash: None,
        sender: None,
    };
    if run.instant_seal {
        let news = pool.import_notification_stream();
        return news.map(move |_| seal()).boxed();
    }
    let period = Duration::from_millis(run.dev_block_time);
    let clock = tokio::time::interval(period);
    let ticks = futures::stream::unfold(clock, |mut clock| async {
        clock.tick().await;
        Some(((), clock))
    });
    ticks.map(move |()| seal()).boxed()
}
