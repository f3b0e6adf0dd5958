//! From a root to its summary.

use std::collections::BTreeSet;

use amends_engine::FactName;
use amends_engine::instance::{Errand, Instance, Run, RunState, Stage, Undoing};
use amends_engine::kernel::Frame;
use amends_engine::ledger::Account;
use amends_engine::root::{Incident, Root, WakeKind};

use super::{About, IncidentSummary, InstanceSummary, State, Summary, Wait, at_risk, since, until};
use crate::find::EmailKey;

/// Characters of an incident's message that a list shows; the order itself shows all.
const MESSAGE_SHOWN: usize = 300;

/// The summary after `frame`, given the one before.
pub(crate) fn after(before: Option<&Summary>, frame: &Frame, key: &EmailKey) -> Summary {
    let about = About::revised(frame, key).or_else(|| {
        before.map(|before| About {
            number: before.number.clone(),
            email: before.email.clone(),
            looks: before.looks.clone(),
        })
    });
    let created_ms = before.map_or(frame.at.0, |before| before.created_ms);
    summarize(&frame.after, about.unwrap_or_default(), created_ms)
}

/// The summary of `root`.
pub(crate) fn summarize(root: &Root, about: About, created_ms: i64) -> Summary {
    let currency = root.ledger.currencies().into_iter().next();
    Summary {
        root: root.key.to_string(),
        number: about.number,
        state: state(root),
        instances: root
            .instances
            .values()
            .map(|instance| instance_summary(root, instance))
            .collect(),
        incidents: root.incidents.iter().map(incident_summary).collect(),
        obligations: u32::try_from(root.obligations.len()).unwrap_or(u32::MAX),
        total_minor: currency.map_or(0, |currency| root.ledger.money(Account::Agreed, currency).landed),
        currency: currency.map_or_else(String::new, |currency| currency.to_string()),
        at_risk: at_risk(root),
        documents: documents(root),
        refunds: refunds(root),
        email: about.email,
        looks: about.looks,
        created_ms,
        updated_ms: root.updated_at.0,
        revision: root.revision,
        due_ms: root.next_wake().map(|due| due.0),
    }
}

fn state(root: &Root) -> State {
    let waits_for_person = root
        .wake_causes()
        .iter()
        .any(|cause| matches!(cause.kind, WakeKind::Person { .. } | WakeKind::Hold));
    if waits_for_person || !root.incidents.is_empty() {
        return State::Stuck;
    }
    if root.instances.values().any(|instance| !instance.is_terminal()) {
        return State::Moving;
    }
    let stages: BTreeSet<Stage> = root
        .instances
        .values()
        .filter(|instance| instance.only.is_none())
        .map(|instance| instance.stage)
        .collect();
    match stages.last() {
        None => State::Idle,
        Some(Stage::Closed) => State::Closed,
        Some(Stage::Compensated) => State::Compensated,
        Some(_) => State::Completed,
    }
}

fn documents(root: &Root) -> Vec<String> {
    let runs = root
        .instances
        .values()
        .flat_map(|instance| instance.runs.values());
    let references: BTreeSet<String> = runs.filter_map(|run| run.landing()?.reference.clone()).collect();
    references.into_iter().collect()
}

fn refunds(root: &Root) -> Vec<String> {
    root.facts_named(&FactName::new("refund.recorded"))
        .map(|kept| kept.id.clone())
        .collect()
}

fn incident_summary((number, incident): (&u32, &Incident)) -> IncidentSummary {
    IncidentSummary {
        number: *number,
        cause: incident.cause.clone(),
        message: incident.message.chars().take(MESSAGE_SHOWN).collect(),
        instance: incident.instance.as_ref().map(ToString::to_string),
        place: incident.place.as_ref().map(ToString::to_string),
        opened_ms: incident.opened_at.0,
    }
}

fn instance_summary(root: &Root, instance: &Instance) -> InstanceSummary {
    let causes = root.wake_causes();
    let own = causes.iter().filter(|cause| cause.instance == instance.id);
    InstanceSummary {
        id: instance.id.to_string(),
        workflow: instance.workflow.to_string(),
        stage: instance.stage.name().to_owned(),
        held: instance.hold.is_some(),
        steps: steps(instance).into_iter().collect(),
        waits: own
            .map(|cause| Wait {
                place: cause.place.as_ref().map(ToString::to_string),
                what: words(&cause.kind),
                since_ms: since(root, cause).map(|at| at.0),
                until_ms: until(root, cause).map(|at| at.0),
            })
            .collect(),
    }
}

/// The steps an instance stands at: those with a run that has begun and is not over, or is being undone.
fn steps(instance: &Instance) -> BTreeSet<String> {
    if instance.is_terminal() {
        return BTreeSet::new();
    }
    let runs = instance.runs.iter().filter(|(_, run)| is_open(run));
    let fans = instance.fans.iter().filter(|(_, fan)| !fan.closed);
    let steps = runs
        .map(|(place, _)| &place.step)
        .chain(fans.map(|(step, _)| step));
    steps.map(ToString::to_string).collect()
}

fn is_open(run: &Run) -> bool {
    match (&run.undo, &run.state) {
        (Some(Undoing::Done), _) => false,
        (Some(Undoing::Calling { .. } | Undoing::Between { .. } | Undoing::Blocked { .. }), _) => true,
        (None, state) => matches!(
            state,
            RunState::Calling(_)
                | RunState::Waiting { .. }
                | RunState::Deciding { .. }
                | RunState::Blocked { .. }
        ),
    }
}

fn words(kind: &WakeKind) -> String {
    match kind {
        WakeKind::Gate {
            connector, errand, ..
        } => match errand {
            Errand::Send => format!("{connector}: to be sent"),
            Errand::Probe => format!("{connector}: to be looked up"),
        },
        WakeKind::Answer { connector, .. } => format!("{connector}: an answer"),
        WakeKind::Fact { name, .. } => format!("the fact {name}"),
        WakeKind::Person { .. } => "a person".to_owned(),
        WakeKind::Hold => "a person to resume it".to_owned(),
    }
}
