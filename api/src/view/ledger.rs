//! Money and stock of an order, readable.

use std::collections::{BTreeMap, BTreeSet};

use amends_engine::ledger::{Account, Ledger, Line};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// A line of an account.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct LedgerLine {
    account: String,
    /// The currency with its tender, or the article.
    line: String,
    /// What has happened: minor units, or pieces.
    landed: i64,
    /// What may have happened, or is on its way.
    open: i64,
}

/// Every line of every account.
pub(super) fn ledger(ledger: &Ledger) -> Vec<LedgerLine> {
    let lines = rows(ledger)
        .into_iter()
        .map(|((account, line), (landed, open))| LedgerLine {
            account,
            line,
            landed,
            open,
        });
    lines.collect()
}

fn rows(ledger: &Ledger) -> BTreeMap<(String, String), (i64, i64)> {
    let rows = ledger.balances().map(|(account, line, balance)| {
        (
            (account_name(account), line_name(line)),
            (balance.landed, balance.open),
        )
    });
    rows.collect()
}

fn account_name(account: Account) -> String {
    let mut name = String::new();
    for letter in format!("{account:?}").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push(' ');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

fn line_name(line: &Line) -> String {
    match line {
        Line::Money {
            currency,
            tender: Some(tender),
        } => format!("{currency} {tender}"),
        Line::Money {
            currency,
            tender: None,
        } => currency.to_string(),
        Line::Stock { sku } => sku.clone(),
    }
}

/// What differs between two ledgers.
pub(super) fn changes(before: &Ledger, after: &Ledger) -> Vec<Value> {
    let (was, is) = (rows(before), rows(after));
    let names: BTreeSet<&(String, String)> = was.keys().chain(is.keys()).collect();
    let change =
        |from: i64, to: i64| json!({ "before": from, "after": to, "delta": to.saturating_sub(from) });
    let changed = names.into_iter().filter_map(|name| {
        let from = was.get(name).copied().unwrap_or_default();
        let to = is.get(name).copied().unwrap_or_default();
        (from != to).then(|| {
            json!({
                "account": name.0,
                "line": name.1,
                "landed": change(from.0, to.0),
                "open": change(from.1, to.1),
            })
        })
    });
    changed.collect()
}
