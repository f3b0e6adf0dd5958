//! Incidents of what is no order: a delivery, a shop, a connector. An order's own incidents are in its journal.
//!
//! There is one open incident for a source and a cause, however often it is reported; a report about something else
//! adds to its count. Entries are values of the store itself, so a backup holds them and a restart changes nothing.

use std::fmt;
use std::sync::Arc;

use amends_engine::Millis;
use amends_storage::{Direction, EncodeError, Key, Kind, Prefix, ReadError, Span, Store, Write, codec};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::Mutex;

use super::forget;
use crate::find::index;
use crate::handle::{Handle, Stopped};
use crate::reading::damaged;

const VERSION: u16 = 1;
const OPEN: &str = "incident/open/";
const CLOSED: &str = "incident/closed/";
/// Subjects named by one incident; the newest stay. The count says how many there were.
const ABOUT_MAX: usize = 20;
/// Closed incidents kept; the oldest gives way.
const CLOSED_MAX: usize = 1_000;
/// Incidents of one thing closed at once; there is one for each cause.
const CLOSED_AT_ONCE: usize = 100;

/// What an incident is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Origin {
    /// One delivery.
    Delivery {
        /// The shop or connector it came from.
        source: String,
        /// Its id.
        id: String,
    },
    /// A shop.
    Shop(String),
    /// A connector.
    Connector(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivery { source, id } => write!(f, "delivery/{source}/{id}"),
            Self::Shop(name) => write!(f, "shop/{name}"),
            Self::Connector(name) => write!(f, "connector/{name}"),
        }
    }
}

impl Origin {
    /// What kind of thing it is, as lists name it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Delivery { .. } => "delivery",
            Self::Shop(_) => "shop",
            Self::Connector(_) => "connector",
        }
    }

    /// The shop or connector it concerns.
    pub fn source(&self) -> &str {
        match self {
            Self::Delivery { source, .. } | Self::Shop(source) | Self::Connector(source) => source,
        }
    }
}

/// Something a person should see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What it is about.
    pub origin: Origin,
    /// The class of the cause, a stable code such as `shop-silent`.
    pub cause: &'static str,
    /// A sentence for people that says what to do, free of personal data.
    pub text: String,
    /// What it happened to this time: an order, a delivery; empty for nothing in particular.
    pub about: String,
}

impl Report {
    /// The id of the incident it belongs to.
    pub fn id(&self) -> String {
        format!("{}/{}", self.origin, self.cause)
    }
}

/// A named reason why a person should look at something that is no order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its id among the open ones: origin and cause.
    pub id: String,
    /// What it is about.
    pub origin: Origin,
    /// The class of the cause.
    pub cause: String,
    /// The last report's sentence for people.
    pub text: String,
    /// When it was opened: Unix milliseconds, UTC.
    pub since_ms: i64,
    /// When it was last reported: Unix milliseconds, UTC.
    pub last_ms: i64,
    /// Reports so far; what is still named in `about` counts once.
    pub count: u64,
    /// What it happened to, each once, newest last.
    pub about: Vec<String>,
    /// How it ended.
    pub closed: Option<Closed>,
}

impl Incident {
    /// Its entries in lists, all derived from the record.
    fn entries(&self) -> Vec<Write> {
        let is_connector = matches!(self.origin, Origin::Connector(_));
        let mut facets = vec![
            (index::INCIDENT_ON, self.origin.kind().to_owned()),
            (index::INCIDENT_CAUSE, self.cause.clone()),
        ];
        if !is_connector {
            let shop = self.origin.source();
            facets.push((index::INCIDENT_SHOP, shop.to_owned()));
            facets.push((index::INCIDENT_CAUSE_SHOP, index::cause_in(&self.cause, shop)));
        }
        let entries = facets.into_iter().map(|(name, facet)| Write::Put {
            key: index::aged(name, &facet, self.since_ms, &self.id),
            value: Vec::new(),
        });
        entries.collect()
    }
}

