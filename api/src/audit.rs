//! The audit trail: who did or saw what, beside the journals of the orders.

use std::sync::atomic::{AtomicU64, Ordering};

use amends_engine::Millis;
use amends_runtime::{Handle, Stopped};
use amends_storage::{Direction, EncodeError, Key, Kind, Prefix, ReadError, Span, Store, Write, codec};
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

const VERSION: u16 = 1;

/// One line. Free of personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When: Unix milliseconds, UTC.
    pub at_ms: i64,
    /// Who: the name of a token.
    pub actor: String,
    /// What: an act of [`crate::role::Act`], `denied` where the role forbade one, `refused` where the engine did.
    pub action: String,
    /// To what: an order, a delivery, a connector.
    pub subject: String,
    /// Why, or what came of it.
    pub detail: String,
}

impl Line {
    /// A line written now.
    pub fn new(at: Millis, actor: &str, action: &str, subject: impl Into<String>) -> Self {
        Self {
            at_ms: at.0,
            actor: actor.to_owned(),
            action: action.to_owned(),
            subject: subject.into(),
            detail: String::new(),
        }
    }

    /// With why, or what came of it.
    #[must_use]
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

/// The position after the last line of `store`.
///
/// # Errors
/// [`ReadError`] when the store failed.
pub fn next_position<S: Store>(store: &S) -> Result<u64, ReadError> {
    let page = store.scan(&Span::all(Prefix::Audit), 1, Direction::Descending)?;
    Ok(page.entries.first().map_or(1, |(key, _)| {
        if let Key::Audit(position) = key {
            position + 1
        } else {
            1
        }
    }))
}

/// What keeps `line` at `position`.
///
/// # Errors
/// [`EncodeError`] when it is too large.
pub fn write(position: u64, line: &Line) -> Result<Write, EncodeError> {
    Ok(Write::Put {
        key: Key::Audit(position),
        value: codec::encode(Kind::Audit, VERSION, line)?,
    })
}

/// Lines from `position` on with their positions, oldest first.
///
/// # Errors
/// [`ReadError`] when the store failed or a line is damaged.
pub fn read<S: Store>(store: &S, position: u64, limit: usize) -> Result<Vec<(u64, Line)>, ReadError> {
    let page = store.scan(&Span::audit_from(position), limit, Direction::Ascending)?;
    let lines = page.entries.iter().map(|(key, value)| {
        let Key::Audit(position) = key else {
            return Err(damaged(store, key, "is no line of the audit trail"));
        };
        let decoded = codec::decode(Kind::Audit, value);
        let line = decoded.map_err(|error| damaged(store, key, &error.to_string()))?;
        Ok((*position, line.1))
    });
    lines.collect()
}

/// What deletes up to `limit` lines from before `before_ms`, the oldest first. The newest line stays: the trail goes on
/// behind it.
///
/// # Errors
/// [`ReadError`] when the store failed or a line is damaged.
pub fn expired<S: Store>(store: &S, before_ms: i64, limit: usize) -> Result<Vec<Write>, ReadError> {
    let mut lines = read(store, 0, limit + 1)?;
    lines.pop();
    let old = lines.into_iter().take_while(|(_, line)| line.at_ms < before_ms);
    let keys = old.map(|(position, _)| Key::Audit(position));
    Ok(keys.map(|key| Write::Delete { key }).collect())
}

fn damaged<S: Store>(store: &S, key: &Key, meaning: &str) -> ReadError {
    ReadError::Damaged {
        key: key.stored(store.partition()),
        meaning: meaning.to_owned(),
    }
}

/// The one writer of the trail in a running server.
pub(crate) struct Audit {
    handle: Handle,
    next: AtomicU64,
}

impl Audit {
    pub(crate) fn open<S: Store>(handle: Handle, store: &S) -> Result<Self, ReadError> {
        Ok(Self {
            handle,
            next: AtomicU64::new(next_position(store)?),
        })
    }

    /// Makes `line` durable.
    pub(crate) async fn record(&self, line: &Line) -> Result<(), Problem> {
        self.record_with(Vec::new(), line).await
    }

    /// Makes `writes` and `line` durable together.
    pub(crate) async fn record_with(&self, writes: Vec<Write>, line: &Line) -> Result<(), Problem> {
        self.record_all(writes, std::slice::from_ref(line)).await
    }

    /// Makes `writes` and `lines` durable together.
    pub(crate) async fn record_all(&self, mut writes: Vec<Write>, lines: &[Line]) -> Result<(), Problem> {
        for line in lines {
            let position = self.next.fetch_add(1, Ordering::Relaxed);
            writes.push(write(position, line)?);
        }
        self.handle
            .write(writes)
            .await
            .map_err(|stopped: Stopped| stopped.into())
    }
}
