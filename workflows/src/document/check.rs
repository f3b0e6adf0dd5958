//! Checks a document against the catalogue and against itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use amends_engine::definition::{Reaction as Reacts, StepKind};

use super::expression::Use;
use super::graph::{Graph, pivots};
use super::problem::{Code, Problem};
use super::source::{Located, Source, Written};
use super::syntax::{Call, Document, Each, Form, Step, Undo};
use crate::catalogue::{self, Operation};
use crate::cel::{CelEvaluator, Program, Span};
use crate::suggest::nearest;

/// Gathers what is wrong with a document beyond its form.
pub(super) struct Checker<'d> {
    pub(super) document: &'d Document,
    pub(super) evaluator: &'d CelEvaluator,
    source: Arc<Source>,
    pub(super) problems: Vec<Problem>,
    /// Programs of expressions without static faults, by where they stand.
    pub(super) programs: BTreeMap<Span, Arc<Program>>,
}

impl<'d> Checker<'d> {
    pub(super) fn new(document: &'d Document, source: &Arc<Source>, evaluator: &'d CelEvaluator) -> Self {
        Self {
            document,
            evaluator,
            source: Arc::clone(source),
            problems: Vec::new(),
            programs: BTreeMap::new(),
        }
    }

    pub(super) fn report(
        &mut self,
        code: Code,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.problems.push(Problem::new(
            &self.source,
            code,
            span,
            message.into(),
            help.into(),
        ));
    }

    /// Everything that needs no sample; returns how the steps follow each other.
    pub(super) fn check(&mut self) -> Graph {
        self.subject();
        self.duplicates();
        let document = self.document;
        let graph = Graph::of(document, self);
        self.fact(&document.start);
        for watch in &document.watches {
            self.fact(&watch.fact);
        }
        let kinds = graph.kinds(document);
        for ((index, step), kind) in document.steps.iter().enumerate().zip(&kinds) {
            self.step(step);
            self.undo(step, *kind);
            self.reactions(&graph, index, step, *kind);
        }
        self.pivots(&graph, &kinds);
        self.contested(&graph);
        if document.samples.is_empty() {
            let help = "add [[sample]] with a name and a subject: every expression is tried on it";
            self.report(Code::NoSample, document.name.span, "there is no sample", help);
        }
        graph
    }

    fn subject(&mut self) {
        let subject = &self.document.subject;
        if !subject.text.is_empty() && catalogue::subject(&subject.text).is_none() {
            let help = format!("write one of: {}", catalogue::SUBJECTS.join(", "));
            self.report(
                Code::UnknownSubject,
                subject.span,
                format!("there is no subject `{}`", subject.text),
                help,
            );
        }
    }

    fn duplicates(&mut self) {
        let mut seen = BTreeSet::new();
        for step in &self.document.steps {
            if !step.id.text.is_empty() && !seen.insert(step.id.text.as_str()) {
                let message = format!("there is another step `{}`", step.id.text);
                self.report(
                    Code::DuplicateStep,
                    step.id.span,
                    message,
                    "give each step its own id",
                );
            }
        }
        let mut seen = BTreeSet::new();
        for sample in &self.document.samples {
            if !seen.insert(sample.name.text.as_str()) {
                let message = format!("there is another sample `{}`", sample.name.text);
                self.report(
                    Code::DuplicateSample,
                    sample.name.span,
                    message,
                    "give each sample its own name",
                );
            }
        }
    }

    fn fact(&mut self, name: &Written) {
        if name.text.is_empty() || catalogue::fact(&name.text).is_some() {
            return;
        }
        let known = || catalogue::FACTS.iter().map(|fact| fact.name);
        let help = match nearest(&name.text, known()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("there are: {}", known().collect::<Vec<_>>().join(", ")),
        };
        self.report(
            Code::UnknownFact,
            name.span,
            format!("there is no fact `{}`", name.text),
            help,
        );
    }

    fn step(&mut self, step: &'d Step) {
        match &step.form {
            Some(Form::Call(call)) => self.call(call),
            Some(Form::Wait { fact, deadline }) => {
                self.fact(fact);
                self.deadline(step, deadline.is_some());
            }
            Some(Form::Approval { deadline, .. }) => self.deadline(step, deadline.is_some()),
            None => {}
        }
        self.policy(step.policy.as_ref());
        match &step.each {
            Some(Each::Items { list, key: None }) => {
                let help = "add item_key = \"text(item.id)\"";
                self.report(
                    Code::MissingKey,
                    list.span,
                    "`each` needs to know what tells items apart",
                    help,
                );
            }
            Some(Each::Facts {
                fact,
                until,
                deadline,
            }) => {
                self.fact(fact);
                self.deadline(step, deadline.is_some());
                if until.is_none() {
                    let help = "add until, an expression that is true when no more are expected";
                    self.report(Code::MissingKey, fact.span, "`each_fact` never ends", help);
                }
            }
            Some(Each::Items { .. }) | None => {}
        }
        if let (Some(each), Some(Form::Wait { .. } | Form::Approval { .. })) = (&step.each, &step.form) {
            let at = match each {
                Each::Items { list, .. } => list.span,
                Each::Facts { fact, .. } => fact.span,
            };
            self.report(
                Code::MisplacedKey,
                at,
                "only a call can run more than once",
                "use `call`, or remove `each`",
            );
        }
    }

