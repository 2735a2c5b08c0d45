//! A relay chain on this machine: two validators, the genesis that has the parachain in it, and the
//! flags of the parachain's collators.

use std::{
    ffi::OsString,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{ensure, Context};
use ips_runtime::{PARACHAIN_ID, SIBLING_ID};
use serde_json::{json, Value};
use subxt_rpcs::rpc_params;

use crate::process::Process;

/// The relay chain's program and what it starts to compile and to run a parachain's code.
const PROGRAMS: [&str; 3] = [
    "polkadot",
    "polkadot-prepare-worker",
    "polkadot-execute-worker",
];
/// Validators, by the development key of each.
const VALIDATORS: [&str; 2] = ["alice", "bob"];
/// Bytes that their network keys are made of.
const VALIDATOR_KEYS: [u8; 2] = [1, 2];
/// Collators, by the development key of each; the preset's.
const COLLATORS: [&str; 2] = ["alice", "bob"];
/// Bytes that their network keys are made of.
const COLLATOR_KEYS: [u8; 2] = [11, 12];
/// Byte that the sibling's network key is made of.
const SIBLING_KEY: u8 = 21;
/// Longest time until a validator answers.
const START_PATIENCE: Duration = Duration::from_secs(180);

/// What the relay chain lets a parachain do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostFunctions {
    /// What any relay chain has.
    Standard,
    /// Arithmetic on elliptic curves as well (RFC 163).
    Ecc,
}

/// What a local relay chain is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelaySettings {
    /// What it lets parachains do.
    pub functions: HostFunctions,
    /// Whether a second parachain, with the same runtime, is beside ours.
    pub sibling: bool,
}

/// A relay chain with its validators, and the collators beside the first.
#[derive(Debug)]
pub struct RelayChain {
    folder: PathBuf,
    node: PathBuf,
    /// Validators, then collators beside the first.
    processes: Vec<Process>,
    rpc_port: u16,
    /// Where the first validator is in the relay chain's network.
    bootnode: String,
    collators: [Ports; 2],
    /// Of the sibling parachain, if there is one.
    sibling: Option<Ports>,
    /// Where the first collator is in the parachain's network.
    collator_bootnode: String,
}

/// Where a collator listens.
#[derive(Clone, Copy, Debug)]
struct Ports {
    p2p: u16,
    rpc: u16,
    relay_p2p: u16,
    relay_rpc: u16,
}

impl Ports {
    fn free() -> anyhow::Result<Self> {
        let [p2p, rpc, relay_p2p, relay_rpc] = free_ports()?;
        Ok(Self {
            p2p,
            rpc,
            relay_p2p,
            relay_rpc,
        })
    }
}

/// Ports that nobody listens on, all different. They are free again when this returns; whoever loses
/// one before taking it ends with a clear error.
pub(crate) fn free_ports<const N: usize>() -> anyhow::Result<[u16; N]> {
    let mut listeners = Vec::new();
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        *port = listener.local_addr()?.port();
        listeners.push(listener);
    }
    Ok(ports)
}

/// The folder of the relay chain's programs: `IPS_RELAY_DIR`, or the first in `PATH` that has them.
///
/// # Errors
/// If one of them is missing.
fn programs() -> anyhow::Result<PathBuf> {
    let missing = |folder: &Path| {
        let absent = PROGRAMS.iter().find(|name| !folder.join(name).is_file());
        absent.copied()
    };
    if let Some(folder) = std::env::var_os("IPS_RELAY_DIR") {
        let folder = PathBuf::from(folder);
        return match missing(&folder) {
            None => Ok(folder),
            Some(name) => anyhow::bail!("IPS_RELAY_DIR: {} has no {name}", folder.display()),
        };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path);
    folders
        .find(|folder| missing(folder).is_none())
        .with_context(|| {
            format!(
                "no folder in PATH has {}: set IPS_RELAY_DIR, or build them with scripts/relay",
                PROGRAMS.join(", ")
            )
        })
}

