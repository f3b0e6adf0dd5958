//! Errands: letting one leave, and judging what it brought back.

use crate::InstanceId;
use crate::definition::{Reaction, Step, StepKind};
use crate::event::{InstanceEvent, Report, Verdict};
use crate::evolve::report_digest;
use crate::instance::{CallPhase, CallState, Errand, Past, RunState, Side, Site, Stage};
use crate::outcome::{Fault, FaultClass, Landing, Outcome, Probe};
use crate::root::cause;

use super::draft::Draft;
use super::{doubt, finish, ledger, retry, undo};

/// An errand under judgement.
pub(super) struct Case<'c> {
    pub(super) id: &'c InstanceId,
    pub(super) site: &'c Site,
    pub(super) step: &'c Step,
    pub(super) call: &'c CallState,
    pub(super) key: String,
}

impl Case<'_> {
    /// The pause before the next try, in milliseconds, with regard to what the other side asked for.
    ///
    /// Only errands of this epoch count: a new one begins when the other side has answered two look-ups, so it is
    /// not to be spared for what failed before.
    pub(super) fn pause_ms(&self, fault: Option<&Fault>) -> i64 {
        let policy = retry::policy(self.step, self.site);
        let asked = fault.and_then(|fault| fault.retry_after_ms).unwrap_or(0);
        let tries = self.call.tries.min(self.call.attempt);
        retry::pause_ms(&policy, tries, &self.key).max(asked)
    }

    /// The pause before what was proven not to have happened is sent again, in milliseconds: the more often, the
    /// longer.
    pub(super) fn pause_anew_ms(&self) -> i64 {
        let sent = self.call.epoch + self.call.sends.max(1);
        retry::pause_ms(&retry::policy(self.step, self.site), sent, &self.key)
    }

    /// Whether the policy allows a try after `pause_ms`.
    pub(super) fn may_try(&self, draft: &Draft<'_>, pause_ms: i64) -> bool {
        retry::allows(
            &retry::policy(self.step, self.site),
            self.call,
            draft.context.at.plus(pause_ms),
        )
    }
}

/// A gate lets the call at `site` through. Nothing happens if it is not owed any more.
pub(super) fn grant(draft: &mut Draft<'_>, id: &InstanceId, site: &Site) {
    let at = draft.context.at;
    let Some(instance) = draft.instance(id) else {
        return;
    };
    let owed = instance.owed_calls(at).into_iter().find(|(owed, _)| owed == site);
    let Some(call) = owed.map(|(_, call)| call) else {
        return;
    };
    let CallPhase::Owed { errand, .. } = call.phase else {
        return;
    };
    // It stood in line, or was held, for longer than the other side remembers.
    if errand == Errand::Send && call.has_outlived_its_key(at) {
        let call = call.clone();
        return doubt::forgotten(draft, id, site, &call);
    }
    let (epoch, attempt, stage) = (call.epoch, call.attempt + 1, instance.stage);
    let pivot = draft
        .step(id, &site.place.step)
        .is_some_and(|step| step.kind == StepKind::Pivot);
    let commits = pivot && site.side == Side::Do && errand == Errand::Send && stage == Stage::Running;
    let event = InstanceEvent::AttemptStarted {
        site: site.clone(),
        epoch,
        attempt,
        errand,
        commits,
    };
    draft.of(id, event);
}

/// An errand came back, now or late.
pub(super) fn end(draft: &mut Draft<'_>, id: &InstanceId, site: &Site, name: (u32, u32), report: &Report) {
    let Some(run) = draft.instance(id).and_then(|instance| instance.run(&site.place)) else {
        return;
    };
    let digest = report_digest(report);
    let heard = run.reports.iter().any(|heard| {
        (heard.side, heard.epoch, heard.attempt, heard.report) == (site.side, name.0, name.1, digest)
    });
    let call = run.call().filter(|_| run.site(&site.place) == *site).cloned();
    match call {
        Some(call)
            if (call.epoch, call.attempt) == name && matches!(call.phase, CallPhase::InFlight { .. }) =>
        {
            judge(draft, id, site, &call, report);
        }
        Some(_) | None if heard => {}
        Some(_) | None => late(draft, id, site, name, report),
    }
}

