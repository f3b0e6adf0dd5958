//! Effects that may have happened: resend under the same key, look up, or ask a person.

use crate::InstanceId;
use crate::contract::{Contract, Mode};
use crate::definition::StepKind;
use crate::event::{InstanceEvent, Verdict};
use crate::instance::{CallPhase, CallState, Errand, Side, Site, Stage};
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
        CallPhase::InFlight { errand, .. } => errand,
        CallPhase::Owed { .. } | CallPhase::Stuck { .. } if probing => Errand::Probe,
        CallPhase::Owed { .. } | CallPhase::Stuck { .. } => Errand::Send,
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
    let pause = case.pause_anew_ms();
    if !case.may_try(draft, pause) {
        return exhausted(
            draft,
            case,
            "it did not happen, and the policy allows no more tries",
        );
    }
    let until = draft.context.at.plus(pause);
    // A draft may stand there under this key. Only the same key finds it again; another would make a second one.
    if case.call.pinned.contract.mode == Mode::Staged {
        return Verdict::Retry { until };
    }
    let epoch = case.call.epoch + 1;
    Verdict::Anew {
        until,
        epoch,
        old_key: case.key.clone(),
        key: draft.key(case.id, case.site, epoch),
    }
}

/// After a restore every owed call may have left unseen: it is looked up, sent again under its own key where the
/// other side honours keys, or left to a person.
pub(super) fn restored(draft: &mut Draft<'_>) {
    for id in draft.instance_ids() {
        let Some(instance) = draft.instance(&id) else {
            continue;
        };
        let owed: Vec<(Site, Contract)> = instance
            .runs
            .iter()
            .filter_map(|(place, run)| {
                let call = run.call().filter(|call| call.doubt.is_none())?;
                matches!(call.phase, CallPhase::Owed { .. })
                    .then(|| (run.site(place), call.pinned.contract.clone()))
            })
            .collect();
        for (site, contract) in owed {
            doubt_after_restore(draft, &id, site, &contract);
        }
    }
}

fn doubt_after_restore(draft: &mut Draft<'_>, id: &InstanceId, site: Site, contract: &Contract) {
    let errand = match contract.mode {
        Mode::Keyed { .. } | Mode::Idempotent => Some(Errand::Send),
        Mode::Probed | Mode::Staged | Mode::AtMostOnce => contract.probe.then_some(Errand::Probe),
    };
    let incident = errand.is_none().then(|| {
        let message = format!(
            "{}.{} may have left after the backup was made; look for it there, then complete it or retry",
            contract.role, contract.operation
        );
        draft.incident(Some(id), Some(&site.place), cause::IN_DOUBT, message)
    });
    let pivot = draft
        .step(id, &site.place.step)
        .is_some_and(|step| step.kind == StepKind::Pivot);
    let running = draft
        .instance(id)
        .is_some_and(|instance| instance.stage == Stage::Running);
    let commits = pivot && site.side == Side::Do && running;
    draft.of(
        id,
        InstanceEvent::Doubted {
            site,
            errand,
            incident,
            commits,
        },
    );
}

/// The other side no longer knows the key of a request that may have landed: only a look-up or a person can tell.
pub(super) fn forgotten(draft: &mut Draft<'_>, id: &InstanceId, site: &Site, call: &CallState) {
    let contract = &call.pinned.contract;
    let errand = contract.probe.then_some(Errand::Probe);
    let incident = errand.is_none().then(|| {
        let message = format!(
            "{}.{} may have happened, and the other side no longer remembers its key; look for {} there, then complete it with its document or retry",
            contract.role,
            contract.operation,
            draft.key(id, site, call.epoch)
        );
        draft.incident(Some(id), Some(&site.place), cause::IN_DOUBT, message)
    });
    draft.of(
        id,
        InstanceEvent::Doubted {
            site: site.clone(),
            errand,
            incident,
            commits: false,
        },
    );
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
