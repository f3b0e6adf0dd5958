//! What the tests of this crate share: stores, commits that continue them, and seeds that are printed.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use amends_storage::{Commit, Frame, Head, Identity, Key, Kind, Memory, Options, Sled, Write, codec};
use tempfile::TempDir;

pub(crate) const STORE_ID: &str = "k3x9m2ab";

pub(crate) fn identity() -> Identity {
    Identity::new(STORE_ID, 1_700_000_000_000).unwrap()
}

pub(crate) fn memory() -> Memory {
    Memory::new(identity()).unwrap()
}

pub(crate) fn open(folder: &Path) -> Sled {
    Sled::open_or_create(folder, &Options::default(), identity()).unwrap()
}

pub(crate) fn sled() -> (Sled, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (open(folder.path()), folder)
}

pub(crate) fn sealed(payload: &[u8]) -> Vec<u8> {
    codec::seal(Kind::Meta, 1, payload).unwrap()
}

pub(crate) fn put(key: Key, payload: &[u8]) -> Write {
    Write::Put {
        key,
        value: sealed(payload),
    }
}

pub(crate) fn meta(name: &str) -> Key {
    Key::Meta(name.to_owned())
}

pub(crate) fn writes(writes: Vec<Write>) -> Commit {
    Commit {
        writes,
        ..Commit::default()
    }
}

/// Makes frames that continue a log.
#[derive(Debug, Clone, Default)]
pub(crate) struct Author {
    pub(crate) last: u64,
    pub(crate) heads: BTreeMap<String, Head>,
}

impl Author {
    pub(crate) fn frame(&mut self, root: &str, payload: &[u8]) -> Frame {
        self.last += 1;
        let head = self.heads.entry(root.to_owned()).or_default();
        let at_ms = 1_700_000_000_000 + i64::try_from(self.last).unwrap();
        let frame = head.next(self.last, root, at_ms, payload.to_vec());
        *head = frame.head();
        frame
    }

    pub(crate) fn commit(&mut self, roots: &[&str]) -> Commit {
        let frames = roots
            .iter()
            .map(|root| {
                let payload = format!("event {} of {root}", self.last + 1);
                self.frame(root, payload.as_bytes())
            })
            .collect();
        Commit {
            frames,
            ..Commit::default()
        }
    }
}

/// Random numbers from a printed seed; `AMENDS_SEED` repeats a run.
#[derive(Debug, Clone)]
pub(crate) struct Seed(u64);

impl Seed {
    pub(crate) fn new(test: &str) -> Self {
        let seed = std::env::var("AMENDS_SEED").map_or_else(
            |_| {
                u64::from(
                    SystemTime::now()
                        .duration_since(SystemTime::UNIX_EPOCH)
                        .unwrap()
                        .subsec_nanos(),
                )
            },
            |text| text.parse().unwrap(),
        );
        println!("{test}: AMENDS_SEED={seed}");
        Self(seed | 1)
    }

    pub(crate) fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) % end
    }
}