/// The process that started the errands under way is gone: they are in doubt.
pub(super) fn interrupt(draft: &mut Draft<'_>) {
    for id in draft.instance_ids() {
        let Some(instance) = draft.instance(&id) else {
            continue;
        };
        let flying: Vec<(Site, CallState, Errand)> = instance
            .runs
            .iter()
            .filter_map(|(place, run)| match run.call()?.phase {
                CallPhase::InFlight { errand, .. } => Some((run.site(place), run.call()?.clone(), errand)),
                CallPhase::Owed { .. } | CallPhase::Stuck { .. } => None,
            })
            .collect();
        for (site, call, errand) in flying {
            let fault = Fault::new(
                FaultClass::Interrupted,
                "the process stopped while this was under way",
            );
            let report = match errand {
                Errand::Send => Report::Outcome(Outcome::Unknown(fault)),
                Errand::Probe => Report::Probe(Probe::Failed(fault)),
            };
            judge(draft, &id, &site, &call, &report);
        }
    }
    super::fact::pass_time(draft);
}

fn judge(draft: &mut Draft<'_>, id: &InstanceId, site: &Site, call: &CallState, report: &Report) {
    let Some(step) = draft.step(id, &site.place.step) else {
        return;
    };
    let key = draft.key(id, site, call.epoch);
    let case = Case {
        id,
        site,
        step: &step,
        call,
        key,
    };
    let verdict = match report {
        Report::Outcome(Outcome::Succeeded(landing) | Outcome::Accepted(landing))
        | Report::Probe(Probe::Found(landing)) => landed(draft, &case, landing),
        Report::Outcome(Outcome::Rejected(fault)) => rejected(draft, &case, fault),
        Report::Outcome(Outcome::Failed(fault)) => failed(draft, &case, fault),
        Report::Outcome(Outcome::Unknown(fault)) => doubt::unknown(draft, &case, fault),
        Report::Probe(Probe::Absent) => doubt::absent(draft, &case),
        Report::Probe(Probe::Failed(fault)) => doubt::unanswered(draft, &case, fault),
    };
    let event = InstanceEvent::AttemptEnded {
        site: site.clone(),
        epoch: call.epoch,
        attempt: call.attempt,
        report: report.clone(),
        verdict: verdict.clone(),
    };
    draft.of(id, event);
    follow(draft, &case, &verdict, fault_of(report));
}

fn fault_of(report: &Report) -> Option<&Fault> {
    match report {
        Report::Outcome(Outcome::Rejected(fault) | Outcome::Failed(fault) | Outcome::Unknown(fault))
        | Report::Probe(Probe::Failed(fault)) => Some(fault),
        Report::Outcome(Outcome::Succeeded(_) | Outcome::Accepted(_))
        | Report::Probe(Probe::Found(_) | Probe::Absent) => None,
    }
}

fn landed(draft: &mut Draft<'_>, case: &Case<'_>, landing: &Landing) -> Verdict {
    let contract = &case.call.pinned.contract;
    let args = draft.value(&case.call.pinned.args).unwrap_or_default();
    let postings = ledger::landed(contract, &args, &landing.result);
    let verifies = ledger::verifies(contract);
    let asked = if verifies {
        ledger::landed(contract, &args, &crate::Value::Null)
    } else {
        ledger::opened(contract, &args)
    };
    if let Some(difference) = ledger::difference(&asked, &postings) {
        let message = format!("{}.{}: {difference}", contract.role, contract.operation);
        draft.incident(
            Some(case.id),
            Some(&case.site.place),
            cause::AMOUNT_DIFFERS,
            message,
        );
    }
    if !landing.duplicates.is_empty() {
        duplicate(draft, case, &landing.duplicates.join(", "));
    }
    let commits = case.site.side == Side::Do && case.step.kind == StepKind::Pivot && !is_undoing(draft, case);
    Verdict::Landed {
        landing: landing.clone(),
        postings,
        key: case.key.clone(),
        verifies,
        commits,
    }
}

fn duplicate(draft: &mut Draft<'_>, case: &Case<'_>, others: &str) {
    let contract = &case.call.pinned.contract;
    let message = format!(
        "{}.{} made more than one document under one key; also: {others}. Keep one and cancel the rest there",
        contract.role, contract.operation
    );
    draft.incident(
        Some(case.id),
        Some(&case.site.place),
        cause::DUPLICATE_EFFECT,
        message,
    );
}

fn is_undoing(draft: &Draft<'_>, case: &Case<'_>) -> bool {
    draft
        .instance(case.id)
        .is_some_and(|instance| !instance.stage.goes_forward())
}

fn rejected(draft: &mut Draft<'_>, case: &Case<'_>, fault: &Fault) -> Verdict {
    // A verification changes nothing, so its last answer is all there is to know.
    if case.call.doubt.is_some() && !ledger::verifies(&case.call.pinned.contract) {
        return doubt::rejected(draft, case, fault);
    }
    if case.site.side != Side::Do {
        return undo::rejected(draft, case, fault);
    }
    if is_undoing(draft, case) {
        return Verdict::Failed {
            key: case.key.clone(),
        };
    }
    react(
        draft,
        case,
        case.step.on.rejected,
        cause::REJECTED,
        &fault.message,
    )
}

