//! Everything of one root.

use std::collections::BTreeMap;

use super::{FRAME, ROOT, Title, VALUE};
use crate::block;
use crate::codec::{self, EncodeError, Kind};
use crate::commit::{Commit, Write};
use crate::error::ReadError;
use crate::frame::{Frame, Head};
use crate::key::{Key, Partition, StoredKey};
use crate::limits::{ARCHIVED_BYTES_MAX, ARCHIVED_RECORDS_MAX, CHUNK_BYTES};
use crate::span::Span;
use crate::store::{Direction, Frames, Store};

/// Frames and values of one root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The root.
    pub root: String,
    /// Its frames, from the first.
    pub frames: Vec<Frame>,
    /// Its content, snapshot and summary.
    pub values: BTreeMap<Key, Vec<u8>>,
    /// What it is found by in an archive.
    pub terms: Vec<String>,
}

/// Everything `store` holds of `root`; `None` when that is nothing, or more than moves in one commit.
///
/// # Errors
/// [`ReadError`] when the store failed or something is damaged.
pub fn collect<S: Store>(store: &S, root: &str, terms: Vec<String>) -> Result<Option<Entry>, ReadError> {
    let mut entry = Entry {
        root: root.to_owned(),
        frames: store.frames_of(root, 0, ARCHIVED_RECORDS_MAX)?,
        values: BTreeMap::new(),
        terms,
    };
    let mut span = Some(Span::blobs_of(root));
    while let Some(rest) = span.take().filter(|_| entry.moves_at_once()) {
        let page = store.scan(&rest, 512, Direction::Ascending)?;
        entry.values.extend(page.entries);
        span = page.rest;
    }
    let root = root.to_owned();
    for key in [Key::Snapshot { root: root.clone() }, Key::Root(root)] {
        if let Some(value) = store.get(&key)? {
            entry.values.insert(key, value);
        }
    }
    Ok((!entry.frames.is_empty() && entry.moves_at_once()).then_some(entry))
}

impl Entry {
    fn moves_at_once(&self) -> bool {
        let values = self.values.values().map(Vec::len);
        let frames = self.frames.iter().map(|frame| frame.payload.len() + 100);
        let bytes: usize = values.clone().chain(frames.clone()).sum();
        let records: usize = values.map(|size| 1 + size / CHUNK_BYTES).sum::<usize>()
            + frames.map(|size| 2 + size / CHUNK_BYTES).sum::<usize>();
        records <= ARCHIVED_RECORDS_MAX && bytes <= ARCHIVED_BYTES_MAX
    }

    /// The end of its chain.
    pub fn head(&self) -> Head {
        self.frames.last().map(Frame::head).unwrap_or_default()
    }

    /// The commit by which it leaves the store, without what the caller keeps of it in indexes.
    ///
    /// # Errors
    /// [`EncodeError`] never in practice: the place is small.
    pub fn leave(&self, at: &super::Archived) -> Result<Commit, EncodeError> {
        let mut writes: Vec<Write> = self
            .values
            .keys()
            .map(|key| Write::Delete { key: key.clone() })
            .collect();
        writes.push(Write::Put {
            key: Key::Archived(self.root.clone()),
            value: codec::encode(Kind::Archived, 1, at)?,
        });
        Ok(Commit {
            frames: Vec::new(),
            writes,
            leaving: self.frames.clone(),
            returning: Vec::new(),
        })
    }

    /// The commit by which it comes back, without the caller's indexes.
    pub fn come_back(&self) -> Commit {
        let mut writes: Vec<Write> = self
            .values
            .iter()
            .map(|(key, value)| Write::Put {
                key: key.clone(),
                value: value.clone(),
            })
            .collect();
        writes.push(Write::Delete {
            key: Key::Archived(self.root.clone()),
        });
        Commit {
            frames: Vec::new(),
            writes,
            leaving: Vec::new(),
            returning: self.frames.clone(),
        }
    }

    /// Its blocks.
    pub(super) fn blocks(&self) -> Result<Vec<u8>, EncodeError> {
        let title = Title {
            root: self.root.clone(),
            frames: count(self.frames.len()),
            values: count(self.values.len()),
            terms: self.terms.clone(),
        };
        let mut bytes = block::write(ROOT, &[&codec::encode(Kind::Archive, 1, &title)?]);
        for frame in &self.frames {
            bytes.extend(block::write(FRAME, &[&frame.encode()?]));
        }
        for (key, value) in &self.values {
            let key = key.stored(Partition::FIRST);
            let key_bytes = u16::try_from(key.as_bytes().len()).unwrap_or(u16::MAX);
            bytes.extend(block::write(
                VALUE,
                &[&key_bytes.to_be_bytes(), key.as_bytes(), value],
            ));
        }
        Ok(bytes)
    }

    /// Reads its blocks.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let (title, mut rest) = title(bytes)?;
        let mut entry = Self {
            root: title.root,
            frames: Vec::new(),
            values: BTreeMap::new(),
            terms: title.terms,
        };
        while !rest.is_empty() {
            let ((tag, body), after) = block::split(rest)?;
            match tag {
                FRAME => entry
                    .frames
                    .push(Frame::decode(body).map_err(|error| error.to_string())?),
                VALUE => {
                    let (key, value) = value(body).ok_or("a value has no key")?;
                    entry.values.insert(key, value);
                }
                _ => return Err("a block of another kind among those of a root".to_owned()),
            }
            rest = after;
        }
        let counts = (count(entry.frames.len()), count(entry.values.len()));
        if counts == (title.frames, title.values) {
            Ok(entry)
        } else {
            Err("a frame or value of the root is missing".to_owned())
        }
    }

    /// Whether it is the whole chain of `root`.
    pub(super) fn check(self, root: &str, frames: u64) -> Result<Self, String> {
        if self.root != root || count(self.frames.len()) != frames {
            return Err(format!(
                "{} with {} frames lies there",
                self.root,
                self.frames.len()
            ));
        }
        let mut head = Head::default();
        for frame in &self.frames {
            let follows = frame.root == self.root
                && frame.root_sequence == head.root_sequence + 1
                && frame.previous == head.hash;
            if !follows {
                return Err(format!(
                    "frame {} does not continue the chain",
                    frame.root_sequence
                ));
            }
            head = frame.head();
        }
        Ok(self)
    }
}

/// The first block of a root, and what follows it.
pub(super) fn title(bytes: &[u8]) -> Result<(Title, &[u8]), String> {
    let ((tag, body), rest) = block::split(bytes)?;
    if tag != ROOT {
        return Err("no root begins there".to_owned());
    }
    let decoded = codec::decode(Kind::Archive, body).map_err(|error| error.to_string())?;
    Ok((decoded.1, rest))
}

fn value(body: &[u8]) -> Option<(Key, Vec<u8>)> {
    let (key_bytes, rest) = body.split_first_chunk()?;
    let (key, value) = rest.split_at_checked(usize::from(u16::from_be_bytes(*key_bytes)))?;
    let (_, key) = StoredKey(key.to_vec()).parse()?;
    Some((key, value.to_vec()))
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
