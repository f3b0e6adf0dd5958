//! Roots leave for archives and read the same; nothing is lost or doubled whenever a step is cut off.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the finding"
)]

#[path = "support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;

use amends_storage::archive::{Archived, Entry, archived, collect, entry_of, find};
use amends_storage::backup::{Cut, Restore, backup, restore};
use amends_storage::verify::{Report, verify};
use amends_storage::{
    BackupError, CommitError, Frame, Frames as _, Key, Log as _, Options, ReadError, Sled, Store, Write,
};
use support::{Author, Seed, open, put};

const ROOTS: [&str; 3] = ["eu:1", "eu:2", "eu:3"];

/// Three orders of some frames with content, and a newest frame of a fourth.
fn filled(folder: &Path) -> (Sled, Author) {
    let mut log = open(folder);
    let mut author = Author::default();
    for round in 0..5_u8 {
        let mut commit = author.commit(&ROOTS);
        for root in ROOTS {
            let size = usize::from(round) * 4_000;
            commit
                .writes
                .push(Write::blob(root, &vec![round; size]).unwrap().0);
            commit.writes.push(put(Key::Root(root.into()), root.as_bytes()));
            commit
                .writes
                .push(put(Key::Snapshot { root: root.into() }, &[round]));
        }
        log.commit(&commit).unwrap();
    }
    log.commit(&author.commit(&["eu:9"])).unwrap();
    (log, author)
}

fn terms(root: &str) -> Vec<String> {
    vec![
        format!("number/{}", root.replace("eu:", "10")),
        "document/shared".to_owned(),
    ]
}

/// Writes a sealed file of `roots`.
fn sealed(log: &Sled, roots: &[&str]) -> Vec<(Entry, Archived)> {
    let mut draft = log.archive().unwrap().begin(log.identity(), 7).unwrap();
    let written = roots.iter().map(|root| {
        let entry = collect(log, root, terms(root)).unwrap().unwrap();
        let at = draft.add(&entry).unwrap();
        (entry, at)
    });
    let written = written.collect();
    draft.seal().unwrap();
    written
}

fn leave(log: &mut Sled, (entry, at): &(Entry, Archived)) {
    log.commit(&entry.leave(at).unwrap()).unwrap();
}

/// Everything a reader can ask about a root.
fn seen(store: &impl Store, root: &str, content: &[Key]) -> (Vec<Frame>, Vec<Frame>, Vec<Option<Vec<u8>>>) {
    let keys = [Key::Root(root.into()), Key::Snapshot { root: root.into() }];
    let keys = keys.iter().chain(content);
    (
        store.frames_of(root, 0, 100).unwrap(),
        store.frames_of(root, 2, 2).unwrap(),
        keys.map(|key| store.get(key).unwrap()).collect(),
    )
}

fn clean(store: &impl Store) -> Report {
    let report = verify(store, |_| ()).unwrap();
    assert!(report.is_clean(), "{report:?}");
    report
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

    fn store(&self) -> std::path::PathBuf {
        self.folder.path().join("store")
    }
}

