//! Effects that may have happened: resend under the same key, look up, or ask a person.

use crate::contract::Mode;
use crate::event::Verdict;
use crate::instance::{Errand, Side};
use crate::limits::ABSENTS_NEEDED;
use crate::outcome::{Fault, FaultClass};
use crate::root::cause;

use super::call::{Case, exhausted, slowly};
use super::draft::Draft;

/// An attempt may have happened.
pub(super) fn unknown(draft: &mut Draft<'_>, case: &Case<'_>, fault: &Fault) -> Verdict {
    let pause = case.pause_ms(Some(fault));
    let contract = &case.call.pinned.contract;
    let resend = match contract.mode {
        Mode::Idempotent => true,
        Mode::Keyed { key_ttl_ms } => {
            let keyed_at = case.call.keyed_at.unwrap_or(draft.context.at);
            let fresh = draft.context.at.plus(pause).since(keyed_at) < key_ttl_ms;
            // A stored 5xx is replayed for ever under its key.
            let stored = fault.replayed || (fault.class == FaultClass::Server && case.call.server_faults > 0);
            fresh && !stored
        }
        Mode::Probed | Mode::Staged | Mode::AtMostOnce => false,
    };
    if resend {
        return go_on(draft, case, Errand::Send, pause, 0, &fault.message);
    }
    if contract.probe {
        return go_on(
            draft,
            case,
            Errand::Probe,
            contract.settle_ms.max(1),
            0,
            &fault.message,
        );
    }
    ask(draft, case, &fault.message)
}

/// The answer "no" to a resend does not say what became of the attempt before.
pub(super) fn rejected(draft: &mut Draft<'_>, case: &Case<'_>, fault: &Fault) -> Verdict {
    if case.call.pinned.contract.probe {
        let settle = case.call.pinned.contract.settle_ms.max(1);
        return go_on(draft, case, Errand::Probe, settle, 0, &fault.message);
    }
    ask(draft, case, &fault.message)
}

/// An errand that was to resolve doubt did not reach the other side.
pub(super) fn unanswered(draft: &mut Draft<'_>, case: &Case<'_>, fault: &Fault) -> Verdict {
    let absents = case.call.doubt.map_or(0, |doubt| doubt.absents);
    let contract = &case.call.pinned.contract;
    let probing = contract.probe && !matches!(contract.mode, Mode::Keyed { .. } | Mode::Idempotent);
    let errand = match case.call.phase {
        crate::instance::CallPhase::InFlight { errand, .. } => errand,
        crate::instance::CallPhase::Owed { .. } | crate::instance::CallPhase::Stuck { .. } if probing => {
            Errand::Probe
        }
        crate::instance::CallPhase::Owed { .. } | crate::instance::CallPhase::Stuck { .. } => Errand::Send,
    };
    go_on(
        draft,
        case,
        errand,
        case.pause_ms(Some(fault)),
        absents,
        &fault.message,
    )
}

/// The other side knows nothing under our reference. It has to say so twice, each time after it had time to settle.
pub(super) fn absent(draft: &mut Draft<'_>, case: &Case<'_>) -> Verdict {
    let absents = case.call.doubt.map_or(0, |doubt| doubt.absents).saturating_add(1);
    if absents < ABSENTS_NEEDED {
        let settle = case.call.pinned.contract.settle_ms.max(1);
        return Verdict::Doubt {
            errand: Errand::Probe,
            until: draft.context.at.plus(settle),
            absents,
        };
    }
    let undoing = draft
        .instance(case.id)
        .is_some_and(|instance| !instance.stage.goes_forward());
    if undoing && case.site.side == Side::Do {
        return Verdict::Failed {
            key: case.key.clone(),
        };
    }
    let pause = case.pause_ms(None);
    if !case.may_try(draft, pause) {
        return exhausted(
            draft,
            case,
            "it did not happen, and the policy allows no more tries",
        );
    }
    let epoch = case.call.epoch + 1;
    Verdict::Anew {
        until: draft.context.at.plus(pause),
        epoch,
        old_key: case.key.clone(),
        key: draft.key(case.id, case.site, epoch),
    }
}

fn go_on(
    draft: &mut Draft<'_>,
    case: &Case<'_>,
    errand: Errand,
    pause_ms: i64,
    absents: u8,
    message: &str,
) -> Verdict {
    if !case.may_try(draft, pause_ms) {
        return ask(draft, case, message);
    }
    Verdict::Doubt {
        errand,
        until: draft.context.at.plus(pause_ms),
        absents,
    }
}

/// Nothing automatic can tell: a person looks. Where the step says so, it goes on being tried as well.
fn ask(draft: &mut Draft<'_>, case: &Case<'_>, message: &str) -> Verdict {
    let contract = &case.call.pinned.contract;
    let text = format!(
        "{}.{} may have happened ({message}); look for {} there, then complete it with its document or retry",
        contract.role, contract.operation, case.key
    );
    let incident = draft.incident(Some(case.id), Some(&case.site.place), cause::IN_DOUBT, text);
    let goes_on = case.step.on.in_doubt != crate::definition::Reaction::Hold || case.site.side != Side::Do;
    let resolvable = contract.probe || matches!(contract.mode, Mode::Idempotent);
    if goes_on && resolvable && case.call.doubt.is_some() {
        return slowly(draft, case);
    }
    Verdict::Stuck {
        incident,
        in_doubt: true,
    }
}
