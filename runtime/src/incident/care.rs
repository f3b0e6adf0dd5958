//! Who looks after an incident, and until when it need not be looked at.

use amends_storage::{Direction, EncodeError, Key, Kind, Prefix, ReadError, Span, Store, Write, codec};
use serde::{Deserialize, Serialize};

use super::IncidentRow;
use crate::find::index;
use crate::reading::damaged;

const VERSION: u16 = 1;
const PLACE: &str = "care/";

/// Who looks after an incident, and until when it need not be looked at. It ends with the incident.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Care {
    /// Who looks after it.
    pub owner: Option<String>,
    /// Until when lists leave it out: Unix milliseconds, UTC.
    pub snoozed_until_ms: Option<i64>,
    /// When the incident was opened: what its owner's list is ordered by.
    pub opened_ms: i64,
}

impl Care {
    /// Whether lists leave it out at `now_ms`.
    pub fn is_snoozed(&self, now_ms: i64) -> bool {
        self.snoozed_until_ms.is_some_and(|until| until > now_ms)
    }
}

fn place(id: &str) -> Key {
    Key::Meta(format!("{PLACE}{id}"))
}

/// How the incident `id` is looked after.
///
/// # Errors
/// [`ReadError`] when the store failed or the entry is damaged.
pub fn care_of<S: Store>(store: &S, id: &str) -> Result<Care, ReadError> {
    let key = place(id);
    let Some(sealed) = store.get(&key)? else {
        return Ok(Care::default());
    };
    decode(store, &key, &sealed)
}

/// What gives an incident to `owner`, or to nobody.
///
/// # Errors
/// [`EncodeError`] when the name is too long.
pub fn assign(row: &IncidentRow, owner: Option<String>) -> Result<Vec<Write>, EncodeError> {
    let mut writes = Vec::new();
    if let Some(before) = &row.care.owner {
        let key = owner_key(before, row.opened_ms, &row.id);
        writes.push(Write::Delete { key });
    }
    if let Some(owner) = &owner {
        let key = owner_key(owner, row.opened_ms, &row.id);
        writes.push(Write::Put {
            key,
            value: Vec::new(),
        });
    }
    writes.push(keep(row, owner, row.care.snoozed_until_ms)?);
    Ok(writes)
}

/// What leaves an incident out of lists until a time, or no longer.
///
/// # Errors
/// [`EncodeError`] when it cannot be stored.
pub fn snooze(row: &IncidentRow, until_ms: Option<i64>) -> Result<Vec<Write>, EncodeError> {
    Ok(vec![keep(row, row.care.owner.clone(), until_ms)?])
}

fn keep(
    row: &IncidentRow,
    owner: Option<String>,
    snoozed_until_ms: Option<i64>,
) -> Result<Write, EncodeError> {
    let key = place(&row.id);
    if owner.is_none() && snoozed_until_ms.is_none() {
        return Ok(Write::Delete { key });
    }
    let care = Care {
        owner,
        snoozed_until_ms,
        opened_ms: row.opened_ms,
    };
    let value = codec::encode(Kind::Meta, VERSION, &care)?;
    Ok(Write::Put { key, value })
}

/// What ends the care for an incident that is closed.
pub(crate) fn forget<S: Store>(store: &S, id: &str, opened_ms: i64) -> Result<Vec<Write>, ReadError> {
    let key = place(id);
    let Some(sealed) = store.get(&key)? else {
        return Ok(Vec::new());
    };
    let owner = decode(store, &key, &sealed)?.owner;
    let entry = owner.map(|owner| owner_key(&owner, opened_ms, id));
    Ok(entry
        .into_iter()
        .chain([key])
        .map(|key| Write::Delete { key })
        .collect())
}

/// The index entries of all owners: made again with the other read models.
pub(crate) fn owner_entries<S: Store>(store: &S) -> Result<Vec<Write>, ReadError> {
    let (mut writes, mut rest) = (Vec::new(), Some(Span::starting(Prefix::Meta, PLACE)));
    while let Some(span) = rest.take() {
        let page = store.scan(&span, 256, Direction::Ascending)?;
        for (key, sealed) in &page.entries {
            let Key::Meta(name) = key else { continue };
            let id = name.strip_prefix(PLACE).unwrap_or(name);
            let care = decode(store, key, sealed)?;
            writes.extend(care.owner.map(|owner| Write::Put {
                key: owner_key(&owner, care.opened_ms, id),
                value: Vec::new(),
            }));
        }
        rest = page.rest;
    }
    Ok(writes)
}

fn owner_key(owner: &str, opened_ms: i64, id: &str) -> Key {
    index::aged(index::INCIDENT_OWNER, owner, opened_ms, id)
}

fn decode<S: Store>(store: &S, key: &Key, sealed: &[u8]) -> Result<Care, ReadError> {
    let decoded = codec::decode(Kind::Meta, sealed);
    decoded
        .map(|(_, care)| care)
        .map_err(|error| damaged(store, key, &error))
}
