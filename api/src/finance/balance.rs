//! A trial balance of one shop, day and currency, or of many together.

use amends_engine::ledger::{Account, Currency};
use amends_runtime::books::{Row, TaxSum};
use serde::Serialize;
use utoipa::ToSchema;

/// What moved in one currency. Debits and credits are equal, because what is left over stands as `owed-to-buyers`: an order at rest
/// has that only with a named obligation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BookBalance)]
pub(crate) struct Balance {
    /// ISO 4217.
    pub(crate) currency: String,
    /// Decimal places of the minor unit: 2 for EUR, 0 for JPY.
    pub(crate) decimals: u32,
    /// Accounts that add up.
    pub(crate) accounts: Vec<Entry>,
    /// Accounts beside them: agreed, due later, cancelled, authorised, voided.
    pub(crate) memo: Vec<Entry>,
    /// Tax within what was invoiced and credited.
    pub(crate) taxes: Vec<Tax>,
    /// The sum of all debits.
    pub(crate) debit_minor: i64,
    /// The sum of all credits.
    pub(crate) credit_minor: i64,
    /// Debits without credits: 0.
    pub(crate) difference_minor: i64,
}

/// What moved in one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BookEntry)]
pub(crate) struct Entry {
    /// The account: `captured`, `refunded`, `charged-back`, `invoiced`, `credited`, `rounding`, `owed-to-buyers`; among the
    /// memos `agreed`, `due`, `cancelled`, `authorized`, `voided`.
    pub(crate) account: &'static str,
    /// How it was paid, where that is known.
    pub(crate) tender: Option<String>,
    pub(crate) debit_minor: i64,
    pub(crate) credit_minor: i64,
}

/// Tax of one rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BookTax)]
pub(crate) struct Tax {
    /// The shop's own code of the rate.
    pub(crate) rate: String,
    pub(crate) label: String,
    /// In per cent.
    pub(crate) percent: String,
    pub(crate) invoiced_minor: i64,
    pub(crate) credited_minor: i64,
}

/// Which side an account grows on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Debit,
    Credit,
    Memo,
}

/// The balances of a row, one per currency.
pub(crate) fn balances(row: &Row) -> Vec<Balance> {
    let currencies = row.currencies().into_iter();
    currencies.map(|currency| balance(row, currency)).collect()
}

fn balance(row: &Row, currency: Currency) -> Balance {
    let (mut accounts, mut memo) = (Vec::new(), Vec::new());
    for sum in row.sums.iter().filter(|sum| sum.currency == currency) {
        let Some((account, side)) = named(sum.account) else {
            continue;
        };
        let to = if side == Side::Memo {
            &mut memo
        } else {
            &mut accounts
        };
        to.push(entry(account, sum.tender.clone(), side, sum.minor));
    }
    let owed = row.balance(currency);
    if owed != 0 {
        accounts.push(entry("owed-to-buyers", None, Side::Credit, owed));
    }
    let debit_minor = accounts.iter().map(|entry| entry.debit_minor).sum::<i64>();
    let credit_minor = accounts.iter().map(|entry| entry.credit_minor).sum::<i64>();
    Balance {
        currency: currency.to_string(),
        decimals: currency.exponent(),
        accounts,
        memo,
        taxes: row
            .taxes
            .iter()
            .filter(|tax| tax.currency == currency)
            .map(tax)
            .collect(),
        debit_minor,
        credit_minor,
        difference_minor: debit_minor - credit_minor,
    }
}

/// A negative amount stands on the other side.
fn entry(account: &'static str, tender: Option<String>, side: Side, minor: i64) -> Entry {
    let credit = (side == Side::Credit) == (minor >= 0);
    let (debit_minor, credit_minor) = if credit {
        (0, minor.abs())
    } else {
        (minor.abs(), 0)
    };
    Entry {
        account,
        tender,
        debit_minor,
        credit_minor,
    }
}

fn named(account: Account) -> Option<(&'static str, Side)> {
    Some(match account {
        Account::Captured => ("captured", Side::Debit),
        Account::Refunded => ("refunded", Side::Credit),
        Account::ChargedBack => ("charged-back", Side::Credit),
        Account::Invoiced => ("invoiced", Side::Credit),
        Account::Credited => ("credited", Side::Debit),
        Account::Rounding => ("rounding", Side::Credit),
        Account::Agreed => ("agreed", Side::Memo),
        Account::Due => ("due", Side::Memo),
        Account::CancelledUninvoiced => ("cancelled", Side::Memo),
        Account::Authorized => ("authorized", Side::Memo),
        Account::Voided => ("voided", Side::Memo),
        Account::Ordered
        | Account::CancelledUnits
        | Account::Reserved
        | Account::Released
        | Account::Shipped
        | Account::Returned
        | Account::Restocked
        | Account::Scrapped
        | Account::SentBack => return None,
    })
}

fn tax(tax: &TaxSum) -> Tax {
    Tax {
        rate: tax.rate.clone(),
        label: tax.label.clone(),
        percent: tax.percent.clone(),
        invoiced_minor: tax.invoiced_minor,
        credited_minor: tax.credited_minor,
    }
}
