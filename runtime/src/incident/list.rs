//! All incidents in one list.

use amends_storage::{Direction, ReadError, Span, Store};

use super::{Care, KINDS, ORDER, Origin, care_of, open_incident, order_of, subject_of};
use crate::find::{Bounds, COUNTED_MAX, Position, Range, Reads, Source, Stream, index, walk};
use crate::summary::{IncidentSummary, Money, Summary, read_summary, shop_of};

/// Causes told apart in [`causes`] at the most; a store has some thirty.
const CAUSES_MAX: usize = 200;

/// Which snoozed incidents are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Snoozed {
    /// None.
    #[default]
    Hide,
    /// Only those.
    Only,
    /// As well.
    Show,
}

/// Which page of which incidents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IncidentQuery {
    /// What they are on: `order`, `delivery`, `shop`, `connector`.
    pub on: Option<String>,
    /// The class of the cause.
    pub cause: Option<String>,
    /// Who looks after them.
    pub owner: Option<String>,
    /// Nobody looks after them.
    pub unowned: bool,
    /// The shop they concern.
    pub shop: Option<String>,
    /// Their shop is one of these: what the asker may see. Incidents on connectors concern all shops and are left out.
    pub shops: Option<Vec<String>>,
    /// Opened at this time or later: Unix milliseconds, UTC.
    pub opened_from_ms: Option<i64>,
    /// Opened before this time.
    pub opened_before_ms: Option<i64>,
    /// Money is at risk in this currency.
    pub currency: Option<String>,
    /// At least this is at risk on the order, in minor units.
    pub risk_min: Option<i64>,
    /// At most this is at risk on the order.
    pub risk_max: Option<i64>,
    /// What becomes of snoozed ones.
    pub snoozed: Snoozed,
    /// Now, for what is snoozed: Unix milliseconds, UTC.
    pub now_ms: i64,
    /// Newest first, and not oldest first.
    pub newest: bool,
    /// Where the page before ended.
    pub after: Option<Position>,
    /// Rows at the most.
    pub limit: usize,
}

/// An open incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentRow {
    /// Its id.
    pub id: String,
    /// What it is on: `order`, `delivery`, `shop`, `connector`.
    pub on: &'static str,
    /// What it is on; `None` for an order.
    pub origin: Option<Origin>,
    /// Which one: an order's key, `shop/eu-shop`, `connector/tryton-eu`, `delivery/eu-shop/{id}`.
    pub subject: String,
    /// The shop it concerns; empty for a connector.
    pub shop: String,
    /// The class of the cause.
    pub cause: String,
    /// A sentence for people.
    pub message: String,
    /// Since when: Unix milliseconds, UTC.
    pub opened_ms: i64,
    /// How often it was reported.
    pub times: u64,
    /// What it happened to, newest last; empty on an order.
    pub about: Vec<String>,
    /// The number the shop shows for the order; empty when it is on none.
    pub number: String,
    /// The instance, of an incident on an order.
    pub instance: Option<String>,
    /// The step, or `step/item`.
    pub place: Option<String>,
    /// What is at risk on the order.
    pub at_risk: Vec<Money>,
    /// Who looks after it.
    pub care: Care,
}

/// A page of incidents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentsFound {
    /// Rows in the order of the list. There may be fewer than wanted although more follow.
    pub incidents: Vec<IncidentRow>,
    /// Where to go on; `None` when nothing is left.
    pub next: Option<Position>,
}

/// How many incidents one cause has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Causes {
    /// The class of the cause.
    pub cause: String,
    /// How many are open.
    pub open: usize,
    /// Whether there are more than that: counting stopped there.
    pub more: bool,
    /// Since when the oldest is open: Unix milliseconds, UTC.
    pub oldest_ms: i64,
}

