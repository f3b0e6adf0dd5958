//! Everything that happened to an order, in sentences and as journaled.

use amends_engine::RootKey;
use amends_runtime::{history, load_root};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::extract::{Named, Params};
use crate::limits::{PAGE_DEFAULT, PAGE_MAX};
use crate::problem::Problem;
use crate::state::App;
use crate::words::Teller;
use crate::{moment, view};

/// Which part of the history.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    /// Frames of the order to pass over.
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

/// `GET /api/v1/orders/{root}/history`
pub(crate) async fn list(
    State(app): State<App>,
    Named(root): Named<String>,
    Params(part): Params<Part>,
) -> Result<Json<Value>, Problem> {
    let limit = part.limit.unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_MAX);
    let shown = app.read(move |app| tell(app, root, part.after, limit)).await?;
    Ok(Json(shown))
}

fn tell(app: &App, root: String, after: u64, limit: usize) -> Result<Value, Problem> {
    let key = RootKey::new(root);
    let loaded = load_root(&app.setup.reader, &key)?;
    let loaded = loaded.ok_or_else(|| Problem::no_order(key.as_str()))?;
    let mut teller = Teller::new(app.setup.book.as_ref(), &loaded.root);
    let frames = history(&app.setup.reader, &key, after, limit)?;
    let next = after + frames.len() as u64;
    let full = frames.len() == limit;
    let mut entries = Vec::new();
    for (sequence, at, events) in &frames {
        for event in events {
            entries.push(json!({
                "sequence": sequence,
                "at": moment::text(*at),
                "words": teller.tell(event),
                "event": view::event(event),
            }));
        }
    }
    Ok(json!({ "history": entries, "after": full.then_some(next) }))
}
