//! What a command did, in the words of the table.

use amends_engine::command::{Refusal, Verb};
use amends_engine::event::{Event, InstanceEvent};
use amends_engine::instance::{CallPhase, Errand, Instance, Run, RunState, SkipReason, Undoing};

/// Why nothing was changed, with the stable code.
pub(crate) fn refusal(refusal: &Refusal) -> String {
    let why = match refusal {
        Refusal::NotNow { why, .. } if why.ends_with("retry, complete or skip that") => {
            "a step waits for it: retry, complete or skip that".to_owned()
        }
        Refusal::NotNow { why, .. } if why.ends_with("rewind to a later step") => {
            "something to be repeated was done by hand or is never undone: rewind to a later step".to_owned()
        }
        Refusal::NotNow { why, .. } => why.clone(),
        Refusal::NothingThere(_) => "nothing waits there for this command".to_owned(),
        Refusal::Ended(_) => "it has ended".to_owned(),
        other @ (Refusal::Stale { .. }
        | Refusal::NoInstance(_)
        | Refusal::NoReason
        | Refusal::NoArgument { .. }
        | Refusal::NoSuchNumber(_)
        | Refusal::MirrorMoved { .. }
        | Refusal::LimitReached { .. }) => other.to_string(),
    };
    format!("refused, `{}`: {why}", refusal.code())
}

/// The direct consequences; what the workflow then does by itself is left out.
pub(crate) fn accepted(verb: &Verb, events: &[Event], after: &Instance) -> String {
    let mut phrases: Vec<&str> = Vec::new();
    for event in events {
        let phrase = match (verb, event) {
            (_, Event::Of { event, .. }) => consequence(verb, event),
            (Verb::Signal { .. }, Event::FactRecorded { .. }) => {
                Some("recorded as if the outside had told it")
            }
            (Verb::Waive { .. }, Event::ObligationClosed { .. } | Event::IncidentClosed { .. }) => {
                Some("waived")
            }
            (Verb::Note { .. }, Event::Noted { .. }) => Some("kept with the order"),
            _ => None,
        };
        if let Some(phrase) = phrase.filter(|phrase| !phrases.contains(phrase)) {
            phrases.push(phrase);
        }
    }
    if phrases.contains(&REWOUND) {
        phrases.retain(|phrase| *phrase != REWINDING);
    }
    // Without anything to ask, the undo begins at once.
    if phrases.contains(&UNDONE) {
        phrases.retain(|phrase| *phrase != ASKED);
    }
    assert!(
        !phrases.is_empty(),
        "nothing is said about {verb:?} in {}",
        after.stage.name()
    );
    phrases.join("; ")
}

const REWINDING: &str = "it and what followed is undone in reverse, now **rewinding**; then it begins anew";
const REWOUND: &str = "it begins anew, now **running**";
const ASKED: &str = "the other side is asked whether it can undo, now **cancelling**";
const UNDONE: &str = "what has not left is called off, the rest is undone in reverse, now **compensating**";

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the rest is what the workflow does by itself"
)]
fn consequence(verb: &Verb, event: &InstanceEvent) -> Option<&'static str> {
    let text = match event {
        InstanceEvent::Rearmed {
            errand: Errand::Probe,
            ..
        } => "looked up again",
        InstanceEvent::Rearmed { old_key, key, .. } if old_key == key => "sent again under its old key",
        InstanceEvent::Rearmed { .. } => "sent again under a new key",
        InstanceEvent::Unblocked { .. } => "begins anew",
        InstanceEvent::Edited { .. } => "due with these arguments under a key of its own",
        InstanceEvent::RewindStarted { .. } => REWINDING,
        InstanceEvent::Rewound { .. } => REWOUND,
        InstanceEvent::Landed { commits: true, .. } => "counts as done, now **committed**",
        InstanceEvent::Landed { .. } => "counts as done",
        InstanceEvent::Skipped {
            commits: true,
            reason: SkipReason::Person,
            ..
        } => "passed over, now **committed**",
        InstanceEvent::Skipped {
            reason: SkipReason::Person,
            ..
        } => "passed over",
        InstanceEvent::Undone { by: Some(_), .. } if !matches!(verb, Verb::Close) => "counts as undone",
        InstanceEvent::Held { .. } => "stops; deadlines stand still",
        InstanceEvent::Resumed => "goes on; deadlines move by the time it was held",
        InstanceEvent::Parked { .. } => "kept until the outcome at the point of no return is known",
        InstanceEvent::Reopened => "the point of no return is taken as not passed",
        InstanceEvent::CancelStarted { .. } => ASKED,
        InstanceEvent::CompensationStarted { .. }
            if !matches!(verb, Verb::Complete { .. } | Verb::Skip { .. }) =>
        {
            UNDONE
        }
        InstanceEvent::Approved { .. } => "approved",
        InstanceEvent::Declined { .. } => "declined",
        InstanceEvent::Blocked { .. } if matches!(verb, Verb::Reject { .. }) => "waits for a person",
        InstanceEvent::Closed { .. } => {
            "ends as it is, what is open is called off, what is left over becomes an obligation; now **closed**"
        }
        _ => return None,
    };
    Some(text)
}

/// What a run waits for, as a person would say it.
pub(crate) fn aim(run: &Run) -> &'static str {
    match (&run.undo, &run.state) {
        (Some(Undoing::Done), _) => "an undone step",
        (Some(Undoing::Blocked { .. }), _) => "an undo that could not begin",
        (Some(Undoing::Calling { call, .. }), _) => match (call.phase, call.doubt) {
            (CallPhase::InFlight { .. }, _) => "an undo that is under way",
            (CallPhase::Stuck { .. }, None) => "an undo that was refused or failed",
            (CallPhase::Stuck { .. }, Some(_)) => "an undo in doubt that only a person can resolve",
            (CallPhase::Owed { .. }, None) => "an undo that is due",
            (CallPhase::Owed { .. }, Some(_)) => "an undo in doubt that is being resolved",
        },
        (Some(Undoing::Between { .. }), _) => "an undo between two calls",
        (None, RunState::Calling(call)) => match (call.phase, call.doubt) {
            (CallPhase::InFlight { .. }, _) => "a call that is under way",
            (CallPhase::Stuck { .. }, None) => "a call that was refused or failed",
            (CallPhase::Stuck { .. }, Some(_)) => "a call in doubt that only a person can resolve",
            (CallPhase::Owed { .. }, None) => "a call that is due",
            (CallPhase::Owed { .. }, Some(_)) => "a call in doubt that is being resolved",
        },
        (None, RunState::Waiting { .. }) => "a wait",
        (None, RunState::Deciding { .. }) => "a decision",
        (None, RunState::Blocked { .. }) => "a step that could not begin",
        (None, RunState::Landed { .. }) => "a step that is done",
        (None, RunState::Skipped(_)) => "a step that was passed over",
        (None, RunState::Failed | RunState::Cancelled) => "a step that was called off",
    }
}
