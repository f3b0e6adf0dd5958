//! Orders that look like one and the same, found by the digest their subjects carry.
//!
//! The index entry is written with the frame that reveals the order, so of two orders taken in at once at least the
//! one that became durable later finds the other.

use amends_engine::{RootKey, Value};
use amends_storage::{Direction, Key, ReadError, Span, Store};

use crate::summary::read_summary;

/// The index's name.
pub(crate) const ALIKE: &str = "alike";
/// Entries read at once.
const PAGE: usize = 256;

/// An order among those that look the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike {
    /// The order.
    pub root: RootKey,
    /// When it was placed: Unix milliseconds, UTC, by the shop's clock.
    pub placed_ms: i64,
}

impl Alike {
    /// The earlier of two: by the time of placing, then by the shop's number, which counts up. It does not depend on
    /// which arrived first.
    pub fn is_before(&self, other: &Self) -> bool {
        let rank = |it: &Self| (it.placed_ms, it.root.as_str().len(), it.root.as_str().to_owned());
        rank(self) < rank(other)
    }
}

/// What the subject of an order says about its looks: digest and time of placing.
pub(crate) fn looks(subject: &Value) -> Option<(String, i64)> {
    let likeness = subject
        .get("likeness")?
        .as_text()
        .filter(|text| !text.is_empty())?;
    let placed_ms = subject.get("created_ms")?.as_int()?;
    Some((likeness.to_owned(), placed_ms))
}

/// The value of the index: the time stands in it so that nothing else has to be read.
pub(crate) fn index_value(likeness: &str, placed_ms: i64) -> String {
    format!("{likeness}/{:015}", placed_ms.max(0))
}

/// All known orders of this likeness.
pub(crate) fn of_likeness<S: Store>(store: &S, likeness: &str) -> Result<Vec<Alike>, ReadError> {
    let mut found = Vec::new();
    let mut span = Some(Span::index_starting(ALIKE, &format!("{likeness}/")));
    while let Some(rest) = span.take() {
        let page = store.scan(&rest, PAGE, Direction::Ascending)?;
        found.extend(page.entries.iter().filter_map(|(key, _)| alike(key)));
        span = page.rest;
    }
    Ok(found)
}

/// The order `root` with all that look like it; `None` when nothing is known of its looks.
pub(crate) fn around<S: Store>(store: &S, root: &RootKey) -> Result<Option<(Alike, Vec<Alike>)>, ReadError> {
    let Some(summary) = read_summary(store, root.as_str())? else {
        return Ok(None);
    };
    let Some((likeness, placed_ms)) = summary.looks else {
        return Ok(None);
    };
    let own = Alike {
        root: root.clone(),
        placed_ms,
    };
    let mut others = of_likeness(store, &likeness)?;
    others.retain(|other| other.root != *root);
    Ok(Some((own, others)))
}

fn alike(key: &Key) -> Option<Alike> {
    let Key::Index { value, root, .. } = key else {
        return None;
    };
    let (_, time) = value.rsplit_once('/')?;
    Some(Alike {
        root: RootKey::new(root.clone()),
        placed_ms: time.parse().ok()?,
    })
}
