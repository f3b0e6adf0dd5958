//! One order of a job.

use serde::{Deserialize, Serialize};

use crate::sensitive::Amounts;

/// An order of a job, as it was previewed, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item {
    /// The order.
    pub(crate) root: String,
    /// The revision it was previewed on; at another the command is not given.
    pub(crate) revision: u64,
    /// The order's last frame before the preview: its journal is searched from there.
    pub(crate) frames: u64,
    /// Calls that would go out at once.
    pub(crate) calls: u32,
    /// What the command moves, in minor units by currency.
    pub(crate) amounts: Amounts,
    /// What came of it.
    pub(crate) outcome: Outcome,
}

/// What came of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// Nothing yet.
    Planned,
    /// The command is done.
    Done,
    /// The engine refused it: in the preview, and then it was not given, or when it was given.
    Refused {
        /// The stable code.
        code: String,
        /// What was wrong.
        detail: String,
    },
    /// The order moved after the preview, and was left alone.
    Stale,
    /// The job was cancelled before its turn.
    Skipped,
}

impl Outcome {
    /// The stable public name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Done => "done",
            Self::Refused { .. } => "refused",
            Self::Stale => "stale",
            Self::Skipped => "skipped",
        }
    }
}
