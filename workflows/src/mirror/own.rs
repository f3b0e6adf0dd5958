//! What we wrote to the shop ourselves, and what therefore comes back.

/// A write of ours that sets an order's status. The shop announces it like any other change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnWrite {
    /// The status it sets.
    pub status: String,
    /// When we learned that it landed, epoch milliseconds of our clock; `None` while it may have.
    pub landed_ms: Option<i64>,
}
