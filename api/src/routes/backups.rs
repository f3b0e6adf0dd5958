//! Backups of the running store.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::audit::Line;
use crate::auth::Caller;
use crate::backups::{Job, Wanted};
use crate::extract::{Body, Named};
use crate::problem::{Code, Problem};
use crate::role::Act;
use crate::state::App;

/// How a backup is asked for.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NewBackup {
    /// The last frame to be in it; the last there is when left out.
    #[serde(deserialize_with = "crate::whole::optional")]
    #[schema(value_type = Option<u64>, minimum = 0)]
    cut: Option<u64>,
}

/// Begin a backup of the running store
#[utoipa::path(
    post, path = "/backups", tag = "store",
    request_body = NewBackup,
    responses(
        (status = 202, description = "It is being written", body = Job),
        (status = 409, description = "Another one is being written", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(asked): Body<NewBackup>,
) -> Result<(StatusCode, Json<Job>), Problem> {
    // What the document calls a 64-bit number has a sign.
    if asked.cut.is_some_and(|cut| i64::try_from(cut).is_err()) {
        let detail = format!(
            "`cut` is at most {}; leave it out for the last frame there is",
            i64::MAX
        );
        return Err(Problem::new(Code::BadBody, detail));
    }
    let wanted = Wanted {
        at: app.now(),
        cut: asked.cut,
    };
    let begun = app.backups.begin(wanted, app.setup.backup.clone());
    let job = begun.map_err(|running| {
        let detail = format!(
            "backup {} is being written: wait for it (`GET /api/v1/backups/{0}`), then ask again",
            running.id
        );
        Problem::new(Code::BackupRunning, detail)
    })?;
    app.audit
        .record(&Line::new(wanted.at, &caller.name, Act::Backup.name(), &job.id))
        .await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// How far a backup is, or what became of it
#[utoipa::path(
    get, path = "/backups/{id}", tag = "store",
    params(("id" = String, Path, description = "The id it was begun under; the last one since the start is known")),
    responses(
        (status = 200, body = Job),
        (status = 404, description = "There is no such backup", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(State(app): State<App>, Named(id): Named<String>) -> Result<Json<Job>, Problem> {
    let job = app.backups.find(&id).ok_or_else(|| {
        let detail =
            format!("the server knows of no backup {id}: it tells about the last one since its start");
        Problem::new(Code::NoBackup, detail)
    })?;
    Ok(Json(job))
}
