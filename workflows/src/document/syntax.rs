//! A document as written: every part with its place, nothing resolved. What static checks look at.

use amends_engine::Value;

use super::source::{Located, Written};
use crate::cel::Span;

/// A definition document.
#[derive(Debug, Clone)]
pub struct Document {
    /// `name`.
    pub name: Written,
    /// `version`.
    pub version: Located<u32>,
    /// `title`; the name when it is not given.
    pub title: String,
    /// `subject`.
    pub subject: Written,
    /// `start`.
    pub start: Written,
    /// `key`.
    pub key: Option<Written>,
    /// `sla`, in milliseconds.
    pub sla: Option<i64>,
    /// `[policy.NAME]`.
    pub policies: Vec<Policy>,
    /// `[[step]]`, in the order written.
    pub steps: Vec<Step>,
    /// `[[watch]]`.
    pub watches: Vec<Watch>,
    /// `[[sample]]`.
    pub samples: Vec<Sample>,
}

impl Document {
    /// The step called `id`.
    pub fn step(&self, id: &str) -> Option<(usize, &Step)> {
        self.steps.iter().enumerate().find(|(_, step)| step.id.text == id)
    }
}

/// `[policy.NAME]`.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The name.
    pub name: String,
    /// What it says, with the usual values where it says nothing.
    pub policy: amends_engine::definition::Policy,
}

/// `[[step]]`.
#[derive(Debug, Clone)]
pub struct Step {
    /// Where the step begins.
    pub span: Span,
    /// `id`.
    pub id: Written,
    /// `title`; made of the id when it is not given.
    pub title: String,
    /// `kind`, when it is given.
    pub kind: Option<Located<amends_engine::definition::StepKind>>,
    /// What it does; `None` when that could not be read.
    pub form: Option<Form>,
    /// `after`; `None` means after the step written before it.
    pub after: Option<Vec<Written>>,
    /// `when`.
    pub when: Option<Written>,
    /// `[[step.require]]`.
    pub requires: Vec<Requirement>,
    /// `each` or `each_fact`.
    pub each: Option<Each>,
    /// `undo`.
    pub undo: Option<Located<Undo>>,
    /// `policy`.
    pub policy: Option<Written>,
    /// `on.*`: what failed, and the reaction.
    pub on: Vec<Reaction>,
    /// `critical`.
    pub critical: bool,
    /// `sla`, in milliseconds.
    pub sla: Option<i64>,
}

impl Step {
    /// The name its result is read by: `steps.<this>`.
    pub fn result_name(&self) -> String {
        self.id.text.replace('-', "_")
    }
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Form {
    /// `call` and `with`.
    Call(Call),
    /// `wait` and `deadline`.
    Wait {
        /// `wait`.
        fact: Written,
        /// `deadline`.
        deadline: Option<Time>,
    },
    /// `approve` and `deadline`.
    Approval {
        /// `approve`.
        shown: Written,
        /// `deadline`.
        deadline: Option<Time>,
    },
}

/// `call` with `with`.
#[derive(Debug, Clone)]
pub struct Call {
    /// `role.operation`.
    pub name: Written,
    /// `with`: name, place of the name, expression.
    pub with: Vec<(Located<String>, Written)>,
}

/// `[[step.require]]`.
#[derive(Debug, Clone)]
pub struct Requirement {
    /// `that`.
    pub that: Written,
    /// `cause`.
    pub cause: Written,
    /// `otherwise`.
    pub otherwise: Written,
}

/// `each` or `each_fact`.
#[derive(Debug, Clone)]
pub enum Each {
    /// `each` and `item_key`.
    Items {
        /// `each`.
        list: Written,
        /// `item_key`.
        key: Option<Written>,
    },
    /// `each_fact`, `until` and `deadline`.
    Facts {
        /// `each_fact`.
        fact: Written,
        /// `until`.
        until: Option<Written>,
        /// `deadline`.
        deadline: Option<Time>,
    },
}

/// A length of time as written.
#[derive(Debug, Clone)]
pub enum Time {
    /// `"4h"`, in milliseconds.
    Fixed(Located<i64>),
    /// An expression.
    Computed(Written),
}

/// `undo`.
#[derive(Debug, Clone)]
pub enum Undo {
    /// `"nothing"`.
    Nothing,
    /// `"never"`.
    Never,
    /// A list of calls.
    Calls(Vec<UndoCall>),
}

/// One call of an `undo`.
#[derive(Debug, Clone)]
pub struct UndoCall {
    /// The call.
    pub call: Call,
    /// `policy`.
    pub policy: Option<Written>,
    /// `may_refuse`.
    pub may_refuse: bool,
}

/// `on.EVENT = "REACTION"`.
#[derive(Debug, Clone)]
pub struct Reaction {
    /// `rejected`, `exhausted`, `in_doubt` or `deadline`.
    pub event: String,
    /// What to do.
    pub reaction: Located<amends_engine::definition::Reaction>,
}

/// `[[watch]]`.
#[derive(Debug, Clone)]
pub struct Watch {
    /// `fact`.
    pub fact: Written,
    /// `when`.
    pub when: Option<Written>,
    /// `do`.
    pub then: amends_engine::definition::WatchAction,
    /// `cause`; made of the fact's name when it is not given.
    pub cause: String,
}

/// `[[sample]]`.
#[derive(Debug, Clone)]
pub struct Sample {
    /// `name`.
    pub name: Written,
    /// `subject`, with the fields it leaves out filled in.
    pub subject: Value,
    /// `shop`, when given.
    pub shop: Option<Value>,
    /// `steps`: results by step name.
    pub steps: Value,
    /// `facts`: payloads by fact name.
    pub facts: Value,
}
