//! The validated, immutable workflow document.
//!
//! A definition reaches the core already parsed and checked (see `amends-workflows`); nothing here reads text.

use serde::{Deserialize, Serialize};

use crate::expr::Expr;
use crate::{Digest, FactName, OperationName, RoleName, StepId, Value, WorkflowName};

/// A workflow: what happens to one subject, and how each part of it is undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// The workflow's name, part of every instance id.
    pub name: WorkflowName,
    /// Raised with every change of the document.
    pub version: u32,
    /// The digest of the document's bytes.
    pub digest: Digest,
    /// What people call it.
    pub title: String,
    /// The name expressions read the subject by, for example `order`.
    pub subject: String,
    /// What tells several instances of this workflow in one root apart; `None` when a root has one at most.
    /// Reads the subject and the starting `fact`.
    pub key: Option<Expr>,
    /// The fact that starts an instance.
    pub start: FactName,
    /// How long an instance may take, in milliseconds, before it is told as late.
    pub sla_ms: Option<i64>,
    /// All steps, each after those it waits for.
    pub steps: Vec<Step>,
    /// What facts do to a live instance beyond feeding its waits.
    pub watches: Vec<Watch>,
    /// Subjects every expression was evaluated on when the document was read.
    pub samples: Vec<Sample>,
}

impl Definition {
    /// The step called `id`.
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == *id)
    }
}

/// A unit of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Unique within the definition; `steps.<id>` in expressions, with `_` for `-`.
    pub id: StepId,
    /// What people read instead of the id: "Reserve stock".
    pub title: String,
    /// Where it stands to the point of no return.
    pub kind: StepKind,
    /// What it does.
    pub form: Form,
    /// The steps that must be over before this one; empty only for first steps.
    pub after: Vec<StepId>,
    /// False means the step is passed over. A pivot that is passed over commits all the same.
    pub when: Option<Expr>,
    /// What must hold when its call becomes due.
    pub requires: Vec<Requirement>,
    /// Runs once per element instead of once.
    pub each: Option<Each>,
    /// How its calls are repeated.
    pub policy: Policy,
    /// What to do when it fails.
    pub on: Reactions,
    /// A step that is not critical may be skipped; what it should have done becomes a debt.
    pub critical: bool,
    /// How a landed run is undone.
    pub undo: Undo,
    /// How long it may take from the moment it is reached, in milliseconds, before it is told as late.
    pub sla_ms: Option<i64>,
}

/// Where a step stands to the point of no return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum StepKind {
    /// Can be undone.
    Compensatable,
    /// The point of no return: from its release the instance only goes forward.
    Pivot,
    /// Behind the pivot or harmless: repeated until it succeeds.
    Retriable,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// Calls an operation of an outside system.
    Call(Call),
    /// Waits for a fact about the root; one that came early counts.
    Wait {
        /// The fact.
        fact: FactName,
        /// How long to wait from the moment the step is reached.
        deadline: Span,
    },
    /// Waits for a person. The decision binds what `shown` evaluates to: a change voids it.
    Approval {
        /// What the person decides on (amount, findings), shown and bound by digest.
        shown: Expr,
        /// How long to wait before it is escalated.
        deadline: Span,
    },
}

/// A call of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The role: `erp`.
    pub role: RoleName,
    /// The operation: `reserve_stock`.
    pub operation: OperationName,
    /// The arguments by name, each an expression, evaluated once when the call becomes due.
    pub with: Vec<(String, Expr)>,
}

/// What must hold before a call is made: where it does not, nothing is sent and a person is told what is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// True when the call may be made; reads what its arguments read.
    pub that: Expr,
    /// The class of the incident otherwise: a stable code such as `transaction-missing`.
    pub cause: String,
    /// What is missing and what to do, for people.
    pub otherwise: String,
}

/// How a step is undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Undo {
    /// Declared to need nothing (a look-up, a party that may stay).
    Nothing,
    /// Behind the pivot: never undone.
    Never,
    /// These calls, in order.
    Calls(Vec<UndoCall>),
}

