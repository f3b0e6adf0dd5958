//! Every expression of a document, what it is for, and what it may read.

use std::collections::BTreeMap;

use super::check::Checker;
use super::graph::Graph;
use super::problem::Code;
use super::source::{Located, Written};
use super::syntax::{Call, Document, Each, Form, Step, Time, Undo};
use crate::catalogue::{self, Operation, Parameter, Shape};
use crate::cel::{Span, SyntaxFault};

/// An expression where it is used.
#[derive(Debug, Clone)]
pub(super) struct Use<'d> {
    pub(super) written: &'d Written,
    pub(super) purpose: Purpose,
    /// The step it belongs to.
    pub(super) step: Option<usize>,
    /// What it may read besides the subject, the shop and earlier results.
    pub(super) locals: Vec<Local<'d>>,
}

/// What the value of an expression is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    /// Whether a step runs at all.
    Guard,
    /// True or false.
    Condition,
    /// Milliseconds.
    Time,
    /// Elements of a fan-out.
    Items,
    /// What tells things apart.
    Key,
    /// What a person is shown.
    Shown,
    /// An argument of a call.
    Argument(&'static Parameter),
}

/// A name in scope at one place only.
#[derive(Debug, Clone, Copy)]
pub(super) enum Local<'d> {
    /// `item`: an element of the step's list.
    Item(&'d Written),
    /// `fact`: the payload of the fact.
    Fact(&'d str),
    /// `facts`: all payloads so far.
    Facts(&'d str),
    /// `units`: pieces ordered, shipped and cancelled.
    Units,
    /// `landed`: the result of the step being undone.
    Landed(Option<&'static Operation>),
}

/// All expressions, those of a step together and steps in the order of `graph`.
pub(super) fn uses<'d>(document: &'d Document, graph: &Graph) -> Vec<Use<'d>> {
    let mut uses = Vec::new();
    if let Some(key) = &document.key {
        uses.push(Use {
            written: key,
            purpose: Purpose::Key,
            step: None,
            locals: vec![Local::Fact(&document.start.text)],
        });
    }
    for watch in &document.watches {
        uses.extend(watch.when.iter().map(|when| Use {
            written: when,
            purpose: Purpose::Condition,
            step: None,
            locals: vec![Local::Fact(&watch.fact.text)],
        }));
    }
    for index in &graph.order {
        if let Some(step) = document.steps.get(*index) {
            Gather {
                index: *index,
                uses: &mut uses,
            }
            .step(step);
        }
    }
    uses
}

struct Gather<'u, 'd> {
    index: usize,
    uses: &'u mut Vec<Use<'d>>,
}

impl<'d> Gather<'_, 'd> {
    fn add(&mut self, written: &'d Written, purpose: Purpose, locals: &[Local<'d>]) {
        self.uses.push(Use {
            written,
            purpose,
            step: Some(self.index),
            locals: locals.to_vec(),
        });
    }

    fn step(&mut self, step: &'d Step) {
        if let Some(when) = &step.when {
            self.add(when, Purpose::Guard, &[]);
        }
        let mut locals = self.each(step.each.as_ref());
        for required in &step.requires {
            self.add(&required.that, Purpose::Condition, &locals);
        }
        match &step.form {
            Some(Form::Call(call)) => self.call(call, &locals),
            Some(Form::Wait { deadline, .. }) => self.time(deadline.as_ref()),
            Some(Form::Approval { shown, deadline }) => {
                self.add(shown, Purpose::Shown, &[]);
                self.time(deadline.as_ref());
            }
            None => {}
        }
        if let Some(Located {
            value: Undo::Calls(calls),
            ..
        }) = &step.undo
        {
            locals.push(Local::Landed(operation_of(step)));
            for undo in calls {
                self.call(&undo.call, &locals);
            }
        }
    }

    /// The expressions of a fan-out; returns what its body may read.
    fn each(&mut self, each: Option<&'d Each>) -> Vec<Local<'d>> {
        match each {
            None => Vec::new(),
            Some(Each::Items { list, key }) => {
                self.add(list, Purpose::Items, &[]);
                if let Some(key) = key {
                    self.add(key, Purpose::Key, &[Local::Item(list)]);
                }
                vec![Local::Item(list)]
            }
            Some(Each::Facts {
                fact,
                until,
                deadline,
            }) => {
                if let Some(until) = until {
                    self.add(
                        until,
                        Purpose::Condition,
                        &[Local::Facts(&fact.text), Local::Units],
                    );
                }
                self.time(deadline.as_ref());
                vec![Local::Fact(&fact.text)]
            }
        }
    }

    fn time(&mut self, time: Option<&'d Time>) {
        if let Some(Time::Computed(written)) = time {
            self.add(written, Purpose::Time, &[]);
        }
    }

    fn call(&mut self, call: &'d Call, locals: &[Local<'d>]) {
        let operation = operation_named(&call.name.text);
        for (name, written) in &call.with {
            if let Some(argument) = operation.and_then(|operation| operation.argument(&name.value)) {
                self.add(written, Purpose::Argument(argument), locals);
            }
        }
    }
}