#[test]
fn a_root_reads_the_same_before_after_and_back_again() {
    let bed = Bed::new();
    let (mut log, mut author) = filled(&bed.store());
    let written = sealed(&log, &["eu:1", "eu:3"]);
    let content: Vec<Key> = written[0].0.values.keys().cloned().collect();
    let before = seen(&log, "eu:1", &content);
    assert_eq!(before.0.len(), 5);
    leave(&mut log, &written[0]);
    leave(&mut log, &written[1]);

    assert_eq!(seen(&log, "eu:1", &content), before);
    assert_eq!(seen(&log.reader(), "eu:1", &content), before);
    assert_eq!(log.head_of("eu:1").unwrap(), written[0].0.head());
    assert_eq!(archived(&log, "eu:1").unwrap().unwrap(), written[0].1);
    let report = clean(&log);
    assert_eq!(
        (report.frames, report.archived_frames, report.archived_roots),
        (6, 10, 2)
    );
    let listed: Vec<u64> = log
        .frames_from(1, 100)
        .unwrap()
        .iter()
        .map(|frame| frame.sequence)
        .collect();
    assert_eq!(listed, [2, 5, 8, 11, 14, 16], "what has left is passed over");

    assert_eq!(find(&log, "number/101", 9).unwrap(), ["eu:1"]);
    assert_eq!(find(&log, "document/shared", 9).unwrap(), ["eu:1", "eu:3"]);
    assert_eq!(
        find(&log, "number/102", 9).unwrap(),
        Vec::<String>::new(),
        "it has not left"
    );

    // It comes back, goes on, and leaves again: the older file counts for nothing.
    let entry = entry_of(&log, "eu:1").unwrap().unwrap();
    log.commit(&entry.come_back()).unwrap();
    assert_eq!(archived(&log, "eu:1").unwrap(), None);
    assert_eq!(seen(&log, "eu:1", &content), before);
    log.commit(&author.commit(&["eu:1", "eu:2"])).unwrap();
    assert_eq!(clean(&log).superseded, 1);
    let again = sealed(&log, &["eu:1"]);
    leave(&mut log, &again[0]);
    let report = clean(&log);
    assert_eq!((report.archived_frames, report.superseded), (11, 1));
    assert_eq!(find(&log, "number/101", 9).unwrap(), ["eu:1"]);
    drop(log);
    let log = open(&bed.store());
    assert_eq!(log.frames_of("eu:1", 0, 100).unwrap().len(), 6);
    assert_eq!(log.last_sequence(), 18);
    clean(&log);
}

#[test]
fn the_newest_frame_stays() {
    let bed = Bed::new();
    let (mut log, _) = filled(&bed.store());
    let written = sealed(&log, &["eu:9"]);
    let error = log
        .commit(&written[0].0.leave(&written[0].1).unwrap())
        .unwrap_err();
    assert!(
        matches!(error, CommitError::NewestFrame { sequence: 16 }),
        "{error}"
    );
    clean(&log);
}

#[test]
fn what_is_cut_off_loses_and_doubles_nothing() {
    let bed = Bed::new();
    let (mut log, _) = filled(&bed.store());
    // Not sealed: no file.
    let mut draft = log.archive().unwrap().begin(log.identity(), 7).unwrap();
    draft
        .add(&collect(&log, "eu:1", terms("eu:1")).unwrap().unwrap())
        .unwrap();
    drop(draft);
    assert_eq!(log.archive().unwrap().names().unwrap(), Vec::<String>::new());
    // Sealed, and the commit never came: the file counts for nothing.
    sealed(&log, &["eu:1", "eu:2"]);
    let report = clean(&log);
    assert_eq!(
        (report.frames, report.archived_frames, report.superseded),
        (16, 0, 2)
    );
    assert_eq!(find(&log, "number/101", 9).unwrap(), Vec::<String>::new());
    // The next attempt writes another file.
    let written = sealed(&log, &["eu:1"]);
    leave(&mut log, &written[0]);
    let report = clean(&log);
    assert_eq!(
        (report.frames, report.archived_frames, report.superseded),
        (11, 5, 2)
    );
}

#[test]
fn damage_in_an_archive_is_named() {
    let seed = &mut Seed::new("damage_in_an_archive_is_named");
    let bed = Bed::new();
    let (mut log, _) = filled(&bed.store());
    let written = sealed(&log, &["eu:1", "eu:2"]);
    for one in &written {
        leave(&mut log, one);
    }
    let path = log.archive().unwrap().folder().join(&written[0].1.file);
    let whole = fs::read(&path).unwrap();
    assert!(path.metadata().unwrap().permissions().readonly());
    let spoil = |bytes: &[u8]| {
        fs::remove_file(&path).unwrap();
        fs::write(&path, bytes).unwrap();
    };
    for n in 0..60 {
        let mut bytes = whole.clone();
        let bit = if n < 8 {
            n * 11
        } else {
            seed.below(whole.len() as u64 * 8)
        };
        let at = usize::try_from(bit / 8).unwrap();
        bytes[at] ^= 1 << (bit % 8);
        spoil(&bytes);
        let report = verify(&log, |_| ()).unwrap();
        assert!(!report.is_clean(), "bit {bit}");
        let first = report.first.unwrap();
        assert!(
            first.meaning.contains(&written[0].1.file) || first.key.to_string().contains("archive/"),
            "{first:?}"
        );
    }
    spoil(&whole[..whole.len() / 2]);
    assert!(!verify(&log, |_| ()).unwrap().is_clean());
    fs::remove_file(&path).unwrap();
    let report = verify(&log, |_| ()).unwrap();
    assert_eq!(report.damaged, 2, "each order of the missing file");
    let meaning = report.first.unwrap().meaning;
    assert!(
        meaning.contains("the file is missing: copy it there"),
        "{meaning}"
    );
    fs::write(&path, &whole).unwrap();
    clean(&log);
}

