//! Folding everything derived again from the frames: after a restore, whose backup holds none of it.

use std::collections::BTreeSet;

use amends_engine::RootKey;
use amends_engine::root::Root;
use amends_storage::{
    Commit, CommitError, EncodeError, Frames as _, Key, Kind, Log, ReadError, Write, codec,
};
use thiserror::Error;

use crate::committer::snapshot;
use crate::reading::{LoadError, load_value, refold};
use crate::summary::{Head, summarize, writes};

const FRAMES_PER_READ: usize = 512;
const ROOTS_PER_COMMIT: usize = 64;

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

/// The marker that derived state was made in the store's epoch.
fn marker(epoch: u32) -> Key {
    Key::Meta(format!("derived/{epoch}"))
}

/// Makes derived state again if the store was restored and has none; tells `progress` how many roots are done.
///
/// # Errors
/// [`RebuildError`]; beginning again is safe.
pub fn rebuild<L: Log>(log: &mut L, mut progress: impl FnMut(usize, usize)) -> Result<usize, RebuildError> {
    let epoch = log.identity().epoch;
    if epoch == 0 || log.get(&marker(epoch))?.is_some() {
        return Ok(0);
    }
    let roots = roots(log)?;
    let total = roots.len();
    let mut commit = Commit::default();
    for (done, key) in roots.into_iter().enumerate() {
        commit.writes.extend(derived(log, &key)?);
        if done % ROOTS_PER_COMMIT == ROOTS_PER_COMMIT - 1 {
            log.commit(&std::mem::take(&mut commit))?;
            progress(done + 1, total);
        }
    }
    let done = codec::encode(Kind::Meta, 1, &total)?;
    commit.writes.push(Write::Put {
        key: marker(epoch),
        value: done,
    });
    log.commit(&commit)?;
    progress(total, total);
    Ok(total)
}

/// What is derived from the frames of one root, wherever they lie.
pub(crate) fn derived<L: Log>(log: &L, key: &RootKey) -> Result<Vec<Write>, RebuildError> {
    let Some(root) = refold(log, key)? else {
        return Ok(Vec::new());
    };
    let head = head(log, &root)?;
    let first = log.frames_of(key.as_str(), 0, 1)?;
    let created_ms = first.first().map_or(root.updated_at.0, |frame| frame.at_ms);
    let mut writes = writes(None, &summarize(&root, head, created_ms))?;
    writes.push(snapshot(&root)?);
    Ok(writes)
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

fn head<L: Log>(log: &L, root: &Root) -> Result<Head, LoadError> {
    let Some(subject) = root.subject else {
        return Ok(Head::default());
    };
    Ok(Head::of(&load_value(log, &root.key, &subject)?))
}
