//! Damage of every sort is found and named.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the finding"
)]

#[path = "support/mod.rs"]
mod support;

use std::path::Path;

use amends_storage::limits::SEGMENT_BYTES;
use amends_storage::verify::{Report, verify};
use amends_storage::{
    Frame, Frames as _, Key, Log as _, Options, Partition, Progress, ReadError, Sled, Stage, Store as _,
    Write,
};
use support::{Author, identity, memory, open, put, sealed, writes};

/// Three roots with twelve frames and some values.
fn fill(folder: &Path) {
    let mut store = open(folder);
    let mut author = Author::default();
    for _ in 0..4 {
        let mut commit = author.commit(&["eu:1", "eu:2", "us:1"]);
        commit.writes = vec![put(Key::Snapshot { root: "eu:1".into() }, &[1; 20_000])];
        store.commit(&commit).unwrap();
    }
    let (blob, _) = Write::blob("eu:1", b"subject").unwrap();
    store
        .commit(&writes(vec![blob, put(Key::Pending("p".into()), b"x")]))
        .unwrap();
}

fn blob_of(root: &str) -> Key {
    Key::Blob {
        root: root.into(),
        digest: [9; 32],
    }
}

/// The database under a store that is closed.
struct Raw(sled::Db);

impl Raw {
    fn of(folder: &Path) -> Self {
        // sled's background work may hold the file for a moment after the store was closed.
        let config = sled::Config::new()
            .path(folder.join("sled"))
            .segment_size(SEGMENT_BYTES);
        for _ in 0..10_000 {
            match config.open() {
                Ok(db) => return Self(db),
                Err(error) if error.to_string().contains("lock") => std::thread::yield_now(),
                Err(error) => panic!("{error}"),
            }
        }
        panic!("the database is still in use");
    }

    fn key(key: &Key) -> Vec<u8> {
        key.stored(Partition::FIRST).as_bytes().to_vec()
    }

    fn take(&self, key: &Key) -> Vec<u8> {
        self.0.remove(Self::key(key)).unwrap().unwrap().to_vec()
    }

    fn put(&self, key: &Key, record: &[u8]) {
        self.0.insert(Self::key(key), record).unwrap();
    }

    /// A record as the store itself would write it.
    fn forge(&self, key: &Key, value: &[u8]) {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&Self::key(key));
        hasher.update(&[1]);
        hasher.update(value);
        self.put(key, &[&[1], &hasher.finalize().to_be_bytes()[..], value].concat());
    }

    fn frame(&self, key: &Key) -> Frame {
        Frame::decode(&self.0.get(Self::key(key)).unwrap().unwrap()[5..]).unwrap()
    }
}

fn event(root: &str, root_sequence: u64) -> Key {
    Key::Event {
        root: root.into(),
        root_sequence,
    }
}

fn report_after(tamper: impl FnOnce(&Raw)) -> (Report, Sled, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    tamper(&Raw::of(folder.path()));
    let store = Sled::open(folder.path(), &Options::default()).unwrap();
    (verify(&store, |_| ()).unwrap(), store, folder)
}

