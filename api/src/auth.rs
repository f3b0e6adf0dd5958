//! Who is asking, and the gate in front of every route: the one place that asks the table of roles.

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::audit::Line;
use crate::problem::{Code, Problem};
use crate::role::{Act, Denial, Role, Shops, may};
use crate::state::App;
use crate::token::{read_tokens, recognise};

/// The holder of the token that came with the request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) shops: Shops,
}

impl Caller {
    /// Lets through only who may do `act` to `subject`. A denial of more than looking is audited.
    pub(crate) async fn must(&self, app: &App, act: Act, subject: &str) -> Result<(), Problem> {
        let Err(denial) = may(self.role, &self.shops, act) else {
            return Ok(());
        };
        if act != Act::Look {
            let line = Line::new(app.now(), &self.name, "denied", subject);
            app.audit.record(&line.because(act.name())).await?;
        }
        Err(denied(self, act, denial))
    }
}

fn denied(caller: &Caller, act: Act, denial: Denial) -> Problem {
    let (name, role, act_name) = (&caller.name, caller.role.name(), act.name());
    let detail = match denial {
        Denial::Role => {
            let roles: Vec<&str> = act.roles().iter().map(|role| role.name()).collect();
            format!(
                "{name} has the role {role}, and `{act_name}` takes one of {}: ask somebody who has it",
                roles.join(", ")
            )
        }
        Denial::Shops => format!(
            "the token of {name} is for some shops, and `{act_name}` concerns all: use a token without shops"
        ),
    };
    Problem::new(Code::NotPermitted, detail)
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(missing)
    }
}

/// Lets a request through with its [`Caller`].
pub(crate) async fn admit(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let presented = bearer(request.headers())?;
    let caller = app.read(move |app| identify(app, &presented)).await?;
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

/// Lets a request through whose [`Caller`] may do what the route is for, and sees the order, shop or connector in
/// the path. What a caller does not see is answered like what does not exist.
pub(crate) async fn gate(
    State((app, act)): State<(App, Act)>,
    caller: Caller,
    named: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let named = named.map_err(|rejection| Problem::new(Code::BadPath, rejection.body_text()))?;
    for (name, value) in &named {
        match name {
            "root" if !caller.shops.has_order(value) => return Err(Problem::no_order(value)),
            "source" if !caller.shops.has(value) => return Err(Problem::no_source(value)),
            _ => {}
        }
    }
    caller.must(&app, act, request.uri().path()).await?;
    Ok(next.run(request).await)
}

fn bearer(headers: &HeaderMap) -> Result<String, Problem> {
    let given = headers.get(header::AUTHORIZATION).ok_or_else(missing)?;
    let text = given.to_str().unwrap_or_default();
    let (scheme, token) = text.split_once(' ').ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() {
        Ok(token.trim().to_owned())
    } else {
        Err(missing())
    }
}

fn missing() -> Problem {
    Problem::new(
        Code::TokenMissing,
        "send the header `Authorization: Bearer TOKEN`; `amends token create` makes a token",
    )
}

fn identify(app: &App, presented: &str) -> Result<Caller, Problem> {
    let stored = read_tokens(&app.setup.reader)?;
    let known = app.setup.tokens.iter().chain(&stored);
    let token = recognise(known, presented).ok_or_else(|| {
        Problem::new(
            Code::TokenUnknown,
            "compare the token with the one that was shown when it was made, or make another with `amends token create`",
        )
    })?;
    if token.is_expired(app.now()) {
        let detail = format!(
            "the token of {} has expired: have an admin make another",
            token.name
        );
        return Err(Problem::new(Code::TokenExpired, detail));
    }
    Ok(Caller {
        name: token.name.clone(),
        role: token.role,
        shops: token.shown(),
    })
}
