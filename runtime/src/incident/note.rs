//! Notes of people on a shop, a connector or a delivery. They stay when the incident is closed. Those on an order are
//! in its journal.

use amends_storage::{Direction, EncodeError, Key, Kind, Prefix, ReadError, Span, Store, Write, codec};
use serde::{Deserialize, Serialize};

use crate::find::index::time_key;
use crate::reading::damaged;

const VERSION: u16 = 1;
/// Stands between what a note is on and its time; no key of an order contains it.
const BETWEEN: char = '\u{1f}';

/// A note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When: Unix milliseconds, UTC.
    pub at_ms: i64,
    /// Who wrote it.
    pub by: String,
    /// What.
    pub text: String,
}

fn place(subject: &str) -> String {
    format!("note/{subject}{BETWEEN}")
}

/// What keeps a note on `subject`, see [`super::subject_of`].
///
/// # Errors
/// [`EncodeError`] when it is too long.
pub fn note(subject: &str, note: &Note) -> Result<Write, EncodeError> {
    let unique = uuid::Uuid::now_v7().simple();
    let name = format!("{}{}-{unique}", place(subject), time_key(note.at_ms));
    Ok(Write::Put {
        key: Key::Meta(name),
        value: codec::encode(Kind::Meta, VERSION, note)?,
    })
}

/// The last notes on `subject`, newest first.
///
/// # Errors
/// [`ReadError`] when the store failed or a note is damaged.
pub fn notes<S: Store>(store: &S, subject: &str, limit: usize) -> Result<Vec<Note>, ReadError> {
    let span = Span::starting(Prefix::Meta, &place(subject));
    let page = store.scan(&span, limit, Direction::Descending)?;
    let notes = page.entries.iter().map(|(key, sealed)| {
        let decoded = codec::decode(Kind::Meta, sealed);
        decoded
            .map(|(_, note)| note)
            .map_err(|error| damaged(store, key, &error))
    });
    notes.collect()
}
