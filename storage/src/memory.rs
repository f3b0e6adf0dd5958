//! The reference backend: an ordered map. What it answers is right by definition; it keeps nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use crate::codec::{self, Kind};
use crate::commit::Commit;
use crate::error::{CommitError, ReadError};
use crate::identity::Identity;
use crate::key::{Key, Partition, StoredKey};
use crate::page::Filling;
use crate::prepare::{Gaps, prepare};
use crate::span::Span;
use crate::store::{Direction, Frames, Log, Page, Store};

#[derive(Debug, Default)]
struct State {
    entries: BTreeMap<StoredKey, Vec<u8>>,
    last_sequence: u64,
}

/// A log and store in memory.
#[derive(Debug)]
pub struct Memory {
    reader: MemoryReader,
}

/// A handle of a [`Memory`] for other threads.
#[derive(Debug, Clone)]
pub struct MemoryReader {
    state: Arc<RwLock<State>>,
    identity: Identity,
}

impl Memory {
    /// An empty store with this identity.
    ///
    /// # Errors
    /// [`CommitError::Encode`] if the identity cannot be encoded.
    pub fn new(identity: Identity) -> Result<Self, CommitError> {
        let value = codec::encode(Kind::Identity, identity.format, &identity)?;
        let entries = BTreeMap::from([(Key::identity().stored(Partition::FIRST), value)]);
        let state = Arc::new(RwLock::new(State {
            entries,
            last_sequence: 0,
        }));
        Ok(Self {
            reader: MemoryReader { state, identity },
        })
    }
}

impl MemoryReader {
    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryReader {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn partition(&self) -> Partition {
        Partition::FIRST
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.state().entries.get(&key.stored(Partition::FIRST)).cloned())
    }

    fn scan(&self, span: &Span, limit: usize, direction: Direction) -> Result<Page, ReadError> {
        let state = self.state();
        let mut filling = Filling::new(span, limit, direction, state.last_sequence);
        if let Some((low, high)) = span.bounds(Partition::FIRST) {
            let mut range = state.entries.range(StoredKey(low)..StoredKey(high));
            while !filling.is_full() {
                let next = match direction {
                    Direction::Ascending => range.next(),
                    Direction::Descending => range.next_back(),
                };
                let Some((key, value)) = next else { break };
                filling.push(key.clone(), value.clone())?;
            }
        }
        Ok(filling.into_page())
    }

    fn applied_sequence(&self) -> u64 {
        self.state().last_sequence
    }
}

impl Store for Memory {
    fn identity(&self) -> &Identity {
        self.reader.identity()
    }

    fn partition(&self) -> Partition {
        self.reader.partition()
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ReadError> {
        self.reader.get(key)
    }

    fn scan(&self, span: &Span, limit: usize, direction: Direction) -> Result<Page, ReadError> {
        self.reader.scan(span, limit, direction)
    }

    fn applied_sequence(&self) -> u64 {
        self.reader.applied_sequence()
    }
}

impl Log for Memory {
    type Reader = MemoryReader;

    fn commit(&mut self, commit: &Commit) -> Result<u64, CommitError> {
        let reader = &self.reader;
        let prepared = prepare(
            commit,
            Partition::FIRST,
            self.last_sequence(),
            Gaps::None,
            |root| reader.head_of(root),
        )?;
        let mut state = self.reader.state.write().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in prepared.entries {
            match value {
                Some(value) => state.entries.insert(key, value),
                None => state.entries.remove(&key),
            };
        }
        state.last_sequence = prepared.last_sequence;
        Ok(state.last_sequence)
    }

    fn reader(&self) -> MemoryReader {
        self.reader.clone()
    }
}
