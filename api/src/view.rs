//! What people and programs see of an order.

use std::collections::BTreeMap;

use amends_engine::event::Event;
use amends_engine::instance::{CallPhase, CallState, Instance, Place, Run, RunState, SkipReason, Undoing};
use amends_engine::kernel::Preview;
use amends_engine::ledger::{Account, Ledger, Line};
use amends_engine::root::WakeKind;
use amends_runtime::{Loaded, Summary};
use serde_json::{Value, json};

use crate::moment;
use crate::state::App;
use crate::words;

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
        "created": moment::text(amends_engine::Millis(summary.created_ms)),
        "updated": moment::text(amends_engine::Millis(summary.updated_ms)),
        "revision": summary.revision,
    })
}

/// An order in full; the subject, which holds personal data, only when revealed.
pub(crate) fn order(app: &App, loaded: &Loaded, row: Option<&Summary>, reveal: bool) -> Value {
    let root = &loaded.root;
    let instances: Vec<Value> = root
        .instances
        .values()
        .map(|instance| self::instance(app, instance))
        .collect();
    let waits: Vec<Value> = root.wake_causes().iter().map(wait).collect();
    let incidents: Vec<Value> = root
        .incidents
        .iter()
        .map(|(number, incident)| {
            json!({
                "number": number,
                "cause": incident.cause,
                "message": incident.message,
                "instance": incident.instance.as_ref().map(amends_engine::InstanceId::as_str),
                "place": incident.place.as_ref().map(ToString::to_string),
                "since": moment::text(incident.opened_at),
                "owner": incident.owner,
            })
        })
        .collect();
    let obligations: Vec<Value> = root
        .obligations
        .iter()
        .map(|(number, obligation)| {
            json!({
                "number": number,
                "debtor": format!("{:?}", obligation.debtor).to_lowercase(),
                "amount_minor": obligation.amount,
                "currency": obligation.currency.map(|currency| currency.to_string()),
                "reason": obligation.reason,
                "owner": obligation.owner,
                "since": moment::text(obligation.opened_at),
            })
        })
        .collect();
    let subject = root
        .subject
        .filter(|_| reveal)
        .and_then(|digest| loaded.values.get(&digest));
    json!({
        "root": root.key.as_str(),
        "summary": row.map(summary),
        "revision": root.revision,
        "instances": instances,
        "waits": waits,
        "incidents": incidents,
        "obligations": obligations,
        "facts": root.facts.keys().collect::<Vec<_>>(),
        "ledger": ledger(&root.ledger),
        "subject": subject.map(std::string::ToString::to_string),
    })
}

fn instance(app: &App, instance: &Instance) -> Value {
    let definition = app.setup.book.definition(&instance.definition);
    let title = |place: &Place| {
        let step = definition
            .as_ref()
            .and_then(|definition| definition.step(&place.step).map(|step| step.title.clone()));
        step.unwrap_or_else(|| place.step.to_string())
    };
    let order: Vec<String> = definition
        .iter()
        .flat_map(|definition| &definition.steps)
        .map(|step| step.id.to_string())
        .collect();
    let mut runs: Vec<(&Place, &Run)> = instance.runs.iter().collect();
    runs.sort_by_key(|(place, _)| order.iter().position(|step| step == place.step.as_str()));
    let steps: Vec<Value> = runs
        .into_iter()
        .map(|(place, run)| {
            json!({
                "place": place.to_string(),
                "title": title(place),
                "state": run_words(run),
                "reference": run.landing().and_then(|landing| landing.reference.clone()),
            })
        })
        .collect();
    json!({
        "id": instance.id.as_str(),
        "workflow": instance.workflow.as_str(),
        "stage": instance.stage.name(),
        "stage_words": words::stage(instance.stage),
        "held": instance.hold.as_ref().map(|hold| json!({ "since": moment::text(hold.since), "reason": hold.reason })),
        "started": moment::text(instance.started_at),
        "steps": steps,
    })
}

