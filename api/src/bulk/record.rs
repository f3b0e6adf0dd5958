//! Jobs and their items in the store.

use amends_engine::Millis;
use amends_storage::{Direction, EncodeError, Key, Kind, Prefix, ReadError, Span, Store as _, Write, codec};
use serde::de::DeserializeOwned;

use super::{Item, Job};
use crate::limits::{BULK_JOBS_MAX, BULK_WRITTEN_AT_ONCE};
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

/// What makes `job` durable, with a few of its items from the position `from` on.
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

/// What makes the items of a job durable before the job is, in lists that the store takes at once. Without their job nobody
/// sees them.
pub(crate) fn keep_items(id: &str, items: &[Item]) -> Result<Vec<Vec<Write>>, EncodeError> {
    let positions: Vec<(u32, &Item)> = (0..=u32::MAX).zip(items).collect();
    let lists = positions.chunks(BULK_WRITTEN_AT_ONCE).map(|some| {
        let writes = some.iter().map(|(position, item)| {
            Ok(Write::Put {
                key: item_place(id, *position),
                value: codec::encode(Kind::Meta, VERSION, *item)?,
            })
        });
        writes.collect()
    });
    lists.collect()
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

/// What forgets the oldest job that has expired at `now`: one with every new one, so that they do not grow more. In lists that
/// the store takes at once, the job itself last, so that what breaks off is forgotten the next time.
pub(crate) fn forget(store: &Reader, now: Millis) -> Result<Vec<Vec<Write>>, ReadError> {
    let jobs = list(store)?;
    let expired = |job: &&Job| job.expires().is_some_and(|at| at <= now);
    let oldest = jobs.iter().rev().find(expired);
    Ok(oldest.map_or_else(Vec::new, |job| forgotten(&job.id, job.orders)))
}

fn forgotten(id: &str, orders: u32) -> Vec<Vec<Write>> {
    let items = (0..orders).map(|position| item_place(id, position));
    let keys: Vec<Key> = items.chain([place(id)]).collect();
    let lists = keys.chunks(BULK_WRITTEN_AT_ONCE);
    let delete = |key: &Key| Write::Delete { key: key.clone() };
    lists.map(|some| some.iter().map(delete).collect()).collect()
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

#[cfg(test)]
mod tests {
    use amends_storage::limits::COMMIT_ENTRIES_MAX;

    use super::*;
    use crate::limits::BULK_ORDERS_MAX;

    #[test]
    fn the_largest_job_is_forgotten_in_lists_the_store_takes() {
        let orders = u32::try_from(BULK_ORDERS_MAX).unwrap();
        let lists = forgotten("job", orders);
        assert!(lists.iter().all(|list| list.len() < COMMIT_ENTRIES_MAX / 2));
        let all: Vec<&Write> = lists.iter().flatten().collect();
        assert_eq!(all.len(), BULK_ORDERS_MAX + 1);
        let last = Write::Delete { key: place("job") };
        assert_eq!(all.last(), Some(&&last), "the job goes last");
    }
}
