//! From contracts to postings: the request opens an amount, the outcome's own amount lands it.

use crate::Value;
use crate::contract::{Contract, PostingRule, PostingSource};
use crate::ledger::{Account, Currency, Line, Phase, Posting};

/// What a request with `args` reserves.
pub(super) fn opened(contract: &Contract, args: &Value) -> Vec<Posting> {
    contract
        .postings
        .iter()
        .filter(|rule| !rule.verifies)
        .flat_map(|rule| postings(rule, args, &Value::Null, Phase::Open))
        .collect()
}

/// What a result moves; what it does not say is taken from the arguments.
pub(super) fn landed(contract: &Contract, args: &Value, result: &Value) -> Vec<Posting> {
    contract
        .postings
        .iter()
        .flat_map(|rule| postings(rule, args, result, Phase::Landed))
        .collect()
}

/// Whether the operation verifies what others claimed.
pub(super) fn verifies(contract: &Contract) -> bool {
    contract.postings.iter().any(|rule| rule.verifies)
}

/// Whether the landed amounts differ from those opened, in words; `None` when they agree.
pub(super) fn difference(opened: &[Posting], landed: &[Posting]) -> Option<String> {
    let total = |postings: &[Posting]| postings.iter().map(|posting| posting.amount).sum::<i64>();
    let (asked, got) = (total(opened), total(landed));
    (!opened.is_empty() && asked != got).then(|| format!("asked for {asked}, the other side moved {got}"))
}

fn postings(rule: &PostingRule, args: &Value, result: &Value, phase: Phase) -> Vec<Posting> {
    let find = |path: &str| {
        result
            .path(path)
            .filter(|value| **value != Value::Null)
            .or_else(|| args.path(path))
    };
    let posting = |line, amount| Posting {
        account: rule.account,
        line,
        amount,
        phase,
    };
    match &rule.source {
        PostingSource::Money {
            amount,
            currency,
            tender,
        } => {
            let amount = find(amount).and_then(Value::as_int).filter(|amount| *amount > 0);
            let currency = find(currency).and_then(Value::as_text).and_then(Currency::parse);
            let tender = tender
                .as_deref()
                .filter(|_| has_tenders(rule.account))
                .and_then(find);
            let tender = tender.and_then(Value::as_text).map(str::to_owned);
            amount
                .zip(currency)
                .map(|(amount, currency)| posting(Line::Money { currency, tender }, amount))
                .into_iter()
                .collect()
        }
        PostingSource::Lines { lines } => {
            let lines = find(lines).and_then(Value::as_list).unwrap_or_default();
            lines
                .iter()
                .filter_map(|line| {
                    let sku = line.get("sku")?.as_text()?.to_owned();
                    let quantity = line.get("quantity")?.as_int().filter(|quantity| *quantity > 0)?;
                    Some(posting(Line::Stock { sku }, quantity))
                })
                .collect()
        }
    }
}

fn has_tenders(account: Account) -> bool {
    matches!(
        account,
        Account::Authorized | Account::Voided | Account::Captured | Account::Refunded | Account::ChargedBack
    )
}