/// One page of incidents, at the cost that `bounds` allow.
///
/// # Errors
/// [`ReadError`] when the store failed or an entry is damaged.
pub fn incidents<S: Store>(
    store: &S,
    query: &IncidentQuery,
    bounds: Bounds,
) -> Result<IncidentsFound, ReadError> {
    let reads = Reads::new(store, bounds);
    let direction = if query.newest {
        Direction::Descending
    } else {
        Direction::Ascending
    };
    let range = Range {
        low: query.opened_from_ms.map(index::time_key),
        high: query.opened_before_ms.map(index::time_key),
    };
    let begin = range.begin(direction, query.after.as_ref());
    let mut sources = sources(query, direction, begin.as_ref());
    // Incidents of one order follow each other.
    let mut last: Option<Summary> = None;
    let walked = walk(&reads, &mut sources, direction, &range, query.limit, |at| {
        reads.note(1);
        let row = row(&reads, &mut last, &at.id)?;
        Ok(row.filter(|row| fits(query, row) && index::time_key(row.opened_ms) == at.key))
    })?;
    Ok(IncidentsFound {
        incidents: walked.rows,
        next: walked.next,
    })
}

/// The open incident `id`.
///
/// # Errors
/// [`ReadError`] when the store failed or an entry is damaged.
pub fn incident<S: Store>(store: &S, id: &str) -> Result<Option<IncidentRow>, ReadError> {
    row(&Reads::new(store, Bounds::default()), &mut None, id)
}

/// Open incidents by cause, in order of its name; of `shops` alone where they are given, without what is on connectors.
///
/// # Errors
/// [`ReadError`] when the store failed.
pub fn causes<S: Store>(store: &S, shops: Option<&[String]>) -> Result<Vec<Causes>, ReadError> {
    let mut found: Vec<Causes> = Vec::new();
    let mut rest = index::text_span(index::INCIDENT_CAUSE, "");
    for _ in 0..CAUSES_MAX {
        let page = store.scan(&rest, 1, Direction::Ascending)?;
        let Some((key, _)) = page.entries.into_iter().next() else {
            break;
        };
        let cause = index::facet_of(&key).unwrap_or_default().to_owned();
        // Keys are hexadecimal, so that this stands behind all of them.
        rest = rest.after(&index::entry(index::INCIDENT_CAUSE, &cause, "~", ""));
        let spans = shops.map_or_else(
            || vec![index::facet_span(index::INCIDENT_CAUSE, &cause)],
            |shops| {
                let facets = shops.iter().map(|shop| index::cause_in(&cause, shop));
                facets
                    .map(|facet| index::facet_span(index::INCIDENT_CAUSE_SHOP, &facet))
                    .collect()
            },
        );
        found.extend(counted(store, cause, &spans)?);
    }
    Ok(found)
}

fn counted<S: Store>(store: &S, cause: String, spans: &[Span]) -> Result<Option<Causes>, ReadError> {
    let (mut open, mut more, mut oldest): (usize, bool, Option<String>) = (0, false, None);
    for span in spans {
        let page = store.scan(span, COUNTED_MAX, Direction::Ascending)?;
        open += page.entries.len();
        more |= page.rest.is_some();
        let first = page.entries.into_iter().next();
        let first = first.and_then(|(key, _)| index::position(key)).map(|at| at.key);
        oldest = oldest.into_iter().chain(first).min();
    }
    Ok(oldest.map(|oldest| Causes {
        cause,
        open,
        more,
        oldest_ms: i64::from_str_radix(&oldest, 16).unwrap_or_default(),
    }))
}

fn sources(query: &IncidentQuery, direction: Direction, begin: Option<&Position>) -> Vec<Source> {
    let facet = |name, facet: &str| Stream::new(name, facet, "", direction, begin);
    let given = [
        (index::INCIDENT_OWNER, &query.owner),
        (index::INCIDENT_CAUSE, &query.cause),
        (index::INCIDENT_ON, &query.on),
        (index::INCIDENT_SHOP, &query.shop),
    ];
    let given = given
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_ref()?)));
    let mut sources: Vec<Source> = given
        .map(|(name, value)| Source::new(vec![facet(name, value)]))
        .collect();
    let seen = query.shops.as_ref().filter(|_| query.shop.is_none());
    sources.extend(seen.map(|shops| {
        let shops = shops.iter().map(|shop| facet(index::INCIDENT_SHOP, shop));
        Source::new(shops.collect())
    }));
    if !sources.is_empty() {
        return sources;
    }
    let all = KINDS.into_iter().chain([ORDER]);
    vec![Source::new(all.map(|on| facet(index::INCIDENT_ON, on)).collect())]
}

