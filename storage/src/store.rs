//! The two traits every backend has, and reading the log, which follows from them.

use crate::archive::Archive;
use crate::codec::DecodeError;
use crate::commit::Commit;
use crate::error::{CommitError, ReadError};
use crate::frame::{Frame, Head};
use crate::identity::Identity;
use crate::key::{Key, Partition, Prefix};
use crate::pointer::Pointer;
use crate::span::Span;

/// Which end of a span a scan starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the smallest key up.
    Ascending,
    /// From the largest key down.
    Descending,
}

/// Part of the answer to a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Entries in the order of the scan.
    pub entries: Vec<(Key, Vec<u8>)>,
    /// What is left to scan; `None` when the span was read to its end. The rest may turn out to be empty.
    pub rest: Option<Span>,
    /// Last sequence of the log at the moment of the scan.
    pub applied: u64,
}

/// Reading the indexed state. Only durable state is visible, and each call sees one moment.
pub trait Store {
    /// Which store this is.
    fn identity(&self) -> &Identity;

    /// The partition read and written.
    fn partition(&self) -> Partition;

    /// The value of an entry.
    ///
    /// # Errors
    /// [`ReadError`] if the entry is damaged or the store failed.
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ReadError>;

    /// Up to `limit` entries of `span` (never more than [`crate::limits::PAGE_ENTRIES_MAX`], fewer if they are
    /// large).
    ///
    /// # Errors
    /// [`ReadError`] if an entry is damaged or the store failed.
    fn scan(&self, span: &Span, limit: usize, direction: Direction) -> Result<Page, ReadError>;

    /// Sequence of the last frame whose commit is visible.
    fn applied_sequence(&self) -> u64;

    /// Where roots lie that have left; `None` for a store that keeps everything.
    fn archive(&self) -> Option<&Archive> {
        None
    }
}

/// Reading the log; every [`Store`] can.
pub trait Frames: Store {
    /// Up to `limit` frames from `sequence` on, in global order. Frames that left for an archive are passed over.
    ///
    /// # Errors
    /// [`ReadError`] if a frame is damaged, not where the index says, or missing from a store that has archived nothing;
    /// what is missing from one that has, [`crate::verify`] tells from what has left.
    fn frames_from(&self, sequence: u64, limit: usize) -> Result<Vec<Frame>, ReadError> {
        // Before the entries are read: what is committed meanwhile is missing from them by right.
        let applied = self.applied_sequence();
        let mut frames = Vec::new();
        let mut span = Some(Span::sequences_from(sequence));
        let mut expected = sequence.max(1);
        while let Some(rest) = span.take().filter(|_| frames.len() < limit) {
            let page = self.scan(&rest, limit - frames.len(), Direction::Ascending)?;
            for (key, value) in page.entries {
                let Key::Sequence(found) = key else { continue };
                if found != expected {
                    self.must_have_archived(expected)?;
                    expected = found;
                }
                frames.push(self.frame_at(expected, &key, &value)?);
                expected += 1;
            }
            span = page.rest;
        }
        if frames.len() < limit && expected <= applied {
            return Err(ReadError::MissingFrame { sequence: expected });
        }
        Ok(frames)
    }

    /// Whether a gap at `sequence` can be what has left.
    ///
    /// # Errors
    /// [`ReadError::MissingFrame`] when nothing has.
    fn must_have_archived(&self, sequence: u64) -> Result<(), ReadError> {
        let page = self.scan(&Span::all(Prefix::Archived), 1, Direction::Ascending)?;
        if page.entries.is_empty() {
            Err(ReadError::MissingFrame { sequence })
        } else {
            Ok(())
        }
    }

