//! Folding what happens to one call.

use crate::event::{Report, Verdict};
use crate::instance::{CallPhase, CallState, Doubt, Errand, Instance, RunState, Side, Site, Undoing};
use crate::ledger::Ledger;
use crate::outcome::{FaultClass, Outcome, Probe};
use crate::{Digest, Millis};

use super::instance::{call_at, land};

pub(super) fn started(call: &mut CallState, epoch: u32, attempt: u32, errand: Errand, at: Millis) {
    call.epoch = epoch;
    call.attempt = attempt;
    call.tries += 1;
    call.first_at = call.first_at.or(Some(at));
    if errand == Errand::Send {
        call.sends += 1;
        call.keyed_at = call.keyed_at.or(Some(at));
    }
    call.phase = CallPhase::InFlight { errand, since: at };
}

pub(super) fn reported(call: &mut CallState, report: &Report) {
    call.server_faults = match report {
        Report::Outcome(Outcome::Unknown(fault)) if fault.class == FaultClass::Server => {
            call.server_faults + 1
        }
        Report::Outcome(_) => 0,
        Report::Probe(Probe::Found(_) | Probe::Absent | Probe::Failed(_)) => call.server_faults,
    };
}

/// What two reports are compared by; recorded exchanges differ between repetitions of one answer.
pub(crate) fn report_digest(report: &Report) -> Digest {
    let mut bare = report.clone();
    match &mut bare {
        Report::Outcome(Outcome::Succeeded(landing) | Outcome::Accepted(landing))
        | Report::Probe(Probe::Found(landing)) => {
            landing.exchange = None;
        }
        Report::Outcome(Outcome::Rejected(fault) | Outcome::Failed(fault) | Outcome::Unknown(fault))
        | Report::Probe(Probe::Failed(fault)) => fault.exchange = None,
        Report::Probe(Probe::Absent) => {}
    }
    Digest::of(format!("{bare:?}").as_bytes())
}

pub(super) fn judged(instance: &mut Instance, site: &Site, verdict: &Verdict, at: Millis) {
    match verdict {
        Verdict::Landed { landing, commits, .. } => {
            land(instance, site, landing, at);
            if *commits {
                instance.stage = crate::instance::Stage::Committed;
            }
        }
        Verdict::Failed { .. } => {
            if let Some(run) = instance.runs.get_mut(&site.place) {
                match site.side {
                    Side::Do => run.state = RunState::Failed,
                    Side::Undo(index) => run.undo = Some(Undoing::Between { done: index }),
                }
            }
        }
        Verdict::Refused { .. } => {
            if let Some(run) = instance.runs.get_mut(&site.place) {
                // An earlier retry may have raised the epoch of this undo: the next one is new to both.
                run.undo_epoch = run.call().map_or(run.undo_epoch, |call| call.epoch) + 1;
                run.undo = None;
            }
        }
        Verdict::Retry { .. } | Verdict::Doubt { .. } | Verdict::Anew { .. } | Verdict::Stuck { .. } => {
            if let Some(call) = call_at(instance, site) {
                go_on(call, verdict, at);
            }
        }
    }
}

fn go_on(call: &mut CallState, verdict: &Verdict, at: Millis) {
    match verdict {
        Verdict::Retry { until } => {
            call.doubt = None;
            call.phase = CallPhase::Owed {
                errand: Errand::Send,
                until: *until,
            };
        }
        Verdict::Doubt {
            errand,
            until,
            absents,
        } => {
            let since = call.doubt.map_or(at, |doubt| doubt.since);
            call.doubt = Some(Doubt {
                since,
                absents: *absents,
            });
            call.phase = CallPhase::Owed {
                errand: *errand,
                until: *until,
            };
        }
        Verdict::Anew { until, epoch, .. } => renew(call, *epoch, *until),
        Verdict::Stuck { incident, in_doubt } => {
            let known = call.doubt.unwrap_or(Doubt {
                since: at,
                absents: 0,
            });
            call.doubt = in_doubt.then_some(known);
            call.phase = CallPhase::Stuck { incident: *incident };
        }
        Verdict::Landed { .. } | Verdict::Failed { .. } | Verdict::Refused { .. } => {}
    }
}

pub(super) fn doubted(call: &mut CallState, errand: Option<Errand>, incident: Option<u32>, at: Millis) {
    call.doubt = call.doubt.or(Some(Doubt {
        since: at,
        absents: 0,
    }));
    call.keyed_at = call.keyed_at.or(Some(at));
    call.phase = match (errand, incident) {
        (Some(errand), _) => CallPhase::Owed { errand, until: at },
        (None, incident) => CallPhase::Stuck {
            incident: incident.unwrap_or_default(),
        },
    };
}

fn renew(call: &mut CallState, epoch: u32, until: Millis) {
    call.epoch = epoch;
    call.attempt = 0;
    call.sends = 0;
    call.keyed_at = None;
    call.doubt = None;
    call.server_faults = 0;
    call.phase = CallPhase::Owed {
        errand: Errand::Send,
        until,
    };
}

pub(super) fn rearm(call: &mut CallState, epoch: u32, errand: Errand, at: Millis) {
    if epoch != call.epoch {
        renew(call, epoch, at);
    }
    call.tries = 0;
    call.first_at = None;
    call.phase = CallPhase::Owed { errand, until: at };
}

pub(super) fn post(ledger: &mut Ledger, verdict: &Verdict) {
    match verdict {
        Verdict::Landed {
            postings,
            key,
            verifies: true,
            ..
        } => ledger.verify(key, postings),
        Verdict::Landed {
            postings,
            key,
            verifies: false,
            ..
        } => ledger.land(key, postings),
        Verdict::Anew { old_key, key, .. } => ledger.rename(old_key, key),
        Verdict::Failed { key } | Verdict::Refused { key } => ledger.release(key),
        Verdict::Retry { .. } | Verdict::Doubt { .. } | Verdict::Stuck { .. } => {}
    }
}
