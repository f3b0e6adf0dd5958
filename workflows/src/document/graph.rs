//! Which step comes after which.

use std::collections::BTreeSet;

use amends_engine::definition::StepKind;

use super::check::Checker;
use super::problem::Code;
use super::syntax::{Document, Form, Step};
use crate::suggest::nearest;

/// The steps of a document by their place in it.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// For each step, the steps it directly follows.
    pub(super) after: Vec<Vec<usize>>,
    /// For each step, all steps that are over before it.
    pub(super) ancestors: Vec<BTreeSet<usize>>,
    /// All steps, each after those it follows, otherwise as written.
    pub(super) order: Vec<usize>,
}

impl Graph {
    /// Resolves `after`, and reports names that do not exist and circles.
    pub(super) fn of(document: &Document, checker: &mut Checker<'_>) -> Self {
        let after: Vec<Vec<usize>> = document
            .steps
            .iter()
            .enumerate()
            .map(|(index, step)| parents(document, index, step, checker))
            .collect();
        let mut order: Vec<usize> = Vec::new();
        let mut ancestors: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); after.len()];
        while let Some(next) = ready(&after, &order) {
            let before = |parent: &usize| {
                ancestors
                    .get(*parent)
                    .into_iter()
                    .flatten()
                    .copied()
                    .chain([*parent])
            };
            let all: BTreeSet<usize> = after.get(next).into_iter().flatten().flat_map(before).collect();
            if let Some(slot) = ancestors.get_mut(next) {
                *slot = all;
            }
            order.push(next);
        }
        if order.len() < after.len() {
            report_cycle(document, &after, &order, checker);
            order.extend(
                (0..after.len())
                    .filter(|step| !order.contains(step))
                    .collect::<Vec<_>>(),
            );
        }
        Self {
            after,
            ancestors,
            order,
        }
    }

    /// Whether `earlier` is always over before `later` begins.
    pub(super) fn precedes(&self, earlier: usize, later: usize) -> bool {
        self.ancestors
            .get(later)
            .is_some_and(|ancestors| ancestors.contains(&earlier))
    }

    /// Where each step stands to the point of no return. A wait or approval that does not say is compensatable
    /// before every pivot and retriable otherwise: it has nothing to undo.
    pub(super) fn kinds(&self, document: &Document) -> Vec<StepKind> {
        let pivots = pivots(document);
        document
            .steps
            .iter()
            .enumerate()
            .map(|(index, step)| match (&step.kind, &step.form) {
                (Some(kind), _) => kind.value,
                (None, Some(Form::Call(_)) | None) => StepKind::Compensatable,
                (None, Some(Form::Wait { .. } | Form::Approval { .. })) => {
                    if pivots.iter().all(|pivot| self.precedes(index, *pivot)) {
                        StepKind::Compensatable
                    } else {
                        StepKind::Retriable
                    }
                }
            })
            .collect()
    }
}

/// The steps that are pivots.
pub(super) fn pivots(document: &Document) -> Vec<usize> {
    let is_pivot = |step: &Step| {
        step.kind
            .as_ref()
            .is_some_and(|kind| kind.value == StepKind::Pivot)
    };
    let steps = document.steps.iter().enumerate();
    steps
        .filter(|(_, step)| is_pivot(step))
        .map(|(index, _)| index)
        .collect()
}

fn parents(document: &Document, index: usize, step: &Step, checker: &mut Checker<'_>) -> Vec<usize> {
    let Some(after) = &step.after else {
        return index.checked_sub(1).into_iter().collect();
    };
    let mut parents = Vec::new();
    for name in after {
        if let Some((parent, _)) = document.step(&name.text) {
            parents.push(parent);
            continue;
        }
        let known = document.steps.iter().map(|step| step.id.text.as_str());
        let help = match nearest(&name.text, known.clone()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("there are: {}", known.collect::<Vec<_>>().join(", ")),
        };
        checker.report(
            Code::UnknownStep,
            name.span,
            format!("there is no step `{}`", name.text),
            help,
        );
    }
    parents.sort_unstable();
    parents.dedup();
    parents
}

/// The first step as written that is not placed yet and whose parents all are.
fn ready(after: &[Vec<usize>], placed: &[usize]) -> Option<usize> {
    let steps = after
        .iter()
        .enumerate()
        .filter(|(step, _)| !placed.contains(step));
    steps
        .filter(|(_, parents)| parents.iter().all(|parent| placed.contains(parent)))
        .map(|(step, _)| step)
        .next()
}

fn report_cycle(document: &Document, after: &[Vec<usize>], placed: &[usize], checker: &mut Checker<'_>) {
    let Some(start) = (0..after.len()).find(|step| !placed.contains(step)) else {
        return;
    };
    // Every step left over has a parent left over; walking back must return.
    let mut walked = vec![start];
    let mut at = start;
    while let Some(parent) = after
        .get(at)
        .and_then(|parents| parents.iter().find(|parent| !placed.contains(parent)))
    {
        if let Some(closing) = walked.iter().position(|step| step == parent) {
            walked.drain(..closing);
            break;
        }
        walked.push(*parent);
        at = *parent;
    }
    let names: Vec<&str> = walked
        .iter()
        .rev()
        .filter_map(|step| document.steps.get(*step).map(|step| step.id.text.as_str()))
        .collect();
    let Some(step) = walked.iter().min().and_then(|step| document.steps.get(*step)) else {
        return;
    };
    checker.report(
        Code::Cycle,
        step.id.span,
        format!("these steps wait for each other: {}", names.join(" -> ")),
        "remove one of them from an `after`",
    );
}