/// Writes a node's network key, made of one byte, and returns its path and the node's address at a port.
fn network_key(
    node: &Path,
    folder: &Path,
    byte: u8,
    port: u16,
) -> anyhow::Result<(PathBuf, String)> {
    let path = folder.join(format!("network-key-{byte}"));
    std::fs::write(&path, hex::encode([byte; 32]))?;
    let mut command = Command::new(node);
    command
        .args(["key", "inspect-node-key", "--file"])
        .arg(&path);
    let peer = String::from_utf8(output(command)?)?;
    let address = format!("/ip4/127.0.0.1/tcp/{port}/p2p/{}", peer.trim());
    Ok((path, address))
}

/// Standard output of a command that must succeed.
fn output(mut command: Command) -> anyhow::Result<Vec<u8>> {
    let output = command
        .output()
        .with_context(|| format!("cannot start {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?}: {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output.stdout)
}

impl RelayChain {
    /// Makes the genesis states below `folder` and starts the validators. `node` is our node's program.
    ///
    /// # Errors
    /// If a program is missing, fails or stays silent.
    pub async fn start(
        folder: &Path,
        node: &Path,
        settings: RelaySettings,
    ) -> anyhow::Result<Self> {
        let programs = programs()?;
        let [rpc_port] = free_ports()?;
        let collators = [Ports::free()?, Ports::free()?];
        let (_, collator_bootnode) = network_key(node, folder, COLLATOR_KEYS[0], collators[0].p2p)?;
        let mut relay = Self {
            folder: folder.to_path_buf(),
            node: node.to_path_buf(),
            processes: Vec::new(),
            rpc_port,
            bootnode: String::new(),
            collators,
            sibling: settings.sibling.then(Ports::free).transpose()?,
            collator_bootnode,
        };
        relay.make_specs(&programs, settings.functions)?;
        for index in 0..VALIDATORS.len() {
            relay.start_validator(&programs, index)?;
        }
        relay.wait_answer().await?;
        Ok(relay)
    }

    /// The relay chain's specification.
    fn relay_spec(&self) -> PathBuf {
        self.folder.join("relay.json")
    }

    /// The parachain's specification.
    fn spec(&self) -> PathBuf {
        self.folder.join("parachain.json")
    }

    /// The sibling's specification.
    fn sibling_spec(&self) -> PathBuf {
        self.folder.join("sibling.json")
    }

    /// Makes a parachain's specification; what registers it in the relay chain's genesis.
    fn make_parachain(&self, flags: &[&str], spec: &Path) -> anyhow::Result<Value> {
        let mut command = Command::new(&self.node);
        command.args(["build-spec", "--raw"]).args(flags);
        command.arg("--relay-chain").arg(self.relay_spec());
        command.arg("--output").arg(spec);
        output(command)?;
        let export = |what: &str| {
            let mut command = Command::new(&self.node);
            command.arg(what).arg("--chain").arg(spec);
            let text = String::from_utf8(output(command)?)?;
            Ok::<_, anyhow::Error>(text.trim().to_owned())
        };
        Ok(json!({
            "genesis_head": export("export-genesis-head")?,
            "validation_code": export("export-genesis-wasm")?,
            "parachain": true
        }))
    }

    fn make_specs(&self, programs: &Path, functions: HostFunctions) -> anyhow::Result<()> {
        let (own, sibling) = (u32::from(PARACHAIN_ID), u32::from(SIBLING_ID));
        let ours = self.make_parachain(&["--id", "ips_local"], &self.spec())?;
        let mut parachains = vec![json!([own, ours])];
        if self.sibling.is_some() {
            let id = sibling.to_string();
            let flags = [
                "--id",
                "ips_sibling",
                "--preset",
                "development",
                "--para-id",
                &id,
            ];
            let other = self.make_parachain(&flags, &self.sibling_spec())?;
            parachains.push(json!([sibling, other]));
        }

        let polkadot = programs.join(PROGRAMS[0]);
        let build = |chain: &std::ffi::OsStr, raw: bool| {
            let mut command = Command::new(&polkadot);
            command.args(["build-spec", "--disable-default-bootnode"]);
            command.arg("--chain").arg(chain);
            command.args(raw.then_some("--raw"));
            output(command)
        };
        let mut spec: Value = serde_json::from_slice(&build("rococo-local".as_ref(), false)?)?;
        let genesis = &mut spec["genesis"]["runtimeGenesis"]["patch"];
        ensure!(
            genesis["configuration"]["config"].is_object(),
            "polkadot's rococo-local has no patch for its genesis"
        );
        genesis["paras"] = json!({ "paras": parachains });
        if self.sibling.is_some() {
            let channel = |from: u32, to: u32| json!([from, to, 8, 65_536]);
            let channels = [channel(own, sibling), channel(sibling, own)];
            genesis["hrmp"] = json!({ "preopenHrmpChannels": channels });
        }
        if functions == HostFunctions::Ecc {
            genesis["configuration"]["config"]["executor_params"] =
                json!([{ "EnabledHostFunction": "EccRfc163" }]);
        }
        let plain = self.folder.join("relay-plain.json");
        std::fs::write(&plain, serde_json::to_vec(&spec)?)?;
        std::fs::write(self.relay_spec(), build(plain.as_os_str(), true)?)?;
        Ok(())
    }

    fn start_validator(&mut self, programs: &Path, index: usize) -> anyhow::Result<()> {
        let name = VALIDATORS[index];
        let [p2p, rpc] = free_ports()?;
        let rpc = if index == 0 { self.rpc_port } else { rpc };
        let (key, address) = network_key(&self.node, &self.folder, VALIDATOR_KEYS[index], p2p)?;
        let mut command = Command::new(programs.join(PROGRAMS[0]));
        command
            .arg("--chain")
            .arg(self.relay_spec())
            .arg("--base-path")
            .arg(self.folder.join(format!("validator-{name}")))
            .arg("--node-key-file")
            .arg(key)
            .args([&format!("--{name}"), "--validator", "--allow-private-ip"])
            .args(["--port", &p2p.to_string(), "--rpc-port", &rpc.to_string()])
            .args(["--rpc-max-connections", "200", "--rpc-methods", "unsafe"])
            .args(["--no-prometheus", "--no-telemetry", "--no-mdns"])
            .args(["--no-hardware-benchmarks", "--database", "paritydb"])
            .arg("--insecure-validator-i-know-what-i-do");
        if index == 0 {
            self.bootnode = address;
        } else {
            command.args(["--bootnodes", &self.bootnode]);
        }
        self.run(&format!("validator-{name}"), command)
    }

    fn run(&mut self, name: &str, command: Command) -> anyhow::Result<()> {
        let log = self.folder.join(format!("{name}.log"));
        let process = Process::start(name, command, &log)?;
        self.processes.push(process);
        Ok(())
    }

    async fn wait_answer(&mut self) -> anyhow::Result<()> {
        let rpc = ips_chain::connect(&self.rpc_url());
        let since = Instant::now();
        loop {
            self.check()?;
            let answer = rpc.request::<String>("system_chain", rpc_params![]);
            match answer.await {
                Ok(_) => return Ok(()),
                Err(error) if since.elapsed() > START_PATIENCE => return Err(error.into()),
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    }

    /// Where the relay chain answers.
    pub fn rpc_url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.rpc_port)
    }

    /// Where a collator answers, from 0.
    pub(crate) fn collator_rpc_port(&self, index: usize) -> u16 {
        self.collators[index].rpc
    }

    /// Where a collator answers, from 0.
    pub fn collator_rpc_url(&self, index: usize) -> String {
        format!("ws://127.0.0.1:{}", self.collator_rpc_port(index))
    }

    /// A collator's command up to `--`: the first collator runs a relay chain node inside, the second
    /// asks the first validator.
    pub(crate) fn collator(&self, index: usize) -> anyhow::Result<Command> {
        let (name, ports) = (COLLATORS[index], self.collators[index]);
        let (key, _) = network_key(&self.node, &self.folder, COLLATOR_KEYS[index], ports.p2p)?;
        let mut command = Command::new(&self.node);
        command
            .args(["--collator".to_owned(), format!("--{name}")])
            .arg("--chain")
            .arg(self.spec())
            .arg("--base-path")
            .arg(self.folder.join(format!("collator-{name}")))
            .arg("--node-key-file")
            .arg(key)
            .args(["--port", &ports.p2p.to_string()])
            .args(["--rpc-port", &ports.rpc.to_string()])
            .args(["--rpc-max-connections", "200", "--pruning", "archive"])
            .args(["--no-prometheus", "--no-telemetry", "--no-mdns"])
            .arg("--allow-private-ip");
        if index > 0 {
            command.args(["--relay-chain-rpc-urls", &self.rpc_url()]);
            command.args(["--bootnodes", &self.collator_bootnode]);
        }
        Ok(command)
    }

    /// Flags of a collator's relay chain side, which stand after `--`.
    pub(crate) fn relay_flags(&self, index: usize) -> Vec<OsString> {
        self.relay_side(self.collators[index])
    }

    fn relay_side(&self, ports: Ports) -> Vec<OsString> {
        let (p2p, rpc) = (ports.relay_p2p.to_string(), ports.relay_rpc.to_string());
        let mut flags: Vec<OsString> = vec!["--".into(), "--chain".into()];
        flags.push(self.relay_spec().into());
        for flag in ["--bootnodes", &self.bootnode, "--port", &p2p, "--rpc-port"] {
            flags.push(flag.into());
        }
        flags.push(rpc.into());
        for flag in ["--no-prometheus", "--no-telemetry", "--no-mdns"] {
            flags.push(flag.into());
        }
        flags.push("--allow-private-ip".into());
        flags
    }

    /// Starts the collators beside the first, or starts them again with the same data.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub(crate) fn start_other_collators(&mut self) -> anyhow::Result<()> {
        for (index, name) in COLLATORS.iter().enumerate().skip(1) {
            let mut command = self.collator(index)?;
            command.args(self.relay_flags(index));
            self.run(&format!("collator-{name}"), command)?;
        }
        self.start_sibling()
    }

    /// Starts the sibling's one collator, which asks the first validator.
    fn start_sibling(&mut self) -> anyhow::Result<()> {
        let Some(ports) = self.sibling else {
            return Ok(());
        };
        let (key, _) = network_key(&self.node, &self.folder, SIBLING_KEY, ports.p2p)?;
        let mut command = Command::new(&self.node);
        command
            .args(["--collator", "--alice", "--force-authoring"])
            .arg("--node-key-file")
            .arg(key)
            .arg("--chain")
            .arg(self.sibling_spec())
            .arg("--base-path")
            .arg(self.folder.join("sibling"))
            .args(["--port", &ports.p2p.to_string()])
            .args(["--rpc-port", &ports.rpc.to_string()])
            .args(["--rpc-max-connections", "200"])
            .args(["--no-prometheus", "--no-telemetry", "--no-mdns"])
            .args(["--relay-chain-rpc-urls", &self.rpc_url()]);
        command.args(self.relay_side(ports));
        self.run("sibling", command)
    }

    /// Where the sibling parachain answers, if there is one.
    pub fn sibling_rpc_url(&self) -> Option<String> {
        self.sibling
            .map(|ports| format!("ws://127.0.0.1:{}", ports.rpc))
    }

    /// Fails if a process has ended.
    ///
    /// # Errors
    /// Names the process and how it ended.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        for process in &mut self.processes {
            if let Some(status) = process.ended()? {
                anyhow::bail!("{} ended by itself: {status}", process.name());
            }
        }
        Ok(())
    }

    /// Its processes, collators last.
    pub(crate) fn processes(&self) -> &[Process] {
        &self.processes
    }

    /// Its processes, to be ended; collators first.
    pub(crate) fn take_processes(&mut self) -> impl Iterator<Item = Process> {
        std::mem::take(&mut self.processes).into_iter().rev()
    }
}
