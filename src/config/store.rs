//! Where orders are kept.

use std::path::PathBuf;

use super::key::{Entry, Key};
use super::section::Section;

const FOLDER: Key<PathBuf> = Key::new(
    "folder",
    "\"amends-data\"",
    "Folder of the journal; made when absent. One server at a time uses it.",
);
const CACHE_MB: Key<u32> = Key::new(
    "cache_mb",
    "64",
    "Memory for pages of the store, in MiB. Resident memory is up to three times this under load.",
)
.within(16, 65_536);
const WORKING_SET_ROOTS_MAX: Key<u32> = Key::new(
    "working_set_roots_max",
    "10000",
    "Orders kept in memory, a number of roots. The rest wait on disk and are loaded when something happens to them.",
)
.within(16, 10_000_000);
const SNAPSHOT_EVERY: Key<u32> = Key::new(
    "snapshot_every",
    "64",
    "Events of one order after which its state is stored whole, a number of events. Fewer make loading faster and writing slower.",
)
.within(1, 10_000);

/// Keys of `[store]`.
pub const KEYS: &[Entry] = &[
    FOLDER.entry(),
    CACHE_MB.entry(),
    WORKING_SET_ROOTS_MAX.entry(),
    SNAPSHOT_EVERY.entry(),
];

/// `[store]`
#[derive(Debug, Clone)]
pub struct Store {
    /// Folder of the journal.
    pub folder: PathBuf,
    /// Memory for pages of the store, in MiB.
    pub cache_mb: u32,
    /// Orders kept in memory.
    pub working_set_roots_max: u32,
    /// Events of one order after which its state is stored whole.
    pub snapshot_every: u32,
}

impl Store {
    /// Reads `[store]`.
    pub(super) fn read(root: &Section<'_>) -> Self {
        let section = root.table("store");
        let store = Self {
            folder: section.get(&FOLDER),
            cache_mb: section.get(&CACHE_MB),
            working_set_roots_max: section.get(&WORKING_SET_ROOTS_MAX),
            snapshot_every: section.get(&SNAPSHOT_EVERY),
        };
        section.end();
        store
    }
}
