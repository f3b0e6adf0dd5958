//! Finished orders leave for archives.

use amends_storage::Store;
use amends_storage::archive::{Archived, collect};

use super::{Retention, RetentionError, STEP_ENTRIES};
use crate::rest::{since, terms};
use crate::shelf::Leaving;
use crate::summary::read_summary;

/// A file with fewer orders waits until the oldest of them has been due for a day, so that a small shop makes one file
/// a day.
const ORDERS_MIN: usize = 1_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Orders that leave in one commit; each has some hundred records.
const ORDERS_PER_STEP: usize = STEP_ENTRIES / 32;

impl<R: Store + Clone + Send + Sync + 'static> Retention<R> {
    /// Archives orders at rest since before `before`, a file at a time.
    pub(super) async fn archive_orders(&self, before: i64, now: i64) -> Result<usize, RetentionError> {
        let patience = self.rules.orders_ms.min(DAY_MS);
        let mut left = 0;
        loop {
            let _alone = self.upkeep.lock().await;
            let written = self
                .read(move |reader| {
                    if worth_a_file(reader, before, patience)? {
                        write_file(reader, before, now)
                    } else {
                        Ok(Vec::new())
                    }
                })
                .await?;
            if written.is_empty() {
                return Ok(left);
            }
            for step in written.chunks(ORDERS_PER_STEP) {
                let step = step.to_vec();
                let leaving = self.read(move |reader| read_back(reader, &step)).await?;
                left += leaving.len();
                self.handle.retire(leaving).await?;
            }
        }
    }
}

fn worth_a_file<R: Store>(reader: &R, before: i64, patience: i64) -> Result<bool, RetentionError> {
    let oldest = since(reader, before - patience, 1)?;
    Ok(!oldest.is_empty() || since(reader, before, ORDERS_MIN)?.len() >= ORDERS_MIN)
}

/// Writes as many of them as one file takes, and seals it.
fn write_file<R: Store>(
    reader: &R,
    before: i64,
    now: i64,
) -> Result<Vec<(String, Archived)>, RetentionError> {
    let Some(archive) = reader.archive() else {
        return Ok(Vec::new());
    };
    let newest = reader.applied_sequence();
    let mut draft = archive.begin(reader.identity(), now)?;
    let mut written = Vec::new();
    for root in since(reader, before, amends_storage::limits::ARCHIVE_ROOTS_MAX)? {
        if !draft.has_room() {
            break;
        }
        let Some(summary) = read_summary(reader, &root)? else {
            continue;
        };
        let Some(entry) = collect(reader, &root, terms(&summary))? else {
            tracing::warn!(root, "the order is too large to be archived and stays");
            continue;
        };
        if entry.frames.iter().all(|frame| frame.sequence < newest) {
            let at = draft.add(&entry)?;
            written.push((root, at));
        }
    }
    if !written.is_empty() {
        draft.seal()?;
    }
    Ok(written)
}

/// What was written is read back before anything of it leaves the store.
fn read_back<R: Store>(reader: &R, written: &[(String, Archived)]) -> Result<Vec<Leaving>, RetentionError> {
    let Some(archive) = reader.archive() else {
        return Ok(Vec::new());
    };
    let leaving = written.iter().map(|(root, at)| {
        Ok(Leaving {
            entry: archive.read(root, at)?,
            at: at.clone(),
        })
    });
    leaving.collect()
}
