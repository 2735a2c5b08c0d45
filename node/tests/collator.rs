//! `ips-node` as a parachain's node: each mistake is a message at the start. What a relay chain is needed
//! for is shown by `scripts/zombienet.sh`.

// clippy.toml allows this in test functions only; everything here is test.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

use serde_json::Value;

/// No start takes longer to fail.
const PATIENCE: Duration = Duration::from_secs(180);
/// A relay chain's specification that is in every node; no test gets as far as to connect to it.
const RELAY: [&str; 3] = ["--", "--chain", "rococo"];

fn node(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ips-node"))
        .args(arguments)
        .env_remove("RUST_LOG")
        .output()
        .unwrap()
}

/// Starts a node that must end by itself, and returns what it said.
fn refused(folder: &Path, arguments: &[&str], after: &[&str]) -> String {
    let log = folder.join("log");
    let mut child = Command::new(env!("CARGO_BIN_EXE_ips-node"))
        .args(["--no-prometheus", "--no-telemetry", "--no-mdns"])
        .args(["--listen-addr", "/ip4/127.0.0.1/tcp/0"])
        .arg("--base-path")
        .arg(folder.join("node"))
        .args(arguments)
        .args(after)
        .args(if after.is_empty() {
            &[][..]
        } else {
            &["--listen-addr", "/ip4/127.0.0.1/tcp/0", "--no-prometheus"]
        })
        .env_remove("RUST_LOG")
        .stdout(Stdio::null())
        .stderr(fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("it runs: {}", fs::read_to_string(&log).unwrap());
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let text = fs::read_to_string(&log).unwrap();
    assert_eq!(status.code(), Some(1), "{text}");
    text
}

/// A specification of the linked runtime with its genesis state, made once; `None` if the binary was built
/// without the blob.
fn spec(folder: &Path, change: impl Fn(&mut Value)) -> Option<PathBuf> {
    static MADE: OnceLock<Option<Value>> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let output = node(&["build-spec", "--raw", "--relay-chain", "rococo"]);
        let text = String::from_utf8_lossy(&output.stderr);
        if text.contains("SKIP_WASM_BUILD") {
            eprintln!("no blob, no chain: not tested");
            return None;
        }
        assert!(output.status.success(), "{text}");
        Some(serde_json::from_slice(&output.stdout).unwrap())
    });
    let mut json = made.clone()?;
    change(&mut json);
    let path = folder.join("spec.json");
    fs::write(&path, serde_json::to_vec(&json).unwrap()).unwrap();
    Some(path)
}

#[test]
fn a_parachain_needs_a_relay_chain() {
    let dir = tempfile::tempdir().unwrap();
    // The presets' relay chain is a local one, which this program does not know.
    let said = refused(dir.path(), &["--chain", "local"], &[]);
    assert!(said.contains("relay chain rococo-local"), "{said}");
    assert!(said.contains("-- --chain relay.json"), "{said}");

    let said = refused(dir.path(), &["--chain", "dev"], &[]);
    assert!(said.contains("needs --dev"), "{said}");

    let said = refused(
        dir.path(),
        &["--chain", "local"],
        &["--", "--chain", "none.json"],
    );
    assert!(said.contains("none.json"), "{said}");

    let said = refused(dir.path(), &["--dev", "--collator"], &[]);
    assert!(said.contains("leave out --dev"), "{said}");

    let said = refused(
        dir.path(),
        &["--chain", "local"],
        &["--", "--chain", "rococo", "--alice"],
    );
    assert!(said.contains("no validator"), "{said}");
}

#[test]
fn the_parachain_id_of_the_runtime_counts() {
    let dir = tempfile::tempdir().unwrap();
    let Some(spec) = spec(dir.path(), |json| json["para_id"] = 2_001.into()) else {
        return;
    };
    let spec = spec.to_str().unwrap();
    let said = refused(dir.path(), &["--chain", spec], &RELAY);
    assert!(
        said.contains("says parachain 2001, its runtime says 2000"),
        "{said}"
    );
}

#[test]
fn a_collator_needs_a_key() {
    let dir = tempfile::tempdir().unwrap();
    let Some(spec) = spec(dir.path(), |_| ()) else {
        return;
    };
    let spec = spec.to_str().unwrap();
    let flags = [
        "--collator",
        "--unsafe-force-node-key-generation",
        "--chain",
        spec,
    ];
    let said = refused(dir.path(), &flags, &RELAY);
    assert!(said.contains("needs an Aura key"), "{said}");
    assert!(said.contains("ips-node key insert"), "{said}");
}

#[test]
fn a_taken_port_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let Some(spec) = spec(dir.path(), |_| ()) else {
        return;
    };
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let flags = ["--chain", spec.to_str().unwrap(), "--rpc-port", &port];
    let said = refused(dir.path(), &flags, &RELAY);
    assert!(
        said.contains(&format!("port {port} for RPC is taken")),
        "{said}"
    );
    assert!(said.contains("--rpc-port"), "{said}");
}

#[test]
fn what_registers_a_parachain_is_exported() {
    let dir = tempfile::tempdir().unwrap();
    let Some(spec) = spec(dir.path(), |_| ()) else {
        return;
    };
    let spec = spec.to_str().unwrap();
    let head = node(&["export-genesis-head", "--chain", spec]);
    let head = String::from_utf8(head.stdout).unwrap();
    // Parent hash and number of block 0, then the two roots.
    assert!(
        head.starts_with(&format!("0x{}", "00".repeat(33))),
        "{head}"
    );
    let code = node(&["export-genesis-wasm", "--chain", spec, "--raw"]).stdout;
    // The relay chain takes 5 MiB; a compressed blob begins with its own magic number.
    assert!(code.len() < 5 << 20, "{} bytes", code.len());
    assert_eq!(code[..4], [0x52, 0xbc, 0x53, 0x76]);
}

#[test]
fn a_chain_is_purged() {
    let dir = tempfile::tempdir().unwrap();
    let Some(spec) = spec(dir.path(), |_| ()) else {
        return;
    };
    let (base, spec) = (dir.path().join("node"), spec.to_str().unwrap());
    let relay = base.join("relay/chains/rococo_v2_2/paritydb/full");
    let parachain = base.join("chains/ips_local/paritydb/full");
    for folder in [&relay, &parachain] {
        fs::create_dir_all(folder).unwrap();
    }
    let base = base.to_str().unwrap();
    let purge = |flag: &str| {
        let output = node(&[
            "purge-chain",
            "-y",
            flag,
            "--chain",
            spec,
            "--base-path",
            base,
        ]);
        assert!(output.status.success(), "{output:?}");
    };
    purge("--parachain");
    assert!(!parachain.exists() && relay.exists());
    purge("--relaychain");
    assert!(!relay.exists());
}
