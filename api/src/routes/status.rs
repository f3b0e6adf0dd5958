//! How many orders stand where, and how the engine is.

use amends_engine::kernel::Census;
use amends_runtime::find::{STATE_INDEX, facet_span};
use amends_runtime::{Ingest, State as OrderState, incident};
use amends_storage::{Direction, Key, Store as _};
use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};

use crate::auth::Caller;
use crate::limits::COUNTED_MAX;
use crate::problem::Problem;
use crate::role::Shops;
use crate::state::App;

/// How many orders stand where, and how the engine is
#[utoipa::path(get, path = "/status", tag = "health", responses((status = 200, body = Value)))]
pub(crate) async fn show(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Problem> {
    let health = app.setup.handle.health();
    let shops = caller.shops.clone();
    let counts = app.read(move |app| counts(app, &shops)).await?;
    let pending = app.read(|app| Ok(app.setup.inbox.pending_count()?)).await?;
    let (stopped, incidents) = app
        .read(move |app| {
            let reader = &app.setup.reader;
            let mut stopped: Vec<String> = Ingest::stopped(reader)?
                .into_iter()
                .map(|(shop, _)| shop)
                .collect();
            stopped.retain(|shop| caller.shops.has(shop));
            let causes = incident::causes(reader, caller.shops.names().as_deref())?;
            let open: usize = causes.iter().map(|cause| cause.open).sum();
            Ok((stopped, open))
        })
        .await?;
    // An engine that has stopped is busy with nothing; `failure` says why.
    let census = app.setup.handle.census().await.ok().map(work);
    let gates: Vec<Value> = health
        .gates
        .iter()
        .map(|gate| {
            json!({
                "connector": gate.connector,
                "waiting": gate.waiting,
                "under_way": gate.under_way,
                "breaker": gate.breaker,
                "paused": gate.paused,
            })
        })
        .collect();
    Ok(Json(json!({
        "orders": counts,
        "deliveries_pending": pending,
        "deliveries_refused": app.refused.count(),
        "shops_stopped": stopped,
        "incidents_open": incidents,
        "work": census,
        "working_set": health.working_set,
        "errands": health.errands,
        "durable": app.setup.reader.applied_sequence(),
        "effects_paused": health.paused,
        "money_paused": health.money_parked.is_some(),
        "failure": health.failure,
        "connectors": gates,
        "listeners": app.setup.listeners.now(),
    })))
}

/// What the engine is busy with, now.
fn work(census: Census) -> Value {
    json!({
        "roots": census.roots,
        "roots_max": census.roots_max,
        "evicted": census.evicted,
        "loaded": census.loaded,
        "interrupted": census.interrupted,
        "in_flight": census.in_flight,
        "in_doubt": census.in_doubt,
        "undoing": census.undoing,
    })
}

/// Orders by state, exact up to [`COUNTED_MAX`] each.
pub(super) fn counts(app: &App, shops: &Shops) -> Result<Map<String, Value>, Problem> {
    let mut counts = Map::new();
    for state in OrderState::ALL {
        let (mut count, mut looked) = (0, 0);
        let mut span = Some(facet_span(STATE_INDEX, state.name()));
        while let Some(rest) = span.take().filter(|_| looked < COUNTED_MAX) {
            let page = app
                .setup
                .reader
                .scan(&rest, COUNTED_MAX - looked, Direction::Ascending)?;
            looked += page.entries.len();
            let shown = page
                .entries
                .iter()
                .filter(|(key, _)| matches!(key, Key::Index { root, .. } if shops.has_order(root)));
            count += shown.count();
            span = page.rest;
        }
        counts.insert(state.name().to_owned(), count.into());
    }
    Ok(counts)
}
