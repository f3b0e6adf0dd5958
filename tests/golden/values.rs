//! One value, or more, of every kind and version.
//!
//! `values/NN-kind-vV.bin` is what was stored, `.txt` what it says.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::Path;

use amends_api::audit;
use amends_engine::root::Root;
use amends_runtime::{Delivery, Summary, decode_events};
use amends_storage::archive::Archived;
use amends_storage::backup::Header;
use amends_storage::{
    Direction, Frame, Identity, Kind, Options, Paused, Prefix, Sled, Span, Store as _, codec,
};
use serde::de::DeserializeOwned;

use super::{kept, path};

fn name(kind: Kind, version: u16) -> String {
    format!(
        "{:02}-{}-v{version}",
        kind.number(),
        kind.to_string().replace(' ', "-")
    )
}

/// What a stored value says, read as the code reads it.
fn told(kind: Kind, stored: &[u8]) -> String {
    match kind {
        Kind::Events => format!("{:#?}", decode_events(stored).unwrap()),
        Kind::Frame => said(&Frame::decode(stored).unwrap()),
        Kind::Snapshot => read::<Root>(kind, stored),
        Kind::Blob | Kind::Definition | Kind::Recipe => {
            String::from_utf8(codec::open(kind, stored).unwrap().payload().to_vec()).unwrap()
        }
        Kind::Delivery => read::<Delivery>(kind, stored),
        Kind::Pending => read::<(String, i64)>(kind, stored),
        Kind::Summary => read::<Summary>(kind, stored),
        Kind::Audit => read::<audit::Line>(kind, stored),
        Kind::Meta => read::<Paused>(kind, stored),
        Kind::Identity => read::<Identity>(kind, stored),
        Kind::Backup => read::<Header>(kind, stored),
        Kind::Archived => read::<Archived>(kind, stored),
        // The title of a root: its name, how many frames and values, what it is found by.
        Kind::Archive => read::<(String, u64, u64, Vec<String>)>(kind, stored),
    }
}

fn read<T: DeserializeOwned + Debug>(kind: Kind, stored: &[u8]) -> String {
    said(&codec::decode::<T>(kind, stored).unwrap().1)
}

fn said(value: &impl Debug) -> String {
    format!("{value:#?}")
}

#[test]
fn every_kind_and_version_has_a_golden_file() {
    let mut missing = Vec::new();
    for kind in Kind::ALL {
        for version in 1..=kind.newest() {
            let name = name(kind, version);
            if !kept("values").join(format!("{name}.bin")).exists() {
                missing.push(name);
            }
        }
    }
    assert_eq!(
        missing,
        Vec::<String>::new(),
        "tests/golden/README.md says how they are added"
    );
}

#[test]
fn every_golden_value_says_what_it_said() {
    let mut read = 0;
    for entry in fs::read_dir(kept("values")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "bin") {
            continue;
        }
        let stored = fs::read(&path).unwrap();
        let kind = Kind::from_number(stored[1]).unwrap();
        let version = u16::from_be_bytes([stored[2], stored[3]]);
        let expected = name(kind, version);
        assert!(
            path.file_stem().unwrap().to_str().unwrap().starts_with(&expected),
            "{}",
            path.display()
        );
        let before = fs::read_to_string(path.with_extension("txt")).unwrap();
        assert_eq!(told(kind, &stored), before, "{}", path.display());
        read += 1;
    }
    assert!(read >= Kind::ALL.len(), "{read}");
}

/// Writes a value of each kind found in the store in `folder`.
pub(crate) fn write(folder: &Path) {
    fs::create_dir_all(path("values")).unwrap();
    for (kind, stored) in found(folder) {
        let path = path("values").join(format!("{}.bin", name(kind, kind.newest())));
        fs::write(path.with_extension("txt"), told(kind, &stored)).unwrap();
        fs::write(path, stored).unwrap();
    }
}

/// A value of each kind in a store, its archives and its backups: the median by size, which is neither empty nor huge.
fn found(folder: &Path) -> BTreeMap<Kind, Vec<u8>> {
    let mut all: BTreeMap<Kind, Vec<Vec<u8>>> = BTreeMap::new();
    let store = Sled::open(folder, &Options::default()).unwrap();
    let mut keep = |stored: &[u8]| {
        if let Some(kind) = stored.get(1).and_then(|number| Kind::from_number(*number)) {
            all.entry(kind).or_default().push(stored.to_vec());
        }
    };
    for prefix in Prefix::ALL.into_iter().filter(|prefix| prefix.is_sealed()) {
        let page = store
            .scan(&Span::all(prefix), 4_000, Direction::Ascending)
            .unwrap();
        for (key, stored) in page.entries {
            if prefix == Prefix::Meta && key.to_string() != "m/paused" && key.to_string() != "m/identity" {
                continue;
            }
            keep(&stored);
            if prefix == Prefix::Event {
                keep(&Frame::decode(&stored).unwrap().payload);
            }
        }
    }
    for (end, tag) in [("backups", b'h'), ("archive", b'r')] {
        let beside = format!("{}.{end}", folder.display());
        for entry in fs::read_dir(beside).into_iter().flatten() {
            if let Some(body) = block(&fs::read(entry.unwrap().path()).unwrap(), tag) {
                keep(&body);
            }
        }
    }
    // A delivery waits for milliseconds only.
    keep(&codec::encode(Kind::Pending, 1, &("demo1", 1_700_000_000_000_i64)).unwrap());
    let median = |(kind, mut values): (Kind, Vec<Vec<u8>>)| {
        values.sort_by_key(Vec::len);
        let middle = values.len() / 2;
        (kind, values.swap_remove(middle))
    };
    all.into_iter().map(median).collect()
}

/// The body of the first block with `tag` of a file.
fn block(file: &[u8], tag: u8) -> Option<Vec<u8>> {
    let mut rest = file.get(10..)?;
    loop {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (body, after) = after
            .get(4..)?
            .split_at_checked(u32::from_be_bytes(*length) as usize)?;
        if body.first() == Some(&tag) {
            return Some(body[1..].to_vec());
        }
        rest = after;
    }
}
