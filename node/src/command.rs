//! What each command does.

use frame_benchmarking_cli::BenchmarkCmd;
use sc_cli::{CliConfiguration as _, Database, DatabaseParams, Runner, Signals, SubstrateCli};
use sc_service::{chain_ops, ChainSpec, ChainType, PartialComponents};
use sp_runtime::traits::HashingFor;

use crate::{
    chain_spec,
    cli::{BuildSpec, Cli, Subcommand},
    log::{self, LogFormat},
    panics,
    service::{self, relay, Authoring},
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

    fn load_spec(&self, id: &str) -> Result<Box<dyn ChainSpec>, String> {
        chain_spec::load_built(id)
    }
}

/// Parses the arguments and does what they say.
pub(crate) fn run() -> sc_cli::Result<()> {
    let mut cli = Cli::from_args();
    if let Some(database) = database_params(&mut cli) {
        // The SDK would take RocksDB, which is not in this build.
        database.database.get_or_insert(Database::ParityDb);
    }
    match &cli.subcommand {
        None => run_node(cli),
        Some(Subcommand::Key(cmd)) => cmd.run(&cli),
        Some(Subcommand::ExportChainSpec(cmd)) => cmd.run(chain_spec::load(&cmd.chain)?),
        Some(Subcommand::BuildSpec(what)) => build_spec(what),
        Some(Subcommand::ExportGenesisWasm(cmd)) => {
            let chain = cmd.shared_params.chain.as_deref().unwrap_or_default();
            cmd.run(&*chain_spec::load_built(chain)?)
        }
        Some(Subcommand::Benchmark(cmd)) => run_benchmark(cmd),
        Some(subcommand) => run_on_database(&cli, subcommand),
    }
}

/// The database flags of the command, if it has any.
fn database_params(cli: &mut Cli) -> Option<&mut DatabaseParams> {
    Some(match &mut cli.subcommand {
        None => &mut cli.run.base.base.import_params.database_params,
        Some(Subcommand::CheckBlock(cmd)) => &mut cmd.import_params.database_params,
        Some(Subcommand::ImportBlocks(cmd)) => &mut cmd.import_params.database_params,
        Some(Subcommand::ExportBlocks(cmd)) => &mut cmd.database_params,
        Some(Subcommand::ExportState(cmd)) => &mut cmd.database_params,
        Some(Subcommand::PurgeChain(cmd)) => &mut cmd.base.database_params,
        Some(Subcommand::Revert(cmd)) => &mut cmd.database_params,
        Some(_) => return None,
    })
}

fn run_node(cli: Cli) -> sc_cli::Result<()> {
    let is_dev = cli.run.base.base.shared_params.is_dev();
    if is_dev && (cli.run.base.collator || !cli.relay_chain.is_empty()) {
        return Err(sc_cli::Error::Input(
            "a development chain has no relay chain: leave out --dev, or --collator and what \
             follows `--`"
                .into(),
        ));
    }
    let runner = node_runner(&cli)?;
    runner.run_node_until_exit(|config| async move {
        if is_dev {
            return Ok(service::dev::start(config, cli.run)?);
        }
        let relay_chain = relay::configuration(&config, &cli.relay_chain)?;
        service::collator::start(config, relay_chain, cli.run).await
    })
}

/// The SDK's runner, with JSON logs if asked for, and a panic handler that spares the process if only
/// the storage node panics.
fn node_runner(cli: &Cli) -> sc_cli::Result<Runner<Cli>> {
    let command = cli.run.base.normalize();
    let runtime = sc_cli::build_runtime()?;
    let signals = runtime.block_on(async { Signals::capture() })?;
    let config = command.create_configuration(cli, runtime.handle().clone())?;
    let (url, version) = (Cli::support_url(), Cli::impl_version());
    match cli.run.log_format {
        LogFormat::Human => command.init(&url, &version, |_| ())?,
        LogFormat::Json => {
            sp_panic_handler::set(&url, &version);
            log::start_json(&command.log_filters()?)?;
            if let Err(error) = fdlimit::raise_fd_limit() {
                tracing::warn!(%error, "the limit of open files stays as it is");
            }
        }
    }
    panics::spare_storage_threads();
    Runner::new(config, runtime, signals)
}

fn build_spec(what: &BuildSpec) -> sc_cli::Result<()> {
    let json = chain_ops::build_spec(&*chain_spec::build(what)?, what.raw)?;
    match &what.output {
        Some(path) => std::fs::write(path, json)
            .map_err(|error| sc_cli::Error::Input(format!("{}: {error}", path.display()))),
        None => {
            println!("{json}");
            Ok(())
        }
    }
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

/// The parts of a chain that nobody runs: a development chain's blocks carry no seal.
fn parts(config: &sc_service::Configuration) -> Result<service::Partial, sc_service::Error> {
    let authoring = match config.chain_spec.chain_type() {
        ChainType::Development => Authoring::Manual,
        _ => Authoring::Aura,
    };
    service::new_partial(config, authoring)
}

fn run_on_database(cli: &Cli, subcommand: &Subcommand) -> sc_cli::Result<()> {
    match subcommand {
        Subcommand::CheckBlock(cmd) => cli.create_runner(&**cmd)?.async_run(|config| {
            let PartialComponents {
                client,
                task_manager,
                import_queue,
                ..
            } = parts(&config)?;
            Ok((cmd.run(client, import_queue), task_manager))
        }),
        Subcommand::ExportBlocks(cmd) => cli.create_runner(&**cmd)?.async_run(|config| {
            let parts = parts(&config)?;
            Ok((cmd.run(parts.client, config.database), parts.task_manager))
        }),
        Subcommand::ImportBlocks(cmd) => cli.create_runner(&**cmd)?.async_run(|config| {
            let PartialComponents {
                client,
                task_manager,
                import_queue,
                ..
            } = parts(&config)?;
            Ok((cmd.run(client, import_queue), task_manager))
        }),
        Subcommand::ExportState(cmd) => cli.create_runner(&**cmd)?.async_run(|config| {
            let parts = parts(&config)?;
            Ok((cmd.run(parts.client, config.chain_spec), parts.task_manager))
        }),
        Subcommand::ExportGenesisHead(cmd) => cli.create_runner(cmd)?.sync_run(|mut config| {
            // The header is made in memory; the folder is a temporary one.
            config.database = sc_client_db::DatabaseSource::ParityDb {
                path: config.base_path.path().join("paritydb"),
            };
            cmd.run(parts(&config)?.client)
        }),
        Subcommand::PurgeChain(cmd) => cli.create_runner(&**cmd)?.sync_run(|config| {
            if cmd.parachain || config.chain_spec.chain_type() == ChainType::Development {
                return cmd.base.run(config.database);
            }
            let relay_chain = relay::configuration(&config, &cli.relay_chain).map_err(|error| {
                sc_cli::Error::Input(format!(
                    "{error}; or purge the parachain alone with --parachain"
                ))
            })?;
            cmd.run(config, relay_chain)
        }),
        Subcommand::Revert(cmd) => cli.create_runner(&**cmd)?.async_run(|config| {
            let PartialComponents {
                client,
                task_manager,
                backend,
                ..
            } = parts(&config)?;
            Ok((cmd.run(client, backend, None), task_manager))
        }),
        Subcommand::Key(_)
        | Subcommand::ExportChainSpec(_)
        | Subcommand::BuildSpec(_)
        | Subcommand::ExportGenesisWasm(_)
        | Subcommand::Benchmark(_) => {
            unreachable!("handled without a database by the caller")
        }
    }
}
