//! What Prometheus reads.

use amends_engine::Millis;
use amends_runtime::meter;
use amends_runtime::{ClockState, GateHealth, Health};
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use metrics::gauge;

use crate::feed::Listener;
use crate::problem::Problem;
use crate::role::Shops;
use crate::routes::status;
use crate::state::App;

/// Text format of Prometheus, version 0.0.4
/// (<https://prometheus.io/docs/instrumenting/exposition_formats/>).
const FORM: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Metrics for Prometheus; docs/metrics.md
#[utoipa::path(
    get, path = "/metrics", tag = "health",
    responses((status = 200, description = "The text format of Prometheus", body = String, content_type = "text/plain"))
)]
pub(crate) async fn show(State(app): State<App>) -> Result<impl IntoResponse, Problem> {
    let orders = app.read(|app| status::counts(app, &Shops::All)).await?;
    let pending = app.read(|app| Ok(app.setup.inbox.pending_count()?)).await?;
    for (state, count) in orders {
        gauge!(meter::ORDERS, "state" => state).set(real(count.as_u64().unwrap_or_default()));
    }
    gauge!(meter::PENDING).set(whole(pending));
    gauge!(meter::BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    let health = app.setup.handle.health();
    whole_process(&health);
    for connector in &app.setup.names.connectors {
        let known = health.gates.iter().find(|gate| gate.connector == *connector);
        gate(connector, known);
    }
    for listener in app.setup.listeners.now() {
        failing(&listener, app.now());
    }
    Ok(([(header::CONTENT_TYPE, FORM)], (app.setup.metrics)()))
}

fn whole_process(health: &Health) {
    gauge!(meter::UP).set(truth(health.failure.is_none()));
    gauge!(meter::EFFECTS_PAUSED).set(truth(health.paused));
    gauge!(meter::MONEY_PAUSED).set(truth(health.money_parked.is_some()));
    gauge!(meter::MONEY_WAITING).set(whole(health.money_parked.unwrap_or_default()));
    gauge!(meter::WORKING_SET).set(whole(health.working_set));
    gauge!(meter::DURABLE).set(real(health.durable));
    gauge!(meter::CLOCK_JUMP).set(match health.clock {
        ClockState::Steady => 0.0,
        ClockState::Jumped(by_ms) => seconds(by_ms),
    });
}

/// A gate comes into being with its first request; until then it is open and idle.
fn gate(connector: &str, gate: Option<&GateHealth>) {
    let of = |name| gauge!(name, "connector" => connector.to_owned());
    of(meter::WAITING).set(whole(gate.map_or(0, |gate| gate.waiting)));
    of(meter::UNDER_WAY).set(f64::from(gate.map_or(0, |gate| gate.under_way)));
    of(meter::PAUSED).set(truth(gate.is_some_and(|gate| gate.paused)));
    of(meter::BREAKER).set(match gate.map_or("closed", |gate| gate.breaker) {
        "closed" => 0.0,
        "half-open" => 0.5,
        _ => 1.0,
    });
}

fn failing(listener: &Listener, now: Millis) {
    let since = listener.failing_since_ms.map_or(0, |since| now.0 - since);
    gauge!(meter::LISTENER_FAILING, "listener" => listener.name.clone()).set(seconds(since));
}

fn truth(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}

fn whole(count: usize) -> f64 {
    real(u64::try_from(count).unwrap_or(u64::MAX))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Prometheus knows floats only; a count beyond 2^53 is not reached"
)]
fn real(count: u64) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Prometheus knows floats only; no money is meant here"
)]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1_000.0
}
