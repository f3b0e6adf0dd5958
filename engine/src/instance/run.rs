//! The state of one run of a step.

use serde::{Deserialize, Serialize};

use super::call::{CallState, Pinned};
use super::site::{Place, Side, Site};
use crate::limits::{PAST_MAX, REPORTS_MAX};
use crate::outcome::Landing;
use crate::{Digest, FactName, Millis};

/// One run of a step and, once landed, its undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// How far the forward side is.
    pub state: RunState,
    /// How far the undo is; `None` until it begins.
    pub undo: Option<Undoing>,
    /// The last epoch used on the forward side, so that a new one is never an old one.
    pub epoch: u32,
    /// The epoch the next undo call uses: the last one used, raised when what it undid is done again or the other
    /// side refused.
    pub undo_epoch: u32,
    /// The last call on the forward side, so that its late answer still moves what it moved.
    pub pinned: Option<Pinned>,
    /// A person had it taken back to before its beginning; only its history is left.
    pub vacant: bool,
    /// The last reports about its errands, so that a repetition adds nothing.
    pub reports: Vec<Heard>,
    /// What it left behind before it was taken back, so that a late report about it changes nothing.
    pub past: Vec<Past>,
}

/// A landing that was taken back; the step is done again in a new epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// The last epoch of its call.
    pub epoch: u32,
    /// The last epoch of its undo.
    pub undo_epoch: u32,
    /// The other side's name for it.
    pub reference: Option<String>,
}

/// A report that was heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// The side its errand belonged to.
    pub side: Side,
    /// The epoch of its errand.
    pub epoch: u32,
    /// The number of its errand in the epoch.
    pub attempt: u32,
    /// What it said.
    pub report: Digest,
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
            undo_epoch: 0,
            pinned: None,
            vacant: false,
            reports: Vec::new(),
            past: Vec::new(),
        }
    }

    /// Keeps `heard` in mind, and forgets the oldest beyond the limit.
    pub fn hear(&mut self, heard: Heard) {
        if self.reports.len() >= REPORTS_MAX {
            self.reports.remove(0);
        }
        self.reports.push(heard);
    }

    /// Takes the run back to before its beginning; a new one uses new epochs.
    pub fn vacate(&mut self) {
        if let RunState::Landed { landing, .. } = &self.state {
            if self.past.len() >= PAST_MAX {
                self.past.remove(0);
            }
            self.past.push(Past {
                epoch: self.epoch,
                undo_epoch: self.undo_epoch,
                reference: landing.reference.clone(),
            });
            self.undo_epoch += 1;
        }
        self.undo = None;
        self.state = RunState::Cancelled;
        self.vacant = true;
    }

    /// Remembers that `epoch` was used on `side`, so that a new epoch is never an old one.
    pub fn use_epoch(&mut self, side: Side, epoch: u32) {
        match side {
            Side::Do => self.epoch = self.epoch.max(epoch),
            Side::Undo(_) => self.undo_epoch = self.undo_epoch.max(epoch),
        }
    }

    /// The epoch a call on `side` that becomes due now uses.
    pub fn epoch_due(&self, side: Side) -> u32 {
        match side {
            Side::Undo(_) => self.undo_epoch,
            Side::Do if self.pinned.is_some() => self.epoch + 1,
            Side::Do => 0,
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
