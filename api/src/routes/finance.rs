//! The trial balance by shop, day and currency, and the orders behind it.

use amends_engine::Millis;
use amends_runtime::books::{self, Day, DaysError, Row};
use amends_runtime::find::Position;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::Caller;
use crate::cursor;
use crate::extract::{Limit, Named, Params};
use crate::finance::{Balance, balances, written};
use crate::limits::DAYS_SUMMED_MAX;
use crate::problem::{Code, Problem};
use crate::state::App;

/// Which days.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Range {
    /// The first day, UTC; today where none is named
    #[param(pattern = r"^\d{4}-\d{2}-\d{2}$")]
    from: Option<String>,
    /// The last day; the first where none is named
    #[param(pattern = r"^\d{4}-\d{2}-\d{2}$")]
    to: Option<String>,
    /// One shop only
    shop: Option<String>,
    /// `json` (the usual) or `csv`
    #[param(pattern = "^(json|csv)$")]
    format: Option<String>,
}

/// The trial balance of some days.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Books {
    /// The first day, UTC.
    from: String,
    /// The last day.
    to: String,
    /// Days on which something moved.
    days: Vec<BookDay>,
    /// All of them together, one per currency.
    total: Vec<Balance>,
}

/// One shop on one day.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct BookDay {
    shop: String,
    /// UTC.
    day: String,
    /// Orders in which something moved.
    orders: usize,
    /// One per currency.
    balances: Vec<Balance>,
}

/// The trial balance by shop, day and currency
#[utoipa::path(
    get, path = "/finance/days", tag = "finance",
    params(Range),
    responses(
        (status = 200, description = "As JSON, or as CSV where it was asked for", content(
            (Books = "application/json"),
            (String = "text/csv"),
        )),
        (status = 404, description = "The configuration knows no such shop, or the token does not show it", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn days(
    State(app): State<App>,
    caller: Caller,
    Params(range): Params<Range>,
) -> Result<Response, Problem> {
    let from = day(range.from.as_deref(), "from")?.unwrap_or_else(|| Day::of(app.now()));
    let to = day(range.to.as_deref(), "to")?.unwrap_or(from);
    let count = from.count_to(to);
    if count == 0 || count > DAYS_SUMMED_MAX {
        let detail = format!(
            "`to` is on `from` or up to {} days behind it",
            DAYS_SUMMED_MAX - 1
        );
        return Err(Problem::new(Code::BadQuery, detail));
    }
    let shops = shops(&app, &caller, range.shop)?;
    let rows = app
        .read(move |app| books::days(&app.setup.reader, &shops, from, to).map_err(Problem::from))
        .await?;
    let mut all = Row::default();
    for row in &rows {
        all.merge(&row.row);
    }
    let books = Books {
        from: from.to_string(),
        to: to.to_string(),
        days: rows
            .into_iter()
            .map(|row| BookDay {
                shop: row.shop,
                day: row.day.to_string(),
                orders: row.orders,
                balances: balances(&row.row),
            })
            .collect(),
        total: balances(&all),
    };
    match range.format.as_deref() {
        None | Some("json") => Ok(Json(books).into_response()),
        Some("csv") => csv(&books),
        Some(other) => {
            let detail = format!("there is no format `{other}`: it is `json` or `csv`");
            Err(Problem::new(Code::BadQuery, detail))
        }
    }
}

fn csv(books: &Books) -> Result<Response, Problem> {
    let lines = books.days.iter().flat_map(|day| {
        let balances = day.balances.iter();
        balances.map(|balance| (day.shop.as_str(), day.day.clone(), balance))
    });
    let text = written(lines).map_err(|error| {
        tracing::error!(%error, "the books cannot be written as CSV");
        Problem::internal()
    })?;
    let name = format!("attachment; filename=\"amends-{}-{}.csv\"", books.from, books.to);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, text).into_response())
}

/// Which orders.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Part {
    /// Orders at the most
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<Limit>,
    /// `cursor` of the page before
    #[param(pattern = "^[A-Za-z0-9_-]*$")]
    cursor: Option<String>,
}

/// The orders of a day.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct BookOrders {
    orders: Vec<BookOrder>,
    /// Where the next page begins; nothing at the end.
    cursor: Option<String>,
}

/// What moved in one order on a day.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct BookOrder {
    /// The order: `shop:id`.
    root: String,
    /// One per currency.
    balances: Vec<Balance>,
}

/// The orders behind one day of the trial balance
#[utoipa::path(
    get, path = "/finance/days/{source}/{day}", tag = "finance",
    params(
        ("source" = String, Path, description = "The shop"),
        ("day" = String, Path, description = "The day, UTC", pattern = r"^\d{4}-\d{2}-\d{2}$"),
        Part,
    ),
    responses((status = 200, body = BookOrders))
)]
pub(crate) async fn orders(
    State(app): State<App>,
    Named((shop, of)): Named<(String, String)>,
    Params(part): Params<Part>,
) -> Result<Json<BookOrders>, Problem> {
    if !app.setup.names.shops.contains(&shop) {
        return Err(Problem::no_source(&shop));
    }
    let day = day(Some(&of), "day")?.unwrap_or_else(|| Day::of(Millis::ZERO));
    let list = ("books", shop.clone(), of);
    let after = part.cursor.as_deref().map(|text| cursor::read(&list, text));
    let after = after.transpose()?.map(|at| at.id);
    let limit = Limit::or_default(part.limit);
    let (rows, more) = app
        .read(move |app| {
            let read = books::orders(&app.setup.reader, &shop, day, after.as_deref(), limit);
            read.map_err(Problem::from)
        })
        .await?;
    let end = rows.last().filter(|_| more).map(|row| Position {
        key: String::new(),
        id: row.root.clone(),
    });
    let cursor = end.map(|at| cursor::written(&list, &at)).transpose()?;
    let orders = rows.into_iter().map(|order| BookOrder {
        balances: balances(&order.row),
        root: order.root,
    });
    Ok(Json(BookOrders {
        orders: orders.collect(),
        cursor,
    }))
}

fn day(text: Option<&str>, name: &str) -> Result<Option<Day>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let day = Day::parse(text).ok_or_else(|| {
        let detail = format!("`{name}` is no day: write 2026-11-25");
        Problem::new(Code::BadQuery, detail)
    })?;
    Ok(Some(day))
}

/// The shops a caller sees; the one named, or all.
fn shops(app: &App, caller: &Caller, named: Option<String>) -> Result<Vec<String>, Problem> {
    let sees = |shop: &&String| caller.shops.has(shop);
    let Some(shop) = named else {
        return Ok(app.setup.names.shops.iter().filter(sees).cloned().collect());
    };
    if app.setup.names.shops.contains(&shop) && caller.shops.has(&shop) {
        Ok(vec![shop])
    } else {
        Err(Problem::no_source(&shop))
    }
}

impl From<DaysError> for Problem {
    fn from(error: DaysError) -> Self {
        match error {
            DaysError::Read(error) => error.into(),
            DaysError::TooMany => Self::new(Code::BadQuery, error.to_string()),
        }
    }
}
