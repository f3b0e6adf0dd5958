//! Log and store on sled. Only this module knows sled, and it keeps the discipline that makes sled safe:
//!
//! - one committer; one batch, `flush`, fdatasync on a second descriptor, then acknowledge; never a second batch
//!   before the barrier of the first returned;
//! - a failed batch, flush or fdatasync is final: nothing is acknowledged or shown any more;
//! - values in pieces of at most 6 KiB, large segments, one tree;
//! - leftovers of a killed recovery removed before open, panics caught, blob files refused.

mod archived;
mod barrier;
mod folder;
mod gate;
mod guard;
mod open;
mod record;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

pub(crate) use open::refuse_used;

use barrier::Barrier;
use folder::Folder;
use gate::Gate;
use guard::guarded;
use record::Record;

use crate::archive::Archive;
use crate::commit::Commit;
use crate::error::{CommitError, ReadError};
use crate::heads::Heads;
use crate::identity::Identity;
use crate::key::{Key, Partition, StoredKey};
use crate::page::Filling;
use crate::prepare::{Gaps, Prepared, prepare};
use crate::span::Span;
use crate::store::{Direction, Frames as _, Log, Page, Store};

/// A log and store on disk. The one thread that owns it commits; others read through [`Log::reader`].
#[derive(Debug)]
pub struct Sled {
    shared: Arc<Shared>,
    barrier: Barrier,
    heads: Heads,
    /// While it is restored, what had left is missing.
    gaps: Gaps,
}

/// A handle of a [`Sled`] for other threads, cheap to clone. The store is closed when the last one is gone.
#[derive(Debug, Clone)]
pub struct SledReader {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    db: sled::Db,
    gate: Gate,
    applied: AtomicU64,
    /// Why a commit failed; set once, for good.
    failure: OnceLock<String>,
    partition: Partition,
    identity: Identity,
    archive: Archive,
    /// Last, so that the folder is let go after the database.
    folder: Folder,
}

impl Sled {
    /// A handle for other threads; as [`Log::reader`], without the trait in scope.
    pub fn reader(&self) -> SledReader {
        SledReader {
            shared: Arc::clone(&self.shared),
        }
    }

    /// The folder of the store.
    pub fn folder(&self) -> &Path {
        self.shared.folder.root()
    }

    fn apply(&mut self, prepared: Prepared) -> Result<u64, CommitError> {
        let batch = self.shared.batch(&prepared.entries)?;
        let committing = self.shared.gate.commit();
        let kept =
            guarded(|| self.shared.db.apply_batch(batch)).and_then(|()| self.barrier.wait(&self.shared.db));
        if let Err(reason) = kept {
            // Before the gate opens, so that no reader sees what may not be durable.
            let reason = self.shared.failure.get_or_init(|| reason).clone();
            return Err(CommitError::Fatal { reason });
        }
        self.shared
            .applied
            .store(prepared.last_sequence, Ordering::Release);
        drop(committing);
        for (root, head) in prepared.heads {
            self.heads.put(root, head);
        }
        Ok(prepared.last_sequence)
    }
}

impl Shared {
    /// One consistent look at the database.
    fn read<T>(&self, look: impl FnOnce() -> Result<T, ReadError>) -> Result<T, ReadError> {
        let _reading = self.gate.read();
        if let Some(reason) = self.failure.get() {
            return Err(ReadError::Failed {
                reason: reason.clone(),
            });
        }
        guarded(|| Ok(look())).unwrap_or_else(|reason| Err(ReadError::Backend { reason }))
    }

    fn fetch(&self, key: &[u8]) -> Result<Option<sled::IVec>, ReadError> {
        self.db.get(key).map_err(|error| ReadError::Backend {
            reason: error.to_string(),
        })
    }

    /// The value of a record found under `key`.
    fn value(&self, key: &StoredKey, found: &[u8]) -> Result<Vec<u8>, ReadError> {
        let damaged = |meaning| ReadError::Damaged {
            key: key.clone(),
            meaning,
        };
        let split = match record::read(key.as_bytes(), found).map_err(damaged)? {
            Record::Whole(value) => return Ok(value.to_vec()),
            Record::Split(split) => split,
        };
        let mut value = Vec::new();
        for index in 0..split.pieces {
            let piece_key = record::piece_key(key, index);
            let piece = self
                .fetch(&piece_key)?
                .ok_or_else(|| damaged(format!("piece {index} of {} is missing", split.pieces)))?;
            value.extend_from_slice(record::read_piece(&piece_key, &piece).map_err(damaged)?);
        }
        split.check(&value).map_err(damaged)?;
        Ok(value)
    }

