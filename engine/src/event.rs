//! Facts about a root and its instances, journaled and never rewritten.
//!
//! Decisions are journaled, not their reasons: an event says what follows from it (when to retry, what was
//! posted), so that an old journal folds the same under a new release.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fact::Fact;
use crate::instance::{Errand, Pinned, Place, Site, SkipReason, Trigger};
use crate::ledger::Posting;
use crate::outcome::{Landing, Outcome, Probe};
use crate::root::{Incident, Obligation};
use crate::{
    ConnectorId, Digest, FactName, InstanceId, ItemKey, Millis, RoleName, StepId, Value, WorkflowName,
};

/// Something that happened to a root.
#[expect(
    clippy::large_enum_variant,
    reason = "events live in short vectors; most are of the largest kind"
)]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// The inbound edge saw the order.
    Observed {
        /// Its new record.
        mirror: Vec<u8>,
    },
    /// The order has a new content.
    SubjectRevised {
        /// The content.
        subject: Digest,
    },
    /// A fact was recorded.
    FactRecorded {
        /// The fact with its postings.
        fact: Fact,
    },
    /// A person is needed.
    IncidentOpened {
        /// Its number in the root.
        number: u32,
        /// The incident.
        incident: Incident,
    },
    /// The incident is settled.
    IncidentClosed {
        /// Its number.
        number: u32,
    },
    /// Somebody owes something.
    ObligationOpened {
        /// Its number in the root.
        number: u32,
        /// The obligation.
        obligation: Obligation,
    },
    /// Nothing more is done about it.
    ObligationClosed {
        /// Its number.
        number: u32,
        /// Who said so.
        by: String,
        /// Why.
        reason: String,
    },
    /// Amounts moved without a call.
    Posted {
        /// The movements, all landed.
        postings: Vec<Posting>,
        /// Why, for people.
        reason: String,
    },
    /// A person's command was accepted; the events after it are its consequences.
    Commanded {
        /// The command's name.
        command: String,
        /// Who.
        actor: String,
        /// Why.
        reason: String,
        /// The revision it was decided on.
        revision: Option<u64>,
    },
    /// Somebody left a note.
    Noted {
        /// Who.
        by: String,
        /// The text, by digest.
        text: Digest,
    },
    /// Something happened to an instance.
    Of {
        /// The instance.
        instance: InstanceId,
        /// What.
        event: InstanceEvent,
    },
}

