//! Reading within a bound.

use std::cell::Cell;

use amends_storage::{Direction, Page, ReadError, Span, Store};

use super::Bounds;
use crate::summary::{Summary, read_summary};

/// Reads a store and counts the entries it read.
pub(crate) struct Reads<'s, S> {
    pub(crate) store: &'s S,
    pub(crate) bounds: Bounds,
    read: Cell<usize>,
}

impl<'s, S: Store> Reads<'s, S> {
    pub(crate) fn new(store: &'s S, bounds: Bounds) -> Self {
        Self {
            store,
            bounds,
            read: Cell::new(0),
        }
    }

    /// Whether a page has to end here.
    pub(crate) fn is_spent(&self) -> bool {
        self.read.get() >= self.bounds.reads
    }

    /// Counts `entries` more.
    pub(crate) fn note(&self, entries: usize) {
        self.read.set(self.read.get().saturating_add(entries));
    }

    pub(crate) fn scan(&self, span: &Span, limit: usize, direction: Direction) -> Result<Page, ReadError> {
        let page = self.store.scan(span, limit, direction)?;
        // A scan that finds nothing has looked as well.
        self.note(page.entries.len().max(1));
        Ok(page)
    }

    pub(crate) fn summary(&self, root: &str) -> Result<Option<Summary>, ReadError> {
        self.note(1);
        read_summary(self.store, root)
    }
}
