//! Corrected arguments of a call that cannot go on.

use std::collections::BTreeMap;

use crate::command::Refusal;
use crate::definition::{Call, Form, Step, Undo};
use crate::event::InstanceEvent;
use crate::instance::{CallPhase, CallState, Place, Run, RunState, Side, Site, Undoing};
use crate::{InstanceId, Value};

use super::command::{not_now, run_at};
use super::draft::Draft;
use super::{forward, ledger};

/// Makes the call at `place` due with corrected arguments, in an epoch of its own.
///
/// # Errors
/// A [`Refusal`] when nothing there can be corrected, when the call may have happened, when an argument is unknown or
/// missing, or when the ledger does not allow what the new arguments would move.
pub(super) fn correct(
    draft: &mut Draft<'_>,
    id: &InstanceId,
    place: &Place,
    given: &BTreeMap<String, Value>,
) -> Result<(), Refusal> {
    let run = run_at(draft, id, place)?;
    let (site, open) = waiting(&run, place)?;
    let step = draft.step(id, &place.step);
    let call = step.as_ref().and_then(|step| declared(step, &site));
    let (Some(step), Some(call)) = (&step, call) else {
        return Err(Refusal::NothingThere(place.clone()));
    };
    let args = arguments(draft, id, step, &run, &site, call, open, given)?;
    let contract = match open {
        Some(open) => Some(open.pinned.contract.clone()),
        None => forward::contract(draft, id, call),
    };
    let Some(contract) = contract else {
        let why = "no connector of this shop can do it: name one in the configuration, then retry";
        return Err(not_now("edit", why));
    };
    let old_key = open.map(|open| draft.key(id, &site, open.epoch));
    let mut ledger = draft.root.ledger.clone();
    if let Some(old_key) = &old_key {
        ledger.release(old_key);
    }
    if let Err(violation) = ledger.admits(&ledger::opened(&contract, &args)) {
        return Err(not_now(
            "edit",
            &format!("the ledger does not allow it: {violation}"),
        ));
    }
    let epoch = open.map_or_else(|| run.epoch_due(site.side), |open| open.epoch + 1);
    draft.of(
        id,
        InstanceEvent::Edited {
            site: site.clone(),
            arguments: given.keys().cloned().collect(),
            old_key,
        },
    );
    forward::owe(draft, id, &site, epoch, contract, args);
    draft.close_incidents_at(id, place);
    Ok(())
}

/// The call that waits and how far it is; `None` for one that could not begin.
fn waiting<'r>(run: &'r Run, place: &Place) -> Result<(Site, Option<&'r CallState>), Refusal> {
    let forward = Site::forward(place.clone());
    let (site, open) = match (&run.undo, &run.state) {
        (Some(Undoing::Calling { index, call }), _) => {
            (Site::undo(place.clone(), *index), Some(call.as_ref()))
        }
        (Some(Undoing::Blocked { index, .. }), _) => (Site::undo(place.clone(), *index), None),
        (None, RunState::Calling(call)) => (forward, Some(call.as_ref())),
        (None, RunState::Blocked { .. }) => (forward, None),
        _ => return Err(Refusal::NothingThere(place.clone())),
    };
    if open.is_some_and(|call| matches!(call.phase, CallPhase::InFlight { .. })) {
        return Err(not_now("edit", "an attempt is under way: wait for its answer"));
    }
    if open.is_some_and(|call| call.doubt.is_some()) {
        let why = "it may have happened as it was: retry or complete it until that is known";
        return Err(not_now("edit", why));
    }
    Ok((site, open))
}

fn declared<'d>(step: &'d Step, site: &Site) -> Option<&'d Call> {
    match (site.side, &step.form, &step.undo) {
        // A fan-out that could not begin has no call to correct.
        (Side::Do, Form::Call(call), _) if step.each.is_none() || site.place.item.is_some() => Some(call),
        (Side::Undo(index), _, Undo::Calls(calls)) => calls.get(usize::from(index)).map(|undo| &undo.call),
        (Side::Do | Side::Undo(_), _, _) => None,
    }
}

/// What was given; else what was decided before; else what the definition says now.
#[expect(
    clippy::too_many_arguments,
    reason = "each is one thing the arguments depend on"
)]
fn arguments(
    draft: &Draft<'_>,
    id: &InstanceId,
    step: &Step,
    run: &Run,
    site: &Site,
    call: &Call,
    open: Option<&CallState>,
    given: &BTreeMap<String, Value>,
) -> Result<Value, Refusal> {
    if let Some(argument) = given
        .keys()
        .find(|name| call.with.iter().all(|(known, _)| known != *name))
    {
        let known: Vec<&str> = call.with.iter().map(|(name, _)| name.as_str()).collect();
        return Err(Refusal::NoArgument {
            operation: format!("{}.{}", call.role, call.operation),
            argument: argument.clone(),
            known: known.join(", "),
        });
    }
    let before = open.and_then(|open| draft.value(&open.pinned.args));
    let landed = run
        .landing()
        .map(|landing| landing.result.clone())
        .unwrap_or_default();
    let element = forward::element(draft, id, step, &site.place);
    let mut extra = vec![("landed", &landed)];
    if let Some((name, value)) = &element {
        extra.push((name, value));
    }
    let mut args = BTreeMap::new();
    for (name, expr) in &call.with {
        let known = given.get(name).or_else(|| before.as_ref()?.get(name)).cloned();
        let value = match known {
            Some(value) => value,
            None => draft.evaluate(id, expr, &extra).map_err(|error| {
                not_now(
                    "edit",
                    &format!("`{name}` has no value ({error}): give it as well"),
                )
            })?,
        };
        args.insert(name.clone(), value);
    }
    Ok(Value::Map(args))
}
