//! Sentences for what the engine says in types.

use amends_engine::event::{Event, InstanceEvent, Report, Verdict};
use amends_engine::instance::{Errand, Site, SkipReason, Stage};
use amends_engine::outcome::{Fault, Landing, Outcome, Probe};
use amends_engine::root::WakeKind;

use crate::moment;

/// Where an instance stands.
pub fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Running => "running; everything so far can be undone",
        Stage::Committing => "at the point of no return; the outcome decides",
        Stage::Committed => "past the point of no return; it only goes forward",
        Stage::Cancelling => "being cancelled; the other side may still refuse",
        Stage::Compensating => "being undone",
        Stage::Completed => "completed",
        Stage::Compensated => "undone",
        Stage::Closed => "closed by a person",
    }
}

/// What something waits for.
pub fn wake(kind: &WakeKind) -> String {
    match kind {
        WakeKind::Gate {
            connector, errand, ..
        } => format!("{connector} to let {} through", errand_words(*errand)),
        WakeKind::Answer { connector, since } => {
            format!("an answer from {connector} since {}", moment::words(*since))
        }
        WakeKind::Fact { name, .. } => format!("the fact {name}"),
        WakeKind::Person { .. } => "a person to decide".to_owned(),
        WakeKind::Hold => "a person to resume it".to_owned(),
    }
}

fn errand_words(errand: Errand) -> &'static str {
    match errand {
        Errand::Send => "a request",
        Errand::Probe => "a look-up",
    }
}

/// What an errand brought back.
pub fn report(report: &Report) -> String {
    match report {
        Report::Outcome(Outcome::Succeeded(landing)) => format!("succeeded{}", reference(landing)),
        Report::Outcome(Outcome::Accepted(landing)) => format!("was accepted{}", reference(landing)),
        Report::Outcome(Outcome::Rejected(fault)) => format!("was refused: {}", fault_words(fault)),
        Report::Outcome(Outcome::Failed(fault)) => format!("did not happen: {}", fault_words(fault)),
        Report::Outcome(Outcome::Unknown(fault)) => format!("may have happened: {}", fault_words(fault)),
        Report::Probe(Probe::Found(landing)) => format!("was found there{}", reference(landing)),
        Report::Probe(Probe::Absent) => "was not found there".to_owned(),
        Report::Probe(Probe::Failed(fault)) => format!("could not be looked up: {}", fault_words(fault)),
    }
}

fn reference(landing: &Landing) -> String {
    let adopted = if landing.adopted {
        " (it existed before)"
    } else {
        ""
    };
    landing
        .reference
        .as_ref()
        .map_or_else(String::new, |reference| format!(", as {reference}{adopted}"))
}

fn fault_words(fault: &Fault) -> String {
    match &fault.code {
        Some(code) => format!("{} ({code})", fault.message),
        None => fault.message.clone(),
    }
}

/// One event as a sentence.
pub fn event(event: &Event) -> String {
    match event {
        Event::Observed { .. } => "the shop's order was looked at".to_owned(),
        Event::SubjectRevised { .. } => "the order has a new content".to_owned(),
        Event::FactRecorded { fact } => format!("fact: {}", fact.natural_id()),
        Event::IncidentOpened { number, incident } => {
            format!(
                "a person is needed (incident {number}, {}): {}",
                incident.cause, incident.message
            )
        }
        Event::IncidentClosed { number } => format!("incident {number} is settled"),
        Event::ObligationOpened { obligation, .. } => format!("obligation: {}", obligation.reason),
        Event::ObligationClosed { by, reason, .. } => format!("{by} settled an obligation: {reason}"),
        Event::Posted { reason, .. } => format!("posted: {reason}"),
        Event::Commanded {
            command,
            actor,
            reason,
            ..
        } => format!("{actor} commanded {command}: {reason}"),
        Event::Of { event, .. } => instance_event(event),
    }
}

fn call(site: &Site) -> String {
    site.to_string().replace("/do", "").replace("/undo-", " undo ")
}

