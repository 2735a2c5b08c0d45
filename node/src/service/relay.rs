//! The relay chain's node inside, whole or only connected to one: its settings, from the flags after
//! `--`, and its start.

use std::sync::Arc;

use clap::{CommandFactory as _, FromArgMatches as _};
use cumulus_client_cli::CollatorOptions;
use cumulus_client_service::build_relay_chain_interface;
use cumulus_relay_chain_interface::{OverseerHandle, RelayChainInterface};
use polkadot_primitives::CollatorPair;
use sc_cli::{CliConfiguration as _, Database, SubstrateCli as _};
use sc_network::{request_responses::IncomingRequest, service::traits::NetworkService};
use sc_service::{Configuration, TaskManager};
use sc_telemetry::TelemetryWorkerHandle;

use crate::{chain_spec::Extensions, service::checks::StartError};

/// Folder of the relay chain's node in the parachain's.
const FOLDER: &str = "relay";
/// Ports unless told otherwise: next to the parachain's.
const P2P_PORT: u16 = 30_334;
const RPC_PORT: u16 = 9_945;
const PROMETHEUS_PORT: u16 = 9_616;

/// Settings of the relay chain's node inside a parachain's node.
///
/// # Errors
/// If a flag is wrong or the relay chain's specification is missing or cannot be read.
pub(crate) fn configuration(
    parachain: &Configuration,
    arguments: &[String],
) -> sc_cli::Result<Configuration> {
    let matches = polkadot_cli::RunCmd::command()
        .no_binary_name(true)
        .try_get_matches_from(arguments)?;
    let mut run = polkadot_cli::RunCmd::from_arg_matches(&matches)?.base;
    if run.validator || run.get_keyring().is_some() {
        return Err(StartError::RelayValidator.into());
    }
    if run.shared_params.chain.is_none() {
        let named = Extensions::of(&*parachain.chain_spec).relay_chain;
        run.shared_params.chain = Some(named.ok_or(StartError::NoRelayChain)?);
    }
    let folder = parachain.base_path.path().join(FOLDER);
    run.shared_params.base_path.get_or_insert(folder);
    let database = &mut run.import_params.database_params.database;
    database.get_or_insert(Database::ParityDb);
    let network = &mut run.network_params;
    let webrtc = network.force_enable_webrtc || !network.listen_addr.is_empty();
    if network.listen_addr.is_empty() {
        network.port.get_or_insert(P2P_PORT);
    }
    run.rpc_params.rpc_port.get_or_insert(RPC_PORT);
    let prometheus = &mut run.prometheus_params;
    prometheus.prometheus_port.get_or_insert(PROMETHEUS_PORT);

    // Polkadot's own loader: it knows the public relay chains by their names.
    let polkadot = polkadot_cli::Cli::from_iter(["ips-node"]);
    let mut config = run
        .create_configuration(&polkadot, parachain.tokio_handle.clone())
        .map_err(|error| StartError::RelaySpec {
            chain: run.shared_params.chain.clone().unwrap_or_default(),
            reason: error.to_string(),
        })?;
    if !webrtc {
        config.network.remove_webrtc_addresses();
    }
    Ok(config)
}

/// What the parachain's side of a node has of the relay chain.
pub(crate) struct Relay {
    pub(crate) chain: Arc<dyn RelayChainInterface>,
    pub(crate) network: Arc<dyn NetworkService>,
    pub(crate) fork_id: Option<String>,
    /// Questions from the relay chain's network for nodes of the parachain.
    pub(crate) bootnode_requests: async_channel::Receiver<IncomingRequest>,
    collator_key: Option<CollatorPair>,
}

impl Relay {
    /// Starts the relay chain's node, or, with `--relay-chain-rpc-urls`, the connection to one.
    ///
    /// # Errors
    /// If it cannot start.
    pub(crate) async fn start(
        config: Configuration,
        parachain: &Configuration,
        telemetry: Option<TelemetryWorkerHandle>,
        task_manager: &mut TaskManager,
        options: CollatorOptions,
    ) -> Result<Self, StartError> {
        let fork_id = config.chain_spec.fork_id().map(ToString::to_string);
        let (chain, collator_key, network, bootnode_requests) =
            build_relay_chain_interface(config, parachain, telemetry, task_manager, options, None)
                .await
                .map_err(|error| StartError::RelayNode(error.to_string()))?;
        Ok(Self {
            chain,
            network,
            fork_id,
            bootnode_requests,
            collator_key,
        })
    }

    /// The way to the relay chain's subsystems.
    ///
    /// # Errors
    /// If they do not run.
    pub(crate) fn overseer(&self) -> Result<OverseerHandle, StartError> {
        let handle = self.chain.overseer_handle();
        handle.map_err(|error| StartError::RelayNode(error.to_string()))
    }

    /// The key that the relay chain's validators know this collator by.
    ///
    /// # Errors
    /// If the node was not started as a collator.
    pub(crate) fn collator_key(&self) -> Result<CollatorPair, StartError> {
        let key = self.collator_key.clone();
        key.ok_or_else(|| StartError::RelayNode("it has no collator key".into()))
    }
}
