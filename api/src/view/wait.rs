//! What an order waits for, and what a person can do about it.

use amends_engine::Millis;
use amends_engine::instance::{CallPhase, Instance, Run, RunState, Stage, Undoing};
use amends_engine::root::{Root, WakeCause, WakeKind};
use serde_json::{Value, json};

use crate::moment;
use crate::words::{self, Teller};

/// One cause with since when, until when, and the commands that apply.
pub(super) fn wait(root: &Root, cause: &WakeCause, teller: &Teller<'_>) -> Value {
    let instance = root.instance(&cause.instance);
    let at = instance.zip(cause.place.as_ref());
    let run = at.and_then(|(instance, place)| instance.run(place));
    let title = cause
        .place
        .as_ref()
        .map(|place| teller.title(&cause.instance, &place.step));
    json!({
        "instance": cause.instance.as_str(),
        "place": cause.place.as_ref().map(ToString::to_string),
        "title": title,
        "for": words::wake(&cause.kind),
        "since": since(root, cause, instance, run).map(moment::text),
        "until": until(&cause.kind, run).map(moment::text),
        "incident": incident(&cause.kind),
        "commands": instance.map_or_else(Vec::new, |instance| commands(&cause.kind, instance, run)),
    })
}

fn incident(kind: &WakeKind) -> Option<u32> {
    match kind {
        WakeKind::Person { incident, .. } => *incident,
        WakeKind::Gate { .. } | WakeKind::Answer { .. } | WakeKind::Fact { .. } | WakeKind::Hold => None,
    }
}

fn since(root: &Root, cause: &WakeCause, instance: Option<&Instance>, run: Option<&Run>) -> Option<Millis> {
    match &cause.kind {
        WakeKind::Gate { .. } => run?.call()?.first_at,
        WakeKind::Answer { since, .. } => Some(*since),
        WakeKind::Fact { .. } | WakeKind::Person { incident: None, .. } => match run?.state {
            RunState::Waiting { since, .. } | RunState::Deciding { since, .. } => Some(since),
            RunState::Calling(_)
            | RunState::Blocked { .. }
            | RunState::Landed { .. }
            | RunState::Skipped(_)
            | RunState::Failed
            | RunState::Cancelled => None,
        },
        WakeKind::Person {
            incident: Some(number),
            ..
        } => Some(root.incidents.get(number)?.opened_at),
        WakeKind::Hold => Some(instance?.hold.as_ref()?.since),
    }
}

fn until(kind: &WakeKind, run: Option<&Run>) -> Option<Millis> {
    match kind {
        WakeKind::Gate { until, .. } => Some(*until),
        WakeKind::Fact { deadline, .. } | WakeKind::Person { deadline, .. } => *deadline,
        WakeKind::Answer { since, .. } => Some(since.plus(run?.call()?.timeout_ms)),
        WakeKind::Hold => None,
    }
}

/// Commands worth trying at this cause. The engine has the last word.
fn commands(kind: &WakeKind, instance: &Instance, run: Option<&Run>) -> Vec<&'static str> {
    match kind {
        WakeKind::Gate { .. } => vec!["retry"],
        WakeKind::Answer { .. } => Vec::new(),
        WakeKind::Fact { .. } => vec!["complete", "skip"],
        WakeKind::Hold if matches!(instance.stage, Stage::Running | Stage::Committing) => {
            vec!["resume", "cancel", "compensate", "close"]
        }
        WakeKind::Hold => vec!["resume", "close"],
        WakeKind::Person { .. } => run.map_or_else(Vec::new, person),
    }
}

fn person(run: &Run) -> Vec<&'static str> {
    if matches!(run.state, RunState::Deciding { .. }) && run.undo.is_none() {
        return vec!["approve", "reject"];
    }
    let blocked = matches!(run.undo, Some(Undoing::Blocked { .. }));
    let stuck = run
        .call()
        .filter(|call| matches!(call.phase, CallPhase::Stuck { .. }));
    if !blocked && stuck.is_some_and(|call| call.doubt.is_some()) {
        vec!["retry", "complete"]
    } else {
        vec!["retry", "complete", "skip"]
    }
}
