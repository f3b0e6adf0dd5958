//! Stops that people pull: of one connector, or of everything that leaves. They outlive the process.

use std::collections::BTreeMap;

use amends_storage::{Direction, EncodeError, Key, Kind, Prefix, ReadError, Span, Store, Write, codec};
use serde::{Deserialize, Serialize};

const VERSION: u16 = 1;
const EFFECTS: &str = "brake/effects";
const CONNECTOR: &str = "brake/connector/";
/// Connectors read; a configuration has a dozen.
const CONNECTORS_MAX: usize = 1_000;

/// A stop, and who is to be asked about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brake {
    /// Since when: Unix milliseconds, UTC.
    pub since_ms: i64,
    /// Who pulled it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// All stops of a store. The composition root applies them at the start, before anything leaves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Brakes {
    /// Nothing leaves: a person's brake.
    pub effects: Option<Brake>,
    /// Nothing leaves because the store was restored; released together with `effects`.
    pub restored: bool,
    /// By connector.
    pub connectors: BTreeMap<String, Brake>,
}

impl Brakes {
    /// The stops kept in `store`.
    ///
    /// # Errors
    /// [`ReadError`] when the store failed or one is damaged.
    pub fn read<S: Store>(store: &S) -> Result<Self, ReadError> {
        let effects = Key::Meta(EFFECTS.to_owned());
        let mut brakes = Self {
            effects: match store.get(&effects)? {
                Some(value) => Some(decode(store, &effects, &value)?),
                None => None,
            },
            restored: store.get(&Key::paused())?.is_some(),
            connectors: BTreeMap::new(),
        };
        let span = Span::starting(Prefix::Meta, CONNECTOR);
        let page = store.scan(&span, CONNECTORS_MAX, Direction::Ascending)?;
        for (key, value) in &page.entries {
            let Key::Meta(name) = key else { continue };
            let connector = name.strip_prefix(CONNECTOR).unwrap_or(name);
            brakes
                .connectors
                .insert(connector.to_owned(), decode(store, key, value)?);
        }
        Ok(brakes)
    }

    /// Whether anything may leave at all.
    pub fn stop_effects(&self) -> bool {
        self.effects.is_some() || self.restored
    }
}

fn decode<S: Store>(store: &S, key: &Key, value: &[u8]) -> Result<Brake, ReadError> {
    let decoded = codec::decode(Kind::Meta, value);
    decoded
        .map(|(_, brake)| brake)
        .map_err(|error| ReadError::Damaged {
            key: key.stored(store.partition()),
            meaning: error.to_string(),
        })
}

/// What stops everything that leaves.
///
/// # Errors
/// [`EncodeError`] when the reason is too long.
pub fn stop_effects(brake: &Brake) -> Result<Vec<Write>, EncodeError> {
    put(EFFECTS.to_owned(), brake)
}

/// What lets everything leave again, after a restore too.
pub fn release_effects() -> Vec<Write> {
    vec![
        Write::Delete {
            key: Key::Meta(EFFECTS.to_owned()),
        },
        Write::Delete { key: Key::paused() },
    ]
}

/// What stops one connector.
///
/// # Errors
/// [`EncodeError`] when the reason is too long.
pub fn stop_connector(connector: &str, brake: &Brake) -> Result<Vec<Write>, EncodeError> {
    put(format!("{CONNECTOR}{connector}"), brake)
}

/// What lets one connector go on.
pub fn release_connector(connector: &str) -> Vec<Write> {
    vec![Write::Delete {
        key: Key::Meta(format!("{CONNECTOR}{connector}")),
    }]
}

fn put(name: String, brake: &Brake) -> Result<Vec<Write>, EncodeError> {
    Ok(vec![Write::Put {
        key: Key::Meta(name),
        value: codec::encode(Kind::Meta, VERSION, brake)?,
    }])
}
