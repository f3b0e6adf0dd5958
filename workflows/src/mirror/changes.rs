//! What an edit changed, in words for people and without personal data.

use amends_engine::Value;
use amends_engine::ledger::Currency;
use rust_decimal::Decimal;

use crate::model::{Line, Order, Standing};

use super::known::{address, fees};
use super::{KnownLine, Mirror};

/// Every change that somebody downstream may have to follow; empty when there is none.
pub(super) fn changes(known: &Mirror, order: &Order) -> Vec<Value> {
    let Some(before) = &known.content else {
        return Vec::new();
    };
    let mut changes: Vec<Value> = revived(&before.status, order).into_iter().collect();
    if before.agreement == order.content().agreement {
        return changes;
    }
    let found = changes.len();
    changes.extend(lines(known, order));
    let was = |minor| amount(minor, &known.currency);
    let is = |minor| amount(minor, &order.currency);
    for (what, before, after) in [
        ("shipping", was(known.shipping_minor), is(order.shipping_minor)),
        ("fees", was(known.fees_minor), is(fees(order))),
        ("total", was(known.total_minor), is(order.total_minor)),
    ] {
        if before != after {
            changes.push(change(what, Value::Text(before), Value::Text(after)));
        }
    }
    for (what, before, after) in [
        (
            "shipping address changed",
            known.shipping_address,
            address(order, "shipping"),
        ),
        (
            "billing address changed",
            known.billing_address,
            address(order, "billing"),
        ),
    ] {
        if before != after {
            changes.push(change(what, Value::Null, Value::Null));
        }
    }
    if changes.len() == found {
        changes.push(change("details changed", Value::Null, Value::Null));
    }
    changes
}

fn change(what: impl Into<String>, before: Value, after: Value) -> Value {
    Value::map([
        ("what", Value::Text(what.into())),
        ("before", before),
        ("after", after),
    ])
}

/// Statuses are no edits, except this one: what was called off runs again, while our side may be undoing it.
fn revived(before: &str, order: &Order) -> Option<Value> {
    let ended = matches!(before, "cancelled" | "refunded");
    (ended && order.standing() == Standing::Open)
        .then(|| change("revived", Value::text(before), Value::text(&order.status)))
}

fn lines(known: &Mirror, order: &Order) -> Vec<Value> {
    let old = known
        .lines
        .iter()
        .flat_map(|line| match order.lines.iter().find(|now| now.id == line.id) {
            Some(now) => altered(known, line, order, now),
            None => vec![change(
                named("quantity", &line.sku, line.id),
                line.quantity.into(),
                0.into(),
            )],
        });
    let new = order
        .lines
        .iter()
        .filter(|line| known.lines.iter().all(|before| before.id != line.id))
        .map(|line| {
            change(
                named("quantity", &line.sku, line.id),
                0.into(),
                line.quantity.into(),
            )
        });
    old.chain(new).collect()
}

fn altered(known: &Mirror, before: &KnownLine, order: &Order, now: &Line) -> Vec<Value> {
    let mut changes = Vec::new();
    if before.sku != now.sku {
        changes.push(change(
            format!("article of line {}", now.id),
            Value::text(&before.sku),
            Value::text(&now.sku),
        ));
    }
    if before.quantity != now.quantity {
        changes.push(change(
            named("quantity", &now.sku, now.id),
            before.quantity.into(),
            now.quantity.into(),
        ));
    } else if (before.net_minor, before.tax_minor) != (now.net_minor, now.tax_minor) {
        let was = amount(before.net_minor.saturating_add(before.tax_minor), &known.currency);
        let is = amount(now.net_minor.saturating_add(now.tax_minor), &order.currency);
        changes.push(change(
            named("amount", &now.sku, now.id),
            Value::Text(was),
            Value::Text(is),
        ));
    }
    changes
}

fn named(what: &str, sku: &str, line: i64) -> String {
    if sku.is_empty() {
        format!("{what} of line {line}")
    } else {
        format!("{what} of {sku}")
    }
}

fn amount(minor: i64, currency: &str) -> String {
    let exponent = Currency::parse(currency).map_or(2, |currency| currency.exponent());
    format!("{} {currency}", Decimal::new(minor, exponent))
}
