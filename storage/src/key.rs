//! The key space: one tree, `prefix u8 | partition u16 | parts`, numbers big-endian.

use std::fmt;

use crate::text;

/// A share of the roots that one kernel owns. There is one until there is more than one node; it is in every key
/// from the start so that no key has to change then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition(pub u16);

impl Partition {
    /// The only partition of a single node.
    pub const FIRST: Self = Self(0);
}

/// First byte of a key: what the entry is. The byte is stored: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Prefix {
    /// `a`: audit trail.
    Audit = b'a',
    /// `b`: content by root and digest.
    Blob = b'b',
    /// `d`: inbound deliveries by shop and time.
    Delivery = b'd',
    /// `e`: frames by root.
    Event = b'e',
    /// `i`: read-model index.
    Index = b'i',
    /// `m`: values of the store itself.
    Meta = b'm',
    /// `p`: deliveries not yet understood.
    Pending = b'p',
    /// `q`: sequence to root.
    Sequence = b'q',
    /// `r`: what lists show of a root.
    Root = b'r',
    /// `s`: folded state of a root.
    Snapshot = b's',
    /// `w`: when a root wants to wake.
    Due = b'w',
    /// `y`: definitions and recipes by digest.
    Definition = b'y',
    /// `z`: where a root lies that has left for an archive.
    Archived = b'z',
}

impl Prefix {
    /// Every prefix, in byte order.
    pub const ALL: [Self; 13] = [
        Self::Audit,
        Self::Blob,
        Self::Delivery,
        Self::Event,
        Self::Index,
        Self::Meta,
        Self::Pending,
        Self::Sequence,
        Self::Root,
        Self::Snapshot,
        Self::Due,
        Self::Definition,
        Self::Archived,
    ];

    /// Whether its entries can be folded again from the others. A backup leaves them out.
    pub const fn is_derived(self) -> bool {
        match self {
            Self::Snapshot | Self::Due | Self::Root | Self::Index => true,
            Self::Audit
            | Self::Blob
            | Self::Delivery
            | Self::Event
            | Self::Meta
            | Self::Pending
            | Self::Sequence
            | Self::Definition
            | Self::Archived => false,
        }
    }

    /// Whether its values are sealed envelopes. The log's index holds its own layout, and the two indexes hold
    /// whatever little their reader wants, often nothing.
    pub const fn is_sealed(self) -> bool {
        !matches!(self, Self::Sequence | Self::Due | Self::Index)
    }

    /// Whether its entries are written by the log itself, never by a [`crate::Write`].
    pub const fn is_log(self) -> bool {
        matches!(self, Self::Event | Self::Sequence)
    }

    /// The stored byte.
    pub const fn byte(self) -> u8 {
        self as u8
    }

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|prefix| prefix.byte() == byte)
    }
}

/// Name of one entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A frame.
    Event {
        /// The root.
        root: String,
        /// Position among the frames of the root.
        root_sequence: u64,
    },
    /// Where the frame with this global sequence lies.
    Sequence(u64),
    /// Folded state of a root.
    Snapshot {
        /// The root.
        root: String,
    },
    /// A root that wants to wake at a time.
    Due {
        /// Unix milliseconds, UTC.
        at_ms: i64,
        /// The root.
        root: String,
    },
    /// Content under its SHA-256, kept for one root: it leaves the store with the root and is never shared.
    Blob {
        /// The root.
        root: String,
        /// SHA-256 of the content.
        digest: [u8; 32],
    },
    /// A definition or recipe under its SHA-256.
    Definition([u8; 32]),
    /// An inbound delivery.
    Delivery {
        /// The shop it came from.
        shop: String,
        /// When it arrived: Unix milliseconds, UTC.
        received_ms: i64,
        /// Its id, unique within the shop and millisecond.
        id: String,
    },
    /// A delivery that still waits to be understood.
    Pending(String),
    /// What lists show of a root.
    Root(String),
    /// One value of a read model.
    Index {
        /// The index, for example `customer`.
        name: String,
        /// The value searched for.
        value: String,
        /// The root found.
        root: String,
    },
    /// One line of the audit trail.
    Audit(u64),
    /// A value of the store itself.
    Meta(String),
    /// Where a root lies that has left.
    Archived(String),
}