    /// The entries as one batch, with the pieces that the old values leave behind removed.
    fn batch(&self, entries: &BTreeMap<StoredKey, Option<Vec<u8>>>) -> Result<sled::Batch, ReadError> {
        let mut batch = sled::Batch::default();
        for (key, value) in entries {
            let mut kept = 0;
            if let Some(value) = value {
                for (index, (key, record)) in (0..).zip(record::write(key, value)) {
                    batch.insert(key, record);
                    kept = index;
                }
            } else {
                batch.remove(key.as_bytes());
            }
            // A frame is put where none lies.
            let is_new = value.is_some() && key.parse().is_some_and(|(_, name)| name.prefix().is_log());
            for index in kept..self.pieces(key, is_new)? {
                batch.remove(record::piece_key(key, index));
            }
        }
        Ok(batch)
    }

    /// How many pieces the present value under `key` has. A damaged one counts as whole: it is being replaced, and
    /// a piece left behind is never read.
    fn pieces(&self, key: &StoredKey, is_new: bool) -> Result<u16, ReadError> {
        if is_new {
            return Ok(0);
        }
        let found =
            guarded(|| self.db.get(key.as_bytes())).map_err(|reason| ReadError::Backend { reason })?;
        Ok(
            match found.as_deref().map(|found| record::read(key.as_bytes(), found)) {
                Some(Ok(Record::Split(split))) => split.pieces,
                Some(Ok(Record::Whole(_)) | Err(_)) | None => 0,
            },
        )
    }
}

impl SledReader {
    /// A value of the database itself.
    fn kept(&self, key: &Key) -> Result<Option<Vec<u8>>, ReadError> {
        let stored = key.stored(self.shared.partition);
        self.shared.read(|| {
            let found = self.shared.fetch(stored.as_bytes())?;
            found.map(|found| self.shared.value(&stored, &found)).transpose()
        })
    }

    /// Entries of the database itself.
    fn kept_page(&self, span: &Span, limit: usize, direction: Direction) -> Result<Page, ReadError> {
        self.shared.read(|| {
            let mut filling = Filling::new(span, limit, direction, self.applied_sequence());
            if let Some((low, high)) = span.bounds(self.shared.partition) {
                let mut range = self.shared.db.range(low..high);
                while !filling.is_full() {
                    let next = match direction {
                        Direction::Ascending => range.next(),
                        Direction::Descending => range.next_back(),
                    };
                    let Some(next) = next else { break };
                    let (key, found) = next.map_err(|error| ReadError::Backend {
                        reason: error.to_string(),
                    })?;
                    let key = StoredKey(key.to_vec());
                    let value = self.shared.value(&key, &found)?;
                    filling.push(key, value)?;
                }
            }
            Ok(filling.into_page())
        })
    }
}

impl Store for SledReader {
    fn identity(&self) -> &Identity {
        &self.shared.identity
    }

    fn partition(&self) -> Partition {
        self.shared.partition
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ReadError> {
        let found = self.kept(key)?;
        match key.leaves_with() {
            Some(root) if found.is_none() => match self.archived_value(root, key)? {
                Some(value) => Ok(Some(value)),
                // It may have come back between the two looks.
                None => self.kept(key),
            },
            Some(_) | None => Ok(found),
        }
    }

    fn scan(&self, span: &Span, limit: usize, direction: Direction) -> Result<Page, ReadError> {
        let page = self.kept_page(span, limit, direction)?;
        match span.frames_of() {
            Some(root) if page.entries.is_empty() && limit > 0 => {
                let archived = self.archived_frames(&root, span, limit, direction)?;
                if archived.entries.is_empty() {
                    // It may have come back between the two looks.
                    return self.kept_page(span, limit, direction);
                }
                Ok(archived)
            }
            Some(_) | None => Ok(page),
        }
    }

    fn applied_sequence(&self) -> u64 {
        self.shared.applied.load(Ordering::Acquire)
    }

    fn archive(&self) -> Option<&Archive> {
        Some(&self.shared.archive)
    }
}

impl Store for Sled {
    fn identity(&self) -> &Identity {
        &self.shared.identity
    }

    fn partition(&self) -> Partition {
        self.shared.partition
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ReadError> {
        self.reader().get(key)
    }

    fn scan(&self, span: &Span, limit: usize, direction: Direction) -> Result<Page, ReadError> {
        self.reader().scan(span, limit, direction)
    }

    fn applied_sequence(&self) -> u64 {
        self.shared.applied.load(Ordering::Acquire)
    }

    fn archive(&self) -> Option<&Archive> {
        Some(&self.shared.archive)
    }
}

impl Log for Sled {
    type Reader = SledReader;

    fn commit(&mut self, commit: &Commit) -> Result<u64, CommitError> {
        if let Some(reason) = self.shared.failure.get() {
            return Err(CommitError::Fatal {
                reason: reason.clone(),
            });
        }
        let reader = Self::reader(self);
        let heads = &self.heads;
        let prepared = prepare(
            commit,
            self.partition(),
            self.last_sequence(),
            self.gaps,
            |root| heads.get(root).map_or_else(|| reader.head_of(root), Ok),
        )?;
        if prepared.entries.is_empty() {
            return Ok(prepared.last_sequence);
        }
        self.apply(prepared)
    }

    fn reader(&self) -> SledReader {
        Self::reader(self)
    }
}

#[cfg(test)]
mod tests;
