//! The feed: business facts that other systems consume without loss.
//!
//! It is read from the journal and kept nowhere else. A notice has the same place for ever, a page follows the one
//! before it without a gap, and only what is durable is told. Who keeps the cursor of the last notice it has dealt
//! with loses none and recognises each repetition.

mod cursor;
mod listener;
mod notice;
mod tell;

pub use cursor::{Cursor, CursorError};
pub use listener::{Listener, Listeners};
pub use notice::{Amount, Kind, Notice};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use amends_engine::decide::Book;
use amends_engine::{Millis, RootKey};
use amends_runtime::{EventsError, LoadError, decode_events, left_up_to, load_root};
use amends_storage::{Frames as _, ReadError, Store as _};
use serde::Serialize;
use thiserror::Error;
use utoipa::ToSchema;

use crate::reader::Reader;
use crate::role::Shops;
use crate::words::Teller;

/// Frames read for one page, when few of them hold what is asked for. About 20 ms of reading.
const FRAMES_MAX: usize = 2_000;
/// Frames read at once.
const FRAMES_PER_READ: usize = 256;

/// Reads the feed. Cheap to clone.
#[derive(Clone)]
pub struct Feed {
    reader: Reader,
    book: Arc<dyn Book + Send + Sync>,
}

/// What of the feed is wanted; nothing named means everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Kinds.
    pub kinds: BTreeSet<Kind>,
    /// Shops.
    pub shops: BTreeSet<String>,
    /// Shops that whoever asks may see.
    pub sees: Shops,
}

impl Filter {
    /// Whether `notice` is wanted.
    pub fn takes(&self, notice: &Notice) -> bool {
        let kind = self.kinds.is_empty() || self.kinds.contains(&notice.kind);
        let shop = self.shops.is_empty() || self.shops.contains(&notice.shop);
        kind && shop && self.sees.has(&notice.shop)
    }
}

/// A part of the feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = FeedPart)]
pub struct Part {
    /// Notices, oldest first.
    pub notices: Vec<Notice>,
    /// Where to go on; also when there are no notices.
    #[schema(value_type = String)]
    pub next: Cursor,
    /// Whether everything durable up to now has been read.
    pub is_last: bool,
}

/// Why the feed cannot be read.
#[derive(Debug, Error)]
pub enum FeedError {
    /// The store failed or is damaged.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What is asked for has left the journal.
    #[error(
        "what happened up to {oldest} has left for archives: begin again with `after={oldest}`, and read the orders that matter one by one"
    )]
    Gone {
        /// Where the feed begins now.
        oldest: Cursor,
    },
    /// An order cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A frame cannot be read.
    #[error("frame {sequence}: {source}")]
    Events {
        /// The frame.
        sequence: u64,
        /// Why.
        source: EventsError,
    },
}

impl Feed {
    /// The feed of the journal behind `reader`, with the titles of `book`.
    pub fn new(reader: Reader, book: Arc<dyn Book + Send + Sync>) -> Self {
        Self { reader, book }
    }

    /// What it is read from.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Where the feed ends now.
    pub fn end(&self) -> Cursor {
        Cursor::behind(self.reader.applied_sequence())
    }

    /// Where the feed begins now: behind the last frame that has left for an archive.
    ///
    /// # Errors
    /// [`FeedError::Read`].
    pub fn start(&self) -> Result<Cursor, FeedError> {
        Ok(match left_up_to(&self.reader)? {
            0 => Cursor::START,
            sequence => Cursor::behind(sequence),
        })
    }

    /// Up to `limit` notices after `after`.
    ///
    /// # Errors
    /// [`FeedError`]; [`FeedError::Gone`] when some of them may have left the journal.
    pub fn read(&self, after: Cursor, filter: &Filter, limit: usize) -> Result<Part, FeedError> {
        let part = self.read_kept(after, filter, limit);
        // Looked at last: what left while the page was read may be missing from it.
        let oldest = self.start()?;
        if after < oldest {
            return Err(FeedError::Gone { oldest });
        }
        part
    }

    fn read_kept(&self, after: Cursor, filter: &Filter, limit: usize) -> Result<Part, FeedError> {
        let mut part = Part {
            notices: Vec::new(),
            next: after,
            is_last: false,
        };
        let mut roots = BTreeMap::new();
        let mut from = after.sequence.max(1);
        let mut read = 0;
        while part.notices.len() < limit && read < FRAMES_MAX {
            let frames = self.reader.frames_from(from, FRAMES_PER_READ)?;
            read += frames.len();
            let full = frames.len() == FRAMES_PER_READ;
            for frame in &frames {
                let place = (frame.sequence, Millis(frame.at_ms));
                let told = self.tell(place, &frame.root, &frame.payload, &mut roots)?;
                for notice in told
                    .into_iter()
                    .filter(|notice| notice.id > after && filter.takes(notice))
                {
                    if part.notices.len() == limit {
                        return Ok(part);
                    }
                    part.next = notice.id;
                    part.notices.push(notice);
                }
                part.next = part.next.max(Cursor::behind(frame.sequence));
                from = frame.sequence + 1;
            }
            if !full {
                part.is_last = true;
                break;
            }
        }
        Ok(part)
    }

    fn tell<'f>(
        &'f self,
        (sequence, at): (u64, Millis),
        order: &str,
        payload: &[u8],
        tellers: &mut BTreeMap<String, Teller<'f>>,
    ) -> Result<Vec<Notice>, FeedError> {
        let events = decode_events(payload).map_err(|source| FeedError::Events { sequence, source })?;
        let teller = match tellers.entry(order.to_owned()) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => {
                let key = RootKey::new(order.to_owned());
                let loaded = load_root(&self.reader, &key)?;
                let root = loaded.map_or_else(|| amends_engine::root::Root::new(key), |loaded| loaded.root);
                new.insert(Teller::new(self.book.as_ref(), &root))
            }
        };
        Ok(tell::notices((sequence, at), order, &events, teller))
    }
}
