//! Orders: found by state, cause, number or document, and one in full.

use amends_engine::RootKey;
use amends_engine::root::Note;
use amends_runtime::{State as OrderState, Summary, is_archived, load_root, load_value, read_summary};
use amends_storage::{Direction, Key, Prefix, Span, Store as _};
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

use crate::audit::Line;
use crate::auth::Caller;
use crate::extract::{Limit, Named, Params};
use crate::limits::{LOOKED_AT_MAX, PAGE_MAX};
use crate::mask::{self, Sight};
use crate::moment;
use crate::problem::{Code, Problem};
use crate::role::{Act, Shops};
use crate::state::App;
use crate::view;
use crate::words::Teller;

/// What a list is narrowed by.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Where it stands
    #[param(pattern = "^(idle|moving|stuck|completed|compensated|closed)$")]
    state: Option<String>,
    /// The cause of an open incident, such as `rejected`
    cause: Option<String>,
    /// The number the shop shows
    number: Option<String>,
    /// An outside document's number
    document: Option<String>,
    /// The shop
    shop: Option<String>,
    /// Orders at the most
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<Limit>,
    /// `cursor` of the page before
    #[param(pattern = "^[A-Za-z0-9_-]*$")]
    cursor: Option<String>,
}

/// Orders that fit all filters
#[utoipa::path(get, path = "/orders", tag = "orders", params(Filter), responses((status = 200, body = Value)))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(filter): Params<Filter>,
) -> Result<Json<Value>, Problem> {
    check(&filter)?;
    let page = app.read(move |app| find(app, &filter, &caller.shops)).await?;
    Ok(Json(page))
}

fn find(app: &App, filter: &Filter, shops: &Shops) -> Result<Value, Problem> {
    let (found, cursor) = select(app, filter, shops)?;
    let orders: Vec<Value> = found.iter().map(view::summary).collect();
    Ok(json!({ "orders": orders, "cursor": cursor }))
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

impl Filter {
    /// One as large as a page may be.
    pub(crate) fn narrowed(
        state: Option<&str>,
        cause: Option<&str>,
        shop: Option<&str>,
        cursor: Option<String>,
    ) -> Self {
        Self {
            state: state.map(ToOwned::to_owned),
            cause: cause.map(ToOwned::to_owned),
            shop: shop.map(ToOwned::to_owned),
            limit: Some(Limit::MAX),
            cursor,
            ..Self::default()
        }
    }
}

/// The narrowest index serves; the other filters look at each summary. Pages go from the highest key down, and
/// each page is in order of the last change.
pub(crate) fn select(
    app: &App,
    filter: &Filter,
    shops: &Shops,
) -> Result<(Vec<Summary>, Option<String>), Problem> {
    check(filter)?;
    let limit = Limit::or_default(filter.limit);
    let before = filter.cursor.as_deref().map(opened).transpose()?;
    let mut rest = Some(span(filter, before));
    let (mut found, mut looked, mut last) = (Vec::new(), 0, None);
    'pages: while let Some(span) = rest.take() {
        let page = app.setup.reader.scan(&span, PAGE_MAX, Direction::Descending)?;
        for (key, _) in &page.entries {
            let (Key::Index { root, .. } | Key::Root(root)) = key else {
                continue;
            };
            looked += 1;
            if shops.has_order(root) {
                let summary = read_summary(&app.setup.reader, root)?;
                found.extend(summary.filter(|summary| fits(filter, summary)));
            }
            if found.len() == limit || looked == LOOKED_AT_MAX {
                last = Some(root.clone());
                break 'pages;
            }
        }
        rest = page.rest;
    }
    found.sort_by_key(|summary| std::cmp::Reverse(summary.updated_ms));
    Ok((found, last.map(|root| URL_SAFE_NO_PAD.encode(root))))
}

fn span(filter: &Filter, before: Option<String>) -> Span {
    let narrow = [
        ("number", &filter.number),
        ("document", &filter.document),
        ("cause", &filter.cause),
        ("state", &filter.state),
    ];
    let index = narrow
        .into_iter()
        .find_map(|(name, value)| Some((name, value.as_ref()?)));
    let whole = match (index, &filter.shop) {
        (Some((name, value)), _) => Span::index(name, value),
        (None, Some(shop)) => Span::starting(Prefix::Root, &format!("{shop}:")),
        (None, None) => Span::all(Prefix::Root),
    };
    match (before, index) {
        (None, _) => whole,
        (Some(root), None) => whole.before(&Key::Root(root)),
        (Some(root), Some((name, value))) => whole.before(&Key::Index {
            name: name.to_owned(),
            value: value.clone(),
            root,
        }),
    }
}

/// The order a cursor names.
fn opened(cursor: &str) -> Result<String, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| {
            let detail = format!(
                "`{cursor}` is no cursor: take it from `cursor` of the page before, or start without one"
            );
            Problem::new(Code::BadCursor, detail)
        })
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
    responses((status = 200, body = Value))
)]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Named(root): Named<String>,
    Params(reveal): Params<Reveal>,
) -> Result<impl IntoResponse, Problem> {
    reveal.note(&app, &caller, &root).await?;
    let shown = app.read(move |app| in_full(app, &root, reveal.sight())).await?;
    let tag = format!("\"{}\"", shown.get("revision").unwrap_or(&Value::Null));
    Ok(([(header::ETAG, tag)], Json(shown)))
}

fn in_full(app: &App, root: &str, sight: Sight) -> Result<Value, Problem> {
    let loaded = load_root(&app.setup.reader, &RootKey::new(root))?;
    let loaded = loaded.ok_or_else(|| Problem::no_order(root))?;
    let row = read_summary(&app.setup.reader, root)?;
    let teller = Teller::new(app.setup.book.as_ref(), &loaded.root);
    let mut shown = view::order(&loaded, row.as_ref(), &teller, sight);
    if let Some(fields) = shown.as_object_mut() {
        let notes = loaded
            .root
            .notes
            .iter()
            .map(|note| left(app, &loaded.root.key, note, sight));
        fields.insert("notes".to_owned(), notes.collect::<Result<Value, Problem>>()?);
        let archived = is_archived(&app.setup.reader, &loaded.root.key)?;
        fields.insert("archived".to_owned(), archived.into());
    }
    Ok(shown)
}

/// What somebody left with the order; it may name people.
fn left(app: &App, root: &RootKey, note: &Note, sight: Sight) -> Result<Value, Problem> {
    let text = load_value(&app.setup.reader, root, &note.text)?;
    Ok(json!({
        "at": moment::text(note.at),
        "by": note.by,
        "text": mask::json(&text, sight),
    }))
}
