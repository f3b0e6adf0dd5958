//! What could still be lost on a root.

use std::collections::BTreeSet;

use amends_engine::ledger::{Account, Currency, Ledger};
use amends_engine::root::Root;

use super::Money;

/// What could still be lost, by currency; nothing once the root is at rest.
///
/// Of an order that is paid and invoiced in full nothing is at risk, and all of it while only one side of the trade
/// has happened: the larger of what was agreed and what was taken, less what is settled on both sides (taken and
/// invoiced). Open amounts count against us on either side. An obligation of more is at risk in full.
pub fn at_risk(root: &Root) -> Vec<Money> {
    if root.is_at_rest() {
        return Vec::new();
    }
    let owed = root.obligations.values().filter_map(|owed| owed.currency);
    let currencies: BTreeSet<Currency> = root.ledger.currencies().into_iter().chain(owed).collect();
    currencies
        .into_iter()
        .map(|currency| Money {
            currency: currency.to_string(),
            amount_minor: unsettled(&root.ledger, currency).max(obligations(root, currency)),
        })
        .filter(|money| money.amount_minor > 0)
        .collect()
}

fn unsettled(ledger: &Ledger, currency: Currency) -> i64 {
    let landed = |account| ledger.money(account, currency).landed;
    let total = |account| ledger.money(account, currency).total();
    let less = |from: i64, others: &[i64]| {
        others
            .iter()
            .fold(from, |rest, other| rest.saturating_sub(*other))
    };
    let agreed = less(
        total(Account::Agreed),
        &[landed(Account::CancelledUninvoiced), landed(Account::Credited)],
    );
    let claimed = less(
        total(Account::Captured),
        &[landed(Account::Refunded), landed(Account::ChargedBack)],
    );
    let taken = less(
        landed(Account::Captured),
        &[total(Account::Refunded), total(Account::ChargedBack)],
    );
    let invoiced = less(
        landed(Account::Invoiced).saturating_add(landed(Account::Rounding)),
        &[total(Account::Credited)],
    );
    less(agreed.max(claimed), &[taken.min(invoiced)])
}

fn obligations(root: &Root, currency: Currency) -> i64 {
    let owed = root
        .obligations
        .values()
        .filter(|owed| owed.currency == Some(currency));
    owed.fold(0, |sum, owed| sum.saturating_add(owed.amount))
}