fn failed(draft: &mut Draft<'_>, case: &Case<'_>, fault: &Fault) -> Verdict {
    if case.call.doubt.is_some() {
        return doubt::unanswered(draft, case, fault);
    }
    if case.site.side == Side::Do && is_undoing(draft, case) {
        return Verdict::Failed {
            key: case.key.clone(),
        };
    }
    let pause = case.pause_ms(Some(fault));
    if case.may_try(draft, pause) {
        return Verdict::Retry {
            until: draft.context.at.plus(pause),
        };
    }
    exhausted(draft, case, &fault.message)
}

/// The policy allows no more tries, and nothing happened.
pub(super) fn exhausted(draft: &mut Draft<'_>, case: &Case<'_>, message: &str) -> Verdict {
    if case.site.side == Side::Do {
        return react(draft, case, case.step.on.exhausted, cause::EXHAUSTED, message);
    }
    draft.incident(
        Some(case.id),
        Some(&case.site.place),
        cause::UNDO_FAILED,
        format!("undoing fails: {message}"),
    );
    slowly(draft, case)
}

/// Tries again at the longest pause of the policy.
pub(super) fn slowly(draft: &Draft<'_>, case: &Case<'_>) -> Verdict {
    let until = draft.context.at.plus(
        retry::policy(case.step, case.site)
            .max_ms
            .max(case.pause_ms(None)),
    );
    match case.call.doubt {
        None => Verdict::Retry { until },
        Some(doubt) => {
            let errand = if case.call.pinned.contract.probe {
                Errand::Probe
            } else {
                Errand::Send
            };
            Verdict::Doubt {
                errand,
                until,
                absents: doubt.absents,
            }
        }
    }
}

/// What `reaction` means for a forward call that ended without effect.
fn react(draft: &mut Draft<'_>, case: &Case<'_>, reaction: Reaction, why: &str, message: &str) -> Verdict {
    let (stage, debt) = draft
        .instance(case.id)
        .map_or((Stage::Closed, false), |instance| {
            (instance.stage, instance.only.is_some())
        });
    let gone = Verdict::Failed {
        key: case.key.clone(),
    };
    match reaction {
        Reaction::Skip if !debt => gone,
        Reaction::Compensate if stage != Stage::Committed && !debt => gone,
        Reaction::Retry => slowly(draft, case),
        Reaction::Escalate | Reaction::Skip => {
            draft.incident(Some(case.id), Some(&case.site.place), why, message.to_owned());
            slowly(draft, case)
        }
        Reaction::Hold | Reaction::Compensate => {
            let incident = draft.incident(Some(case.id), Some(&case.site.place), why, message.to_owned());
            Verdict::Stuck {
                incident,
                in_doubt: false,
            }
        }
    }
}

/// What happens around a verdict: settled incidents close, a failed run is skipped or undoes the instance.
fn follow(draft: &mut Draft<'_>, case: &Case<'_>, verdict: &Verdict, fault: Option<&Fault>) {
    match verdict {
        Verdict::Landed { .. } => {
            let (id, place) = (case.id, &case.site.place);
            draft.close_incidents(|incident| {
                let settled = [
                    cause::REJECTED,
                    cause::EXHAUSTED,
                    cause::IN_DOUBT,
                    cause::UNDO_FAILED,
                ];
                incident.instance.as_ref() == Some(id)
                    && incident.place.as_ref() == Some(place)
                    && settled.contains(&incident.cause.as_str())
            });
        }
        Verdict::Failed { .. } if case.site.side == Side::Do => {
            after_failure(draft, case, fault);
        }
        Verdict::Refused { .. } => undo::refused(draft, case),
        Verdict::Failed { .. }
        | Verdict::Retry { .. }
        | Verdict::Doubt { .. }
        | Verdict::Anew { .. }
        | Verdict::Stuck { .. } => {}
    }
    undo::reopen(draft, case.id);
}

fn after_failure(draft: &mut Draft<'_>, case: &Case<'_>, fault: Option<&Fault>) {
    if is_undoing(draft, case) {
        return;
    }
    let message = fault.map_or_else(|| "it did not happen".to_owned(), |fault| fault.message.clone());
    let rejected = fault.is_some_and(|fault| fault.class == FaultClass::Business);
    let reaction = if rejected {
        case.step.on.rejected
    } else {
        case.step.on.exhausted
    };
    if reaction == Reaction::Skip {
        finish::skip_as_debt(draft, case.id, &case.site.place, &message);
    } else {
        let reason = format!("{}: {message}", case.step.title);
        undo::request(draft, case.id, &format!("step {}", case.site.place), &reason);
    }
}

