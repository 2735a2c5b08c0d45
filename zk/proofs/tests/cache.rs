//! The parameter cache between processes: two at once, one killed, a full disk.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ips-params");

fn started(folder: &Path) -> Child {
    Command::new(PROGRAM)
        .args(["generate", "--profile", "test", "--json"])
        .env("IPS_PARAMS_DIR", folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

fn finished(child: Child) -> Output {
    let output = child.wait_with_output().expect("the process ends");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    output
}

/// File names that end so, sorted.
fn names(folder: &Path, ending: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.ends_with(ending))
        .collect();
    names.sort();
    names
}

fn bytes(folder: &Path) -> Vec<Vec<u8>> {
    let files = names(folder, ".params");
    let read = |name: &String| fs::read(folder.join(name)).expect("a file that was listed");
    files.iter().map(read).collect()
}

/// Three files, nothing left over, and a further process finds them.
fn assert_complete(folder: &Path) {
    assert_eq!(names(folder, ".params").len(), 3);
    assert_eq!(names(folder, ".tmp"), Vec::<String>::new());
    let output = finished(started(folder));
    let lines = String::from_utf8_lossy(&output.stdout);
    assert_eq!(lines.matches("\"cached\":true").count(), 3, "{lines}");
}

#[test]
fn two_processes_at_once_and_one_that_is_killed_leave_whole_files() {
    let shared = tempfile::tempdir().unwrap();
    let both = [(), ()].map(|()| started(shared.path()));
    both.into_iter().for_each(|child| drop(finished(child)));
    assert_complete(shared.path());

    // Killed while it holds the lock; what it was writing is cleared away by the next.
    let killed = tempfile::tempdir().unwrap();
    let mut victim = started(killed.path());
    let since = Instant::now();
    while names(killed.path(), ".lock").is_empty() {
        assert!(since.elapsed() < Duration::from_secs(60), "no lock");
        std::thread::yield_now();
    }
    victim.kill().unwrap();
    victim.wait().unwrap();
    let lock = names(killed.path(), ".lock").remove(0);
    let cut = lock.replace(".lock", ".params.1-0.tmp");
    fs::write(killed.path().join(cut), b"cut").unwrap();
    finished(started(killed.path()));
    assert_complete(killed.path());
    assert_eq!(bytes(killed.path()), bytes(shared.path()));

    // A file that the disk damaged is made again, the same.
    let damaged = shared.path().join(&names(shared.path(), ".params")[0]);
    let mut content = fs::read(&damaged).unwrap();
    content.truncate(content.len() / 2);
    fs::write(&damaged, content).unwrap();
    finished(started(shared.path()));
    assert_eq!(bytes(killed.path()), bytes(shared.path()));
}

#[test]
fn a_full_disk_is_a_clear_error_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // Files may have 512 or 1024 bytes; a write past that fails like one to a full disk.
    let limited = Command::new("sh")
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"",
            PROGRAM,
        ])
        .args(["generate", "--profile", "test", "--json"])
        .env("IPS_PARAMS_DIR", folder.path())
        .output()
        .unwrap();
    assert!(!limited.status.success());
    let error = String::from_utf8(limited.stderr).unwrap();
    assert!(error.contains(".params: File too large"), "{error}");
    assert_eq!(names(folder.path(), ".params"), Vec::<String>::new());
    assert_eq!(names(folder.path(), ".tmp"), Vec::<String>::new());
}

#[test]
fn profiles_with_a_ceremony_need_to_be_asked_for_as_insecure() {
    let folder = tempfile::tempdir().unwrap();
    for profile in ["testnet", "production"] {
        let output = Command::new(PROGRAM)
            .args(["generate", "--profile", profile, "--json"])
            .env("IPS_PARAMS_DIR", folder.path())
            .output()
            .unwrap();
        assert!(!output.status.success());
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("no ceremony was held"), "{error}");
        assert!(error.contains("--insecure"), "{error}");
    }
    assert_eq!(names(folder.path(), ""), Vec::<String>::new());
}
