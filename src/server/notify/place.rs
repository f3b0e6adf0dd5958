//! Up to where a listener has been told.

use amends_api::feed::Cursor;
use amends_storage::{EncodeError, Key, Kind, ReadError, Store, Write, codec};
use serde::{Deserialize, Serialize};

const VERSION: u16 = 1;

/// Up to where a listener has been told; durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    sequence: u64,
    number: u32,
    /// Notices it never took.
    pub passed_over: u64,
}

impl Place {
    /// Told up to `cursor`.
    pub fn at(cursor: Cursor) -> Self {
        Self {
            sequence: cursor.sequence,
            number: cursor.number,
            passed_over: 0,
        }
    }

    /// Up to where it has been told.
    pub fn cursor(self) -> Cursor {
        Cursor {
            sequence: self.sequence,
            number: self.number,
        }
    }

    /// It has been told up to `cursor`.
    pub(super) fn set(&mut self, cursor: Cursor) {
        (self.sequence, self.number) = (cursor.sequence, cursor.number);
    }

    /// The place of the listener called `name`; `None` for a new one.
    ///
    /// # Errors
    /// [`ReadError`] when the store failed or the entry is damaged.
    pub fn read<S: Store>(store: &S, name: &str) -> Result<Option<Self>, ReadError> {
        let key = key(name);
        let Some(sealed) = store.get(&key)? else {
            return Ok(None);
        };
        let decoded = codec::decode(Kind::Meta, &sealed);
        decoded
            .map(|(_, place)| Some(place))
            .map_err(|error| ReadError::Damaged {
                key: key.stored(store.partition()),
                meaning: error.to_string(),
            })
    }

    /// What keeps it.
    ///
    /// # Errors
    /// [`EncodeError`], which its size rules out.
    pub fn write(&self, name: &str) -> Result<Write, EncodeError> {
        Ok(Write::Put {
            key: key(name),
            value: codec::encode(Kind::Meta, VERSION, self)?,
        })
    }
}

fn key(name: &str) -> Key {
    Key::Meta(format!("notify/{name}"))
}
