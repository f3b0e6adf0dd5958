//! Orders in a list: narrowed, sorted, page by page.

#![expect(
    clippy::large_stack_arrays,
    reason = "the derived list of parameters; it is built once, at start"
)]

use amends_engine::{Millis, RootKey};
use amends_runtime::find::{self, Bounds, Count, EmailKey, Position, Query, Sort};
use amends_runtime::{LoadError, State as OrderState, Summary, load_root};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::Caller;
use crate::cursor;
use crate::extract::{Limit, Params};
use crate::limits::WORDS_LOOKED_AT_MAX;
use crate::moment;
use crate::problem::{Code, Problem};
use crate::role::Shops;
use crate::routes::orders::Reveal;
use crate::state::App;
use crate::view::{self, OrderRow};

/// What a list is narrowed by.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    /// Where it stands
    #[param(pattern = "^(idle|moving|stuck|completed|compensated|closed)$")]
    state: Option<String>,
    /// The stage of one of its instances: running, committing, committed, cancelling, compensating, completed, compensated or closed
    stage: Option<String>,
    /// The workflow of one of its instances
    workflow: Option<String>,
    /// A step it stands at
    step: Option<String>,
    /// The shop
    shop: Option<String>,
    /// The cause of an open incident, such as `rejected`
    cause: Option<String>,
    /// The number the shop shows; two shops may share one
    number: Option<String>,
    /// An outside document's number
    document: Option<String>,
    /// An instance's id
    instance: Option<String>,
    /// The buyer's whole e-mail address
    email: Option<String>,
    /// The start of its number, of a document's number, of its key or of an instance's id
    text: Option<String>,
    /// Words in its content, such as the buyer's name; takes the act `reveal` and is audited
    words: Option<String>,
    /// First heard of longer ago than this (`4h`), or before this time (RFC 3339)
    older_than: Option<String>,
    /// First heard of within this time (`1d`), or since this time (RFC 3339)
    newer_than: Option<String>,
    /// Money is at risk in this currency
    #[param(pattern = "^[A-Z]{3}$")]
    currency: Option<String>,
    /// At least this is at risk, in minor units
    risk_min: Option<i64>,
    /// At most this is at risk, in minor units
    risk_max: Option<i64>,
    /// `newest` (the usual), `oldest`, `risk` (most money at risk first), `changed` (last change first) or `stalest`
    #[param(pattern = "^(newest|oldest|risk|changed|stalest)$")]
    sort: Option<String>,
    /// Orders at the most
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<Limit>,
    /// `cursor` of the page before
    #[param(pattern = "^[A-Za-z0-9_-]*$")]
    cursor: Option<String>,
    /// Also tell how many there are
    #[serde(default)]
    count: bool,
}

/// A page of orders.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "`orders` is the public name")]
pub(crate) struct Orders {
    /// In the order asked for. There may be fewer than `limit`, or none, although more follow: see `cursor`.
    orders: Vec<OrderRow>,
    /// Where the next page begins; nothing at the end.
    cursor: Option<String>,
    /// How many there are, where it was asked for.
    count: Option<Counted>,
}

/// How many orders a list has.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Counted {
    number: usize,
    /// `exactly`, `at least` or `at most` so many.
    #[schema(value_type = String)]
    is: &'static str,
}

/// Orders that fit all filters
#[utoipa::path(get, path = "/orders", tag = "orders", params(List), responses((status = 200, body = Orders)))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(list): Params<List>,
) -> Result<Json<Orders>, Problem> {
    let reveal = Reveal {
        reveal: list.words.is_some(),
    };
    reveal.note(&app, &caller, "the content of orders").await?;
    let page = app.read(move |app| page(app, &list, &caller.shops)).await?;
    Ok(Json(page))
}

fn page(app: &App, list: &List, shops: &Shops) -> Result<Orders, Problem> {
    let named = List {
        cursor: None,
        limit: None,
        count: false,
        ..list.clone()
    };
    let after = list
        .cursor
        .as_deref()
        .map(|text| cursor::read(&named, text))
        .transpose()?;
    let query = Query {
        filter: filter(app, list, shops)?,
        sort: sort(list)?,
        after,
        limit: Limit::or_default(list.limit),
    };
    let (found, next) = if let Some(words) = &list.words {
        with_words(app, &query, words)?
    } else {
        let found = find::orders(&app.setup.reader, &query, Bounds::default())?;
        (found.orders, found.next)
    };
    let count = if list.count && list.words.is_none() {
        counted(find::count(&app.setup.reader, &query.filter)?)
    } else {
        None
    };
    Ok(Orders {
        orders: found.iter().map(view::row).collect(),
        cursor: next.map(|at| cursor::written(&named, &at)).transpose()?,
        count,
    })
}

