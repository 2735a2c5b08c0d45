//! The chain and the storage nodes, each a process of its own. The chain is a development chain, or,
//! with a [`RelayChain`], a parachain's first collator.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{bail, Context};
use ips_chain::SubxtReader;

use crate::{
    process::{Process, Signal},
    relay::{free_ports, RelayChain},
};

/// Lines of each log shown when a run fails.
const LOG_LINES: usize = 40;
/// Longest time until a chain that was started answers.
const START_PATIENCE: Duration = Duration::from_secs(180);

/// Classes of the nodes, so that no class holds more than parity allows at any level.
const CLASSES: [&str; 3] = ["professional", "personal", "mobile"];

/// How to run a network.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Milliseconds between blocks of a development chain.
    pub block_time: u64,
    /// Whether storage node 1 lives inside the chain's process.
    pub storage_in_chain: bool,
}

/// All processes and where they live.
#[derive(Debug)]
pub struct Network {
    settings: Settings,
    folder: PathBuf,
    binaries: PathBuf,
    rpc_port: u16,
    relay: Option<RelayChain>,
    /// More flags of a development chain.
    chain_flags: Vec<String>,
    chain: Option<Process>,
    storage: BTreeMap<u32, Process>,
}

/// The folder of the built binaries: `IPS_BIN` if set, else this program's, or the one above a test's.
fn binaries() -> anyhow::Result<PathBuf> {
    if let Some(folder) = std::env::var_os("IPS_BIN") {
        return Ok(folder.into());
    }
    let folder = std::env::current_exe()?
        .parent()
        .context("this program is in no folder")?
        .to_path_buf();
    Ok(if folder.ends_with("deps") {
        folder.parent().context("deps is in a folder")?.into()
    } else {
        folder
    })
}

impl Network {
    /// A network below `folder`, on a free port; nothing is started.
    ///
    /// # Errors
    /// If there is no free port.
    pub fn new(folder: &Path, settings: Settings) -> anyhow::Result<Self> {
        let [rpc_port] = free_ports()?;
        Ok(Self {
            settings,
            folder: folder.to_path_buf(),
            binaries: binaries()?,
            rpc_port,
            relay: None,
            chain_flags: Vec::new(),
            chain: None,
            storage: BTreeMap::new(),
        })
    }

    /// Makes the chain a parachain of `relay`; call it before anything is started.
    pub fn set_relay(&mut self, relay: RelayChain) {
        self.rpc_port = relay.collator_rpc_port(0);
        self.relay = Some(relay);
    }

    /// Gives a development chain more flags; call it before it is started.
    pub fn set_chain_flags(&mut self, flags: &[&str]) {
        self.chain_flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
    }

    /// The relay chain, if there is one.
    pub fn relay(&self) -> Option<&RelayChain> {
        self.relay.as_ref()
    }

