//! What is kept of looking at a shop by ourselves: since when, how far, and what was found.
//!
//! Each entry has one writer, the task that looks.

use amends_engine::Millis;
use amends_storage::{EncodeError, Key, Kind, ReadError, Store, Write, codec};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

const VERSION: u16 = 1;
/// Gaps kept; the oldest gives way. The count says how many there were.
const GAPS_MAX: usize = 200;

/// How far the sweep of one shop has come on one shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepCursor {
    /// From when on orders were asked for: Unix milliseconds, UTC.
    pub since_ms: i64,
    /// The newest change seen: Unix milliseconds, UTC.
    pub seen_ms: i64,
}

impl SweepCursor {
    /// What is kept about the part `shown` or `bin` of `shop`; `None` before the first walk.
    ///
    /// # Errors
    /// [`ReadError`] when the store failed or the entry is damaged.
    pub fn read<S: Store>(store: &S, shop: &str, part: &str) -> Result<Option<Self>, ReadError> {
        read(store, &format!("sweep/{shop}/{part}"))
    }

    /// What keeps it.
    ///
    /// # Errors
    /// [`EncodeError`] when it is too large.
    pub fn write(self, shop: &str, part: &str) -> Result<Write, EncodeError> {
        write(format!("sweep/{shop}/{part}"), &Some(self))
    }
}

/// What the sweeps of one shop found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SweepReport {
    /// When the last finished sweep began: Unix milliseconds, UTC.
    pub last_ms: Option<i64>,
    /// Sweeps in a row that did not finish.
    pub failures: u32,
    /// Since when changes are found that no delivery told, with no delivery of the shop since: Unix milliseconds, UTC.
    pub untold_since_ms: Option<i64>,
    /// Looks so far at which an order had news that no delivery had told.
    pub gaps_total: u64,
    /// The newest of them, newest last.
    pub gaps: Vec<Gap>,
}

/// An order with news that only a sweep told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The order.
    pub root: String,
    /// When the shop says it changed: Unix milliseconds, UTC.
    pub modified_ms: i64,
    /// When the sweep found it: Unix milliseconds, UTC.
    pub found_ms: i64,
}

/// How far the full compare of one shop is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CompareReport {
    /// The one under way.
    pub running: Option<CompareRun>,
    /// The last that finished.
    pub finished: Option<CompareRun>,
}

/// One full compare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompareRun {
    /// When it began: Unix milliseconds, UTC.
    pub begun_ms: i64,
    /// When it ended: Unix milliseconds, UTC; 0 while it runs.
    pub ended_ms: i64,
    /// Orders changed or known since then are compared: Unix milliseconds, UTC.
    pub since_ms: i64,
    /// What is next.
    pub stage: CompareStage,
    /// Orders looked at.
    pub orders: u64,
    /// Those with news.
    pub news: u64,
}

/// What a full compare does next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum CompareStage {
    /// Look at all that the shop lists, by date of change.
    Listed {
        /// From this date on: Unix milliseconds, UTC.
        from_ms: i64,
    },
    /// Ask whether all that is known is still there.
    Known {
        /// After this root; empty for the first.
        after: String,
    },
}

impl SweepReport {
    /// What is kept about `shop`; the default when nothing is.
    ///
    /// # Errors
    /// [`ReadError`] when the store failed or the entry is damaged.
    pub fn read<S: Store>(store: &S, shop: &str) -> Result<Self, ReadError> {
        read(store, &format!("sweep/{shop}/report"))
    }

    /// What keeps it.
    ///
    /// # Errors
    /// [`EncodeError`] when it is too large.
    pub fn write(&self, shop: &str) -> Result<Write, EncodeError> {
        write(format!("sweep/{shop}/report"), self)
    }

    /// Adds an order that only the sweep told about.
    pub fn add(&mut self, gap: Gap) {
        self.untold_since_ms.get_or_insert(gap.found_ms);
        self.gaps_total += 1;
        self.gaps.push(gap);
        let surplus = self.gaps.len().saturating_sub(GAPS_MAX);
        self.gaps.drain(..surplus);
    }

    /// For how long the shop has been silent at `now` although its orders change, in milliseconds; the last time it
    /// delivered clears what was untold before.
    pub fn silent_ms(&mut self, delivered: Option<Millis>, now: Millis) -> Option<i64> {
        if delivered.is_some_and(|at| Some(at.0) > self.untold_since_ms) {
            self.untold_since_ms = None;
        }
        let untold_since = Millis(self.untold_since_ms?);
        Some(now.since(untold_since))
    }
}

impl CompareReport {
    /// What is kept about `shop`; the default when nothing is.
    ///
    /// # Errors
    /// [`ReadError`] when the store failed or the entry is damaged.
    pub fn read<S: Store>(store: &S, shop: &str) -> Result<Self, ReadError> {
        read(store, &format!("compare/{shop}"))
    }

    /// What keeps it.
    ///
    /// # Errors
    /// [`EncodeError`] when it is too large.
    pub fn write(&self, shop: &str) -> Result<Write, EncodeError> {
        write(format!("compare/{shop}"), self)
    }
}

/// When this store first met `shop`: Unix milliseconds, UTC; `None` when it never did.
///
/// # Errors
/// [`ReadError`] when the store failed or the entry is damaged.
pub fn first_met<S: Store>(store: &S, shop: &str) -> Result<Option<Millis>, ReadError> {
    let met_ms: Option<i64> = read(store, &met(shop))?;
    Ok(met_ms.map(Millis))
}

/// What keeps when this store first met `shop`.
///
/// # Errors
/// [`EncodeError`] when it is too large.
pub fn meet(shop: &str, at: Millis) -> Result<Write, EncodeError> {
    write(met(shop), &Some(at.0))
}

fn met(shop: &str) -> String {
    format!("sweep/{shop}/met")
}

fn read<S: Store, T: DeserializeOwned + Default>(store: &S, name: &str) -> Result<T, ReadError> {
    let key = Key::Meta(name.to_owned());
    let Some(sealed) = store.get(&key)? else {
        return Ok(T::default());
    };
    codec::decode(Kind::Meta, &sealed)
        .map(|(_, value)| value)
        .map_err(|error| ReadError::Damaged {
            key: key.stored(store.partition()),
            meaning: error.to_string(),
        })
}

fn write<T: Serialize>(name: String, value: &T) -> Result<Write, EncodeError> {
    Ok(Write::Put {
        key: Key::Meta(name),
        value: codec::encode(Kind::Meta, VERSION, value)?,
    })
}
