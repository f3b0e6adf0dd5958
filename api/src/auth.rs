//! Who is asking: one place lets a request to the API through or not.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::problem::{Code, Problem};
use crate::state::App;
use crate::token::{Rights, read_tokens, recognise};

/// The holder of the token that came with the request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) name: String,
    rights: Rights,
}

impl Caller {
    /// Lets through only who may operate.
    pub(crate) fn must_operate(&self, what: &str) -> Result<(), Problem> {
        match self.rights {
            Rights::Operate => Ok(()),
            Rights::Read => Err(Problem::new(
                Code::ReadOnly,
                format!(
                    "the token of {} may only look, and {what} takes the right `operate`: use a token that has it",
                    self.name
                ),
            )),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(missing)
    }
}

/// Lets a request through with its [`Caller`]. Whatever is not a reading takes the right to operate.
pub(crate) async fn admit(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let presented = bearer(request.headers())?;
    let caller = app.read(move |app| identify(app, &presented)).await?;
    if !request.method().is_safe() {
        caller.must_operate("changing something")?;
    }
    request.extensions_mut().insert(caller);
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
    Ok(Caller {
        name: token.name.clone(),
        rights: token.rights,
    })
}
