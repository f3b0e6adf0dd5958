//! From a sound [`Document`] to the core's [`Definition`].

use std::collections::BTreeMap;

use amends_engine::Digest;
use amends_engine::definition as core;
use amends_engine::expr::Expr;
use amends_engine::{FactName, OperationName, RoleName, StepId, Value, WorkflowName};

use super::graph::Graph;
use super::source::Written;
use super::syntax::{Call, Document, Each, Form, Requirement, Sample, Step, Time, Undo, UndoCall, Watch};

/// The policy of undos that name none and find no `[policy.undo]`: more patient than forward calls, because
/// nobody can go back from a half undone order.
const UNDO_POLICY: core::Policy = core::Policy {
    timeout_ms: 30_000,
    first_ms: 5_000,
    factor_milli: 2_000,
    max_ms: 15 * 60_000,
    give_up_after_ms: 3 * 86_400_000,
    attempts_max: None,
};

/// The definition of a document in which nothing is wrong.
pub(super) fn build(document: &Document, graph: &Graph, text: &str) -> core::Definition {
    let builder = Builder { document, graph };
    let kinds = graph.kinds(document);
    let steps = graph.order.iter().filter_map(|index| {
        let step = document.steps.get(*index)?;
        Some(builder.step(*index, step, *kinds.get(*index)?))
    });
    core::Definition {
        name: WorkflowName::new(&document.name.text),
        version: document.version.value,
        digest: Digest::of(text.as_bytes()),
        title: document.title.clone(),
        subject: document.subject.text.clone(),
        key: document.key.as_ref().map(expr),
        start: FactName::new(&document.start.text),
        sla_ms: document.sla,
        steps: steps.collect(),
        watches: document.watches.iter().map(watch).collect(),
        samples: document.samples.iter().map(sample).collect(),
    }
}

struct Builder<'d> {
    document: &'d Document,
    graph: &'d Graph,
}

impl Builder<'_> {
    fn step(&self, index: usize, step: &Step, kind: core::StepKind) -> core::Step {
        let parents = self.graph.after.get(index).into_iter().flatten();
        core::Step {
            id: id(step),
            title: step.title.clone(),
            kind,
            form: form(step),
            after: parents
                .filter_map(|parent| self.document.steps.get(*parent))
                .map(id)
                .collect(),
            when: step.when.as_ref().map(expr),
            requires: step.requires.iter().map(requirement).collect(),
            each: step.each.as_ref().map(each),
            policy: self.policy(step.policy.as_ref()).unwrap_or_default(),
            on: reactions(step),
            critical: step.critical,
            undo: self.undo(step, kind),
            sla_ms: step.sla,
        }
    }

    fn policy(&self, name: Option<&Written>) -> Option<core::Policy> {
        let name = name?;
        let policies = self.document.policies.iter();
        policies
            .filter(|policy| policy.name == name.text)
            .map(|policy| policy.policy.clone())
            .next()
    }

    fn undo(&self, step: &Step, kind: core::StepKind) -> core::Undo {
        match (kind, step.undo.as_ref().map(|undo| &undo.value)) {
            (core::StepKind::Pivot | core::StepKind::Retriable, _) => core::Undo::Never,
            (core::StepKind::Compensatable, Some(Undo::Calls(calls))) => {
                core::Undo::Calls(calls.iter().map(|call| self.undo_call(call)).collect())
            }
            (core::StepKind::Compensatable, Some(Undo::Nothing | Undo::Never) | None) => core::Undo::Nothing,
        }
    }

    fn undo_call(&self, undo: &UndoCall) -> core::UndoCall {
        let usual = || self.document.policies.iter().find(|policy| policy.name == "undo");
        core::UndoCall {
            call: call(&undo.call),
            policy: self
                .policy(undo.policy.as_ref())
                .or_else(|| usual().map(|policy| policy.policy.clone()))
                .unwrap_or(UNDO_POLICY),
            may_refuse: undo.may_refuse,
        }
    }
}

fn id(step: &Step) -> StepId {
    StepId::new(&step.id.text)
}

fn expr(written: &Written) -> Expr {
    Expr(written.text.clone())
}

fn requirement(requirement: &Requirement) -> core::Requirement {
    core::Requirement {
        that: expr(&requirement.that),
        cause: requirement.cause.text.clone(),
        otherwise: requirement.otherwise.text.clone(),
    }
}

fn form(step: &Step) -> core::Form {
    match &step.form {
        Some(Form::Call(the_call)) => core::Form::Call(call(the_call)),
        Some(Form::Wait { fact, deadline }) => core::Form::Wait {
            fact: FactName::new(&fact.text),
            deadline: span(deadline.as_ref()),
        },
        Some(Form::Approval { shown, deadline }) => core::Form::Approval {
            shown: expr(shown),
            deadline: span(deadline.as_ref()),
        },
        // A step without a form is a problem, and a document with problems is not built.
        None => core::Form::Approval {
            shown: Expr("null".to_owned()),
            deadline: core::Span::Fixed(0),
        },
    }
}

fn call(call: &Call) -> core::Call {
    let (role, operation) = call.name.text.split_once('.').unwrap_or((&call.name.text, ""));
    core::Call {
        role: RoleName::new(role),
        operation: OperationName::new(operation),
        with: call
            .with
            .iter()
            .map(|(name, written)| (name.value.clone(), expr(written)))
            .collect(),
    }
}

fn each(each: &Each) -> core::Each {
    match each {
        Each::Items { list, key } => core::Each::Items {
            list: expr(list),
            key: key.as_ref().map_or_else(|| Expr(String::new()), expr),
        },
        Each::Facts {
            fact,
            until,
            deadline,
        } => core::Each::Facts {
            fact: FactName::new(&fact.text),
            until: until.as_ref().map_or_else(|| Expr(String::new()), expr),
            deadline: span(deadline.as_ref()),
        },
    }
}

fn span(time: Option<&Time>) -> core::Span {
    match time {
        Some(Time::Fixed(ms)) => core::Span::Fixed(ms.value),
        Some(Time::Computed(written)) => core::Span::Computed(expr(written)),
        None => core::Span::Fixed(0),
    }
}

fn reactions(step: &Step) -> core::Reactions {
    let mut reactions = core::Reactions::default();
    for written in &step.on {
        let slot = match written.event.as_str() {
            "rejected" => &mut reactions.rejected,
            "exhausted" => &mut reactions.exhausted,
            "in_doubt" => &mut reactions.in_doubt,
            _ => &mut reactions.deadline,
        };
        *slot = written.reaction.value;
    }
    reactions
}

fn watch(watch: &Watch) -> core::Watch {
    core::Watch {
        fact: FactName::new(&watch.fact.text),
        when: watch.when.as_ref().map(expr),
        then: watch.then,
        cause: watch.cause.clone(),
    }
}

fn sample(sample: &Sample) -> core::Sample {
    let mut scope = BTreeMap::from([
        ("steps".to_owned(), sample.steps.clone()),
        ("facts".to_owned(), sample.facts.clone()),
    ]);
    scope.extend(sample.shop.clone().map(|shop| ("shop".to_owned(), shop)));
    core::Sample {
        name: sample.name.text.clone(),
        subject: sample.subject.clone(),
        scope: Value::Map(scope),
    }
}