fn run_words(run: &Run) -> String {
    let forward = match &run.state {
        RunState::Calling(call) => call_words(call),
        RunState::Waiting { fact, deadline, .. } => match deadline {
            Some(deadline) => format!("waits for {fact} until {}", moment::words(*deadline)),
            None => format!("waits for {fact}"),
        },
        RunState::Deciding { .. } => "waits for a decision: approve or reject".to_owned(),
        RunState::Blocked { .. } => "cannot begin: a person decides".to_owned(),
        RunState::Landed { at, .. } => format!("done at {}", moment::words(*at)),
        RunState::Skipped(SkipReason::Guard) => "not needed".to_owned(),
        RunState::Skipped(SkipReason::Debt) => "skipped, still owed".to_owned(),
        RunState::Skipped(SkipReason::Person) => "skipped by a person".to_owned(),
        RunState::Failed => "ended without effect".to_owned(),
        RunState::Cancelled => "called off".to_owned(),
    };
    match &run.undo {
        None => forward,
        Some(Undoing::Calling { call, .. }) => format!("{forward}; being undone: {}", call_words(call)),
        Some(Undoing::Between { .. }) => format!("{forward}; being undone"),
        Some(Undoing::Blocked { .. }) => format!("{forward}; cannot be undone: a person decides"),
        Some(Undoing::Done) => format!("{forward}; undone"),
    }
}

fn call_words(call: &CallState) -> String {
    let doubt = if call.doubt.is_some() {
        " (in doubt: it may have happened)"
    } else {
        ""
    };
    match call.phase {
        CallPhase::Owed { until, .. } => format!("to go out at {}{doubt}", moment::words(until)),
        CallPhase::InFlight { since, .. } => format!("under way since {}{doubt}", moment::words(since)),
        CallPhase::Stuck { .. } => format!("stuck: a person decides{doubt}"),
    }
}

fn wait(cause: &amends_engine::root::WakeCause) -> Value {
    let until = match &cause.kind {
        WakeKind::Gate { until, .. } => Some(*until),
        WakeKind::Fact { deadline, .. } | WakeKind::Person { deadline, .. } => *deadline,
        WakeKind::Answer { .. } | WakeKind::Hold => None,
    };
    json!({
        "instance": cause.instance.as_str(),
        "place": cause.place.as_ref().map(ToString::to_string),
        "for": words::wake(&cause.kind),
        "until": until.map(moment::text),
    })
}

/// Every line of every account.
pub(crate) fn ledger(ledger: &Ledger) -> Value {
    let lines: Vec<Value> = rows(ledger)
        .into_iter()
        .map(|((account, line), (landed, open))| json!({ "account": account, "line": line, "landed": landed, "open": open }))
        .collect();
    Value::Array(lines)
}

fn rows(ledger: &Ledger) -> BTreeMap<(String, String), (i64, i64)> {
    let rows = ledger.balances().map(|(account, line, balance)| {
        (
            (account_name(account), line_name(line)),
            (balance.landed, balance.open),
        )
    });
    rows.collect()
}

fn account_name(account: Account) -> String {
    let mut name = String::new();
    for letter in format!("{account:?}").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push(' ');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

fn line_name(line: &Line) -> String {
    match line {
        Line::Money {
            currency,
            tender: Some(tender),
        } => format!("{currency} {tender}"),
        Line::Money {
            currency,
            tender: None,
        } => currency.to_string(),
        Line::Stock { sku } => sku.clone(),
    }
}

/// What a command would do: events in words, calls that go out, and what changes in the ledger.
pub(crate) fn preview(preview: &Preview, before: &Ledger) -> Value {
    let (was, is) = (rows(before), rows(&preview.ledger));
    let names: std::collections::BTreeSet<&(String, String)> = was.keys().chain(is.keys()).collect();
    let changes: Vec<Value> = names
        .into_iter()
        .filter_map(|name| {
            let (from, to) = (
                was.get(name).copied().unwrap_or_default(),
                is.get(name).copied().unwrap_or_default(),
            );
            (from != to).then(|| {
                json!({
                    "account": name.0,
                    "line": name.1,
                    "landed": { "before": from.0, "after": to.0 },
                    "open": { "before": from.1, "after": to.1 },
                })
            })
        })
        .collect();
    let events: Vec<String> = preview
        .events
        .iter()
        .map(|event: &Event| words::event(event))
        .collect();
    let calls: Vec<Value> = preview
        .effects
        .iter()
        .map(|(operation, key)| json!({ "operation": operation, "key": key }))
        .collect();
    json!({ "revision": preview.revision, "events": events, "calls": calls, "ledger": changes })
}
