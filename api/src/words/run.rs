//! How far one run of a step is.

use amends_engine::instance::{CallPhase, CallState, Run, RunState, SkipReason, Undoing};

use crate::moment;

/// How far one run of a step is, and its undo.
pub fn run(run: &Run) -> String {
    let forward = match &run.state {
        RunState::Calling(call) => call_words(call),
        RunState::Waiting { fact, deadline, .. } => match deadline {
            Some(deadline) => format!("waits for {fact} until {}", moment::words(*deadline)),
            None => format!("waits for {fact}"),
        },
        RunState::Deciding { .. } => "waits for a decision: approve or reject".to_owned(),
        RunState::Blocked { .. } => "cannot begin: a person decides".to_owned(),
        RunState::Landed { at, .. } => format!("done at {}", moment::words(*at)),
        RunState::Skipped(reason) => skip(*reason).to_owned(),
        RunState::Failed => "ended without effect".to_owned(),
        RunState::Cancelled => "called off".to_owned(),
    };
    match &run.undo {
        None => forward,
        Some(Undoing::Calling { call, .. }) => format!("{forward}; being undone: {}", call_words(call)),
        Some(Undoing::Between { .. }) => format!("{forward}; being undone"),
        Some(Undoing::Blocked { .. }) => format!("{forward}; cannot be undone: a person decides"),
        Some(Undoing::Done) => format!("{forward}; undone"),
    }
}

/// Why it was passed over.
pub(super) fn skip(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::Guard => "not needed",
        SkipReason::Debt => "skipped, still owed",
        SkipReason::Person => "skipped by a person",
    }
}

fn call_words(call: &CallState) -> String {
    let doubt = if call.doubt.is_some() {
        " (in doubt: it may have happened)"
    } else {
        ""
    };
    match call.phase {
        CallPhase::Owed { until, .. } => format!("to go out at {}{doubt}", moment::words(until)),
        CallPhase::InFlight { since, .. } => format!("under way since {}{doubt}", moment::words(since)),
        CallPhase::Stuck { .. } => format!("stuck: a person decides{doubt}"),
    }
}