/// How an incident ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// When: Unix milliseconds, UTC.
    pub at_ms: i64,
    /// Who: a token's name, or `amends`.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Why an incident could not be kept.
#[derive(Debug, Error)]
pub enum IncidentError {
    /// The engine stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The store failed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is too large.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Opens and closes incidents. Cheap to clone; clones take turns.
#[derive(Clone)]
pub struct Incidents<R> {
    handle: Handle,
    reader: R,
    turn: Arc<Mutex<()>>,
}

impl<R: Store> Incidents<R> {
    /// The incidents of one store. Make one and clone it: only clones take turns.
    pub fn new(handle: Handle, reader: R) -> Self {
        Self {
            handle,
            reader,
            turn: Arc::default(),
        }
    }

    /// Opens the incident of `report`, or adds to it. It is durable when this returns, together with `writes`.
    ///
    /// # Errors
    /// [`IncidentError`]; then nothing of it was kept.
    pub async fn report(
        &self,
        report: &Report,
        mut writes: Vec<Write>,
        now: Millis,
    ) -> Result<(), IncidentError> {
        let _turn = self.turn.lock().await;
        let known = open_incident(&self.reader, &report.id())?;
        if known.is_none() {
            tracing::warn!(
                incident = report.id(),
                about = report.about,
                text = report.text,
                "incident"
            );
        }
        writes.extend(opening(known, report, now)?);
        Ok(self.handle.write(writes).await?)
    }

    /// Closes the open incident called `id`; `false` when there is none.
    ///
    /// # Errors
    /// [`IncidentError`]; then it stays open.
    pub async fn close(&self, id: &str, by: &str, reason: &str, now: Millis) -> Result<bool, IncidentError> {
        let _turn = self.turn.lock().await;
        let Some(incident) = open_incident(&self.reader, id)? else {
            return Ok(false);
        };
        let closed = Closed {
            at_ms: now.0,
            by: by.to_owned(),
            reason: reason.to_owned(),
        };
        let mut writes = self.make_room(1)?;
        writes.extend(closing(&self.reader, incident, closed)?);
        self.handle.write(writes).await?;
        tracing::info!(incident = id, by, reason, "incident closed");
        Ok(true)
    }

    /// Closes everything that is open on `origin`, together with `writes`; gives how much was.
    ///
    /// # Errors
    /// [`IncidentError`]; then nothing of it was kept.
    pub async fn close_all_on(
        &self,
        origin: &Origin,
        closed: &Closed,
        mut writes: Vec<Write>,
    ) -> Result<usize, IncidentError> {
        let _turn = self.turn.lock().await;
        let open = open_incidents(&self.reader, &format!("{origin}/"), CLOSED_AT_ONCE)?;
        let count = open.len();
        writes.extend(self.make_room(count)?);
        for incident in open {
            writes.extend(closing(&self.reader, incident, closed.clone())?);
        }
        self.handle.write(writes).await?;
        Ok(count)
    }

