//! The program as a user and a script meet it, where no chain is needed.
#![allow(clippy::unwrap_used, reason = "tests")]
#![cfg(unix)]

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

fn ips(folder: &Path, rpc: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ips"));
    command
        .args(["--json", "--rpc", rpc, "--state"])
        .arg(folder.join("state"))
        .args(arguments)
        .env_remove("IPS_KEY")
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command
}

/// The error object of a command that must fail with `code`.
fn error_of(output: &Output, code: i32) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(code), "{text}");
    let json: Value = serde_json::from_str(text.trim()).unwrap();
    assert_eq!(json["error"]["exit_code"], code);
    json["error"].clone()
}

/// Runs a command that must fail before it asks the chain, which is not there.
fn fails(folder: &TempDir, arguments: &[&str], code: i32, words: &str) {
    let output = ips(folder.path(), "ws://127.0.0.1:1", arguments)
        .output()
        .unwrap();
    let error = error_of(&output, code);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(words), "{message}");
    assert!(!folder.path().join("state").join("staging").exists());
}

#[test]
fn what_cannot_be_stored_is_told_before_the_chain_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("empty"), b"").unwrap();
    fs::create_dir(path("folder")).unwrap();
    let made = Command::new("mkfifo").arg(path("pipe")).status().unwrap();
    assert!(made.success());
    for (name, words) in [
        ("empty", "is empty"),
        ("missing", "cannot read"),
        ("folder", "is a folder"),
        ("pipe", "no regular file"),
    ] {
        fails(&folder, &["--key", "//Alice", "put", name], 2, words);
    }
    let id = "07".repeat(32);
    let resume = ["--key", "//Alice", "put", "--resume", &id];
    fails(&folder, &resume, 2, "nothing of file");
}

#[test]
fn wrong_use_is_an_object_too() {
    let folder = tempfile::tempdir().unwrap();
    fails(&folder, &["get", "0101"], 2, "64 hex digits");
    fails(&folder, &["put", "x", "--level", "1/4"], 2, "a level is");
    fails(&folder, &["ls"], 2, "no key given");
}

#[test]
fn key_files_that_others_can_read_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    let output = ips(
        folder.path(),
        "ws://127.0.0.1:1",
        &["keygen", "--out", "key"],
    )
    .output()
    .unwrap();
    assert!(output.status.success());
    assert_eq!(
        fs::metadata(&key).unwrap().permissions().mode() & 0o777,
        0o600
    );
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    fails(&folder, &["--key", "key", "ls"], 2, "chmod 600");
    fails(&folder, &["keygen", "--out", "key"], 2, "exists");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&key, b"no key").unwrap();
    fails(&folder, &["--key", "key", "ls"], 2, "32 bytes in hex");
}

#[test]
fn unfinished_uploads_are_listed_without_a_chain() {
    let folder = tempfile::tempdir().unwrap();
    let output = ips(folder.path(), "ws://127.0.0.1:1", &["uploads"])
        .output()
        .unwrap();
    assert!(output.status.success());
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json, serde_json::json!({"uploads": []}));
}

#[test]
fn chain_that_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let output = ips(folder.path(), "ws://127.0.0.1:1", &["nodes"])
        .output()
        .unwrap();
    let error = error_of(&output, 5);
    assert_eq!(error["kind"], "chain");
    assert!(error["message"].as_str().unwrap().contains("127.0.0.1:1"));
}

#[test]
fn signal_ends_it_at_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    // Takes the connection and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    for signal in ["-TERM", "-INT"] {
        let child = ips(folder.path(), &url, &["nodes"]).spawn().unwrap();
        let _connection = listener.accept().unwrap();
        let id = child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(sent.success());
        let error = error_of(&child.wait_with_output().unwrap(), 130);
        assert_eq!(error["kind"], "interrupted");
    }
}
