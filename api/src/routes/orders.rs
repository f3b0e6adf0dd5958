//! Orders: found by state, cause, number or document, and one in full.

use amends_engine::RootKey;
use amends_runtime::{State as OrderState, Summary, load_root, read_summary};
use amends_storage::{Direction, Key, Prefix, Span, Store as _};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::audit::Line;
use crate::auth::Caller;
use crate::extract::{Named, Params};
use crate::limits::{LOOKED_AT_MAX, PAGE_DEFAULT, PAGE_MAX};
use crate::problem::{Code, Problem};
use crate::state::App;
use crate::view;

/// What a list is narrowed by.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    state: Option<String>,
    cause: Option<String>,
    number: Option<String>,
    document: Option<String>,
    shop: Option<String>,
    limit: Option<usize>,
    /// The last order of the page before.
    cursor: Option<String>,
}

/// `GET /api/v1/orders`
pub(crate) async fn list(
    State(app): State<App>,
    Params(filter): Params<Filter>,
) -> Result<Json<Value>, Problem> {
    check(&filter)?;
    let (orders, cursor) = app.read(move |app| find(app, &filter)).await?;
    Ok(Json(json!({ "orders": orders, "cursor": cursor })))
}

fn check(filter: &Filter) -> Result<(), Problem> {
    let known: Vec<&str> = OrderState::ALL.iter().map(|state| state.name()).collect();
    match &filter.state {
        Some(state) if !known.contains(&state.as_str()) => Err(Problem::new(
            Code::BadQuery,
            format!("`state={state}` is none: write one of {}", known.join(", ")),
        )),
        Some(_) | None => Ok(()),
    }
}

/// The narrowest index serves; the other filters look at each summary.
fn find(app: &App, filter: &Filter) -> Result<(Vec<Value>, Option<String>), Problem> {
    let limit = filter.limit.unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_MAX);
    let (span, index) = span(filter);
    let mut rest = Some(after(span, index, filter.cursor.as_deref()));
    let (mut found, mut looked) = (Vec::new(), 0);
    while let Some(span) = rest.take() {
        let page = app.setup.reader.scan(&span, PAGE_MAX, Direction::Ascending)?;
        for (key, _) in &page.entries {
            let (Key::Index { root, .. } | Key::Root(root)) = key else {
                continue;
            };
            looked += 1;
            let Some(summary) = read_summary(&app.setup.reader, root)? else {
                continue;
            };
            if fits(filter, &summary) {
                found.push(view::summary(&summary));
            }
            if found.len() == limit || looked == LOOKED_AT_MAX {
                return Ok((found, Some(root.clone())));
            }
        }
        rest = page.rest;
    }
    Ok((found, None))
}

fn span(filter: &Filter) -> (Span, Option<(&'static str, String)>) {
    let narrow = [
        ("number", &filter.number),
        ("document", &filter.document),
        ("cause", &filter.cause),
        ("state", &filter.state),
    ];
    match narrow
        .into_iter()
        .find_map(|(name, value)| Some((name, value.clone()?)))
    {
        Some((name, value)) => (Span::index(name, &value), Some((name, value))),
        None => (Span::all(Prefix::Root), None),
    }
}

fn after(span: Span, index: Option<(&'static str, String)>, cursor: Option<&str>) -> Span {
    let Some(root) = cursor.map(str::to_owned) else {
        return span;
    };
    let key = match index {
        Some((name, value)) => Key::Index {
            name: name.to_owned(),
            value,
            root,
        },
        None => Key::Root(root),
    };
    span.after(&key)
}

fn fits(filter: &Filter, summary: &Summary) -> bool {
    let is = |wanted: &Option<String>, has: &str| wanted.as_ref().is_none_or(|wanted| wanted == has);
    let among =
        |wanted: &Option<String>, has: &[String]| wanted.as_ref().is_none_or(|wanted| has.contains(wanted));
    is(&filter.state, summary.state.name())
        && is(&filter.number, &summary.number)
        && is(&filter.shop, summary.root.split(':').next().unwrap_or_default())
        && among(&filter.cause, &summary.causes)
        && among(&filter.document, &summary.documents)
}

/// Whether personal data is wanted.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reveal {
    #[serde(default)]
    pub(crate) reveal: bool,
}

impl Reveal {
    /// Notes in the audit trail that personal data of `subject` was shown.
    pub(crate) async fn note(&self, app: &App, caller: &Caller, subject: &str) -> Result<(), Problem> {
        if !self.reveal {
            return Ok(());
        }
        caller.must_operate("revealing personal data")?;
        app.audit
            .record(&Line::new(app.now(), &caller.name, "reveal", subject))
            .await
    }
}

/// `GET /api/v1/orders/{root}`
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Named(root): Named<String>,
    Params(reveal): Params<Reveal>,
) -> Result<Json<Value>, Problem> {
    reveal.note(&app, &caller, &root).await?;
    let shown = app
        .read(move |app| {
            let loaded = load_root(&app.setup.reader, &RootKey::new(root.clone()))?;
            let loaded = loaded.ok_or_else(|| Problem::no_order(&root))?;
            let summary = read_summary(&app.setup.reader, &root)?;
            Ok(view::order(app, &loaded, summary.as_ref(), reveal.reveal))
        })
        .await?;
    Ok(Json(shown))
}
