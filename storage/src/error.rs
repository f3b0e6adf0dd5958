//! One error per operation. Each message says what to do next.

use std::io;
use std::path::PathBuf;

use crate::codec::{DecodeError, EncodeError};
use crate::identity::IdentityError;
use crate::key::StoredKey;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no store.
    #[error("there is no store in {}; check the path, or create one there", folder.display())]
    Missing {
        /// The folder.
        folder: PathBuf,
    },
    /// A store was to be created where something is already.
    #[error("{} is not empty; create the store in a new or empty folder", folder.display())]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
    },
    /// Another process has it open.
    #[error(
        "the store in {} is in use by another process; stop that process first, or open a copy. \
         Two processes never share a store", folder.display()
    )]
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder holds data but no identity.
    #[error(
        "the store in {} has data but no identity: its creation or restore did not finish; \
         move the folder away and restore again", folder.display()
    )]
    Unfinished {
        /// The folder.
        folder: PathBuf,
    },
    /// Written by a newer release.
    #[error(
        "the store in {} has a newer format than this release reads (newest {newest}): {reason}; \
         start it with the release that wrote it", folder.display()
    )]
    NewerFormat {
        /// The folder.
        folder: PathBuf,
        /// The newest format of this release.
        newest: u16,
        /// What was found.
        reason: String,
    },
    /// A value outgrew a page and was written without any fsync.
    #[error(
        "{} is not empty: a value was written outside the log, where it does not survive a power cut; \
         take a backup of this store, restore it into a new folder and report this", folder.display()
    )]
    Blobs {
        /// The folder of such files.
        folder: PathBuf,
    },
    /// The database cannot be read.
    #[error(
        "the store in {} cannot be read: {reason}. Keep the folder as it is for examination and restore the last \
         backup into a new folder", folder.display()
    )]
    Damaged {
        /// The folder.
        folder: PathBuf,
        /// What was found.
        reason: String,
    },
    /// The store id given is none.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The file system refused.
    #[error("cannot {doing} {}: {source}; check that the path exists, its permissions and free space", path.display())]
    Folder {
        /// What was tried.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

/// Why an archive could not be written or searched.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file system refused.
    #[error("cannot {doing} {}: {source}; check its permissions and free space", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// A file is damaged.
    #[error("{} is damaged: {meaning}; put a whole copy in its place", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        meaning: String,
    },
    /// Something cannot be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The store failed.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Why a commit was not made. After everything but [`CommitError::Fatal`] the store is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A frame does not continue the log.
    #[error("frame {found} does not follow frame {last}; read the last sequence again before the next commit", last = expected - 1)]
    OutOfSequence {
        /// The sequence that would continue the log.
        expected: u64,
        /// The sequence of the frame.
        found: u64,
    },
    /// A frame does not continue the chain of its root.
    #[error(
        "frame {sequence} does not continue the chain of {root}: position {found} after {last}{}; \
         read the head of the root again", if found == &(last + 1) { " with another hash" } else { "" }
    )]
    BrokenChain {
        /// The global sequence of the frame.
        sequence: u64,
        /// The root.
        root: String,
        /// The last position of the root.
        last: u64,
        /// The position of the frame.
        found: u64,
    },
    /// The newest frame was to leave.
    #[error(
        "frame {sequence} is the newest of the log and stays; archive its root once there is a later frame"
    )]
    NewestFrame {
        /// The frame.
        sequence: u64,
    },
    /// The store writes these entries itself.
    #[error(
        "{key} is written by the store itself; frames and their index by committing frames, the identity never"
    )]
    Reserved {
        /// The entry.
        key: StoredKey,
    },
    /// The value is no envelope.
    #[error(
        "the value for {key} is not sealed; encode it with the codec so that it has a version and a checksum"
    )]
    Unsealed {
        /// The entry.
        key: StoredKey,
    },
    /// A key, a value or the whole is beyond its limit.
    #[error(
        "{what} is {found}, more than the limit of {limit}; split the commit or refuse the input at the edge"
    )]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// A frame could not be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// What the commit builds on could not be read.
    #[error("cannot read what the commit builds on: {0}")]
    Read(#[from] ReadError),
    /// The medium failed. What was on its way may or may not have been kept, and nothing can be promised any more.
    #[error(
        "the store failed: {reason}. Nothing is acknowledged any more; stop the process, check disk space and the \
         system log, then start again: what was acknowledged before is kept"
    )]
    Fatal {
        /// What failed.
        reason: String,
    },
}

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The entry is there but not what was written.
    #[error("{key} is damaged: {meaning}. It is not used; run `amends journal verify` and restore a backup")]
    Damaged {
        /// The entry.
        key: StoredKey,
        /// What is wrong with it.
        meaning: String,
    },
    /// The log has a hole.
    #[error("frame {sequence} is missing; run `amends journal verify` and restore a backup")]
    MissingFrame {
        /// The global sequence of the frame.
        sequence: u64,
    },
    /// The database failed.
    #[error("the store cannot be read: {reason}; stop the process and run `amends journal verify`")]
    Backend {
        /// What failed.
        reason: String,
    },
    /// A commit failed before; what is visible now may not be durable.
    #[error(
        "the store failed before ({reason}) and shows nothing any more; stop the process and start it again"
    )]
    Failed {
        /// What failed.
        reason: String,
    },
}

