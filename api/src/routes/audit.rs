//! The audit trail, oldest first.

use amends_engine::Millis;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::audit::{Line, read};
use crate::extract::{After, Limit, Params};
use crate::moment;
use crate::problem::Problem;
use crate::state::App;

/// Which part of the trail.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Part {
    /// Lines after this position; `after` of the page before
    #[serde(default)]
    #[param(value_type = u64, minimum = 0)]
    after: After,
    /// Lines at the most
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<Limit>,
}

/// Part of the audit trail.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Trail {
    lines: Vec<AuditLine>,
    /// Where the next page begins; nothing at the end.
    after: Option<u64>,
}

/// Who did what.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct AuditLine {
    position: u64,
    /// When: RFC 3339, UTC.
    at: String,
    /// The name of a token, or `console` for the command line beside the store.
    actor: String,
    /// An act, `denied` where the role forbade one, or `refused` where the order did.
    action: String,
    /// An order, a delivery, a connector, a path.
    subject: String,
    /// Why, or what came of it.
    detail: String,
}

/// The audit trail, oldest first
#[utoipa::path(get, path = "/audit", tag = "people", params(Part), responses((status = 200, body = Trail)))]
pub(crate) async fn list(State(app): State<App>, Params(part): Params<Part>) -> Result<Json<Trail>, Problem> {
    let limit = Limit::or_default(part.limit);
    let lines = app
        .read(move |app| Ok(read(&app.setup.reader, part.after.0.saturating_add(1), limit)?))
        .await?;
    let last = lines.last().map(|(position, _)| *position);
    Ok(Json(Trail {
        after: last.filter(|_| lines.len() == limit),
        lines: lines.into_iter().map(entry).collect(),
    }))
}

fn entry((position, line): (u64, Line)) -> AuditLine {
    AuditLine {
        position,
        at: moment::text(Millis(line.at_ms)),
        actor: line.actor,
        action: line.action,
        subject: line.subject,
        detail: line.detail,
    }
}