/// The operation a step calls.
pub(super) fn operation_of(step: &Step) -> Option<&'static Operation> {
    match &step.form {
        Some(Form::Call(call)) => operation_named(&call.name.text),
        Some(Form::Wait { .. } | Form::Approval { .. }) | None => None,
    }
}

fn operation_named(name: &str) -> Option<&'static Operation> {
    let (role, operation) = name.split_once('.')?;
    catalogue::operation(role, operation)
}

/// What `steps.<step>` looks like once the step is over: the result of its call, in a list where it runs per
/// element. Waits and approvals leave no result.
pub(super) fn result_shape(step: &Step) -> Option<Shape> {
    let once = match &step.form {
        Some(Form::Call(_)) => operation_of(step).map_or(Shape::Any, Operation::result_shape),
        Some(Form::Wait { .. } | Form::Approval { .. }) => return None,
        None => Shape::Any,
    };
    Some(if step.each.is_some() {
        Shape::list(once)
    } else {
        once
    })
}

/// What the payload of a fact looks like.
pub(super) fn payload_shape(fact: &str) -> Shape {
    catalogue::fact(fact).map_or(Shape::Any, |fact| (fact.payload)())
}

/// What `units` looks like.
pub(super) fn units_shape() -> Shape {
    Shape::record([
        ("ordered", Shape::Int),
        ("shipped", Shape::Int),
        ("cancelled", Shape::Int),
    ])
}

impl Checker<'_> {
    /// Compiles every expression and checks its names. What is sound is kept for trying on samples.
    pub(super) fn names(&mut self, uses: &[Use<'_>], graph: &Graph) {
        for used in uses {
            match self.evaluator.program(&used.written.text) {
                Ok(program) => {
                    let before = self.problems.len();
                    let (_, errors) = program.infer(&self.scope(used));
                    for error in errors {
                        let span = used.written.part(error.span);
                        self.report(Code::UnknownName, span, error.message, error.help);
                    }
                    for reference in program.references() {
                        self.too_early(used, graph, &reference.path, used.written.part(reference.span));
                    }
                    if self.problems.len() == before {
                        self.programs.insert(used.written.span, program);
                    }
                }
                Err(error) => {
                    let code = match error.fault {
                        SyntaxFault::Syntax => Code::ExpressionSyntax,
                        SyntaxFault::UnknownFunction => Code::UnknownFunction,
                        SyntaxFault::Limit => Code::LimitExceeded,
                    };
                    let help = error.help.unwrap_or_else(|| {
                        "compare order.total_minor > 0 && order.currency == 'EUR'".to_owned()
                    });
                    self.report(code, used.written.part(error.span), error.message, help);
                }
            }
        }
    }

    /// The shapes of all names that `used` may read.
    fn scope(&self, used: &Use<'_>) -> BTreeMap<String, Shape> {
        let document = self.document;
        let mut names = BTreeMap::from([("shop".to_owned(), catalogue::shop())]);
        if let Some(shape) = catalogue::subject(&document.subject.text) {
            names.insert(document.subject.text.clone(), shape);
        }
        if used.step.is_some() {
            let results = document
                .steps
                .iter()
                .filter_map(|step| Some((step.result_name(), result_shape(step)?)));
            names.insert("steps".to_owned(), Shape::Record(results.collect()));
        }
        for local in &used.locals {
            let (name, shape) = match local {
                Local::Fact(fact) => ("fact", payload_shape(fact)),
                Local::Facts(fact) => ("facts", Shape::list(payload_shape(fact))),
                Local::Units => ("units", units_shape()),
                Local::Landed(operation) => ("landed", operation.map_or(Shape::Any, Operation::result_shape)),
                Local::Item(list) => ("item", self.element(list, &names)),
            };
            names.insert(name.to_owned(), shape);
        }
        names
    }

    /// What the elements of the list look like.
    fn element(&self, list: &Written, names: &BTreeMap<String, Shape>) -> Shape {
        match self
            .evaluator
            .program(&list.text)
            .map(|program| program.infer(names).0)
        {
            Ok(Shape::List(element)) => *element,
            Ok(_) | Err(_) => Shape::Any,
        }
    }

    /// A result can be read only once its step is over for sure.
    fn too_early(&mut self, used: &Use<'_>, graph: &Graph, path: &[String], span: Span) {
        let (Some(index), [root, name, ..]) = (used.step, path) else {
            return;
        };
        let document = self.document;
        let wanted = document
            .steps
            .iter()
            .position(|step| root == "steps" && step.result_name() == *name);
        let undoing = used.locals.iter().any(|local| matches!(local, Local::Landed(_)));
        let may_read = |wanted: usize| graph.precedes(wanted, index) || (undoing && wanted == index);
        let Some(wanted) = wanted.filter(|wanted| !may_read(*wanted)) else {
            return;
        };
        let id = |index: usize| document.steps.get(index).map_or("", |step| step.id.text.as_str());
        let (reader, read) = (id(index), id(wanted));
        let message = format!("`{read}` need not be over when `{reader}` begins");
        self.report(
            Code::ReadsLaterStep,
            span,
            message,
            format!("let `{reader}` come after it: after = [..., \"{read}\"]"),
        );
    }
}
