//! `GET /v1/payment_intents/search?query=metadata['order_id']:'16' AND status:'succeeded'`.

use serde_json::{Value as Json, json};

use super::Desk;
use super::ledger::Intent;
use super::trouble::Trouble;
use crate::sandbox::front::request::first;

/// One condition of a query.
#[derive(Debug, PartialEq, Eq)]
enum Clause<'a> {
    Metadata(&'a str, &'a str),
    Status(&'a str),
    Currency(&'a str),
}

impl Clause<'_> {
    fn holds(&self, intent: &Intent) -> bool {
        match self {
            Self::Metadata(name, value) => intent.metadata.get(*name).is_some_and(|found| found == value),
            Self::Status(status) => intent.status.name() == *status,
            Self::Currency(currency) => intent.currency == currency.to_lowercase(),
        }
    }
}

impl Desk<'_> {
    pub(super) fn search_intents(&mut self, query: &[(String, String)]) -> Result<Json, Trouble> {
        let text = first(query, "query").unwrap_or_default();
        let clauses = parse(text)
            .ok_or_else(|| Trouble::parameter("query", "We were unable to parse your search query."))?;
        let found = self
            .ledger
            .intents()
            .filter(|intent| clauses.iter().all(|clause| clause.holds(intent)));
        let data: Vec<Json> = found.take(100).map(Intent::json).collect();
        let url = "/v1/payment_intents/search";
        Ok(json!({"object": "search_result", "url": url, "has_more": false, "next_page": null, "data": data}))
    }
}

fn parse(text: &str) -> Option<Vec<Clause<'_>>> {
    text.split(" AND ")
        .map(|clause| parse_clause(clause.trim()))
        .collect()
}

fn parse_clause(text: &str) -> Option<Clause<'_>> {
    let (field, value) = text.split_once("]:").or_else(|| text.split_once(':'))?;
    let value = unquoted(value)?;
    match field {
        "status" => Some(Clause::Status(value)),
        "currency" => Some(Clause::Currency(value)),
        _ => Some(Clause::Metadata(
            unquoted(field.strip_prefix("metadata[")?)?,
            value,
        )),
    }
}

fn unquoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|first| matches!(first, '\'' | '"'))?;
    text.strip_prefix(quote)?.strip_suffix(quote)
}

#[cfg(test)]
mod tests {
    use super::{Clause, parse};

    #[test]
    fn queries_are_read() {
        let found = parse("metadata['order_key']:'eu-shop:16' AND status:\"succeeded\"").unwrap();
        assert_eq!(
            found,
            [
                Clause::Metadata("order_key", "eu-shop:16"),
                Clause::Status("succeeded")
            ]
        );
        assert_eq!(parse("order 16"), None);
        assert_eq!(parse(""), None);
    }
}
