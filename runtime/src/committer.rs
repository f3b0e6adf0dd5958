//! The one thread that owns the log: takes what waits, commits it once, then reports it durable.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use amends_engine::kernel::Frame;
use amends_engine::root::Root;
use amends_engine::{Digest, Millis, Value};
use amends_storage::archive::archived;
use amends_storage::{
    Commit, CommitError, EncodeError, Frames, Head, Key, Kind, Log, ReadError, Write, codec,
};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use crate::books::{KeepError, Keeper};
use crate::find::EmailKey;
use crate::incident::{forget, order_id};
use crate::journal::{EventsError, encode_events};
use crate::meter::Tally;
use crate::portion::Portion;
use crate::reading::content_of;
use crate::shelf::{Leaving, ShelfError, come_back, leave};
use crate::summary::{self, Summary, read_summary};

/// Frames of one commit. Beyond about 256 records sled gets slower per record (docs/adr/0001-sled.md).
const FRAMES_PER_COMMIT_MAX: usize = 256;
/// Roots whose chain head and summary are kept, to save two reads per frame. About 1 KiB each.
const KNOWN_ROOTS_MAX: usize = 50_000;
/// A root is stored whole after this many frames, so that loading it folds few of them.
const FRAMES_PER_SNAPSHOT: u64 = 64;

/// Why nothing can be committed any more.
#[derive(Debug, Clone, Error)]
#[error("the store takes no more commits: {reason}")]
pub struct CommitterError {
    /// The first failure.
    pub reason: String,
}

/// What is to be made durable.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) frames: Vec<Frame>,
    /// Entries beside the frames; those of one list become durable together.
    pub(crate) writes: Vec<Vec<Write>>,
    pub(crate) snapshots: Vec<Root>,
    /// Archived orders that may leave.
    pub(crate) leaving: Vec<Leaving>,
    pub(crate) acks: Vec<oneshot::Sender<()>>,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
            && self.writes.is_empty()
            && self.snapshots.is_empty()
            && self.leaving.is_empty()
            && self.acks.is_empty()
    }

    fn absorb(&mut self, other: Self) {
        self.frames.extend(other.frames);
        self.writes.extend(other.writes);
        self.snapshots.extend(other.snapshots);
        self.leaving.extend(other.leaving);
        self.acks.extend(other.acks);
    }
}

#[derive(Debug, Error)]
enum StepError {
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error(transparent)]
    Events(#[from] EventsError),
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    #[error(transparent)]
    Books(#[from] KeepError),
}

struct Committer<L: Log> {
    log: L,
    heads: BTreeMap<String, Head>,
    summaries: BTreeMap<String, Summary>,
    email: Option<EmailKey>,
    books: Keeper,
}

/// Commits until every sender is gone or a commit fails. Tells `durable` the last sequence after each commit.
/// Waits for `linger` before each commit: zero but for a planted bug.
pub(crate) fn commit_all<L: Log>(
    log: L,
    mut batches: mpsc::Receiver<Batch>,
    durable: &mpsc::UnboundedSender<u64>,
    linger: Duration,
) -> Result<L, CommitterError> {
    let mut committer = Committer {
        log,
        heads: BTreeMap::new(),
        summaries: BTreeMap::new(),
        email: None,
        books: Keeper::default(),
    };
    while let Some(mut batch) = batches.blocking_recv() {
        while batch.frames.len() < FRAMES_PER_COMMIT_MAX {
            let Ok(more) = batches.try_recv() else { break };
            batch.absorb(more);
        }
        if !linger.is_zero() {
            #[expect(
                clippy::disallowed_methods,
                reason = "the planted bug is a commit that takes its time"
            )]
            std::thread::sleep(linger);
        }
        let acks = std::mem::take(&mut batch.acks);
        let sequence = committer.commit(batch).map_err(|error| CommitterError {
            reason: error.to_string(),
        })?;
        // A receiver that is gone has stopped waiting; the commit stands.
        let _ = durable.send(sequence);
        for ack in acks {
            let _ = ack.send(());
        }
    }
    Ok(committer.log)
}

