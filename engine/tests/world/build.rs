//! Definitions by hand, short enough to read.

use amends_engine::definition::{
    Call, Definition, Each, Form, Policy, Reaction, Reactions, Requirement, Span, Step, StepKind, Undo,
    UndoCall, Watch, WatchAction,
};
use amends_engine::expr::Expr;
use amends_engine::{Digest, FactName, OperationName, RoleName, StepId, WorkflowName};

pub(crate) const SECOND: i64 = 1_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;

pub(crate) fn expr(text: &str) -> Expr {
    Expr(text.to_owned())
}

fn step(id: &str, kind: StepKind, form: Form) -> Step {
    Step {
        id: StepId::new(id),
        title: id.replace('-', " "),
        kind,
        form,
        after: Vec::new(),
        when: None,
        each: None,
        policy: Policy {
            timeout_ms: 5 * SECOND,
            first_ms: SECOND,
            factor_milli: 2_000,
            max_ms: 30 * SECOND,
            give_up_after_ms: 10 * MINUTE,
            attempts_max: None,
        },
        on: Reactions::default(),
        critical: true,
        sla_ms: None,
        requires: Vec::new(),
        undo: Undo::Nothing,
    }
}

/// `role.operation` with arguments by name.
fn request(what: &str, with: &[(&str, &str)]) -> Call {
    let (role, operation) = what.split_once('.').unwrap();
    Call {
        role: RoleName::new(role),
        operation: OperationName::new(operation),
        with: with
            .iter()
            .map(|(name, text)| ((*name).to_owned(), expr(text)))
            .collect(),
    }
}

pub(crate) fn call(id: &str, kind: StepKind, what: &str, with: &[(&str, &str)]) -> Step {
    step(id, kind, Form::Call(request(what, with)))
}

pub(crate) fn wait(id: &str, fact: &str, deadline_ms: i64) -> Step {
    let form = Form::Wait {
        fact: FactName::new(fact),
        deadline: Span::Fixed(deadline_ms),
    };
    step(id, StepKind::Compensatable, form)
}

pub(crate) fn approval(id: &str, shown: &str, deadline_ms: i64) -> Step {
    let form = Form::Approval {
        shown: expr(shown),
        deadline: Span::Fixed(deadline_ms),
    };
    step(id, StepKind::Compensatable, form)
}

/// Sentences about a step.
pub(crate) trait Shape: Sized {
    fn after(self, steps: &[&str]) -> Self;
    fn when(self, guard: &str) -> Self;
    fn undo(self, what: &str, with: &[(&str, &str)]) -> Self;
    fn contested(self, what: &str, with: &[(&str, &str)]) -> Self;
    fn per_item(self, list: &str, key: &str) -> Self;
    fn per_fact(self, fact: &str, until: &str, deadline_ms: i64) -> Self;
    fn on(self, change: impl FnOnce(&mut Reactions)) -> Self;
    fn patience(self, change: impl FnOnce(&mut Policy)) -> Self;
    fn not_critical(self) -> Self;
    fn promised(self, sla_ms: i64) -> Self;
    fn requires(self, that: &str, cause: &str) -> Self;
}

impl Shape for Step {
    fn after(mut self, steps: &[&str]) -> Self {
        self.after = steps.iter().map(|id| StepId::new(*id)).collect();
        self
    }

    fn when(mut self, guard: &str) -> Self {
        self.when = Some(expr(guard));
        self
    }

    fn undo(mut self, what: &str, with: &[(&str, &str)]) -> Self {
        self.undo = more(self.undo, what, with, Refusable::No);
        self
    }

    fn contested(mut self, what: &str, with: &[(&str, &str)]) -> Self {
        self.undo = more(self.undo, what, with, Refusable::Yes);
        self
    }

    fn per_item(mut self, list: &str, key: &str) -> Self {
        self.each = Some(Each::Items {
            list: expr(list),
            key: expr(key),
        });
        self
    }

    fn per_fact(mut self, fact: &str, until: &str, deadline_ms: i64) -> Self {
        self.each = Some(Each::Facts {
            fact: FactName::new(fact),
            until: expr(until),
            deadline: Span::Fixed(deadline_ms),
        });
        self
    }

    fn requires(mut self, that: &str, cause: &str) -> Self {
        self.requires.push(Requirement {
            that: expr(that),
            cause: cause.to_owned(),
            otherwise: format!("without {that} nothing is sent"),
        });
        self
    }

    fn on(mut self, change: impl FnOnce(&mut Reactions)) -> Self {
        change(&mut self.on);
        self
    }

    fn patience(mut self, change: impl FnOnce(&mut Policy)) -> Self {
        change(&mut self.policy);
        self
    }

    fn promised(mut self, sla_ms: i64) -> Self {
        self.sla_ms = Some(sla_ms);
        self
    }

    fn not_critical(mut self) -> Self {
        self.critical = false;
        self.on.rejected = Reaction::Skip;
        self.on.exhausted = Reaction::Skip;
        self
    }
}

#[derive(Clone, Copy)]
enum Refusable {
    Yes,
    No,
}

fn more(undo: Undo, what: &str, with: &[(&str, &str)], refusable: Refusable) -> Undo {
    let mut calls = match undo {
        Undo::Calls(calls) => calls,
        Undo::Nothing | Undo::Never => Vec::new(),
    };
    calls.push(UndoCall {
        call: request(what, with),
        policy: Policy {
            timeout_ms: 5 * SECOND,
            first_ms: SECOND,
            factor_milli: 2_000,
            max_ms: MINUTE,
            give_up_after_ms: HOUR,
            attempts_max: None,
        },
        may_refuse: matches!(refusable, Refusable::Yes),
    });
    Undo::Calls(calls)
}

pub(crate) fn watch(fact: &str, then: WatchAction) -> Watch {
    Watch {
        fact: FactName::new(fact),
        when: None,
        then,
        cause: fact.replace('.', "-"),
    }
}

/// A definition; each step without `after` follows the one before it.
pub(crate) fn define(name: &str, steps: Vec<Step>, watches: Vec<Watch>) -> Definition {
    let mut previous: Option<StepId> = None;
    let steps = steps.into_iter().map(|mut step| {
        if step.after.is_empty() {
            step.after.extend(previous.clone());
        }
        step.after.retain(|after| after.as_str() != "start");
        previous = Some(step.id.clone());
        step
    });
    let steps: Vec<Step> = steps.collect();
    Definition {
        name: WorkflowName::new(name),
        version: 1,
        digest: Digest::of(format!("{name}{steps:?}{watches:?}").as_bytes()),
        title: name.to_owned(),
        subject: "order".to_owned(),
        key: None,
        start: FactName::new("order.placed"),
        sla_ms: None,
        steps,
        watches,
        samples: Vec::new(),
    }
}
