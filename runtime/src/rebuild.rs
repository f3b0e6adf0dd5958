//! Folding everything derived again from the frames: after a restore, whose backup holds none of it, and after a
//! release that derives more or otherwise.

use std::collections::{BTreeMap, BTreeSet};

use amends_engine::RootKey;
use amends_engine::evolve::fold;
use amends_engine::root::Root;
use amends_storage::{
    Commit, CommitError, Direction, EncodeError, Frames as _, Key, Kind, Log, Prefix, ReadError, Span, Write,
    codec,
};
use thiserror::Error;

use crate::books::{self, Day, Row};
use crate::committer::snapshot;
use crate::find::EmailKey;
use crate::incident::{owner_entries, record_entries};
use crate::portion::Portion;
use crate::reading::{LoadError, content_of, history, load_value, refold};
use crate::summary::{About, summarize, writes};

/// Raised with every change of what is derived from the frames.
const DERIVATION: u32 = 3;
const FRAMES_PER_READ: usize = 512;
/// Orders between two reports of progress.
const ROOTS_PER_REPORT: usize = 64;
/// Entries dropped at once.
const DROPPED_AT_ONCE: usize = 2_000;

/// Why derived state could not be made again.
#[derive(Debug, Error)]
pub enum RebuildError {
    /// Something is damaged or the store failed.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The store failed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// A root is too large for the store.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// The marker that derived state was made in the store's epoch, by this release's derivation.
fn marker(epoch: u32) -> Key {
    Key::Meta(format!("derived/{epoch}/{DERIVATION}"))
}

/// Makes derived state again if the store was restored and has none, or has that of another derivation; tells
/// `progress` how many roots are done.
///
/// # Errors
/// [`RebuildError`]; beginning again is safe.
pub fn rebuild<L: Log>(log: &mut L, progress: impl FnMut(usize, usize)) -> Result<usize, RebuildError> {
    if log.get(&marker(log.identity().epoch))?.is_some() {
        return Ok(0);
    }
    rebuild_all(log, progress)
}

/// Drops everything derived and makes it again from the frames. It needs memory for one root and the keys of all.
///
/// # Errors
/// [`RebuildError`]; beginning again is safe.
pub fn rebuild_all<L: Log>(
    log: &mut L,
    mut progress: impl FnMut(usize, usize),
) -> Result<usize, RebuildError> {
    drop_derived(log)?;
    let key = email_key(log)?;
    let roots = roots(log)?;
    let total = roots.len();
    let mut portion = Portion::default();
    for (done, root) in roots.into_iter().enumerate() {
        let writes = derived(log, &root, &key)?;
        portion.add_writes(writes, log)?;
        if (done + 1) % ROOTS_PER_REPORT == 0 {
            progress(done + 1, total);
        }
    }
    for root in left(log)? {
        portion.add_writes(day_rows(log, &root)?, log)?;
    }
    for write in record_entries(log)?.into_iter().chain(owner_entries(log)?) {
        portion.add_writes(vec![write], log)?;
    }
    portion.end(log)?;
    let mark = Write::Put {
        key: marker(log.identity().epoch),
        value: codec::encode(Kind::Meta, 1, &total)?,
    };
    portion.add_writes(vec![mark], log)?;
    portion.end(log)?;
    progress(total, total);
    Ok(total)
}

fn drop_derived<L: Log>(log: &mut L) -> Result<(), RebuildError> {
    for prefix in Prefix::ALL.into_iter().filter(|prefix| prefix.is_derived()) {
        loop {
            let page = log.scan(&Span::all(prefix), DROPPED_AT_ONCE, Direction::Ascending)?;
            if page.entries.is_empty() {
                break;
            }
            let keys = page.entries.into_iter().map(|(key, _)| key);
            log.commit(&Commit {
                writes: keys.map(|key| Write::Delete { key }).collect(),
                ..Commit::default()
            })?;
        }
    }
    Ok(())
}

/// The key that e-mail addresses are found by, made if there is none.
pub(crate) fn email_key<L: Log>(log: &mut L) -> Result<EmailKey, RebuildError> {
    if let Some(key) = EmailKey::read(log)? {
        return Ok(key);
    }
    let (key, write) = EmailKey::make()?;
    log.commit(&Commit {
        writes: vec![write],
        ..Commit::default()
    })?;
    Ok(key)
}

/// What is derived from the frames of one root, wherever they lie.
pub(crate) fn derived<L: Log>(log: &L, key: &RootKey, email: &EmailKey) -> Result<Vec<Write>, RebuildError> {
    let Some(root) = refold(log, key)? else {
        return Ok(Vec::new());
    };
    let first = log.frames_of(key.as_str(), 0, 1)?;
    let created_ms = first.first().map_or(root.updated_at.0, |frame| frame.at_ms);
    let about = about(log, &root, email)?;
    let mut writes = writes(None, &summarize(&root, about, created_ms))?;
    writes.push(snapshot(&root)?);
    writes.extend(day_rows(log, key)?);
    Ok(writes)
}

/// The rows of an order in the day books, folded from its frames alone: what is in the store already does not count.
fn day_rows<L: Log>(log: &L, key: &RootKey) -> Result<Vec<Write>, RebuildError> {
    let (mut root, mut rows) = (Root::new(key.clone()), BTreeMap::<Day, Row>::new());
    loop {
        let frames = history(log, key, root.sequence, FRAMES_PER_READ)?;
        if frames.is_empty() {
            break;
        }
        for (_, at, events) in frames {
            fold(&mut root, &events, at);
            if events.iter().any(books::moves_money) {
                let row = rows.entry(Day::of(at)).or_default();
                books::add(row, &root, &events, |digest| content_of(log, key, digest));
            }
        }
    }
    let writes = rows.iter().map(|(day, row)| Ok(books::kept(key, *day, row)?));
    writes.collect()
}

/// Orders that have left for archives: of what is derived only their rows in the day books are in the store.
fn left<L: Log>(log: &L) -> Result<Vec<RootKey>, ReadError> {
    let mut roots = Vec::new();
    let mut next = Some(Span::all(Prefix::Archived));
    while let Some(span) = next.take() {
        let page = log.scan(&span, DROPPED_AT_ONCE, Direction::Ascending)?;
        roots.extend(page.entries.into_iter().filter_map(|(key, _)| {
            let Key::Archived(root) = key else { return None };
            Some(RootKey::new(root))
        }));
        next = page.rest;
    }
    Ok(roots)
}

fn roots<L: Log>(log: &L) -> Result<BTreeSet<RootKey>, ReadError> {
    let mut roots = BTreeSet::new();
    let mut next = 1;
    loop {
        let frames = log.frames_from(next, FRAMES_PER_READ)?;
        let Some(last) = frames.last() else {
            return Ok(roots);
        };
        next = last.sequence + 1;
        roots.extend(frames.into_iter().map(|frame| RootKey::new(frame.root)));
    }
}

fn about<L: Log>(log: &L, root: &Root, email: &EmailKey) -> Result<About, LoadError> {
    let Some(subject) = root.subject else {
        return Ok(About::default());
    };
    Ok(About::of(&load_value(log, &root.key, &subject)?, email))
}
