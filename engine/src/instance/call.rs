//! The state of one call: from due, through attempts and doubt, to its end.

use serde::{Deserialize, Serialize};

use crate::contract::{Contract, Mode};
use crate::{Digest, Millis};

/// What was settled when the call became due, so that it is sent as it was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinned {
    /// What the operation promises.
    pub contract: Contract,
    /// The evaluated arguments, kept by digest because they may hold personal data.
    pub args: Digest,
}

/// One call and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallState {
    /// What is called with what.
    pub pinned: Pinned,
    /// How long one errand may take, in milliseconds.
    pub timeout_ms: i64,
    /// Part of the idempotency key: raised only by proven absence, an edit, a rewind or a person.
    pub epoch: u32,
    /// Errands started in this epoch; names the current one.
    pub attempt: u32,
    /// Requests sent in this epoch.
    pub sends: u32,
    /// Errands started over all epochs: what the retry policy counts.
    pub tries: u32,
    /// When the first errand of all started: where patience is counted from.
    pub first_at: Option<Millis>,
    /// When the first request of this epoch left: where the life of its key is counted from.
    pub keyed_at: Option<Millis>,
    /// Set while an attempt of this epoch may have happened.
    pub doubt: Option<Doubt>,
    /// The server's failures in a row under this key: a stored 5xx repeats for ever.
    pub server_faults: u32,
    /// What it waits for.
    pub phase: CallPhase,
    /// When the last request of this epoch ended at our side: "absent" counts once it had time to settle since.
    pub ended_at: Option<Millis>,
}

/// An attempt that may have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// Since when.
    pub since: Millis,
    /// Look-ups in a row that found nothing, each made after the other side had time to settle.
    pub absents: u8,
}

/// What leaves for the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Errand {
    /// The request itself.
    Send,
    /// A look-up by our reference.
    Probe,
}

/// What a call waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallPhase {
    /// The connector's gate, from `until` on.
    Owed {
        /// What is owed.
        errand: Errand,
        /// Not before this.
        until: Millis,
    },
    /// The other side.
    InFlight {
        /// What is under way.
        errand: Errand,
        /// Since when.
        since: Millis,
    },
    /// A person.
    Stuck {
        /// The incident that names the reason.
        incident: u32,
    },
}

impl CallState {
    /// A call that was just found due at `at` in `epoch`.
    pub fn due(pinned: Pinned, timeout_ms: i64, epoch: u32, at: Millis) -> Self {
        Self {
            pinned,
            timeout_ms,
            epoch,
            attempt: 0,
            sends: 0,
            tries: 0,
            first_at: None,
            keyed_at: None,
            doubt: None,
            server_faults: 0,
            phase: CallPhase::Owed {
                errand: Errand::Send,
                until: at,
            },
            ended_at: None,
        }
    }

    /// Whether the other side may have forgotten the key of a request that may have landed: sent again at `at`, it
    /// could take place twice.
    pub fn has_outlived_its_key(&self, at: Millis) -> bool {
        match (self.pinned.contract.mode, self.doubt, self.keyed_at) {
            (Mode::Keyed { key_ttl_ms }, Some(_), Some(first)) => at.since(first) >= key_ttl_ms,
            _ => false,
        }
    }

    /// Whether a request of this call is under way or may have landed.
    pub fn is_released(&self) -> bool {
        self.doubt.is_some()
            || matches!(
                self.phase,
                CallPhase::InFlight {
                    errand: Errand::Send,
                    ..
                }
            )
    }
}
