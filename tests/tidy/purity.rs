//! What the core must not touch. The compiler keeps most of it out; this keeps out what it has no lint for.

use crate::tree::{files, none, read};

const FORBIDDEN: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "Mutex",
    "RwLock",
    "mpsc",
    "LazyLock",
    "OnceLock",
    "std::io",
    "SystemTime",
    "Instant::",
    "HashMap",
    "HashSet",
    "async fn",
    "f32",
    "f64",
    "println!",
    "thread_local!",
];

/// Lints of `engine/clippy.toml` that must stay.
const LINTS: &[&str] = &[
    "std::time::SystemTime::now",
    "std::time::Instant::now",
    "std::thread::spawn",
    "std::collections::HashMap",
];

#[test]
fn the_core_has_house_rules_of_its_own() {
    let lints = read("engine/clippy.toml");
    let missing: Vec<_> = LINTS
        .iter()
        .filter(|lint| !lints.contains(**lint))
        .map(|lint| (*lint).to_owned())
        .collect();
    none("engine/clippy.toml no longer forbids", &missing);
}

#[test]
fn the_core_is_a_function_of_its_arguments() {
    let mut findings = Vec::new();
    for file in files("engine/src", &["rs"]) {
        for (number, line) in file.lines() {
            let code = line.split("//").next().unwrap_or_default();
            let used = FORBIDDEN.iter().filter(|word| code.contains(**word));
            findings.extend(used.map(|word| format!("{}:{number}: {word}", file.path)));
        }
    }
    none(
        "the core has no clock, randomness, I/O, threads, floats or hash order",
        &findings,
    );
}
