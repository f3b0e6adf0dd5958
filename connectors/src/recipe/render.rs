//! From an operation and its arguments to the requests that carry it out.

use amends_engine::Value;
use amends_engine::expr::{Evaluator, Scope};
use thiserror::Error;

use super::bench::{Bench, Phase, unmark};
use super::body::{Body, Field};
use super::conversion::digest;
use super::document::{Auth, Call, Plan, Reach, Recipe, Request};
use super::formula::FormulaError;
use super::limits::REQUEST_BYTES_MAX;
use super::secret::{Encoding, Masked, Piece, percent};

/// A request as it will leave, credentials by reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The call of the recipe it comes from: `send`, `probe`, `draft`.
    pub call: String,
    /// What it is for.
    pub purpose: Purpose,
    /// In a dry run: the condition under which it is sent at all.
    pub condition: Option<String>,
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// Path and query, percent-encoded, to be put behind the connector's base URL.
    pub target: Masked,
    /// Headers in order, names in lower case.
    pub headers: Vec<(String, Masked)>,
    /// The body; empty for none.
    pub body: Masked,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Looking an effect up by our reference.
    Lookup,
    /// The effect itself, or a step of it.
    Effect,
    /// A harmless draft, or its removal.
    Draft,
    /// Opening a session.
    Login,
    /// Trying reach and credentials.
    Check,
}

/// Why a request cannot be made from its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RenderError {
    /// The recipe does not have the operation.
    #[error("the recipe `{recipe}` has no operation `{operation}`")]
    NoOperation {
        /// The recipe.
        recipe: String,
        /// The operation.
        operation: String,
    },
    /// An expression has no value.
    #[error(transparent)]
    Formula(#[from] FormulaError),
    /// A hole in text gave something that is no text.
    #[error(
        "`{formula}` gives {kind} where text is put together; choose a field of it, or mark the field as optional with `?`"
    )]
    NotText {
        /// The formula.
        formula: String,
        /// What it gave.
        kind: &'static str,
    },
    /// `$each` was given something that is no list.
    #[error("`{formula}` gives {kind} where a list is repeated")]
    NotList {
        /// The formula.
        formula: String,
        /// What it gave.
        kind: &'static str,
    },
    /// `$each` was given too much.
    #[error("a list of {0} elements is more than a request may repeat")]
    TooMany(usize),
    /// A hole in a path would change which path it is.
    #[error(
        "`{formula}` comes out {} in the path, which would name another path",
        shown(text)
    )]
    Path {
        /// The formula; the whole path where several are to blame.
        formula: String,
        /// What it gave.
        text: String,
    },
    /// A header holds line breaks or control characters.
    #[error("the header `{0}` comes out with characters no header can hold")]
    Header(String),
    /// The request is too large.
    #[error("the request has {0} bytes, more than may be sent")]
    TooLarge(usize),
}

fn shown(text: &str) -> String {
    if text.is_empty() {
        "empty".to_owned()
    } else {
        format!("as `{text}`")
    }
}

/// What an operation is rendered from.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// The settings of the connector, complete.
    pub settings: &'a Value,
    /// The arguments of the operation.
    pub args: &'a Value,
    /// The idempotency key.
    pub key: &'a str,
}

