//! Commands that wait for a second person, with the evidence frozen: the revision and the digest of the preview that
//! the second person decides on are those the first one saw.

use amends_engine::{Digest, Millis, RootKey};
use amends_storage::{Direction, EncodeError, Key, Kind, Prefix, ReadError, Span, Store, Write, codec};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::limits::{PENDING_MAX, PENDING_MS};
use crate::reader::Reader;
use crate::sensitive::Amounts;

const VERSION: u16 = 1;
/// Start of the names under which the store keeps them.
const PLACE: &str = "pending/";

/// A command that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// Its id, ordered by time.
    pub(crate) id: String,
    /// The order.
    pub(crate) root: String,
    /// The command with everything but the revision, JSON as it was sent.
    pub(crate) wish: String,
    /// Who wishes it.
    pub(crate) asked_by: String,
    /// When: Unix milliseconds, UTC.
    pub(crate) asked_ms: i64,
    /// The revision it is decided on.
    pub(crate) revision: u64,
    /// Its [`evidence`].
    pub(crate) digest: Digest,
    /// What it would do, JSON as it was shown.
    pub(crate) preview: String,
    /// What it moves, in minor units by currency.
    pub(crate) amounts: Amounts,
}

impl Pending {
    /// From when on it can no longer be confirmed.
    pub(crate) fn expires(&self) -> Millis {
        Millis(self.asked_ms).plus(PENDING_MS)
    }

    /// The order.
    pub(crate) fn root_key(&self) -> RootKey {
        RootKey::new(self.root.clone())
    }

    fn key(id: &str) -> Key {
        Key::Meta(format!("{PLACE}{id}"))
    }

    /// What makes it durable.
    pub(crate) fn keep(&self) -> Result<Vec<Write>, EncodeError> {
        Ok(vec![Write::Put {
            key: Self::key(&self.id),
            value: codec::encode(Kind::Meta, VERSION, self)?,
        }])
    }

    /// What ends its waiting.
    pub(crate) fn end(&self) -> Vec<Write> {
        vec![Write::Delete {
            key: Self::key(&self.id),
        }]
    }
}

/// Digest of what a preview says will be done: the calls, what changes in money and stock, and the kinds of events. Times
/// are left out: what waits for a minute waits until later when it is done later.
pub(crate) fn evidence(told: &Value) -> Digest {
    let journal = told.get("journal").and_then(Value::as_array);
    let kinds: Vec<&str> = journal.into_iter().flatten().filter_map(kind).collect();
    let seen = json!({ "calls": told.get("calls"), "ledger": told.get("ledger"), "events": kinds });
    Digest::of(seen.to_string().as_bytes())
}

/// The name of an event, of an instance's inside its wrapping.
fn kind(event: &Value) -> Option<&str> {
    let inner = event.get("Of").and_then(|of| of.get("event"));
    let fields = inner.unwrap_or(event).as_object()?;
    fields.keys().next().map(String::as_str)
}

/// The one with this id.
pub(crate) fn find(store: &Reader, id: &str) -> Result<Option<Pending>, ReadError> {
    let key = Pending::key(id);
    let value = store.get(&key)?;
    value.map(|value| decode(store, &key, &value)).transpose()
}

/// All of them, oldest first.
pub(crate) fn list(store: &Reader) -> Result<Vec<Pending>, ReadError> {
    let page = store.scan(
        &Span::starting(Prefix::Meta, PLACE),
        PENDING_MAX,
        Direction::Ascending,
    )?;
    let found = page.entries.iter().map(|(key, value)| decode(store, key, value));
    found.collect()
}

/// What forgets those that can no longer be confirmed at `now`.
pub(crate) fn forget(store: &Reader, now: Millis) -> Result<Vec<Write>, ReadError> {
    let found = list(store)?;
    let expired = found.iter().filter(|pending| pending.expires() <= now);
    Ok(expired.flat_map(Pending::end).collect())
}

fn decode(store: &Reader, key: &Key, value: &[u8]) -> Result<Pending, ReadError> {
    let decoded = codec::decode(Kind::Meta, value);
    decoded
        .map(|(_, pending)| pending)
        .map_err(|error| ReadError::Damaged {
            key: key.stored(store.partition()),
            meaning: error.to_string(),
        })
}