    /// Up to `limit` frames of `root` after a position in its chain (0: from the start). The chain between them
    /// is checked; that the first continues the one before it is not.
    ///
    /// # Errors
    /// [`ReadError`] if a frame is missing, damaged, or breaks the chain.
    fn frames_of(&self, root: &str, after_root_sequence: u64, limit: usize) -> Result<Vec<Frame>, ReadError> {
        let mut frames: Vec<Frame> = Vec::new();
        let mut span = Some(Span::events_of(root, after_root_sequence));
        while let Some(rest) = span.take().filter(|_| frames.len() < limit) {
            let page = self.scan(&rest, limit - frames.len(), Direction::Ascending)?;
            for (key, value) in page.entries {
                let before = frames.last().map_or_else(
                    || (after_root_sequence == 0).then(Head::default),
                    |frame| Some(frame.head()),
                );
                let frame = decode_frame(self.partition(), &key, &value)?;
                let position = frames
                    .last()
                    .map_or(after_root_sequence, |frame| frame.root_sequence);
                let follows = frame.root_sequence == position + 1
                    && before.is_none_or(|head| head.hash == frame.previous);
                if !follows {
                    let meaning =
                        format!("does not continue the chain of its root after position {position}");
                    return Err(ReadError::Damaged {
                        key: key.stored(self.partition()),
                        meaning,
                    });
                }
                frames.push(frame);
            }
            span = page.rest;
        }
        Ok(frames)
    }

    /// The end of the chain of `root`; the default head if it has no frame.
    ///
    /// # Errors
    /// [`ReadError`] if the last frame is damaged.
    fn head_of(&self, root: &str) -> Result<Head, ReadError> {
        let page = self.scan(&Span::events_of(root, 0), 1, Direction::Descending)?;
        page.entries.first().map_or(Ok(Head::default()), |(key, value)| {
            Ok(decode_frame(self.partition(), key, value)?.head())
        })
    }

    /// The frame an entry of the sequence index points to.
    ///
    /// # Errors
    /// [`ReadError`] if the frame is missing, damaged, or another one.
    fn frame_at(&self, sequence: u64, pointer_key: &Key, pointer: &[u8]) -> Result<Frame, ReadError> {
        let damaged = |key: &Key, meaning: &str| ReadError::Damaged {
            key: key.stored(self.partition()),
            meaning: meaning.to_owned(),
        };
        let key = Pointer::decode(pointer)
            .ok_or_else(|| damaged(pointer_key, "names no position of a root"))?
            .key();
        let value = self.get(&key)?.ok_or(ReadError::MissingFrame { sequence })?;
        let frame = decode_frame(self.partition(), &key, &value)?;
        if frame.sequence == sequence {
            Ok(frame)
        } else {
            Err(damaged(
                &key,
                &format!(
                    "holds frame {} where the index expects {sequence}",
                    frame.sequence
                ),
            ))
        }
    }
}

impl<S: Store + ?Sized> Frames for S {}

/// Appending. One thread owns the log; it drains what waits into one [`Commit`] and acknowledges when it returns.
pub trait Log: Store {
    /// A handle for other threads.
    type Reader: Store + Clone + Send + std::marker::Sync + 'static;

    /// Appends the frames and applies the writes, all or nothing, and returns the last sequence once both survive
    /// a power cut.
    ///
    /// # Errors
    /// [`CommitError`]; after [`CommitError::Fatal`] every later commit is refused, after any other the store is
    /// unchanged.
    fn commit(&mut self, commit: &Commit) -> Result<u64, CommitError>;

    /// Sequence of the last frame committed; 0 in a new store.
    fn last_sequence(&self) -> u64 {
        self.applied_sequence()
    }

    /// A handle for other threads. It sees every commit as soon as it is durable.
    fn reader(&self) -> Self::Reader;
}

/// Reads a frame and checks that it lies under its own key.
pub(crate) fn decode_frame(partition: Partition, key: &Key, value: &[u8]) -> Result<Frame, ReadError> {
    let stored = || key.stored(partition);
    let frame = Frame::decode(value).map_err(|error: DecodeError| ReadError::damaged(stored(), &error))?;
    if Pointer::to(&frame).key() == *key {
        Ok(frame)
    } else {
        let meaning = format!(
            "holds the frame of {} at position {}",
            frame.root, frame.root_sequence
        );
        Err(ReadError::Damaged {
            key: stored(),
            meaning,
        })
    }
}
