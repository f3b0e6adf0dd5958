//! Wishes of people: accepted and journaled, or refused without any change.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::instance::{Place, Stage};
use crate::{FactName, InstanceId, StepId, Value};

/// A person's wish about one instance, or, for a waiver or a note, about the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The instance; a waiver or a note is about the order, whatever stands here.
    pub instance: InstanceId,
    /// What is wished.
    pub verb: Verb,
    /// Who wishes it.
    pub actor: String,
    /// Why; never empty.
    pub reason: String,
    /// The root's revision it was decided on; `None` skips the check.
    pub revision: Option<u64>,
}

/// What can be wished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verb {
    /// Try a failing, stuck or blocked run again, now.
    Retry {
        /// Which run; its undo, if that is what waits.
        place: Place,
    },
    /// The effect took place by hand: go on with this reference and result.
    Complete {
        /// Which run; its undo, if that is what waits.
        place: Place,
        /// The document made by hand.
        reference: Option<String>,
        /// What later steps read.
        result: Value,
    },
    /// Go on without it.
    Skip {
        /// Which run; its undo, if that is what waits.
        place: Place,
    },
    /// Undo everything, without asking contested undos first.
    Compensate,
    /// Undo everything unless the other side refuses.
    Cancel,
    /// Stop, and freeze deadlines.
    Hold,
    /// Go on.
    Resume,
    /// Agree to what an approval shows.
    Approve {
        /// The approval.
        place: Place,
    },
    /// Refuse it.
    Reject {
        /// The approval.
        place: Place,
    },
    /// End it as it is; what is left over is settled by hand.
    Close,
    /// Undo back to before `step`, then do it and what follows it again, under new keys.
    Rewind {
        /// The first step that is done again.
        step: StepId,
    },
    /// Report a fact by hand, as if the outside had told it.
    Signal {
        /// The fact.
        fact: FactName,
        /// What it happened to, unique within the order and name: the parcel's number.
        id: String,
        /// What expressions read.
        payload: Value,
    },
    /// Correct arguments of a call that cannot go on, and send it under a new key.
    Edit {
        /// Which run; its undo, if that is what waits.
        place: Place,
        /// The arguments that change, by name; the others stay as they are.
        arguments: BTreeMap<String, Value>,
    },
    /// Nothing more will be done about an obligation, a debt or a discrepancy of the order.
    Waive {
        /// Its number in the order.
        number: u32,
    },
    /// Keep a text with the order.
    Note {
        /// The text; kept apart from the events, because it may name people.
        text: String,
    },
}

impl Verb {
    /// All names, in the order of the type.
    pub const NAMES: [&str; 15] = [
        "retry",
        "complete",
        "skip",
        "compensate",
        "cancel",
        "hold",
        "resume",
        "approve",
        "reject",
        "close",
        "rewind",
        "signal",
        "edit",
        "waive",
        "note",
    ];

    /// The stable public name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Retry { .. } => "retry",
            Self::Complete { .. } => "complete",
            Self::Skip { .. } => "skip",
            Self::Compensate => "compensate",
            Self::Cancel => "cancel",
            Self::Hold => "hold",
            Self::Resume => "resume",
            Self::Approve { .. } => "approve",
            Self::Reject { .. } => "reject",
            Self::Close => "close",
            Self::Rewind { .. } => "rewind",
            Self::Signal { .. } => "signal",
            Self::Edit { .. } => "edit",
            Self::Waive { .. } => "waive",
            Self::Note { .. } => "note",
        }
    }
}

/// Why a command or an observation changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum Refusal {
    /// The order moved since the decision.
    #[error("the order is at revision {actual}, not {expected}: look at it again and decide anew")]
    Stale {
        /// What the decision was made on.
        expected: u64,
        /// Where the order stands.
        actual: u64,
    },
    /// No such instance.
    #[error("there is no instance `{0}`: list the order's instances with `amends orders show`")]
    NoInstance(InstanceId),
    /// No such run.
    #[error("nothing waits at `{0}`: `amends orders show` names the places a command can be given")]
    NothingThere(Place),
    /// The instance has ended.
    #[error("the instance has ended ({}): nothing more can be done to it", .0.name())]
    Ended(Stage),
    /// The command does not apply now.
    #[error("{verb} is not possible while {why}")]
    NotNow {
        /// The command.
        verb: String,
        /// The second half of the sentence, with what to do instead.
        why: String,
    },
    /// A reason is missing.
    #[error("a reason is needed: say why, it is kept with the order")]
    NoReason,
    /// The call has no such argument.
    #[error("{operation} has no argument `{argument}`; it has: {known}")]
    NoArgument {
        /// `role.operation`.
        operation: String,
        /// What was given.
        argument: String,
        /// Those it has.
        known: String,
    },
    /// Nothing open has this number.
    #[error(
        "nothing open has the number {0}: `amends orders show` lists incidents and obligations by number"
    )]
    NoSuchNumber(u32),
    /// A comparison was made against an older record.
    #[error("the order's record is at revision {actual}, not {expected}: compare again")]
    MirrorMoved {
        /// The revision compared with.
        expected: u64,
        /// The revision now.
        actual: u64,
    },
    /// Too much of something.
    #[error("the order has reached the limit of {limit} {what}: a person must look at what feeds it")]
    LimitReached {
        /// What.
        what: String,
        /// The limit.
        limit: usize,
    },
}

impl Refusal {
    /// The stable public code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Stale { .. } => "command/stale",
            Self::NoInstance(_) => "command/no-instance",
            Self::NothingThere(_) => "command/nothing-there",
            Self::Ended(_) => "command/ended",
            Self::NotNow { .. } => "command/not-now",
            Self::NoReason => "command/no-reason",
            Self::NoArgument { .. } => "command/no-argument",
            Self::NoSuchNumber(_) => "command/no-such-number",
            Self::MirrorMoved { .. } => "inbound/mirror-moved",
            Self::LimitReached { .. } => "root/limit-reached",
        }
    }
}
