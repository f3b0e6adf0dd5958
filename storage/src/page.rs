//! Fills one page of a scan, within its limits.

use crate::error::ReadError;
use crate::key::{Key, StoredKey};
use crate::limits::{PAGE_BYTES_MAX, PAGE_ENTRIES_MAX};
use crate::span::Span;
use crate::store::{Direction, Page};

/// A page being filled.
pub(crate) struct Filling<'a> {
    span: &'a Span,
    direction: Direction,
    limit: usize,
    applied: u64,
    entries: Vec<(Key, Vec<u8>)>,
    bytes: usize,
    last: Option<StoredKey>,
}

impl<'a> Filling<'a> {
    pub(crate) fn new(span: &'a Span, limit: usize, direction: Direction, applied: u64) -> Self {
        let limit = limit.min(PAGE_ENTRIES_MAX);
        Self {
            span,
            direction,
            limit,
            applied,
            entries: Vec::new(),
            bytes: 0,
            last: None,
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.entries.len() >= self.limit || self.bytes >= PAGE_BYTES_MAX
    }

    pub(crate) fn push(&mut self, key: StoredKey, value: Vec<u8>) -> Result<(), ReadError> {
        let Some((_, name)) = key.parse() else {
            return Err(ReadError::Damaged {
                key,
                meaning: "its name is no key of this format".to_owned(),
            });
        };
        self.bytes += key.as_bytes().len() + value.len();
        self.entries.push((name, value));
        self.last = Some(key);
        Ok(())
    }

    pub(crate) fn into_page(self) -> Page {
        let full = self.is_full();
        let rest = match &self.last {
            _ if !full => None,
            None => Some(self.span.clone()),
            Some(last) => Some(match self.direction {
                Direction::Ascending => self.span.clone().after_stored(last),
                Direction::Descending => self.span.clone().before_stored(last),
            }),
        };
        Page {
            entries: self.entries,
            rest,
            applied: self.applied,
        }
    }
}
