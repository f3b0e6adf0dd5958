//! An order in full.

use amends_engine::instance::{Hold, Instance, Place, Run, Sla};
use amends_engine::root::{Incident, Obligation};
use amends_engine::{InstanceId, StepId};
use amends_runtime::{Loaded, Summary};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::ledger::{LedgerLine, ledger};
use super::row::{OrderRow, row};
use super::wait::{OrderWait, wait};
use crate::mask::{self, Sight};
use crate::moment;
use crate::routes::notes::NoteShown;
use crate::words::{self, Advice, Teller};

/// An order in full.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct OrderInFull {
    /// Its name here: `shop:id`.
    root: String,
    /// As lists show it.
    summary: Option<OrderRow>,
    /// What people left with it, newest first.
    notes: Vec<NoteShown>,
    /// Whether it has left the store for an archive.
    pub(crate) archived: bool,
    /// What a command is decided on.
    pub(crate) revision: u64,
    /// Everything that runs or ran for it.
    instances: Vec<OrderInstance>,
    /// What it waits for.
    waits: Vec<OrderWait>,
    /// Its open incidents.
    incidents: Vec<OrderIncident>,
    /// Money or goods owed that no step covers.
    obligations: Vec<OrderObligation>,
    /// What happened outside, by natural id.
    facts: Vec<String>,
    /// Its money and stock.
    ledger: Vec<LedgerLine>,
    /// Its content; personal data hidden (`•••`) until `reveal=true` asks for it.
    #[schema(value_type = Option<Object>)]
    subject: Option<Value>,
}

/// An instance of an order.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct OrderInstance {
    id: String,
    workflow: String,
    /// Where it stands to the point of no return.
    #[schema(value_type = String)]
    stage: &'static str,
    /// The same in words.
    #[schema(value_type = String)]
    stage_words: &'static str,
    /// Why it is held, if it is.
    held: Option<Held>,
    /// When it started: RFC 3339, UTC.
    started: String,
    /// Times promised for it and its steps.
    slas: Vec<OrderSla>,
    /// Its steps, in order of the definition.
    steps: Vec<OrderStep>,
}

/// Why an instance is held.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Held {
    /// RFC 3339, UTC.
    since: String,
    reason: String,
}

/// A time that was promised.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct OrderSla {
    /// The step; nothing for the instance as a whole.
    step: Option<String>,
    /// RFC 3339, UTC.
    due: String,
    breached: bool,
}

/// A step of an instance.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct OrderStep {
    /// The step, or `step/item`.
    place: String,
    title: String,
    /// How it stands, in words.
    state: String,
    /// The document it made.
    reference: Option<String>,
}

/// An open incident of an order.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct OrderIncident {
    /// Its number in the order; in the list of incidents its id is `root~number`.
    number: u32,
    /// The class of the cause.
    cause: String,
    /// What such an incident means, and what to do next.
    #[schema(inline)]
    advice: Advice,
    /// What happened, in a sentence.
    message: String,
    instance: Option<String>,
    /// The step, or `step/item`.
    place: Option<String>,
    /// RFC 3339, UTC.
    since: String,
    /// Whom the definition names for it.
    owner: Option<String>,
}

/// Money or goods owed.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct OrderObligation {
    /// Its number in the order.
    number: u32,
    /// `receivable` where it was agreed that way, `discrepancy` where something does not add up.
    nature: String,
    /// Who owes.
    debtor: String,
    /// Minor units, or pieces where there is no currency.
    amount_minor: i64,
    /// ISO 4217 code.
    currency: Option<String>,
    reason: String,
    /// Who settles it.
    owner: String,
    /// RFC 3339, UTC.
    since: String,
}

/// An order in full; personal data in its subject only as far as `sight` goes.
pub(crate) fn order(
    loaded: &Loaded,
    summary: Option<&Summary>,
    notes: Vec<NoteShown>,
    teller: &Teller<'_>,
    sight: Sight,
) -> OrderInFull {
    let root = &loaded.root;
    let subject = root.subject.and_then(|digest| loaded.values.get(&digest));
    OrderInFull {
        root: root.key.to_string(),
        summary: summary.map(row),
        notes,
        archived: false,
        revision: root.revision,
        instances: root.instances.values().map(|one| instance(one, teller)).collect(),
        waits: root
            .wake_causes()
            .iter()
            .map(|cause| wait(root, cause, teller))
            .collect(),
        incidents: root.incidents.iter().map(incident).collect(),
        obligations: root.obligations.iter().map(obligation).collect(),
        facts: root.facts.keys().cloned().collect(),
        ledger: ledger(&root.ledger),
        subject: subject.map(|subject| mask::json(subject, sight)),
    }
}

fn incident((number, incident): (&u32, &Incident)) -> OrderIncident {
    OrderIncident {
        number: *number,
        cause: incident.cause.clone(),
        advice: words::advice(&incident.cause),
        message: incident.message.clone(),
        instance: incident
            .instance
            .as_ref()
            .map(InstanceId::as_str)
            .map(str::to_owned),
        place: incident.place.as_ref().map(ToString::to_string),
        since: moment::text(incident.opened_at),
        owner: incident.owner.clone(),
    }
}

fn obligation((number, obligation): (&u32, &Obligation)) -> OrderObligation {
    OrderObligation {
        number: *number,
        nature: format!("{:?}", obligation.nature).to_lowercase(),
        debtor: format!("{:?}", obligation.debtor).to_lowercase(),
        amount_minor: obligation.amount,
        currency: obligation.currency.map(|currency| currency.to_string()),
        reason: obligation.reason.clone(),
        owner: obligation.owner.clone(),
        since: moment::text(obligation.opened_at),
    }
}

fn sla(sla: &Sla) -> OrderSla {
    OrderSla {
        step: sla.step.as_ref().map(StepId::as_str).map(str::to_owned),
        due: moment::text(sla.due),
        breached: sla.breached,
    }
}

fn held(hold: &Hold) -> Held {
    Held {
        since: moment::text(hold.since),
        reason: hold.reason.clone(),
    }
}

fn instance(instance: &Instance, teller: &Teller<'_>) -> OrderInstance {
    let mut runs: Vec<(&Place, &Run)> = instance.runs.iter().collect();
    runs.sort_by_key(|(place, _)| teller.position(&instance.id, &place.step));
    let step = |(place, run): (&Place, &Run)| OrderStep {
        place: place.to_string(),
        title: teller.title(&instance.id, &place.step),
        state: words::run(run),
        reference: run.landing().and_then(|landing| landing.reference.clone()),
    };
    OrderInstance {
        id: instance.id.to_string(),
        workflow: instance.workflow.to_string(),
        stage: instance.stage.name(),
        stage_words: words::stage(instance.stage),
        held: instance.hold.as_ref().map(held),
        started: moment::text(instance.started_at),
        slas: instance.slas.iter().map(sla).collect(),
        steps: runs.into_iter().map(step).collect(),
    }
}
