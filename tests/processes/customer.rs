//! The `ips` tool, called as a user calls it, with its answers read as JSON.

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
    process::Stdio,
};

use anyhow::{bail, Context};
use ips_primitives::id::FileId;
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::network::Network;

/// One customer: a key and a state folder.
#[derive(Clone, Debug)]
pub struct Customer {
    program: OsString,
    rpc: String,
    key: String,
    state: PathBuf,
}

/// What `ips --json` answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Exit code; `None` if it was killed.
    pub code: Option<i32>,
    /// The one object on standard output; null if there was none.
    pub json: Value,
}

impl Answer {
    /// The answer of a command that must succeed.
    ///
    /// # Errors
    /// If it did not.
    pub fn success(self) -> anyhow::Result<Value> {
        match self.code {
            Some(0) => Ok(self.json),
            code => bail!("ips ended with {code:?}: {}", self.json),
        }
    }

    /// The kind of a failure, such as `no_funds`; empty if there was none.
    pub fn kind(&self) -> &str {
        self.json["error"]["kind"].as_str().unwrap_or_default()
    }

    /// The message of a failure.
    pub fn message(&self) -> &str {
        self.json["error"]["message"].as_str().unwrap_or_default()
    }
}

impl Customer {
    /// A customer of a network, with a state folder of its own below the network's.
    pub fn new(network: &Network, key: &str, state: &str) -> Self {
        Self {
            program: network.command("ips").get_program().into(),
            rpc: network.rpc_url(),
            key: key.into(),
            state: network.folder().join(state),
        }
    }

    /// The state folder.
    pub fn state(&self) -> &std::path::Path {
        &self.state
    }

    /// `ips --json` with arguments, ready to be started; progress goes to our standard error.
    pub fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(["--json", "--rpc", &self.rpc, "--key", &self.key, "--state"])
            .arg(&self.state)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Starts a command that is to be hurt before it ends.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn start<A: AsRef<OsStr>>(&self, arguments: &[A]) -> anyhow::Result<Child> {
        self.command(arguments)
            .spawn()
            .context("cannot start ips; build it first: cargo build --workspace --all-targets")
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// If the program cannot be started, or prints what is no JSON.
    pub async fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> anyhow::Result<Answer> {
        let output = self.start(arguments)?.wait_with_output().await?;
        let text = String::from_utf8_lossy(&output.stdout);
        let json = match text.trim() {
            "" => Value::Null,
            text => serde_json::from_str(text).with_context(|| format!("no JSON: {text}"))?,
        };
        Ok(Answer {
            code: output.status.code(),
            json,
        })
    }
}

/// The file id in an answer of `put`.
///
/// # Errors
/// If there is none.
pub fn file_id(answer: &Value) -> anyhow::Result<FileId> {
    let id = answer["file"].as_str().context("the answer has no file")?;
    let bytes: [u8; 32] = hex::decode(id)?
        .try_into()
        .ok()
        .context("a file id has 32 bytes")?;
    Ok(FileId(bytes))
}