/// Every request of `operation`, for a dry run: look-up first, then the effect. What depends on replies shows as
/// `‹expression›`. Pure: the same inputs give the same requests.
///
/// # Errors
/// [`RenderError`] when the recipe lacks the operation or its templates do not fit the arguments.
pub fn render(
    recipe: &Recipe,
    operation: &str,
    inputs: Inputs<'_>,
    evaluator: &dyn Evaluator,
) -> Result<Vec<Rendered>, RenderError> {
    let plan = recipe
        .operations
        .get(operation)
        .ok_or_else(|| RenderError::NoOperation {
            recipe: recipe.name.clone(),
            operation: operation.to_owned(),
        })?;
    let names = Named::new(inputs.key);
    let bench = Bench {
        evaluator,
        scope: names.scope(inputs.settings, inputs.args),
        phase: Phase::Dry,
    };
    let lookup = plan.probe.as_ref().map(|probe| (&probe.call, Purpose::Lookup));
    let calls: Vec<(&Call, Purpose)> = match &plan.plan {
        Plan::Chain(chain) => chain.calls.iter().map(|call| (call, purpose(call))).collect(),
        Plan::Staged {
            prepare,
            draft,
            cancel: _,
            confirm,
        } => prepare
            .iter()
            .map(|call| (call, Purpose::Lookup))
            .chain([(draft, Purpose::Draft)])
            .chain(confirm.calls.iter().map(|call| (call, Purpose::Effect)))
            .collect(),
    };
    lookup
        .into_iter()
        .chain(calls)
        .map(|(call, purpose)| {
            let rendered = request(recipe, &call.request, &call.name, purpose, &bench)?;
            let condition = call.when.as_ref().map(|when| when.source.clone());
            Ok(Rendered {
                condition,
                ..rendered
            })
        })
        .collect()
}

/// What a call of a chain is for.
pub(super) fn purpose(call: &Call) -> Purpose {
    match call.reach {
        Reach::Question => Purpose::Lookup,
        Reach::Harmless | Reach::Counts => Purpose::Effect,
    }
}

/// The names every template of an operation may read that are made from the key.
#[derive(Debug)]
pub(super) struct Named {
    key: Value,
    key_digest: Value,
}

impl Named {
    pub(super) fn new(key: &str) -> Self {
        Self {
            key: Value::text(key),
            key_digest: Value::Text(digest(key)),
        }
    }

    pub(super) fn scope<'a>(&'a self, settings: &'a Value, args: &'a Value) -> Scope<'a> {
        Scope::new()
            .with("settings", settings)
            .with("args", args)
            .with("key", &self.key)
            .with("key_digest", &self.key_digest)
    }
}

/// One request with default headers and authentication.
pub(super) fn request(
    recipe: &Recipe,
    request: &Request,
    call: &str,
    purpose: Purpose,
    bench: &Bench<'_>,
) -> Result<Rendered, RenderError> {
    let (body, content_type) = body(&request.body, bench)?;
    let mut rendered = Rendered {
        call: call.to_owned(),
        purpose,
        condition: None,
        method: request.method,
        target: target(request, bench)?,
        headers: Vec::new(),
        body,
    };
    if let Some(content_type) = content_type {
        put(&mut rendered.headers, "content-type", Masked::text(content_type));
    }
    if purpose != Purpose::Login {
        authenticate(&recipe.auth, bench, &mut rendered)?;
    }
    // A question is not the effect: default headers that carry the key of the effect do not go with it.
    let keyed = matches!(purpose, Purpose::Effect | Purpose::Draft);
    let defaults = recipe
        .defaults
        .headers
        .iter()
        .filter(|field| keyed || field.value.literal().is_some());
    for field in defaults.chain(&request.headers) {
        if let Some(pieces) = bench.field(field)? {
            put(
                &mut rendered.headers,
                &field.name.to_ascii_lowercase(),
                Masked(pieces),
            );
        }
    }
    check_headers(&rendered.headers)?;
    let bytes = rendered.body.to_string().len();
    if bytes > REQUEST_BYTES_MAX {
        Err(RenderError::TooLarge(bytes))
    } else {
        Ok(rendered)
    }
}

fn put(headers: &mut Vec<(String, Masked)>, name: &str, value: Masked) {
    headers.retain(|(other, _)| other != name);
    headers.push((name.to_owned(), value));
}

fn check_headers(headers: &[(String, Masked)]) -> Result<(), RenderError> {
    for (name, value) in headers {
        let literal = value.to_string();
        if literal.chars().any(char::is_control) || !name.bytes().all(is_token) || name.is_empty() {
            return Err(RenderError::Header(name.clone()));
        }
    }
    Ok(())
}