    /// Forgets the oldest closed incidents, so that with `more` there are no more than are kept.
    fn make_room(&self, more: usize) -> Result<Vec<Write>, ReadError> {
        let span = Span::starting(Prefix::Meta, CLOSED);
        let page = self.reader.scan(&span, CLOSED_MAX + more, Direction::Ascending)?;
        let surplus = (page.entries.len() + more).saturating_sub(CLOSED_MAX);
        let oldest = page.entries.into_iter().take(surplus);
        Ok(oldest.map(|(key, _)| Write::Delete { key }).collect())
    }
}

/// What opens the incident of `report`, or adds to the `known` one. Its place in lists is where it was opened.
pub(crate) fn opening(
    known: Option<Incident>,
    report: &Report,
    now: Millis,
) -> Result<Vec<Write>, EncodeError> {
    let is_new = known.is_none();
    let incident = added(known, report, now);
    let mut writes = if is_new { incident.entries() } else { Vec::new() };
    writes.push(Write::Put {
        key: open_key(&incident.id),
        value: codec::encode(Kind::Meta, VERSION, &incident)?,
    });
    Ok(writes)
}

/// What closes `incident`, and ends the care for it.
pub(crate) fn closing<S: Store>(
    store: &S,
    mut incident: Incident,
    closed: Closed,
) -> Result<Vec<Write>, IncidentError> {
    let entries = incident.entries().into_iter().map(|write| write.key().clone());
    let mut writes: Vec<Write> = entries.map(|key| Write::Delete { key }).collect();
    writes.push(Write::Delete {
        key: open_key(&incident.id),
    });
    writes.extend(forget(store, &incident.id, incident.since_ms)?);
    let key = Key::Meta(format!("{CLOSED}{:015}/{}", closed.at_ms, incident.id));
    incident.closed = Some(closed);
    writes.push(Write::Put {
        key,
        value: codec::encode(Kind::Meta, VERSION, &incident)?,
    });
    Ok(writes)
}

fn added(known: Option<Incident>, report: &Report, now: Millis) -> Incident {
    let mut incident = known.unwrap_or_else(|| Incident {
        id: report.id(),
        origin: report.origin.clone(),
        cause: report.cause.to_owned(),
        text: String::new(),
        since_ms: now.0,
        last_ms: now.0,
        count: 0,
        about: Vec::new(),
        closed: None,
    });
    incident.text.clone_from(&report.text);
    incident.last_ms = now.0;
    incident.count += u64::from(!incident.about.contains(&report.about));
    if !report.about.is_empty() {
        incident.about.retain(|about| *about != report.about);
        incident.about.push(report.about.clone());
        let surplus = incident.about.len().saturating_sub(ABOUT_MAX);
        incident.about.drain(..surplus);
    }
    incident
}

fn open_key(id: &str) -> Key {
    Key::Meta(format!("{OPEN}{id}"))
}

/// The open incident called `id`.
///
/// # Errors
/// [`ReadError`] when the store failed or the entry is damaged.
pub fn open_incident<S: Store>(store: &S, id: &str) -> Result<Option<Incident>, ReadError> {
    let key = open_key(id);
    let sealed = store.get(&key)?;
    sealed.map(|sealed| decode(store, &key, &sealed)).transpose()
}

/// Open incidents whose id starts with `start` (empty: all), in order of their ids, at most `limit`.
///
/// # Errors
/// [`ReadError`] when the store failed or an entry is damaged.
pub fn open_incidents<S: Store>(store: &S, start: &str, limit: usize) -> Result<Vec<Incident>, ReadError> {
    listed(store, &format!("{OPEN}{start}"), limit, Direction::Ascending)
}

/// Closed incidents, newest first, at most `limit`.
///
/// # Errors
/// [`ReadError`] when the store failed or an entry is damaged.
pub fn closed_incidents<S: Store>(store: &S, limit: usize) -> Result<Vec<Incident>, ReadError> {
    listed(store, CLOSED, limit, Direction::Descending)
}

fn listed<S: Store>(
    store: &S,
    start: &str,
    limit: usize,
    direction: Direction,
) -> Result<Vec<Incident>, ReadError> {
    let page = store.scan(&Span::starting(Prefix::Meta, start), limit, direction)?;
    page.entries
        .iter()
        .map(|(key, sealed)| decode(store, key, sealed))
        .collect()
}

fn decode<S: Store>(store: &S, key: &Key, sealed: &[u8]) -> Result<Incident, ReadError> {
    codec::decode(Kind::Meta, sealed)
        .map(|(_, incident)| incident)
        .map_err(|error| damaged(store, key, &error))
}

/// The entries in lists of all open incidents: made again with the other read models.
pub(crate) fn record_entries<S: Store>(store: &S) -> Result<Vec<Write>, ReadError> {
    let (mut writes, mut rest) = (Vec::new(), Some(Span::starting(Prefix::Meta, OPEN)));
    while let Some(span) = rest.take() {
        let page = store.scan(&span, 256, Direction::Ascending)?;
        for (key, sealed) in &page.entries {
            writes.extend(decode(store, key, sealed)?.entries());
        }
        rest = page.rest;
    }
    Ok(writes)
}
