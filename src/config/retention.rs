//! For how long what is kept.

use super::key::{Entry, Key};
use super::section::Section;

const RAW_BODIES_DAYS: Key<u32> = Key::new(
    "raw_bodies_days",
    "30",
    "Days after which the raw body of an accepted delivery or callback is deleted. Facts made from it stay.",
)
.within(1, 3_650);
const ARCHIVE_AFTER_DAYS: Key<u32> = Key::new(
    "archive_after_days",
    "14",
    "Days after its last event until a finished order moves from the store to an archive file beside it, where it is still found.",
)
.within(1, 3_650);
const AUDIT_DAYS: Key<u32> = Key::new(
    "audit_days",
    "3650",
    "Days after which a line of the audit trail is deleted. Ask your auditor before you lower it.",
)
.within(30, 36_500);
const REFUSED_MAX: Key<u32> = Key::new(
    "refused_max",
    "1000",
    "Refused deliveries kept to be looked at, a number of bodies; the oldest gives way. Anyone can send one, so the number is small.",
)
.within(0, 100_000);

/// Keys of `[retention]`.
pub const KEYS: &[Entry] = &[
    RAW_BODIES_DAYS.entry(),
    ARCHIVE_AFTER_DAYS.entry(),
    AUDIT_DAYS.entry(),
    REFUSED_MAX.entry(),
];

/// `[retention]`
#[derive(Debug, Clone)]
pub struct Retention {
    /// Days after which the raw body of an accepted delivery is deleted.
    pub raw_bodies_days: u32,
    /// Days until a finished order moves to an archive.
    pub archive_after_days: u32,
    /// Days after which a line of the audit trail is deleted.
    pub audit_days: u32,
    /// Refused deliveries kept.
    pub refused_max: u32,
}

impl Retention {
    /// Reads `[retention]`.
    pub(super) fn read(root: &Section<'_>) -> Self {
        let section = root.table("retention");
        let retention = Self {
            raw_bodies_days: section.get(&RAW_BODIES_DAYS),
            archive_after_days: section.get(&ARCHIVE_AFTER_DAYS),
            audit_days: section.get(&AUDIT_DAYS),
            refused_max: section.get(&REFUSED_MAX),
        };
        section.end();
        retention
    }
}
