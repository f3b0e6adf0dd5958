//! Wishes of people.

use crate::command::{Command, Refusal, Verb};
use crate::contract::Mode;
use crate::definition::StepKind;
use crate::event::{Event, InstanceEvent};
use crate::instance::{
    CallPhase, CallState, Errand, Place, Run, RunState, Site, SkipReason, Stage, Trigger, Undoing,
};
use crate::outcome::Landing;
use crate::{InstanceId, Value};

use super::draft::Draft;
use super::{approval, edit, finish, forward, ledger, rewind, signal, undo, waive};

/// Does what `command` wishes.
///
/// # Errors
/// A [`Refusal`] that says why nothing was changed.
pub(super) fn obey(draft: &mut Draft<'_>, command: &Command) -> Result<(), Refusal> {
    if command.reason.trim().is_empty() {
        return Err(Refusal::NoReason);
    }
    if let Some(expected) = command
        .revision
        .filter(|expected| *expected != draft.root.revision)
    {
        return Err(Refusal::Stale {
            expected,
            actual: draft.root.revision,
        });
    }
    if let Verb::Waive { .. } | Verb::Note { .. } = command.verb {
        accept(draft, command);
        return waive::of_order(draft, command);
    }
    let id = &command.instance;
    let Some(instance) = draft.instance(id) else {
        return Err(Refusal::NoInstance(id.clone()));
    };
    if instance.is_terminal() {
        return Err(Refusal::Ended(instance.stage));
    }
    accept(draft, command);
    match &command.verb {
        Verb::Retry { place } => retry(draft, id, place),
        Verb::Complete {
            place,
            reference,
            result,
        } => complete(draft, id, place, reference.clone(), result),
        Verb::Skip { place } => skip(draft, id, place, command),
        Verb::Compensate => go_back(draft, id, command, true),
        Verb::Cancel => go_back(draft, id, command, false),
        Verb::Hold => hold(draft, id, command),
        Verb::Resume => resume(draft, id),
        Verb::Approve { place } => approval::approve(draft, id, place, &command.actor),
        Verb::Reject { place } => approval::decline(draft, id, place, &command.actor, &command.reason),
        Verb::Close => close(draft, id, command),
        Verb::Rewind { step } => rewind::begin(draft, id, step, command),
        Verb::Signal {
            fact,
            id: of,
            payload,
        } => signal::deliver(draft, id, fact, of, payload),
        Verb::Edit { place, arguments } => edit::correct(draft, id, place, arguments),
        Verb::Waive { .. } | Verb::Note { .. } => Ok(()),
    }?;
    // A person may have said that the released pivot did not happen.
    undo::reopen(draft, id);
    Ok(())
}

fn accept(draft: &mut Draft<'_>, command: &Command) {
    draft.emit(Event::Commanded {
        command: command.verb.name().to_owned(),
        actor: command.actor.clone(),
        reason: command.reason.clone(),
        revision: command.revision,
    });
}

pub(super) fn not_now(verb: &str, why: &str) -> Refusal {
    Refusal::NotNow {
        verb: verb.to_owned(),
        why: why.to_owned(),
    }
}

pub(super) fn run_at(draft: &Draft<'_>, id: &InstanceId, place: &Place) -> Result<Run, Refusal> {
    let run = draft
        .instance(id)
        .and_then(|instance| instance.run(place))
        .cloned();
    run.ok_or_else(|| Refusal::NothingThere(place.clone()))
}

fn retry(draft: &mut Draft<'_>, id: &InstanceId, place: &Place) -> Result<(), Refusal> {
    let run = run_at(draft, id, place)?;
    if let Some(Undoing::Blocked { index, .. }) = run.undo {
        draft.of(
            id,
            InstanceEvent::Unblocked {
                site: Site::undo(place.clone(), index),
            },
        );
    } else if let Some(call) = run.call() {
        rearm(draft, id, &run.site(place), call)?;
    } else if matches!(run.state, RunState::Blocked { .. }) {
        draft.of(
            id,
            InstanceEvent::Unblocked {
                site: Site::forward(place.clone()),
            },
        );
    } else {
        return Err(Refusal::NothingThere(place.clone()));
    }
    draft.close_incidents_at(id, place);
    Ok(())
}

