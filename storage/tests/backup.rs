//! Backups: what goes in comes out, and what is not whole is refused.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the finding"
)]

#[path = "support/mod.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};

use amends_storage::backup::{Cut, Restore, Restored, backup, inspect, restore};
use amends_storage::verify::verify;
use amends_storage::{
    BackupError, Direction, Frames as _, Key, Kind, Log, OpenError, Options, Paused, Prefix, RestoreError,
    Sled, Span, Stage, Store, Write, codec,
};
use proptest::prelude::*;
use support::{Author, Seed, identity, memory, put, sled, writes};

const NOW: i64 = 1_800_000_000_000;

fn fill(log: &mut impl Log, seed: u64) -> Author {
    let mut seed = Seed::of(seed);
    let mut author = Author::default();
    for n in 0..seed.below(12) {
        let mut commit = author.commit(&["eu:1", "eu:2"]);
        let size = usize::try_from(seed.below(9_000)).unwrap();
        let (blob, digest) = Write::blob("eu:1", &vec![7; size]).unwrap();
        let (document, _) = Write::document(Kind::Recipe, &n.to_be_bytes()).unwrap();
        commit.writes = vec![
            blob,
            put(Key::Snapshot { root: "eu:1".into() }, b"state"),
            put(
                Key::Delivery {
                    shop: "eu".into(),
                    received_ms: 5,
                    id: n.to_string(),
                },
                &digest,
            ),
            put(Key::Pending(n.to_string()), b"wait"),
            put(Key::Audit(n), b"line"),
            document,
            put(
                Key::Due {
                    at_ms: 4,
                    root: "eu:1".into(),
                },
                b"due",
            ),
        ];
        if let Some(last) = n.checked_sub(1) {
            commit.writes.push(Write::Delete {
                key: Key::Pending(last.to_string()),
            });
        }
        log.commit(&commit).unwrap();
    }
    author
}

fn request() -> Restore {
    Restore {
        store_id: "copy2222".into(),
        now_ms: NOW,
        options: Options::default(),
    }
}

fn restored(file: &Path, folder: &Path) -> (Restored, Sled) {
    let restored = restore(file, folder, &request(), |_| ()).unwrap();
    (restored, Sled::open(folder, &Options::default()).unwrap())
}

/// Every entry a backup has to carry.
fn authoritative(store: &impl Store, cut: u64) -> Vec<(Key, Vec<u8>)> {
    let mut all = Vec::new();
    for prefix in Prefix::ALL
        .into_iter()
        .filter(|prefix| !prefix.is_derived() && !prefix.is_log())
    {
        let page = store
            .scan(&Span::all(prefix), 1_000, Direction::Ascending)
            .unwrap();
        all.extend(
            page.entries
                .into_iter()
                .filter(|(key, _)| *key != Key::identity() && *key != Key::paused()),
        );
    }
    for frame in store.frames_from(1, usize::try_from(cut).unwrap()).unwrap() {
        all.push((Key::Sequence(frame.sequence), frame.encode().unwrap()));
    }
    all
}

struct Bed {
    folder: tempfile::TempDir,
}

impl Bed {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("orders.backup")
    }

    fn target(&self) -> PathBuf {
        self.folder.path().join("restored")
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_backed_up_is_restored(seed: u64, part in 0_u64..=4) {
        let bed = Bed::new();
        let (mut log, _folder) = sled();
        let author = fill(&mut log, seed);
        let cut = author.last * part / 4;
        let made = backup(&log.reader(), &bed.file(), Cut::At(cut), NOW, |_| ()).unwrap();
        prop_assert_eq!((made.header.cut, made.frames), (cut, cut));
        prop_assert_eq!(&inspect(&bed.file(), |_| ()).unwrap(), &made);
        prop_assert_eq!(fs::metadata(bed.file()).unwrap().len(), made.bytes);

        let (restored, copy) = restored(&bed.file(), &bed.target());
        prop_assert_eq!(authoritative(&copy, cut), authoritative(&log, cut));
        prop_assert_eq!(copy.last_sequence(), cut);
        prop_assert!(verify(&copy, |_| ()).unwrap().is_clean());
        prop_assert_eq!(restored.backup, made);
        for prefix in Prefix::ALL.into_iter().filter(|prefix| prefix.is_derived()) {
            prop_assert_eq!(copy.scan(&Span::all(prefix), 9, Direction::Ascending).unwrap().entries, vec![]);
        }
    }
}

