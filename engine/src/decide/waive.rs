//! What is about the order as a whole: waivers and notes.

use crate::Value;
use crate::command::{Command, Refusal, Verb};
use crate::event::Event;
use crate::instance::{Instance, Run, RunState, Undoing};
use crate::limits::{NOTE_BYTES_MAX, NOTES_MAX};
use crate::root::{Incident, cause};

use super::command::{close, not_now};
use super::draft::Draft;

/// Does what `command` wishes about the order.
///
/// # Errors
/// A [`Refusal`] that says why nothing was changed.
pub(super) fn of_order(draft: &mut Draft<'_>, command: &Command) -> Result<(), Refusal> {
    if let Verb::Waive { number } = &command.verb {
        waive(draft, *number, command)?;
    }
    if let Verb::Note { text } = &command.verb {
        note(draft, text, &command.actor)?;
    }
    Ok(())
}

fn note(draft: &mut Draft<'_>, text: &str, by: &str) -> Result<(), Refusal> {
    let limit = |what: &str, limit| Refusal::LimitReached {
        what: what.to_owned(),
        limit,
    };
    if draft.root.notes.len() >= NOTES_MAX {
        return Err(limit("notes", NOTES_MAX));
    }
    if text.len() > NOTE_BYTES_MAX {
        return Err(limit("bytes in a note", NOTE_BYTES_MAX));
    }
    let text = draft.keep(Value::text(text));
    draft.emit(Event::Noted {
        by: by.to_owned(),
        text,
    });
    Ok(())
}

/// Ends an obligation, a debt or a discrepancy without anything being done about it.
fn waive(draft: &mut Draft<'_>, number: u32, command: &Command) -> Result<(), Refusal> {
    if draft.root.obligations.contains_key(&number) {
        draft.emit(Event::ObligationClosed {
            number,
            by: command.actor.clone(),
            reason: command.reason.clone(),
        });
        return Ok(());
    }
    let Some(incident) = draft.root.incidents.get(&number).cloned() else {
        return Err(Refusal::NoSuchNumber(number));
    };
    let of = incident.instance.as_ref().and_then(|id| draft.instance(id));
    let live = of.filter(|instance| !instance.is_terminal());
    if let Some(why) = live.and_then(|instance| waits_for(instance, number, &incident)) {
        return Err(not_now("waive", &why));
    }
    if let Some(debt) = live.filter(|_| incident.cause == cause::DEBT) {
        let id = debt.id.clone();
        return close(draft, &id, command);
    }
    draft.emit(Event::IncidentClosed { number });
    Ok(())
}

/// What is waiting for the incident to be dealt with; waiving it would leave that without a cause.
fn waits_for(instance: &Instance, number: u32, incident: &Incident) -> Option<String> {
    if instance
        .hold
        .as_ref()
        .is_some_and(|hold| hold.incident == Some(number))
    {
        return Some("the order is held for it: resume it, or undo it".to_owned());
    }
    let stuck = instance.runs.iter().find(|(_, run)| is_stuck_on(run, number));
    let place = match (stuck, &incident.place) {
        (Some((place, _)), _) => place,
        (None, Some(place)) if !incident.is_discrepancy() && incident.cause != cause::DEBT => {
            let over = instance
                .run(place)
                .is_some_and(|run| run.is_over() && run.undo.is_none());
            let place = Some(place).filter(|_| !over || instance.fans.contains_key(&place.step));
            place?
        }
        (None, _) => return None,
    };
    Some(format!("{place} waits for it: retry, complete or skip that"))
}

fn is_stuck_on(run: &Run, number: u32) -> bool {
    let stuck = run.call().is_some_and(
        |call| matches!(call.phase, crate::instance::CallPhase::Stuck { incident } if incident == number),
    );
    let blocked = matches!(run.state, RunState::Blocked { incident } if incident == number);
    let undo_blocked = matches!(run.undo, Some(Undoing::Blocked { incident, .. }) if incident == number);
    stuck || blocked || undo_blocked
}
