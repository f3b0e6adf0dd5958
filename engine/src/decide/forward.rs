//! Going forward: opening steps whose predecessors are over.

use crate::contract::Contract;
use crate::definition::{Call, Each, Form, Span, Step, StepKind};
use crate::event::InstanceEvent;
use crate::expr::EvalError;
use crate::instance::{Pinned, Place, RunState, Side, Site, SkipReason, Stage};
use crate::limits::EVENTS_PER_DECISION_MAX;
use crate::root::cause;
use crate::{InstanceId, Millis, Value};

use super::draft::Draft;
use super::{approval, fan, finish, ledger, retry, rewind, sla, undo};

/// Lets every instance go as far as it can, until nothing more follows.
pub(super) fn settle(draft: &mut Draft<'_>) {
    loop {
        let before = draft.events_len();
        for id in draft.instance_ids() {
            advance(draft, &id);
        }
        if draft.events_len() == before || before > EVENTS_PER_DECISION_MAX {
            return;
        }
    }
}

fn advance(draft: &mut Draft<'_>, id: &InstanceId) {
    let Some(instance) = draft.instance(id) else {
        return;
    };
    if instance.hold.is_some() {
        return;
    }
    match instance.stage {
        Stage::Running | Stage::Committing => go(draft, id),
        Stage::Committed => {
            undo::too_late(draft, id);
            go(draft, id);
        }
        Stage::Cancelling => undo::cancel(draft, id),
        Stage::Rewinding => rewind::go(draft, id),
        Stage::Compensating => undo::compensate(draft, id),
        Stage::Completed | Stage::Compensated | Stage::Closed => {}
    }
}

fn go(draft: &mut Draft<'_>, id: &InstanceId) {
    let Some(definition) = draft.definition(id) else {
        return;
    };
    let debt = draft.instance(id).is_some_and(|instance| instance.only.is_some());
    let mut open = false;
    for step in &definition.steps {
        let Some(instance) = draft.instance(id) else {
            return;
        };
        if !instance.stage.goes_forward() {
            return;
        }
        if !instance.runs_step(&step.id) {
            continue;
        }
        if !instance.has_begun(&step.id) && (debt || step.after.iter().all(|after| instance.is_over(after))) {
            begin(draft, id, step);
        }
        meet(draft, id, step);
        fan::advance(draft, id, step);
        open |= !draft
            .instance(id)
            .is_some_and(|instance| instance.is_over(&step.id));
    }
    if !open {
        finish::complete(draft, id);
    }
    hold_failed(draft, id);
}

/// Behind the point of no return nothing undoes the instance any more: what failed waits for a person.
fn hold_failed(draft: &mut Draft<'_>, id: &InstanceId) {
    let Some(instance) = draft
        .instance(id)
        .filter(|instance| instance.stage == Stage::Committed)
    else {
        return;
    };
    let failed: Vec<Place> = instance
        .runs
        .iter()
        .filter(|(_, run)| run.state == RunState::Failed)
        .map(|(place, _)| place.clone())
        .collect();
    for place in failed {
        let message = format!("{place} failed, and the order is past its point of no return");
        block(draft, id, &Site::forward(place), cause::REJECTED, &message);
    }
}

fn begin(draft: &mut Draft<'_>, id: &InstanceId, step: &Step) {
    let place = Place::once(&step.id);
    match guard(draft, id, step) {
        Ok(true) => {
            open(draft, id, step);
            if draft
                .instance(id)
                .is_some_and(|instance| instance.has_begun(&step.id))
            {
                sla::set(draft, id, Some(&step.id), step.sla_ms);
            }
        }
        Ok(false) => {
            let commits = step.kind == StepKind::Pivot;
            let skipped = InstanceEvent::Skipped {
                place,
                reason: SkipReason::Guard,
                commits,
                key: None,
            };
            draft.of(id, skipped);
        }
        Err(error) => block(
            draft,
            id,
            &Site::forward(place),
            cause::EXPRESSION,
            &error.to_string(),
        ),
    }
}

fn guard(draft: &Draft<'_>, id: &InstanceId, step: &Step) -> Result<bool, EvalError> {
    let Some(expr) = &step.when else { return Ok(true) };
    let value = draft.evaluate(id, expr, &[])?;
    value.as_bool().ok_or_else(|| EvalError {
        expression: expr.0.clone(),
        reason: format!("gives {} where true or false is needed", value.kind()),
    })
}

fn open(draft: &mut Draft<'_>, id: &InstanceId, step: &Step) {
    if let Some(each) = &step.each {
        return fan::open(draft, id, step, each);
    }
    let place = Place::once(&step.id);
    match &step.form {
        Form::Call(call) => due(draft, id, &Site::forward(place), call, &[]),
        Form::Wait { fact, deadline } => match until(draft, id, deadline) {
            Ok(deadline) => draft.of(
                id,
                InstanceEvent::WaitOpened {
                    place,
                    fact: fact.clone(),
                    deadline,
                },
            ),
            Err(error) => block(
                draft,
                id,
                &Site::forward(place),
                cause::EXPRESSION,
                &error.to_string(),
            ),
        },
        Form::Approval { shown, deadline } => approval::open(draft, id, step, shown, deadline),
    }
}

