//! One look at an order, or a hint to look.

use crate::model::Order;

use super::{Gone, Hint};

/// What came in about one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// How.
    pub source: Source,
    /// The site it came from, in the adapter's one form; empty when unknown.
    pub site: String,
    /// The storefront's id of the order.
    pub order: i64,
    /// What was seen.
    pub seen: Seen,
}

/// How an observation came in. Times are epoch milliseconds of our own clock, which never falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The shop pushed it.
    Push {
        /// When it was received.
        received_ms: i64,
    },
    /// We read this order.
    Read {
        /// When we asked.
        begun_ms: i64,
    },
    /// We read it among others that changed.
    Sweep {
        /// When we asked for the page it stood on.
        begun_ms: i64,
    },
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The whole order.
    Order(Box<Order>),
    /// A read found no order; never [`Gone::Present`].
    Absent(Gone),
    /// No more than an id.
    Bare(Hint),
}
