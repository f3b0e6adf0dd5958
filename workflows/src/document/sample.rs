//! Tries every expression on every sample.

use std::collections::{BTreeMap, BTreeSet};

use amends_engine::Value;
use amends_engine::expr::Scope;

use super::check::Checker;
use super::expression::{Local, Purpose, Use, payload_shape, result_shape, units_shape};
use super::graph::Graph;
use super::problem::Code;
use super::syntax::{Document, Sample, Step};
use crate::catalogue::Operation;
use crate::cel::Span;

/// Elements of one fan-out that are tried; more would only repeat.
const ITEMS_TRIED: usize = 20;

/// Whether a guard has been seen both ways on the samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardSeen {
    /// The step.
    pub step: String,
    /// Some sample makes it true.
    pub seen_true: bool,
    /// Some sample makes it false.
    pub seen_false: bool,
}

/// The names an expression reads on one sample, with their values.
struct World<'d> {
    document: &'d Document,
    sample: &'d Sample,
    shop: Value,
    /// Results of the steps that ran.
    steps: BTreeMap<String, Value>,
    /// Steps whose guard is false.
    passed_over: BTreeSet<usize>,
}

impl Checker<'_> {
    /// Evaluates every sound expression on every sample.
    pub(super) fn samples(&mut self, uses: &[Use<'_>], graph: &Graph) -> Vec<GuardSeen> {
        let document = self.document;
        let mut seen: BTreeMap<usize, (bool, bool)> = BTreeMap::new();
        let mut failed = BTreeSet::new();
        for sample in &document.samples {
            let mut world = World::new(document, sample);
            for used in uses.iter().filter(|used| used.step.is_none()) {
                self.try_use(used, &world, &mut failed);
            }
            for index in &graph.order {
                for used in uses.iter().filter(|used| used.step == Some(*index)) {
                    if world.passed_over.contains(index) {
                        break;
                    }
                    let value = self.try_use(used, &world, &mut failed);
                    if let (Purpose::Guard, Some(Value::Bool(truth))) = (used.purpose, value) {
                        let (seen_true, seen_false) = seen.entry(*index).or_default();
                        *seen_true |= truth;
                        *seen_false |= !truth;
                        if !truth {
                            world.passed_over.insert(*index);
                        }
                    }
                }
                world.over(*index);
            }
        }
        let guarded = document
            .steps
            .iter()
            .enumerate()
            .filter(|(_, step)| step.when.is_some());
        guarded
            .map(|(index, step)| {
                let (seen_true, seen_false) = seen.get(&index).copied().unwrap_or_default();
                GuardSeen {
                    step: step.id.text.clone(),
                    seen_true,
                    seen_false,
                }
            })
            .collect()
    }

    /// The value on this sample. A fault is reported once per expression, for the first sample that shows it.
    fn try_use(&mut self, used: &Use<'_>, world: &World<'_>, failed: &mut BTreeSet<Span>) -> Option<Value> {
        let program = self.program(used)?;
        let mut last = None;
        for locals in self.locals(used, world) {
            let steps = Value::Map(world.steps.clone());
            let mut scope = Scope::new()
                .with(&world.document.subject.text, &world.sample.subject)
                .with("shop", &world.shop);
            if used.step.is_some() {
                scope = scope.with("steps", &steps);
            }
            for (name, value) in &locals {
                scope = scope.with(name, value);
            }
            let outcome = match program.evaluate(&scope) {
                Ok(value) => wrong_kind(used.purpose, &value).map_or(Ok(value), Err),
                Err(error) => Err(Fault {
                    code: Code::ExpressionFails,
                    message: format!("this {}", error.reason),
                    help: "guard it with has(...) or or_else(..., ...), or complete the sample".to_owned(),
                }),
            };
            match outcome {
                Ok(value) => last = Some(value),
                Err(fault) => {
                    if failed.insert(used.written.span) {
                        let message = format!("on sample \"{}\" {}", world.sample.name.text, fault.message);
                        self.report(fault.code, used.written.span, message, fault.help);
                    }
                    return None;
                }
            }
        }
        last
    }

    /// The local names of `used`, once for each element where it runs per element.
    fn locals(&self, used: &Use<'_>, world: &World<'_>) -> Vec<Vec<(&'static str, Value)>> {
        let mut sets = vec![Vec::new()];
        for local in &used.locals {
            let choices: Vec<(&'static str, Value)> = match local {
                Local::Fact(fact) => world
                    .payloads(fact)
                    .into_iter()
                    .map(|value| ("fact", value))
                    .collect(),
                Local::Facts(fact) => vec![("facts", Value::List(world.payloads(fact)))],
                Local::Units => vec![("units", units_shape().example())],
                Local::Landed(operation) => {
                    let step = used.step.and_then(|index| world.document.steps.get(index));
                    vec![(
                        "landed",
                        step.map_or(Value::Null, |step| world.landed(step, *operation)),
                    )]
                }
                Local::Item(list) => self
                    .items(list.span, world)
                    .into_iter()
                    .map(|value| ("item", value))
                    .collect(),
            };
            sets = sets
                .into_iter()
                .flat_map(|set: Vec<(&'static str, Value)>| {
                    choices
                        .iter()
                        .map(move |choice| set.iter().cloned().chain([choice.clone()]).collect())
                })
                .collect();
        }
        sets
    }

    fn items(&self, list: Span, world: &World<'_>) -> Vec<Value> {
        let Some(program) = self.programs.get(&list) else {
            return Vec::new();
        };
        let steps = Value::Map(world.steps.clone());
        let scope = Scope::new()
            .with(&world.document.subject.text, &world.sample.subject)
            .with("shop", &world.shop)
            .with("steps", &steps);
        match program.evaluate(&scope) {
            Ok(Value::List(mut items)) => {
                items.truncate(ITEMS_TRIED);
                items
            }
            Ok(_) | Err(_) => Vec::new(),
        }
    }
}

