//! Going back: contested undos first, then everything that landed, in reverse.

use crate::InstanceId;
use crate::definition::{Definition, Step, StepKind, Undo};
use crate::event::{InstanceEvent, Verdict};
use crate::instance::{CallPhase, CallState, Place, Run, RunState, Site, Stage, Trigger, Undoing};
use crate::outcome::{Fault, Landing};
use crate::root::cause;

use super::call::Case;
use super::draft::Draft;
use super::{finish, forward, ledger};

/// A failed step, a fact or a deadline asks for the instance to be undone.
pub(super) fn request(draft: &mut Draft<'_>, id: &InstanceId, by: &str, reason: &str) {
    let trigger = Trigger {
        forced: false,
        by: by.to_owned(),
        reason: reason.to_owned(),
    };
    begin(draft, id, trigger);
}

/// Begins undoing, or parks the wish while a pivot's outcome is open. Behind the pivot it becomes an incident.
pub(super) fn begin(draft: &mut Draft<'_>, id: &InstanceId, trigger: Trigger) {
    let Some(stage) = draft.instance(id).map(|instance| instance.stage) else {
        return;
    };
    match stage {
        Stage::Running | Stage::Cancelling | Stage::Rewinding if trigger.forced => {
            draft.of(id, InstanceEvent::CompensationStarted { trigger });
        }
        Stage::Running | Stage::Rewinding => draft.of(id, InstanceEvent::CancelStarted { trigger }),
        Stage::Committing => draft.of(id, InstanceEvent::Parked { trigger }),
        Stage::Committed => {
            let message = format!(
                "{} came too late to undo: start a return or a refund",
                trigger.reason
            );
            draft.incident(Some(id), None, cause::CONTRADICTION, message);
        }
        Stage::Cancelling | Stage::Compensating | Stage::Completed | Stage::Compensated | Stage::Closed => {}
    }
}

/// Whoever asked for the undo while the pivot's outcome was open is told that it is too late.
pub(super) fn too_late(draft: &mut Draft<'_>, id: &InstanceId) {
    let parked = draft.instance(id).and_then(|instance| instance.parked.clone());
    let Some(trigger) = parked else { return };
    let message = format!(
        "{} ({}) came too late to undo: start a return or a refund",
        trigger.reason, trigger.by
    );
    draft.incident(Some(id), None, cause::CANCEL_REFUSED, message);
    draft.of(id, InstanceEvent::CameTooLate { trigger });
}

/// A released pivot that did not happen opens the way back again, and a parked wish goes on.
pub(super) fn reopen(draft: &mut Draft<'_>, id: &InstanceId) {
    let Some(definition) = draft.definition(id) else {
        return;
    };
    let Some(instance) = draft.instance(id) else {
        return;
    };
    let pivots = definition
        .steps
        .iter()
        .filter(|step| step.kind == StepKind::Pivot);
    let released = pivots
        .flat_map(|step| instance.runs_of(&step.id))
        .any(|(_, run)| run.landing().is_some() || run.forward().is_some_and(CallState::is_released));
    if instance.stage != Stage::Committing || released {
        return;
    }
    let parked = instance.parked.clone();
    draft.of(id, InstanceEvent::Reopened);
    if let Some(trigger) = parked {
        begin(draft, id, trigger);
    }
}

/// Asks those who may refuse. New forward work pauses meanwhile.
pub(super) fn cancel(draft: &mut Draft<'_>, id: &InstanceId) {
    let Some(definition) = draft.definition(id) else {
        return;
    };
    for step in definition.steps.iter().rev().filter(|step| is_contested(step)) {
        let runs = runs(draft, id, step);
        let released = |run: &Run| run.forward().is_some_and(CallState::is_released);
        // One after the other: a refusal must not meet another undo under way.
        if let Some((place, run)) = runs.iter().find(|(_, run)| owes_undo(step, run)) {
            return go_back(draft, id, step, place, run);
        }
        if runs.iter().any(|(_, run)| released(run)) {
            return;
        }
    }
    let trigger = draft.instance(id).and_then(|instance| instance.trigger.clone());
    let trigger = trigger.unwrap_or(Trigger {
        forced: false,
        by: String::new(),
        reason: String::new(),
    });
    draft.of(id, InstanceEvent::CompensationStarted { trigger });
}