/// Something that happened to an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum InstanceEvent {
    /// It exists.
    Started {
        /// The workflow's name.
        workflow: WorkflowName,
        /// The definition it is pinned to.
        definition: Digest,
        /// For a debt, the one run it makes up for.
        only: Option<Place>,
        /// Which connector serves each role.
        routes: BTreeMap<RoleName, ConnectorId>,
        /// What expressions read as `shop`.
        settings: Value,
    },
    /// A call is owed.
    CallDue {
        /// Where.
        site: Site,
        /// Part of its key.
        epoch: u32,
        /// What is called with what.
        pinned: Pinned,
        /// How long one errand may take, in milliseconds.
        timeout_ms: i64,
        /// What it reserves in the ledger, under `key`.
        opens: Vec<Posting>,
        /// Its idempotency key.
        key: String,
    },
    /// An errand may leave as soon as this is durable.
    AttemptStarted {
        /// Where.
        site: Site,
        /// The epoch.
        epoch: u32,
        /// Its number in the epoch.
        attempt: u32,
        /// What leaves.
        errand: Errand,
        /// Whether this is a pivot: from here the instance only goes forward.
        commits: bool,
    },
    /// An errand came back.
    AttemptEnded {
        /// Where.
        site: Site,
        /// The epoch.
        epoch: u32,
        /// Its number in the epoch.
        attempt: u32,
        /// What it said.
        report: Report,
        /// What follows.
        verdict: Verdict,
    },
    /// What is owed may have happened: the store was restored from a backup and it may have left after the cut, or the
    /// other side no longer remembers its key.
    Doubted {
        /// Where.
        site: Site,
        /// What tells, at once; `None` when only a person can.
        errand: Option<Errand>,
        /// The incident, when only a person can tell.
        incident: Option<u32>,
        /// Whether this is a pivot: its outcome decides, as if it had been released here.
        commits: bool,
    },
    /// A report about an attempt that is over already, kept for people.
    LateReport {
        /// Where.
        site: Site,
        /// The epoch.
        epoch: u32,
        /// Its number in the epoch.
        attempt: u32,
        /// What it said.
        report: Report,
    },
    /// A run landed without an answer to an attempt: a person completed it, a late answer proved it.
    Landed {
        /// Where.
        site: Site,
        /// What it left behind.
        landing: Landing,
        /// What it moved.
        postings: Vec<Posting>,
        /// Its idempotency key.
        key: String,
        /// The postings verify what others claimed.
        verifies: bool,
        /// The landing passes the point of no return.
        commits: bool,
    },
    /// A step waits for a fact.
    WaitOpened {
        /// Where.
        place: Place,
        /// The fact.
        fact: FactName,
        /// Until when.
        deadline: Millis,
    },
    /// The fact is there.
    WaitMet {
        /// Where.
        place: Place,
        /// The fact's natural id.
        fact: String,
        /// Its payload, read by later steps as this step's result.
        result: Value,
    },
    /// A step waits for a person.
    ApprovalOpened {
        /// Where.
        place: Place,
        /// What the person decides on.
        shown: Digest,
        /// Until when.
        deadline: Millis,
    },
    /// A person agreed.
    Approved {
        /// Where.
        place: Place,
        /// Who.
        by: String,
    },
    /// A person refused.
    Declined {
        /// Where.
        place: Place,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// A deadline passed and was escalated; the wait goes on without one.
    DeadlinePassed {
        /// The run, or the fan-out's step.
        place: Place,
    },
    /// A service level begins to count.
    SlaSet {
        /// The step; `None` for the whole instance.
        step: Option<StepId>,
        /// By when it is to be over.
        due: Millis,
    },
    /// It was not over in time. Nothing follows from it but that it is told.
    SlaBreached {
        /// The step; `None` for the whole instance.
        step: Option<StepId>,
        /// By when it should have been over.
        due: Millis,
    },
    /// A fan-out began.
    FanOpened {
        /// The step.
        step: StepId,
        /// Its elements, when they are known at once.
        items: BTreeMap<ItemKey, Value>,
        /// Until when the next element is awaited; `None` when no more can join.
        deadline: Option<Millis>,
    },
    /// An element joined.
    FanJoined {
        /// The step.
        step: StepId,
        /// The element.
        item: ItemKey,
        /// Its value.
        value: Value,
        /// Until when the next one is awaited.
        deadline: Millis,
    },
    /// No more elements can join.
    FanClosed {
        /// The step.
        step: StepId,
    },
    /// A run was passed over.
    Skipped {
        /// Where.
        place: Place,
        /// Why.
        reason: SkipReason,
        /// The pivot was passed over: it commits all the same.
        commits: bool,
        /// The key under which amounts were reserved, if any.
        key: Option<String>,
    },
    /// A run cannot begin; a person decides.
    Blocked {
        /// Where.
        site: Site,
        /// The incident that names the reason.
        incident: u32,
    },
    /// A blocked or failed run begins anew.
    Unblocked {
        /// Where.
        site: Site,
    },
    /// A run was called off before anything left, or proven not to have happened.
    RunCancelled {
        /// Where.
        place: Place,
        /// The key under which amounts were reserved, if any.
        key: Option<String>,
    },
    /// A call is owed again, at once or in a new epoch, because a person said so.
    Rearmed {
        /// Where.
        site: Site,
        /// The epoch to go on with.
        epoch: u32,
        /// What is owed.
        errand: Errand,
        /// The old key whose reservation moves to the new one.
        old_key: String,
        /// The key to go on with.
        key: String,
    },
    /// A person corrected the arguments of a call; it is due with new ones.
    Edited {
        /// Where.
        site: Site,
        /// The arguments that were given, by name; their values stand in the call that follows.
        arguments: Vec<String>,
        /// The key whose reservation is let go of, if it was due before.
        old_key: Option<String>,
    },
    /// All calls of an undo landed, or a person said that it is done or not needed.
    Undone {
        /// Where.
        place: Place,
        /// The person, if one said so.
        by: Option<String>,
        /// The key under which amounts were reserved, if any.
        key: Option<String>,
    },
    /// It stops, and deadlines stand still.
    Held {
        /// The incident that says why, when the engine held it.
        incident: Option<u32>,
        /// For people.
        reason: String,
    },
    /// It goes on; deadlines move by the time it was held.
    Resumed,
    /// A cancel or compensate waits for the pivot's outcome.
    Parked {
        /// What waits.
        trigger: Trigger,
    },
    /// The pivot landed: what waited for its outcome cannot be done any more.
    CameTooLate {
        /// What waited.
        trigger: Trigger,
    },
    /// Undos that the other side may refuse go first.
    CancelStarted {
        /// What set it going.
        trigger: Trigger,
    },
    /// The other side refused; it goes forward again.
    CancelRefused {
        /// The run whose undo was refused.
        place: Place,
    },
    /// Undoing back to a step, to go forward again from there.
    RewindStarted {
        /// The first step that will be done again.
        to: StepId,
        /// What set it going.
        trigger: Trigger,
    },
    /// What followed is undone; these steps begin anew.
    Rewound {
        /// The steps.
        steps: Vec<StepId>,
    },
    /// Undoing, without a way back.
    CompensationStarted {
        /// What set it going.
        trigger: Trigger,
    },
    /// The released pivot did not happen: it can be undone again.
    Reopened,
    /// Ended forward.
    Completed,
    /// Ended with every landed effect undone.
    Compensated,
    /// Ended by a named person.
    Closed {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
}

/// What an errand brought back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// The end of a request.
    Outcome(Outcome),
    /// The answer of a look-up.
    Probe(Probe),
}

/// What follows from a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// The effect took place.
    Landed {
        /// What it left behind.
        landing: Landing,
        /// What it moved, as the other side said.
        postings: Vec<Posting>,
        /// Its idempotency key.
        key: String,
        /// The postings verify what others claimed.
        verifies: bool,
        /// The landing passes the point of no return.
        commits: bool,
    },
    /// Nothing happened; the same request goes out again under the same key.
    Retry {
        /// Not before this.
        until: Millis,
    },
    /// It may have happened; this errand tells.
    Doubt {
        /// What goes out.
        errand: Errand,
        /// Not before this.
        until: Millis,
        /// Look-ups in a row that found nothing.
        absents: u8,
    },
    /// Proven not to have happened; a new epoch begins.
    Anew {
        /// Not before this.
        until: Millis,
        /// The epoch that begins.
        epoch: u32,
        /// The old key whose reservation moves.
        old_key: String,
        /// The new key.
        key: String,
    },
    /// A person decides.
    Stuck {
        /// The incident that names the reason.
        incident: u32,
        /// The effect may have happened.
        in_doubt: bool,
    },
    /// It ended without effect; what it reserved is free again.
    Failed {
        /// Its idempotency key.
        key: String,
    },
    /// The other side refused to undo; see `CancelRefused`.
    Refused {
        /// Its idempotency key.
        key: String,
    },
}