impl<L: Log> Committer<L> {
    fn commit(&mut self, batch: Batch) -> Result<u64, StepError> {
        self.forget();
        let (began, mut tally) = (Instant::now(), Tally::default());
        self.bring_back(&batch.frames)?;
        let mut portion = Portion::default();
        for writes in batch.writes {
            portion.add_writes(writes, &mut self.log)?;
        }
        // What frames before it in this batch named: it cannot be read back yet.
        let mut fresh = BTreeMap::new();
        for frame in batch.frames {
            fresh.extend(
                frame
                    .values
                    .iter()
                    .map(|(digest, value)| (*digest, value.clone())),
            );
            let commit = self.prepared(&frame, &fresh)?;
            portion.add(commit, &mut self.log)?;
            tally.add(&frame);
        }
        for root in batch.snapshots {
            if archived(&self.log, root.key.as_str())?.is_none() {
                portion.add_writes(vec![snapshot(&root)?], &mut self.log)?;
            }
        }
        portion.end(&mut self.log)?;
        if portion.has_committed() {
            tally.count(began.elapsed());
        }
        for root in leave(&mut self.log, &batch.leaving)? {
            self.heads.remove(&root);
            self.summaries.remove(&root);
        }
        Ok(self.log.last_sequence())
    }

    /// Archived orders that something happened to come back first. One whose summary is known has not left.
    fn bring_back(&mut self, frames: &[Frame]) -> Result<(), StepError> {
        for frame in frames {
            if !self.summaries.contains_key(frame.root.as_str()) {
                come_back(&mut self.log, frame.root.as_str())?;
            }
        }
        Ok(())
    }

    /// A frame with everything that follows from it.
    fn prepared(&mut self, frame: &Frame, fresh: &BTreeMap<Digest, Arc<Value>>) -> Result<Commit, StepError> {
        let mut commit = Commit::default();
        let root = frame.root.as_str();
        let head = match self.heads.get(root) {
            Some(head) => *head,
            None => self.log.head_of(root)?,
        };
        let payload = encode_events(&frame.events)?;
        let next = head.next(frame.sequence, root, frame.at.0, payload);
        self.heads.insert(root.to_owned(), next.head());
        commit.frames.push(next);
        for (digest, value) in &frame.values {
            let content = codec::seal(Kind::Blob, 1, value.to_string().as_bytes())?;
            commit.writes.push(Write::Put {
                key: Key::Blob {
                    root: root.to_owned(),
                    digest: digest.0,
                },
                value: content,
            });
        }
        let before = match self.summaries.remove(root) {
            Some(summary) => Some(summary),
            None => read_summary(&self.log, root)?,
        };
        let key = self.email_key(&mut commit)?;
        let now = summary::after(before.as_ref(), frame, &key);
        commit.writes.extend(summary::writes(before.as_ref(), &now)?);
        commit.writes.extend(self.settled(before.as_ref(), &now)?);
        self.summaries.insert(root.to_owned(), now);
        let content = |digest: &Digest| {
            let known = fresh.get(digest).cloned();
            known.or_else(|| content_of(&self.log, &frame.root, digest))
        };
        let moved = self
            .books
            .keep(&self.log, &frame.after, frame.at, &frame.events, content)?;
        commit.writes.extend(moved);
        if frame.root_sequence.is_multiple_of(FRAMES_PER_SNAPSHOT) {
            commit.writes.push(snapshot(&frame.after)?);
        }
        Ok(commit)
    }

    /// The key that e-mail addresses are found by; made with the first frame of a store.
    fn email_key(&mut self, commit: &mut Commit) -> Result<EmailKey, StepError> {
        if let Some(key) = &self.email {
            return Ok(key.clone());
        }
        let key = if let Some(key) = EmailKey::read(&self.log)? {
            key
        } else {
            let (key, write) = EmailKey::make()?;
            commit.writes.push(write);
            key
        };
        self.email = Some(key.clone());
        Ok(key)
    }

    /// What ends the care for incidents that are closed now.
    fn settled(&self, before: Option<&Summary>, now: &Summary) -> Result<Vec<Write>, StepError> {
        let mut writes = Vec::new();
        for incident in before
            .map(|before| before.incidents.as_slice())
            .unwrap_or_default()
        {
            if !now.incidents.iter().any(|open| open.number == incident.number) {
                let id = order_id(&now.root, incident.number);
                writes.extend(forget(&self.log, &id, incident.opened_ms)?);
            }
        }
        Ok(writes)
    }

    /// Both maps only save reads; forgetting costs time, never truth.
    fn forget(&mut self) {
        self.books.forget();
        if self.heads.len() > KNOWN_ROOTS_MAX {
            self.heads.clear();
        }
        if self.summaries.len() > KNOWN_ROOTS_MAX {
            self.summaries.clear();
        }
    }
}

