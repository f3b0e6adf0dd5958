//! Brakes that people pull: on one connector, on everything that moves money, or on everything that leaves. They
//! outlive the process.

use std::collections::{BTreeMap, BTreeSet};

use amends_engine::ConnectorId;
use amends_engine::kernel;
use amends_storage::{Direction, EncodeError, Key, Kind, Prefix, ReadError, Span, Store, Write, codec};
use serde::{Deserialize, Serialize};

const VERSION: u16 = 1;
const EFFECTS: &str = "brake/effects";
const MONEY: &str = "brake/money";
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
    /// Nothing leaves that takes money or gives it back.
    pub money: Option<Brake>,
    /// By connector.
    pub connectors: BTreeMap<String, Brake>,
}

impl Brakes {
    /// The stops kept in `store`.
    ///
    /// # Errors
    /// [`ReadError`] when the store failed or one is damaged.
    pub fn read<S: Store>(store: &S) -> Result<Self, ReadError> {
        let mut brakes = Self {
            effects: read(store, EFFECTS)?,
            restored: store.get(&Key::paused())?.is_some(),
            money: read(store, MONEY)?,
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

    /// Whether nothing may leave at all.
    pub fn stop_effects(&self) -> bool {
        self.effects.is_some() || self.restored
    }

    /// What the kernel is to hold back from its first moment on.
    pub fn of_kernel(&self) -> BTreeSet<kernel::Brake> {
        let connectors = self.connectors.keys();
        let connectors = connectors.map(|name| kernel::Brake::Connector(ConnectorId::new(name.clone())));
        let money = self.money.iter().map(|_| kernel::Brake::Money);
        connectors.chain(money).collect()
    }
}

fn read<S: Store>(store: &S, name: &str) -> Result<Option<Brake>, ReadError> {
    let key = Key::Meta(name.to_owned());
    let value = store.get(&key)?;
    value.map(|value| decode(store, &key, &value)).transpose()
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

/// What a brake acts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lever {
    /// Everything that leaves.
    Effects,
    /// Every request that takes money or gives it back.
    Money,
    /// Everything to one connector.
    Connector(String),
}

impl Lever {
    fn name(&self) -> String {
        match self {
            Self::Effects => EFFECTS.to_owned(),
            Self::Money => MONEY.to_owned(),
            Self::Connector(connector) => format!("{CONNECTOR}{connector}"),
        }
    }

    /// What keeps it pulled.
    ///
    /// # Errors
    /// [`EncodeError`] when the reason is too long.
    pub fn pull(&self, brake: &Brake) -> Result<Vec<Write>, EncodeError> {
        Ok(vec![Write::Put {
            key: Key::Meta(self.name()),
            value: codec::encode(Kind::Meta, VERSION, brake)?,
        }])
    }

    /// What releases it; for all effects also after a restore.
    pub fn release(&self) -> Vec<Write> {
        let mut keys = vec![Key::Meta(self.name())];
        if *self == Self::Effects {
            keys.push(Key::paused());
        }
        keys.into_iter().map(|key| Write::Delete { key }).collect()
    }
}