#[test]
fn a_restored_store_has_the_next_epoch_and_is_paused() {
    let bed = Bed::new();
    let mut log = memory();
    let author = fill(&mut log, 3);
    backup(&log, &bed.file(), Cut::Now, NOW - 5, |_| ()).unwrap();
    let (restored, mut copy) = restored(&bed.file(), &bed.target());
    assert_eq!(
        (copy.identity().store_id.as_str(), copy.identity().epoch),
        ("copy2222", 1)
    );
    let marker = copy.get(&Key::paused()).unwrap().unwrap();
    let (_, paused): (u16, Paused) = codec::decode(Kind::Meta, &marker).unwrap();
    assert_eq!(paused, restored.paused);
    assert_eq!(
        (paused.cut, paused.since_ms, &paused.origin),
        (author.last, NOW, &identity())
    );
    assert_eq!(
        paused.cut_at_ms,
        1_700_000_000_000 + i64::try_from(author.last).unwrap()
    );

    // It goes on where the log was cut, and a backup of it counts on.
    let mut author = author;
    copy.commit(&author.commit(&["eu:1", "eu:9"])).unwrap();
    let (second_file, second_folder) = (bed.folder.path().join("second"), bed.folder.path().join("two"));
    backup(&copy, &second_file, Cut::Now, NOW, |_| ()).unwrap();
    let again = restore(&second_file, &second_folder, &request(), |_| ()).unwrap();
    assert_eq!((again.identity.epoch, again.paused.cut), (2, author.last));
}

#[test]
fn a_running_store_is_backed_up_at_one_moment() {
    let bed = Bed::new();
    let (mut log, _folder) = sled();
    let mut author = Author::default();
    let mut commit = |log: &mut Sled| {
        let mut commit = author.commit(&["eu:1", "eu:2", "eu:3"]);
        // What waits is always the last sequence, so that a backup shows whether the two belong together.
        commit.writes = vec![put(Key::Pending("last".into()), &author.last.to_be_bytes())];
        log.commit(&commit).unwrap();
    };
    commit(&mut log);
    let reader = log.reader();
    let file = bed.file();
    let made = std::thread::scope(|scope| {
        let backup = scope.spawn(|| backup(&reader, &file, Cut::Now, NOW, |_| ()).unwrap());
        while !backup.is_finished() {
            commit(&mut log);
        }
        backup.join().unwrap()
    });
    let (_, copy) = restored(&bed.file(), &bed.target());
    let waiting = copy.get(&Key::Pending("last".into())).unwrap().unwrap();
    assert_eq!(
        codec::open(Kind::Meta, &waiting).unwrap().payload(),
        made.header.cut.to_be_bytes()
    );
    assert!(verify(&copy, |_| ()).unwrap().is_clean());
}

