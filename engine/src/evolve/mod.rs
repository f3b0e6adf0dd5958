//! Folding events into state: total, without rules, stable across releases.
//!
//! An event about something unknown changes nothing: the journal is the truth and is never rejected.

mod call;
mod instance;

pub(crate) use call::report_digest;

use crate::Millis;
use crate::event::Event;
use crate::instance::Instance;
use crate::root::{Kept, Mirror, Note, Root};

/// Applies a whole frame: its events, and its place among the frames of the root.
pub fn fold(root: &mut Root, events: &[Event], at: Millis) {
    for event in events {
        evolve(root, event, at);
    }
    root.sequence += 1;
}

/// Applies `event`, which happened at `at`.
pub fn evolve(root: &mut Root, event: &Event, at: Millis) {
    root.revision += 1;
    root.updated_at = at;
    match event {
        Event::Observed { mirror } => observe(root, mirror),
        Event::SubjectRevised { subject } => {
            root.subject = Some(*subject);
            root.subject_revision += 1;
        }
        Event::FactRecorded { fact } => {
            let natural_id = fact.natural_id();
            root.ledger.record(&natural_id, &fact.postings);
            let kept = Kept {
                name: fact.name.clone(),
                id: fact.id.clone(),
                payload: fact.payload.clone(),
                at,
            };
            root.facts.insert(natural_id, kept);
        }
        Event::IncidentOpened { number, incident } => {
            root.numbers = root.numbers.max(*number);
            root.incidents.insert(*number, incident.clone());
        }
        Event::IncidentClosed { number } => {
            root.incidents.remove(number);
        }
        Event::ObligationOpened { number, obligation } => {
            root.numbers = root.numbers.max(*number);
            root.obligations.insert(*number, obligation.clone());
        }
        Event::ObligationClosed { number, .. } => {
            if let Some(obligation) = root.obligations.remove(number) {
                root.waived.insert(*number, obligation);
            }
        }
        Event::Noted { by, text } => root.notes.push(Note {
            by: by.clone(),
            at,
            text: *text,
        }),
        Event::Posted { postings, .. } => root.ledger.land("", postings),
        Event::Commanded { .. } => {}
        Event::Of { instance, event } => instance::evolve(root, instance, event, at),
    }
}

fn observe(root: &mut Root, state: &[u8]) {
    let revision = root.mirror.as_ref().map_or(0, |mirror| mirror.revision) + 1;
    root.mirror = Some(Mirror {
        revision,
        state: state.to_vec(),
    });
}

/// Moves every deadline of `instance` by `span_ms`: it was held for so long.
fn shift_deadlines(instance: &mut Instance, span_ms: i64) {
    use crate::instance::{CallPhase, RunState};
    for run in instance.runs.values_mut() {
        if let RunState::Waiting {
            deadline: Some(deadline),
            ..
        }
        | RunState::Deciding {
            deadline: Some(deadline),
            ..
        } = &mut run.state
        {
            *deadline = deadline.plus(span_ms);
        }
        if let Some(call) = run.call_mut() {
            call.first_at = call.first_at.map(|first| first.plus(span_ms));
            if let CallPhase::Owed { until, .. } = &mut call.phase {
                *until = until.plus(span_ms);
            }
        }
    }
    for fan in instance.fans.values_mut() {
        fan.deadline = fan.deadline.map(|deadline| deadline.plus(span_ms));
    }
}
