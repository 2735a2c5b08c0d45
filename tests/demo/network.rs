//! The processes of the demo: started, killed, stopped.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{bail, Context};

/// Lines of each log shown when the demo fails.
const LOG_LINES: usize = 40;
/// Longest time a process may take to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// Classes of the nodes, so that no class holds more than parity allows at any level.
const CLASSES: [&str; 6] = [
    "super",
    "enterprise",
    "professional",
    "super",
    "enterprise",
    "professional",
];

/// One running process.
pub(crate) struct Process {
    pub(crate) name: String,
    child: Child,
    log: PathBuf,
}

/// All processes and where they live.
pub(crate) struct Network {
    folder: PathBuf,
    binaries: PathBuf,
    rpc_port: u16,
    processes: Vec<Process>,
}

impl Network {
    /// Picks a free port; binaries are those beside this one.
    pub(crate) fn new(folder: &Path) -> anyhow::Result<Self> {
        let binaries = std::env::current_exe()?
            .parent()
            .context("no folder")?
            .to_path_buf();
        // The port is free again when the listener is dropped; the node takes it a moment later.
        let rpc_port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        Ok(Self {
            folder: folder.to_path_buf(),
            binaries,
            rpc_port,
            processes: Vec::new(),
        })
    }

    /// Where the chain answers.
    pub(crate) fn rpc_url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.rpc_port)
    }

    /// Folder of the demo.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A command of one of our binaries.
    pub(crate) fn command(&self, binary: &str) -> Command {
        Command::new(self.binaries.join(binary))
    }

    fn spawn(&mut self, name: &str, mut command: Command) -> anyhow::Result<()> {
        let log = self.folder.join(format!("{name}.log"));
        let out = File::create(&log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .with_context(|| format!("starting {name}: {:?}", command.get_program()))?;
        self.processes.push(Process {
            name: name.into(),
            child,
            log,
        });
        Ok(())
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

    /// Starts the chain with storage node 1 inside.
    pub(crate) fn start_chain(&mut self, block_time: u64) -> anyhow::Result<()> {
        let mut command = self.command("ips-node");
        command
            .args(["--dev", "--no-prometheus", "--no-telemetry", "--no-mdns"])
            .args(["--listen-addr", "/ip4/127.0.0.1/tcp/0"])
            .args(["--rpc-port", &self.rpc_port.to_string()])
            .args(["--rpc-max-connections", "200"])
            .args(["--dev-block-time", &block_time.to_string()])
            .arg("--base-path")
            .arg(self.folder.join("chain"))
            .args(["--storage", "--storage-owner", "//Node1", "--storage-args"])
            .arg(Self::storage_flags(1).join(" "));
        self.spawn("node1", command)
    }

    /// Starts storage node `index` (from 2) as a process of its own.
    pub(crate) fn start_storage(&mut self, index: u32) -> anyhow::Result<()> {
        let name = format!("node{index}");
        let mut command = self.command("ips-storage");
        command
            .args([
                "--rpc",
                &self.rpc_url(),
                "--owner",
                &format!("//Node{index}"),
            ])
            .arg("--base-path")
            .arg(self.folder.join(&name))
            .args(Self::storage_flags(index));
        self.spawn(&name, command)
    }

    /// Fails if a process that should run has ended.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        for process in &mut self.processes {
            if let Some(status) = process.child.try_wait()? {
                bail!("{} ended by itself: {status}", process.name);
            }
        }
        Ok(())
    }

    /// Kills a storage process with SIGKILL, as a power cut would.
    pub(crate) fn kill(&mut self, index: u32) -> anyhow::Result<()> {
        let name = format!("node{index}");
        let at = self
            .processes
            .iter()
            .position(|process| process.name == name);
        let mut process = self
            .processes
            .remove(at.with_context(|| format!("no {name}"))?);
        process.child.kill()?;
        process.child.wait()?;
        Ok(())
    }

    /// Asks every process to stop and waits for it; fails if one does not.
    pub(crate) async fn stop(&mut self) -> anyhow::Result<()> {
        // Storage nodes first: they still have something to tell the chain.
        let mut stubborn = Vec::new();
        for mut process in self.processes.drain(..).rev() {
            let pid = process.child.id().to_string();
            Command::new("kill").args(["-TERM", &pid]).status()?;
            let since = Instant::now();
            while process.child.try_wait()?.is_none() {
                if since.elapsed() > STOP_PATIENCE {
                    process.child.kill()?;
                    process.child.wait()?;
                    stubborn.push(process.name.clone());
                    break;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        if !stubborn.is_empty() {
            bail!("did not stop on SIGTERM: {}", stubborn.join(", "));
        }
        Ok(())
    }

    /// Leaves the network running and says how to look at it and how to stop it.
    pub(crate) fn keep(mut self, folder: tempfile::TempDir) {
        let path = folder.keep();
        let kept = std::mem::take(&mut self.processes);
        let pids: Vec<_> = kept
            .iter()
            .map(|process| process.child.id().to_string())
            .collect();
        println!("\nThe network keeps running in {}", path.display());
        println!(
            "  look at it:  https://polkadot.js.org/apps/?rpc={} (local port {})",
            self.rpc_url(),
            self.rpc_port
        );
        println!(
            "  stop it:     kill {} && rm -r {}",
            pids.join(" "),
            path.display()
        );
    }

    /// The end of every log, for a failed run.
    pub(crate) fn print_logs(&self) {
        for process in &self.processes {
            eprintln!("\n--- end of {}", process.log.display());
            let Ok(file) = File::open(&process.log) else {
                continue;
            };
            let lines: Vec<_> = BufReader::new(file).lines().map_while(Result::ok).collect();
            for line in &lines[lines.len().saturating_sub(LOG_LINES)..] {
                eprintln!("{line}");
            }
        }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // Nothing is left running when the demo itself fails; `keep` empties the list.
        for process in &mut self.processes {
            let _ = process.child.kill();
            let _ = process.child.wait();
        }
    }
}
