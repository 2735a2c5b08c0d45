//! What each command does.

use frame_benchmarking_cli::BenchmarkCmd;
use sc_cli::{
    CliConfiguration, Database, DatabaseParams, ImportParams, KeystoreParams, NetworkParams,
    SharedParams, SubstrateCli,
};
use sc_service::PartialComponents;
use sp_runtime::traits::HashingFor;

use crate::{
    chain_spec,
    cli::{Cli, RunCmd, Subcommand},
    log::{self, LogFormat},
    panics, service,
};

impl SubstrateCli for Cli {
    fn impl_name() -> String {
        "IPS Node".into()
    }

    fn impl_version() -> String {
        env!("CARGO_PKG_VERSION").into()
    }

    fn description() -> String {
        env!("CARGO_PKG_DESCRIPTION").into()
    }

    fn author() -> String {
        "The IPS developers".into()
    }

    fn support_url() -> String {
        env!("CARGO_PKG_REPOSITORY").into()
    }

    fn copyright_start_year() -> i32 {
        2026
    }

    fn load_spec(&self, id: &str) -> Result<Box<dyn sc_service::ChainSpec>, String> {
        chain_spec::load_built(id)
    }
}

/// The SDK's configuration with ParityDB as the database, JSON logs, and a panic handler that spares
/// the process if only the storage node panics.
impl CliConfiguration for RunCmd {
    fn shared_params(&self) -> &SharedParams {
        self.base.shared_params()
    }

    fn import_params(&self) -> Option<&ImportParams> {
        self.base.import_params()
    }

    fn network_params(&self) -> Option<&NetworkParams> {
        self.base.network_params()
    }

    fn keystore_params(&self) -> Option<&KeystoreParams> {
        self.base.keystore_params()
    }

    fn database_params(&self) -> Option<&DatabaseParams> {
        self.base.database_params()
    }

    fn database(&self) -> sc_cli::Result<Option<Database>> {
        Ok(self.base.database()?.or(Some(Database::ParityDb)))
    }

    fn node_name(&self) -> sc_cli::Result<String> {
        self.base.node_name()
    }

    fn role(&self, is_dev: bool) -> sc_cli::Result<sc_service::Role> {
        self.base.role(is_dev)
    }

    fn transaction_pool(&self, is_dev: bool) -> sc_cli::Result<sc_service::TransactionPoolOptions> {
        self.base.transaction_pool(is_dev)
    }

    fn rpc_methods(&self) -> sc_cli::Result<sc_service::config::RpcMethods> {
        self.base.rpc_methods()
    }

    fn rpc_max_connections(&self) -> sc_cli::Result<u32> {
        self.base.rpc_max_connections()
    }

    fn rpc_cors(&self, is_dev: bool) -> sc_cli::Result<Option<Vec<String>>> {
        self.base.rpc_cors(is_dev)
    }

    fn rpc_addr(&self, port: u16) -> sc_cli::Result<Option<Vec<sc_cli::RpcEndpoint>>> {
        self.base.rpc_addr(port)
    }

    fn prometheus_config(
        &self,
        port: u16,
        spec: &Box<dyn sc_service::ChainSpec>,
    ) -> sc_cli::Result<Option<sc_service::config::PrometheusConfig>> {
        self.base.prometheus_config(port, spec)
    }

    fn disable_grandpa(&self) -> sc_cli::Result<bool> {
        self.base.disable_grandpa()
    }

    fn force_authoring(&self) -> sc_cli::Result<bool> {
        self.base.force_authoring()
    }

    fn dev_key_seed(&self, is_dev: bool) -> sc_cli::Result<Option<String>> {
        self.base.dev_key_seed(is_dev)
    }

