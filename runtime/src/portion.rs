//! What is committed at once: as much as waits, within what the store takes.

use amends_storage::limits::{COMMIT_BYTES_MAX, COMMIT_ENTRIES_MAX, KEY_BYTES_MAX};
use amends_storage::{Commit, CommitError, Frame, Log, Write};

/// Entries after which a commit is closed: half of what the store takes, since past some hundred it only gets slower
/// per entry.
const ENTRIES_MAX: usize = COMMIT_ENTRIES_MAX / 2;
/// Bytes after which a commit is closed.
const BYTES_MAX: usize = COMMIT_BYTES_MAX / 2;

/// The commit that is being filled. What is added in one call becomes durable together; the commit goes to the log
/// before it outgrows its bounds, however much waits behind it.
#[derive(Debug, Default)]
pub(crate) struct Portion {
    commit: Commit,
    bytes: usize,
    committed: bool,
}

impl Portion {
    /// Adds what belongs together, after what was added before.
    ///
    /// # Errors
    /// [`CommitError`] of the commit that had to go first.
    pub(crate) fn add<L: Log>(&mut self, part: Commit, log: &mut L) -> Result<(), CommitError> {
        let bytes = weight(&part);
        let entries = self.commit.frames.len() + self.commit.writes.len();
        let grown = entries + part.frames.len() + part.writes.len();
        if entries > 0 && (grown > ENTRIES_MAX || self.bytes + bytes > BYTES_MAX) {
            self.end(log)?;
        }
        self.commit.frames.extend(part.frames);
        self.commit.writes.extend(part.writes);
        self.bytes += bytes;
        Ok(())
    }

    /// Adds entries that belong together.
    ///
    /// # Errors
    /// [`CommitError`] of the commit that had to go first.
    pub(crate) fn add_writes<L: Log>(&mut self, writes: Vec<Write>, log: &mut L) -> Result<(), CommitError> {
        let part = Commit {
            writes,
            ..Commit::default()
        };
        self.add(part, log)
    }

    /// Commits what is left.
    ///
    /// # Errors
    /// [`CommitError`] of the log.
    pub(crate) fn end<L: Log>(&mut self, log: &mut L) -> Result<(), CommitError> {
        let commit = std::mem::take(&mut self.commit);
        self.bytes = 0;
        if !commit.frames.is_empty() || !commit.writes.is_empty() {
            log.commit(&commit)?;
            self.committed = true;
        }
        Ok(())
    }

    /// Whether anything went to the log.
    pub(crate) fn has_committed(&self) -> bool {
        self.committed
    }
}

/// Bytes of `part` at the most.
fn weight(part: &Commit) -> usize {
    let frames = part.frames.iter().map(|frame| frame_bytes(frame) + KEY_BYTES_MAX);
    let writes = part.writes.iter().map(|write| match write {
        Write::Put { value, .. } => value.len() + KEY_BYTES_MAX,
        Write::Delete { .. } => KEY_BYTES_MAX,
    });
    frames.chain(writes).sum()
}

fn frame_bytes(frame: &Frame) -> usize {
    frame.payload.len() + frame.root.len()
}