    fn deadline(&mut self, step: &Step, given: bool) {
        if !given {
            let message = format!("`{}` could wait for ever", step.id.text);
            self.report(
                Code::MissingDeadline,
                step.id.span,
                message,
                "add deadline = \"3d\" and on.deadline = \"escalate\"",
            );
        }
    }

    fn policy(&mut self, name: Option<&Written>) {
        let Some(name) = name else { return };
        let known = || self.document.policies.iter().map(|policy| policy.name.as_str());
        if known().any(|policy| policy == name.text) {
            return;
        }
        let help = match nearest(&name.text, known()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("add [policy.{}], or remove this line", name.text),
        };
        self.report(
            Code::UnknownPolicy,
            name.span,
            format!("there is no policy `{}`", name.text),
            help,
        );
    }

    fn call(&mut self, call: &Call) {
        let Some(operation) = self.operation(&call.name) else {
            return;
        };
        let known = || operation.arguments.iter().map(|argument| argument.name);
        for (name, _) in &call.with {
            if operation.argument(&name.value).is_some() {
                continue;
            }
            let help = match nearest(&name.value, known()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if operation.arguments.is_empty() => "it takes none".to_owned(),
                None => format!("it takes: {}", known().collect::<Vec<_>>().join(", ")),
            };
            let message = format!("`{}` takes no `{}`", call.name.text, name.value);
            self.report(Code::UnknownArgument, name.span, message, help);
        }
        for argument in operation.arguments.iter().filter(|argument| argument.required) {
            if call.with.iter().all(|(name, _)| name.value != argument.name) {
                let message = format!("`{}` needs `{}`", call.name.text, argument.name);
                let help = format!(
                    "add with.{} = an expression that gives {}",
                    argument.name,
                    (argument.shape)().kind()
                );
                self.report(Code::MissingArgument, call.name.span, message, help);
            }
        }
    }