/// Undoes everything that landed, and ends the instance.
pub(super) fn compensate(draft: &mut Draft<'_>, id: &InstanceId) {
    let Some(definition) = draft.definition(id) else {
        return;
    };
    close_fans(draft, id);
    let all: Vec<&Step> = definition.steps.iter().collect();
    call_off(draft, id, &all);
    if take_back(draft, id, &definition, &all) == Progress::Over {
        finish::compensated(draft, id);
    }
}

/// How far an undo is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// Something is under way, in doubt or not undone.
    Open,
    /// Nothing of it stands any more.
    Over,
}

/// Undoes what landed of `steps`, in reverse of the partial order; a step in doubt blocks its ancestors only.
pub(super) fn take_back(
    draft: &mut Draft<'_>,
    id: &InstanceId,
    definition: &Definition,
    steps: &[&Step],
) -> Progress {
    let may_be_refused = draft
        .instance(id)
        .is_some_and(|instance| instance.stage == Stage::Rewinding);
    let mut progress = Progress::Over;
    for step in steps.iter().rev() {
        let runs = runs(draft, id, step);
        if !runs.iter().any(|(_, run)| is_unsettled(step, run)) {
            continue;
        }
        progress = Progress::Open;
        let waits = descendants(definition, step).any(|later| {
            let mut later_runs = self::runs(draft, id, later).into_iter();
            later_runs.any(|(_, run)| is_unsettled(later, &run))
        });
        if waits {
            continue;
        }
        // One after the other: a refusal must not meet another undo under way.
        let at_once = if may_be_refused && is_contested(step) {
            1
        } else {
            usize::MAX
        };
        for (place, run) in runs.iter().filter(|(_, run)| owes_undo(step, run)).take(at_once) {
            go_back(draft, id, step, place, run);
        }
    }
    progress
}

fn close_fans(draft: &mut Draft<'_>, id: &InstanceId) {
    let Some(instance) = draft.instance(id) else {
        return;
    };
    let open = instance.fans.iter().filter(|(_, fan)| !fan.closed);
    for step in open.map(|(step, _)| step.clone()).collect::<Vec<_>>() {
        draft.of(id, InstanceEvent::FanClosed { step });
    }
}

/// Cancels what has not left of `steps`: owed calls without doubt, waits, approvals.
pub(super) fn call_off(draft: &mut Draft<'_>, id: &InstanceId, steps: &[&Step]) {
    let Some(instance) = draft.instance(id) else {
        return;
    };
    let unsent: Vec<(Place, Option<u32>)> = instance
        .runs
        .iter()
        .filter(|(place, _)| steps.iter().any(|step| step.id == place.step))
        .filter_map(|(place, run)| match &run.state {
            RunState::Calling(call) => {
                let flying = matches!(call.phase, CallPhase::InFlight { .. });
                (call.doubt.is_none() && !flying).then(|| (place.clone(), Some(call.epoch)))
            }
            RunState::Waiting { .. } | RunState::Deciding { .. } | RunState::Blocked { .. } => {
                Some((place.clone(), None))
            }
            RunState::Landed { .. } | RunState::Skipped(_) | RunState::Failed | RunState::Cancelled => None,
        })
        .collect();
    for (place, epoch) in unsent {
        let key = epoch.map(|epoch| draft.key(id, &Site::forward(place.clone()), epoch));
        draft.of(
            id,
            InstanceEvent::RunCancelled {
                place: place.clone(),
                key,
            },
        );
        draft.close_incidents_at(id, &place);
    }
}

/// The next call of the undo of one run.
fn go_back(draft: &mut Draft<'_>, id: &InstanceId, step: &Step, place: &Place, run: &Run) {
    let Undo::Calls(calls) = &step.undo else { return };
    let next = match run.undo {
        None => 0,
        Some(Undoing::Between { done }) => done,
        Some(Undoing::Calling { .. } | Undoing::Blocked { .. } | Undoing::Done) => return,
    };
    let Some(undo) = calls.get(usize::from(next)) else {
        return draft.of(
            id,
            InstanceEvent::Undone {
                place: place.clone(),
                by: None,
                key: None,
            },
        );
    };
    let landed = run
        .landing()
        .map(|landing| landing.result.clone())
        .unwrap_or_default();
    let element = forward::element(draft, id, step, place);
    let mut extra = vec![("landed", &landed)];
    if let Some((name, value)) = &element {
        extra.push((name, value));
    }
    forward::due(draft, id, &Site::undo(place.clone(), next), &undo.call, &extra);
}

