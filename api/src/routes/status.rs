//! How many orders stand where, and how the engine is.

use amends_runtime::State as OrderState;
use amends_storage::{Direction, Span, Store as _};
use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};

use crate::limits::COUNTED_MAX;
use crate::problem::Problem;
use crate::state::App;

/// `GET /api/v1/status`
pub(crate) async fn show(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let health = app.setup.handle.health();
    let counts = app.read(counts).await?;
    let pending = app.read(|app| Ok(app.setup.inbox.pending_count()?)).await?;
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
        "working_set": health.working_set,
        "errands": health.errands,
        "durable": health.durable,
        "effects_paused": health.paused,
        "money_paused": health.money_parked.is_some(),
        "failure": health.failure,
        "connectors": gates,
    })))
}

/// Orders by state, exact up to [`COUNTED_MAX`] each.
fn counts(app: &App) -> Result<Map<String, Value>, Problem> {
    let mut counts = Map::new();
    for state in OrderState::ALL {
        let mut count = 0;
        let mut span = Some(Span::index("state", state.name()));
        while let Some(rest) = span.take().filter(|_| count < COUNTED_MAX) {
            let page = app
                .setup
                .reader
                .scan(&rest, COUNTED_MAX - count, Direction::Ascending)?;
            count += page.entries.len();
            span = page.rest;
        }
        counts.insert(state.name().to_owned(), count.into());
    }
    Ok(counts)
}
