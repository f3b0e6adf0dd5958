//! How long raw bodies are kept.

use super::key::{Entry, Key};
use super::section::Section;

const RAW_BODIES_DAYS: Key<u32> = Key::new(
    "raw_bodies_days",
    "30",
    "Days after which the raw body of an accepted delivery or callback is deleted. Facts made from it stay.",
)
.within(1, 3_650);
const REFUSED_MAX: Key<u32> = Key::new(
    "refused_max",
    "1000",
    "Refused deliveries kept to be looked at, a number of bodies; the oldest gives way. Anyone can send one, so the number is small.",
)
.within(0, 100_000);

/// Keys of `[retention]`.
pub const KEYS: &[Entry] = &[RAW_BODIES_DAYS.entry(), REFUSED_MAX.entry()];

/// `[retention]`
#[derive(Debug, Clone)]
pub struct Retention {
    /// Days after which the raw body of an accepted delivery is deleted.
    pub raw_bodies_days: u32,
    /// Refused deliveries kept.
    pub refused_max: u32,
}

impl Retention {
    /// Reads `[retention]`.
    pub(super) fn read(root: &Section<'_>) -> Self {
        let section = root.table("retention");
        let retention = Self {
            raw_bodies_days: section.get(&RAW_BODIES_DAYS),
            refused_max: section.get(&REFUSED_MAX),
        };
        section.end();
        retention
    }
}