fn fits(query: &IncidentQuery, row: &IncidentRow) -> bool {
    let is = |wanted: &Option<String>, has: &str| wanted.as_ref().is_none_or(|wanted| wanted == has);
    let snoozed = row.care.is_snoozed(query.now_ms);
    let (min, max) = (query.risk_min.unwrap_or(1), query.risk_max.unwrap_or(i64::MAX));
    let any_risk = query.currency.is_none() && query.risk_min.is_none() && query.risk_max.is_none();
    let risk = any_risk
        || row
            .at_risk
            .iter()
            .any(|money| is(&query.currency, &money.currency) && (min..=max).contains(&money.amount_minor));
    let owned = match (&query.owner, query.unowned) {
        (Some(owner), _) => row.care.owner.as_ref() == Some(owner),
        (None, true) => row.care.owner.is_none(),
        (None, false) => true,
    };
    let shown = match query.snoozed {
        Snoozed::Hide => !snoozed,
        Snoozed::Only => snoozed,
        Snoozed::Show => true,
    };
    let seen = query.shops.as_ref().is_none_or(|shops| shops.contains(&row.shop));
    seen && is(&query.on, row.on)
        && is(&query.cause, &row.cause)
        && is(&query.shop, &row.shop)
        && owned
        && shown
        && risk
}

fn row<S: Store>(
    reads: &Reads<'_, S>,
    last: &mut Option<Summary>,
    id: &str,
) -> Result<Option<IncidentRow>, ReadError> {
    let Some((root, number)) = order_of(id) else {
        reads.note(1);
        let known = open_incident(reads.store, id)?;
        return known
            .map(|known| Ok(beside(known, care_of(reads.store, id)?)))
            .transpose();
    };
    if last.as_ref().is_none_or(|last| last.root != root) {
        reads.note(1);
        *last = read_summary(reads.store, root)?;
    }
    let known = last.as_ref().and_then(|order| {
        let mut incidents = order.incidents.iter();
        Some((order, incidents.find(|incident| incident.number == number)?))
    });
    known
        .map(|(order, incident)| Ok(on_order(id, order, incident, care_of(reads.store, id)?)))
        .transpose()
}

fn beside(known: super::Incident, care: Care) -> IncidentRow {
    let shop = match &known.origin {
        Origin::Connector(_) => String::new(),
        Origin::Delivery { source, .. } | Origin::Shop(source) => source.clone(),
    };
    IncidentRow {
        on: known.origin.kind(),
        origin: Some(known.origin),
        subject: subject_of(&known.id).to_owned(),
        id: known.id,
        shop,
        cause: known.cause,
        message: known.text,
        opened_ms: known.since_ms,
        times: known.count,
        about: known.about,
        number: String::new(),
        instance: None,
        place: None,
        at_risk: Vec::new(),
        care,
    }
}

fn on_order(id: &str, order: &Summary, incident: &IncidentSummary, care: Care) -> IncidentRow {
    IncidentRow {
        id: id.to_owned(),
        on: ORDER,
        origin: None,
        subject: order.root.clone(),
        shop: shop_of(&order.root).to_owned(),
        cause: incident.cause.clone(),
        message: incident.message.clone(),
        opened_ms: incident.opened_ms,
        times: 1,
        about: Vec::new(),
        number: order.number.clone(),
        instance: incident.instance.clone(),
        place: incident.place.clone(),
        at_risk: order.at_risk.clone(),
        care,
    }
}
