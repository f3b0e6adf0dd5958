//! Where an instance stands to the point of no return.

use serde::{Deserialize, Serialize};

/// Where an instance stands to the point of no return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Stage {
    /// Before the pivot; can be undone.
    Running,
    /// A pivot was released; its outcome decides. Cancel and compensate are parked.
    Committing,
    /// Past the pivot: forward only.
    Committed,
    /// A cancel was accepted; undos that the other side may refuse go first.
    Cancelling,
    /// Undoing back to a step, to go forward again from there.
    Rewinding,
    /// Undoing, without a way back.
    Compensating,
    /// Ended forward.
    Completed,
    /// Ended with every landed effect undone.
    Compensated,
    /// Ended by a named person with a reason.
    Closed,
}

impl Stage {
    /// All stages, for generated tables.
    pub const ALL: [Self; 9] = [
        Self::Running,
        Self::Committing,
        Self::Committed,
        Self::Cancelling,
        Self::Rewinding,
        Self::Compensating,
        Self::Completed,
        Self::Compensated,
        Self::Closed,
    ];

    /// Whether nothing will ever happen again.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Compensated | Self::Closed)
    }

    /// Whether forward work may begin.
    pub fn goes_forward(self) -> bool {
        matches!(self, Self::Running | Self::Committing | Self::Committed)
    }

    /// The stable public name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Committing => "committing",
            Self::Committed => "committed",
            Self::Cancelling => "cancelling",
            Self::Rewinding => "rewinding",
            Self::Compensating => "compensating",
            Self::Completed => "completed",
            Self::Compensated => "compensated",
            Self::Closed => "closed",
        }
    }
}

/// What set an undo going.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// True when contested undos are not asked first: a person said "compensate".
    pub forced: bool,
    /// Who: a person, or the step that failed.
    pub by: String,
    /// Why.
    pub reason: String,
}
