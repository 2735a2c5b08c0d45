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
        ips-node --dev --storage --storage-owner //Node1 --storage-args \"--local --price 1000000\"\n  \
        ips-node --collator --chain ips.json -- --chain relay.json      makes blocks of a parachain\n  \
        ips-node --chain ips.json --relay-chain-rpc-urls ws://relay:9944 -- --chain relay.json\n  \
        ips-node --chain ips.json --pruning archive -- --chain relay.json    keeps all states\n\n\
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

    /// Flags of the relay chain's node inside, after `--`: as polkadot has them.
    #[arg(raw = true, value_name = "RELAY_CHAIN_FLAGS")]
    pub(crate) relay_chain: Vec<String>,
}

/// Flags of a running node: the SDK's and ours.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct RunCmd {
    /// The SDK's flags of a parachain's node.
    #[command(flatten)]
    pub(crate) base: cumulus_client_cli::RunCmd,

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
    /// Make a chain specification from a runtime's blob and one of its presets.
    BuildSpec(BuildSpec),
    /// Print the header of block 0, which registers the parachain at a relay chain.
    ExportGenesisHead(cumulus_client_cli::ExportGenesisHeadCommand),
    /// Print the runtime's blob of block 0, which registers the parachain at a relay chain.
    ExportGenesisWasm(cumulus_client_cli::ExportGenesisWasmCommand),
    /// Validate blocks.
    CheckBlock(Box<sc_cli::CheckBlockCmd>),
    /// Export blocks.
    ExportBlocks(Box<sc_cli::ExportBlocksCmd>),
    /// Import blocks.
    ImportBlocks(Box<sc_cli::ImportBlocksCmd>),
    /// Export the state of a block as a chain specification.
    ExportState(Box<sc_cli::ExportStateCmd>),
    /// Remove the databases of the parachain and of the relay chain inside.
    PurgeChain(Box<cumulus_client_cli::PurgeChainCmd>),
    /// Go back some blocks.
    Revert(Box<sc_cli::RevertCmd>),
    /// Measure pallets and storage, write weights.
    #[command(subcommand)]
    Benchmark(Box<frame_benchmarking_cli::BenchmarkCmd>),
}

/// What a chain specification is made of.
#[derive(Debug, clap::Args)]
pub(crate) struct BuildSpec {
    /// The runtime's WASM blob; the one in this program if not given.
    #[arg(long, value_name = "FILE")]
    pub(crate) runtime: Option<PathBuf>,

    /// Name of the runtime's genesis preset.
    #[arg(long, default_value = sc_chain_spec::LOCAL_TESTNET_RUNTIME_PRESET, value_name = "NAME")]
    pub(crate) preset: String,

    /// Name of the chain.
    #[arg(long, default_value = "IPS Local")]
    pub(crate) name: String,

    /// Id of the chain: its folder and its network.
    #[arg(long, default_value = "ips_local")]
    pub(crate) id: String,

    /// Parachain id; the preset's if not given.
    #[arg(long, value_name = "ID")]
    pub(crate) para_id: Option<u32>,

    /// The relay chain: a name that polkadot knows, or the path of its specification.
    #[arg(long, default_value = "rococo-local", value_name = "CHAIN")]
    pub(crate) relay_chain: String,

    /// Print the genesis state instead of what it is made from.
    #[arg(long)]
    pub(crate) raw: bool,

    /// Where to; standard output if not given.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
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