/// One call of an undo took place, as a person or a late answer says; the next one follows.
pub(super) fn land(
    draft: &mut Draft<'_>,
    id: &InstanceId,
    site: &Site,
    call: Option<&CallState>,
    landing: Landing,
) {
    let postings = call.map_or_else(Vec::new, |call| {
        let args = draft.value(&call.pinned.args).unwrap_or_default();
        ledger::landed(&call.pinned.contract, &args, &landing.result)
    });
    let key = call.map_or_else(String::new, |call| draft.key(id, site, call.epoch));
    let landed = InstanceEvent::Landed {
        site: site.clone(),
        landing,
        postings,
        key,
        verifies: false,
        commits: false,
    };
    draft.of(id, landed);
}

/// The other side refused to undo.
pub(super) fn rejected(draft: &mut Draft<'_>, case: &Case<'_>, fault: &Fault) -> Verdict {
    let may_be_refused = draft
        .instance(case.id)
        .is_some_and(|instance| matches!(instance.stage, Stage::Cancelling | Stage::Rewinding));
    if may_be_refused && is_contested(case.step) {
        return Verdict::Refused {
            key: case.key.clone(),
        };
    }
    let message = format!("undoing {} was refused: {}", case.step.title, fault.message);
    let incident = draft.incident(Some(case.id), Some(&case.site.place), cause::UNDO_FAILED, message);
    Verdict::Stuck {
        incident,
        in_doubt: false,
    }
}

/// The cancel was refused: forward again. What failed and asked for it now waits for a person.
pub(super) fn refused(draft: &mut Draft<'_>, case: &Case<'_>) {
    draft.of(
        case.id,
        InstanceEvent::CancelRefused {
            place: case.site.place.clone(),
        },
    );
    let trigger = draft
        .instance(case.id)
        .and_then(|instance| instance.trigger.clone());
    let reason = trigger.map_or_else(String::new, |trigger| format!(" ({})", trigger.reason));
    let message = format!(
        "{} can no longer be cancelled; the order goes on{reason}",
        case.step.title
    );
    let incident = draft.incident(Some(case.id), None, cause::CANCEL_REFUSED, message);
    let Some(instance) = draft.instance(case.id) else {
        return;
    };
    let failed: Vec<Place> = instance
        .runs
        .iter()
        .filter(|(_, run)| run.state == RunState::Failed)
        .map(|(place, _)| place.clone())
        .collect();
    for place in failed {
        draft.of(
            case.id,
            InstanceEvent::Blocked {
                site: Site::forward(place),
                incident,
            },
        );
    }
}

fn is_contested(step: &Step) -> bool {
    matches!(&step.undo, Undo::Calls(calls) if calls.iter().any(|undo| undo.may_refuse))
}

fn owes_undo(step: &Step, run: &Run) -> bool {
    let declared = matches!(&step.undo, Undo::Calls(calls) if !calls.is_empty());
    declared && run.stands() && run.landing().is_some_and(|landing| !landing.adopted)
}

/// Whether an ancestor's undo has to wait: something is under way, in doubt or not undone.
fn is_unsettled(step: &Step, run: &Run) -> bool {
    let open = run
        .forward()
        .is_some_and(|call| call.doubt.is_some() || matches!(call.phase, CallPhase::InFlight { .. }));
    open || owes_undo(step, run)
}

fn runs(draft: &Draft<'_>, id: &InstanceId, step: &Step) -> Vec<(Place, Run)> {
    let Some(instance) = draft.instance(id) else {
        return Vec::new();
    };
    instance
        .runs_of(&step.id)
        .map(|(place, run)| (place.clone(), run.clone()))
        .collect()
}

/// Steps that come after `step`, directly or not.
pub(super) fn descendants<'d>(
    definition: &'d Definition,
    step: &Step,
) -> impl Iterator<Item = &'d Step> + use<'d> {
    let mut known = std::collections::BTreeSet::from([step.id.clone()]);
    let mut later = Vec::new();
    for candidate in &definition.steps {
        if candidate.after.iter().any(|after| known.contains(after)) {
            known.insert(candidate.id.clone());
            later.push(candidate);
        }
    }
    later.into_iter()
}
