//! Walks everything, archives too, and names the first damage.
//!
//! Checked: every archive file is whole and holds the roots that left for it; the sequence has no gap but what has left,
//! and nothing is both here and there; each of its entries points to a whole frame with that sequence; each frame
//! continues the chain of its root and is the one its sequence points to; each other value is whole, an envelope
//! where it should be one, and content lies under its own digest. A running store can be verified: what is
//! committed meanwhile is left out.

mod archives;

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use crate::codec;
use crate::error::{ReadError, VerifyError};
use crate::frame::{Frame, Head};
use crate::key::{Key, Prefix, StoredKey};
use crate::pointer::Pointer;
use crate::progress::{Progress, Stage};
use crate::span::Span;
use crate::store::{Direction, Frames as _, Store, decode_frame};

use archives::Sequences;

/// Entries read at once.
const PAGE: usize = 512;

/// What is wrong with one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The entry.
    pub key: StoredKey,
    /// What is wrong with it.
    pub meaning: String,
}

/// What a walk found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Last sequence when the walk began.
    pub last_sequence: u64,
    /// Whole frames.
    pub frames: u64,
    /// Roots that have a frame.
    pub roots: u64,
    /// Roots that have left for an archive and lie there whole.
    pub archived_roots: u64,
    /// Their frames.
    pub archived_frames: u64,
    /// Roots in archives that came back later, or whose leaving was cut off: they count for nothing.
    pub superseded: u64,
    /// Whole other values.
    pub values: u64,
    /// Bytes of keys and values.
    pub bytes: u64,
    /// Entries that are damaged or missing.
    pub damaged: u64,
    /// The first of them.
    pub first: Option<Damage>,
}

impl Report {
    /// Whether nothing is damaged.
    pub fn is_clean(&self) -> bool {
        self.damaged == 0
    }
}

/// Walks everything in `store`.
///
/// # Errors
/// [`VerifyError`] if the walk itself could not go on. Damage is no error but in the report.
pub fn verify(store: &impl Store, progress: impl FnMut(Progress)) -> Result<Report, VerifyError> {
    let last_sequence = store.applied_sequence();
    let mut walk = Walk {
        store,
        progress,
        report: Report {
            last_sequence,
            frames: 0,
            roots: 0,
            archived_roots: 0,
            archived_frames: 0,
            superseded: 0,
            values: 0,
            bytes: 0,
            damaged: 0,
            first: None,
        },
        named: BTreeSet::new(),
        left: Sequences::default(),
        lost: 0,
    };
    walk.archives()?;
    walk.sequence()?;
    walk.chains()?;
    walk.values()?;
    Ok(walk.report)
}

struct Walk<'a, S, P> {
    store: &'a S,
    progress: P,
    report: Report,
    /// Damaged entries already counted; a damaged frame is met twice.
    named: BTreeSet<StoredKey>,
    /// Sequences that have left.
    left: Sequences,
    /// Frames that left and cannot be read: gaps that are named already.
    lost: u64,
}

/// An entry of a scan, or what is wrong with it.
type Met = Result<(Key, Vec<u8>), Damage>;

