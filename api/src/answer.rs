//! The outermost layer: a correlation id on every answer, and one shape for every error.

use std::time::{Duration, Instant};

use amends_runtime::meter;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::{Code, Problem};
use crate::repeat::REPLAYED;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the answer its correlation id, and every error its body.
pub(crate) async fn dress(request: Request, next: Next) -> Response {
    let id = correlation(request.headers());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let began = Instant::now();
    let response = next.run(request).await;
    let status = response.status();
    count(&method, route.as_ref(), status, began.elapsed());
    let mut response = if status.is_client_error() || status.is_server_error() {
        problem(response, &method, &path, &id)
    } else {
        response
    };
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Paths that are no route share one label, or anybody could make as many as they like.
fn count(method: &Method, route: Option<&MatchedPath>, status: StatusCode, took: Duration) {
    let route = route.map_or("none", MatchedPath::as_str).to_owned();
    let status = status.as_str().to_owned();
    // Standard methods only, for the same reason.
    let method = match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    };
    metrics::histogram!(meter::HTTP_SECONDS, "route" => route.clone()).record(took.as_secs_f64());
    metrics::counter!(meter::HTTP, "method" => method, "route" => route, "status" => status).increment(1);
}

fn problem(mut bare: Response, method: &Method, path: &str, id: &str) -> Response {
    let named = bare.extensions_mut().remove::<Problem>();
    let mut problem = named.unwrap_or_else(|| unnamed(bare.status(), method, path));
    problem.instance = format!("urn:request:{id}");
    if problem.status >= 500 {
        tracing::error!(id, %method, path, code = %problem.code, detail = problem.detail, "a request failed");
    } else {
        tracing::debug!(id, %method, path, code = %problem.code, "a request was refused");
    }
    let body = serde_json::to_string(&problem).unwrap_or_default();
    let mut response = (bare.status(), body).into_response();
    let headers = response.headers_mut();
    for name in [
        header::ALLOW,
        header::RETRY_AFTER,
        header::WWW_AUTHENTICATE,
        REPLAYED,
    ] {
        if let Some(value) = bare.headers().get(&name) {
            headers.insert(name, value.clone());
        }
    }
    let form = HeaderValue::from_static("application/problem+json");
    headers.insert(header::CONTENT_TYPE, form);
    response
}

/// Errors that come from the router, not from a handler.
fn unnamed(status: StatusCode, method: &Method, path: &str) -> Problem {
    let inbound = path.starts_with("/hooks/") || path.starts_with("/callbacks/");
    match status {
        StatusCode::NOT_FOUND => {
            let detail = format!("there is nothing at `{path}`: docs/api.md lists the paths");
            Problem::new(Code::NoRoute, detail)
        }
        StatusCode::METHOD_NOT_ALLOWED if inbound => Problem::new(
            Code::HookMethod,
            format!("`{path}` takes POST with the signed body, not {method}"),
        ),
        StatusCode::METHOD_NOT_ALLOWED => Problem::new(
            Code::Method,
            format!("`{path}` does not take {method}: the header Allow names the methods it takes"),
        ),
        StatusCode::BAD_REQUEST => Problem::new(
            Code::BadRequest,
            "compare the request with the examples in docs/api.md",
        ),
        _ => Problem::internal(),
    }
}

/// The sender's own id where it is short and plain, so that one id follows a request through several systems.
fn correlation(headers: &HeaderMap) -> String {
    let plain = |id: &&str| {
        (8..=64).contains(&id.len())
            && id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
    given
        .filter(plain)
        .map_or_else(|| uuid::Uuid::now_v7().simple().to_string(), ToOwned::to_owned)
}
