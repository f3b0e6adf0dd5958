//! Checks a commit and turns it into plain entries. All backends share it, so that they refuse alike, and nothing
//! is touched before a commit has passed.

use std::collections::BTreeMap;

use crate::codec;
use crate::commit::{Commit, Write};
use crate::error::{CommitError, ReadError};
use crate::frame::{Frame, Head};
use crate::key::{Key, Partition, StoredKey};
use crate::limits::{COMMIT_BYTES_MAX, COMMIT_ENTRIES_MAX, KEY_BYTES_MAX, VALUE_BYTES_MAX};
use crate::pointer::Pointer;

/// A checked commit.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// New value per entry; `None` removes it.
    pub(crate) entries: BTreeMap<StoredKey, Option<Vec<u8>>>,
    /// Ends of the chains once it is committed.
    pub(crate) heads: BTreeMap<String, Head>,
    /// Last sequence once it is committed.
    pub(crate) last_sequence: u64,
}

/// Whether the sequence may have gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gaps {
    /// Never: frames are decided one after the other.
    None,
    /// While a store is restored: what had left for an archive is not in the backup.
    Archived,
}

/// Checks `commit` against a log that ends at `last_sequence` and whose chains end at `head_of`.
pub(crate) fn prepare(
    commit: &Commit,
    partition: Partition,
    last_sequence: u64,
    gaps: Gaps,
    head_of: impl FnMut(&str) -> Result<Head, ReadError>,
) -> Result<Prepared, CommitError> {
    within(
        "the number of frames and writes",
        commit.frames.len() + commit.writes.len() + commit.leaving.len() + commit.returning.len(),
        COMMIT_ENTRIES_MAX,
    )?;
    let mut prepared = Prepared {
        entries: BTreeMap::new(),
        heads: BTreeMap::new(),
        last_sequence,
    };
    prepared.take_back(&commit.returning, partition)?;
    prepared.let_go(&commit.leaving, partition)?;
    prepared.add_frames(&commit.frames, partition, gaps, head_of)?;
    for write in &commit.writes {
        prepared.add_write(write, partition)?;
    }
    let bytes = prepared
        .entries
        .iter()
        .map(|(key, value)| key.as_bytes().len() + value.as_ref().map_or(0, Vec::len))
        .sum();
    within("the size of the commit in bytes", bytes, COMMIT_BYTES_MAX)?;
    Ok(prepared)
}

impl Prepared {
    fn add_frames(
        &mut self,
        frames: &[Frame],
        partition: Partition,
        gaps: Gaps,
        mut head_of: impl FnMut(&str) -> Result<Head, ReadError>,
    ) -> Result<(), CommitError> {
        for frame in frames {
            let expected = self.last_sequence + 1;
            let follows = match gaps {
                Gaps::None => frame.sequence == expected,
                Gaps::Archived => frame.sequence >= expected,
            };
            if !follows {
                return Err(CommitError::OutOfSequence {
                    expected,
                    found: frame.sequence,
                });
            }
            let head = self
                .heads
                .get(&frame.root)
                .map_or_else(|| head_of(&frame.root), |head| Ok(*head))?;
            if frame.root_sequence != head.root_sequence + 1 || frame.previous != head.hash {
                return Err(CommitError::BrokenChain {
                    sequence: frame.sequence,
                    root: frame.root.clone(),
                    last: head.root_sequence,
                    found: frame.root_sequence,
                });
            }
            self.put_frame(frame, partition)?;
            self.heads.insert(frame.root.clone(), frame.head());
            self.last_sequence = frame.sequence;
        }
        Ok(())
    }

    /// Frames that were in the log before; the archive checked their chain.
    fn take_back(&mut self, frames: &[Frame], partition: Partition) -> Result<(), CommitError> {
        for frame in frames {
            if frame.sequence >= self.last_sequence {
                return Err(CommitError::OutOfSequence {
                    expected: self.last_sequence + 1,
                    found: frame.sequence,
                });
            }
            self.put_frame(frame, partition)?;
            self.heads.insert(frame.root.clone(), frame.head());
        }
        Ok(())
    }

    fn let_go(&mut self, frames: &[Frame], partition: Partition) -> Result<(), CommitError> {
        for frame in frames {
            // The sequence goes on after the newest frame, so that one has to stay.
            if frame.sequence >= self.last_sequence {
                return Err(CommitError::NewestFrame {
                    sequence: frame.sequence,
                });
            }
            for key in [Key::Sequence(frame.sequence), Pointer::to(frame).key()] {
                self.entries.insert(checked(&key, partition)?, None);
            }
        }
        Ok(())
    }

    fn put_frame(&mut self, frame: &Frame, partition: Partition) -> Result<(), CommitError> {
        let pointer = Pointer::to(frame);
        self.put(&Key::Sequence(frame.sequence), pointer.encode(), partition)?;
        self.put(&pointer.key(), frame.encode()?, partition)
    }

    fn add_write(&mut self, write: &Write, partition: Partition) -> Result<(), CommitError> {
        let key = write.key();
        if key.prefix().is_log() || *key == Key::identity() {
            return Err(CommitError::Reserved {
                key: key.stored(partition),
            });
        }
        match write {
            Write::Put { value, .. } if key.prefix().is_sealed() && !codec::is_sealed(value) => {
                Err(CommitError::Unsealed {
                    key: key.stored(partition),
                })
            }
            Write::Put { value, .. } => self.put(key, value.clone(), partition),
            Write::Delete { .. } => {
                self.entries.insert(checked(key, partition)?, None);
                Ok(())
            }
        }
    }

    fn put(&mut self, key: &Key, value: Vec<u8>, partition: Partition) -> Result<(), CommitError> {
        within("a value in bytes", value.len(), VALUE_BYTES_MAX)?;
        self.entries.insert(checked(key, partition)?, Some(value));
        Ok(())
    }
}

fn checked(key: &Key, partition: Partition) -> Result<StoredKey, CommitError> {
    let stored = key.stored(partition);
    within("a key in bytes", stored.as_bytes().len(), KEY_BYTES_MAX)?;
    Ok(stored)
}

fn within(what: &'static str, found: usize, limit: usize) -> Result<(), CommitError> {
    if found <= limit {
        Ok(())
    } else {
        Err(CommitError::TooLarge { what, found, limit })
    }
}
