//! Incidents: everything that waits for a person.

use amends_engine::Millis;
use amends_runtime::find::Bounds;
use amends_runtime::incident::{self, IncidentQuery, IncidentRow, Snoozed};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::Caller;
use crate::cursor;
use crate::extract::{Limit, Named, Params};
use crate::moment;
use crate::problem::{Code, Problem};
use crate::role::Shops;
use crate::routes::care::NOBODY;
use crate::routes::find::{currency, seconds_since};
use crate::routes::notes::{self, NoteShown};
use crate::routes::orders::Reveal;
use crate::state::App;
use crate::view::{AtRisk, amounts};
use crate::words::{Advice, advice};

/// What incidents are on.
const KINDS: [&str; 4] = ["order", "delivery", "shop", "connector"];

/// What a list is narrowed by.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    /// What they are on
    #[param(pattern = "^(order|delivery|shop|connector)$")]
    on: Option<String>,
    /// The cause, such as `rejected`
    cause: Option<String>,
    /// Who looks after them; `nobody` for those nobody does
    owner: Option<String>,
    /// The shop
    shop: Option<String>,
    /// Opened longer ago than this (`4h`), or before this time (RFC 3339)
    older_than: Option<String>,
    /// Opened within this time (`1d`), or since this time (RFC 3339)
    newer_than: Option<String>,
    /// Money is at risk in this currency
    #[param(pattern = "^[A-Z]{3}$")]
    currency: Option<String>,
    /// At least this is at risk on the order, in minor units
    risk_min: Option<i64>,
    /// At most this is at risk on the order, in minor units
    risk_max: Option<i64>,
    /// Snoozed ones: `hide` (the usual), `only` or `show`
    #[param(pattern = "^(hide|only|show)$")]
    snoozed: Option<String>,
    /// `oldest` (the usual) or `newest`
    #[param(pattern = "^(oldest|newest)$")]
    sort: Option<String>,
    /// Incidents at the most
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<Limit>,
    /// `cursor` of the page before
    #[param(pattern = "^[A-Za-z0-9_-]*$")]
    cursor: Option<String>,
}

/// A page of incidents.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Incidents {
    /// There may be fewer than `limit`, or none, although more follow: see `cursor`.
    incidents: Vec<IncidentShown>,
    /// Where the next page begins; nothing at the end.
    cursor: Option<String>,
}

/// An open incident.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct IncidentShown {
    /// What it is named by in paths: percent-encode it there.
    id: String,
    /// `order`, `delivery`, `shop` or `connector`.
    #[schema(value_type = String)]
    on: &'static str,
    /// Which one: an order, `shop/eu-shop`, `connector/tryton-eu`, `delivery/eu-shop/…`.
    subject: String,
    /// The number the shop shows for the order; empty where it is on none.
    number: String,
    /// The shop; empty for a connector.
    shop: String,
    /// The class of the cause.
    cause: String,
    /// What happened, in a sentence.
    message: String,
    /// What such an incident means, and what to do next.
    #[schema(inline)]
    advice: Advice,
    /// The instance of the order.
    instance: Option<String>,
    /// The step, or `step/item`.
    place: Option<String>,
    /// Since when: RFC 3339, UTC.
    since: String,
    /// How long, in seconds.
    age_s: i64,
    /// How often it was reported.
    times: u64,
    /// What it happened to, newest last.
    about: Vec<String>,
    /// What could still be lost on the order.
    at_risk: Vec<AtRisk>,
    /// Who looks after it.
    owner: Option<String>,
    /// Until when lists leave it out.
    snoozed_until: Option<String>,
}

/// Open incidents, oldest first
#[utoipa::path(get, path = "/incidents", tag = "incidents", params(List), responses((status = 200, body = Incidents)))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(list): Params<List>,
) -> Result<Json<Incidents>, Problem> {
    let page = app.read(move |app| page(app, &list, &caller.shops)).await?;
    Ok(Json(page))
}

fn page(app: &App, list: &List, shops: &Shops) -> Result<Incidents, Problem> {
    let named = List {
        cursor: None,
        limit: None,
        ..list.clone()
    };
    let after = list
        .cursor
        .as_deref()
        .map(|text| cursor::read(&named, text))
        .transpose()?;
    let query = IncidentQuery {
        after,
        ..query(list, shops, app.now())?
    };
    let found = incident::incidents(&app.setup.reader, &query, Bounds::default())?;
    Ok(Incidents {
        incidents: found
            .incidents
            .into_iter()
            .map(|row| shown(row, app.now()))
            .collect(),
        cursor: found.next.map(|at| cursor::written(&named, &at)).transpose()?,
    })
}