/// Owes the call again: at once, or in a new epoch when the old key cannot help.
fn rearm(draft: &mut Draft<'_>, id: &InstanceId, site: &Site, call: &CallState) -> Result<(), Refusal> {
    let (epoch, errand) = match call.phase {
        CallPhase::InFlight { .. } => {
            return Err(not_now("retry", "an attempt is under way: wait for its answer"));
        }
        CallPhase::Owed { errand, .. } => (call.epoch, errand),
        CallPhase::Stuck { .. } if call.doubt.is_none() => (call.epoch + 1, Errand::Send),
        CallPhase::Stuck { .. } if call.pinned.contract.probe => (call.epoch, Errand::Probe),
        CallPhase::Stuck { .. } => match call.pinned.contract.mode {
            Mode::Idempotent => (call.epoch, Errand::Send),
            Mode::Keyed { .. } if !call.has_outlived_its_key(draft.context.at) => (call.epoch, Errand::Send),
            // A person who retries says that it did not happen.
            Mode::Keyed { .. } | Mode::Probed | Mode::Staged | Mode::AtMostOnce => {
                (call.epoch + 1, Errand::Send)
            }
        },
    };
    let (old_key, key) = (draft.key(id, site, call.epoch), draft.key(id, site, epoch));
    draft.of(
        id,
        InstanceEvent::Rearmed {
            site: site.clone(),
            epoch,
            errand,
            old_key,
            key,
        },
    );
    Ok(())
}

fn complete(
    draft: &mut Draft<'_>,
    id: &InstanceId,
    place: &Place,
    reference: Option<String>,
    result: &Value,
) -> Result<(), Refusal> {
    let run = run_at(draft, id, place)?;
    let call = run.call().cloned();
    if call
        .as_ref()
        .is_some_and(|call| matches!(call.phase, CallPhase::InFlight { .. }))
    {
        return Err(not_now(
            "complete",
            "an attempt is under way: wait for its answer",
        ));
    }
    let landing = Landing {
        reference,
        result: result.clone(),
        ..Landing::default()
    };
    if let Some(undo) = &run.undo {
        let index = open_undo(undo, place)?;
        undo::land(
            draft,
            id,
            &Site::undo(place.clone(), index),
            call.as_ref(),
            landing,
        );
        draft.close_incidents_at(id, place);
        return Ok(());
    }
    match run.state {
        RunState::Calling(_) | RunState::Blocked { .. } | RunState::Waiting { .. } => {}
        RunState::Deciding { .. } => {
            return Err(not_now(
                "complete",
                "it waits for a decision: approve or reject it",
            ));
        }
        RunState::Landed { .. } | RunState::Skipped(_) | RunState::Failed | RunState::Cancelled => {
            return Err(Refusal::NothingThere(place.clone()));
        }
    }
    keeps_the_way_back(draft, id, place, "complete")?;
    let known = match &call {
        Some(call) => {
            let args = draft.value(&call.pinned.args).unwrap_or_default();
            Some((call.pinned.contract.clone(), args))
        }
        None => forward::intended(draft, id, place).map(|(contract, args)| (contract, args.into())),
    };
    let (postings, verifies) = known.map_or_else(Default::default, |(contract, args)| {
        (
            ledger::landed(&contract, &args, result),
            ledger::verifies(&contract),
        )
    });
    let site = run.site(place);
    // An effect in doubt that a person found is ours and is undone like ours; one made by hand is not.
    let adopted = call.as_ref().is_none_or(|call| call.doubt.is_none());
    let key = call.map_or_else(String::new, |call| draft.key(id, &site, call.epoch));
    let commits = is_pivot(draft, id, place);
    draft.of(
        id,
        InstanceEvent::Landed {
            site,
            landing: Landing { adopted, ..landing },
            postings,
            key,
            verifies,
            commits,
        },
    );
    draft.close_incidents_at(id, place);
    Ok(())
}

fn is_pivot(draft: &Draft<'_>, id: &InstanceId, place: &Place) -> bool {
    draft
        .step(id, &place.step)
        .is_some_and(|step| step.kind == StepKind::Pivot)
}

/// Passing the point of no return by hand would leave an undo under way on the wrong side of it.
fn keeps_the_way_back(draft: &Draft<'_>, id: &InstanceId, place: &Place, verb: &str) -> Result<(), Refusal> {
    let back = draft
        .instance(id)
        .is_some_and(|instance| !instance.stage.goes_forward());
    if back && is_pivot(draft, id, place) {
        let why = "the order is going back, and this would commit it: wait for the other side's answer";
        return Err(not_now(verb, why));
    }
    Ok(())
}

/// Which call of an undo waits.
fn open_undo(undo: &Undoing, place: &Place) -> Result<u16, Refusal> {
    match undo {
        Undoing::Calling { index, .. } | Undoing::Blocked { index, .. } => Ok(*index),
        Undoing::Between { .. } | Undoing::Done => Err(Refusal::NothingThere(place.clone())),
    }
}

