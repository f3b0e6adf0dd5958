//! Stops that people pull, durable before they are answered.

use amends_engine::ConnectorId;
use amends_engine::gate::Paused;
use amends_storage::Write;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::audit::Line;
use crate::auth::Caller;
use crate::brakes::{Brake, release_connector, release_effects, stop_connector, stop_effects};
use crate::extract::{Body, Named};
use crate::problem::{Code, Problem};
use crate::state::App;

/// Why.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Why {
    reason: String,
}

/// `POST /api/v1/connectors/{connector}/pause`
pub(crate) async fn pause_connector(
    State(app): State<App>,
    caller: Caller,
    Named(connector): Named<String>,
    Body(why): Body<Why>,
) -> Result<Json<Value>, Problem> {
    known(&app, &connector)?;
    let writes = stop_connector(&connector, &brake(&app, &caller, &why))?;
    keep(&app, &caller, "connector.pause", &connector, &why, writes).await?;
    app.setup
        .handle
        .pause(ConnectorId::new(connector.clone()), Paused::Yes)
        .await?;
    Ok(Json(json!({ "paused": connector })))
}

/// `POST /api/v1/connectors/{connector}/resume`
pub(crate) async fn resume_connector(
    State(app): State<App>,
    caller: Caller,
    Named(connector): Named<String>,
    Body(why): Body<Why>,
) -> Result<Json<Value>, Problem> {
    known(&app, &connector)?;
    keep(
        &app,
        &caller,
        "connector.resume",
        &connector,
        &why,
        release_connector(&connector),
    )
    .await?;
    app.setup
        .handle
        .pause(ConnectorId::new(connector.clone()), Paused::No)
        .await?;
    Ok(Json(json!({ "resumed": connector })))
}

/// `POST /api/v1/effects/pause`
pub(crate) async fn pause_effects(
    State(app): State<App>,
    caller: Caller,
    Body(why): Body<Why>,
) -> Result<Json<Value>, Problem> {
    let writes = stop_effects(&brake(&app, &caller, &why))?;
    keep(&app, &caller, "effects.pause", "all", &why, writes).await?;
    app.setup.handle.pause_effects(Paused::Yes).await?;
    Ok(Json(json!({ "paused": "effects" })))
}

/// `POST /api/v1/effects/resume`
pub(crate) async fn resume_effects(
    State(app): State<App>,
    caller: Caller,
    Body(why): Body<Why>,
) -> Result<Json<Value>, Problem> {
    keep(&app, &caller, "effects.resume", "all", &why, release_effects()).await?;
    app.setup.handle.pause_effects(Paused::No).await?;
    Ok(Json(json!({ "resumed": "effects" })))
}

fn known(app: &App, connector: &str) -> Result<(), Problem> {
    if app.setup.names.connectors.contains(connector) {
        return Ok(());
    }
    let names: Vec<&str> = app.setup.names.connectors.iter().map(String::as_str).collect();
    Err(Problem::new(
        Code::NoConnector,
        format!(
            "there is no connector `{connector}`; there are {}",
            names.join(", ")
        ),
    ))
}

fn brake(app: &App, caller: &Caller, why: &Why) -> Brake {
    Brake {
        since_ms: app.now().0,
        by: caller.name.clone(),
        reason: why.reason.clone(),
    }
}

async fn keep(
    app: &App,
    caller: &Caller,
    action: &str,
    subject: &str,
    why: &Why,
    writes: Vec<Write>,
) -> Result<(), Problem> {
    if why.reason.trim().is_empty() {
        return Err(amends_engine::command::Refusal::NoReason.into());
    }
    let line = Line::new(app.now(), &caller.name, action, subject).because(why.reason.clone());
    app.audit.record_with(writes, &line).await
}
