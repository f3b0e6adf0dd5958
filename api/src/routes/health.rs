//! Whether the process lives, and whether it takes work.

use amends_runtime::ClockState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::state::App;

/// `GET /healthz`: the process answers.
pub(crate) async fn alive() -> &'static str {
    "alive\n"
}

/// `GET /readyz`: the engine takes work; otherwise 503 with the reason.
pub(crate) async fn ready(State(app): State<App>) -> (StatusCode, Json<Value>) {
    let health = app.setup.handle.health();
    let mut details: Vec<String> = Vec::new();
    if let ClockState::Jumped(jump_ms) = health.clock {
        details.push(format!(
            "the wall clock jumped by {jump_ms} ms: deadlines go by the monotonic clock"
        ));
    }
    if health.paused {
        details.push("effects are paused: resume them with POST /api/v1/effects/resume".to_owned());
    }
    if let Some(parked) = health.money_parked {
        details.push(format!(
            "money is paused, {parked} requests wait: resume it with POST /api/v1/money/resume"
        ));
    }
    let stopped = health.gates.iter().filter(|gate| gate.paused);
    details.extend(stopped.map(|gate| {
        let connector = &gate.connector;
        format!("{connector} is paused: resume it with POST /api/v1/connectors/{connector}/resume")
    }));
    let open = health.gates.iter().filter(|gate| gate.breaker != "closed");
    details.extend(open.map(|gate| format!("{}: the circuit breaker is {}", gate.connector, gate.breaker)));
    let status = if health.failure.is_some() {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    };
    let body = json!({
        "ready": health.failure.is_none(),
        "failure": health.failure,
        "details": details,
        "working_set": health.working_set,
        "errands": health.errands,
        "durable": health.durable,
    });
    (status, Json(body))
}
