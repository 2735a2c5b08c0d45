//! The ceremony's program, as three parties run it.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

const ORIGIN: [&str; 2] = ["--insecure-seed", "rehearsal"];

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ips-ceremony"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program starts")
}

fn good(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).expect("text")
}

fn bad(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).expect("text")
}

fn with_origin<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, &ORIGIN[..]].concat()
}

#[test]
fn three_parties_and_a_beacon_make_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let start = [
        "start",
        "--circuit",
        "poe",
        "--profile",
        "test",
        "--out",
        "0",
    ];
    good(at, &with_origin(&start));
    fs::write(at.join("dice"), "3 5 1 6 2").unwrap();
    let mut hashes = Vec::new();
    for (from, to, name) in [("0", "1", "Ada"), ("1", "2", "Grace"), ("2", "3", "Sofja")] {
        let step = ["contribute", "--from", from, "--out", to, "--name", name];
        let said = good(at, &[&step[..], &["--entropy-file", "dice"]].concat());
        hashes.push(said.lines().nth(1).expect("a hash").trim().to_owned());
    }
    let beacon = ["beacon", "--from", "3", "--out", "4", "--value", "c0ffee"];
    good(at, &[&beacon[..], &["--iterations-log2", "8"]].concat());

    let shown = good(at, &["show", "--from", "4"]);
    for expected in hashes.iter().map(String::as_str).chain([
        "ceremony of test poe",
        "INSECURE",
        "4. beacon",
        "value c0ffee, hashed 2^8 times",
        "incomplete",
    ]) {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    let said = good(at, &with_origin(&["verify", "--from", "4"]));
    assert!(
        said.contains("every contribution and all parameters hold"),
        "{said}"
    );
    let said = good(
        at,
        &with_origin(&["export", "--from", "4", "--out", "keys"]),
    );
    assert!(said.contains("insecure true"), "{said}");
    assert_eq!(fs::read(at.join("keys/test-poe.vk")).unwrap().len(), 436);
    assert!(at.join("keys/test-poe.params").is_file());

    refusals(at);
}

/// What the program says to mistakes.
fn refusals(at: &Path) {
    let late = ["contribute", "--from", "4", "--out", "5", "--name", "late"];
    let error = bad(at, &late);
    assert!(error.contains("it comes after the beacon"), "{error}");
    let again = ["contribute", "--from", "1", "--out", "2", "--name", "Emmy"];
    let error = bad(at, &again);
    assert!(error.contains("never overwrites"), "{error}");
    let error = bad(at, &["verify", "--from", "4", "--insecure-seed", "other"]);
    assert!(
        error.contains("name the origin that it started from"),
        "{error}"
    );
    let whole = fs::read(at.join("4")).expect("a file of the test");
    fs::write(at.join("cut"), &whole[..whole.len() - 9]).expect("a file of the test");
    let error = bad(at, &with_origin(&["verify", "--from", "cut"]));
    assert!(error.contains("wrong length"), "{error}");
    let error = bad(
        at,
        &with_origin(&["export", "--from", "cut", "--out", "none"]),
    );
    assert!(error.contains("wrong length"), "{error}");
    assert!(!at.join("none").exists(), "nothing is exported");
    for usage in [
        &["verify", "--from", "4"][..],
        &["show", "--from", "4", "--value", "00"],
        &["contribute", "--from"],
        &["dance"],
        &[],
    ] {
        let error = bad(at, usage);
        assert!(error.contains("usage:"), "{usage:?}: {error}");
    }
    let hash = [
        "verify",
        "--from",
        "4",
        "--phase1",
        "4",
        "--phase1-hash",
        "00",
    ];
    let error = bad(at, &hash);
    assert!(error.contains("128 hexadecimal digits"), "{error}");
}
