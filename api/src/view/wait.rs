//! What an order waits for, and what a person can do about it.

use amends_engine::instance::{CallPhase, Instance, Run, RunState, Stage, Undoing};
use amends_engine::root::{Root, WakeCause, WakeKind};
use amends_runtime::{since, until};
use serde::Serialize;
use utoipa::ToSchema;

use crate::moment;
use crate::words::{self, Teller};

/// Something an order waits for.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct OrderWait {
    instance: String,
    /// The step, or `step/item`; nothing for the instance as a whole.
    place: Option<String>,
    /// The step's title.
    title: Option<String>,
    /// What for, in words.
    r#for: String,
    /// Since when: RFC 3339, UTC.
    since: Option<String>,
    /// When it goes on by itself at the latest.
    until: Option<String>,
    /// The number of the incident that says why, where a person is needed.
    incident: Option<u32>,
    /// Commands worth trying.
    #[schema(value_type = Vec<String>)]
    commands: Vec<&'static str>,
}

/// One cause with since when, until when, and the commands that apply.
pub(super) fn wait(root: &Root, cause: &WakeCause, teller: &Teller<'_>) -> OrderWait {
    let instance = root.instance(&cause.instance);
    let at = instance.zip(cause.place.as_ref());
    let run = at.and_then(|(instance, place)| instance.run(place));
    let title = cause
        .place
        .as_ref()
        .map(|place| teller.title(&cause.instance, &place.step));
    OrderWait {
        instance: cause.instance.to_string(),
        place: cause.place.as_ref().map(ToString::to_string),
        title,
        r#for: words::wake(&cause.kind),
        since: since(root, cause).map(moment::text),
        until: until(root, cause).map(moment::text),
        incident: incident(&cause.kind),
        commands: instance.map_or_else(Vec::new, |instance| commands(&cause.kind, instance, run)),
    }
}

fn incident(kind: &WakeKind) -> Option<u32> {
    match kind {
        WakeKind::Person { incident, .. } => *incident,
        WakeKind::Gate { .. } | WakeKind::Answer { .. } | WakeKind::Fact { .. } | WakeKind::Hold => None,
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
