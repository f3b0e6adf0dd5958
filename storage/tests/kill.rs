//! A writer killed at any moment, while it opens and recovers too: what it acknowledged is there, whole, and nothing
//! half done is.
//!
//! The file is its own child process: with a folder in `AMENDS_KILL_STORE` it is the writer. Page cache survives a
//! kill, so this says nothing about power cuts; docs/adr/0001-sled.md does.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the finding"
)]

#[path = "support/mod.rs"]
mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use amends_storage::verify::verify;
use amends_storage::{Commit, Frames as _, Head, Key, Log as _, OpenError, Options, Sled, Store as _, codec};
use support::{Seed, identity, meta, open, put};

/// The folder of the store; set in the child only.
const STORE: &str = "AMENDS_KILL_STORE";
const ROOTS: u64 = 40;
/// Larger than one piece, so that a value is torn if anything is.
const SNAPSHOT_BYTES: usize = 9_000;
/// A child that says nothing for so long is a finding.
const PATIENCE: Duration = Duration::from_mins(1);

fn main() {
    if let Some(folder) = std::env::var_os(STORE) {
        write_until_killed(Path::new(&folder));
    }
    let rounds = if std::env::var("AMENDS_TIER").is_ok_and(|tier| tier == "full") {
        400
    } else {
        40
    };
    a_second_process_is_refused_and_changes_nothing();
    a_value_outside_the_log_is_refused();
    what_a_killed_recovery_leaves_is_removed();
    acknowledged_frames_survive_kills(rounds);
}

/// What frame `sequence` says: anybody can tell whether it is the right one.
fn payload(sequence: u64) -> Vec<u8> {
    let bytes = usize::try_from(sequence * 37 % 700).unwrap();
    [&sequence.to_be_bytes()[..], &vec![0x5A; bytes]].concat()
}

fn root(sequence: u64) -> String {
    format!("eu:{}", sequence * 7 % ROOTS)
}

/// Commits for ever, and says the last sequence of each commit once it is acknowledged.
fn write_until_killed(folder: &Path) -> ! {
    let mut store = open(folder);
    let mut out = std::io::stdout();
    writeln!(out, "open {}", store.last_sequence()).unwrap();
    let mut heads = std::collections::BTreeMap::<String, Head>::new();
    loop {
        let first = store.last_sequence() + 1;
        let mut commit = Commit::default();
        for sequence in first..first + 1 + first % 40 {
            let root = root(sequence);
            let head = match heads.get(&root) {
                Some(head) => *head,
                None => store.head_of(&root).unwrap(),
            };
            let frame = head.next(sequence, root.clone(), 1_000, payload(sequence));
            heads.insert(root, frame.head());
            commit.frames.push(frame);
        }
        let last = commit.frames.last().unwrap().sequence;
        commit.writes.push(put(meta("last"), &last.to_be_bytes()));
        let snapshot = last.to_be_bytes().repeat(SNAPSHOT_BYTES / 8);
        commit
            .writes
            .push(put(Key::Snapshot { root: "eu:0".into() }, &snapshot));
        // What is deleted moves along with what is written.
        commit
            .writes
            .push(put(Key::Pending(last.to_string()), &last.to_be_bytes()));
        if first > 1 {
            let key = Key::Pending((first - 1).to_string());
            commit.writes.push(amends_storage::Write::Delete { key });
        }
        store.commit(&commit).unwrap();
        writeln!(out, "{last}").unwrap();
    }
}

/// A writer in a process of its own.
struct Writer {
    child: Child,
    out: BufReader<ChildStdout>,
    /// The last sequence it said; none before it has opened the store.
    acknowledged: Option<u64>,
}

impl Writer {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .env(STORE, folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            out,
            acknowledged: None,
        }
    }

    /// The next sequence it says; none when it is gone.
    fn next(&mut self) -> Option<u64> {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        let said = line
            .strip_suffix('\n')?
            .trim_start_matches("open ")
            .parse()
            .unwrap();
        self.acknowledged = Some(said);
        self.acknowledged
    }

    /// Kills it; gives the last sequence it acknowledged, if it came so far.
    fn kill(mut self) -> Option<u64> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        while self.next().is_some() {}
        self.acknowledged
    }
}

fn acknowledged_frames_survive_kills(rounds: u64) {
    let seed = &mut Seed::new("acknowledged_frames_survive_kills");
    let folder = tempfile::tempdir().unwrap();
    let (mut acknowledged, mut opening, mut unread) = (0, 0, 0);
    for round in 0..rounds {
        let mut writer = Writer::start(folder.path());
        if seed.below(3) == 0 {
            // Before it says anything: while it starts, opens, recovers.
            let begun = Instant::now();
            let until = Duration::from_micros(seed.below(40_000));
            while begun.elapsed() < until {
                std::hint::spin_loop();
            }
        } else {
            for _ in 0..=seed.below(60) {
                let said = writer.next();
                assert!(said.is_some(), "round {round}: the writer ended by itself");
            }
        }
        match writer.kill() {
            Some(last) => acknowledged = last,
            None => opening += 1,
        }
        // Often the next process finds what this one left, without anybody having opened it in between.
        if seed.below(3) == 0 {
            unread += 1;
        } else {
            check(folder.path(), acknowledged, round);
        }
    }
    check(folder.path(), acknowledged, rounds);
    assert!(opening > 0, "no kill fell into an opening");
    println!(
        "kill: {rounds} kills, {opening} of them while opening, {unread} without a look in between; \
         {acknowledged} frames acknowledged, none lost"
    );
}

