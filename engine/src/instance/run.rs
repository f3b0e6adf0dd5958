//! The state of one run of a step.

use serde::{Deserialize, Serialize};

use super::call::CallState;
use super::site::{Place, Site};
use crate::outcome::Landing;
use crate::{Digest, FactName, Millis};

/// One run of a step and, once landed, its undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// How far the forward side is.
    pub state: RunState,
    /// How far the undo is; `None` until it begins.
    pub undo: Option<Undoing>,
    /// The last epoch used, so that a new one is never an old one.
    pub epoch: u32,
}

/// How far the forward side of a run is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunState {
    /// Its call is due, under way or in doubt.
    Calling(Box<CallState>),
    /// It waits for a fact.
    Waiting {
        /// The fact.
        fact: FactName,
        /// Since when.
        since: Millis,
        /// Until when; `None` once the deadline was escalated.
        deadline: Option<Millis>,
    },
    /// It waits for a person's decision.
    Deciding {
        /// What the person decides on, by digest; the decision binds it.
        shown: Digest,
        /// Since when.
        since: Millis,
        /// Until when; `None` once the deadline was escalated.
        deadline: Option<Millis>,
    },
    /// It could not even begin (an expression failed, the ledger refused): a person decides.
    Blocked {
        /// The incident that names the reason.
        incident: u32,
    },
    /// It took place.
    Landed {
        /// What it left behind.
        landing: Landing,
        /// When.
        at: Millis,
        /// Its place in the order of landings, from 1: undo goes the other way.
        order: u32,
    },
    /// It was passed over.
    Skipped(SkipReason),
    /// It ended without effect.
    Failed,
    /// It was called off before anything left, or proven not to have happened.
    Cancelled,
}

/// Why a run was passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SkipReason {
    /// Its guard was false.
    Guard,
    /// It is not critical; what it should have done is a debt.
    Debt,
    /// A person decided so.
    Person,
}

/// How far an undo is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Undoing {
    /// The call at `index` is due, under way or in doubt.
    Calling {
        /// Which call of the undo.
        index: u16,
        /// Its state.
        call: Box<CallState>,
    },
    /// The call at `index` landed; the next follows.
    Between {
        /// Calls that have landed.
        done: u16,
    },
    /// It could not begin: a person decides.
    Blocked {
        /// Which call of the undo.
        index: u16,
        /// The incident that names the reason.
        incident: u32,
    },
    /// All calls landed, or a person said that it is done or not needed.
    Done,
}

impl Run {
    /// A run in its first state.
    pub fn new(state: RunState) -> Self {
        Self {
            state,
            undo: None,
            epoch: 0,
        }
    }

    /// Whether steps that wait for this run may begin.
    pub fn is_over(&self) -> bool {
        matches!(self.state, RunState::Landed { .. } | RunState::Skipped(_))
    }

    /// What it left behind, if it took place.
    pub fn landing(&self) -> Option<&Landing> {
        if let RunState::Landed { landing, .. } = &self.state {
            Some(landing)
        } else {
            None
        }
    }

    /// Whether it took place and was not undone.
    pub fn stands(&self) -> bool {
        self.landing().is_some() && self.undo != Some(Undoing::Done)
    }

    /// The site of the call that [`Run::call`] gives, at `place`.
    pub fn site(&self, place: &Place) -> Site {
        match &self.undo {
            Some(Undoing::Calling { index, .. }) => Site::undo(place.clone(), *index),
            Some(Undoing::Between { .. } | Undoing::Blocked { .. } | Undoing::Done) | None => {
                Site::forward(place.clone())
            }
        }
    }

    /// The call that is due, under way or in doubt on the forward side.
    pub fn forward(&self) -> Option<&CallState> {
        if let RunState::Calling(call) = &self.state {
            Some(call)
        } else {
            None
        }
    }

    /// The call that is due, under way or in doubt, on either side.
    pub fn call(&self) -> Option<&CallState> {
        match &self.undo {
            Some(Undoing::Calling { call, .. }) => Some(call),
            Some(Undoing::Between { .. } | Undoing::Blocked { .. } | Undoing::Done) | None => self.forward(),
        }
    }

    /// See [`Run::call`].
    pub fn call_mut(&mut self) -> Option<&mut CallState> {
        if let Some(Undoing::Calling { call, .. }) = &mut self.undo {
            return Some(call);
        }
        if let RunState::Calling(call) = &mut self.state {
            Some(call)
        } else {
            None
        }
    }
}
