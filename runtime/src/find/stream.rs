//! The entries of one facet, one after the other.

use std::collections::VecDeque;

use amends_storage::{Direction, ReadError, Span, Store};

use super::{Position, Reads, index};

/// Entries of the first reading after a jump; each further reading takes twice as many.
const CHUNK_FIRST: usize = 8;
/// Entries of one reading at the most.
const CHUNK_MAX: usize = 256;

/// The entries of one facet in one direction.
pub(crate) struct Stream {
    name: &'static str,
    facet: String,
    direction: Direction,
    whole: Span,
    rest: Option<Span>,
    buffer: VecDeque<Position>,
    chunk: usize,
}

impl Stream {
    /// The entries of `facet` whose key starts with `key`, after `after` in the direction of the walk.
    pub(crate) fn new(
        name: &'static str,
        facet: &str,
        key: &str,
        direction: Direction,
        after: Option<&Position>,
    ) -> Self {
        let whole = index::keyed_span(name, facet, key);
        let mut stream = Self {
            name,
            facet: facet.to_owned(),
            direction,
            rest: Some(whole.clone()),
            whole,
            buffer: VecDeque::new(),
            chunk: CHUNK_FIRST,
        };
        if let Some(after) = after {
            let entry = index::entry(name, facet, &after.key, &after.id);
            let whole = stream.whole.clone();
            stream.rest = Some(match direction {
                Direction::Ascending => whole.after(&entry),
                Direction::Descending => whole.before(&entry),
            });
        }
        stream
    }

    /// The next entry; `None` at the end.
    pub(crate) fn peek<S: Store>(&mut self, reads: &Reads<'_, S>) -> Result<Option<&Position>, ReadError> {
        while self.buffer.is_empty() {
            let Some(rest) = self.rest.take() else {
                return Ok(None);
            };
            let page = reads.scan(&rest, self.chunk, self.direction)?;
            self.chunk = (self.chunk * 2).min(CHUNK_MAX);
            self.rest = page.rest;
            let positions = page
                .entries
                .into_iter()
                .filter_map(|(key, _)| index::position(key));
            self.buffer.extend(positions);
        }
        Ok(self.buffer.front())
    }

    /// Passes over the entry that `peek` gave.
    pub(crate) fn advance(&mut self) {
        self.buffer.pop_front();
    }

    /// Passes over everything before `to`.
    pub(crate) fn seek(&mut self, to: &Position) {
        let direction = self.direction;
        let is_before = |one: &Position| match direction {
            Direction::Ascending => one < to,
            Direction::Descending => one > to,
        };
        while self.buffer.front().is_some_and(is_before) {
            self.buffer.pop_front();
        }
        if !self.buffer.is_empty() || self.rest.is_none() {
            return;
        }
        self.chunk = CHUNK_FIRST;
        let whole = self.whole.clone();
        self.rest = Some(match direction {
            // No row has an empty id, so that this is where the rows of the key begin.
            Direction::Ascending => whole.after(&index::entry(self.name, &self.facet, &to.key, "")),
            Direction::Descending => {
                let behind = format!("{}\0", to.id);
                whole.before(&index::entry(self.name, &self.facet, &to.key, &behind))
            }
        });
    }

    /// Which of two entries comes first.
    pub(crate) fn is_before(direction: Direction, one: &Position, other: &Position) -> bool {
        match direction {
            Direction::Ascending => one < other,
            Direction::Descending => one > other,
        }
    }
}
