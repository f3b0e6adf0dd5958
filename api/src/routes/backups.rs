//! Backups of the running store.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use crate::audit::Line;
use crate::auth::Caller;
use crate::problem::{Code, Problem};
use crate::role::Act;
use crate::state::App;

/// Write a backup of the running store; the answer comes when it is whole
#[utoipa::path(post, path = "/backups", tag = "store", responses((status = 200, body = Value)))]
pub(crate) async fn create(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Problem> {
    let at = app.now();
    let made = app
        .read(move |app| (app.setup.backup)(at).map_err(|reason| Problem::new(Code::Store, reason)))
        .await?;
    let line = Line::new(
        at,
        &caller.name,
        Act::Backup.name(),
        made.get("file").and_then(Value::as_str).unwrap_or_default(),
    );
    app.audit.record(&line).await?;
    Ok(Json(made))
}
