//! What arrived, as it is kept.

use amends_engine::Millis;
use amends_storage::{EncodeError, Key, Kind, ReadError, Store, Write, codec};
use serde::{Deserialize, Serialize};

/// Something that arrived and is not stored yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The shop or connector it came from, as named in the configuration.
    pub source: String,
    /// What it seems to be, in one word, for lists.
    pub kind: String,
    /// The headers worth keeping.
    pub headers: Vec<(String, String)>,
    /// The raw body.
    pub body: Vec<u8>,
}

/// Something that arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The shop or connector it came from, as named in the configuration.
    pub source: String,
    /// When: Unix milliseconds, UTC.
    pub received_ms: i64,
    /// Its id, unique in the store and ordered by time.
    pub id: String,
    /// What it seems to be, in one word, for lists.
    pub kind: String,
    /// The headers worth keeping.
    pub headers: Vec<(String, String)>,
    /// The raw body.
    pub body: Vec<u8>,
    /// What became of it.
    pub state: DeliveryState,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeliveryState {
    /// It waits to be understood.
    Pending,
    /// It was understood.
    Done {
        /// The order it is about, if any.
        root: Option<String>,
        /// What it meant, for people.
        note: String,
    },
    /// It cannot be understood.
    Failed {
        /// Why, for people.
        reason: String,
    },
}

/// An arrival as a delivery, and what keeps it.
pub(crate) fn kept(arrival: Arrival, now: Millis) -> Result<(Delivery, Vec<Write>), EncodeError> {
    let delivery = Delivery {
        source: arrival.source,
        received_ms: now.0,
        id: uuid::Uuid::now_v7().simple().to_string(),
        kind: arrival.kind,
        headers: arrival.headers,
        body: arrival.body,
        state: DeliveryState::Pending,
    };
    let pending = codec::encode(Kind::Pending, 1, &(&delivery.source, delivery.received_ms))?;
    let writes = vec![
        delivery.write()?,
        Write::Put {
            key: Key::Pending(delivery.id.clone()),
            value: pending,
        },
    ];
    Ok((delivery, writes))
}

/// When an id was made: Unix milliseconds, UTC, by the wall clock.
pub(crate) fn made_ms(id: &str) -> Option<i64> {
    let (seconds, nanos) = uuid::Uuid::try_parse(id).ok()?.get_timestamp()?.to_unix();
    i64::try_from(seconds.saturating_mul(1_000))
        .ok()?
        .checked_add(i64::from(nanos / 1_000_000))
}

impl Delivery {
    /// Its place in the store.
    pub(crate) fn key(&self) -> Key {
        Key::Delivery {
            shop: self.source.clone(),
            received_ms: self.received_ms,
            id: self.id.clone(),
        }
    }

    /// What keeps it.
    pub(crate) fn write(&self) -> Result<Write, EncodeError> {
        Ok(Write::Put {
            key: self.key(),
            value: codec::encode(Kind::Delivery, 1, self)?,
        })
    }

    /// The header called `name`, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

pub(crate) fn decode<R: Store>(reader: &R, key: &Key, value: &[u8]) -> Result<Delivery, ReadError> {
    let damaged = |error: amends_storage::DecodeError| ReadError::Damaged {
        key: key.stored(reader.partition()),
        meaning: error.to_string(),
    };
    codec::decode(Kind::Delivery, value)
        .map(|(_, delivery)| delivery)
        .map_err(damaged)
}