/// Everything acknowledged is there, each frame says what it should, and what was committed together is together.
fn check(folder: &Path, acknowledged: u64, round: u64) {
    if acknowledged == 0 && !folder.join("sled").exists() {
        return;
    }
    let store = open(folder);
    let last = store.last_sequence();
    assert!(
        last >= acknowledged,
        "round {round}: {acknowledged} acknowledged, {last} there"
    );
    let report = verify(&store, |_| ()).unwrap();
    assert!(report.is_clean(), "round {round}: {report:?}");
    assert_eq!(report.frames, last, "round {round}");
    let mut next = 1;
    while next <= last {
        for frame in store.frames_from(next, 1_000).unwrap() {
            assert_eq!(frame.payload, payload(next), "round {round}: frame {next}");
            assert_eq!(frame.root, root(next), "round {round}: frame {next}");
            next += 1;
        }
    }
    if last > 0 {
        for (key, times) in [
            (meta("last"), 1),
            (Key::Pending(last.to_string()), 1),
            (Key::Snapshot { root: "eu:0".into() }, SNAPSHOT_BYTES / 8),
        ] {
            let value = store
                .get(&key)
                .unwrap()
                .unwrap_or_else(|| panic!("round {round}: {key} is missing"));
            let (_, payload) = value.split_at(codec::HEADER_BYTES);
            assert_eq!(payload, last.to_be_bytes().repeat(times), "round {round}: {key}");
        }
    }
}

fn a_second_process_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::start(folder.path());
    for _ in 0..3 {
        writer.next().unwrap();
    }
    let refused = |error: OpenError| {
        let said = error.to_string();
        assert!(matches!(error, OpenError::Locked { .. }), "{said}");
        assert!(
            said.contains("in use by another process; stop that process first"),
            "{said}"
        );
    };
    refused(
        Sled::open(folder.path(), &Options::default())
            .map(drop)
            .unwrap_err(),
    );
    refused(
        Sled::open_or_create(folder.path(), &Options::default(), identity())
            .map(drop)
            .unwrap_err(),
    );
    // The writer did not notice, and goes on.
    let begun = Instant::now();
    let before = writer.next().unwrap();
    let after = writer.next().unwrap();
    assert!(after > before && begun.elapsed() < PATIENCE);
    let acknowledged = writer.kill().unwrap();
    check(folder.path(), acknowledged, 0);
    println!("second process: refused, the first went on");
}

fn a_value_outside_the_log_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let raw = raw(folder.path()).unwrap();
    raw.insert("large", vec![7; amends_storage::limits::SEGMENT_BYTES / 2])
        .unwrap();
    raw.flush().unwrap();
    drop(raw);
    let error = Sled::open(folder.path(), &Options::default())
        .map(drop)
        .unwrap_err();
    assert!(matches!(error, OpenError::Blobs { .. }), "{error}");
    assert!(error.to_string().contains("blobs is not empty"), "{error}");
    println!("blobs: refused while one is there");
}

/// The database alone, as sled opens it.
fn raw(folder: &Path) -> sled::Result<sled::Db> {
    let begun = Instant::now();
    loop {
        let opened = sled::Config::new()
            .path(folder.join("sled"))
            .segment_size(amends_storage::limits::SEGMENT_BYTES)
            .open();
        match opened {
            // Its background work may hold the file for a moment after it was closed.
            Err(error) if error.to_string().contains("lock") && begun.elapsed() < PATIENCE => {
                std::thread::yield_now();
            }
            other => return other,
        }
    }
}

/// sled takes `snap.*.generating` for a snapshot and refuses to open for ever; nothing in it is needed.
fn what_a_killed_recovery_leaves_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::start(folder.path());
    for _ in 0..20 {
        writer.next().unwrap();
    }
    let acknowledged = writer.kill().unwrap();
    let leftover = folder.path().join("sled/snap.00000000004C4B40.generating");
    for content in [&b""[..], &[0xFF; 100]] {
        fs::write(&leftover, content).unwrap();
        let unhealed = sled::Config::new()
            .path(folder.path().join("sled"))
            .segment_size(amends_storage::limits::SEGMENT_BYTES)
            .open();
        assert!(
            unhealed.is_err(),
            "sled reads it: the healing is not needed any more"
        );
        check(folder.path(), acknowledged, 0);
        assert!(!leftover.exists());
    }
    println!("leftover of a killed recovery: removed, {acknowledged} frames there");
}
