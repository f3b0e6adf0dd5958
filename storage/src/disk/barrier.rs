//! What a commit waits for.

use std::fs::File;
use std::path::Path;

use super::guard::guarded;
use crate::options::Sync;

/// Makes applied batches survive a power cut.
///
/// sled's `flush` hands the bytes to the kernel but does not flush the device, nor the file's length. fdatasync
/// works on the file, not on the descriptor, so a second descriptor of the same file does what sled leaves out.
#[derive(Debug)]
pub(super) struct Barrier {
    file: File,
    sync: Sync,
}

impl Barrier {
    /// A barrier for the database in `database`, which sled has already opened.
    pub(super) fn new(database: &Path, sync: Sync) -> std::io::Result<Self> {
        Ok(Self {
            file: File::options().write(true).open(database.join("db"))?,
            sync,
        })
    }

    /// Returns when everything applied to `tree` so far is on the medium.
    pub(super) fn wait(&self, tree: &sled::Tree) -> Result<(), String> {
        match self.sync {
            Sync::Durable => self.force(tree),
            Sync::OffForTests => Ok(()),
        }
    }

    /// As [`Barrier::wait`], whatever the options say.
    pub(super) fn force(&self, tree: &sled::Tree) -> Result<(), String> {
        guarded(|| tree.flush())?;
        // After a failed writeback Linux drops the dirty pages, so that trying again would report success.
        self.file
            .sync_data()
            .map_err(|error| format!("fdatasync of the database: {error}"))
    }

    #[cfg(test)]
    pub(super) fn failing() -> Self {
        // fdatasync is refused for what is no file.
        Self {
            file: File::options().write(true).open("/dev/null").unwrap(),
            sync: Sync::Durable,
        }
    }
}