impl<S: Store, P: FnMut(Progress)> Walk<'_, S, P> {
    fn sequence(&mut self) -> Result<(), VerifyError> {
        let last = self.report.last_sequence;
        let mut expected = 1;
        self.each(
            &Span::all(Prefix::Sequence),
            Stage::Sequence,
            Some(last),
            |walk, met| {
                let (key, pointer) = match met {
                    Ok(entry) => entry,
                    Err(damage) => {
                        if let Some((_, Key::Sequence(sequence))) = damage.key.parse() {
                            walk.missing(expected..sequence);
                            expected = sequence + 1;
                        }
                        walk.damage(damage);
                        return Ok(());
                    }
                };
                let Key::Sequence(sequence) = key else {
                    return Ok(());
                };
                if sequence > last {
                    return Ok(());
                }
                walk.missing(expected..sequence);
                expected = sequence + 1;
                if walk.left.has(sequence) {
                    walk.damage_at(&key, "is here, and in an archive as well");
                }
                match walk.store.frame_at(sequence, &key, &pointer) {
                    Ok(_) => Ok(()),
                    Err(error) => walk.damage_or_stop(error),
                }
            },
        )?;
        self.missing(expected..last + 1);
        Ok(())
    }

    fn chains(&mut self) -> Result<(), VerifyError> {
        let last = self.report.last_sequence;
        // The end of the chain so far; `None` after damage, when the next frame cannot be judged.
        let mut root = None;
        let mut head = Some(Head::default());
        self.each(
            &Span::all(Prefix::Event),
            Stage::Chains,
            Some(last),
            |walk, met| {
                let named = met.as_ref().map_or_else(
                    |d| d.key.parse().map(|(_, key)| key),
                    |(key, _)| Some(key.clone()),
                );
                if let Some(Key::Event { root: now, .. }) = named
                    && root.as_ref() != Some(&now)
                {
                    root = Some(now);
                    head = Some(Head::default());
                    walk.report.roots += 1;
                }
                let read =
                    met.and_then(
                        |(key, value)| match decode_frame(walk.store.partition(), &key, &value) {
                            Ok(frame) => Ok((key, value.len(), frame)),
                            Err(error) => Err(damage_of(walk.store, &key, error)),
                        },
                    );
                match read {
                    Ok((_, _, frame)) if frame.sequence > last => {}
                    Ok((key, bytes, frame)) => {
                        walk.link(&key, &frame, head)?;
                        walk.report.frames += 1;
                        walk.count_bytes(&key, bytes);
                        head = Some(frame.head());
                    }
                    Err(damage) => {
                        walk.damage(damage);
                        head = None;
                    }
                }
                Ok(())
            },
        )
    }

    /// Whether a frame continues its chain and is the one its sequence points to.
    fn link(&mut self, key: &Key, frame: &Frame, head: Option<Head>) -> Result<(), VerifyError> {
        if let Some(head) = head {
            if frame.root_sequence > head.root_sequence + 1 {
                let lost = Key::Event {
                    root: frame.root.clone(),
                    root_sequence: head.root_sequence + 1,
                };
                self.damage_at(&lost, "is missing from the chain of its root");
            } else if frame.root_sequence <= head.root_sequence || frame.previous != head.hash {
                self.damage_at(
                    key,
                    "does not continue the chain of its root: the frame before it was changed",
                );
            }
        }
        let index = Key::Sequence(frame.sequence);
        match self.store.get(&index) {
            Ok(Some(pointer)) if Pointer::decode(&pointer).is_some_and(|to| to == Pointer::to(frame)) => {
                Ok(())
            }
            Ok(Some(_)) => {
                self.damage_at(
                    key,
                    &format!("is frame {}, but the index points elsewhere", frame.sequence),
                );
                Ok(())
            }
            // Counted when the sequence was followed.
            Ok(None) | Err(ReadError::Damaged { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn values(&mut self) -> Result<(), VerifyError> {
        for prefix in Prefix::ALL.into_iter().filter(|prefix| !prefix.is_log()) {
            self.each(&Span::all(prefix), Stage::Values, None, |walk, met| {
                match met.and_then(|(key, value)| walk.check_value(&key, &value).map(|()| (key, value.len())))
                {
                    Ok((key, bytes)) => {
                        walk.report.values += 1;
                        walk.count_bytes(&key, bytes);
                    }
                    Err(damage) => walk.damage(damage),
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    fn check_value(&self, key: &Key, value: &[u8]) -> Result<(), Damage> {
        if !key.prefix().is_sealed() {
            return Ok(());
        }
        let damage = |meaning| Damage {
            key: key.stored(self.store.partition()),
            meaning,
        };
        let sealed = codec::open_any(value).map_err(|error| damage(error.to_string()))?;
        match key {
            Key::Blob { digest, .. } | Key::Definition(digest)
                if Sha256::digest(sealed.payload()).as_slice() != digest =>
            {
                Err(damage("its content has another digest than its name".to_owned()))
            }
            Key::Event { .. }
            | Key::Sequence(_)
            | Key::Snapshot { .. }
            | Key::Due { .. }
            | Key::Blob { .. }
            | Key::Definition(_)
            | Key::Delivery { .. }
            | Key::Pending(_)
            | Key::Root(_)
            | Key::Index { .. }
            | Key::Audit(_)
            | Key::Meta(_)
            | Key::Archived(_) => Ok(()),
        }
    }

    /// Visits every entry of a span, damaged ones too.
    fn each(
        &mut self,
        span: &Span,
        stage: Stage,
        total: Option<u64>,
        mut visit: impl FnMut(&mut Self, Met) -> Result<(), VerifyError>,
    ) -> Result<(), VerifyError> {
        let mut rest = Some(span.clone());
        let mut limit = PAGE;
        let mut done = 0;
        while let Some(span) = rest.take() {
            match self.store.scan(&span, limit, Direction::Ascending) {
                Ok(page) => {
                    done += u64::try_from(page.entries.len()).unwrap_or(u64::MAX);
                    for entry in page.entries {
                        visit(self, Ok(entry))?;
                    }
                    rest = page.rest;
                }
                // Step by step up to the damaged entry, then past it.
                Err(ReadError::Damaged { .. }) if limit > 1 => {
                    limit = 1;
                    rest = Some(span);
                }
                Err(ReadError::Damaged { key, meaning }) => {
                    rest = Some(span.after_stored(&key));
                    limit = PAGE;
                    visit(self, Err(Damage { key, meaning }))?;
                }
                Err(error) => return Err(error.into()),
            }
            (self.progress)(Progress { stage, done, total });
        }
        Ok(())
    }

    fn missing(&mut self, sequences: std::ops::Range<u64>) {
        for sequence in sequences {
            if self.left.has(sequence) {
                continue;
            }
            if self.lost > 0 {
                self.lost -= 1;
                continue;
            }
            self.damage_at(&Key::Sequence(sequence), "is missing: the log has a gap here");
        }
    }

    fn damage_or_stop(&mut self, error: ReadError) -> Result<(), VerifyError> {
        match error {
            ReadError::Damaged { key, meaning } => self.damage(Damage { key, meaning }),
            ReadError::MissingFrame { sequence } => {
                self.damage_at(&Key::Sequence(sequence), "points to a frame that is missing");
            }
            ReadError::Backend { .. } | ReadError::Failed { .. } => return Err(error.into()),
        }
        Ok(())
    }

    fn damage_at(&mut self, key: &Key, meaning: &str) {
        self.damage(Damage {
            key: key.stored(self.store.partition()),
            meaning: meaning.to_owned(),
        });
    }

    fn damage(&mut self, damage: Damage) {
        if self.named.insert(damage.key.clone()) {
            self.report.damaged += 1;
            self.report.first.get_or_insert(damage);
        }
    }

    fn count_bytes(&mut self, key: &Key, value_bytes: usize) {
        let bytes = key.stored(self.store.partition()).as_bytes().len() + value_bytes;
        self.report.bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
    }
}

fn damage_of(store: &impl Store, key: &Key, error: ReadError) -> Damage {
    match error {
        ReadError::Damaged { key, meaning } => Damage { key, meaning },
        other @ (ReadError::MissingFrame { .. } | ReadError::Backend { .. } | ReadError::Failed { .. }) => {
            Damage {
                key: key.stored(store.partition()),
                meaning: other.to_string(),
            }
        }
    }
}
