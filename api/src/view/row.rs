//! Rows of lists of orders.

use amends_engine::Millis;
use amends_runtime::{InstanceSummary, Money, Summary, Wait};
use serde::Serialize;
use utoipa::ToSchema;

use crate::moment;

/// An order in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct OrderRow {
    /// Its name here: `shop:id`, with the id the shop uses inside.
    root: String,
    /// The number the shop shows.
    number: String,
    shop: String,
    /// `idle`, `moving`, `stuck`, `completed`, `compensated` or `closed`.
    #[schema(value_type = String)]
    state: &'static str,
    /// What it waits for, one sentence each.
    waits_for: Vec<String>,
    /// Everything that runs or ran for it.
    instances: Vec<InstanceRow>,
    /// Causes of its open incidents.
    causes: Vec<String>,
    /// Open incidents.
    incidents: usize,
    /// Open obligations.
    obligations: u32,
    /// What was agreed on, in minor units.
    total_minor: i64,
    /// ISO 4217 code; empty when there is none.
    currency: String,
    /// What could still be lost.
    at_risk: Vec<AtRisk>,
    /// Numbers of outside documents.
    documents: Vec<String>,
    /// When it was first heard of: RFC 3339, UTC.
    created: String,
    /// When it last changed.
    updated: String,
    /// When time alone moves it next; nothing when only others can.
    next: Option<String>,
    /// What a command is decided on.
    revision: u64,
}

/// What could still be lost, in one currency.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AtRisk {
    /// ISO 4217 code.
    currency: String,
    /// Minor units.
    amount_minor: i64,
}

/// An instance in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct InstanceRow {
    id: String,
    workflow: String,
    /// Where it stands to the point of no return.
    stage: String,
    held: bool,
    /// The steps it stands at.
    steps: Vec<String>,
    waits: Vec<WaitRow>,
}

/// Something an instance waits for.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct WaitRow {
    /// The step, or `step/item`; nothing for the instance as a whole.
    place: Option<String>,
    /// What.
    what: String,
    /// Since when: RFC 3339, UTC.
    since: Option<String>,
    /// When it goes on by itself at the latest.
    until: Option<String>,
}

/// One row of a list.
pub(crate) fn row(order: &Summary) -> OrderRow {
    let waits = order.instances.iter().flat_map(|instance| &instance.waits);
    OrderRow {
        root: order.root.clone(),
        number: order.number.clone(),
        shop: order.shop().to_owned(),
        state: order.state.name(),
        waits_for: waits.map(sentence).collect(),
        instances: order.instances.iter().map(instance).collect(),
        causes: order.causes().into_iter().map(str::to_owned).collect(),
        incidents: order.incidents.len(),
        obligations: order.obligations,
        total_minor: order.total_minor,
        currency: order.currency.clone(),
        at_risk: amounts(&order.at_risk),
        documents: order.documents.clone(),
        created: time(order.created_ms),
        updated: time(order.updated_ms),
        // What is under way counts as due at once, which says nothing to people.
        next: order.due_ms.filter(|due| *due > 0).map(time),
        revision: order.revision,
    }
}

/// Amounts as they are shown.
pub(crate) fn amounts(amounts: &[Money]) -> Vec<AtRisk> {
    let amounts = amounts.iter().map(|money| AtRisk {
        currency: money.currency.clone(),
        amount_minor: money.amount_minor,
    });
    amounts.collect()
}

fn sentence(wait: &Wait) -> String {
    match &wait.place {
        Some(place) => format!("{place}: {}", wait.what),
        None => wait.what.clone(),
    }
}

fn instance(instance: &InstanceSummary) -> InstanceRow {
    let wait = |wait: &Wait| WaitRow {
        place: wait.place.clone(),
        what: wait.what.clone(),
        since: wait.since_ms.map(time),
        until: wait.until_ms.map(time),
    };
    InstanceRow {
        id: instance.id.clone(),
        workflow: instance.workflow.clone(),
        stage: instance.stage.clone(),
        held: instance.held,
        steps: instance.steps.clone(),
        waits: instance.waits.iter().map(wait).collect(),
    }
}

fn time(at_ms: i64) -> String {
    moment::text(Millis(at_ms))
}