/// Letters RFC 9110 allows in the name of a header.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn target(request: &Request, bench: &Bench<'_>) -> Result<Masked, RenderError> {
    // An empty part would turn the address of one thing into that of all.
    let mut pieces = bench.pieces(&request.path, |formula, text| match text.as_str() {
        "" => Err(RenderError::Path {
            formula: formula.source.clone(),
            text,
        }),
        part => Ok(percent(part)),
    })?;
    let path = Masked(pieces.clone()).to_string();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        if matches!(segment, "." | "..") || (segment.is_empty() && !last) {
            return Err(RenderError::Path {
                formula: path.clone(),
                text: segment.to_owned(),
            });
        }
    }
    let mut separator = '?';
    for field in &request.query {
        if let Some(value) = bench.field(field)? {
            pieces.push(Piece::Text(format!("{separator}{}=", percent(&field.name))));
            pieces.push(Piece::Text(percent(&Masked(value).to_string())));
            separator = '&';
        }
    }
    Ok(Masked(pieces))
}

fn body(body: &Body, bench: &Bench<'_>) -> Result<(Masked, Option<String>), RenderError> {
    match body {
        Body::Empty => Ok((Masked::default(), None)),
        Body::Json(tree) => {
            let json = super::json::write(&bench.tree(tree)?);
            Ok((unmark(json, tree), Some("application/json".to_owned())))
        }
        Body::Form(fields) => {
            let form = form(fields, bench)?;
            Ok((form, Some("application/x-www-form-urlencoded".to_owned())))
        }
        Body::Raw { content_type, text } => Ok((
            Masked(bench.pieces(text, |_, text| Ok(text))?),
            Some(content_type.clone()),
        )),
    }
}

fn form(fields: &[Field], bench: &Bench<'_>) -> Result<Masked, RenderError> {
    let mut pieces = Vec::new();
    for field in fields {
        if let Some(value) = bench.field(field)? {
            let separator = if pieces.is_empty() { "" } else { "&" };
            pieces.push(Piece::Text(format!("{separator}{}=", percent(&field.name))));
            pieces.push(Piece::Encoded(Encoding::Percent, value));
        }
    }
    Ok(plainly(pieces))
}

/// Encodes what holds no credential at once, so that it reads as it will be sent.
fn plainly(pieces: Vec<Piece>) -> Masked {
    let pieces = pieces.into_iter().map(|piece| match piece {
        Piece::Encoded(Encoding::Percent, inner)
            if inner.iter().all(|piece| matches!(piece, Piece::Text(_))) =>
        {
            Piece::Text(percent(&Masked(inner).to_string()))
        }
        other @ (Piece::Text(_) | Piece::Secret(_) | Piece::Session | Piece::Encoded(..)) => other,
    });
    Masked(pieces.collect())
}

fn authenticate(auth: &Auth, bench: &Bench<'_>, rendered: &mut Rendered) -> Result<(), RenderError> {
    let pieces = |template| bench.pieces(template, |_, text| Ok(text));
    match auth {
        Auth::None => {}
        Auth::Basic { username, password } => {
            let mut both = pieces(username)?;
            both.push(Piece::Text(":".to_owned()));
            both.extend(pieces(password)?);
            let value = vec![
                Piece::Text("Basic ".to_owned()),
                Piece::Encoded(Encoding::Base64, both),
            ];
            put(&mut rendered.headers, "authorization", Masked(value));
        }
        Auth::Bearer { token } => {
            let mut value = vec![Piece::Text("Bearer ".to_owned())];
            value.extend(pieces(token)?);
            put(&mut rendered.headers, "authorization", Masked(value));
        }
        Auth::Header { name, value } => {
            put(
                &mut rendered.headers,
                &name.to_ascii_lowercase(),
                Masked(pieces(value)?),
            );
        }
        Auth::Session(session) => {
            let value = Masked(pieces(&session.value)?);
            put(&mut rendered.headers, &session.header.to_ascii_lowercase(), value);
        }
        Auth::Query { name, value } => {
            let separator = if rendered.target.to_string().contains('?') {
                '&'
            } else {
                '?'
            };
            let target = &mut rendered.target.0;
            target.push(Piece::Text(format!("{separator}{}=", percent(name))));
            target.push(Piece::Encoded(Encoding::Percent, pieces(value)?));
        }
    }
    Ok(())
}