/// A wait is met by a fact that is there already, early or not.
fn meet(draft: &mut Draft<'_>, id: &InstanceId, step: &Step) {
    let place = Place::once(&step.id);
    let waiting = draft
        .instance(id)
        .and_then(|instance| instance.run(&place))
        .map(|run| &run.state);
    let Some(RunState::Waiting { fact, .. }) = waiting else {
        return;
    };
    let met = draft.root.facts.iter().find(|(_, kept)| kept.name == *fact);
    let Some((natural_id, result)) = met.map(|(natural_id, kept)| (natural_id.clone(), kept.payload.clone()))
    else {
        return;
    };
    draft.of(
        id,
        InstanceEvent::WaitMet {
            place: place.clone(),
            fact: natural_id,
            result,
        },
    );
    draft.close_incidents_at(id, &place);
}

/// When a span that begins now ends.
pub(super) fn until(draft: &Draft<'_>, id: &InstanceId, span: &Span) -> Result<Millis, EvalError> {
    let length_ms = match span {
        Span::Fixed(length_ms) => *length_ms,
        Span::Computed(expr) => {
            let value = draft.evaluate(id, expr, &[])?;
            value.as_int().ok_or_else(|| EvalError {
                expression: expr.0.clone(),
                reason: format!("gives {} where milliseconds are needed", value.kind()),
            })?
        }
    };
    Ok(draft.context.at.plus(length_ms.max(0)))
}

/// Makes the call at `site` due: arguments are evaluated once, amounts reserved.
pub(super) fn due(
    draft: &mut Draft<'_>,
    id: &InstanceId,
    site: &Site,
    call: &Call,
    extra: &[(&str, &Value)],
) {
    if let Some((why, message)) = unmet(draft, id, site, extra) {
        return block(draft, id, site, &why, &message);
    }
    let args = match draft.arguments(id, call, extra) {
        Ok(args) => args,
        Err(error) => return block(draft, id, site, cause::EXPRESSION, &error.to_string()),
    };
    let Some(contract) = contract(draft, id, call) else {
        let message = format!(
            "no connector of this shop can do {}.{}: name one under the shop's `connectors` in the configuration, then retry",
            call.role, call.operation
        );
        return block(draft, id, site, cause::NOT_CONFIGURED, &message);
    };
    let opens = ledger::opened(&contract, &args);
    if let Err(violation) = draft.root.ledger.admits(&opens) {
        return block(draft, id, site, cause::LEDGER_REFUSED, &violation.to_string());
    }
    let epoch = draft
        .instance(id)
        .and_then(|instance| instance.run(&site.place))
        .map_or(0, |run| run.epoch_due(site.side));
    owe(draft, id, site, epoch, contract, args);
}

/// The first requirement of a forward call that does not hold: class and sentence of the incident.
fn unmet(
    draft: &Draft<'_>,
    id: &InstanceId,
    site: &Site,
    extra: &[(&str, &Value)],
) -> Option<(String, String)> {
    let step = draft
        .step(id, &site.place.step)
        .filter(|_| site.side == Side::Do)?;
    step.requires
        .iter()
        .find_map(|required| match draft.evaluate(id, &required.that, extra) {
            Ok(Value::Bool(true)) => None,
            Ok(_) => Some((required.cause.clone(), required.otherwise.clone())),
            Err(error) => Some((cause::EXPRESSION.to_owned(), error.to_string())),
        })
}

/// What the call at `place`, which could not begin, would have been: its contract and arguments, as far as they are known.
pub(super) fn intended(draft: &Draft<'_>, id: &InstanceId, place: &Place) -> Option<(Contract, Value)> {
    let step = draft.step(id, &place.step)?;
    let Form::Call(call) = &step.form else { return None };
    let element = element(draft, id, &step, place);
    let extra: Vec<(&str, &Value)> = element.iter().map(|(name, value)| (*name, value)).collect();
    let args = draft.arguments(id, call, &extra).ok()?;
    Some((contract(draft, id, call)?, args))
}

/// What the operation of `call` promises at the connector that serves its role for this instance.
pub(super) fn contract(draft: &Draft<'_>, id: &InstanceId, call: &Call) -> Option<Contract> {
    let connector = draft.instance(id)?.routes.get(&call.role)?;
    draft
        .context
        .book
        .contract(connector, &call.role, &call.operation)
}

/// Makes a call due with these arguments, and reserves what it moves.
pub(super) fn owe(
    draft: &mut Draft<'_>,
    id: &InstanceId,
    site: &Site,
    epoch: u32,
    contract: Contract,
    args: Value,
) {
    let opens = ledger::opened(&contract, &args);
    let args = draft.keep(args);
    let key = draft.key(id, site, epoch);
    let pinned = Pinned { contract, args };
    let timeout_ms = draft
        .step(id, &site.place.step)
        .map_or(0, |step| retry::policy(&step, site).timeout_ms);
    draft.of(
        id,
        InstanceEvent::CallDue {
            site: site.clone(),
            epoch,
            pinned,
            timeout_ms,
            opens,
            key,
        },
    );
}

/// The run at `site` cannot begin; a person decides.
pub(super) fn block(draft: &mut Draft<'_>, id: &InstanceId, site: &Site, why: &str, message: &str) {
    let incident = draft.incident(Some(id), Some(&site.place), why, message.to_owned());
    draft.of(
        id,
        InstanceEvent::Blocked {
            site: site.clone(),
            incident,
        },
    );
}

/// The names a run of a fan-out may read.
pub(super) fn element(
    draft: &Draft<'_>,
    id: &InstanceId,
    step: &Step,
    place: &Place,
) -> Option<(&'static str, Value)> {
    let item = place.item.as_ref()?;
    let value = draft.instance(id)?.fans.get(&step.id)?.items.get(item)?.clone();
    match step.each.as_ref()? {
        Each::Items { .. } => Some(("item", value)),
        Each::Facts { .. } => Some(("fact", value)),
    }
}