    fn init<F>(&self, url: &String, version: &String, logger_hook: F) -> sc_cli::Result<()>
    where
        F: FnOnce(&mut sc_cli::LoggerBuilder),
    {
        match self.log_format {
            LogFormat::Human => self.base.init(url, version, logger_hook)?,
            LogFormat::Json => {
                sp_panic_handler::set(url, version);
                log::start_json(&self.log_filters()?)?;
                if let Err(error) = fdlimit::raise_fd_limit() {
                    tracing::warn!(%error, "the limit of open files stays as it is");
                }
            }
        }
        panics::spare_storage_threads();
        Ok(())
    }
}

/// Parses the arguments and does what they say.
pub(crate) fn run() -> sc_cli::Result<()> {
    let cli = Cli::from_args();
    match &cli.subcommand {
        None => run_node(&cli),
        Some(Subcommand::Key(cmd)) => cmd.run(&cli),
        Some(Subcommand::ExportChainSpec(cmd)) => cmd.run(chain_spec::load(&cmd.chain)?),
        Some(Subcommand::Benchmark(cmd)) => run_benchmark(cmd),
        Some(subcommand) => run_on_database(&cli, subcommand),
    }
}

fn run_node(cli: &Cli) -> sc_cli::Result<()> {
    let runner = cli.create_runner(&cli.run)?;
    let run = cli.run.clone();
    runner.run_node_until_exit(|config| async move {
        if !run.base.shared_params.is_dev() {
            return Err(sc_cli::Error::Input(
                "this build runs development chains only: add --dev (a collator is not built in)"
                    .into(),
            ));
        }
        Ok(service::dev::start(config, run)?)
    })
}

/// Measures a blob that was built with benchmarks; this binary's own blob has none.
fn run_benchmark(cmd: &BenchmarkCmd) -> sc_cli::Result<()> {
    match cmd {
        BenchmarkCmd::Pallet(cmd) if cmd.runtime.is_some() => {
            sc_cli::LoggerBuilder::new("info").init()?;
            cmd.run_with_spec::<HashingFor<ips_runtime::Block>, service::ExtraHostFunctions>(None)
        }
        _ => Err(sc_cli::Error::Input(
            "use `benchmark pallet --runtime BLOB`, as scripts/benchmark-weights.sh does".into(),
        )),
    }
}

fn run_on_database(cli: &Cli, subcommand: &Subcommand) -> sc_cli::Result<()> {
    match subcommand {
        Subcommand::CheckBlock(cmd) => cli.create_runner(&**cmd)?.async_run(|config| {
            let PartialComponents {
                client,
                task_manager,
                import_queue,
                ..
            } = service::new_partial(&config)?;
            Ok((cmd.run(client, import_queue), task_manager))
        }),
        Subcommand::ExportBlocks(cmd) => cli.create_runner(&**cmd)?.async_run(|config| {
            let PartialComponents {
                client,
                task_manager,
                ..
            } = service::new_partial(&config)?;
            Ok((cmd.run(client, config.database), task_manager))
        }),
        Subcommand::ImportBlocks(cmd) => cli.create_runner(&**cmd)?.async_run(|config| {
            let PartialComponents {
                client,
                task_manager,
                import_queue,
                ..
            } = service::new_partial(&config)?;
            Ok((cmd.run(client, import_queue), task_manager))
        }),
        Subcommand::ExportState(cmd) => cli.create_runner(&**cmd)?.async_run(|config| {
            let PartialComponents {
                client,
                task_manager,
                ..
            } = service::new_partial(&config)?;
            Ok((cmd.run(client, config.chain_spec), task_manager))
        }),
        Subcommand::PurgeChain(cmd) => cli
            .create_runner(&**cmd)?
            .sync_run(|config| cmd.run(config.database)),
        Subcommand::Revert(cmd) => cli.create_runner(&**cmd)?.async_run(|config| {
            let PartialComponents {
                client,
                task_manager,
                backend,
                ..
            } = service::new_partial(&config)?;
            Ok((cmd.run(client, backend, None), task_manager))
        }),
        Subcommand::Key(_) | Subcommand::ExportChainSpec(_) | Subcommand::Benchmark(_) => {
            unreachable!("handled without a database by the caller")
        }
    }
}
