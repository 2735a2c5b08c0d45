//! Command line of `ips-node`.

use std::path::PathBuf;

use clap::Parser;

use crate::log::LogFormat;

/// A node of the IPS chain.
#[derive(Debug, Parser)]
#[command(
    name = "ips-node",
    about = "A node of the IPS chain; with --storage also a storage node.",
    after_help = "EXAMPLES:\n  \
        ips-node --dev --tmp                      a development chain, one block every 3 s\n  \
        ips-node --dev --dev-block-time 1000      one block every second\n  \
        ips-node --dev --instant-seal             a block as soon as there is a transaction\n  \
        ips-node --dev --base-path ./chain        the same chain after every start, also after kill -9\n  \
        ips-node --dev --storage --storage-owner //Node1 --storage-args \"--local --price 1000000\"\n\n\
        With --instant-seal no block is made while nobody sends a transaction, so deadlines do not\n\
        pass: storage nodes need blocks by the clock. SIGTERM and Ctrl-C end the node cleanly.\n\n\
        Look at the chain: polkadot.js apps, custom endpoint ws://127.0.0.1:9944",
    version,
    propagate_version = true,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub(crate) struct Cli {
    /// Other things to do than run.
    #[command(subcommand)]
    pub(crate) subcommand: Option<Subcommand>,

    /// How to run.
    #[command(flatten)]
    pub(crate) run: RunCmd,
}

/// Flags of a running node: the SDK's and ours.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub(crate) struct RunCmd {
    /// The SDK's flags.
    #[command(flatten)]
    pub(crate) base: sc_cli::RunCmd,

    /// Milliseconds between blocks of a development chain.
    #[arg(long, default_value_t = 3_000, value_name = "MS", conflicts_with = "instant_seal",
          value_parser = clap::value_parser!(u64).range(100..=600_000))]
    pub(crate) dev_block_time: u64,

    /// Make a block of the development chain as soon as there is a transaction.
    #[arg(long)]
    pub(crate) instant_seal: bool,

    /// Layout of log lines on standard error; --log chooses what is logged.
    #[arg(long, value_enum, default_value_t = LogFormat::Human, value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,

    /// Storage node inside this node.
    #[command(flatten)]
    pub(crate) storage: StorageArgs,
}

/// Flags of the storage node inside.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct StorageArgs {
    /// Also run a storage node in this process.
    #[arg(long)]
    pub(crate) storage: bool,

    /// Its own folder; `<base-path>/storage` if not given.
    #[arg(long, value_name = "DIR", requires = "storage")]
    pub(crate) storage_path: Option<PathBuf>,

    /// Flags of `ips-storage`, handed on as one string, e.g. `--class personal --capacity 10GiB`.
    #[arg(
        long,
        value_name = "FLAGS",
        requires = "storage",
        allow_hyphen_values = true
    )]
    pub(crate) storage_args: Option<String>,

    /// Owner account that registers the node: a development name (`//Node1`) or a key file.
    #[arg(long, value_name = "KEY", requires = "storage")]
    pub(crate) storage_owner: Option<String>,
}

/// What `ips-node` does besides running.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Subcommand {
    /// Keys: generate, inspect, insert.
    #[command(subcommand)]
    Key(Box<sc_cli::KeySubcommand>),
    /// Print the chain specification, plain or raw.
    ExportChainSpec(sc_cli::ExportChainSpecCmd),
    /// Validate blocks.
    CheckBlock(Box<sc_cli::CheckBlockCmd>),
    /// Export blocks.
    ExportBlocks(Box<sc_cli::ExportBlocksCmd>),
    /// Import blocks.
    ImportBlocks(Box<sc_cli::ImportBlocksCmd>),
    /// Export the state of a block as a chain specification.
    ExportState(Box<sc_cli::ExportStateCmd>),
    /// Remove the chain's database.
    PurgeChain(Box<sc_cli::PurgeChainCmd>),
    /// Go back some blocks.
    Revert(Box<sc_cli::RevertCmd>),
    /// Measure pallets and storage, write weights.
    #[command(subcommand)]
    Benchmark(Box<frame_benchmarking_cli::BenchmarkCmd>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
