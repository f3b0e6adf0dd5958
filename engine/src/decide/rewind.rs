//! Going back to a step, and forward again from there.

use crate::command::{Command, Refusal};
use crate::definition::{Definition, Step, Undo};
use crate::event::InstanceEvent;
use crate::instance::{Instance, Place, RunState, Site, Stage, Trigger};
use crate::root::cause;
use crate::{InstanceId, StepId};

use super::command::{not_now, resume};
use super::draft::Draft;
use super::forward::block;
use super::undo::{self, Progress};

/// Begins to take the instance back to before `to`.
///
/// # Errors
/// A [`Refusal`] when it is not before the point of no return, or when something that would be done again cannot be
/// undone by us.
pub(super) fn begin(
    draft: &mut Draft<'_>,
    id: &InstanceId,
    to: &StepId,
    command: &Command,
) -> Result<(), Refusal> {
    let (Some(instance), Some(definition)) = (draft.instance(id), draft.definition(id)) else {
        return Err(Refusal::NoInstance(id.clone()));
    };
    let held = instance.hold.is_some();
    may_rewind(instance)?;
    let step = definition.step(to).filter(|step| instance.has_begun(&step.id));
    let Some(step) = step else {
        return Err(Refusal::NothingThere(Place::once(to)));
    };
    for step in repeated(&definition, step) {
        can_be_repeated(instance, step)?;
    }
    if held {
        resume(draft, id)?;
    }
    let trigger = Trigger {
        forced: false,
        by: command.actor.clone(),
        reason: command.reason.clone(),
    };
    draft.of(
        id,
        InstanceEvent::RewindStarted {
            to: to.clone(),
            trigger,
        },
    );
    Ok(())
}

fn may_rewind(instance: &Instance) -> Result<(), Refusal> {
    if instance.only.is_some() {
        return Err(not_now(
            "rewind",
            "it is a debt, which has one step only: retry it",
        ));
    }
    let why = match instance.stage {
        Stage::Running => return Ok(()),
        Stage::Committing => "the point of no return is being passed: wait for its outcome",
        Stage::Committed => {
            "the order is past its point of no return: start a return or a refund, or correct the step that waits"
        }
        Stage::Cancelling
        | Stage::Rewinding
        | Stage::Compensating
        | Stage::Completed
        | Stage::Compensated
        | Stage::Closed => "it is going back already",
    };
    Err(not_now("rewind", why))
}

/// What is not ours to undo would be there twice.
fn can_be_repeated(instance: &Instance, step: &Step) -> Result<(), Refusal> {
    for (place, run) in instance.runs_of(&step.id) {
        let Some(landing) = run.landing() else { continue };
        let why = match &step.undo {
            Undo::Never => format!("{place} has taken place and is never undone: rewind to a later step"),
            Undo::Calls(_) if landing.adopted => {
                format!("{place} was not done by this run, which does not undo it: rewind to a later step")
            }
            Undo::Nothing | Undo::Calls(_) => continue,
        };
        return Err(not_now("rewind", &why));
    }
    Ok(())
}

/// `step` and everything after it, in the order of the definition.
fn repeated<'d>(definition: &'d Definition, step: &'d Step) -> Vec<&'d Step> {
    std::iter::once(step)
        .chain(undo::descendants(definition, step))
        .collect()
}

/// Takes back what followed; when nothing of it stands any more, it begins anew.
pub(super) fn go(draft: &mut Draft<'_>, id: &InstanceId) {
    let Some(definition) = draft.definition(id) else {
        return;
    };
    let to = draft.instance(id).and_then(|instance| instance.rewind.clone());
    let Some(step) = to.and_then(|to| definition.step(&to)) else {
        return;
    };
    let steps = repeated(&definition, step);
    undo::call_off(draft, id, &steps);
    if undo::take_back(draft, id, &definition, &steps) == Progress::Open {
        return;
    }
    let steps = steps.into_iter().map(|step| step.id.clone()).collect();
    draft.of(id, InstanceEvent::Rewound { steps });
    block_failed(draft, id);
}

/// What failed beside the steps that were taken back waits for a person.
fn block_failed(draft: &mut Draft<'_>, id: &InstanceId) {
    let Some(instance) = draft.instance(id) else {
        return;
    };
    let failed: Vec<Place> = instance
        .runs
        .iter()
        .filter(|(_, run)| run.state == RunState::Failed)
        .map(|(place, _)| place.clone())
        .collect();
    for place in failed {
        let message = format!("{place} failed while the order was taken back to an earlier step");
        block(draft, id, &Site::forward(place), cause::REJECTED, &message);
    }
}