impl Key {
    /// The key of the store's identity.
    pub fn identity() -> Self {
        Self::Meta("identity".to_owned())
    }

    /// The key of the marker that keeps effects paused after a restore.
    pub fn paused() -> Self {
        Self::Meta("paused".to_owned())
    }

    /// What the entry is.
    pub fn prefix(&self) -> Prefix {
        match self {
            Self::Event { .. } => Prefix::Event,
            Self::Sequence(_) => Prefix::Sequence,
            Self::Snapshot { .. } => Prefix::Snapshot,
            Self::Due { .. } => Prefix::Due,
            Self::Blob { .. } => Prefix::Blob,
            Self::Definition(_) => Prefix::Definition,
            Self::Delivery { .. } => Prefix::Delivery,
            Self::Pending(_) => Prefix::Pending,
            Self::Root(_) => Prefix::Root,
            Self::Index { .. } => Prefix::Index,
            Self::Audit(_) => Prefix::Audit,
            Self::Meta(_) => Prefix::Meta,
            Self::Archived(_) => Prefix::Archived,
        }
    }

    /// The root that takes the entry along when it leaves the store.
    pub(crate) fn leaves_with(&self) -> Option<&str> {
        match self {
            Self::Event { root, .. }
            | Self::Snapshot { root }
            | Self::Blob { root, .. }
            | Self::Root(root) => Some(root),
            Self::Sequence(_)
            | Self::Due { .. }
            | Self::Definition(_)
            | Self::Delivery { .. }
            | Self::Pending(_)
            | Self::Index { .. }
            | Self::Audit(_)
            | Self::Meta(_)
            | Self::Archived(_) => None,
        }
    }

    /// The stored form. Its byte order is the order of the parts.
    pub fn stored(&self, partition: Partition) -> StoredKey {
        let mut bytes = StoredKey::start(self.prefix(), partition);
        self.push_parts(&mut bytes);
        StoredKey(bytes)
    }

    fn push_parts(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Event { root, root_sequence } => {
                text::push(bytes, root);
                bytes.extend_from_slice(&root_sequence.to_be_bytes());
            }
            Self::Sequence(number) | Self::Audit(number) => bytes.extend_from_slice(&number.to_be_bytes()),
            Self::Snapshot { root } | Self::Root(root) | Self::Archived(root) => text::push(bytes, root),
            Self::Due { at_ms, root } => {
                push_time(bytes, *at_ms);
                text::push(bytes, root);
            }
            Self::Blob { root, digest } => {
                text::push(bytes, root);
                bytes.extend_from_slice(digest);
            }
            Self::Definition(digest) => bytes.extend_from_slice(digest),
            Self::Delivery {
                shop,
                received_ms,
                id,
            } => {
                text::push(bytes, shop);
                push_time(bytes, *received_ms);
                text::push(bytes, id);
            }
            Self::Index { name, value, root } => {
                text::push(bytes, name);
                text::push(bytes, value);
                text::push(bytes, root);
            }
            Self::Pending(name) | Self::Meta(name) => text::push(bytes, name),
        }
    }
}

/// Appends a time so that byte order is time order, before and after 1970.
pub(crate) fn push_time(bytes: &mut Vec<u8>, at_ms: i64) {
    bytes.extend_from_slice(&(at_ms ^ i64::MIN).to_be_bytes());
}

fn split_time(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (time, rest) = bytes.split_first_chunk()?;
    Some((i64::from_be_bytes(*time) ^ i64::MIN, rest))
}

fn split_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u64::from_be_bytes(*number), rest))
}

/// A key in its stored form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoredKey(pub(crate) Vec<u8>);