impl<'d> World<'d> {
    fn new(document: &'d Document, sample: &'d Sample) -> Self {
        let shop = || {
            Value::map([
                ("name", Value::text("example-shop")),
                ("country", Value::text("DE")),
            ])
        };
        Self {
            document,
            sample,
            shop: sample.shop.clone().unwrap_or_else(shop),
            steps: BTreeMap::new(),
            passed_over: BTreeSet::new(),
        }
    }

    /// Notes the result of a step that has run: the sample's own, completed by an example.
    fn over(&mut self, index: usize) {
        let Some(step) = self
            .document
            .steps
            .get(index)
            .filter(|_| !self.passed_over.contains(&index))
        else {
            return;
        };
        let Some(shape) = result_shape(step) else { return };
        let result = match self.sample.steps.get(&step.result_name()) {
            Some(given) => merged(shape.example(), given),
            None => shape.example(),
        };
        self.steps.insert(step.result_name(), result);
    }

    fn landed(&self, step: &Step, operation: Option<&Operation>) -> Value {
        let example = operation.map_or(Value::Null, |operation| operation.result_shape().example());
        match self.sample.steps.get(&step.result_name()) {
            Some(given) if step.each.is_none() => merged(example, given),
            Some(_) | None => example,
        }
    }

    /// The payloads the sample gives for a fact, or an example.
    fn payloads(&self, fact: &str) -> Vec<Value> {
        let given = self.sample.facts.as_map().and_then(|facts| facts.get(fact));
        match given {
            Some(Value::List(payloads)) => payloads.clone(),
            Some(payload) => vec![payload.clone()],
            None => vec![payload_shape(fact).example()],
        }
    }
}

/// `over` with the fields of `base` it lacks.
fn merged(base: Value, over: &Value) -> Value {
    match (base, over) {
        (Value::Map(mut fields), Value::Map(given)) => {
            fields.extend(given.iter().map(|(name, value)| (name.clone(), value.clone())));
            Value::Map(fields)
        }
        (_, over) => over.clone(),
    }
}

/// A fault of one expression on one sample.
struct Fault {
    code: Code,
    /// The second half of a sentence that begins with the sample.
    message: String,
    help: String,
}

fn wrong_kind(purpose: Purpose, value: &Value) -> Option<Fault> {
    let (code, wanted, help) = match (purpose, value) {
        (Purpose::Guard | Purpose::Condition, Value::Bool(_))
        | (Purpose::Shown, _)
        | (Purpose::Items, Value::List(_)) => {
            return None;
        }
        (Purpose::Time, Value::Int(ms)) if *ms >= 0 => return None,
        (Purpose::Key, Value::Int(_)) => return None,
        (Purpose::Key, Value::Text(key)) if !key.is_empty() => return None,
        (Purpose::Argument(argument), value) => return wrong_argument(argument, value),
        (Purpose::Guard | Purpose::Condition, _) => (
            Code::NotTrueOrFalse,
            "true or false",
            "compare: order.total_minor > 0",
        ),
        (Purpose::Time, _) => (
            Code::NotADuration,
            "milliseconds from 0 on",
            "write \"4h\", hours(4) or order.payment.patience_ms",
        ),
        (Purpose::Items, _) => (Code::NotAList, "a list", "give a list: order.lines"),
        (Purpose::Key, _) => (
            Code::NotText,
            "text or a whole number",
            "use text(...): text(item.id)",
        ),
    };
    Some(Fault {
        code,
        message: format!("this gives {} and should give {wanted}", value.kind()),
        help: help.to_owned(),
    })
}

fn wrong_argument(argument: &crate::catalogue::Parameter, value: &Value) -> Option<Fault> {
    let mismatch = (argument.shape)().check(value).err()?;
    let place = if mismatch.path.is_empty() {
        format!("`{}`", argument.name)
    } else {
        format!("`{}` of `{}`", mismatch.path, argument.name)
    };
    Some(Fault {
        code: Code::WrongArgument,
        message: format!("{place} {}", mismatch.what),
        help: match mismatch.near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("give {}", (argument.shape)().kind()),
        },
    })
}
