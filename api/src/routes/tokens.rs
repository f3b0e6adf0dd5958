//! Tokens: made and shown once, listed, revoked.

use amends_engine::Millis;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::audit::Line;
use crate::auth::Caller;
use crate::extract::{Body, Named};
use crate::limits::DAYS_MAX;
use crate::moment;
use crate::problem::{Code, Problem};
use crate::role::{Act, Role};
use crate::state::App;
use crate::token::{self, Token, TokenError, create as make, read_tokens};

/// A token to make.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// Who will hold it: the actor of everything done with it.
    #[schema(pattern = "^[A-Za-z0-9_.@-]{1,64}$")]
    pub name: String,
    /// What its holder is here for.
    pub role: Role,
    /// Shops it shows; all when none is named.
    #[serde(default)]
    pub shops: Vec<String>,
    /// Days after which it is no longer accepted; never when left out.
    #[serde(default, deserialize_with = "crate::whole::optional")]
    #[schema(value_type = Option<u16>, minimum = 1, maximum = 3650)]
    pub days: Option<u64>,
}

/// A token that was made.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Made {
    name: String,
    /// Its text. This is the one time it is shown.
    token: String,
}

/// A token as it is listed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Known {
    name: String,
    role: Role,
    /// The shops it shows; all when empty.
    shops: Vec<String>,
    /// When it was made: RFC 3339, UTC; nothing for one of the configuration.
    created: Option<String>,
    /// Who made it; nothing for one of the configuration.
    created_by: Option<String>,
    /// From when on it is no longer accepted.
    expires: Option<String>,
    /// Whether that time has come.
    expired: bool,
    /// Whether it stands in the configuration, and can be revoked only there.
    configured: bool,
}

/// All tokens.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Tokens {
    tokens: Vec<Known>,
}

/// Who holds tokens
#[utoipa::path(get, path = "/tokens", tag = "people", responses((status = 200, body = Tokens)))]
pub(crate) async fn list(State(app): State<App>) -> Result<Json<Tokens>, Problem> {
    let now = app.now();
    let stored = app.read(|app| Ok(read_tokens(&app.setup.reader)?)).await?;
    let configured = app.setup.tokens.iter().map(|token| known(token, now, true));
    let stored = stored.iter().map(|token| known(token, now, false));
    Ok(Json(Tokens {
        tokens: configured.chain(stored).collect(),
    }))
}

fn known(token: &Token, now: Millis, configured: bool) -> Known {
    Known {
        name: token.name.clone(),
        role: token.role,
        shops: token.shops.clone(),
        created: (!configured).then(|| moment::text(Millis(token.created_ms))),
        created_by: (!configured).then(|| token.created_by.clone()),
        expires: token.expires_ms.map(|at| moment::text(Millis(at))),
        expired: token.is_expired(now),
        configured,
    }
}

/// Make a token; it is shown once
#[utoipa::path(
    post, path = "/tokens", tag = "people",
    request_body = NewToken,
    responses(
        (status = 201, description = "It is made", body = Made),
        (status = 404, description = "There is no such shop", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The name is taken, or there are too many", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(wanted): Body<NewToken>,
) -> Result<(StatusCode, Json<Made>), Problem> {
    if let Some(stranger) = wanted
        .shops
        .iter()
        .find(|shop| !app.setup.names.shops.contains(*shop))
    {
        return Err(Problem::no_source(stranger));
    }
    if wanted.days.is_some_and(|days| !(1..=DAYS_MAX).contains(&days)) {
        let detail = format!("`days` is a whole number from 1 to {DAYS_MAX}");
        return Err(Problem::new(Code::BadBody, detail));
    }
    let wanted = token::Wanted {
        name: wanted.name,
        role: wanted.role,
        shops: wanted.shops,
        days: wanted.days,
    };
    let _one = app.naming.lock().await;
    let mut known = app.read(|app| Ok(read_tokens(&app.setup.reader)?)).await?;
    known.extend(app.setup.tokens.iter().cloned());
    let created = make(&known, &wanted, &caller.name, app.now()).map_err(|error| problem(&error))?;
    let line = Line::new(app.now(), &caller.name, Act::Tokens.name(), &created.token.name);
    let line = line.because(format!("made with the role {}", created.token.role.name()));
    app.audit.record_with(created.writes, &line).await?;
    let shown = Made {
        name: created.token.name,
        token: created.secret.reveal().to_owned(),
    };
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

/// A token that is accepted no more.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Revoked {
    revoked: String,
}

/// Revoke a token, at once
#[utoipa::path(
    delete, path = "/tokens/{name}", tag = "people",
    params(("name" = String, Path, description = "Who holds it")),
    responses(
        (status = 200, description = "It is accepted no more", body = Revoked),
        (status = 409, description = "It stands in the configuration", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Named(name): Named<String>,
) -> Result<Json<Revoked>, Problem> {
    if app.setup.tokens.iter().any(|token| token.name == name) {
        let detail =
            format!("take [server.tokens.{name}] out of the configuration and start the server again");
        return Err(Problem::new(Code::TokenConfigured, detail));
    }
    let _one = app.naming.lock().await;
    let stored = app.read(|app| Ok(read_tokens(&app.setup.reader)?)).await?;
    if !stored.iter().any(|token| token.name == name) {
        let detail = format!("nobody called `{name}` holds a token: `GET /api/v1/tokens` lists them");
        return Err(Problem::new(Code::NoToken, detail));
    }
    let line = Line::new(app.now(), &caller.name, Act::Tokens.name(), &name).because("revoked");
    app.audit.record_with(token::revoke(&name), &line).await?;
    Ok(Json(Revoked { revoked: name }))
}