    fn operation(&mut self, name: &Written) -> Option<&'static Operation> {
        let (role, operation) = name.text.split_once('.').unwrap_or((&name.text, ""));
        let roles = catalogue::roles();
        if !roles.contains(&role) {
            let help = match nearest(role, roles.iter().copied()) {
                Some(near) => format!("did you mean \"{near}.{operation}\"?"),
                None => format!(
                    "there are: {}; for example \"erp.create_order\"",
                    roles.join(", ")
                ),
            };
            self.report(
                Code::UnknownRole,
                name.span,
                format!("there is no role `{role}`"),
                help,
            );
            return None;
        }
        let found = catalogue::operation(role, operation);
        if found.is_none() {
            let known = || catalogue::operations_of(role).map(|operation| operation.name);
            let help = match nearest(operation, known()) {
                Some(near) => format!("did you mean \"{role}.{near}\"?"),
                None => format!("`{role}` can: {}", known().collect::<Vec<_>>().join(", ")),
            };
            self.report(
                Code::UnknownOperation,
                name.span,
                format!("`{role}` cannot `{operation}`"),
                help,
            );
        }
        found
    }

    fn undo(&mut self, step: &'d Step, kind: StepKind) {
        if let Some(Located {
            value: Undo::Calls(calls),
            ..
        }) = &step.undo
        {
            for undo in calls {
                self.call(&undo.call);
                self.policy(undo.policy.as_ref());
            }
        }
        let id = &step.id;
        match (kind, &step.undo, &step.form) {
            (StepKind::Compensatable, None, Some(Form::Call(_))) => {
                let message = format!("`{}` does not say how it is undone", id.text);
                let help = "add undo = \"nothing\" if it leaves nothing behind, a list of calls, or kind = \"retriable\"";
                self.report(Code::MissingUndo, id.span, message, help);
            }
            (
                StepKind::Compensatable,
                Some(Located {
                    value: Undo::Never,
                    span,
                }),
                _,
            ) => {
                let message = format!("`{}` can still be undone, so `never` cannot be", id.text);
                let help = "write \"nothing\" or a list of calls, or kind = \"retriable\" behind the pivot";
                self.report(Code::MissingUndo, *span, message, help);
            }
            (
                StepKind::Pivot | StepKind::Retriable,
                Some(Located {
                    value: Undo::Calls(_),
                    span,
                }),
                _,
            ) => {
                let message = format!("`{}` is never undone", id.text);
                self.report(
                    Code::UndoBehindPivot,
                    *span,
                    message,
                    "remove `undo`, or make the step compensatable",
                );
            }
            (
                _,
                Some(Located {
                    value: Undo::Calls(_),
                    span,
                }),
                Some(Form::Wait { .. } | Form::Approval { .. }),
            ) => {
                self.report(
                    Code::MisplacedKey,
                    *span,
                    "a wait or approval has nothing to undo",
                    "remove `undo`",
                );
            }
            (StepKind::Compensatable | StepKind::Pivot | StepKind::Retriable, _, _) => {}
        }
    }

    fn reactions(&mut self, graph: &Graph, index: usize, step: &'d Step, kind: StepKind) {
        let allowed: &[&str] = match (&step.form, &step.each) {
            (Some(Form::Call(_)), Some(Each::Facts { .. })) | (None, _) => {
                &["rejected", "exhausted", "in_doubt", "deadline"]
            }
            (Some(Form::Call(_)), Some(Each::Items { .. }) | None) => &["rejected", "exhausted", "in_doubt"],
            (Some(Form::Wait { .. }), _) => &["deadline"],
            (Some(Form::Approval { .. }), _) => &["rejected", "deadline"],
        };
        let behind = pivots(self.document)
            .iter()
            .any(|pivot| graph.precedes(*pivot, index));
        for reaction in &step.on {
            let span = reaction.reaction.span;
            if !allowed.contains(&reaction.event.as_str()) {
                let message = format!("`on.{}` cannot happen to this step", reaction.event);
                let help = format!("it may have: on.{}", allowed.join(", on."));
                self.report(Code::MisplacedKey, span, message, help);
            }
            if reaction.reaction.value == Reacts::Skip && step.critical {
                let message = format!("`{}` is critical, so it cannot be skipped", step.id.text);
                self.report(
                    Code::CriticalSkip,
                    span,
                    message,
                    "add critical = false, or write \"hold\"",
                );
            }
            if reaction.reaction.value == Reacts::Compensate && behind && kind != StepKind::Compensatable {
                let message = format!("`{}` stands behind the point of no return", step.id.text);
                self.report(
                    Code::CompensateBehindPivot,
                    span,
                    message,
                    "write \"hold\", \"retry\" or \"escalate\"",
                );
            }
        }
    }

    /// What could be undone must be over before money or goods are let go.
    fn pivots(&mut self, graph: &Graph, kinds: &[StepKind]) {
        for pivot in pivots(self.document) {
            for (index, (step, kind)) in self.document.steps.iter().zip(kinds).enumerate() {
                let behind =
                    index != pivot && *kind == StepKind::Compensatable && !graph.precedes(index, pivot);
                let Some(point) = self.document.steps.get(pivot).filter(|_| behind) else {
                    continue;
                };
                let side = if graph.precedes(pivot, index) {
                    "after"
                } else {
                    "beside"
                };
                let message = format!(
                    "`{}` can be undone and stands {side} the pivot `{}`",
                    step.id.text, point.id.text
                );
                let help = format!(
                    "let `{}` come after it (after = [..., \"{}\"]), or make it kind = \"retriable\"",
                    point.id.text, step.id.text
                );
                self.report(Code::CompensatableBehindPivot, step.id.span, message, help);
            }
        }
    }

    /// Undos run in reverse. One that may be refused must be the first of them: what was undone before a refusal
    /// could not be brought back.
    fn contested(&mut self, graph: &Graph) {
        let undoable = |step: &&Step| {
            matches!(
                &step.undo,
                Some(Located {
                    value: Undo::Calls(_),
                    ..
                })
            )
        };
        for (index, step) in self.document.steps.iter().enumerate() {
            let contested = match &step.undo {
                Some(Located {
                    value: Undo::Calls(calls),
                    ..
                }) => calls.iter().position(|undo| undo.may_refuse),
                Some(Located {
                    value: Undo::Nothing | Undo::Never,
                    ..
                })
                | None => None,
            };
            let Some(position) = contested else { continue };
            let others = self
                .document
                .steps
                .iter()
                .enumerate()
                .filter(|(_, other)| undoable(other));
            let before: Vec<&str> = others
                .filter(|(other, _)| *other != index && !graph.precedes(*other, index))
                .map(|(_, other)| other.id.text.as_str())
                .collect();
            if position > 0 || !before.is_empty() {
                let what = before.first().copied().unwrap_or("its own first call");
                let message = format!(
                    "the undo of `{}` may be refused, but the undo of `{what}` could run before it",
                    step.id.text
                );
                let help = "let every step with an undo come before this one, and put the call that may be refused first";
                self.report(Code::ContestedUndoNotFirst, step.id.span, message, help);
            }
        }
    }

    /// The uses of expressions whose program is sound.
    pub(super) fn program(&self, used: &Use<'_>) -> Option<Arc<Program>> {
        self.programs.get(&used.written.span).cloned()
    }
}
