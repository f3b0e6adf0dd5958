//! Brakes that people pull, durable before they are answered.

use amends_engine::gate::Paused;
use amends_engine::{ConnectorId, Millis, kernel};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use crate::audit::Line;
use crate::auth::Caller;
use crate::brakes::{Brake, Brakes, Lever};
use crate::extract::{Body, Named};
use crate::moment;
use crate::problem::{Code, Problem};
use crate::state::App;

/// Why.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Why {
    /// In a sentence; kept in the audit trail.
    #[schema(pattern = "\\S")]
    pub(crate) reason: String,
}

impl Why {
    /// A reason must be given.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        if self.reason.trim().is_empty() {
            return Err(amends_engine::command::Refusal::NoReason.into());
        }
        Ok(())
    }
}

/// Every brake that is pulled.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PulledBrakes {
    /// Nothing leaves at all.
    effects: Option<PulledBrake>,
    /// Nothing leaves because the store was restored; resuming effects ends it.
    restored: bool,
    /// Nothing leaves that takes money or gives it back.
    money: Option<PulledBrake>,
    /// Requests that the brake on money holds back.
    money_held_back: usize,
    /// By connector.
    connectors: BTreeMap<String, PulledBrake>,
}

/// A brake that is pulled.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PulledBrake {
    /// Since when: RFC 3339, UTC.
    since: String,
    /// Who pulled it.
    by: String,
    /// Why.
    reason: String,
}

impl From<Brake> for PulledBrake {
    fn from(brake: Brake) -> Self {
        Self {
            since: moment::text(Millis(brake.since_ms)),
            by: brake.by,
            reason: brake.reason,
        }
    }
}

/// A brake that was pulled or released.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TurnedBrake {
    /// `effects`, `money` or the connector.
    brake: String,
    /// Whether it is pulled now.
    paused: bool,
}

/// Every brake that is pulled
#[utoipa::path(
    get, path = "/brakes", tag = "brakes",
    responses((status = 200, body = PulledBrakes))
)]
pub(crate) async fn list(State(app): State<App>) -> Result<Json<PulledBrakes>, Problem> {
    let brakes = app.read(|app| Ok(Brakes::read(&app.setup.reader)?)).await?;
    let connectors = brakes.connectors.into_iter();
    Ok(Json(PulledBrakes {
        effects: brakes.effects.map(PulledBrake::from),
        restored: brakes.restored,
        money: brakes.money.map(PulledBrake::from),
        money_held_back: app.setup.handle.health().money_parked.unwrap_or(0),
        connectors: connectors.map(|(name, brake)| (name, brake.into())).collect(),
    }))
}

/// Send nothing more to a connector
#[utoipa::path(
    post, path = "/connectors/{connector}/pause", tag = "brakes", request_body = Why,
    params(("connector" = String, Path, description = "As the configuration names it")),
    responses((status = 200, body = TurnedBrake))
)]
pub(crate) async fn pause_connector(
    State(app): State<App>,
    caller: Caller,
    Named(connector): Named<String>,
    Body(why): Body<Why>,
) -> Result<Json<TurnedBrake>, Problem> {
    turn(&app, &caller, &Lever::Connector(connector), Paused::Yes, &why).await
}

/// Let a connector go on
#[utoipa::path(
    post, path = "/connectors/{connector}/resume", tag = "brakes", request_body = Why,
    params(("connector" = String, Path, description = "As the configuration names it")),
    responses((status = 200, body = TurnedBrake))
)]
pub(crate) async fn resume_connector(
    State(app): State<App>,
    caller: Caller,
    Named(connector): Named<String>,
    Body(why): Body<Why>,
) -> Result<Json<TurnedBrake>, Problem> {
    turn(&app, &caller, &Lever::Connector(connector), Paused::No, &why).await
}

/// Let nothing leave that takes money or gives it back
#[utoipa::path(
    post, path = "/money/pause", tag = "brakes", request_body = Why,
    responses((status = 200, body = TurnedBrake))
)]
pub(crate) async fn pause_money(
    State(app): State<App>,
    caller: Caller,
    Body(why): Body<Why>,
) -> Result<Json<TurnedBrake>, Problem> {
    turn(&app, &caller, &Lever::Money, Paused::Yes, &why).await
}

/// Let money move again
#[utoipa::path(
    post, path = "/money/resume", tag = "brakes", request_body = Why,
    responses((status = 200, body = TurnedBrake))
)]
pub(crate) async fn resume_money(
    State(app): State<App>,
    caller: Caller,
    Body(why): Body<Why>,
) -> Result<Json<TurnedBrake>, Problem> {
    turn(&app, &caller, &Lever::Money, Paused::No, &why).await
}

/// Let nothing leave at all
#[utoipa::path(
    post, path = "/effects/pause", tag = "brakes", request_body = Why,
    responses((status = 200, body = TurnedBrake))
)]
pub(crate) async fn pause_effects(
    State(app): State<App>,
    caller: Caller,
    Body(why): Body<Why>,
) -> Result<Json<TurnedBrake>, Problem> {
    turn(&app, &caller, &Lever::Effects, Paused::Yes, &why).await
}

/// Let everything leave again, after a restore too
#[utoipa::path(
    post, path = "/effects/resume", tag = "brakes", request_body = Why,
    responses((status = 200, body = TurnedBrake))
)]
pub(crate) async fn resume_effects(
    State(app): State<App>,
    caller: Caller,
    Body(why): Body<Why>,
) -> Result<Json<TurnedBrake>, Problem> {
    turn(&app, &caller, &Lever::Effects, Paused::No, &why).await
}

/// Makes it durable with a line of audit, then tells the engine.
async fn turn(
    app: &App,
    caller: &Caller,
    lever: &Lever,
    paused: Paused,
    why: &Why,
) -> Result<Json<TurnedBrake>, Problem> {
    why.check()?;
    let (area, subject) = match lever {
        Lever::Effects => ("effects", "all"),
        Lever::Money => ("money", "all"),
        Lever::Connector(connector) => ("connector", known(app, connector)?),
    };
    let (verb, writes) = match paused {
        Paused::Yes => ("pause", lever.pull(&brake(app, caller, why))?),
        Paused::No => ("resume", lever.release()),
    };
    let line = Line::new(app.now(), &caller.name, &format!("{area}.{verb}"), subject);
    app.audit
        .record_with(writes, &line.because(why.reason.clone()))
        .await?;
    let handle = &app.setup.handle;
    match lever {
        Lever::Effects => handle.pause_effects(paused).await?,
        Lever::Money => handle.pause(kernel::Brake::Money, paused).await?,
        Lever::Connector(name) => {
            let brake = kernel::Brake::Connector(ConnectorId::new(name.clone()));
            handle.pause(brake, paused).await?;
        }
    }
    Ok(Json(TurnedBrake {
        brake: if subject == "all" { area } else { subject }.to_owned(),
        paused: paused == Paused::Yes,
    }))
}

fn known<'c>(app: &App, connector: &'c str) -> Result<&'c str, Problem> {
    if app.setup.names.connectors.contains(connector) {
        return Ok(connector);
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
