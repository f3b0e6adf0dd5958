//! Finding orders and incidents over the index entries, a bounded number of entries per page.
//!
//! A list is a total order of rows: by a *sort key*, then by id. Every index that serves a list is stored in that
//! order under each of its values (its *facets*), so that facets are intersected and united by walking them side by
//! side. A row is shown only if its summary fits all filters, so that an index can only narrow, never lie. A cursor
//! is the position of the last row looked at: rows that stood still are met exactly once, whatever moves meanwhile.

mod count;
mod email;
mod filter;
pub(crate) mod index;
mod list;
mod position;
mod reads;
mod stream;
mod walk;

pub use count::{Count, count};
pub use email::EmailKey;
pub use filter::Filter;
pub use index::{CAUSE as CAUSE_INDEX, STATE as STATE_INDEX, facet_span};
pub use list::{Found, Query, Sort, orders};
pub use position::Position;
pub(crate) use reads::Reads;
pub(crate) use stream::Stream;
pub(crate) use walk::{Range, Source, walk};

/// What one page may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Entries of the store read for one page, index entries and summaries together. A page that needs more ends
    /// early with a cursor to go on with; one chunk of each facet more may have been read by then.
    pub reads: usize,
    /// Rows of a facet up to which it is read whole and sorted: then any filter and order costs no more than this.
    pub small: usize,
}

impl Default for Bounds {
    /// 6,000 entries: the largest page has 500 rows, and a filter may pass over ten entries for each.
    fn default() -> Self {
        Self {
            reads: 6_000,
            small: 256,
        }
    }
}

/// Index entries counted for an estimate at the most.
pub const COUNTED_MAX: usize = 10_000;

#[cfg(test)]
mod tests;
