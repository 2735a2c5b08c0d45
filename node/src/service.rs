//! The parts every mode of the node shares.

pub(crate) mod dev;

use std::sync::Arc;

use ips_runtime::{Header, RuntimeApi};
use sc_consensus::DefaultImportQueue;
use sc_executor::WasmExecutor;
use sc_service::{Configuration, PartialComponents, TFullBackend, TFullClient, TaskManager};
use sc_transaction_pool::TransactionPoolHandle;

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

/// Client, backend, pool and import queue, before any network.
pub(crate) type Partial = PartialComponents<
    FullClient,
    FullBackend,
    sc_consensus::LongestChain<FullBackend, Block>,
    DefaultImportQueue<Block>,
    FullPool,
    (),
>;

/// Opens the database and builds what every command needs.
pub(crate) fn new_partial(config: &Configuration) -> Result<Partial, sc_service::Error> {
    let executor = sc_service::new_wasm_executor::<HostFunctions>(&config.executor);
    let (client, backend, keystore_container, task_manager) =
        sc_service::new_full_parts::<Block, RuntimeApi, _>(
            config,
            None,
            executor,
            Default::default(),
        )?;
    let client = Arc::new(client);
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
    let import_queue = sc_consensus_manual_seal::import_queue(
        Box::new(client.clone()),
        &task_manager.spawn_essential_handle(),
        config.prometheus_registry(),
    );
    Ok(PartialComponents {
        client,
        backend,
        task_manager,
        import_queue,
        keystore_container,
        select_chain,
        transaction_pool,
        other: (),
    })
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
