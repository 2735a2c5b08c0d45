//! `ips-node --dev` as a process: it goes on after a power cut, ends at SIGTERM, logs JSON, finalises.

// clippy.toml allows this in test functions only; everything here is test.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use ips_chain::{AccountSigner, SubmitterConfig, SubxtClient, SubxtReader};
use ips_engine::chain::{Call, ChainClient as _, ChainReader as _};
use subxt_rpcs::{rpc_params, RpcClient};

/// No test waits longer for anything.
const PATIENCE: Duration = Duration::from_secs(180);

/// A running development chain; killed when dropped.
struct Chain {
    child: Child,
    url: String,
    log: PathBuf,
}

impl Drop for Chain {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

impl Chain {
    fn start(folder: &Path, log: &str, arguments: &[&str]) -> Self {
        let (port, log) = (free_port(), folder.join(log));
        let child = Command::new(env!("CARGO_BIN_EXE_ips-node"))
            .args(["--dev", "--no-prometheus", "--no-telemetry", "--no-mdns"])
            .args(["--listen-addr", "/ip4/127.0.0.1/tcp/0"])
            .args(["--rpc-port", &port.to_string()])
            .arg("--base-path")
            .arg(folder.join("chain"))
            .args(arguments)
            .env_remove("RUST_LOG")
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let url = format!("ws://127.0.0.1:{port}");
        Self { child, url, log }
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// `None` if the binary was built without the blob and there is no chain to test.
    async fn connect(&mut self) -> Option<SubxtReader> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let log = self.log();
                if log.contains("SKIP_WASM_BUILD") {
                    eprintln!("no blob, no chain: not tested");
                    return None;
                }
                panic!("the node ended with {status}: {log}");
            }
            match SubxtReader::connect(&self.url).await {
                Ok(reader) => return Some(reader),
                Err(error) => assert!(began.elapsed() < PATIENCE, "{error}: {}", self.log()),
            }
        }
    }

    fn rpc(&self) -> RpcClient {
        ips_chain::connect(&self.url)
    }

    /// Waits for the end; the exit code and how long it took.
    fn end(&mut self) -> (Option<i32>, Duration) {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status.code(), began.elapsed());
            }
            assert!(
                began.elapsed() < PATIENCE,
                "it does not end: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn terminate(&mut self) -> (Option<i32>, Duration) {
        let sent = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
        self.end()
    }
}

async fn block_reached(reader: &SubxtReader, number: u32) {
    let mut heads = reader.heads();
    tokio::time::timeout(PATIENCE, heads.wait_for(|head| head.number >= number))
        .await
        .expect("in time")
        .unwrap();
}

async fn hash_of(rpc: &RpcClient, number: u32) -> Option<String> {
    rpc.request("chain_getBlockHash", rpc_params![number])
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn chain_goes_on_after_a_power_cut_and_ends_cleanly() {
    let dir = tempfile::tempdir().unwrap();
    let flags = ["--dev-block-time", "300", "--log-format", "json"];
    let mut chain = Chain::start(dir.path(), "first.log", &flags);
    let Some(reader) = chain.connect().await else {
        return;
    };
    block_reached(&reader, 6).await;
    let second = hash_of(&chain.rpc(), 2).await;
    assert!(second.is_some());
    drop((reader, chain));

    let mut chain = Chain::start(dir.path(), "second.log", &flags);
    let reader = chain.connect().await.unwrap();
    let best = reader.heads().borrow().number;
    assert!(best >= 3, "the chain fell back to block {best}");
    block_reached(&reader, best + 5).await;
    assert_eq!(hash_of(&chain.rpc(), 2).await, second);

    // One process at a time: the second is told, the first goes on.
    let mut intruder = Chain::start(dir.path(), "intruder.log", &flags);
    let (code, _) = intruder.end();
    assert!(code.is_some_and(|code| code != 0), "{code:?}");
    let told = fs::read_to_string(dir.path().join("intruder.log")).unwrap();
    assert!(
        told.contains("ips-node: ") && told.contains("in use"),
        "{told}"
    );
    let best = reader.heads().borrow().number;
    block_reached(&reader, best + 2).await;

    let (code, took) = chain.terminate();
    assert_eq!(code, Some(0), "{}", chain.log());
    assert!(took < Duration::from_secs(10), "{took:?}");
    for line in chain.log().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(
            line["level"].is_string() && line["fields"].is_object(),
            "{line}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn instant_seal_makes_and_finalises_a_block_per_need() {
    let dir = tempfile::tempdir().unwrap();
    let mut chain = Chain::start(dir.path(), "log", &["--instant-seal"]);
    let Some(reader) = chain.connect().await else {
        return;
    };
    let alice = AccountSigner::from_uri("//Alice").unwrap();
    let to = AccountSigner::from_uri("//Bob").unwrap().account();
    let before = reader.balance(to).await.unwrap();
    let client = SubxtClient::new(reader.clone(), alice, &SubmitterConfig::default());
    let amount = 7_000_000_000_000;
    let sent = client.submit(Call::Transfer { to, amount });
    tokio::time::timeout(PATIENCE, sent)
        .await
        .expect("in time")
        .unwrap();
    assert_eq!(reader.balance(to).await.unwrap(), before + amount);
    let rpc = chain.rpc();
    let finalised: String = rpc
        .request("chain_getFinalizedHead", rpc_params![])
        .await
        .unwrap();
    assert_ne!(Some(finalised), hash_of(&rpc, 0).await);
    assert_eq!(chain.terminate().0, Some(0), "{}", chain.log());
}