pub(crate) fn snapshot(root: &Root) -> Result<Write, EncodeError> {
    let value = codec::encode(Kind::Snapshot, 1, root)?;
    Ok(Write::Put {
        key: Key::Snapshot {
            root: root.key.as_str().to_owned(),
        },
        value,
    })
}

/// The time of the last frame in `log`, so that a process started on it never goes back.
pub(crate) fn last_time<L: Log>(log: &L) -> Result<Millis, ReadError> {
    let last = log.last_sequence();
    if last == 0 {
        return Ok(Millis::ZERO);
    }
    Ok(log
        .frames_from(last, 1)?
        .first()
        .map_or(Millis::ZERO, |frame| Millis(frame.at_ms)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use amends_engine::event::Event;
    use amends_engine::evolve::fold;
    use amends_engine::{RootKey, Value};
    use amends_storage::limits::{COMMIT_BYTES_MAX, COMMIT_ENTRIES_MAX, VALUE_BYTES_MAX};
    use amends_storage::{Identity, Memory, Store as _};

    use super::*;

    fn committed(batches: Vec<Batch>) -> Memory {
        let log = Memory::new(Identity::new("teststor", 0).unwrap()).unwrap();
        let (asks, inlet) = mpsc::channel(batches.len());
        let (told, _commits) = mpsc::unbounded_channel();
        for batch in batches {
            asks.try_send(batch).unwrap();
        }
        drop(asks);
        commit_all(log, inlet, &told, Duration::ZERO).unwrap()
    }

    /// The first frame of an order, which names `values` values.
    fn frame(sequence: u64, values: u64) -> Frame {
        let key = RootKey::new(format!("eu-shop:{sequence}"));
        let subjects = (0..values).map(|number| Arc::new(Value::text(format!("{sequence}-{number}"))));
        let values: BTreeMap<_, _> = subjects.map(|subject| (subject.digest(), subject)).collect();
        let events = values
            .keys()
            .map(|digest| Event::SubjectRevised { subject: *digest });
        let events: Vec<Event> = events.collect();
        let (mut root, at) = (Root::new(key.clone()), Millis(1));
        fold(&mut root, &events, at);
        Frame {
            sequence,
            root: key,
            root_sequence: 1,
            at,
            events,
            values,
            after: Arc::new(root),
        }
    }

    fn meta(name: &str, size: usize) -> Write {
        Write::Put {
            key: Key::Meta(name.to_owned()),
            value: codec::seal(Kind::Meta, 1, &vec![b'x'; size]).unwrap(),
        }
    }

    #[test]
    fn more_frames_than_a_commit_takes_are_committed() {
        let frames = 256;
        let values = 40;
        assert!(frames * values > COMMIT_ENTRIES_MAX as u64);
        let batch = Batch {
            frames: (1..=frames).map(|sequence| frame(sequence, values)).collect(),
            ..Batch::default()
        };
        let log = committed(vec![batch]);
        assert_eq!(log.last_sequence(), frames);
        for sequence in 1..=frames {
            let row = read_summary(&log, &format!("eu-shop:{sequence}")).unwrap();
            assert_eq!(row.map(|row| row.created_ms), Some(1));
        }
    }

    #[test]
    fn more_entries_than_a_commit_takes_are_committed() {
        let lists = (0..=COMMIT_ENTRIES_MAX / 10).map(|list| {
            let entries = (0..10).map(|entry| meta(&format!("{list}/{entry}"), 1));
            entries.collect()
        });
        let batch = Batch {
            writes: lists.collect(),
            ..Batch::default()
        };
        let log = committed(vec![batch]);
        let last = Key::Meta(format!("{}/9", COMMIT_ENTRIES_MAX / 10));
        assert!(log.get(&last).unwrap().is_some());
    }

    #[test]
    fn more_bytes_than_a_commit_takes_are_committed() {
        let size = VALUE_BYTES_MAX / 2;
        let lists = (0..=COMMIT_BYTES_MAX / size).map(|list| vec![meta(&format!("{list}"), size)]);
        let batch = Batch {
            writes: lists.collect(),
            ..Batch::default()
        };
        let log = committed(vec![batch]);
        let last = Key::Meta(format!("{}", COMMIT_BYTES_MAX / size));
        assert!(log.get(&last).unwrap().is_some());
    }
}
