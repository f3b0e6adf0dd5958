//! Money and stock of one root: what was intended, what landed, what is owed.
//!
//! Every balance has a landed and an open part. Open amounts (released, in doubt, claimed by the shop and not
//! verified) count against us, never for us. Intents of ours are refused when they would break an inequality;
//! facts from outside are always recorded.

mod posting;
mod rule;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use posting::{Account, Currency, Line, Phase, Posting};
pub use rule::{Imbalance, Violation};

/// The balances of one root.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ledger {
    balances: BTreeMap<(Account, Line), Balance>,
    opens: BTreeMap<String, Vec<Posting>>,
}

/// One line of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Balance {
    /// What happened.
    pub landed: i64,
    /// What may have happened or will.
    pub open: i64,
}

impl Balance {
    /// Landed and open together: what counts against us.
    pub fn total(self) -> i64 {
        self.landed.saturating_add(self.open)
    }
}

impl Ledger {
    /// All balances in order.
    pub fn balances(&self) -> impl Iterator<Item = (Account, &Line, Balance)> {
        self.balances
            .iter()
            .map(|((account, line), balance)| (*account, line, *balance))
    }

    /// Open amounts by the key of the call or fact that opened them.
    pub fn opens(&self) -> impl Iterator<Item = (&str, &[Posting])> {
        self.opens
            .iter()
            .map(|(key, postings)| (key.as_str(), postings.as_slice()))
    }

    /// The balance of one line.
    pub fn balance(&self, account: Account, line: &Line) -> Balance {
        self.balances
            .get(&(account, line.clone()))
            .copied()
            .unwrap_or_default()
    }

    /// Reserves the amounts of an intent under `key`.
    pub fn open(&mut self, key: &str, postings: &[Posting]) {
        for posting in postings {
            self.shift(posting, |balance, amount| {
                balance.open = balance.open.saturating_add(amount);
            });
        }
        if !postings.is_empty() {
            self.opens
                .entry(key.to_owned())
                .or_default()
                .extend_from_slice(postings);
        }
    }

    /// Lets go of what `key` opened.
    pub fn release(&mut self, key: &str) {
        for posting in self.opens.remove(key).unwrap_or_default() {
            self.shift(&posting, |balance, amount| {
                balance.open = balance.open.saturating_sub(amount);
            });
        }
    }

    /// A new epoch goes on with the reservation of the old one.
    pub fn rename(&mut self, old_key: &str, key: &str) {
        if old_key == key {
            return;
        }
        if let Some(postings) = self.opens.remove(old_key) {
            self.opens.entry(key.to_owned()).or_default().extend(postings);
        }
    }

    /// What `key` opened has landed, with the amounts the other side named.
    pub fn land(&mut self, key: &str, postings: &[Posting]) {
        self.release(key);
        for posting in postings {
            self.shift(posting, |balance, amount| {
                balance.landed = balance.landed.saturating_add(amount);
            });
        }
    }

    /// What somebody else claimed on these lines is verified: the landed amounts replace the claims.
    pub fn verify(&mut self, key: &str, postings: &[Posting]) {
        let claims: Vec<String> = self
            .opens
            .iter()
            .filter(|(_, opened)| {
                opened
                    .iter()
                    .any(|open| postings.iter().any(|landed| same_line(open, landed)))
            })
            .map(|(claim, _)| claim.clone())
            .collect();
        for claim in claims {
            self.release(&claim);
        }
        self.land(key, postings);
    }

    /// Records what a fact says, whatever it breaks: landed amounts land, claims stay open under its natural id.
    pub fn record(&mut self, natural_id: &str, postings: &[Posting]) {
        let (landed, open): (Vec<Posting>, Vec<Posting>) = postings
            .iter()
            .cloned()
            .partition(|posting| posting.phase == Phase::Landed);
        for posting in &landed {
            self.shift(posting, |balance, amount| {
                balance.landed = balance.landed.saturating_add(amount);
            });
        }
        self.open(natural_id, &open);
    }

    /// Every currency that occurs.
    pub fn currencies(&self) -> Vec<Currency> {
        let mut currencies: Vec<Currency> = self
            .balances
            .keys()
            .filter_map(|(_, line)| match line {
                Line::Money { currency, .. } => Some(*currency),
                Line::Stock { .. } => None,
            })
            .collect();
        currencies.sort_unstable();
        currencies.dedup();
        currencies
    }

    /// Every article that occurs.
    pub fn articles(&self) -> Vec<&str> {
        let mut articles: Vec<&str> = self
            .balances
            .keys()
            .filter_map(|(_, line)| match line {
                Line::Stock { sku } => Some(sku.as_str()),
                Line::Money { .. } => None,
            })
            .collect();
        articles.sort_unstable();
        articles.dedup();
        articles
    }

    /// One account in one currency, over all tenders.
    pub fn money(&self, account: Account, currency: Currency) -> Balance {
        self.sum(
            account,
            |line| matches!(line, Line::Money { currency: of, .. } if *of == currency),
        )
    }

    /// One account of one article.
    pub fn units(&self, account: Account, article: &str) -> Balance {
        self.sum(
            account,
            |line| matches!(line, Line::Stock { sku } if sku == article),
        )
    }

    fn sum(&self, account: Account, matches: impl Fn(&Line) -> bool) -> Balance {
        self.balances
            .iter()
            .filter(|((of, line), _)| *of == account && matches(line))
            .fold(Balance::default(), |sum, (_, balance)| Balance {
                landed: sum.landed.saturating_add(balance.landed),
                open: sum.open.saturating_add(balance.open),
            })
    }

    fn shift(&mut self, posting: &Posting, apply: impl Fn(&mut Balance, i64)) {
        apply(
            self.balances
                .entry((posting.account, posting.line.clone()))
                .or_default(),
            posting.amount,
        );
    }
}

fn same_line(one: &Posting, other: &Posting) -> bool {
    one.account == other.account && one.line == other.line
}
