//! docs/storage-format.md says what the code does.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the finding")]

use std::collections::BTreeMap;
use std::fs;

use amends_storage::archive::Archive;
use amends_storage::backup::{Cut, backup};
use amends_storage::{
    FORMAT, Frames as _, Head, Identity, Key, Kind, Log as _, Memory, Partition, Prefix, codec, limits,
};

fn page() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/storage-format.md")).unwrap()
}

/// The rows below the header `| first |…`, each as its cells.
fn table(first: &str) -> Vec<Vec<String>> {
    let page = page();
    let mut lines = page
        .lines()
        .skip_while(|line| !line.starts_with(&format!("| {first} |")));
    assert!(lines.next().is_some(), "the page has no table of {first}");
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        row.trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect()
    })
    .collect()
}

/// The example called `name`, without its spaces.
fn example(name: &str) -> String {
    let page = page();
    let rest = page.split_once(&format!("```hex {name}\n"));
    let (_, rest) = rest.unwrap_or_else(|| panic!("the page has no example {name}"));
    rest.split("```").next().unwrap().split_whitespace().collect()
}

fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.concat()
}

fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

#[test]
fn every_prefix_has_its_row() {
    let rows: Vec<_> = table("prefix")
        .into_iter()
        .map(|row| (row.first().cloned(), row.get(3).cloned(), row.get(4).cloned()))
        .collect();
    let known: Vec<_> = Prefix::ALL
        .into_iter()
        .map(|prefix| {
            let byte = format!("`{}`", char::from(prefix.byte()));
            (
                Some(byte),
                Some(yes(prefix.is_sealed())),
                Some(yes(prefix.is_derived())),
            )
        })
        .collect();
    assert_eq!(rows, known);
}

#[test]
fn every_kind_has_its_row() {
    let mut rows = table("kind");
    for row in &mut rows {
        row.truncate(3);
    }
    let known: Vec<_> = Kind::ALL
        .into_iter()
        .map(|kind| {
            vec![
                kind.number().to_string(),
                kind.to_string(),
                kind.newest().to_string(),
            ]
        })
        .collect();
    assert_eq!(rows, known);
}

/// An archive without roots.
fn archive(folder: &std::path::Path) -> Vec<u8> {
    let archive = Archive::beside(&folder.join("store"));
    let identity = Identity::new("k3x9m2ab", 0).unwrap();
    archive.begin(&identity, 0).unwrap().seal().unwrap();
    fs::read(archive.folder().join("k3x9m2ab-0-00000001.archive")).unwrap()
}

#[test]
fn every_constant_is_the_one_of_the_code() {
    let sealed = codec::seal(Kind::Meta, 1, b"").unwrap();
    let file = tempfile::tempdir().unwrap();
    let path = file.path().join("b");
    let log = Memory::new(Identity::new("k3x9m2ab", 0).unwrap()).unwrap();
    backup(&log.reader(), &path, Cut::Now, 0, |_| ()).unwrap();
    let backup = fs::read(&path).unwrap();
    assert!(backup.starts_with(b"AMENDSBK"));
    let archive = archive(file.path());
    assert!(archive.starts_with(b"AMENDSAR") && archive.ends_with(b"AMENDSAZ"));
    let known = BTreeMap::from([
        (
            "format byte of the envelope",
            format!("{:#04X}", sealed.first().unwrap()).replace("0X", "0x"),
        ),
        ("bytes before the payload", sealed.len().to_string()),
        ("format of the store (`Identity::format`)", FORMAT.to_string()),
        ("format of backup files", backup.get(9).unwrap().to_string()),
        ("format of archive files", archive.get(9).unwrap().to_string()),
        ("bytes of a piece", limits::CHUNK_BYTES.to_string()),
        ("bytes of a value, at most", limits::VALUE_BYTES_MAX.to_string()),
        ("bytes of a key, at most", limits::KEY_BYTES_MAX.to_string()),
        ("bytes of a segment", limits::SEGMENT_BYTES.to_string()),
    ]);
    let rows: BTreeMap<String, String> = table("constant")
        .into_iter()
        .map(|row| {
            let value = row.get(1).unwrap().clone();
            (row.into_iter().next().unwrap(), value)
        })
        .collect();
    let known: BTreeMap<String, String> = known
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    assert_eq!(rows, known);
}

#[test]
fn examples_are_what_the_code_writes() {
    let stored = |key: &Key| hex(key.stored(Partition::FIRST).as_bytes());
    let event = Key::Event {
        root: "eu:1".into(),
        root_sequence: 2,
    };
    assert_eq!(example("key-event"), stored(&event));
    let due = Key::Due {
        at_ms: 1_000,
        root: "eu:1".into(),
    };
    assert_eq!(example("key-due"), stored(&due));
    assert_eq!(
        example("envelope"),
        hex(&codec::seal(Kind::Meta, 1, &[1, 2]).unwrap())
    );

    let frame = Head::default().next(7, "eu:1", 1_000, vec![0xFF]);
    assert_eq!(example("frame"), hex(&frame.encode().unwrap()));
    assert_eq!(example("chain-hash"), hex(&frame.chain_hash()));

    let mut log = Memory::new(Identity::new("k3x9m2ab", 0).unwrap()).unwrap();
    let first = Head::default().next(1, "eu:1", 1_000, vec![0xFF]);
    let commit = amends_storage::Commit {
        frames: vec![first.clone()],
        ..Default::default()
    };
    log.commit(&commit).unwrap();
    let pointer = amends_storage::Store::get(&log, &Key::Sequence(1))
        .unwrap()
        .unwrap();
    assert_eq!(example("pointer"), hex(&pointer));
    assert_eq!(log.frames_from(1, 1).unwrap(), [first]);
}
