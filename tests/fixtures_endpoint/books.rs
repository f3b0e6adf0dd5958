//! The day books against the journals: what they sum up is what the ledgers of all orders hold.

use std::collections::BTreeMap;

use amends_engine::Millis;
use amends_engine::ledger::{Account, Line};
use amends_engine::root::Root;
use amends_runtime::books::{Day, Row, days, orders};
use amends_storage::{Frames as _, SledReader};

use crate::outside::SHOP;

/// Orders of one page; fewer than there are, so that pages are turned.
const PAGE: usize = 7;

/// Money by currency and account.
type Sums = BTreeMap<(String, Account), i64>;

/// Nothing is in the books that no ledger holds, nothing is missing, and pages make up the day.
pub(crate) fn books_agree<'r>(reader: &SledReader, roots: impl Iterator<Item = &'r Root>) {
    let frames = reader.frames_from(1, 1).unwrap();
    let Some(first) = frames.first() else { return };
    let last = reader.frames_from(reader_end(reader), 1).unwrap();
    let (from, to) = (Day::of(Millis(first.at_ms)), Day::of(Millis(last[0].at_ms)));
    let shops = [SHOP.to_owned()];
    let (mut summed, mut paged) = (Row::default(), Row::default());
    for day in days(reader, &shops, from, to).unwrap() {
        summed.merge(&day.row);
        let (mut after, mut count) = (None, 0);
        loop {
            let (part, more) = orders(reader, SHOP, day.day, after.as_deref(), PAGE).unwrap();
            for order in &part {
                paged.merge(&order.row);
            }
            count += part.len();
            after = part.last().map(|order| order.root.clone());
            if !more {
                break;
            }
        }
        assert_eq!(count, day.orders, "pages of {}", day.day);
    }
    assert_eq!(summed, paged, "a day is what its pages make up");
    assert_eq!(
        sums(&summed),
        held(roots),
        "the books say otherwise than the ledgers"
    );
    for currency in summed.currencies() {
        let taxes = summed.taxes.iter().filter(|tax| tax.currency == currency);
        let tax: i64 = taxes.map(|tax| tax.invoiced_minor).sum();
        let invoiced = summed.money(Account::Invoiced, currency);
        assert!(
            (0..=invoiced).contains(&tax),
            "{tax} of tax in {invoiced} {currency}"
        );
    }
}

fn reader_end(reader: &SledReader) -> u64 {
    use amends_storage::Store as _;
    reader.applied_sequence()
}

fn sums(row: &Row) -> Sums {
    let mut sums = Sums::new();
    for sum in &row.sums {
        *sums.entry((sum.currency.to_string(), sum.account)).or_default() += sum.minor;
    }
    sums.retain(|_, minor| *minor != 0);
    sums
}

fn held<'r>(roots: impl Iterator<Item = &'r Root>) -> Sums {
    let mut sums = Sums::new();
    for root in roots {
        for (account, line, balance) in root.ledger.balances() {
            if let Line::Money { currency, .. } = line {
                *sums.entry((currency.to_string(), account)).or_default() += balance.landed;
            }
        }
    }
    sums.retain(|_, minor| *minor != 0);
    sums
}
