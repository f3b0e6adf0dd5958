//! Golden journals: bytes written once and kept, so that a release can read what an earlier one wrote.

#![expect(
    clippy::unwrap_used,
    reason = "tests fail by panicking; helpers outside test functions do so too"
)]

mod course;
mod desk;
mod evaluator;
mod files;
mod workflow;

use std::collections::BTreeMap;

use amends_engine::evolve::fold;
use amends_engine::root::Root;
use amends_engine::{Millis, RootKey};
use amends_runtime::decode_events;
use amends_storage::{Kind, codec};

use desk::Desk;
use files::{Golden, REWRITE, rendered};

/// The folder of the layout that this release writes. Raise it with the version of a stored kind.
const CURRENT: &str = "v1";

/// The course with `working_set_max` roots in memory.
fn played(working_set_max: usize) -> Golden {
    rendered(&desk(working_set_max).frames)
}

fn desk(working_set_max: usize) -> Desk {
    let mut desk = Desk::new(working_set_max);
    for step in course::all() {
        desk.take(step);
    }
    desk
}

fn folded(golden: &Golden) -> BTreeMap<RootKey, Root> {
    let mut roots: BTreeMap<RootKey, Root> = BTreeMap::new();
    for frame in &golden.frames {
        let key = RootKey::new(frame.root.clone());
        let root = roots.entry(key.clone()).or_insert_with(|| Root::new(key));
        assert_eq!(
            root.sequence + 1,
            frame.root_sequence,
            "{}: a frame is missing",
            frame.root
        );
        let events = decode_events(&frame.payload).unwrap();
        fold(root, &events, Millis(frame.at_ms));
    }
    roots
}

#[test]
fn every_kept_journal_is_read_and_folds_to_what_it_did() {
    let folders = Golden::folders();
    assert!(
        folders.contains(&CURRENT.to_owned()),
        "there is no folder {CURRENT}"
    );
    for folder in folders {
        let golden = Golden::read(&folder);
        let roots = folded(&golden);
        let fingerprints: Vec<String> = roots.values().flat_map(files::fingerprints).collect();
        assert_eq!(
            fingerprints, golden.fingerprints,
            "{folder}: the same events lead elsewhere"
        );
        for (key, root) in roots {
            let kept = golden.snapshots.get(key.as_str()).unwrap();
            let (_, snapshot): (u16, Root) = codec::decode(Kind::Snapshot, kept).unwrap();
            assert_eq!(snapshot, root, "{folder}: the snapshot of {key} is another state");
        }
    }
}

#[test]
fn the_same_inputs_write_the_same_bytes() {
    let golden = played(100);
    if std::env::var_os(REWRITE).is_some() {
        golden.write(CURRENT);
    }
    let kept = Golden::read(CURRENT);
    assert!(
        golden.text == kept.text,
        "I8: the same inputs write other bytes than those of tests/golden/{CURRENT}; see tests/golden/README.md.\n{}",
        golden.first_difference(&kept)
    );
    assert_eq!(
        golden.snapshots, kept.snapshots,
        "I8: the same inputs lead to other snapshots"
    );
}

#[test]
fn eviction_changes_no_byte() {
    let (roomy, tight) = (desk(100), desk(1));
    assert_eq!(roomy.evicted, 0);
    assert!(tight.evicted > 20, "only {} evictions", tight.evicted);
    let (roomy, tight) = (rendered(&roomy.frames), rendered(&tight.frames));
    assert!(roomy.text == tight.text, "{}", roomy.first_difference(&tight));
}

#[test]
fn the_course_writes_every_kind_of_event() {
    let golden = played(100);
    let mut missing: Vec<&str> = files::EVENTS
        .iter()
        .copied()
        .filter(|name| !golden.names.contains(*name))
        .collect();
    missing.sort_unstable();
    assert_eq!(missing, [""; 0], "events whose bytes no golden journal keeps");
}
