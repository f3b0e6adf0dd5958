//! The demonstration as a test: real processes, faults, and a comparison that can fail.

use std::process::{Command, Output};

fn demo(switches: &[&str]) -> (Output, serde_json::Value) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new(env!("CARGO_BIN_EXE_amends"))
        // Its data go where they go for a newcomer: into a folder below the one it is started in.
        .current_dir(folder.path())
        .args(["demo", "--exit", "--format", "json", "--seed", "11"])
        .args(switches)
        .output()
        .expect("the binary runs");
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "no report ({error}); it said:\n{}",
            String::from_utf8_lossy(&output.stderr)
        )
    });
    (output, report)
}

#[test]
fn a_missing_row_of_the_witness_is_noticed() {
    let (output, report) = demo(&["--orders", "6", "--test-drop-witness-row"]);
    assert_eq!(report["agree"], false, "{report:#}");
    assert!(report["differences"].to_string().contains("LOST"), "{report:#}");
    assert_eq!(output.status.code(), Some(1));
}
