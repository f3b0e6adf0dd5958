//! Ranges of keys to scan.

use crate::key::{Key, Partition, Prefix, StoredKey, push_time};
use crate::text;

/// A range of keys of one prefix, without its partition: the store that scans adds its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    prefix: Prefix,
    /// First parts included.
    low: Vec<u8>,
    /// First parts excluded; `None` is the end of the prefix.
    high: Option<Vec<u8>>,
}

/// Bytes of a stored key before its parts.
const START_BYTES: usize = 3;

impl Span {
    /// Every entry of a prefix.
    pub fn all(prefix: Prefix) -> Self {
        Self {
            prefix,
            low: Vec::new(),
            high: None,
        }
    }

    /// The frames of `root` after a position; 0 is all of them.
    pub fn events_of(root: &str, after_root_sequence: u64) -> Self {
        Self::within(Prefix::Event, |bytes| text::push(bytes, root)).after(&Key::Event {
            root: root.to_owned(),
            root_sequence: after_root_sequence,
        })
    }

    /// The content of `root`.
    pub fn blobs_of(root: &str) -> Self {
        Self::within(Prefix::Blob, |bytes| text::push(bytes, root))
    }

    /// The root whose frames alone it covers.
    pub(crate) fn frames_of(&self) -> Option<String> {
        let (root, _) = (self.prefix == Prefix::Event)
            .then(|| text::split(&self.low))
            .flatten()?;
        let whole = Self::within(Prefix::Event, |bytes| text::push(bytes, &root));
        let ends_within = self
            .high
            .as_ref()
            .zip(whole.high.as_ref())
            .is_some_and(|(high, end)| high <= end);
        ends_within.then_some(root)
    }

    /// The index of the log from a sequence on.
    pub fn sequences_from(sequence: u64) -> Self {
        Self {
            low: sequence.to_be_bytes().to_vec(),
            ..Self::all(Prefix::Sequence)
        }
    }

    /// What is due at `at_ms` or earlier.
    pub fn due_until(at_ms: i64) -> Self {
        let mut high = Vec::new();
        push_time(&mut high, at_ms);
        Self {
            high: successor(high),
            ..Self::all(Prefix::Due)
        }
    }

    /// The deliveries of one shop that arrived at `from_ms` or later.
    pub fn deliveries(shop: &str, from_ms: i64) -> Self {
        let mut span = Self::within(Prefix::Delivery, |bytes| text::push(bytes, shop));
        push_time(&mut span.low, from_ms);
        span
    }

    /// The roots with exactly this value in an index.
    pub fn index(name: &str, value: &str) -> Self {
        Self::within(Prefix::Index, |bytes| {
            text::push(bytes, name);
            text::push(bytes, value);
        })
    }

    /// The roots whose value in an index starts with `start`; empty is the whole index.
    pub fn index_starting(name: &str, start: &str) -> Self {
        Self::within(Prefix::Index, |bytes| {
            text::push(bytes, name);
            text::push_open(bytes, start);
        })
    }

    /// The entries whose first text part starts with `start`: roots of a shop, ids, names.
    pub fn starting(prefix: Prefix, start: &str) -> Self {
        Self::within(prefix, |bytes| text::push_open(bytes, start))
    }

    /// The audit trail from a position on.
    pub fn audit_from(position: u64) -> Self {
        Self {
            low: position.to_be_bytes().to_vec(),
            ..Self::all(Prefix::Audit)
        }
    }

    /// The part after `key`, to go on ascending.
    #[must_use]
    pub fn after(self, key: &Key) -> Self {
        self.after_stored(&key.stored(Partition::FIRST))
    }

    /// The part before `key`, to go on descending.
    #[must_use]
    pub fn before(self, key: &Key) -> Self {
        self.before_stored(&key.stored(Partition::FIRST))
    }

    /// What kind of entries it covers.
    pub fn prefix(&self) -> Prefix {
        self.prefix
    }

    pub(crate) fn after_stored(mut self, key: &StoredKey) -> Self {
        let mut next = parts(key);
        next.push(0);
        if next > self.low {
            self.low = next;
        }
        self
    }

    pub(crate) fn before_stored(mut self, key: &StoredKey) -> Self {
        let parts = parts(key);
        if self.high.as_ref().is_none_or(|high| parts < *high) {
            self.high = Some(parts);
        }
        self
    }

    /// First stored key included and first excluded; `None` if the span is empty.
    pub(crate) fn bounds(&self, partition: Partition) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut low = StoredKey::start(self.prefix, partition);
        let mut high = low.clone();
        low.extend_from_slice(&self.low);
        let high = match &self.high {
            Some(parts) => {
                high.extend_from_slice(parts);
                high
            }
            // The prefix byte is below 0xFF, so that there is always a next start.
            None => successor(high)?,
        };
        (low < high).then_some((low, high))
    }

    fn within(prefix: Prefix, push: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut low = Vec::new();
        push(&mut low);
        Self {
            prefix,
            high: successor(low.clone()),
            low,
        }
    }
}

fn parts(key: &StoredKey) -> Vec<u8> {
    key.as_bytes().get(START_BYTES..).unwrap_or_default().to_vec()
}

/// The smallest bytes after everything that starts with `bytes`; `None` if nothing is.
fn successor(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    while let Some(last) = bytes.pop() {
        if last < 0xFF {
            bytes.push(last + 1);
            return Some(bytes);
        }
    }
    None
}
