//! What people and programs see of an order.

mod ledger;
mod machine;
mod preview;
mod wait;

pub(crate) use machine::event;
pub(crate) use preview::preview;

use amends_engine::instance::{Instance, Place, Run, Sla};
use amends_engine::root::{Incident, Obligation};
use amends_engine::{InstanceId, Millis, StepId};
use amends_runtime::{Loaded, Summary};
use serde_json::{Value, json};

use crate::mask::{self, Sight};
use crate::moment;
use crate::words::{self, Teller};

/// One row of a list.
pub(crate) fn summary(summary: &Summary) -> Value {
    let waits: Vec<&String> = summary
        .instances
        .iter()
        .flat_map(|instance| &instance.waits_for)
        .collect();
    json!({
        "root": summary.root,
        "number": summary.number,
        "state": summary.state.name(),
        "waits_for": waits,
        "causes": summary.causes,
        "obligations": summary.obligations,
        "total_minor": summary.total_minor,
        "currency": summary.currency,
        "documents": summary.documents,
        "created": moment::text(Millis(summary.created_ms)),
        "updated": moment::text(Millis(summary.updated_ms)),
        "revision": summary.revision,
    })
}

/// An order in full; personal data in its subject only as far as `sight` goes.
pub(crate) fn order(loaded: &Loaded, row: Option<&Summary>, teller: &Teller<'_>, sight: Sight) -> Value {
    let root = &loaded.root;
    let instances = root.instances.values().map(|one| instance(one, teller));
    let waits = root.wake_causes();
    let subject = root.subject.and_then(|digest| loaded.values.get(&digest));
    json!({
        "root": root.key.as_str(),
        "summary": row.map(summary),
        "revision": root.revision,
        "instances": instances.collect::<Vec<_>>(),
        "waits": waits.iter().map(|cause| wait::wait(root, cause, teller)).collect::<Vec<_>>(),
        "incidents": root.incidents.iter().map(incident).collect::<Vec<_>>(),
        "obligations": root.obligations.iter().map(obligation).collect::<Vec<_>>(),
        "facts": root.facts.keys().collect::<Vec<_>>(),
        "ledger": ledger::ledger(&root.ledger),
        "subject": subject.map(|subject| mask::json(subject, sight)),
    })
}

fn incident((number, incident): (&u32, &Incident)) -> Value {
    json!({
        "number": number,
        "cause": incident.cause,
        "message": incident.message,
        "instance": incident.instance.as_ref().map(InstanceId::as_str),
        "place": incident.place.as_ref().map(ToString::to_string),
        "since": moment::text(incident.opened_at),
        "owner": incident.owner,
    })
}

fn obligation((number, obligation): (&u32, &Obligation)) -> Value {
    json!({
        "number": number,
        "nature": format!("{:?}", obligation.nature).to_lowercase(),
        "debtor": format!("{:?}", obligation.debtor).to_lowercase(),
        "amount_minor": obligation.amount,
        "currency": obligation.currency.map(|currency| currency.to_string()),
        "reason": obligation.reason,
        "owner": obligation.owner,
        "since": moment::text(obligation.opened_at),
    })
}

fn sla(sla: &Sla) -> Value {
    json!({
        "step": sla.step.as_ref().map(StepId::as_str),
        "due": moment::text(sla.due),
        "breached": sla.breached,
    })
}

fn instance(instance: &Instance, teller: &Teller<'_>) -> Value {
    let mut runs: Vec<(&Place, &Run)> = instance.runs.iter().collect();
    runs.sort_by_key(|(place, _)| teller.position(&instance.id, &place.step));
    let step = |(place, run): (&Place, &Run)| {
        json!({
            "place": place.to_string(),
            "title": teller.title(&instance.id, &place.step),
            "state": words::run(run),
            "reference": run.landing().and_then(|landing| landing.reference.clone()),
        })
    };
    let held = instance.hold.as_ref();
    json!({
        "id": instance.id.as_str(),
        "workflow": instance.workflow.as_str(),
        "stage": instance.stage.name(),
        "stage_words": words::stage(instance.stage),
        "held": held.map(|hold| json!({ "since": moment::text(hold.since), "reason": hold.reason })),
        "started": moment::text(instance.started_at),
        "slas": instance.slas.iter().map(sla).collect::<Vec<_>>(),
        "steps": runs.into_iter().map(step).collect::<Vec<_>>(),
    })
}