fn query(list: &List, shops: &Shops, now: Millis) -> Result<IncidentQuery, Problem> {
    let time = |text: &Option<String>| text.as_deref().map(|text| moment::before(text, now)).transpose();
    let snoozed = match list.snoozed.as_deref() {
        None | Some("hide") => Snoozed::Hide,
        Some("only") => Snoozed::Only,
        Some("show") => Snoozed::Show,
        Some(other) => return Err(wrong("snoozed", other, "hide, only, show")),
    };
    let newest = match list.sort.as_deref() {
        None | Some("oldest") => false,
        Some("newest") => true,
        Some(other) => return Err(wrong("sort", other, "oldest, newest")),
    };
    if let Some(on) = list.on.as_deref().filter(|on| !KINDS.contains(on)) {
        return Err(wrong("on", on, &KINDS.join(", ")));
    }
    let unowned = list.owner.as_deref() == Some(NOBODY);
    Ok(IncidentQuery {
        on: list.on.clone(),
        cause: list.cause.clone(),
        owner: list.owner.clone().filter(|_| !unowned),
        unowned,
        shop: list.shop.clone(),
        shops: shops.names(),
        opened_from_ms: time(&list.newer_than)?.map(|at| at.0),
        opened_before_ms: time(&list.older_than)?.map(|at| at.0),
        currency: currency(list.currency.as_deref())?,
        risk_min: list.risk_min,
        risk_max: list.risk_max,
        snoozed,
        now_ms: now.0,
        newest,
        after: None,
        limit: Limit::or_default(list.limit),
    })
}

fn wrong(name: &str, given: &str, known: &str) -> Problem {
    let detail = format!("`{name}={given}` is none: write one of {known}");
    Problem::new(Code::BadQuery, detail)
}

/// An incident as it is shown.
pub(super) fn shown(row: IncidentRow, now: Millis) -> IncidentShown {
    IncidentShown {
        on: row.on,
        advice: advice(&row.cause),
        since: moment::text(Millis(row.opened_ms)),
        age_s: seconds_since(row.opened_ms, now),
        times: row.times,
        at_risk: amounts(&row.at_risk),
        snoozed_until: row
            .care
            .snoozed_until_ms
            .filter(|until| *until > now.0)
            .map(|until| moment::text(Millis(until))),
        owner: row.care.owner,
        id: row.id,
        subject: row.subject,
        number: row.number,
        shop: row.shop,
        cause: row.cause,
        message: row.message,
        instance: row.instance,
        place: row.place,
        about: row.about,
    }
}

/// Open incidents counted by cause.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ByCause {
    causes: Vec<OfCause>,
}

/// The open incidents of one cause.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct OfCause {
    cause: String,
    /// What such an incident means, and what to do next.
    #[schema(inline)]
    advice: Advice,
    /// How many are open.
    open: usize,
    /// Whether there are more than `open`: counting stopped there.
    more: bool,
    /// Since when the oldest is open: RFC 3339, UTC.
    oldest: String,
}

/// Open incidents counted by cause
#[utoipa::path(get, path = "/incidents/causes", tag = "incidents", responses((status = 200, body = ByCause)))]
pub(crate) async fn causes(State(app): State<App>, caller: Caller) -> Result<Json<ByCause>, Problem> {
    let shops = caller.shops.names();
    let counted = app
        .read(move |app| Ok(incident::causes(&app.setup.reader, shops.as_deref())?))
        .await?;
    let causes = counted.into_iter().map(|counted| OfCause {
        advice: advice(&counted.cause),
        cause: counted.cause,
        open: counted.open,
        more: counted.more,
        oldest: moment::text(Millis(counted.oldest_ms)),
    });
    Ok(Json(ByCause {
        causes: causes.collect(),
    }))
}

/// An incident with its notes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct InFull {
    incident: IncidentShown,
    /// The last notes on what it is on, newest first.
    notes: Vec<NoteShown>,
}

/// One open incident
#[utoipa::path(
    get, path = "/incidents/{id}", tag = "incidents",
    params(("id" = String, Path, description = "Its id, percent-encoded"), Reveal),
    responses((status = 200, body = InFull))
)]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Named(id): Named<String>,
    Params(reveal): Params<Reveal>,
) -> Result<Json<InFull>, Problem> {
    let row = row(&app, &caller, id).await?;
    reveal.note(&app, &caller, &row.subject).await?;
    let full = app.read(move |app| {
        let notes = notes::on(app, &row, reveal.sight())?;
        let incident = shown(row, app.now());
        Ok(InFull { incident, notes })
    });
    Ok(Json(full.await?))
}

/// The open incident `id`, if `caller` may see it.
pub(super) async fn row(app: &App, caller: &Caller, id: String) -> Result<IncidentRow, Problem> {
    let wanted = id.clone();
    let found = app
        .read(move |app| Ok(incident::incident(&app.setup.reader, &wanted)?))
        .await?;
    found
        // What is on a connector concerns all shops.
        .filter(|row| caller.shops.has(&row.shop))
        .ok_or_else(|| {
            let detail = format!("no incident `{id}` is open: `GET /api/v1/incidents` lists those that are");
            Problem::new(Code::NoIncident, detail)
        })
}