    /// Where the chain answers.
    pub fn rpc_url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.rpc_port)
    }

    /// Folder of everything.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Folder of a storage node.
    pub fn storage_folder(&self, index: u32) -> PathBuf {
        if index == 1 && self.settings.storage_in_chain {
            self.folder.join("chain-storage")
        } else {
            self.folder.join(format!("node{index}"))
        }
    }

    /// One of our binaries.
    pub fn program(&self, name: &str) -> PathBuf {
        self.binaries.join(name)
    }

    /// A command of one of our binaries.
    pub fn command(&self, name: &str) -> Command {
        Command::new(self.program(name))
    }

    fn storage_flags(index: u32) -> Vec<String> {
        let class = CLASSES[(index as usize - 1) % CLASSES.len()];
        // Prices and pledges in the smallest unit: 0.000001 IPS per MiB and block, 100 IPS.
        format!(
            "--local --class {class} --capacity 2GiB --price 1000000 --pledge 100000000000000 \
             --listen /ip4/127.0.0.1/tcp/0 --listen /ip4/127.0.0.1/udp/0/quic-v1"
        )
        .split_whitespace()
        .map(str::to_owned)
        .collect()
    }

    /// Starts the chain, or starts it again with the same data and port. Of a parachain this is the first
    /// collator.
    ///
    /// # Errors
    /// If it runs, or its program cannot be started.
    pub fn start_chain(&mut self) -> anyhow::Result<()> {
        anyhow::ensure!(self.chain.is_none(), "the chain runs");
        let mut command = match &self.relay {
            Some(relay) => relay.collator(0)?,
            None => self.development_chain(),
        };
        if self.settings.storage_in_chain {
            command
                .args(["--storage", "--storage-owner", "//Node1", "--storage-args"])
                .arg(Self::storage_flags(1).join(" "))
                .arg("--storage-path")
                .arg(self.storage_folder(1));
        }
        if let Some(relay) = &self.relay {
            command.args(relay.relay_flags(0));
        }
        let log = self.folder.join("chain.log");
        self.chain = Some(Process::start("chain", command, &log)?);
        Ok(())
    }

    fn development_chain(&self) -> Command {
        let mut command = self.command("ips-node");
        command
            .args(["--dev", "--no-prometheus", "--no-telemetry", "--no-mdns"])
            .args(["--listen-addr", "/ip4/127.0.0.1/tcp/0"])
            .args(["--rpc-port", &self.rpc_port.to_string()])
            .args(["--rpc-max-connections", "200"])
            .args(["--dev-block-time", &self.settings.block_time.to_string()])
            .arg("--base-path")
            .arg(self.folder.join("chain"))
            .args(&self.chain_flags);
        command
    }

    /// Starts the collators beside the first.
    ///
    /// # Errors
    /// If there is no relay chain, or the program cannot be started.
    pub fn start_other_collators(&mut self) -> anyhow::Result<()> {
        let relay = self.relay.as_mut().context("there is no relay chain")?;
        relay.start_other_collators()
    }

    /// Starts a storage node as a process of its own, or starts it again with the same data.
    ///
    /// # Errors
    /// If it runs, or its program cannot be started.
    pub fn start_storage(&mut self, index: u32) -> anyhow::Result<()> {
        let name = format!("node{index}");
        anyhow::ensure!(!self.storage.contains_key(&index), "{name} runs");
        let mut command = self.command("ips-storage");
        command
            .args(["--rpc", &self.rpc_url()])
            .args(["--owner", &format!("//Node{index}")])
            .arg("--base-path")
            .arg(self.storage_folder(index))
            .args(Self::storage_flags(index));
        let log = self.folder.join(format!("{name}.log"));
        let process = Process::start(&name, command, &log)?;
        self.storage.insert(index, process);
        Ok(())
    }

    /// Waits until the chain answers.
    ///
    /// # Errors
    /// If it ends or stays silent.
    pub async fn connect(&mut self) -> anyhow::Result<SubxtReader> {
        let since = Instant::now();
        loop {
            self.check()?;
            match SubxtReader::connect(&self.rpc_url()).await {
                Ok(chain) => return Ok(chain),
                Err(error) if since.elapsed() > START_PATIENCE => return Err(error.into()),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    /// Storage nodes that are processes of their own.
    pub fn running(&self) -> Vec<u32> {
        self.storage.keys().copied().collect()
    }

    /// Fails if a process that should run has ended.
    ///
    /// # Errors
    /// Names the process and how it ended.
    pub fn check(&mut self) -> anyhow::Result<()> {
        for process in self.chain.iter_mut().chain(self.storage.values_mut()) {
            if let Some(status) = process.ended()? {
                bail!("{} ended by itself: {status}", process.name());
            }
        }
        self.relay.as_mut().map_or(Ok(()), RelayChain::check)
    }

    fn storage(&self, index: u32) -> anyhow::Result<&Process> {
        self.storage
            .get(&index)
            .with_context(|| format!("node{index} is no process of its own"))
    }

    /// Sends a signal to a storage node.
    ///
    /// # Errors
    /// If it is no process of its own, or gone.
    pub fn signal_storage(&self, index: u32, signal: Signal) -> anyhow::Result<()> {
        self.storage(index)?.signal(signal)
    }

    /// Kills a storage node as a power cut would.
    ///
    /// # Errors
    /// If it is no process of its own.
    pub fn kill_storage(&mut self, index: u32) -> anyhow::Result<()> {
        self.storage(index)?;
        self.storage.remove(&index).map_or(Ok(()), Process::kill)
    }

    /// Kills the chain's process as a power cut would.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn kill_chain(&mut self) -> anyhow::Result<()> {
        self.chain.take().map_or(Ok(()), Process::kill)
    }

    /// Asks the chain to stop and waits for it.
    ///
    /// # Errors
    /// If it does not stop, or stops with a failure.
    pub fn stop_chain(&mut self) -> anyhow::Result<()> {
        self.chain.take().map_or(Ok(()), Process::stop)
    }

    /// Asks every process to stop and waits for it: storage nodes first, for they still have something
    /// to tell the chain.
    ///
    /// # Errors
    /// The first process that does not stop, or stops with a failure; all are gone then all the same.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        let outcomes: Vec<_> = self.take_all().map(Process::stop).collect();
        outcomes.into_iter().collect()
    }

    /// All processes in the order they should end.
    fn take_all(&mut self) -> impl Iterator<Item = Process> + '_ {
        let storage = std::mem::take(&mut self.storage);
        let relay = self.relay.iter_mut().flat_map(RelayChain::take_processes);
        storage.into_values().chain(self.chain.take()).chain(relay)
    }

    /// Leaves every process running; returns their ids.
    pub fn keep(mut self) -> Vec<u32> {
        self.take_all()
            .map(|mut process| {
                process.keep();
                process.id()
            })
            .collect()
    }

    /// The end of every running process's log, for a failed run.
    pub fn print_logs(&self) {
        let relay = self.relay.iter().flat_map(RelayChain::processes);
        let all = self.chain.iter().chain(self.storage.values()).chain(relay);
        for process in all {
            eprintln!("\n--- end of the log of {}", process.name());
            for line in process.log_end(LOG_LINES) {
                eprintln!("{line}");
            }
        }
    }
}