impl StoredKey {
    pub(crate) fn start(prefix: Prefix, partition: Partition) -> Vec<u8> {
        let [high, low] = partition.0.to_be_bytes();
        vec![prefix.byte(), high, low]
    }

    /// The stored bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Partition and name; `None` if the bytes are no key, which is damage.
    pub fn parse(&self) -> Option<(Partition, Key)> {
        let (&[prefix, high, low], parts) = self.0.split_first_chunk::<3>()?;
        let (key, rest) = split_parts(Prefix::from_byte(prefix)?, parts)?;
        rest.is_empty()
            .then_some((Partition(u16::from_be_bytes([high, low])), key))
    }
}

fn split_parts(prefix: Prefix, parts: &[u8]) -> Option<(Key, &[u8])> {
    Some(match prefix {
        Prefix::Event => {
            let (root, rest) = text::split(parts)?;
            let (root_sequence, rest) = split_number(rest)?;
            (Key::Event { root, root_sequence }, rest)
        }
        Prefix::Sequence => split_number(parts).map(|(number, rest)| (Key::Sequence(number), rest))?,
        Prefix::Audit => split_number(parts).map(|(number, rest)| (Key::Audit(number), rest))?,
        Prefix::Snapshot => text::split(parts).map(|(root, rest)| (Key::Snapshot { root }, rest))?,
        Prefix::Root => text::split(parts).map(|(root, rest)| (Key::Root(root), rest))?,
        Prefix::Archived => text::split(parts).map(|(root, rest)| (Key::Archived(root), rest))?,
        Prefix::Pending => text::split(parts).map(|(id, rest)| (Key::Pending(id), rest))?,
        Prefix::Meta => text::split(parts).map(|(name, rest)| (Key::Meta(name), rest))?,
        Prefix::Blob => {
            let (root, rest) = text::split(parts)?;
            let (digest, rest) = rest.split_first_chunk()?;
            (
                Key::Blob {
                    root,
                    digest: *digest,
                },
                rest,
            )
        }
        Prefix::Definition => parts
            .split_first_chunk()
            .map(|(digest, rest)| (Key::Definition(*digest), rest))?,
        Prefix::Due => {
            let (at_ms, rest) = split_time(parts)?;
            let (root, rest) = text::split(rest)?;
            (Key::Due { at_ms, root }, rest)
        }
        Prefix::Delivery => {
            let (shop, rest) = text::split(parts)?;
            let (received_ms, rest) = split_time(rest)?;
            let (id, rest) = text::split(rest)?;
            (
                Key::Delivery {
                    shop,
                    received_ms,
                    id,
                },
                rest,
            )
        }
        Prefix::Index => {
            let (name, rest) = text::split(parts)?;
            let (value, rest) = text::split(rest)?;
            let (root, rest) = text::split(rest)?;
            (Key::Index { name, value, root }, rest)
        }
    })
}

fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", char::from(self.prefix().byte()))?;
        match self {
            Self::Event { root, root_sequence } => write!(f, "{root}/{root_sequence}"),
            Self::Sequence(number) | Self::Audit(number) => write!(f, "{number}"),
            Self::Snapshot { root } | Self::Root(root) | Self::Archived(root) => f.write_str(root),
            Self::Due { at_ms, root } => write!(f, "{at_ms}/{root}"),
            Self::Blob { root, digest } => {
                write!(f, "{root}/")?;
                hex(digest, f)
            }
            Self::Definition(digest) => hex(digest, f),
            Self::Delivery {
                shop,
                received_ms,
                id,
            } => write!(f, "{shop}/{received_ms}/{id}"),
            Self::Index { name, value, root } => write!(f, "{name}/{value}/{root}"),
            Self::Pending(name) | Self::Meta(name) => f.write_str(name),
        }
    }
}

/// The name where the bytes are a key, otherwise the bytes.
impl fmt::Display for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parse() {
            Some((_, key)) => key.fmt(f),
            None => hex(&self.0, f),
        }
    }
}

#[cfg(test)]
mod tests;
