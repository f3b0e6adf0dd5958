//! How a store is opened.

use crate::key::Partition;
use crate::limits::CACHE_BYTES_DEFAULT;

/// What a commit waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sync {
    /// The data is on the medium: it survives a power cut.
    #[default]
    Durable,
    /// Nothing. A planted bug: with it the checks for lost commits must fail, or they are blind.
    OffForTests,
}

/// How a store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// What a commit waits for.
    pub sync: Sync,
    /// Size of the page cache; resident memory is up to three times this.
    pub cache_bytes: u64,
    /// The partition whose keys are read and written.
    pub partition: Partition,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            sync: Sync::Durable,
            cache_bytes: CACHE_BYTES_DEFAULT,
            partition: Partition::FIRST,
        }
    }
}
