//! Everything that happened to an order, in sentences and as journaled.

use amends_engine::RootKey;
use amends_runtime::{history, load_root};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::extract::{After, Limit, Named, Params};
use crate::problem::Problem;
use crate::state::App;
use crate::words::Teller;
use crate::{moment, view};

/// Which part of the history.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Part {
    /// Decisions about the order to pass over; `after` of the page before
    #[serde(default)]
    #[param(value_type = u64, minimum = 0)]
    after: After,
    /// Decisions at the most
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<Limit>,
}

/// Part of what happened to an order.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct History {
    history: Vec<Entry>,
    /// Where the next page begins; nothing at the end.
    after: Option<u64>,
}

impl History {
    /// Whether nothing is left behind it.
    pub(super) fn is_complete(&self) -> bool {
        self.after.is_none()
    }
}

/// One event.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Entry {
    /// Position in the log of the decision it belongs to.
    sequence: u64,
    /// When: RFC 3339, UTC.
    at: String,
    /// In a sentence.
    words: String,
    /// As it is journaled.
    #[schema(value_type = Object)]
    event: Value,
}

/// Everything that happened to an order, oldest first
#[utoipa::path(
    get, path = "/orders/{root}/history", tag = "orders",
    params(("root" = String, Path, description = "The order: `shop:id`"), Part),
    responses((status = 200, body = History))
)]
pub(crate) async fn list(
    State(app): State<App>,
    Named(root): Named<String>,
    Params(part): Params<Part>,
) -> Result<Json<History>, Problem> {
    let limit = Limit::or_default(part.limit);
    let shown = app.read(move |app| tell(app, root, part.after.0, limit)).await?;
    Ok(Json(shown))
}

pub(super) fn tell(app: &App, root: String, after: u64, limit: usize) -> Result<History, Problem> {
    let key = RootKey::new(root);
    let loaded = load_root(&app.setup.reader, &key)?;
    let loaded = loaded.ok_or_else(|| Problem::no_order(key.as_str()))?;
    let mut teller = Teller::new(app.setup.book.as_ref(), &loaded.root);
    let frames = history(&app.setup.reader, &key, after, limit)?;
    let next = after.saturating_add(frames.len() as u64);
    let full = frames.len() == limit;
    let mut entries = Vec::new();
    for (sequence, at, events) in &frames {
        for event in events {
            entries.push(Entry {
                sequence: *sequence,
                at: moment::text(*at),
                words: teller.tell(event),
                event: view::event(event),
            });
        }
    }
    Ok(History {
        history: entries,
        after: full.then_some(next),
    })
}
