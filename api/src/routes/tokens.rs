//! Tokens: made, and shown once.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::audit::Line;
use crate::auth::Caller;
use crate::extract::Body;
use crate::problem::{Code, Problem};
use crate::state::App;
use crate::token::{Rights, TokenError, create as make, read_tokens};

/// A token to make.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    name: String,
    rights: Rights,
}

/// `POST /api/v1/tokens`
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(wanted): Body<Wanted>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let _one = app.naming.lock().await;
    let mut known = app.read(|app| Ok(read_tokens(&app.setup.reader)?)).await?;
    known.extend(app.setup.tokens.iter().cloned());
    let created = make(&known, &wanted.name, wanted.rights, app.now()).map_err(|error| problem(&error))?;
    let line = Line::new(app.now(), &caller.name, "token.create", &created.token.name);
    app.audit.record_with(created.writes, &line).await?;
    let shown = json!({ "name": created.token.name, "token": created.secret.reveal() });
    Ok((StatusCode::CREATED, Json(shown)))
}

fn problem(error: &TokenError) -> Problem {
    let code = match error {
        TokenError::Name(_) => Code::TokenName,
        TokenError::Exists(_) => Code::TokenExists,
        TokenError::Full => Code::TokensFull,
        TokenError::Random(_) | TokenError::Encode(_) => Code::Internal,
    };
    Problem::new(code, error.to_string())
}
