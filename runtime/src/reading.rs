//! Reading roots back from the store: the last snapshot, and the frames after it folded on top.

use std::collections::BTreeMap;
use std::sync::Arc;

use amends_engine::event::Event;
use amends_engine::evolve::fold;
use amends_engine::root::Root;
use amends_engine::{Digest, Millis, RootKey, Value};
use amends_storage::{DecodeError, Frames, Key, Kind, ReadError, Store, codec};
use thiserror::Error;

use crate::journal::{EventsError, decode_events};
use crate::text::{ValueError, parse_value};

const FRAMES_PER_READ: usize = 256;

/// Why a root could not be read.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The store failed or is damaged.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The events of a frame are damaged.
    #[error("{root}: {source}")]
    Events {
        /// The root.
        root: RootKey,
        /// Why.
        source: EventsError,
    },
    /// The snapshot is damaged.
    #[error("the snapshot of {root} cannot be read: {source}")]
    Snapshot {
        /// The root.
        root: RootKey,
        /// Why.
        source: DecodeError,
    },
    /// A value named by an event is damaged.
    #[error("value {digest}: {source}")]
    Value {
        /// The value.
        digest: Digest,
        /// Why.
        source: ValueError,
    },
    /// A value named by an event is missing.
    #[error("value {0} is missing from the store; run `amends journal verify`")]
    Missing(Digest),
}

/// A root as the store knows it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The root.
    pub root: Root,
    /// The values deciding about it needs.
    pub values: BTreeMap<Digest, Arc<Value>>,
}

/// The durable state of a root; `None` when nothing ever happened to it.
///
/// # Errors
/// [`LoadError`] when the store failed or something is damaged.
pub fn load_root<S: Store>(store: &S, key: &RootKey) -> Result<Option<Loaded>, LoadError> {
    let mut root = read_snapshot(store, key)?.unwrap_or_else(|| Root::new(key.clone()));
    replay(store, &mut root)?;
    if root.sequence == 0 {
        return Ok(None);
    }
    let mut values = BTreeMap::new();
    for digest in root.values_needed() {
        values.insert(digest, Arc::new(load_value(store, key, &digest)?));
    }
    Ok(Some(Loaded { root, values }))
}

/// The state of a root folded from its first frame on, without snapshots.
///
/// # Errors
/// [`LoadError`] when the store failed or something is damaged.
pub fn refold<S: Store>(store: &S, key: &RootKey) -> Result<Option<Root>, LoadError> {
    let mut root = Root::new(key.clone());
    replay(store, &mut root)?;
    Ok((root.sequence > 0).then_some(root))
}

/// Every event of a root with its time, oldest first, at most `limit` frames after the frame `after`.
///
/// # Errors
/// [`LoadError`] when the store failed or something is damaged.
pub fn history<S: Store>(
    store: &S,
    key: &RootKey,
    after: u64,
    limit: usize,
) -> Result<Vec<(u64, Millis, Vec<Event>)>, LoadError> {
    let frames = store.frames_of(key.as_str(), after, limit)?;
    frames
        .into_iter()
        .map(|frame| {
            let events = decode_events(&frame.payload).map_err(|source| LoadError::Events {
                root: key.clone(),
                source,
            })?;
            Ok((frame.sequence, Millis(frame.at_ms), events))
        })
        .collect()
}

/// The value of `root` kept under `digest`.
///
/// # Errors
/// [`LoadError::Missing`] when it is not there, others when the store failed or it is damaged.
pub fn load_value<S: Store>(store: &S, root: &RootKey, digest: &Digest) -> Result<Value, LoadError> {
    let key = Key::Blob {
        root: root.as_str().to_owned(),
        digest: digest.0,
    };
    let sealed = store.get(&key)?.ok_or(LoadError::Missing(*digest))?;
    let damaged = |reason: &dyn std::fmt::Display| ReadError::Damaged {
        key: key.stored(store.partition()),
        meaning: reason.to_string(),
    };
    let content = codec::open(Kind::Blob, &sealed).map_err(|error| damaged(&error))?;
    let text = std::str::from_utf8(content.payload()).map_err(|error| damaged(&error))?;
    parse_value(text).map_err(|source| LoadError::Value {
        digest: *digest,
        source,
    })
}

/// What a damaged entry is reported as.
pub(crate) fn damaged<S: Store>(store: &S, key: &Key, error: &DecodeError) -> ReadError {
    ReadError::Damaged {
        key: key.stored(store.partition()),
        meaning: error.to_string(),
    }
}

/// The content of an order kept under `digest`, for what can do without: a value that cannot be read is logged.
pub(crate) fn content_of<S: Store>(store: &S, root: &RootKey, digest: &Digest) -> Option<Arc<Value>> {
    match load_value(store, root, digest) {
        Ok(value) => Some(Arc::new(value)),
        Err(error) => {
            tracing::error!(%root, %error, "the content of the order cannot be read; its tax is missing from the books");
            None
        }
    }
}

fn read_snapshot<S: Store>(store: &S, key: &RootKey) -> Result<Option<Root>, LoadError> {
    let Some(sealed) = store.get(&Key::Snapshot {
        root: key.as_str().to_owned(),
    })?
    else {
        return Ok(None);
    };
    let decoded = codec::decode::<Root>(Kind::Snapshot, &sealed);
    let (_, root) = decoded.map_err(|source| LoadError::Snapshot {
        root: key.clone(),
        source,
    })?;
    Ok(Some(root))
}

fn replay<S: Store>(store: &S, root: &mut Root) -> Result<(), LoadError> {
    loop {
        let frames = store.frames_of(root.key.as_str(), root.sequence, FRAMES_PER_READ)?;
        let full = frames.len() == FRAMES_PER_READ;
        for frame in frames {
            let events = decode_events(&frame.payload).map_err(|source| LoadError::Events {
                root: root.key.clone(),
                source,
            })?;
            fold(root, &events, Millis(frame.at_ms));
        }
        if !full {
            return Ok(());
        }
    }
}
