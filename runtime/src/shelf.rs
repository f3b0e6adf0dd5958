//! Roots leave for an archive, and come back when something new happens to them.
//!
//! The committer does both, since it alone knows what comes before what: a root leaves only if nothing happened to it
//! since it was written to its file, and it is back before the frame that is about it.

use amends_engine::RootKey;
use amends_storage::archive::{self, Archived, Entry};
use amends_storage::limits::COMMIT_ENTRIES_MAX;
use amends_storage::{
    ArchiveError, Commit, CommitError, EncodeError, Frames as _, Key, Kind, Log, ReadError, Store, Write,
    codec,
};

use crate::rebuild::{RebuildError, derived, email_key};
use crate::rest::Term;
use crate::summary::{index_keys, read_summary};

/// A root that may leave: it is in a sealed file.
#[derive(Debug, Clone)]
pub(crate) struct Leaving {
    /// As it was read back from the file.
    pub(crate) entry: std::sync::Arc<Entry>,
    /// Where it lies there.
    pub(crate) at: Archived,
}

/// Why a root could neither leave nor come back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShelfError {
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error(transparent)]
    Derive(#[from] RebuildError),
}

/// Lets roots leave, as many in one commit as it takes; those that moved meanwhile stay. Gives those that left.
pub(crate) fn leave<L: Log>(log: &mut L, leaving: &[Leaving]) -> Result<Vec<String>, ShelfError> {
    let (mut whole, mut left) = (Commit::default(), Vec::new());
    let mut last = left_up_to(log)?;
    for Leaving { entry, at } in leaving {
        let root = entry.root.as_str();
        let stays = log.head_of(root)? != entry.head()
            || at.last_sequence >= log.last_sequence()
            || archive::archived(log, root)?.is_some();
        if stays {
            continue;
        }
        let mut commit = entry.leave(at)?;
        if let Some(summary) = read_summary(log, root)? {
            let keys = index_keys(&summary).into_iter();
            commit.writes.extend(keys.map(|key| Write::Delete { key }));
        }
        last = last.max(at.last_sequence);
        commit.writes.push(Write::Put {
            key: mark(),
            value: codec::encode(Kind::Meta, 1, &last)?,
        });
        if entries(&whole) + entries(&commit) > COMMIT_ENTRIES_MAX {
            log.commit(&std::mem::take(&mut whole))?;
        }
        whole.writes.extend(commit.writes);
        whole.leaving.extend(commit.leaving);
        left.push(root.to_owned());
    }
    if !left.is_empty() {
        log.commit(&whole)?;
    }
    Ok(left)
}

fn entries(commit: &Commit) -> usize {
    commit.writes.len() + commit.leaving.len()
}

/// Brings `root` back if it has left, and folds what lists show of it anew.
pub(crate) fn come_back<L: Log>(log: &mut L, root: &str) -> Result<(), ShelfError> {
    let Some(entry) = archive::entry_of(log, root)? else {
        return Ok(());
    };
    let mut commit = entry.come_back();
    let email = email_key(log)?;
    commit.writes.extend(derived(log, &RootKey::new(root), &email)?);
    log.commit(&commit)?;
    tracing::info!(root, "an archived order has news and is back");
    Ok(())
}

fn mark() -> Key {
    Key::Meta("archive/last-sequence".to_owned())
}

/// The highest sequence that has ever left for an archive; 0 when nothing has. From there on the journal has every
/// frame.
///
/// # Errors
/// [`ReadError`] when the store failed or the entry is damaged.
pub fn left_up_to<S: Store>(store: &S) -> Result<u64, ReadError> {
    let key = mark();
    let Some(sealed) = store.get(&key)? else {
        return Ok(0);
    };
    match codec::decode(Kind::Meta, &sealed) {
        Ok((_, last)) => Ok(last),
        Err(error) => Err(ReadError::Damaged {
            key: key.stored(store.partition()),
            meaning: error.to_string(),
        }),
    }
}

/// Whether `root` has left for an archive.
///
/// # Errors
/// [`ReadError`] when the store failed or the entry is damaged.
pub fn is_archived<S: Store>(store: &S, root: &RootKey) -> Result<bool, ReadError> {
    Ok(archive::archived(store, root.as_str())?.is_some())
}

/// Archived roots that `term` with `value` leads to, newest first, at most `limit`.
///
/// # Errors
/// [`ArchiveError`] when an archive or the store cannot be read.
pub fn find_archived<S: Store>(
    store: &S,
    term: Term,
    value: &str,
    limit: usize,
) -> Result<Vec<RootKey>, ArchiveError> {
    let roots = archive::find(store, &term.of(value), limit)?;
    Ok(roots.into_iter().map(RootKey::new).collect())
}