impl ReadError {
    pub(crate) fn damaged(key: StoredKey, error: &DecodeError) -> Self {
        Self::Damaged {
            key,
            meaning: error.to_string(),
        }
    }
}

/// Why a walk through the store could not go on.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The database failed under the walk.
    #[error("the walk stopped: {0}")]
    Read(#[from] ReadError),
    /// The folder of archives cannot be read.
    #[error("the walk stopped: {0}")]
    Archive(#[from] ArchiveError),
}

/// Why no backup was made. No file is left behind.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is a file already.
    #[error("{} exists; give a new name, backups are never overwritten", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The cut lies in the future.
    #[error("the log ends at {last}, so it cannot be cut at {cut}; give a sequence up to {last}")]
    CutAhead {
        /// The cut asked for.
        cut: u64,
        /// Last sequence of the log.
        last: u64,
    },
    /// What lay at the cut has left.
    #[error(
        "orders with frames up to {last} have left for an archive, so the log cannot be cut at {cut}; give a later sequence, or none"
    )]
    CutArchived {
        /// The cut asked for.
        cut: u64,
        /// The highest sequence that has left.
        last: u64,
    },
    /// The file system refused.
    #[error("cannot {doing} {}: {source}; check free space and permissions, then start the backup again", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The store could not be read. A damaged store makes no backup: it would spread the damage.
    #[error("the store could not be read: {0}")]
    Read(#[from] ReadError),
    /// A part of the backup could not be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Why nothing was restored. The target folder is left as empty as it was.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The file system refused.
    #[error("cannot {doing} {}: {source}; check the path, free space and permissions", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The file is something else.
    #[error("{} is no backup of Amends; check the path", path.display())]
    NotABackup {
        /// The file.
        path: PathBuf,
    },
    /// The file was made by a newer release.
    #[error(
        "{} has backup format {found}, newer than {newest}; restore it with the release that made it",
        path.display()
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u16,
        /// The newest format this release reads.
        newest: u16,
    },
    /// The file is not what was written.
    #[error(
        "{} is damaged at byte {offset}: {meaning}; nothing was restored. Use another copy or an older backup",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the damaged part begins.
        offset: u64,
        /// What is wrong.
        meaning: String,
    },
    /// The new store id is none.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The target could not be made.
    #[error("the target: {0}")]
    Open(#[from] OpenError),
    /// A part of the backup was refused by the new store.
    #[error("the restored store refused a part of the backup: {0}")]
    Commit(#[from] CommitError),
    /// The new store could not be read.
    #[error("the target: {0}")]
    Read(#[from] ReadError),
    /// A part could not be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}
