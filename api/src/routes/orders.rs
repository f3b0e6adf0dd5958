//! One order in full.

use amends_engine::RootKey;
use amends_runtime::{is_archived, load_root, read_summary};
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::audit::Line;
use crate::auth::Caller;
use crate::extract::{Named, Params};
use crate::mask::Sight;
use crate::problem::Problem;
use crate::role::Act;
use crate::routes::notes;
use crate::state::App;
use crate::view::{self, OrderInFull};
use crate::words::Teller;

/// Whether personal data is wanted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Reveal {
    /// Show personal data; audited
    #[serde(default)]
    pub(crate) reveal: bool,
}

impl Reveal {
    pub(crate) fn sight(&self) -> Sight {
        if self.reveal {
            Sight::Revealed
        } else {
            Sight::Masked
        }
    }

    /// Notes in the audit trail that personal data of `subject` was shown.
    pub(crate) async fn note(&self, app: &App, caller: &Caller, subject: &str) -> Result<(), Problem> {
        if !self.reveal {
            return Ok(());
        }
        caller.must(app, Act::Reveal, subject).await?;
        app.audit
            .record(&Line::new(app.now(), &caller.name, Act::Reveal.name(), subject))
            .await
    }
}

/// One order in full
#[utoipa::path(
    get, path = "/orders/{root}", tag = "orders",
    params(("root" = String, Path, description = "The order: `shop:id`"), Reveal),
    responses((status = 200, body = OrderInFull))
)]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Named(root): Named<String>,
    Params(reveal): Params<Reveal>,
) -> Result<impl IntoResponse, Problem> {
    reveal.note(&app, &caller, &root).await?;
    let shown = app.read(move |app| in_full(app, &root, reveal.sight())).await?;
    let tag = format!("\"{}\"", shown.revision);
    Ok(([(header::ETAG, tag)], Json(shown)))
}

pub(super) fn in_full(app: &App, root: &str, sight: Sight) -> Result<OrderInFull, Problem> {
    let loaded = load_root(&app.setup.reader, &RootKey::new(root))?;
    let loaded = loaded.ok_or_else(|| Problem::no_order(root))?;
    let row = read_summary(&app.setup.reader, root)?;
    let teller = Teller::new(app.setup.book.as_ref(), &loaded.root);
    let notes = notes::of_order(app, &loaded.root, sight)?;
    let archived = is_archived(&app.setup.reader, &loaded.root.key)?;
    let mut shown = view::order(&loaded, row.as_ref(), notes, &teller, sight);
    shown.archived = archived;
    Ok(shown)
}