#[test]
fn every_damage_is_named_with_its_place() {
    type Tamper = fn(&Raw);
    let cases: [(&str, &str, u64, Tamper); 11] = [
        ("q/5", "points to a frame that is missing", 2, |raw| {
            raw.take(&event("eu:2", 2));
        }),
        ("q/5", "the log has a gap here", 1, |raw| {
            raw.take(&Key::Sequence(5));
        }),
        ("q/1", "the log has a gap here", 3, |raw| {
            (1..4).for_each(|sequence| drop(raw.take(&Key::Sequence(sequence))));
        }),
        ("e/eu:2/2", "checksum", 1, |raw| {
            let mut record = raw.take(&event("eu:2", 2));
            record[30] ^= 4;
            raw.put(&event("eu:2", 2), &record);
        }),
        ("e/eu:1/3", "checksum", 2, |raw| {
            let (one, other) = (raw.take(&event("eu:1", 3)), raw.take(&event("us:1", 3)));
            raw.put(&event("eu:1", 3), &other);
            raw.put(&event("us:1", 3), &one);
        }),
        ("e/eu:1/4", "does not continue the chain of its root", 1, |raw| {
            let mut frame = raw.frame(&event("eu:1", 3));
            frame.payload = b"rewritten history".to_vec();
            raw.forge(&event("eu:1", 3), &frame.encode().unwrap());
        }),
        ("e/eu:1/2", "holds the frame of us:1 at position 2", 1, |raw| {
            let frame = raw.frame(&event("us:1", 2));
            raw.forge(&event("eu:1", 2), &frame.encode().unwrap());
        }),
        ("e/eu:1/2", "holds frame 4 where the index expects 5", 2, |raw| {
            let value = [&2_u64.to_be_bytes()[..], b"eu:1"].concat();
            raw.forge(&Key::Sequence(5), &value);
        }),
        ("e/eu:1/5", "the index points elsewhere", 1, |raw| {
            let mut frame = raw
                .frame(&event("eu:1", 4))
                .head()
                .next(4, "eu:1", 5, b"slipped in".to_vec());
            frame.sequence = 4;
            raw.forge(&event("eu:1", 5), &frame.encode().unwrap());
        }),
        (
            "b/eu:1/0909090909090909090909090909090909090909090909090909090909090909",
            "another digest",
            1,
            |raw| {
                raw.forge(&blob_of("eu:1"), &sealed(b"something else"));
            },
        ),
        ("p/p", "checksum", 1, |raw| {
            let mut value = sealed(b"x");
            *value.last_mut().unwrap() ^= 1;
            raw.forge(&Key::Pending("p".into()), &value);
        }),
    ];
    for (place, meaning, damaged, tamper) in cases {
        let (report, _store, _folder) = report_after(tamper);
        let first = report
            .first
            .clone()
            .unwrap_or_else(|| panic!("{place} {meaning}: nothing found"));
        assert_eq!(first.key.to_string(), place, "{meaning}: {report:?}");
        assert!(first.meaning.contains(meaning), "{place}: {}", first.meaning);
        assert_eq!(report.damaged, damaged, "{place} {meaning}: {report:?}");
    }
}

#[test]
fn damaged_frames_are_not_served() {
    let (_, store, _folder) = report_after(|raw| {
        let mut record = raw.take(&event("eu:2", 2));
        record[30] ^= 4;
        raw.put(&event("eu:2", 2), &record);
        raw.take(&Key::Sequence(9));
    });
    let damaged = |error: ReadError| assert!(matches!(error, ReadError::Damaged { .. }), "{error}");
    damaged(store.get(&event("eu:2", 2)).unwrap_err());
    damaged(store.frames_of("eu:2", 0, 10).unwrap_err());
    damaged(store.frames_from(5, 1).unwrap_err());
    assert_eq!(store.frames_of("eu:1", 0, 10).unwrap().len(), 4);
    assert_eq!(store.frames_from(6, 3).unwrap().len(), 3);
    assert_eq!(
        store.frames_from(6, 4).unwrap_err(),
        ReadError::MissingFrame { sequence: 9 }
    );
}

#[test]
fn a_clean_store_is_counted_and_progress_told() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let store = Sled::open(folder.path(), &Options::default()).unwrap();
    let mut told: Vec<Progress> = Vec::new();
    let report = verify(&store, |progress| told.push(progress)).unwrap();
    assert_eq!(
        (report.last_sequence, report.frames, report.roots, report.values),
        (12, 12, 3, 4)
    );
    assert!(report.is_clean() && report.bytes > 20_000, "{report:?}");
    let end = |stage, done, total| assert!(told.contains(&Progress { stage, done, total }), "{told:?}");
    end(Stage::Sequence, 12, Some(12));
    end(Stage::Chains, 12, Some(12));
    assert_eq!(verify(&memory(), |_| ()).unwrap().values, 1);
    assert_eq!(store.identity(), &identity());
}