fn skip(draft: &mut Draft<'_>, id: &InstanceId, place: &Place, command: &Command) -> Result<(), Refusal> {
    let run = run_at(draft, id, place)?;
    let site = run.site(place);
    let call = run.call().cloned();
    if call
        .as_ref()
        .is_some_and(|call| matches!(call.phase, CallPhase::InFlight { .. }))
    {
        return Err(not_now("skip", "an attempt is under way: wait for its answer"));
    }
    if call.as_ref().is_some_and(CallState::is_released) {
        return Err(not_now(
            "skip",
            "it may have happened: complete it with its document, or retry it",
        ));
    }
    let key = call.map(|call| draft.key(id, &site, call.epoch));
    if let Some(undo) = &run.undo {
        open_undo(undo, place)?;
        draft.of(
            id,
            InstanceEvent::Undone {
                place: place.clone(),
                by: Some(command.actor.clone()),
                key,
            },
        );
    } else {
        match run.state {
            RunState::Calling(_)
            | RunState::Blocked { .. }
            | RunState::Waiting { .. }
            | RunState::Deciding { .. } => {}
            RunState::Landed { .. } | RunState::Skipped(_) | RunState::Failed | RunState::Cancelled => {
                return Err(Refusal::NothingThere(place.clone()));
            }
        }
        keeps_the_way_back(draft, id, place, "skip")?;
        let commits = is_pivot(draft, id, place);
        draft.of(
            id,
            InstanceEvent::Skipped {
                place: place.clone(),
                reason: SkipReason::Person,
                commits,
                key,
            },
        );
    }
    draft.close_incidents_at(id, place);
    Ok(())
}

fn go_back(draft: &mut Draft<'_>, id: &InstanceId, command: &Command, forced: bool) -> Result<(), Refusal> {
    let verb = command.verb.name();
    let Some(instance) = draft.instance(id) else {
        return Err(Refusal::NoInstance(id.clone()));
    };
    match instance.stage {
        Stage::Committed => {
            return Err(not_now(
                verb,
                "the order is past its point of no return: start a return or a refund instead",
            ));
        }
        Stage::Compensating => return Err(not_now(verb, "it is being undone already")),
        Stage::Cancelling if !forced => return Err(not_now(verb, "it is being cancelled already")),
        Stage::Running
        | Stage::Committing
        | Stage::Cancelling
        | Stage::Rewinding
        | Stage::Completed
        | Stage::Compensated
        | Stage::Closed => {}
    }
    if instance.hold.is_some() {
        resume(draft, id)?;
    }
    let trigger = Trigger {
        forced,
        by: command.actor.clone(),
        reason: command.reason.clone(),
    };
    undo::begin(draft, id, trigger);
    Ok(())
}

fn hold(draft: &mut Draft<'_>, id: &InstanceId, command: &Command) -> Result<(), Refusal> {
    if draft.instance(id).is_some_and(|instance| instance.hold.is_some()) {
        return Err(not_now("hold", "it is held already"));
    }
    draft.of(
        id,
        InstanceEvent::Held {
            incident: None,
            reason: command.reason.clone(),
        },
    );
    Ok(())
}

pub(super) fn resume(draft: &mut Draft<'_>, id: &InstanceId) -> Result<(), Refusal> {
    if draft.instance(id).is_some_and(|instance| instance.hold.is_none()) {
        return Err(not_now("resume", "it is not held"));
    }
    draft.of(id, InstanceEvent::Resumed);
    draft.close_incidents(|incident| {
        incident.instance.as_ref() == Some(id) && incident.place.is_none() && !incident.is_discrepancy()
    });
    Ok(())
}

pub(super) fn close(draft: &mut Draft<'_>, id: &InstanceId, command: &Command) -> Result<(), Refusal> {
    let open = draft.instance(id).is_some_and(|instance| {
        instance
            .runs
            .values()
            .filter_map(Run::call)
            .any(|call| matches!(call.phase, CallPhase::InFlight { .. }))
    });
    if open {
        return Err(not_now("close", "an attempt is under way: wait for its answer"));
    }
    leave(draft, id, command);
    // A debt is a part of a workflow that may still run.
    if draft.instance(id).is_some_and(|instance| instance.only.is_none()) {
        finish::name_leftovers(draft);
    }
    draft.of(
        id,
        InstanceEvent::Closed {
            by: command.actor.clone(),
            reason: command.reason.clone(),
        },
    );
    draft.close_incidents(|incident| incident.instance.as_ref() == Some(id));
    Ok(())
}

/// Whatever is still open at the end is called off; the person who closes answers for it.
fn leave(draft: &mut Draft<'_>, id: &InstanceId, command: &Command) {
    let Some(instance) = draft.instance(id) else {
        return;
    };
    let open: Vec<(Place, Run)> = instance
        .runs
        .iter()
        .filter(|(_, run)| !run.is_over() || matches!(run.undo, Some(ref undo) if *undo != Undoing::Done))
        .map(|(place, run)| (place.clone(), run.clone()))
        .collect();
    for (place, run) in open {
        let site = run.site(&place);
        let key = run.call().map(|call| draft.key(id, &site, call.epoch));
        let event = if run.undo.is_some() {
            let by = Some(command.actor.clone());
            InstanceEvent::Undone { place, by, key }
        } else {
            InstanceEvent::RunCancelled { place, key }
        };
        draft.of(id, event);
    }
}
