//! Sentences for what the engine says in types.

mod cause;
mod money;
mod report;
mod run;
mod teller;

pub use cause::{Advice, CAUSES, advice};
pub use money::{decimal, money};
pub use run::run;
pub use teller::Teller;

use amends_engine::instance::{Errand, Stage};
use amends_engine::root::WakeKind;

use crate::moment;

/// Where an instance stands.
pub fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Running => "running; everything so far can be undone",
        Stage::Committing => "at the point of no return; the outcome decides",
        Stage::Committed => "past the point of no return; it only goes forward",
        Stage::Cancelling => "being cancelled; the other side may still refuse",
        Stage::Rewinding => "being taken back to an earlier step, then it goes on",
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
