use amends_storage::limits::{COMMIT_BYTES_MAX, COMMIT_ENTRIES_MAX, KEY_BYTES_MAX, VALUE_BYTES_MAX};
use amends_storage::{Commit, CommitError, Frames as _, Key, Log, Write};

use crate::support::{Author, meta, put, sealed, writes};

pub(crate) fn frames_and_writes_are_kept_together(log: &mut impl Log) {
    let mut author = Author::default();
    let mut commit = author.commit(&["shop:1", "shop:2", "shop:1"]);
    commit.writes = vec![put(
        Key::Snapshot {
            root: "shop:1".into(),
        },
        b"state",
    )];
    assert_eq!(log.commit(&commit).unwrap(), 3);
    assert_eq!((log.last_sequence(), log.applied_sequence()), (3, 3));
    assert_eq!(log.frames_from(1, 10).unwrap(), commit.frames);
    assert_eq!(
        log.get(&Key::Snapshot {
            root: "shop:1".into()
        })
        .unwrap(),
        Some(sealed(b"state"))
    );
}

pub(crate) fn a_gap_or_repeat_in_the_sequence_is_refused(log: &mut impl Log) {
    let mut author = Author::default();
    log.commit(&author.commit(&["shop:1"])).unwrap();
    for last in [0, 2, 7] {
        let mut wrong = Author {
            last,
            ..author.clone()
        };
        let error = log.commit(&wrong.commit(&["shop:1"])).unwrap_err();
        assert!(
            matches!(error, CommitError::OutOfSequence { expected: 2, found } if found == last + 1),
            "{error}"
        );
    }
    log.commit(&author.commit(&["shop:1"])).unwrap();
}

pub(crate) fn a_frame_that_breaks_its_chain_is_refused(log: &mut impl Log) {
    let mut author = Author::default();
    log.commit(&author.commit(&["shop:1", "shop:1"])).unwrap();
    let good = author.commit(&["shop:1"]);
    let refused = |log: &mut _, change: fn(&mut amends_storage::Frame)| {
        let mut commit = good.clone();
        change(&mut commit.frames[0]);
        let error = Log::commit(log, &commit).unwrap_err();
        assert!(
            matches!(error, CommitError::BrokenChain { last: 2, .. }),
            "{error}"
        );
    };
    refused(log, |frame| frame.previous[0] ^= 1);
    refused(log, |frame| frame.root_sequence = 2);
    refused(log, |frame| frame.root_sequence = 4);
    log.commit(&good).unwrap();
}

pub(crate) fn what_the_store_writes_itself_is_refused(log: &mut impl Log) {
    for key in [
        Key::Sequence(1),
        Key::Event {
            root: "shop:1".into(),
            root_sequence: 1,
        },
        Key::identity(),
    ] {
        for write in [put(key.clone(), b"forged"), Write::Delete { key: key.clone() }] {
            let error = log.commit(&writes(vec![write])).unwrap_err();
            assert!(matches!(error, CommitError::Reserved { .. }), "{key}: {error}");
        }
    }
}

pub(crate) fn unsealed_values_are_refused(log: &mut impl Log) {
    let error = log
        .commit(&writes(vec![Write::Put {
            key: meta("raw"),
            value: b"raw".to_vec(),
        }]))
        .unwrap_err();
    assert!(matches!(error, CommitError::Unsealed { .. }), "{error}");
    let free = Key::Due {
        at_ms: 5,
        root: "shop:1".into(),
    };
    log.commit(&writes(vec![Write::Put {
        key: free.clone(),
        value: Vec::new(),
    }]))
    .unwrap();
    assert_eq!(log.get(&free).unwrap(), Some(Vec::new()));
}

pub(crate) fn what_is_too_large_is_refused(log: &mut impl Log) {
    let large = vec![0; VALUE_BYTES_MAX];
    let free = |root: String, value: Vec<u8>| Write::Put {
        key: Key::Due { at_ms: 1, root },
        value,
    };
    let many = COMMIT_BYTES_MAX / VALUE_BYTES_MAX + 1;
    let cases = [
        ("a value", vec![free("a".into(), vec![0; VALUE_BYTES_MAX + 1])]),
        ("a key", vec![free("a".repeat(KEY_BYTES_MAX), Vec::new())]),
        (
            "the number",
            vec![free("a".into(), Vec::new()); COMMIT_ENTRIES_MAX + 1],
        ),
        (
            "the size",
            (0..many).map(|n| free(n.to_string(), large.clone())).collect(),
        ),
    ];
    for (what, list) in cases {
        let error = log.commit(&writes(list)).unwrap_err();
        assert!(matches!(error, CommitError::TooLarge { .. }), "{what}: {error}");
        assert!(error.to_string().starts_with(what), "{error}");
    }
}

pub(crate) fn the_last_write_of_a_key_counts(log: &mut impl Log) {
    let (a, b) = (meta("a"), meta("b"));
    let list = vec![
        put(a.clone(), b"1"),
        put(b.clone(), b"1"),
        Write::Delete { key: a.clone() },
        put(b.clone(), b"2"),
        Write::Delete {
            key: meta("never there"),
        },
    ];
    log.commit(&writes(list)).unwrap();
    assert_eq!(log.get(&a).unwrap(), None);
    assert_eq!(log.get(&b).unwrap(), Some(sealed(b"2")));
}

pub(crate) fn a_refused_commit_changes_nothing(log: &mut impl Log) {
    let mut author = Author::default();
    let mut commit = author.commit(&["shop:1"]);
    commit.writes = vec![
        put(meta("a"), b"1"),
        Write::Put {
            key: meta("b"),
            value: b"unsealed".to_vec(),
        },
    ];
    log.commit(&commit).unwrap_err();
    assert_eq!((log.last_sequence(), log.get(&meta("a")).unwrap()), (0, None));
    assert_eq!(log.frames_from(1, 10).unwrap(), []);
    commit.writes.pop();
    assert_eq!(log.commit(&commit).unwrap(), 1);
}

pub(crate) fn an_empty_commit_changes_nothing(log: &mut impl Log) {
    assert_eq!(log.commit(&Commit::default()).unwrap(), 0);
}