#[test]
fn a_missing_archive_is_an_error_with_what_to_do() {
    let bed = Bed::new();
    let (mut log, _) = filled(&bed.store());
    let written = sealed(&log, &["eu:1"]);
    leave(&mut log, &written[0]);
    fs::remove_file(log.archive().unwrap().folder().join(&written[0].1.file)).unwrap();
    let error = log.get(&Key::Root("eu:1".into())).unwrap_err();
    assert!(matches!(error, ReadError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("z/eu:1 is damaged"), "{error}");
    assert!(
        error.to_string().contains("the file is missing: copy it there"),
        "{error}"
    );
}

#[test]
fn a_backup_names_the_archives_and_a_restore_reads_them() {
    let bed = Bed::new();
    let (mut log, _) = filled(&bed.store());
    let written = sealed(&log, &["eu:1", "eu:2"]);
    leave(&mut log, &written[0]);
    let file = bed.folder.path().join("orders.backup");
    let error = backup(&log, &file, Cut::At(12), 8, |_| ()).unwrap_err();
    assert!(
        matches!(error, BackupError::CutArchived { cut: 12, last: 13 }),
        "{error}"
    );
    let made = backup(&log, &file, Cut::Now, 8, |_| ()).unwrap();
    assert_eq!((made.header.cut, made.frames), (16, 11));

    let target = bed.folder.path().join("target");
    let request = Restore {
        store_id: "copy2222".into(),
        now_ms: 9,
        options: Options::default(),
    };
    let restored = restore(&file, &target, &request, |_| ()).unwrap();
    assert_eq!(restored.archives.iter().collect::<Vec<_>>(), [&written[0].1.file]);
    let copy = Sled::open(&target, &Options::default()).unwrap();
    assert_eq!(
        verify(&copy, |_| ()).unwrap().damaged,
        1,
        "its archive is missing"
    );
    let beside = copy.archive().unwrap().folder().to_owned();
    fs::create_dir_all(&beside).unwrap();
    let from = log.archive().unwrap().folder().join(&written[0].1.file);
    fs::copy(from, beside.join(&written[0].1.file)).unwrap();
    let report = clean(&copy);
    assert_eq!((report.frames, report.archived_frames), (11, 5));
    assert_eq!(
        copy.frames_of("eu:1", 0, 100).unwrap(),
        log.frames_of("eu:1", 0, 100).unwrap()
    );
    assert_eq!(copy.last_sequence(), 16);
}

#[test]
fn what_comes_back_during_a_backup_is_restored_once() {
    let bed = Bed::new();
    let (mut log, mut author) = filled(&bed.store());
    let written = sealed(&log, &["eu:1"]);
    leave(&mut log, &written[0]);
    let (file, mut news) = (bed.folder.path().join("orders.backup"), true);
    let reader = log.reader();
    backup(&reader, &file, Cut::Now, 8, |_| {
        // After the places were written, before the frames are.
        if std::mem::take(&mut news) {
            let entry = entry_of(&log, "eu:1").unwrap().unwrap();
            log.commit(&entry.come_back()).unwrap();
            log.commit(&author.commit(&["eu:1"])).unwrap();
        }
    })
    .unwrap();
    let target = bed.folder.path().join("target");
    let request = Restore {
        store_id: "copy2222".into(),
        now_ms: 9,
        options: Options::default(),
    };
    restore(&file, &target, &request, |_| ()).unwrap();
    let copy = Sled::open(&target, &Options::default()).unwrap();
    let beside = copy.archive().unwrap().folder().to_owned();
    fs::create_dir_all(&beside).unwrap();
    let from = log.archive().unwrap().folder().join(&written[0].1.file);
    fs::copy(from, beside.join(&written[0].1.file)).unwrap();
    clean(&copy);
    assert_eq!(copy.frames_of("eu:1", 0, 100).unwrap().len(), 5);
}
