//! News without content.

use serde::{Deserialize, Serialize};

/// What a delivery says happened to an order when it says no more than the order's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hint {
    /// It went to the shop's bin.
    Trashed,
    /// It was deleted for ever.
    Deleted,
    /// Something else; only a look tells.
    Touched,
}
