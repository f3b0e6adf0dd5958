//! Whether the process lives, and whether it takes work.

use amends_runtime::{ClockState, Ingest};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::moment;
use crate::problem::{Code, Problem};
use crate::state::App;

/// That work is taken.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// Always true; otherwise the answer is a problem.
    ready: bool,
    /// What does not stop the service and still wants to be looked at.
    details: Vec<String>,
    /// Orders in memory.
    working_set: usize,
    /// Requests under way.
    errands: usize,
    /// The last sequence of the log that is durable.
    durable: u64,
}

/// The process answers
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = String, content_type = "text/plain")))]
pub(crate) async fn alive() -> &'static str {
    "alive\n"
}

/// The engine takes work; otherwise 503 with the reason
#[utoipa::path(
    get, path = "/readyz", tag = "health",
    responses(
        (status = 200, description = "It takes work", body = Readiness),
        (status = 503, description = "It takes none", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn ready(State(app): State<App>) -> Result<Json<Readiness>, Problem> {
    let health = app.setup.handle.health();
    if let Some(failure) = health.failure {
        return Err(Problem::new(Code::Unavailable, failure));
    }
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
    let deaf = app.setup.listeners.now();
    let deaf = deaf
        .iter()
        .filter_map(|one| Some((&one.name, one.problem.as_ref()?)));
    details.extend(deaf.map(|(name, problem)| {
        format!("the listener {name} takes no notices ({problem}): look at notify.{name}.url")
    }));
    details.extend(stopped_shops(&app).await);
    let open = health.gates.iter().filter(|gate| gate.breaker != "closed");
    details.extend(open.map(|gate| format!("{}: the circuit breaker is {}", gate.connector, gate.breaker)));
    Ok(Json(Readiness {
        ready: true,
        details,
        working_set: health.working_set,
        errands: health.errands,
        durable: health.durable,
    }))
}

/// Shops whose ingest stands still. A store that cannot be read shows elsewhere.
async fn stopped_shops(app: &App) -> Vec<String> {
    let stopped = app.read(|app| Ok(Ingest::stopped(&app.setup.reader)?)).await;
    let stopped = stopped.unwrap_or_default().into_iter();
    stopped
        .map(|(shop, stop)| {
            format!(
                "{shop}: its ingest stands still since {} ({}): look with GET /api/v1/shops/{shop}, and lift it with POST \
                 /api/v1/shops/{shop}/resume",
                moment::text(amends_engine::Millis(stop.since_ms)),
                stop.why.code()
            )
        })
        .collect()
}
