//! A place in a list.

use serde::{Deserialize, Serialize};

/// A place in a list: rows are ordered by key, then by id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Position {
    /// The sort key as the index spells it: text whose order is the order of what it stands for.
    pub key: String,
    /// The row: a root, or an incident.
    pub id: String,
}
