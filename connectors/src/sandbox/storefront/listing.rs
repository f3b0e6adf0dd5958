//! `GET /orders`: filters, order and pages.

use axum::http::Uri;
use serde_json::Value as Json;

use super::failure::Failure;
use super::orders::Orders;
use super::{calendar, ok};
use crate::sandbox::front::request::{Reply, first};

const PER_PAGE_DEFAULT: usize = 10;
const PER_PAGE_MAX: usize = 100;

/// The query of a listing, checked.
#[derive(Debug)]
struct Wanted<'a> {
    statuses: Vec<&'a str>,
    include: Vec<i64>,
    modified_after: Option<i64>,
    modified_before: Option<i64>,
    created_after: Option<i64>,
    created_before: Option<i64>,
    by_date: Option<&'static str>,
    ascending: bool,
    per_page: usize,
    page: usize,
}

impl<'a> Wanted<'a> {
    fn read(query: &'a [(String, String)], utc_offset_min: i32) -> Result<Self, Failure> {
        let text = |name| first(query, name);
        // Without `dates_are_gmt`, a time without a zone is the shop's time: the classic way to miss orders.
        let gmt = matches!(text("dates_are_gmt"), Some("true" | "1"));
        let offset = if gmt { 0 } else { utc_offset_min };
        let moment = |name: &'static str| match text(name) {
            None => Ok(None),
            Some(given) => match calendar::moment(given, offset) {
                Some(moment) => Ok(Some(moment)),
                None => Err(Failure::invalid_param(name)),
            },
        };
        let count = |name: &'static str, default: usize, max: usize| match text(name) {
            None => Ok(default),
            Some(given) => match given.parse() {
                Ok(number) if (1..=max).contains(&number) => Ok(number),
                _ => Err(Failure::invalid_param(name)),
            },
        };
        let by_date = match text("orderby").unwrap_or("date") {
            "date" => Some("date_created_gmt"),
            "modified" => Some("date_modified_gmt"),
            "id" | "include" | "title" | "slug" => None,
            _ => return Err(Failure::invalid_param("orderby")),
        };
        Ok(Self {
            statuses: list(text("status")),
            include: list(text("include"))
                .iter()
                .filter_map(|id| id.parse().ok())
                .collect(),
            modified_after: moment("modified_after")?,
            modified_before: moment("modified_before")?,
            created_after: moment("after")?,
            created_before: moment("before")?,
            by_date,
            ascending: text("order") == Some("asc"),
            per_page: count("per_page", PER_PAGE_DEFAULT, PER_PAGE_MAX)?,
            page: count("page", 1, usize::MAX)?,
        })
    }

    fn matches(&self, id: i64, order: &Json) -> bool {
        let status = order.get("status").and_then(Json::as_str).unwrap_or_default();
        let any = self.statuses.is_empty() || self.statuses.contains(&"any");
        let status_fits = if any {
            status != "trash"
        } else {
            self.statuses.contains(&status)
        };
        let date = |name: &str| calendar::moment(order.get(name)?.as_str()?, 0);
        let after = |name: &str, bound: Option<i64>| bound.is_none_or(|bound| date(name) > Some(bound));
        let before =
            |name: &str, bound: Option<i64>| bound.is_none_or(|bound| date(name).is_some_and(|d| d < bound));
        status_fits
            && (self.include.is_empty() || self.include.contains(&id))
            && after("date_modified_gmt", self.modified_after)
            && before("date_modified_gmt", self.modified_before)
            && after("date_created_gmt", self.created_after)
            && before("date_created_gmt", self.created_before)
    }
}

fn list(text: Option<&str>) -> Vec<&str> {
    text.into_iter()
        .flat_map(|text| text.split(','))
        .filter(|part| !part.is_empty())
        .collect()
}

impl Orders {
    pub(super) fn list(&self, query: &[(String, String)], uri: &Uri) -> Result<Reply, Failure> {
        let wanted = Wanted::read(query, self.utc_offset_min)?;
        let mut found: Vec<(i64, &Json)> = self
            .by_id
            .iter()
            .map(|(id, order)| (*id, order))
            .filter(|(id, order)| wanted.matches(*id, order))
            .collect();
        let date = |order: &Json| {
            wanted
                .by_date
                .and_then(|field| order.get(field)?.as_str().map(str::to_owned))
        };
        found.sort_by_cached_key(|(id, order)| (date(order), *id));
        if !wanted.ascending {
            found.reverse();
        }
        let pages = found.len().div_ceil(wanted.per_page);
        let skipped = wanted.per_page.saturating_mul(wanted.page - 1);
        let page: Vec<Json> = found
            .iter()
            .skip(skipped)
            .take(wanted.per_page)
            .map(|(_, order)| (*order).clone())
            .collect();
        let reply = ok(&Json::Array(page))
            .with("x-wp-total", found.len().to_string())
            .with("x-wp-totalpages", pages.to_string());
        Ok(if wanted.page < pages {
            let next = format!("<{}?page={}>; rel=\"next\"", uri.path(), wanted.page + 1);
            reply.with("link", next)
        } else {
            reply
        })
    }
}