fn instance_event(event: &InstanceEvent) -> String {
    match event {
        InstanceEvent::Started {
            workflow, only: None, ..
        } => format!("{workflow} started"),
        InstanceEvent::Started { only: Some(step), .. } => format!("{step} is owed as a debt"),
        InstanceEvent::CallDue { site, pinned, .. } => {
            format!(
                "{}: {}.{} is due",
                call(site),
                pinned.contract.role,
                pinned.contract.operation
            )
        }
        InstanceEvent::AttemptStarted {
            site,
            attempt,
            errand,
            ..
        } => {
            format!(
                "{}: {} leaves (attempt {attempt})",
                call(site),
                errand_words(*errand)
            )
        }
        InstanceEvent::AttemptEnded {
            site,
            report,
            verdict,
            ..
        } => {
            format!(
                "{}: {}{}",
                call(site),
                self::report(report),
                verdict_words(verdict)
            )
        }
        InstanceEvent::Doubted { site, .. } => {
            format!("{}: in doubt since the store was restored", call(site))
        }
        InstanceEvent::LateReport { site, report, .. } => {
            format!("{}: late answer, {}", call(site), self::report(report))
        }
        InstanceEvent::Landed { site, landing, .. } => format!("{}: done{}", call(site), reference(landing)),
        InstanceEvent::WaitOpened {
            place,
            fact,
            deadline,
        } => {
            format!("{place}: waits for {fact} until {}", moment::words(*deadline))
        }
        InstanceEvent::WaitMet { place, fact, .. } => format!("{place}: {fact} is there"),
        InstanceEvent::ApprovalOpened { place, .. } => format!("{place}: waits for a decision"),
        InstanceEvent::Approved { place, by } => format!("{place}: approved by {by}"),
        InstanceEvent::Declined { place, by, reason } => format!("{place}: declined by {by}: {reason}"),
        InstanceEvent::DeadlinePassed { place } => format!("{place}: its deadline passed"),
        InstanceEvent::FanOpened { step, items, .. } => {
            format!("{step}: begins with {} elements", items.len())
        }
        InstanceEvent::FanJoined { step, item, .. } => format!("{step}: {item} joined"),
        InstanceEvent::FanClosed { step } => format!("{step}: no more are expected"),
        InstanceEvent::Skipped { place, reason, .. } => match reason {
            SkipReason::Guard => format!("{place}: not needed"),
            SkipReason::Debt => format!("{place}: skipped, still owed"),
            SkipReason::Person => format!("{place}: skipped by a person"),
        },
        InstanceEvent::Blocked { site, .. } => format!("{}: cannot go on, a person decides", call(site)),
        InstanceEvent::Unblocked { site } => format!("{}: begins anew", call(site)),
        InstanceEvent::RunCancelled { place, .. } => format!("{place}: called off"),
        InstanceEvent::Rearmed { site, .. } => format!("{}: tried again", call(site)),
        InstanceEvent::Undone {
            place, by: Some(by), ..
        } => format!("{place}: undone by hand, says {by}"),
        InstanceEvent::Undone { place, by: None, .. } => format!("{place}: undone"),
        InstanceEvent::Held { reason, .. } => format!("held: {reason}"),
        InstanceEvent::Resumed => "resumed".to_owned(),
        InstanceEvent::Parked { trigger } => format!("undoing waits for the pivot: {}", trigger.reason),
        InstanceEvent::CancelStarted { trigger } => {
            format!("cancelling, asked by {}: {}", trigger.by, trigger.reason)
        }
        InstanceEvent::CancelRefused { place } => format!("{place}: the other side refused to cancel"),
        InstanceEvent::CompensationStarted { trigger } => {
            format!("undoing, asked by {}: {}", trigger.by, trigger.reason)
        }
        InstanceEvent::Reopened => "the point of no return was not passed".to_owned(),
        InstanceEvent::Completed => "completed".to_owned(),
        InstanceEvent::Compensated => "undone".to_owned(),
        InstanceEvent::Closed { by, reason } => format!("closed by {by}: {reason}"),
    }
}

fn verdict_words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Landed { .. } | Verdict::Failed { .. } | Verdict::Refused { .. } => String::new(),
        Verdict::Retry { until } => format!("; again at {}", moment::words(*until)),
        Verdict::Doubt { errand, until, .. } => {
            format!("; {} at {}", errand_words(*errand), moment::words(*until))
        }
        Verdict::Anew { until, .. } => format!("; anew at {}", moment::words(*until)),
        Verdict::Stuck { .. } => "; a person decides".to_owned(),
    }
}
