//! Durable state, whatever backend keeps it.

use std::sync::Arc;

use amends_storage::archive::Archive;
use amends_storage::{Direction, Identity, Key, Page, Partition, ReadError, Span, Store};

/// A handle on durable state. Cheap to clone; the backend behind it is not part of any type.
#[derive(Clone)]
pub struct Reader(Arc<dyn Store + Send + Sync>);

impl Reader {
    /// Reads from `store`, for example `log.reader()`.
    pub fn new<S: Store + Send + Sync + 'static>(store: S) -> Self {
        Self(Arc::new(store))
    }
}

impl Store for Reader {
    fn identity(&self) -> &Identity {
        self.0.identity()
    }

    fn partition(&self) -> Partition {
        self.0.partition()
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ReadError> {
        self.0.get(key)
    }

    fn scan(&self, span: &Span, limit: usize, direction: Direction) -> Result<Page, ReadError> {
        self.0.scan(span, limit, direction)
    }

    fn applied_sequence(&self) -> u64 {
        self.0.applied_sequence()
    }

    fn archive(&self) -> Option<&Archive> {
        self.0.archive()
    }
}
