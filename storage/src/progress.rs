//! How far a long operation has come.

use std::fmt;

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reading archives.
    Archives,
    /// Following the global sequence.
    Sequence,
    /// Following the chain of every root.
    Chains,
    /// Reading all other values.
    Values,
    /// Writing the backup file.
    BackingUp,
    /// Checking the backup file.
    Checking,
    /// Writing the restored store.
    Restoring,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Archives => "reading the archives",
            Self::Sequence => "following the sequence",
            Self::Chains => "following the chains",
            Self::Values => "reading the values",
            Self::BackingUp => "writing the backup",
            Self::Checking => "checking the backup",
            Self::Restoring => "restoring",
        })
    }
}

/// One report of progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// Entries done in this stage.
    pub done: u64,
    /// Entries of this stage, where they are known beforehand.
    pub total: Option<u64>,
}

impl Progress {
    /// Whole percent of this stage; `None` where its size is not known beforehand.
    pub fn percent(&self) -> Option<u64> {
        let total = self.total?;
        Some(
            self.done
                .min(total)
                .saturating_mul(100)
                .checked_div(total)
                .unwrap_or(100),
        )
    }
}
