//! Reading on in archives what has left the database.

use super::SledReader;
use crate::archive::entry_of;
use crate::error::ReadError;
use crate::frame::Frame;
use crate::key::{Key, Partition};
use crate::page::Filling;
use crate::pointer::Pointer;
use crate::span::Span;
use crate::store::{Direction, Page, Store as _};

impl SledReader {
    /// A value of a root that has left.
    pub(super) fn archived_value(&self, root: &str, key: &Key) -> Result<Option<Vec<u8>>, ReadError> {
        let Some(entry) = entry_of(self, root)? else {
            return Ok(None);
        };
        if let Key::Event { root_sequence, .. } = key {
            let frame = entry
                .frames
                .iter()
                .find(|frame| frame.root_sequence == *root_sequence);
            return frame.map(|frame| encoded(self.partition(), frame)).transpose();
        }
        Ok(entry.values.get(key).cloned())
    }

    /// Frames of a root that has left.
    pub(super) fn archived_frames(
        &self,
        root: &str,
        span: &Span,
        limit: usize,
        direction: Direction,
    ) -> Result<Page, ReadError> {
        let mut filling = Filling::new(span, limit, direction, self.applied_sequence());
        let entry = entry_of(self, root)?;
        let bounds = span.bounds(self.partition());
        let (Some(entry), Some((low, high))) = (entry, bounds) else {
            return Ok(filling.into_page());
        };
        let mut frames = entry.frames.iter();
        while !filling.is_full() {
            let next = match direction {
                Direction::Ascending => frames.next(),
                Direction::Descending => frames.next_back(),
            };
            let Some(frame) = next else { break };
            let key = Pointer::to(frame).key().stored(self.partition());
            if (&low[..]..&high[..]).contains(&key.as_bytes()) {
                filling.push(key, encoded(self.partition(), frame)?)?;
            }
        }
        Ok(filling.into_page())
    }
}

fn encoded(partition: Partition, frame: &Frame) -> Result<Vec<u8>, ReadError> {
    frame.encode().map_err(|error| ReadError::Damaged {
        key: Pointer::to(frame).key().stored(partition),
        meaning: error.to_string(),
    })
}
