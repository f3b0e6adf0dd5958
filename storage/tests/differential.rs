//! The same random commits on both backends: the same answers, also after the store on disk was closed and opened.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the finding"
)]

#[path = "support/mod.rs"]
mod support;

use amends_storage::limits::CHUNK_BYTES;
use amends_storage::verify::verify;
use amends_storage::{Commit, Direction, Frames as _, Key, Log as _, Prefix, Span, Store, Write};
use proptest::prelude::*;
use support::{Author, memory, open, put};

const ROOTS: [&str; 3] = ["eu:1", "eu:10", "us:1"];

/// One step of a run.
#[derive(Debug, Clone)]
enum Step {
    Commit {
        roots: Vec<usize>,
        writes: Vec<(Key, Option<usize>)>,
        spoil: bool,
    },
    Reopen,
}

fn keys() -> impl Strategy<Value = Key> {
    let root = prop::sample::select(ROOTS.to_vec());
    prop_oneof![
        root.clone().prop_map(|root| Key::Snapshot { root: root.into() }),
        root.clone().prop_map(|root| Key::Root(root.into())),
        (0_i64..4, root.clone()).prop_map(|(at_ms, root)| Key::Due {
            at_ms,
            root: root.into()
        }),
        ("[ab]", root).prop_map(|(value, root)| Key::Index {
            name: "n".into(),
            value,
            root: root.into()
        }),
        (0_u64..5).prop_map(Key::Audit),
        "[ab]{1,2}".prop_map(Key::Pending),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let size = prop_oneof![
        4 => 0..40_usize,
        1 => CHUNK_BYTES - 20..CHUNK_BYTES + 20,
        1 => 2 * CHUNK_BYTES..4 * CHUNK_BYTES
    ];
    let commit = (
        prop::collection::vec(0..ROOTS.len(), 0..6),
        prop::collection::vec((keys(), prop::option::weighted(0.7, size)), 0..8),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(roots, writes, spoil)| Step::Commit { roots, writes, spoil });
    prop::collection::vec(prop_oneof![9 => commit, 1 => Just(Step::Reopen)], 1..20)
}

fn build(author: &mut Author, roots: &[usize], writes: &[(Key, Option<usize>)]) -> Commit {
    let roots: Vec<&str> = roots.iter().map(|root| ROOTS[*root]).collect();
    let mut commit = author.commit(&roots);
    commit.writes = writes
        .iter()
        .map(|(key, size)| match size {
            Some(size) => put(key.clone(), &vec![7; *size]),
            None => Write::Delete { key: key.clone() },
        })
        .collect();
    commit
}

fn everything(store: &impl Store, limit: usize, direction: Direction) -> Vec<(Key, Vec<u8>)> {
    let mut all = Vec::new();
    for prefix in Prefix::ALL {
        let mut rest = Some(Span::all(prefix));
        while let Some(span) = rest {
            let page = store.scan(&span, limit, direction).unwrap();
            all.extend(page.entries);
            rest = page.rest;
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_backends_answer_alike(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let (mut reference, mut disk) = (memory(), open(folder.path()));
        let mut author = Author::default();
        for step in &steps {
            match step {
                Step::Reopen => {
                    drop(disk);
                    disk = open(folder.path());
                }
                Step::Commit { roots, writes, spoil } => {
                    let mut next = author.clone();
                    let mut commit = build(&mut next, roots, writes);
                    if *spoil {
                        commit.writes.push(Write::Delete { key: Key::Sequence(1) });
                    } else {
                        author = next;
                    }
                    let (one, other) = (reference.commit(&commit), disk.commit(&commit));
                    prop_assert_eq!(format!("{one:?}"), format!("{other:?}"));
                }
            }
            prop_assert_eq!(reference.applied_sequence(), disk.applied_sequence());
        }
        for (limit, direction) in [(3, Direction::Ascending), (100, Direction::Descending)] {
            prop_assert_eq!(everything(&reference, limit, direction), everything(&disk, limit, direction));
        }
        for root in ROOTS {
            prop_assert_eq!(reference.frames_of(root, 1, 5).unwrap(), disk.frames_of(root, 1, 5).unwrap());
            prop_assert_eq!(reference.head_of(root).unwrap(), disk.head_of(root).unwrap());
        }
        prop_assert_eq!(reference.frames_from(2, 7).unwrap(), disk.frames_from(2, 7).unwrap());
        let reports = (verify(&reference, |_| ()).unwrap(), verify(&disk, |_| ()).unwrap());
        prop_assert!(reports.0.is_clean(), "{:?}", reports.0);
        prop_assert_eq!(reports.0, reports.1);
    }
}
