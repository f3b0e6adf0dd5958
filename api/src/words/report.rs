//! What an errand brought back.

use amends_engine::event::{Report, Verdict};
use amends_engine::outcome::{Fault, Landing, Outcome, Probe};

use crate::moment;

use super::errand_words;

/// What an errand brought back from `who`.
pub(super) fn report(who: &str, report: &Report) -> String {
    match report {
        Report::Outcome(Outcome::Succeeded(landing)) => format!("{who} did it{}", named(landing)),
        Report::Outcome(Outcome::Accepted(landing)) => format!("{who} accepted it{}", named(landing)),
        Report::Outcome(Outcome::Rejected(fault)) => format!("{who} refused: {}", fault_words(fault)),
        Report::Outcome(Outcome::Failed(fault)) => {
            format!("nothing happened at {who}: {}", fault_words(fault))
        }
        Report::Outcome(Outcome::Unknown(fault)) => {
            format!("it may have happened at {who}: {}", fault_words(fault))
        }
        Report::Probe(Probe::Found(landing)) => format!("{who} has it{}", named(landing)),
        Report::Probe(Probe::Absent) => format!("{who} does not have it"),
        Report::Probe(Probe::Failed(fault)) => format!("{who} could not be asked: {}", fault_words(fault)),
    }
}

/// The document that was made, if it has a name.
pub(super) fn named(landing: &Landing) -> String {
    let adopted = if landing.adopted {
        " (it existed before)"
    } else {
        ""
    };
    let reference = landing.reference.as_ref();
    reference.map_or_else(String::new, |reference| format!(", as {reference}{adopted}"))
}

/// What follows from it.
pub(super) fn verdict(verdict: &Verdict) -> String {
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

fn fault_words(fault: &Fault) -> String {
    match &fault.code {
        Some(code) => format!("{} ({code})", fault.message),
        None => fault.message.clone(),
    }
}