fn counted(count: Count) -> Option<Counted> {
    let (number, is) = match count {
        Count::Exactly(number) => (number, "exactly"),
        Count::AtLeast(number) => (number, "at least"),
        Count::AtMost(number) => (number, "at most"),
        Count::Unknown => return None,
    };
    Some(Counted { number, is })
}

fn sort(list: &List) -> Result<Sort, Problem> {
    let Some(wanted) = &list.sort else {
        return Ok(Sort::Newest);
    };
    let known = Sort::ALL.into_iter().find(|(_, name)| name == wanted);
    known.map(|(sort, _)| sort).ok_or_else(|| {
        let names: Vec<&str> = Sort::ALL.iter().map(|(_, name)| *name).collect();
        wrong("sort", wanted, &names.join(", "))
    })
}

fn wrong(name: &str, given: &str, known: &str) -> Problem {
    Problem::new(
        Code::BadQuery,
        format!("`{name}={given}` is none: write one of {known}"),
    )
}

fn filter(app: &App, list: &List, shops: &Shops) -> Result<find::Filter, Problem> {
    let state = list.state.as_deref().map(|name| {
        OrderState::named(name).ok_or_else(|| {
            let names = OrderState::ALL.map(OrderState::name);
            wrong("state", name, &names.join(", "))
        })
    });
    let now = app.now();
    let time = |text: &Option<String>| text.as_deref().map(|text| moment::before(text, now)).transpose();
    Ok(find::Filter {
        state: state.transpose()?,
        stage: list.stage.clone(),
        workflow: list.workflow.clone(),
        step: list.step.clone(),
        shop: list.shop.clone(),
        shops: shops.names(),
        cause: list.cause.clone(),
        number: list.number.clone(),
        document: list.document.clone(),
        instance: list.instance.clone(),
        email: email(app, list)?,
        text: list.text.clone(),
        created_from_ms: time(&list.newer_than)?.map(|at| at.0),
        created_before_ms: time(&list.older_than)?.map(|at| at.0),
        currency: currency(list.currency.as_deref())?,
        risk_min: list.risk_min,
        risk_max: list.risk_max,
    })
}

/// A currency as a filter names it.
pub(crate) fn currency(given: Option<&str>) -> Result<Option<String>, Problem> {
    let is_code = |text: &str| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    match given {
        Some(text) if !is_code(text) => Err(wrong("currency", text, "EUR, USD, GBP and the like")),
        given => Ok(given.map(str::to_owned)),
    }
}

/// The address as the index has it. Before the first order there is no key, and nothing to find.
fn email(app: &App, list: &List) -> Result<Option<String>, Problem> {
    let Some(address) = &list.email else {
        return Ok(None);
    };
    if address.trim().is_empty() {
        let detail = "`email` is the buyer's whole address: give it, or leave the parameter out";
        return Err(Problem::new(Code::BadQuery, detail));
    }
    let key = EmailKey::read(&app.setup.reader)?;
    Ok(Some(
        key.map_or_else(|| "-".to_owned(), |key| key.digest(address)),
    ))
}

/// Orders whose content has `words`. No index holds what buyers write, so that each order's content is read, and a
/// page ends after some.
fn with_words(app: &App, query: &Query, words: &str) -> Result<(Vec<Summary>, Option<Position>), Problem> {
    let (mut found, mut looked) = (Vec::new(), 0);
    let mut query = query.clone();
    let wanted = std::mem::replace(&mut query.limit, 50);
    let words = words.trim().to_lowercase();
    loop {
        let page = find::orders(&app.setup.reader, &query, Bounds::default())?;
        for order in page.orders {
            looked += 1;
            let at = query.sort.position(&query.filter, &order);
            if has_words(app, &order.root, &words)? {
                found.push(order);
            }
            if found.len() == wanted || looked == WORDS_LOOKED_AT_MAX {
                return Ok((found, at));
            }
        }
        // An empty page with more behind it has cost as much as a full one.
        looked = (looked + 1).min(WORDS_LOOKED_AT_MAX);
        if page.next.is_none() || looked == WORDS_LOOKED_AT_MAX {
            return Ok((found, page.next));
        }
        query.after = page.next;
    }
}

fn has_words(app: &App, root: &str, words: &str) -> Result<bool, LoadError> {
    let loaded = load_root(&app.setup.reader, &RootKey::new(root))?;
    let subject = loaded.and_then(|loaded| loaded.values.get(&loaded.root.subject?).cloned());
    Ok(subject.is_some_and(|subject| subject.to_string().to_lowercase().contains(words)))
}

/// How long ago a time was, in whole seconds.
pub(crate) fn seconds_since(at_ms: i64, now: Millis) -> i64 {
    now.0.saturating_sub(at_ms).max(0) / 1_000
}
