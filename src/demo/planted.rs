//! Stores with one thing wrong, each of which the comparison must name.

use std::collections::BTreeMap;

use amends_engine::event::{Event, InstanceEvent};
use amends_engine::root::Root;
use amends_engine::{Digest, InstanceId, RootKey, Value, WorkflowName};
use amends_runtime::{encode_events, refold};
use amends_storage::{Commit, Head, Identity, Key, Kind, Log as _, Memory, Write, codec};

use super::books::Books;
use super::compare::{Comparison, Evidence, compare};
use super::journal::Journal;

const ORDER: &str = "demo:1";

/// The events that run the order's workflow: started, and ended by a person.
fn events() -> [Event; 2] {
    let instance = InstanceId::new("demo:1/order-to-cash");
    let started = InstanceEvent::Started {
        workflow: WorkflowName::new("order-to-cash"),
        definition: Digest([0; 32]),
        only: None,
        routes: BTreeMap::new(),
        settings: Value::Null,
    };
    let closed = InstanceEvent::Closed {
        by: "ada".to_owned(),
        reason: "done by hand".to_owned(),
    };
    [started, closed].map(|event| Event::Of {
        instance: instance.clone(),
        event,
    })
}

fn store(events: &[Event]) -> Memory {
    let mut store = Memory::new(Identity::new("k3x9m2ab", 0).unwrap()).unwrap();
    let payload = encode_events(events).unwrap();
    let commit = Commit {
        frames: vec![Head::default().next(1, ORDER, 1, payload)],
        writes: vec![listed(ORDER)],
        ..Commit::default()
    };
    store.commit(&commit).unwrap();
    store
}

/// What a list of orders reads; the comparison reads only that it is there.
fn listed(order: &str) -> Write {
    Write::Put {
        key: Key::Root(order.to_owned()),
        value: codec::seal(Kind::Summary, 1, b"-").unwrap(),
    }
}

fn planted(mut store: Memory, write: Write) -> Memory {
    let commit = Commit {
        writes: vec![write],
        ..Commit::default()
    };
    store.commit(&commit).unwrap();
    store
}

fn compared(store: &Memory) -> Comparison {
    let mut journal = Journal::default();
    journal.catch_up(store).unwrap();
    let evidence = Evidence {
        journal: &journal,
        rows: &[],
        books: &Books::default(),
    };
    compare(store, &evidence).unwrap()
}

fn only_difference(store: &Memory) -> String {
    let mut differences = compared(store).differences;
    assert_eq!(differences.len(), 1, "{differences:?}");
    differences.remove(0)
}

#[test]
fn a_sound_store_has_no_differences() {
    let found = compared(&store(&events()));
    assert_eq!(found.differences, Vec::<String>::new());
    assert_eq!(found.stages, BTreeMap::from([("closed".to_owned(), 1)]));
}

#[test]
fn an_order_that_nothing_will_wake_is_told() {
    let [started, _] = events();
    assert_eq!(
        only_difference(&store(&[started])),
        "ASLEEP: nothing will ever wake demo:1/order-to-cash"
    );
}

#[test]
fn a_snapshot_that_is_not_what_its_journal_folds_to_is_told() {
    let store = store(&events());
    let mut root = refold(&store, &RootKey::new(ORDER)).unwrap().unwrap();
    root.revision += 1;
    let snapshot = Write::Put {
        key: Key::Snapshot {
            root: ORDER.to_owned(),
        },
        value: codec::encode::<Root>(Kind::Snapshot, 1, &root).unwrap(),
    };
    assert_eq!(
        only_difference(&planted(store, snapshot)),
        "DAMAGED: demo:1: the snapshot is not what its journal folds to"
    );
}

#[test]
fn a_value_that_is_not_what_its_name_says_is_told() {
    let forged = Write::Put {
        key: Key::Blob {
            root: ORDER.to_owned(),
            digest: [7; 32],
        },
        value: codec::seal(Kind::Blob, 1, b"{}").unwrap(),
    };
    let told = only_difference(&planted(store(&events()), forged));
    assert!(told.starts_with("DAMAGED: "), "{told}");
    assert!(told.contains("another digest"), "{told}");
}

#[test]
fn an_order_without_a_journal_is_told() {
    assert_eq!(
        only_difference(&planted(store(&events()), listed("demo:2"))),
        "MISSING: demo:2 is listed and has no journal"
    );
}