/// One call of an undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoCall {
    /// What is called. Its expressions may also read `landed`, the result of the step being undone.
    pub call: Call,
    /// How it is repeated; more patient than forward calls.
    pub policy: Policy,
    /// The other side may say no (the warehouse has picked). Then the instance goes forward again.
    pub may_refuse: bool,
}

/// A fan-out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Each {
    /// One run per element of a list, frozen in one event when the step is reached. `item` reads the element.
    Items {
        /// Gives a list of maps.
        list: Expr,
        /// Gives the text that tells elements apart; reads `item`.
        key: Expr,
    },
    /// One run per arriving fact (parcels). `fact` reads its payload; its id is the item key.
    Facts {
        /// The fact.
        fact: FactName,
        /// True when no more are expected; reads `facts`, the list of all payloads so far, and `units`, the pieces of
        /// all articles that the ledger knows as `ordered`, `shipped` and `cancelled`.
        until: Expr,
        /// How long to wait for the next one.
        deadline: Span,
    },
}

/// A length of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Span {
    /// Fixed, in milliseconds.
    Fixed(i64),
    /// Gives whole milliseconds when the step is reached.
    Computed(Expr),
}

/// How often and how long a call is repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// How long one attempt may take, in milliseconds.
    pub timeout_ms: i64,
    /// The pause after the first failure, in milliseconds.
    pub first_ms: i64,
    /// Each further pause is this many thousandths of the one before (2000 doubles).
    pub factor_milli: i64,
    /// The longest pause, in milliseconds.
    pub max_ms: i64,
    /// From the first attempt to giving up, in milliseconds.
    pub give_up_after_ms: i64,
    /// Attempts at the most; `None` leaves it to `give_up_after_ms`.
    pub attempts_max: Option<u32>,
}

impl Default for Policy {
    /// The starting values practitioners use: 30 s a call, 2 s doubling to 5 min, four hours in all.
    fn default() -> Self {
        Self {
            timeout_ms: 30_000,
            first_ms: 2_000,
            factor_milli: 2_000,
            max_ms: 300_000,
            give_up_after_ms: 4 * 3_600_000,
            attempts_max: None,
        }
    }
}

/// What to do about each way a step can fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reactions {
    /// The other side said no.
    pub rejected: Reaction,
    /// The policy allows no more attempts.
    pub exhausted: Reaction,
    /// It stayed in doubt although everything that resolves doubt was tried.
    pub in_doubt: Reaction,
    /// A wait or approval ran past its deadline.
    pub deadline: Reaction,
}

impl Default for Reactions {
    fn default() -> Self {
        Self {
            rejected: Reaction::Hold,
            exhausted: Reaction::Hold,
            in_doubt: Reaction::Hold,
            deadline: Reaction::Escalate,
        }
    }
}

/// What to do about a failed step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Reaction {
    /// Go on trying at the longest pause.
    Retry,
    /// Stop here with an incident until a person decides.
    Hold,
    /// Undo the instance. Behind the pivot this is read as `Hold`.
    Compensate,
    /// Open an incident and go on waiting or trying.
    Escalate,
    /// Pass the step over; only for steps that are not critical. What is owed becomes a debt.
    Skip,
}

/// What a fact does to a live instance beyond feeding its waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// The fact.
    pub fact: FactName,
    /// Reads the subject and `fact`; absent means always.
    pub when: Option<Expr>,
    /// What it does.
    pub then: WatchAction,
    /// The incident's cause class, a stable code: `order-edited`.
    pub cause: String,
}

/// What a watched fact does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WatchAction {
    /// Hold the instance, with an incident that shows the fact.
    Hold,
    /// Undo the instance, or ask the contested undos first.
    Cancel,
    /// Open an incident and go on.
    Escalate,
}

/// A named subject that every expression of a definition was tried on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// For messages and pictures.
    pub name: String,
    /// The subject.
    pub subject: Value,
    /// Results of steps, facts and settings the expressions may read, by scope name.
    pub scope: Value,
}
