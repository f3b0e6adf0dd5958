//! Which crate may know which.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::tree::{files, none, read, root};

/// For each crate, which of ours it may use. The root package is absent: it alone may know every crate.
const DIRECTION: &[(&str, &[&str])] = &[
    ("amends-engine", &[]),
    ("amends-workflows", &["amends-engine"]),
    ("amends-storage", &["amends-engine"]),
    ("amends-connectors", &["amends-engine", "amends-workflows"]),
    (
        "amends-runtime",
        &[
            "amends-engine",
            "amends-workflows",
            "amends-storage",
            "amends-connectors",
        ],
    ),
    (
        "amends-verify",
        &[
            "amends-engine",
            "amends-workflows",
            "amends-storage",
            "amends-connectors",
        ],
    ),
    // Handles of the runtime and read models, never how a system is spoken to.
    (
        "amends-api",
        &[
            "amends-engine",
            "amends-workflows",
            "amends-storage",
            "amends-runtime",
        ],
    ),
];

/// What of the storage the API must not name: it reads entries and hands writes to the runtime, which alone commits.
const WRITING: &[&str] = &["Sled", "Memory", "Log", "Commit", "Frame"];

/// What the core may use of others: values, digests, their codes and errors.
const CORE_USES: &[&str] = &["iso_currency", "rust_decimal", "serde", "sha2", "thiserror"];

/// What must not come into the core behind the back of those.
const CORE_AVOIDS: &[&str] = &[
    "tokio",
    "reqwest",
    "hyper",
    "rand",
    "getrandom",
    "chrono",
    "time",
    "mio",
    "socket2",
    "futures",
    "async-trait",
    "uuid",
];

#[derive(Debug)]
struct Package {
    name: String,
    /// What it uses when built.
    uses: BTreeSet<String>,
    /// What its tests use besides.
    tests_use: BTreeSet<String>,
}

#[test]
fn crates_know_only_those_they_may() {
    let packages = packages();
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut findings = Vec::new();
    for package in packages.iter().filter(|package| package.name != "amends") {
        let Some((_, allowed)) = DIRECTION.iter().find(|(name, _)| *name == package.name) else {
            findings.push(format!("{} has no line in this test", package.name));
            continue;
        };
        for used in package.uses.iter().filter(|used| ours.contains(used.as_str())) {
            if !allowed.contains(&used.as_str()) {
                findings.push(format!("{} must not use {used}", package.name));
            }
        }
        if package.tests_use.contains("amends") {
            findings.push(format!(
                "the tests of {} must not use the root package",
                package.name
            ));
        }
    }
    none("dependencies point the other way", &findings);
}

#[test]
fn the_core_uses_nothing_that_could_act() {
    let packages = packages();
    let engine = packages
        .iter()
        .find(|package| package.name == "amends-engine")
        .unwrap();
    let uses: Vec<_> = engine.uses.iter().map(String::as_str).collect();
    assert_eq!(
        uses, CORE_USES,
        "a new dependency of the core is a decision: write it down here"
    );
    let reached = built_into("amends-engine");
    let acting: Vec<_> = CORE_AVOIDS
        .iter()
        .filter(|name| reached.contains(**name))
        .collect();
    assert_eq!(
        acting,
        Vec::<&&str>::new(),
        "the core reaches clocks, randomness or I/O through its dependencies"
    );
}

#[test]
fn the_api_reads_the_store_and_never_commits() {
    let mut findings = Vec::new();
    for file in files("api/src", &["rs"]) {
        for (number, line) in file.lines().filter(|(_, line)| line.contains("amends_storage")) {
            let mut words = line.split(|c: char| !c.is_alphanumeric());
            if words.any(|word| WRITING.contains(&word)) {
                findings.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    none("the API asks the runtime to commit", &findings);
}

#[test]
fn every_crate_is_built_and_tested_by_default() {
    let metadata = metadata();
    let names = |key: &str| -> BTreeSet<String> {
        let ids = metadata[key].as_array().unwrap();
        ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        names("workspace_members"),
        names("workspace_default_members"),
        "`cargo test` would pass over a crate"
    );
    let folders = std::fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let crates = folders.filter(|path| path.join("Cargo.toml").is_file()).count();
    assert_eq!(
        crates + 1,
        names("workspace_members").len(),
        "a folder with a Cargo.toml is no member"
    );
}

#[test]
fn every_crate_keeps_the_lints_of_the_workspace() {
    let manifests = packages()
        .into_iter()
        .map(|package| match package.name.strip_prefix("amends-") {
            Some(folder) => format!("{folder}/Cargo.toml"),
            None => "Cargo.toml".to_owned(),
        });
    let keeps = |path: &String| read(path).contains("[lints]\nworkspace = true");
    none(
        "[lints] workspace = true is missing",
        &manifests.filter(|path| !keeps(path)).collect::<Vec<_>>(),
    );
}

fn packages() -> Vec<Package> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let uses = |package: &Value, is_dev: fn(&Value) -> bool| -> BTreeSet<String> {
        let all = package["dependencies"].as_array().unwrap().iter();
        all.filter(|used| is_dev(&used["kind"]))
            .map(|used| used["name"].as_str().unwrap().to_owned())
            .collect()
    };
    packages
        .map(|package| Package {
            name: package["name"].as_str().unwrap().to_owned(),
            uses: uses(package, |kind| kind != "dev"),
            tests_use: uses(package, |kind| kind == "dev"),
        })
        .collect()
}

fn metadata() -> Value {
    serde_json::from_slice(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).unwrap()
}

/// Everything that is built into `package`, as cargo resolves it for this machine.
fn built_into(package: &str) -> BTreeSet<String> {
    let arguments = [
        "tree",
        "--package",
        package,
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ];
    let tree = String::from_utf8(cargo(&arguments)).unwrap();
    tree.lines()
        .filter_map(|line| line.split(' ').next())
        .map(ToOwned::to_owned)
        .collect()
}

fn cargo(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--offline")
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}
