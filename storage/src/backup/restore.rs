use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::read::{Part, Reader, check};
use super::{Backup, REPORT_EVERY};
use crate::archive::{Archived, archived};
use crate::codec::{self, Kind};
use crate::commit::{Commit, Write};
use crate::disk::{Sled, refuse_used};
use crate::error::{ReadError, RestoreError};
use crate::identity::{FORMAT, Identity, Paused};
use crate::key::{Key, Partition};
use crate::options::Options;
use crate::progress::{Progress, Stage};
use crate::store::Log as _;

/// Entries and bytes of one commit while restoring: about what the committer makes under load.
const ENTRIES: usize = 256;
const BYTES: usize = 512 * 1024;

/// How to restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restore {
    /// Store id of the restored store; the old one if it replaces the old store, another for a copy.
    pub store_id: String,
    /// The present time in Unix milliseconds.
    pub now_ms: i64,
    /// How to open the new store.
    pub options: Options,
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Identity of the new store: one epoch after the old.
    pub identity: Identity,
    /// Why its effects are paused.
    pub paused: Paused,
    /// What was in the backup.
    pub backup: Backup,
    /// Archive files that orders of it have left for.
    pub archives: BTreeSet<String>,
}

/// Reads a whole backup file and says what is in it, without restoring anything.
///
/// # Errors
/// [`RestoreError`] if it is no whole backup.
pub fn inspect(file: &Path, progress: impl FnMut(Progress)) -> Result<Backup, RestoreError> {
    check(file, progress)
}

/// Makes a new store in `folder`, which must be empty or absent, from the backup in `file`.
///
/// The file is checked first. The new store has the next epoch and is paused under [`Key::paused`]. It becomes
/// openable with the last write, so that a restore that was killed cannot be mistaken for a store. Derived entries
/// are not in a backup; who runs the store folds them from the frames.
///
/// # Errors
/// [`RestoreError`]; the folder is left empty.
pub fn restore(
    file: &Path,
    folder: &Path,
    request: &Restore,
    mut progress: impl FnMut(Progress),
) -> Result<Restored, RestoreError> {
    refuse_used(folder)?;
    let new = Identity::new(&request.store_id, request.now_ms)?;
    let backup = check(file, &mut progress)?;
    let origin = backup.header.identity.clone();
    let mut restored = Restored {
        identity: Identity {
            epoch: origin.epoch.saturating_add(1),
            format: FORMAT,
            ..new
        },
        paused: Paused {
            since_ms: request.now_ms,
            origin,
            cut: backup.header.cut,
            cut_at_ms: backup.header.cut_at_ms,
        },
        backup,
        archives: BTreeSet::new(),
    };
    let existed = folder.exists();
    match fill(file, folder, &restored, &request.options, progress) {
        Ok(archives) => {
            restored.archives = archives;
            Ok(restored)
        }
        Err(error) => {
            clear(folder, existed);
            Err(error)
        }
    }
}

fn fill(
    file: &Path,
    folder: &Path,
    restored: &Restored,
    options: &Options,
    progress: impl FnMut(Progress),
) -> Result<BTreeSet<String>, RestoreError> {
    let mut store = Sled::begin(folder, options, restored.identity.clone())?;
    let total = restored.backup.frames + restored.backup.values;
    let mut filling = Filling {
        store: &mut store,
        commit: Commit::default(),
        bytes: 0,
        done: 0,
        total,
        archives: BTreeSet::new(),
        progress,
    };
    let mut reader = Reader::open(file)?;
    while let Some(part) = reader.next()? {
        filling.add(part)?;
    }
    let value = codec::encode(Kind::Meta, 1, &restored.paused)?;
    filling.commit.writes.push(Write::Put {
        key: Key::paused(),
        value,
    });
    filling.commit()?;
    let archives = filling.archives;
    store.write_identity()?;
    Ok(archives)
}

struct Filling<'a, P> {
    store: &'a mut Sled,
    commit: Commit,
    bytes: usize,
    done: u64,
    total: u64,
    archives: BTreeSet<String>,
    progress: P,
}

impl<P: FnMut(Progress)> Filling<'_, P> {
    fn add(&mut self, part: Part) -> Result<(), RestoreError> {
        match part {
            Part::Frame(frame) if self.has_left(&frame.root)? => {}
            Part::Value(key, _) if key.leaves_with().map_or(Ok(false), |root| self.has_left(root))? => {}
            Part::Frame(frame) => {
                self.bytes += frame.payload.len();
                self.commit.frames.push(frame);
            }
            Part::Value(key, value) => {
                self.bytes += value.len();
                self.note(&key, &value)?;
                self.commit.writes.push(Write::Put { key, value });
            }
        }
        self.done += 1;
        if self.done.is_multiple_of(REPORT_EVERY) {
            self.report();
        }
        if self.commit.frames.len() + self.commit.writes.len() >= ENTRIES || self.bytes >= BYTES {
            self.commit()?;
        }
        Ok(())
    }

    /// Whether the backup has the root in an archive, and what else it has of it is from coming back meanwhile.
    fn has_left(&mut self, root: &str) -> Result<bool, RestoreError> {
        if self.archives.is_empty() {
            return Ok(false);
        }
        // Places come first in a backup, so that all of them are in the store or in this commit.
        if self
            .commit
            .writes
            .iter()
            .any(|write| matches!(write.key(), Key::Archived(_)))
        {
            self.commit()?;
        }
        Ok(archived(self.store, root)?.is_some())
    }

    fn note(&mut self, key: &Key, value: &[u8]) -> Result<(), RestoreError> {
        if let Key::Archived(_) = key {
            let at = codec::decode::<Archived>(Kind::Archived, value);
            let (_, at) = at.map_err(|error| ReadError::damaged(key.stored(Partition::FIRST), &error))?;
            self.archives.insert(at.file);
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), RestoreError> {
        self.store.commit(&std::mem::take(&mut self.commit))?;
        self.bytes = 0;
        self.report();
        Ok(())
    }

    fn report(&mut self) {
        (self.progress)(Progress {
            stage: Stage::Restoring,
            done: self.done,
            total: Some(self.total),
        });
    }
}

/// Removes what a failed restore made. What cannot be removed has no identity and is refused when opened.
fn clear(folder: &Path, existed: bool) {
    if existed {
        drop(fs::remove_dir_all(folder.join("sled")));
        drop(fs::remove_file(folder.join("lock")));
    } else {
        drop(fs::remove_dir_all(folder));
    }
}
