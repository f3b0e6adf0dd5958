//! The demonstration as a test: real processes, faults, kills, and a comparison that can fail.
#![expect(clippy::indexing_slicing, reason = "a missing field fails the test")]

use std::process::{Command, Output};

use serde_json::Value;

fn demo(switches: &[&str]) -> (Output, Value) {
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

fn differences(report: &Value) -> Vec<&str> {
    let told = report["differences"].as_array().expect("a list");
    told.iter().filter_map(Value::as_str).collect()
}

#[test]
fn a_missing_row_of_the_witness_is_noticed() {
    let (output, report) = demo(&["--orders", "6", "--test-drop-witness-row"]);
    assert_eq!(report["agree"], false, "{report:#}");
    let told = differences(&report);
    assert!(told.iter().any(|told| told.starts_with("LOST")), "{report:#}");
    assert_eq!(output.status.code(), Some(1));
}

/// Kills of every kind: each with at least ten effects under way, at least one each during eviction, compensation
/// and recovery, by what the server said just before and what its store held just after.
fn survives(orders: &str, kills: usize) {
    let (output, report) = demo(&["--orders", orders, "--kills", &kills.to_string()]);
    assert_eq!(differences(&report), Vec::<&str>::new(), "{report:#}");
    assert_eq!(report["agree"], true, "{report:#}");
    assert_eq!(output.status.code(), Some(0));
    let all = report["kills"].as_array().expect("a list");
    let counted: Vec<&Value> = all.iter().filter(|kill| kill["counts"] == true).collect();
    assert!(counted.len() >= kills, "{report:#}");
    for kill in &counted {
        assert!(kill["store"]["under_way"].as_u64() >= Some(10), "{kill:#}");
    }
    for kind in ["eviction", "compensation", "recovery"] {
        let during = |kill: &&Value| {
            let kinds = kill["during"].as_array().into_iter().flatten();
            kinds.into_iter().any(|during| *during == kind)
        };
        assert!(counted.iter().any(during), "none during {kind}: {report:#}");
    }
}

/// The default tier kills a few times; the full tier plays the size that the documentation names.
#[test]
fn kills_during_eviction_compensation_and_recovery_lose_and_double_nothing() {
    if option_env!("AMENDS_TIER") == Some("full") {
        survives("2000", 20);
    } else {
        survives("240", 3);
    }
}

/// The same seed with and without write-ahead: it must be the switch that is noticed.
#[test]
fn effects_that_leave_before_they_are_durable_are_noticed() {
    let orders = ["--orders", "40", "--kills", "1"];
    let (output, report) = demo(&orders);
    assert_eq!(differences(&report), Vec::<&str>::new(), "{report:#}");
    assert_eq!(output.status.code(), Some(0));
    let (output, report) = demo(&[&orders[..], &["--test-write-ahead-off"]].concat());
    assert_eq!(report["agree"], false, "{report:#}");
    let told = differences(&report);
    let at_the_kill = |told: &&str| told.starts_with("UNKNOWN") && told.ends_with("(at kill 1)");
    assert!(told.iter().any(at_the_kill), "{report:#}");
    assert_eq!(output.status.code(), Some(1));
}
