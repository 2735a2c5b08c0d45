//! `ips-storage` as its user meets it: help, clear errors, exit codes, logs, a clean end.

// clippy.toml allows this in test functions only; everything here is test.
#![allow(clippy::unwrap_used)]

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use ips_daemon::BasePath;

fn ips_storage(base_path: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ips-storage"));
    command
        .env_remove("RUST_LOG")
        .arg("--base-path")
        .arg(base_path);
    command
}

/// The URL of a port where nothing listens.
fn nowhere() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("ws://{}", listener.local_addr().unwrap())
}

fn assert_fails(output: &Output, code: i32, words: &[&str]) {
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{log}");
    for part in words {
        assert!(log.contains(part), "{part} is not in: {log}");
    }
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn help_teaches() {
    let output = Command::new(env!("CARGO_BIN_EXE_ips-storage"))
        .arg("--help")
        .output()
        .unwrap();
    assert!(output.status.success());
    let help = String::from_utf8_lossy(&output.stdout);
    for part in [
        "EXAMPLES",
        "EXIT CODES",
        "--base-path",
        "--log-format",
        "--owner",
        "--external",
        "status",
    ] {
        assert!(help.contains(part), "{part} is not in: {help}");
    }
}

#[test]
fn wrong_arguments_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| ips_storage(dir.path()).args(arguments).output().unwrap();
    assert_fails(&run(&["--class", "toaster"]), 2, &["mobile, personal"]);
    assert_fails(&run(&["--capacity", "much"]), 2, &["10GiB"]);
    assert_fails(&run(&["--listen", "here"]), 2, &["/ip4/192.0.2.1/tcp/4001"]);
    assert_fails(&run(&["--connections", "0"]), 2, &["1..=10000"]);
    assert_fails(&run(&["--owner", "/no/such/key"]), 1, &["/no/such/key"]);
    assert_fails(
        &run(&["--rpc", "http://localhost"]),
        1,
        &["ws://127.0.0.1:9944"],
    );
}

#[test]
fn a_base_path_in_use_is_told_and_its_owner_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let owner = BasePath::take(dir.path()).unwrap();
    let output = ips_storage(dir.path()).output().unwrap();
    assert_fails(&output, 3, &["in use", "--base-path"]);
    owner.write_status("{}").unwrap();
}

#[test]
fn an_unreachable_chain_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let url = nowhere();
    let output = ips_storage(dir.path())
        .args(["--rpc", &url, "--chain-wait", "0"])
        .output()
        .unwrap();
    assert_fails(&output, 4, &[&url, "can not be reached"]);
    // The folder is free again, and not tied to any chain.
    BasePath::take(dir.path()).unwrap();
    assert!(!dir.path().join("genesis").exists());
}

#[test]
fn waiting_for_the_chain_is_logged_as_json_and_ends_at_sigterm() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = ips_storage(dir.path())
        .args(["--rpc", &nowhere(), "--chain-wait", "600"])
        .args(["--log-format", "json"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = BufReader::new(child.stderr.take().unwrap());
    let waits = log.lines().map_while(Result::ok).any(|line| {
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        line["fields"]["message"]
            .as_str()
            .is_some_and(|text| text.contains("trying again"))
    });
    assert!(waits, "it ended: {:?}", child.wait());
    let began = Instant::now();
    let sent = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn status_tells_a_stopped_node_from_none() {
    let dir = tempfile::tempdir().unwrap();
    let status = || {
        Command::new(env!("CARGO_BIN_EXE_ips-storage"))
            .args(["status", "--json", "--base-path"])
            .arg(dir.path())
            .output()
            .unwrap()
    };
    assert_fails(&status(), 1, &["no status yet"]);
    let base = BasePath::take(dir.path()).unwrap();
    base.write_status(r#"{"head": 5}"#).unwrap();
    assert_eq!(status().status.code(), Some(0));
    drop(base);
    let output = status();
    assert_eq!(output.status.code(), Some(6));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(json["running"] == false && json["head"] == 5, "{json}");
}
