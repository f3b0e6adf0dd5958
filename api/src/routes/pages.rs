//! What anybody may read: the OpenAPI document, and a page per error code.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::extract::Named;
use crate::problem::{Code, Problem, explain};
use crate::state::App;

/// This document
#[utoipa::path(
    get, path = "/openapi.json", tag = "health",
    responses((status = 200, description = "The OpenAPI 3.1 document", body = serde_json::Value))
)]
pub(crate) async fn document(State(app): State<App>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], app.document())
}

/// What an error code means and what to do
#[utoipa::path(
    get, path = "/errors/{area}/{code}", tag = "health",
    params(
        ("area" = String, Path, description = "The part before the slash", example = "api"),
        ("code" = String, Path, description = "The part behind it", example = "no-order"),
    ),
    responses((status = 200, description = "Markdown", body = String, content_type = "text/markdown"))
)]
pub(crate) async fn problem(
    Named((area, code)): Named<(String, String)>,
) -> Result<impl IntoResponse, Problem> {
    let page = explain(&format!("{area}/{code}")).ok_or_else(|| {
        let detail = format!("there is no error `{area}/{code}`: docs/errors/README.md lists all");
        Problem::new(Code::NoRoute, detail)
    })?;
    Ok(([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], page))
}
