//! Everything that happened to an order, in sentences and as journaled.

use amends_engine::RootKey;
use amends_runtime::history;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::extract::{Named, Params};
use crate::limits::{PAGE_DEFAULT, PAGE_MAX};
use crate::problem::Problem;
use crate::state::App;
use crate::{moment, words};

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
    let shown = app
        .read(move |app| {
            let frames = history(&app.setup.reader, &RootKey::new(root.clone()), part.after, limit)?;
            if frames.is_empty() && part.after == 0 {
                return Err(Problem::no_order(&root));
            }
            let next = part.after + frames.len() as u64;
            let full = frames.len() == limit;
            let entries: Vec<Value> = frames
                .into_iter()
                .flat_map(|(sequence, at, events)| {
                    events.into_iter().map(move |event| {
                        json!({
                            "sequence": sequence,
                            "at": moment::text(at),
                            "words": words::event(&event),
                            "event": format!("{event:?}"),
                        })
                    })
                })
                .collect();
            Ok(json!({ "history": entries, "after": full.then_some(next) }))
        })
        .await?;
    Ok(Json(shown))
}