#[test]
fn what_is_not_whole_is_refused_and_the_target_left_empty() {
    let seed = &mut Seed::new("what_is_not_whole_is_refused");
    let bed = Bed::new();
    let mut log = memory();
    fill(&mut log, 5);
    backup(&log, &bed.file(), Cut::Now, NOW, |_| ()).unwrap();
    let whole = fs::read(bed.file()).unwrap();
    let length = whole.len() as u64;
    let at = |n: u64| usize::try_from(n).unwrap();
    let refused = |bytes: &[u8], what: &str| {
        fs::write(bed.file(), bytes).unwrap();
        let error = restore(&bed.file(), &bed.target(), &request(), |_| ()).unwrap_err();
        assert!(!bed.target().exists(), "{what}");
        error.to_string()
    };
    for n in 0..300 {
        // The first bytes one by one, the others at random.
        let bit = if n < 160 { n } else { seed.below(length * 8) };
        let mut flipped = whole.clone();
        flipped[at(bit / 8)] ^= 1 << (bit % 8);
        refused(&flipped, &format!("bit {bit} flipped"));
    }
    for n in 0..100 {
        let end = if n < 40 { n } else { seed.below(length) };
        refused(&whole[..at(end)], &format!("cut at {end}"));
    }
    let appended = refused(&[&whole[..], b"x"].concat(), "appended");
    assert!(appended.contains("something follows its end"), "{appended}");
    let newer = refused(&[&whole[..8], &[0, 2], &whole[10..]].concat(), "newer");
    assert!(newer.contains("backup format 2, newer than 1"), "{newer}");
    let other = refused(b"a file of some other sort", "other");
    assert!(other.contains("is no backup of Amends"), "{other}");
}

#[test]
fn an_empty_folder_stays_and_stays_empty() {
    let bed = Bed::new();
    fs::write(bed.file(), b"AMENDSBK\x00\x01garbage").unwrap();
    fs::create_dir(bed.target()).unwrap();
    let error = restore(&bed.file(), &bed.target(), &request(), |_| ()).unwrap_err();
    assert!(matches!(error, RestoreError::Damaged { .. }), "{error}");
    assert_eq!(fs::read_dir(bed.target()).unwrap().count(), 0);
}

#[test]
fn a_used_target_is_refused_untouched() {
    let bed = Bed::new();
    backup(&memory(), &bed.file(), Cut::Now, NOW, |_| ()).unwrap();
    let (mut log, folder) = sled();
    log.commit(&writes(vec![put(Key::Audit(1), b"kept")])).unwrap();
    let error = restore(&bed.file(), folder.path(), &request(), |_| ()).unwrap_err();
    assert!(
        matches!(error, RestoreError::Open(OpenError::NotEmpty { .. })),
        "{error}"
    );
    assert!(log.get(&Key::Audit(1)).unwrap().is_some());
}

#[test]
fn what_cannot_be_backed_up_leaves_no_file() {
    let bed = Bed::new();
    let mut log = memory();
    let last = fill(&mut log, 3).last;
    let error = backup(&log, &bed.file(), Cut::At(last + 1), NOW, |_| ()).unwrap_err();
    assert!(matches!(error, BackupError::CutAhead { .. }), "{error}");
    assert_eq!(fs::read_dir(bed.folder.path()).unwrap().count(), 0);
    fs::write(bed.file(), b"precious").unwrap();
    let error = backup(&log, &bed.file(), Cut::Now, NOW, |_| ()).unwrap_err();
    assert!(matches!(error, BackupError::Exists { .. }), "{error}");
    assert_eq!(fs::read(bed.file()).unwrap(), b"precious");
}

#[test]
fn progress_is_told_in_every_stage() {
    let bed = Bed::new();
    let mut log = memory();
    let last = fill(&mut log, 3).last;
    let mut told = Vec::new();
    let made = backup(&log, &bed.file(), Cut::Now, NOW, |progress| told.push(progress)).unwrap();
    restore(&bed.file(), &bed.target(), &request(), |progress| {
        told.push(progress);
    })
    .unwrap();
    let end = |stage| {
        told.iter()
            .rfind(|progress| progress.stage == stage)
            .map(|p| (p.done, p.total))
    };
    assert_eq!(end(Stage::BackingUp), Some((last, Some(last))));
    assert_eq!(end(Stage::Checking), Some((made.bytes, Some(made.bytes))));
    let all = made.frames + made.values;
    assert_eq!(end(Stage::Restoring), Some((all, Some(all))));
}
