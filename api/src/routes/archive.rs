//! Orders that have left the store for an archive, found by what stands on paper.

use amends_runtime::{Summary, Term, find_archived, read_summary};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

use crate::auth::Caller;
use crate::extract::Params;
use crate::limits::PAGE_MAX;
use crate::problem::{Code, Problem};
use crate::role::Shops;
use crate::state::App;
use crate::view::{self, OrderRow};

/// What an archived order is looked for by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// The number the shop shows, an outside document's number, a refund as `shop/id`, or an instance
    #[param(pattern = "^(number|document|refund|instance)$")]
    by: String,
    /// The number itself, whatever its case
    value: String,
}

impl Wanted {
    fn term(&self) -> Result<Term, Problem> {
        let known = [Term::Number, Term::Document, Term::Refund, Term::Instance];
        let term = known.into_iter().find(|term| term.name() == self.by);
        term.ok_or_else(|| {
            let names = known.map(Term::name).join(", ");
            Problem::new(Code::BadQuery, format!("`by={}` is none of {names}", self.by))
        })
    }
}

/// Archived orders that a number leads to, newest archive first
///
/// Every archive file is asked; the store itself is not.
#[utoipa::path(get, path = "/archive", tag = "orders", params(Wanted), responses((status = 200, body = Value)))]
pub(crate) async fn find(
    State(app): State<App>,
    caller: Caller,
    Params(wanted): Params<Wanted>,
) -> Result<Json<Value>, Problem> {
    let term = wanted.term()?;
    let orders = app
        .read(move |app| rows(app, term, &wanted.value, &caller.shops))
        .await?;
    Ok(Json(json!({ "orders": orders })))
}

fn rows(app: &App, term: Term, value: &str, shops: &Shops) -> Result<Vec<OrderRow>, Problem> {
    let reader = &app.setup.reader;
    let roots = find_archived(reader, term, value, PAGE_MAX)
        .map_err(|error| Problem::new(Code::Store, error.to_string()))?;
    let seen = roots.iter().filter(|root| shops.has_order(root.as_str()));
    let summaries = seen.map(|root| Ok(read_summary(reader, root.as_str())?));
    let summaries: Vec<Option<Summary>> = summaries.collect::<Result<_, Problem>>()?;
    Ok(summaries.iter().flatten().map(view::row).collect())
}
