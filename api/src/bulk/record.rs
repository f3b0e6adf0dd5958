//! Jobs and their items in the store.

use amends_engine::Millis;
use amends_storage::{Direction, EncodeError, Key, Kind, Prefix, ReadError, Span, Store as _, Write, codec};
use serde::de::DeserializeOwned;

use super::{Item, Job};
use crate::limits::BULK_JOBS_MAX;
use crate::reader::Reader;

const VERSION: u16 = 1;
/// Start of the names under which the store keeps jobs.
const JOBS: &str = "bulk/";
/// Start of the names under which it keeps their items.
const ITEMS: &str = "bulk-item/";

fn place(id: &str) -> Key {
    Key::Meta(format!("{JOBS}{id}"))
}

fn item_place(id: &str, position: u32) -> Key {
    Key::Meta(format!("{ITEMS}{id}/{position:08}"))
}

/// What makes `job` durable, with its items from the position `from` on.
pub(crate) fn keep(job: &Job, from: u32, items: &[Item]) -> Result<Vec<Write>, EncodeError> {
    let mut writes = vec![Write::Put {
        key: place(&job.id),
        value: codec::encode(Kind::Meta, VERSION, job)?,
    }];
    for (position, item) in (from..=u32::MAX).zip(items) {
        writes.push(Write::Put {
            key: item_place(&job.id, position),
            value: codec::encode(Kind::Meta, VERSION, item)?,
        });
    }
    Ok(writes)
}

/// The job with this id.
pub(crate) fn find(store: &Reader, id: &str) -> Result<Option<Job>, ReadError> {
    let key = place(id);
    let value = store.get(&key)?;
    value.map(|value| decode(store, &key, &value)).transpose()
}

/// All jobs, newest first.
pub(crate) fn list(store: &Reader) -> Result<Vec<Job>, ReadError> {
    let span = Span::starting(Prefix::Meta, JOBS);
    let page = store.scan(&span, BULK_JOBS_MAX, Direction::Descending)?;
    let found = page.entries.iter().map(|(key, value)| decode(store, key, value));
    found.collect()
}

/// Up to `limit` items of a job from the position `from` on.
pub(crate) fn items(store: &Reader, id: &str, from: u32, limit: usize) -> Result<Vec<Item>, ReadError> {
    let mut found = Vec::new();
    for position in (from..=u32::MAX).take(limit) {
        let key = item_place(id, position);
        let Some(value) = store.get(&key)? else { break };
        found.push(decode(store, &key, &value)?);
    }
    Ok(found)
}

/// What forgets the oldest job that has expired at `now`: one with every new one, so that they do not grow more.
pub(crate) fn forget(store: &Reader, now: Millis) -> Result<Vec<Write>, ReadError> {
    let jobs = list(store)?;
    let expired = |job: &&Job| job.expires().is_some_and(|at| at <= now);
    let Some(job) = jobs.iter().rev().find(expired) else {
        return Ok(Vec::new());
    };
    let items = (0..job.orders).map(|position| item_place(&job.id, position));
    let keys = items.chain([place(&job.id)]);
    Ok(keys.map(|key| Write::Delete { key }).collect())
}

fn decode<T: DeserializeOwned>(store: &Reader, key: &Key, value: &[u8]) -> Result<T, ReadError> {
    let decoded = codec::decode(Kind::Meta, value);
    decoded
        .map(|(_, found)| found)
        .map_err(|error| ReadError::Damaged {
            key: key.stored(store.partition()),
            meaning: error.to_string(),
        })
}
