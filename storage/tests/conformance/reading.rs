use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use amends_storage::limits::{CHUNK_BYTES, PAGE_BYTES_MAX, VALUE_BYTES_MAX};
use amends_storage::{Direction, Frames as _, Key, Log, Prefix, Span, Store, Write};

use crate::support::{Author, identity, put, sealed, writes};

pub(crate) fn values_of_every_size_come_back(log: &mut impl Log) {
    let free = |bytes: usize| (0..=250_u8).cycle().take(bytes).collect::<Vec<u8>>();
    let key = Key::Index {
        name: "n".into(),
        value: "v".into(),
        root: "r".into(),
    };
    for bytes in [
        0,
        1,
        CHUNK_BYTES - 1,
        CHUNK_BYTES,
        CHUNK_BYTES + 1,
        2 * CHUNK_BYTES,
        VALUE_BYTES_MAX,
        3 * CHUNK_BYTES + 7,
        5,
    ] {
        log.commit(&writes(vec![Write::Put {
            key: key.clone(),
            value: free(bytes),
        }]))
        .unwrap();
        assert!(log.get(&key).unwrap() == Some(free(bytes)), "{bytes} bytes");
        let page = log
            .scan(&Span::all(Prefix::Index), 9, Direction::Ascending)
            .unwrap();
        assert!(page.entries == [(key.clone(), free(bytes))], "{bytes} bytes");
    }
}

pub(crate) fn pages_cover_a_span_once_in_both_directions(log: &mut impl Log) {
    let expect: Vec<Key> = (0..25).map(Key::Audit).collect();
    // Neighbours in key order that must not be met.
    let mut list: Vec<_> = expect.iter().map(|key| put(key.clone(), b"line")).collect();
    list.push(put(
        Key::Blob {
            root: String::new(),
            digest: [0; 32],
        },
        b"next prefix",
    ));
    log.commit(&writes(list)).unwrap();
    for (direction, limit) in [
        (Direction::Ascending, 4),
        (Direction::Descending, 7),
        (Direction::Ascending, 25),
    ] {
        let (mut met, mut rest) = (Vec::new(), Some(Span::all(Prefix::Audit)));
        while let Some(span) = rest {
            let page = log.scan(&span, limit, direction).unwrap();
            assert!(page.entries.len() <= limit);
            met.extend(page.entries.into_iter().map(|(key, _)| key));
            rest = page.rest;
        }
        if direction == Direction::Descending {
            met.reverse();
        }
        assert_eq!(met, expect);
    }
    let none = log
        .scan(&Span::all(Prefix::Audit), 0, Direction::Ascending)
        .unwrap();
    assert_eq!(
        (none.entries.len(), none.rest),
        (0, Some(Span::all(Prefix::Audit)))
    );
}

pub(crate) fn a_page_of_large_values_ends_early(log: &mut impl Log) {
    for n in 0..4 {
        log.commit(&writes(vec![put(Key::Audit(n), &vec![0; VALUE_BYTES_MAX - 100])]))
            .unwrap();
    }
    let page = log
        .scan(&Span::all(Prefix::Audit), 100, Direction::Ascending)
        .unwrap();
    assert_eq!(page.entries.len(), PAGE_BYTES_MAX / VALUE_BYTES_MAX + 1);
    let page = log.scan(&page.rest.unwrap(), 100, Direction::Ascending).unwrap();
    assert_eq!((page.entries.len(), page.rest), (1, None));
}

