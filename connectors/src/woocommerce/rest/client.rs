//! The client.

use std::collections::BTreeSet;
use std::time::Duration;

use amends_workflows::model::DraftRefund;
use chrono::DateTime;
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Url};

use super::fault::coded;
use super::walk::PAGE_SIZE;
use super::{Access, AccessError, Ask, RestError, Shelf, Walk};
use crate::woocommerce::node::{Node, NodeError};
use crate::woocommerce::order::{ParseError, refund};

/// Bytes of one answer: a page of 100 large orders.
const ANSWER_MAX: usize = 32 * 1024 * 1024;

/// Longest wait for a connection. Shops behind a content network accept at once or not at all.
const CONNECT: Duration = Duration::from_secs(10);

/// Reads one shop.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    access: Access,
}

/// What a read of one order saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// The order's JSON, for [`crate::woocommerce::order::parse`]. One in the bin has the status `trash`.
    Order(Vec<u8>),
    /// The shop knows no such order.
    Deleted,
}

/// One order among others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: i64,
    /// Its date of change, epoch milliseconds.
    pub modified_ms: i64,
    /// Its JSON.
    pub body: Vec<u8>,
}

/// What one step of a walk brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The orders; some were met before on this walk.
    pub entries: Vec<Entry>,
    /// Elements without a readable id or date, each with its place and complaint.
    pub unreadable: Vec<String>,
}