/// A report about an errand that is over. It is never dropped: a late success makes the run landed.
fn late(draft: &mut Draft<'_>, id: &InstanceId, site: &Site, name: (u32, u32), report: &Report) {
    draft.of(
        id,
        InstanceEvent::LateReport {
            site: site.clone(),
            epoch: name.0,
            attempt: name.1,
            report: report.clone(),
        },
    );
    let (Report::Outcome(Outcome::Succeeded(landing) | Outcome::Accepted(landing))
    | Report::Probe(Probe::Found(landing))) = report
    else {
        return;
    };
    let Some(run) = draft.instance(id).and_then(|instance| instance.run(&site.place)) else {
        return;
    };
    if let (RunState::Landed { landing: known, .. }, Side::Do) = (&run.state, site.side) {
        if known.reference.is_some() && landing.reference.is_some() && known.reference != landing.reference {
            let message = format!(
                "an earlier attempt also landed, as {}: keep one and cancel the other there",
                landing.reference.as_deref().unwrap_or("an unnamed document")
            );
            draft.incident(Some(id), Some(&site.place), cause::DUPLICATE_EFFECT, message);
        }
        return;
    }
    let past = run.past.iter().find(|past| match site.side {
        Side::Do => name.0 <= past.epoch,
        Side::Undo(_) => name.0 <= past.undo_epoch,
    });
    if let Some(past) = past.cloned() {
        return of_the_past(draft, id, site, &past, landing);
    }
    match site.side {
        Side::Do => land_late(draft, id, site, name.0, landing),
        Side::Undo(_) => undo_late(draft, id, site, landing),
    }
}

/// A late success of what was taken back since: nothing new, unless it is another document than the one taken back.
fn of_the_past(draft: &mut Draft<'_>, id: &InstanceId, site: &Site, past: &Past, landing: &Landing) {
    let same = landing.reference.is_none() || landing.reference == past.reference;
    if site.side != Side::Do || same {
        return;
    }
    let message = format!(
        "an earlier attempt of {} also landed, as {}, and was not undone: cancel it there",
        site.place,
        landing.reference.as_deref().unwrap_or("an unnamed document")
    );
    draft.incident(Some(id), Some(&site.place), cause::DUPLICATE_EFFECT, message);
}

/// An undo that had been given up took place after all.
fn undo_late(draft: &mut Draft<'_>, id: &InstanceId, site: &Site, landing: &Landing) {
    let Some(run) = draft.instance(id).and_then(|instance| instance.run(&site.place)) else {
        return;
    };
    let stuck = run
        .call()
        .filter(|call| run.site(&site.place) == *site && matches!(call.phase, CallPhase::Stuck { .. }));
    if let Some(call) = stuck.cloned() {
        undo::land(draft, id, site, Some(&call), landing.clone());
        draft.close_incidents_at(id, &site.place);
    } else if run.undo.is_none() && !run.vacant {
        let message = format!(
            "the undo of {} took place after it had been given up; the step no longer stands there",
            site.place
        );
        draft.incident(Some(id), Some(&site.place), cause::LATE_SUCCESS, message);
    }
}

fn land_late(draft: &mut Draft<'_>, id: &InstanceId, site: &Site, epoch: u32, landing: &Landing) {
    let Some(instance) = draft.instance(id) else {
        return;
    };
    let open = instance.run(&site.place).and_then(|run| run.forward()).cloned();
    let postings = open.as_ref().map_or_else(Vec::new, |call| {
        let args = draft.value(&call.pinned.args).unwrap_or_default();
        ledger::landed(&call.pinned.contract, &args, &landing.result)
    });
    let verifies = open
        .as_ref()
        .is_some_and(|call| ledger::verifies(&call.pinned.contract));
    let forward = instance.stage.goes_forward();
    let pivot = draft
        .step(id, &site.place.step)
        .is_some_and(|step| step.kind == StepKind::Pivot);
    if open.is_none() || (pivot && !forward) {
        let message = format!("{} landed after it had been given up; check it there", site.place);
        draft.incident(Some(id), Some(&site.place), cause::LATE_SUCCESS, message);
    }
    let commits = pivot && forward;
    let key = draft.key(id, site, open.map_or(epoch, |call| call.epoch));
    draft.of(
        id,
        InstanceEvent::Landed {
            site: site.clone(),
            landing: landing.clone(),
            postings,
            key,
            verifies,
            commits,
        },
    );
}
