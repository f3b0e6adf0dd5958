//! Deliveries and callbacks: answered only when they survive power loss.

use amends_runtime::AcceptError;
use amends_runtime::meter;
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request, State};
use axum::http::HeaderMap;
use serde_json::{Value, json};

use crate::door::{Admission, Knock, Refused};
use crate::extract::{Named, too_slow};
use crate::limits::BODY_TIME;
use crate::problem::{Code, Problem};
use crate::ring::RefusedDelivery;
use crate::state::App;

/// Characters kept of the name in the path, which may be anybody's.
const SOURCE_SHOWN: usize = 100;

/// Deliveries of a shop; docs/webhooks.md
#[utoipa::path(
    post, path = "/hooks/woocommerce/{shop}", tag = "inbound",
    params(
        ("shop" = String, Path, description = "As the configuration names it"),
        ("X-WC-Webhook-Signature" = Option<String>, Header, description = "Base64 of HMAC-SHA256 over the raw body"),
    ),
    responses(
        (status = 200, description = "It is kept, or there is nothing to keep", body = Value),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The signature is missing or fits no secret", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "It cannot be made durable", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn hook(
    State(app): State<App>,
    Named(shop): Named<String>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let read = read(&app, request).await;
    let (headers, body) = read.inspect_err(|problem| answered(&app, &shop, &problem.code))?;
    let admission = app.setup.door.hook(&Knock {
        name: &shop,
        headers: &headers,
        body: &body,
    });
    admit(&app, &shop, admission, &body, Code::HookUnknownShop).await
}

/// Reports of a system behind the shops, signed as its recipe says
#[utoipa::path(
    post, path = "/callbacks/{connector}", tag = "inbound",
    params(("connector" = String, Path, description = "As the configuration names it")),
    responses(
        (status = 200, description = "It is kept, or there is nothing to keep", body = Value),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The signature is missing or fits no secret", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "It cannot be made durable", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn callback(
    State(app): State<App>,
    Named(connector): Named<String>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let read = read(&app, request).await;
    let (headers, body) = read.inspect_err(|problem| answered(&app, &connector, &problem.code))?;
    let admission = app.setup.door.callback(&Knock {
        name: &connector,
        headers: &headers,
        body: &body,
    });
    admit(&app, &connector, admission, &body, Code::HookUnknownConnector).await
}

async fn read(app: &App, request: Request) -> Result<(Vec<(String, String)>, Bytes), Problem> {
    let headers = pairs(request.headers());
    let body = tokio::time::timeout(BODY_TIME, Bytes::from_request(request, &())).await;
    match body {
        Err(_) => Err(too_slow()),
        Ok(Ok(body)) => Ok((headers, body)),
        Ok(Err(rejection)) => Err(oversized(app, &rejection)),
    }
}

fn oversized(app: &App, rejection: &BytesRejection) -> Problem {
    let max = app.setup.limits.body_max;
    if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        let detail =
            format!("a delivery may have {max} bytes: raise `server.body_max` if orders are really larger");
        return Problem::new(Code::HookOversized, detail);
    }
    Problem::new(
        Code::BadRequest,
        format!("{}: send it again", rejection.body_text()),
    )
}

fn not_kept(error: AcceptError) -> Problem {
    match error {
        AcceptError::Stopped(stopped) => Problem::new(Code::HookUnavailable, stopped.to_string()),
        AcceptError::Encode(error) => Problem::new(Code::HookOversized, error.to_string()),
    }
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &axum::http::HeaderValue| value.to_str().ok().map(str::to_owned);
    headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?)))
        .collect()
}

async fn admit(
    app: &App,
    source: &str,
    admission: Admission,
    body: &[u8],
    unknown: Code,
) -> Result<Json<Value>, Problem> {
    let answer = |answer: &str| answered(app, source, answer);
    match admission {
        Admission::Accept(arrival) => {
            let accepted = app.setup.inbox.accept(arrival, app.now()).await;
            let id = accepted
                .map_err(not_kept)
                .inspect_err(|problem| answer(&problem.code))?;
            answer("kept");
            Ok(Json(json!({ "delivery": id })))
        }
        Admission::Nothing { note } => {
            answer("nothing");
            Ok(Json(json!({ "note": note })))
        }
        Admission::Refuse { why, detail } => {
            let code = match why {
                Refused::Unknown => unknown,
                Refused::Unsigned => Code::HookUnsigned,
                Refused::BadSignature => Code::HookBadSignature,
            };
            answer(code.as_str());
            app.refused.push(RefusedDelivery {
                at: app.now(),
                source: source.chars().take(SOURCE_SHOWN).collect(),
                code: code.as_str().to_owned(),
                detail: detail.clone(),
                size: body.len(),
                start: body.to_vec(),
            });
            Err(Problem::new(code, detail))
        }
    }
}

/// Names that nobody configured share one label, or anybody could make as many as they like.
fn answered(app: &App, source: &str, answer: &str) {
    let source = if app.setup.names.has_source(source) {
        source
    } else {
        ""
    };
    metrics::counter!(meter::DELIVERIES, "source" => source.to_owned(), "answer" => answer.to_owned())
        .increment(1);
}
