//! What a machine can check of the house style: layout, imports, sizes, headers, forbidden words.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Lines of a file without its tests.
const FILE_LINES_MAX: usize = 500;
/// Lines of a function, from its signature to its closing brace; tests may be longer.
const FUNCTION_LINES_MAX: usize = 70;

/// Who may import whom (ours only): `ARCHITECTURE.md` has the same table.
const IMPORTS: &[(&str, &[&str])] = &[
    ("primitives", &[]),
    ("primitives/runtime-api", &["ips-primitives"]),
    ("zk/verifier", &["ips-primitives"]),
    ("zk/proofs", &["ips-primitives", "ips-verifier"]),
    (
        "zk/baseline",
        &["ips-primitives", "ips-verifier", "ips-proofs"],
    ),
    ("pallets/traits", &["ips-primitives"]),
    (
        "pallets/node-classes",
        &["ips-primitives", "ips-pallet-traits"],
    ),
    (
        "pallets/staking-collateral",
        &["ips-primitives", "ips-pallet-traits"],
    ),
    (
        "pallets/storage-market",
        &["ips-primitives", "ips-pallet-traits"],
    ),
    (
        "pallets/porep",
        &["ips-primitives", "ips-pallet-traits", "ips-verifier"],
    ),
    (
        "pallets/poe",
        &["ips-primitives", "ips-pallet-traits", "ips-verifier"],
    ),
    (
        "pallets/authoring",
        &["ips-primitives", "ips-pallet-traits"],
    ),
    (
        "runtime",
        &[
            "pallet-authoring",
            "ips-primitives",
            "ips-runtime-api",
            "ips-verifier",
            "ips-pallet-traits",
            "pallet-node-classes",
            "pallet-staking-collateral",
            "pallet-storage-market",
            "pallet-porep",
            "pallet-poe",
        ],
    ),
    ("storage/encoding", &["ips-primitives"]),
    ("storage/swarm", &["ips-primitives"]),
    (
        "storage/engine",
        &[
            "ips-primitives",
            "ips-verifier",
            "ips-encoding",
            "ips-swarm",
        ],
    ),
    (
        "storage/sealing",
        &["ips-primitives", "ips-verifier", "ips-proofs", "ips-engine"],
    ),
    (
        "storage/chain",
        &["ips-primitives", "ips-engine", "ips-verifier"],
    ),
    (
        "storage/daemon",
        &[
            "ips-primitives",
            "ips-engine",
            "ips-swarm",
            "ips-sealing",
            "ips-chain",
        ],
    ),
    (
        "client",
        &[
            "ips-primitives",
            "ips-encoding",
            "ips-engine",
            "ips-swarm",
            "ips-chain",
            "ips-verifier",
        ],
    ),
    (
        "node",
        &[
            "ips-primitives",
            "ips-runtime",
            "ips-runtime-api",
            "ips-chain",
            "ips-daemon",
        ],
    ),
];

/// Crates that must not be imported, by folder prefix.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("primitives/Cargo.toml", &["sp-", "sc-", "frame-", "tokio"]),
    (
        "zk/verifier",
        &["sp-", "sc-", "frame-", "bellperson", "tokio"],
    ),
    ("pallets", &["bellperson", "tokio", "sc-"]),
    ("runtime", &["bellperson", "tokio", "sc-"]),
    ("storage", &["sc-", "frame-", "sp-", "pallet-"]),
    ("client", &["sc-", "frame-", "sp-", "pallet-", "bellperson"]),
];

/// Files that are compiled for tests only, though their place does not show it.
const TEST_ONLY: &[&str] = &["zk/verifier/src/hash/generate.rs"];

/// File names that say nothing.
const BANNED_FILES: &[&str] = &[
    "mod.rs",
    "utils.rs",
    "helpers.rs",
    "common.rs",
    "misc.rs",
    "manager.rs",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests is in the tree")
        .to_path_buf()
}

fn files(below: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(below).expect("a folder of the tree").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                files(&path, ending, found);
            }
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
}

fn rust_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(&root(), ".rs", &mut found);
    found.sort();
    assert!(found.len() > 50, "the tree was not found");
    found
}

fn is_test(path: &Path) -> bool {
    let text = path
        .strip_prefix(root())
        .expect("a path of the tree")
        .to_string_lossy()
        .into_owned();
    text.starts_with("tests/")
        || text.contains("/tests")
        || text.contains("/testing")
        || text.contains("/benches/")
        || text.contains("/examples/")
        || text.ends_with("mock.rs")
        || text.ends_with("benchmarking.rs")
        || TEST_ONLY.contains(&text.as_str())
}

/// The file up to its in-file tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a text of the tree");
    match text.find("\n#[cfg(test)]\nmod tests {") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

fn names(manifest: &Path, tables: &[&str]) -> BTreeSet<String> {
    let text = fs::read_to_string(manifest).expect("a manifest of the tree");
    let parsed: toml::Table = text.parse().expect("a manifest is TOML");
    let tables = tables
        .iter()
        .filter_map(|table| parsed.get(*table)?.as_table());
    tables.flat_map(|table| table.keys().cloned()).collect()
}

/// What a crate's code and build script see.
fn dependencies(manifest: &Path) -> BTreeSet<String> {
    names(manifest, &["dependencies", "build-dependencies"])
}

#[test]
fn crates_import_only_what_the_table_allows() {
    let ours: BTreeSet<String> = IMPORTS
        .iter()
        .map(|(folder, _)| {
            let text = fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
            let parsed: toml::Table = text.parse().unwrap();
            parsed["package"]["name"].as_str().unwrap().to_owned()
        })
        .collect();
    let mut bad = Vec::new();
    for (folder, allowed) in IMPORTS {
        for name in dependencies(&root().join(folder).join("Cargo.toml")) {
            if ours.contains(&name) && !allowed.contains(&name.as_str()) {
                bad.push(format!("{folder} imports {name}"));
            }
        }
    }
    assert!(bad.is_empty(), "{bad:#?}");
}

