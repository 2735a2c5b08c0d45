//! The parts every mode of the node shares.

pub(crate) mod checks;
pub(crate) mod collator;
pub(crate) mod dev;
pub(crate) mod relay;

use std::sync::Arc;

use cumulus_client_consensus_aura::equivocation_import_queue::Verifier;
use cumulus_client_consensus_common::ParachainBlockImport;
use ips_runtime::{Header, RuntimeApi};
use sc_consensus::{BasicQueue, DefaultImportQueue};
use sc_executor::WasmExecutor;
use sc_service::{Configuration, PartialComponents, TFullBackend, TFullClient, TaskManager};
use sc_telemetry::{Telemetry, TelemetryHandle, TelemetryWorker, TelemetryWorkerHandle};
use sc_transaction_pool::TransactionPoolHandle;
use sp_consensus_aura::sr25519::AuthorityPair;

/// A block whose extrinsics are bytes: only the runtime looks into them.
pub(crate) type Block = sp_runtime::generic::Block<Header, sp_runtime::OpaqueExtrinsic>;

/// What the WASM blob may call besides the SDK's functions: proof size and BLS12-381.
pub(crate) type ExtraHostFunctions = (
    cumulus_primitives_proof_size_hostfunction::storage_proof_size::HostFunctions,
    sp_crypto_ec_utils::bls12_381::host_calls::HostFunctions,
);

/// What the WASM blob may call.
pub(crate) type HostFunctions = (sp_io::SubstrateHostFunctions, ExtraHostFunctions);

/// Executor of the WASM blob; there is no native runtime.
pub(crate) type Executor = WasmExecutor<HostFunctions>;
/// Client.
pub(crate) type FullClient = TFullClient<Block, RuntimeApi, Executor>;
/// Database.
pub(crate) type FullBackend = TFullBackend<Block>;
/// Transaction pool.
pub(crate) type FullPool = TransactionPoolHandle<Block, FullClient>;

/// Imports blocks; the relay chain says which of them is the best.
pub(crate) type BlockImport = ParachainBlockImport<Block, Arc<FullClient>, FullBackend>;

/// Client, backend, pool and import queue, before any network.
pub(crate) type Partial = PartialComponents<
    FullClient,
    FullBackend,
    sc_consensus::LongestChain<FullBackend, Block>,
    DefaultImportQueue<Block>,
    FullPool,
    Extra,
>;

/// What [`Partial`] has beyond the SDK's parts.
pub(crate) struct Extra {
    /// Imports blocks that this node makes or is given by the relay chain.
    pub(crate) block_import: BlockImport,
    /// Reports to telemetry servers, if there are any.
    pub(crate) telemetry: Option<(Telemetry, TelemetryWorkerHandle)>,
}

/// Who makes the blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authoring {
    /// This node alone: nothing is checked.
    Manual,
    /// Collators in turn: the author's seal and slot are checked.
    Aura,
}

/// Opens the database and builds what every command needs.
pub(crate) fn new_partial(
    config: &Configuration,
    authoring: Authoring,
) -> Result<Partial, sc_service::Error> {
    let telemetry = telemetry(config)?;
    let handle = telemetry.as_ref().map(|(_, telemetry)| telemetry.handle());
    let executor = sc_service::new_wasm_executor::<HostFunctions>(&config.executor);
    // The runtime reads how large the proof of its block has become, so importing a collator's block
    // has to record one as well.
    let record_proof = authoring == Authoring::Aura;
    let (client, backend, keystore_container, task_manager) =
        sc_service::new_full_parts_record_import::<Block, RuntimeApi, _>(
            config,
            handle.clone(),
            executor,
            record_proof,
            Default::default(),
        )?;
    let client = Arc::new(client);
    let telemetry = telemetry.map(|(worker, telemetry)| {
        let handle = worker.handle();
        let spawner = task_manager.spawn_handle();
        spawner.spawn("telemetry", None, worker.run());
        (telemetry, handle)
    });
    let select_chain = sc_consensus::LongestChain::new(backend.clone());
    let transaction_pool = Arc::new(
        sc_transaction_pool::Builder::new(
            task_manager.spawn_essential_handle(),
            client.clone(),
            config.role.is_authority().into(),
        )
        .with_options(config.transaction_pool.clone())
        .with_prometheus(config.prometheus_registry())
        .build(),
    );
    let block_import = ParachainBlockImport::new(client.clone(), backend.clone());
    let import_queue = match authoring {
        Authoring::Manual => sc_consensus_manual_seal::import_queue(
            Box::new(client.clone()),
            &task_manager.spawn_essential_handle(),
            config.prometheus_registry(),
        ),
        Authoring::Aura => aura_queue(config, &client, block_import.clone(), handle, &task_manager),
    };
    Ok(PartialComponents {
        client,
        backend,
        task_manager,
        import_queue,
        keystore_container,
        select_chain,
        transaction_pool,
        other: Extra {
            block_import,
            telemetry,
        },
    })
}

fn telemetry(
    config: &Configuration,
) -> Result<Option<(TelemetryWorker, Telemetry)>, sc_telemetry::Error> {
    /// Messages that wait to be sent.
    const QUEUE: usize = 16;
    let endpoints = config.telemetry_endpoints.clone();
    let Some(endpoints) = endpoints.filter(|endpoints| !endpoints.is_empty()) else {
        return Ok(None);
    };
    let worker = TelemetryWorker::new(QUEUE)?;
    let telemetry = worker.handle().new_telemetry(endpoints);
    Ok(Some((worker, telemetry)))
}

/// Checks seals and slots, and that no author floods a slot with blocks.
fn aura_queue(
    config: &Configuration,
    client: &Arc<FullClient>,
    block_import: BlockImport,
    telemetry: Option<TelemetryHandle>,
    task_manager: &TaskManager,
) -> DefaultImportQueue<Block> {
    let inherents =
        |_, ()| async move { Ok(sp_timestamp::InherentDataProvider::from_system_time()) };
    let verifier = Verifier::<AuthorityPair, _, _, _>::new(client.clone(), inherents, telemetry);
    BasicQueue::new(
        verifier,
        Box::new(block_import),
        None,
        &task_manager.spawn_essential_handle(),
        config.prometheus_registry(),
    )
}

/// Ends the node if the chain can not go on; a storage task must never be one of these.
pub(crate) fn spawn_essential(
    task_manager: &TaskManager,
    name: &'static str,
    future: impl std::future::Future<Output = ()> + Send + 'static,
) {
    task_manager
        .spawn_essential_handle()
        .spawn_blocking(name, None, future);
}