impl Client {
    /// A client with a connection pool of its own.
    ///
    /// # Errors
    /// When the site is no URL or would send keys in the open.
    pub fn new(access: Access) -> Result<Self, AccessError> {
        let base = access.base()?;
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .timeout(access.timeout)
            .redirect(Policy::none())
            .user_agent(concat!("Amends/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| AccessError::Client(error.to_string()))?;
        Ok(Self { http, base, access })
    }

    /// Reads one order.
    ///
    /// # Errors
    /// When nothing is known about the order now.
    pub async fn order(&self, id: i64) -> Result<Looked, RestError> {
        let body = match self.get(&format!("orders/{id}"), &[]).await {
            Ok(body) => body,
            Err(RestError::Refused { code, .. }) if is_absence(&code) => return Ok(Looked::Deleted),
            Err(error) => return Err(error),
        };
        let got = id_of(&text(&body)?)?;
        if got == id {
            Ok(Looked::Order(body))
        } else {
            Err(RestError::WrongOrder { asked: id, got })
        }
    }

    /// Reads all refunds of one order.
    ///
    /// # Errors
    /// When they cannot be read now.
    pub async fn refunds(&self, order: i64) -> Result<Vec<DraftRefund>, RestError> {
        let size = PAGE_SIZE.to_string();
        let body = self
            .get(&format!("orders/{order}/refunds"), &[("per_page", size)])
            .await?;
        let text = text(&body)?;
        let list = Node::parse(&text)
            .and_then(|node| node.list())
            .map_err(unreadable)?;
        let read = |node: &Node<'_>| refund(&node.fields()?);
        list.iter()
            .map(read)
            .collect::<Result<_, ParseError>>()
            .map_err(unreadable)
    }

    /// Which of at most 100 orders the shop lists; one that is missing is in the bin, deleted, or in a status that is
    /// not listed.
    ///
    /// # Errors
    /// When the question was not answered.
    pub async fn listed(&self, ids: &[i64]) -> Result<BTreeSet<i64>, RestError> {
        let include: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let query = [
            ("include", include.join(",")),
            ("per_page", PAGE_SIZE.to_string()),
            ("status", "any".to_owned()),
            ("_fields", "id".to_owned()),
        ];
        let body = self.get("orders", &query).await?;
        let text = text(&body)?;
        let list = Node::parse(&text)
            .and_then(|node| node.list())
            .map_err(unreadable)?;
        let id = |node: &Node<'_>| node.fields()?.required("id")?.int();
        list.iter()
            .map(id)
            .collect::<Result<_, NodeError>>()
            .map_err(unreadable)
    }

    /// Asks the walk's next question; `None` at its end.
    ///
    /// # Errors
    /// When the question was not answered; the walk stands where it stood.
    pub async fn step(&self, walk: &mut Walk) -> Result<Option<Page>, RestError> {
        let Some(ask) = walk.ask() else {
            return Ok(None);
        };
        let body = self.get("orders", &query(ask, walk.shelf(), walk.page())).await?;
        let text = text(&body)?;
        let list = Node::parse(&text)
            .and_then(|node| node.list())
            .map_err(unreadable)?;
        let (mut entries, mut unreadable) = (Vec::new(), Vec::new());
        for node in &list {
            match entry(node) {
                Ok(entry) => entries.push(entry),
                Err(error) => unreadable.push(error.to_string()),
            }
        }
        let met: Vec<(i64, i64)> = entries
            .iter()
            .map(|entry| (entry.id, entry.modified_ms))
            .collect();
        walk.take(&met, list.len());
        Ok(Some(Page { entries, unreadable }))
    }

    /// Whether the shop answers and the keys may read orders.
    ///
    /// # Errors
    /// When not; the error says what to do.
    pub async fn check(&self) -> Result<(), RestError> {
        self.get("orders", &[("per_page", "1".into()), ("_fields", "id".into())])
            .await
            .map(drop)
    }

    async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Vec<u8>, RestError> {
        let url = self
            .base
            .join(path)
            .map_err(|error| RestError::Connect(error.to_string()))?;
        let request = self
            .http
            .get(url)
            .query(query)
            .basic_auth(&self.access.key, Some(&self.access.secret));
        let (status, headers, body) = self.send(request).await?;
        let success =
            (200..300).contains(&status) && coded(&body).is_none() && Node::parse(&lossy(&body)).is_ok();
        if success {
            Ok(body)
        } else {
            Err(RestError::judge(status, &headers, &body))
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<(u16, HeaderMap, Vec<u8>), RestError> {
        let mut answer = request.send().await.map_err(|error| self.transport(error))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.transport(error))? {
            if body.len() + chunk.len() > ANSWER_MAX {
                return Err(RestError::TooLarge { max: ANSWER_MAX });
            }
            body.extend_from_slice(&chunk);
        }
        Ok((status, headers, body))
    }

    fn transport(&self, error: reqwest::Error) -> RestError {
        let error = error.without_url();
        if error.is_timeout() {
            RestError::Timeout(u64::try_from(self.access.timeout.as_millis()).unwrap_or(u64::MAX))
        } else if error.is_connect() {
            RestError::Connect(causes(&error))
        } else {
            RestError::Broken(causes(&error))
        }
    }
}

/// The innermost cause says what happened; the outer ones say "error sending request".
fn causes(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Codes by which the shop says that there is no such order, as against a path that it does not know.
fn is_absence(code: &str) -> bool {
    matches!(
        code,
        "woocommerce_rest_shop_order_invalid_id" | "woocommerce_rest_invalid_id" | "rest_post_invalid_id"
    )
}

fn query(ask: &Ask, shelf: Shelf, page: usize) -> Vec<(&'static str, String)> {
    let status = match shelf {
        Shelf::Shown => "any",
        Shelf::Binned => "trash",
    };
    let mut query = vec![
        ("per_page", page.to_string()),
        ("status", status.to_owned()),
        ("order", "asc".to_owned()),
        ("dates_are_gmt", "true".to_owned()),
    ];
    match ask {
        Ask::Since { after_s } => {
            query.extend([
                ("orderby", "modified".to_owned()),
                ("modified_after", utc(*after_s)),
            ]);
        }
        Ask::Within { second, except } => {
            let ids: Vec<String> = except.iter().map(ToString::to_string).collect();
            query.extend([
                ("orderby", "id".to_owned()),
                ("modified_after", utc(second.saturating_sub(1))),
                ("modified_before", utc(second.saturating_add(1))),
                ("exclude", ids.join(",")),
            ]);
        }
    }
    query
}

/// With the zone's letter as well: without it and without `dates_are_gmt` a shop reads its own time zone.
fn utc(second: i64) -> String {
    let time = DateTime::from_timestamp(second, 0).unwrap_or_default();
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn entry(node: &Node<'_>) -> Result<Entry, NodeError> {
    let fields = node.fields()?;
    let id = fields.required("id")?.int()?;
    let modified = fields.get("date_modified_gmt").utc_ms()?;
    let modified_ms = match modified.or(fields.get("date_created_gmt").utc_ms()?) {
        Some(modified_ms) => modified_ms,
        None => fields
            .required("date_modified_gmt")?
            .utc_ms()?
            .unwrap_or_default(),
    };
    Ok(Entry {
        id,
        modified_ms,
        body: node.raw().as_bytes().to_vec(),
    })
}

fn id_of(text: &str) -> Result<i64, RestError> {
    Node::parse(text)
        .and_then(|node| node.fields())
        .and_then(|fields| fields.required("id")?.int())
        .map_err(unreadable)
}

fn lossy(body: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(body)
}

fn text(body: &[u8]) -> Result<String, RestError> {
    String::from_utf8(body.to_vec()).map_err(unreadable)
}

fn unreadable(error: impl std::fmt::Display) -> RestError {
    RestError::Unreadable(error.to_string())
}
