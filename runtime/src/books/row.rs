//! What moved in one order on one day.

use amends_engine::ledger::{Account, Currency, Line, Posting};
use serde::{Deserialize, Serialize};

use super::tax::TaxSum;

/// What moved in one order, or in many, on one day.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Row {
    /// Money by currency, account and tender.
    pub sums: Vec<Sum>,
    /// Tax within what was invoiced and credited.
    pub taxes: Vec<TaxSum>,
}

/// What moved in one account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sum {
    /// The currency.
    pub currency: Currency,
    /// The account.
    pub account: Account,
    /// How it was paid, for accounts kept per tender.
    pub tender: Option<String>,
    /// Minor units.
    pub minor: i64,
}

impl Row {
    /// Adds money that moved for good; stock is not in these books.
    pub(super) fn add(&mut self, posting: &Posting) {
        if let Line::Money { currency, tender } = &posting.line {
            self.add_sum(&Sum {
                currency: *currency,
                account: posting.account,
                tender: tender.clone(),
                minor: posting.amount,
            });
        }
    }

    /// Adds what moved elsewhere.
    pub fn merge(&mut self, other: &Self) {
        for sum in &other.sums {
            self.add_sum(sum);
        }
        for tax in &other.taxes {
            self.add_tax(tax);
        }
    }

    fn add_sum(&mut self, sum: &Sum) {
        let same = |known: &&mut Sum| {
            (known.currency, known.account, &known.tender) == (sum.currency, sum.account, &sum.tender)
        };
        match self.sums.iter_mut().find(same) {
            Some(known) => known.minor = known.minor.saturating_add(sum.minor),
            None => self.sums.push(sum.clone()),
        }
        self.sums.sort();
    }

    pub(super) fn add_tax(&mut self, tax: &TaxSum) {
        match self.taxes.iter_mut().find(|known| known.is_of(tax)) {
            Some(known) => known.merge(tax),
            None => self.taxes.push(tax.clone()),
        }
        self.taxes.sort();
    }

    /// Whether nothing moved.
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty() && self.taxes.is_empty()
    }

    /// Currencies in which something moved.
    pub fn currencies(&self) -> Vec<Currency> {
        let sums = self.sums.iter().map(|sum| sum.currency);
        let mut all: Vec<_> = sums.chain(self.taxes.iter().map(|tax| tax.currency)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// One account in one currency over all tenders, in minor units.
    pub fn money(&self, account: Account, currency: Currency) -> i64 {
        let sums = self.sums.iter();
        let of = sums.filter(|sum| sum.account == account && sum.currency == currency);
        of.fold(0, |total, sum| total.saturating_add(sum.minor))
    }

    /// B: what is held beyond what was invoiced (positive: owed to buyers), in minor units. By design.md's equation at
    /// rest, `C - R - D = I - N + X + B`.
    pub fn balance(&self, currency: Currency) -> i64 {
        let of = |account| self.money(account, currency);
        let held = of(Account::Captured) - of(Account::Refunded) - of(Account::ChargedBack);
        held - (of(Account::Invoiced) - of(Account::Credited) + of(Account::Rounding))
    }
}
