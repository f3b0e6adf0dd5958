//! Since when something waits, and until when.

use amends_engine::Millis;
use amends_engine::instance::{Run, RunState};
use amends_engine::root::{Root, WakeCause, WakeKind};

/// Since when `cause` holds; `None` where nothing has begun.
pub fn since(root: &Root, cause: &WakeCause) -> Option<Millis> {
    match &cause.kind {
        WakeKind::Gate { .. } => run(root, cause)?.call()?.first_at,
        WakeKind::Answer { since, .. } => Some(*since),
        WakeKind::Fact { .. } | WakeKind::Person { incident: None, .. } => match run(root, cause)?.state {
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
        WakeKind::Hold => Some(root.instance(&cause.instance)?.hold.as_ref()?.since),
    }
}

/// When it goes on by itself at the latest; `None` when only others can move it.
pub fn until(root: &Root, cause: &WakeCause) -> Option<Millis> {
    match &cause.kind {
        WakeKind::Gate { until, .. } => Some(*until),
        WakeKind::Fact { deadline, .. } | WakeKind::Person { deadline, .. } => *deadline,
        WakeKind::Answer { since, .. } => Some(since.plus(run(root, cause)?.call()?.timeout_ms)),
        WakeKind::Hold => None,
    }
}

fn run<'r>(root: &'r Root, cause: &WakeCause) -> Option<&'r Run> {
    root.instance(&cause.instance)?.run(cause.place.as_ref()?)
}