/// Filecoin's crates stay out of the tree's lock file, and nothing of ours depends on the yardstick.
#[test]
fn the_baseline_is_a_workspace_of_its_own() {
    let read = |place: &str| fs::read_to_string(root().join(place)).unwrap();
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let listed = |key: &str| {
        let folders = manifest["workspace"][key].as_array().unwrap();
        folders.iter().any(|f| f.as_str() == Some("zk/baseline"))
    };
    assert!(listed("exclude") && !listed("members") && !listed("default-members"));
    let baseline: toml::Table = read("zk/baseline/Cargo.toml").parse().unwrap();
    assert!(baseline.contains_key("workspace"));
    assert_eq!(baseline["package"]["publish"].as_bool(), Some(false));
    assert!(root().join("zk/baseline/Cargo.lock").is_file());
    assert!(!read("Cargo.lock").contains("\"storage-proofs-"));
}

#[test]
fn rings_do_not_see_what_they_must_not() {
    let mut manifests = Vec::new();
    files(&root(), "Cargo.toml", &mut manifests);
    let mut bad = Vec::new();
    for manifest in manifests {
        let place = manifest
            .strip_prefix(root())
            .unwrap()
            .to_string_lossy()
            .into_owned();
        for (prefix, forbidden) in FORBIDDEN
            .iter()
            .filter(|(prefix, _)| place.starts_with(prefix))
        {
            // Pallets are built from sp-* and frame-*; only what runs a node is forbidden there.
            for name in dependencies(&manifest) {
                if forbidden.iter().any(|start| name.starts_with(start)) {
                    bad.push(format!("{place} ({prefix}) imports {name}"));
                }
            }
        }
    }
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn files_have_one_subject() {
    let mut bad = Vec::new();
    for path in rust_files() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if BANNED_FILES.contains(&name.as_str()) && !is_test(&path) {
            bad.push(format!("{}: the name says nothing", path.display()));
        }
        let lines = code(&path).lines().count();
        if lines > FILE_LINES_MAX && !is_test(&path) {
            bad.push(format!("{}: {lines} lines", path.display()));
        }
    }
    assert!(bad.is_empty(), "{bad:#?}");
}

/// Name of the function whose signature starts on this line, if one does.
fn function_name(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    loop {
        match words.next()? {
            "fn" => return words.next()?.split(['(', '<']).next(),
            "pub" | "async" | "const" | "unsafe" | "default" => {}
            word if word.starts_with("pub(") => {}
            _ => return None,
        }
    }
}

/// Lines of the function that starts on the first of `lines`; rustfmt puts its closing brace below its
/// first letter.
fn function_lines(lines: &[&str]) -> usize {
    let first = lines[0];
    let indent = &first[..first.len() - first.trim_start().len()];
    let ends = |line: &&str| {
        let rest = line.strip_prefix(indent);
        rest.is_some_and(|rest| rest == "}" || rest.starts_with(") -> ") && rest.ends_with(';'))
    };
    let one_line = first.ends_with(['}', ';']);
    match lines.iter().skip(1).position(ends) {
        Some(after) if !one_line => after + 2,
        _ => 1,
    }
}

#[test]
fn functions_fit_a_screen() {
    let mut bad = Vec::new();
    for path in rust_files().iter().filter(|path| !is_test(path)) {
        let text = code(path);
        let lines: Vec<_> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let Some(name) = function_name(line) else {
                continue;
            };
            let length = function_lines(&lines[number..]);
            if length > FUNCTION_LINES_MAX {
                bad.push(format!(
                    "{}:{}: {name}: {length} lines",
                    path.display(),
                    number + 1
                ));
            }
        }
    }
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn files_and_crates_have_a_header() {
    let mut bad = Vec::new();
    for path in rust_files() {
        let text = fs::read_to_string(&path).unwrap();
        if !text.starts_with("//!") && !text.starts_with("#![doc") {
            bad.push(format!("{}: no header", path.display()));
        }
    }
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn forbidden_words_are_absent() {
    // Written in two parts so that this file does not find itself.
    let words = [".unwrap", "dbg", "todo", "unimplemented"].map(|word| {
        let call = if word == ".unwrap" { "()" } else { "!(" };
        format!("{word}{call}")
    });
    let mut bad = Vec::new();
    for path in rust_files().iter().filter(|path| !is_test(path)) {
        for (number, line) in code(path).lines().enumerate() {
            let line = line.trim_start();
            if line.starts_with("//") {
                continue;
            }
            for word in words.iter().filter(|word| line.contains(word.as_str())) {
                bad.push(format!("{}:{}: {word}", path.display(), number + 1));
            }
        }
    }
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn pallets_are_complete() {
    for pallet in [
        "node-classes",
        "staking-collateral",
        "storage-market",
        "porep",
        "poe",
    ] {
        let folder = root().join("pallets").join(pallet);
        for file in [
            "README.md",
            "src/invariants.rs",
            "src/weights.rs",
            "src/benchmarking.rs",
        ] {
            assert!(folder.join(file).is_file(), "{pallet} lacks {file}");
        }
    }
}

#[test]
fn the_readme_names_every_folder() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for entry in fs::read_dir(root())
        .unwrap()
        .flatten()
        .filter(|entry| entry.path().is_dir())
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && name != "target" {
            assert!(
                readme.contains(&format!("`{name}/`")),
                "README.md does not name {name}/"
            );
        }
    }
}