pub(crate) fn spans_find_what_they_name(log: &mut impl Log) {
    let index = |name: &str, value: &str, root: &str| Key::Index {
        name: name.into(),
        value: value.into(),
        root: root.into(),
    };
    let due = |at_ms, root: &str| Key::Due {
        at_ms,
        root: root.into(),
    };
    let delivery = |shop: &str, received_ms, id: &str| Key::Delivery {
        shop: shop.into(),
        received_ms,
        id: id.into(),
    };
    let root = |root: &str| Key::Root(root.into());
    let all = [
        index("customer", "ann", "eu:1"),
        index("customer", "ann", "eu:2"),
        index("customer", "anna", "eu:3"),
        index("customers", "ann", "eu:4"),
        due(-5, "eu:1"),
        due(0, "eu:2"),
        due(10, "eu:3"),
        due(11, "eu:4"),
        delivery("eu", 5, "a"),
        delivery("eu", 6, "b"),
        delivery("eu2", 6, "c"),
        root("eu2:1"),
        root("eu:1"),
        root("eu:10"),
    ];
    log.commit(&writes(all.iter().map(|key| put(key.clone(), b"x")).collect()))
        .unwrap();
    let check = |span: Span, expect: &[Key]| {
        let page = log.scan(&span, 100, Direction::Ascending).unwrap();
        let met: Vec<Key> = page.entries.into_iter().map(|(key, _)| key).collect();
        assert_eq!(met, expect, "{span:?}");
    };
    check(Span::index("customer", "ann"), &all[0..2]);
    check(Span::index_starting("customer", "ann"), &all[0..3]);
    check(Span::index_starting("customer", ""), &all[0..3]);
    check(Span::index("customer", "an"), &[]);
    check(Span::due_until(10), &all[4..7]);
    check(Span::due_until(i64::MAX), &all[4..8]);
    check(Span::due_until(i64::MIN), &[]);
    check(Span::deliveries("eu", 6), &all[9..10]);
    check(Span::deliveries("eu", i64::MIN), &all[8..10]);
    check(Span::starting(Prefix::Root, "eu:"), &all[12..14]);
    check(Span::starting(Prefix::Root, "eu"), &all[11..14]);
    check(Span::all(Prefix::Root).after(&root("eu:1")), &all[13..14]);
    check(Span::all(Prefix::Root).before(&root("eu:10")), &all[11..13]);
    check(Span::all(Prefix::Root).after(&root("z")), &[]);
}

pub(crate) fn frames_are_read_by_root_and_by_sequence(log: &mut impl Log) {
    let mut author = Author::default();
    let roots: Vec<&str> = (0..40).map(|n| ["eu:1", "eu:10", "eu:2"][n % 3]).collect();
    let frames: Vec<_> = roots
        .chunks(7)
        .flat_map(|roots| {
            let commit = author.commit(roots);
            log.commit(&commit).unwrap();
            commit.frames
        })
        .collect();
    assert_eq!(log.frames_from(0, 100).unwrap(), frames);
    assert_eq!(log.frames_from(31, 5).unwrap(), frames[30..35]);
    assert_eq!(log.frames_from(41, 5).unwrap(), []);
    for root in ["eu:1", "eu:10", "eu:2"] {
        let own: Vec<_> = frames
            .iter()
            .filter(|frame| frame.root == root)
            .cloned()
            .collect();
        assert_eq!(log.frames_of(root, 0, 100).unwrap(), own);
        assert_eq!(log.frames_of(root, 3, 4).unwrap(), own[3..7]);
        assert_eq!(log.head_of(root).unwrap(), own.last().unwrap().head());
    }
    assert_eq!(log.frames_of("eu", 0, 100).unwrap(), []);
    assert_eq!(log.head_of("eu").unwrap().root_sequence, 0);
    assert_eq!(log.identity(), &identity());
}

/// The first and the last key of a commit, far apart and one of them in pieces, always show the same commit.
pub(crate) fn a_reader_sees_whole_commits_only(log: &mut impl Log) {
    let value = |n: u64| n.to_be_bytes().repeat(1_000);
    let keys = [Key::Audit(1), Key::Audit(2)];
    let commit_of = |author: &mut Author| {
        let mut commit = author.commit(&["shop:1"]);
        let n = author.last;
        commit.writes = vec![
            put(keys[0].clone(), &value(n)),
            put(keys[1].clone(), &n.to_be_bytes()),
        ];
        commit
    };
    let mut author = Author::default();
    log.commit(&commit_of(&mut author)).unwrap();
    let reader = log.reader();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let (mut looks, mut newest) = (0, 0);
                    while !done.load(Ordering::SeqCst) {
                        let page = reader
                            .scan(&Span::all(Prefix::Audit), 10, Direction::Ascending)
                            .unwrap();
                        let n = page.applied;
                        let expect = [
                            (keys[0].clone(), sealed(&value(n))),
                            (keys[1].clone(), sealed(&n.to_be_bytes())),
                        ];
                        assert!(page.entries == expect, "commit {n} is torn");
                        assert!(n >= newest, "time ran backwards");
                        newest = n;
                        looks += 1;
                    }
                    looks
                })
            })
            .collect();
        for _ in 0..100 {
            log.commit(&commit_of(&mut author)).unwrap();
        }
        done.store(true, Ordering::SeqCst);
        for reader in readers {
            assert!(reader.join().unwrap() > 0);
        }
    });
}
