//! Who looks after an incident, and until when it need not be looked at.

use amends_runtime::incident;
use amends_storage::Write;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::audit::Line;
use crate::auth::Caller;
use crate::extract::{Body, Named};
use crate::moment;
use crate::problem::{Code, Problem};
use crate::routes::incidents::{IncidentShown, row, shown};
use crate::state::App;

/// Stands for no owner.
pub(super) const NOBODY: &str = "nobody";

/// Who is to look after an incident.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Assignment {
    /// The name of a token; nobody when left out, or `nobody`.
    #[schema(pattern = "^[A-Za-z0-9_.@-]{1,64}$")]
    owner: Option<String>,
}

/// Give an incident to somebody, or to nobody
#[utoipa::path(
    post, path = "/incidents/{id}/assign", tag = "incidents",
    params(("id" = String, Path, description = "Its id, percent-encoded")),
    request_body = Assignment,
    responses((status = 200, body = IncidentShown))
)]
pub(crate) async fn assign(
    State(app): State<App>,
    caller: Caller,
    Named(id): Named<String>,
    Body(wanted): Body<Assignment>,
) -> Result<Json<IncidentShown>, Problem> {
    if wanted.owner.as_ref().is_some_and(|owner| !is_name(owner)) {
        let detail = "`owner` is the name of a token, such as `kim.support`: leave it out for nobody";
        return Err(Problem::new(Code::BadBody, detail));
    }
    let owner = wanted.owner.filter(|owner| owner != NOBODY);
    let _one = app.caring.lock().await;
    let row = row(&app, &caller, id).await?;
    let why = format!("to {}", owner.as_deref().unwrap_or(NOBODY));
    let writes = incident::assign(&row, owner)?;
    cared(&app, &caller, "incident.assign", &row.id, why, writes).await
}

fn is_name(owner: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.@".contains(&b);
    (1..=64).contains(&owner.len()) && owner.bytes().all(plain)
}

/// Until when an incident need not be looked at.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Snooze {
    /// For how long (`4h`), or until when (RFC 3339); no longer when left out.
    until: Option<String>,
}

/// Leave an incident out of lists for a while, or no longer
#[utoipa::path(
    post, path = "/incidents/{id}/snooze", tag = "incidents",
    params(("id" = String, Path, description = "Its id, percent-encoded")),
    request_body = Snooze,
    responses((status = 200, body = IncidentShown))
)]
pub(crate) async fn snooze(
    State(app): State<App>,
    caller: Caller,
    Named(id): Named<String>,
    Body(wanted): Body<Snooze>,
) -> Result<Json<IncidentShown>, Problem> {
    let until = wanted
        .until
        .as_deref()
        .map(|text| moment::ahead(text, app.now()))
        .transpose()?;
    let _one = app.caring.lock().await;
    let row = row(&app, &caller, id).await?;
    let why = until.map_or_else(
        || "no longer".to_owned(),
        |at| format!("until {}", moment::text(at)),
    );
    let writes = incident::snooze(&row, until.map(|at| at.0))?;
    cared(&app, &caller, "incident.snooze", &row.id, why, writes).await
}

async fn cared(
    app: &App,
    caller: &Caller,
    action: &str,
    id: &str,
    why: String,
    writes: Vec<Write>,
) -> Result<Json<IncidentShown>, Problem> {
    let line = Line::new(app.now(), &caller.name, action, id).because(why);
    app.audit.record_with(writes, &line).await?;
    Ok(Json(shown(row(app, caller, id.to_owned()).await?, app.now())))
}
