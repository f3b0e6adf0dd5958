//! The inequalities every intent must keep and the equations that hold at rest.
//!
//! Letters as in the glossary of `ARCHITECTURE.md`: A authorised, V voided, C captured, R refunded, D charged
//! back, T agreed, K cancelled uninvoiced, I invoiced, N credited, X rounding, B balance; `^` is landed + open.

use std::fmt;

use super::{Account, Balance, Currency, Ledger, Line, Posting};

/// An inequality that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which inequality, in words.
    pub rule: &'static str,
    /// Which line of it: a currency and tender, or an article.
    pub line: String,
    /// The side that must not be larger, in minor units or pieces.
    pub left: i64,
    /// The side that limits it.
    pub right: i64,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} would be broken for {}: {} against {}",
            self.rule, self.line, self.left, self.right
        )
    }
}

/// An equation that does not hold at rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imbalance {
    /// Which equation, in words.
    pub rule: &'static str,
    /// Which line of it.
    pub line: String,
    /// What is left over, in minor units or pieces; positive means that we hold too much.
    pub difference: i64,
    /// The currency, for money.
    pub currency: Option<Currency>,
}

impl Ledger {
    /// Whether an intent that would open `postings` keeps every inequality it touches.
    ///
    /// An inequality that facts broke before does not stop an intent that does not make it worse.
    ///
    /// # Errors
    /// The first [`Violation`] the intent would cause or deepen.
    pub fn admits(&self, postings: &[Posting]) -> Result<(), Violation> {
        let mut after = self.clone();
        after.open("", postings);
        let before = self.inequalities();
        for check in after.inequalities() {
            let slack_before = before
                .iter()
                .find(|known| known.rule == check.rule && known.line == check.line)
                .map_or(0, |known| known.right.saturating_sub(known.left));
            let slack = check.right.saturating_sub(check.left);
            if slack < 0 && slack < slack_before {
                return Err(check);
            }
        }
        Ok(())
    }

    /// Inequalities that do not hold now: what the outside did beyond them is a named obligation.
    pub fn violations(&self) -> Vec<Violation> {
        self.inequalities()
            .into_iter()
            .filter(|check| check.left > check.right)
            .collect()
    }

    /// Equations that do not hold at rest.
    pub fn imbalances(&self) -> Vec<Imbalance> {
        let money = self
            .currencies()
            .into_iter()
            .flat_map(|currency| self.money_imbalances(currency));
        let stock = self
            .articles()
            .into_iter()
            .flat_map(|article| self.stock_imbalances(article));
        money
            .chain(stock)
            .filter(|imbalance| imbalance.difference != 0)
            .collect()
    }

    /// B: what is held beyond what was invoiced; positive means we owe the buyer.
    pub fn balance_due(&self, currency: Currency) -> i64 {
        let landed = |account| self.money(account, currency).landed;
        landed(Account::Captured)
            - landed(Account::Refunded)
            - landed(Account::ChargedBack)
            - (landed(Account::Invoiced) - landed(Account::Credited) + landed(Account::Rounding))
    }

    fn money_imbalances(&self, currency: Currency) -> Vec<Imbalance> {
        let landed = |account| self.money(account, currency).landed;
        let imbalance = |rule, difference| Imbalance {
            rule,
            line: currency.to_string(),
            difference,
            currency: Some(currency),
        };
        vec![
            imbalance(
                "captured - refunded - charged back = invoiced - credited + rounding",
                self.balance_due(currency),
            ),
            imbalance(
                "authorised = voided + captured",
                if landed(Account::Authorized) == 0 {
                    0
                } else {
                    landed(Account::Authorized) - landed(Account::Voided) - landed(Account::Captured)
                },
            ),
        ]
    }

    fn stock_imbalances(&self, article: &str) -> Vec<Imbalance> {
        let landed = |account| self.units(account, article).landed;
        let imbalance = |rule, difference| Imbalance {
            rule,
            line: article.to_owned(),
            difference,
            currency: None,
        };
        vec![
            imbalance(
                "reserved = shipped + released",
                landed(Account::Reserved) - landed(Account::Shipped) - landed(Account::Released),
            ),
            imbalance(
                "ordered = shipped + cancelled",
                landed(Account::Ordered) - landed(Account::Shipped) - landed(Account::CancelledUnits),
            ),
        ]
    }

    fn inequalities(&self) -> Vec<Violation> {
        let tenders = self
            .tenders()
            .into_iter()
            .flat_map(|line| self.tender_inequalities(&line));
        let money = self
            .currencies()
            .into_iter()
            .flat_map(|currency| self.money_inequalities(currency));
        let stock = self
            .articles()
            .into_iter()
            .flat_map(|article| self.stock_inequalities(article));
        tenders.chain(money).chain(stock).collect()
    }

    fn tender_inequalities(&self, line: &Line) -> Vec<Violation> {
        let of = |account| self.balance(account, line);
        let name = line_name(line);
        let mut checks = vec![Violation {
            rule: "refunded + charged back <= captured",
            line: name.clone(),
            left: of(Account::Refunded)
                .total()
                .saturating_add(of(Account::ChargedBack).landed),
            right: of(Account::Captured).landed,
        }];
        if of(Account::Authorized) != Balance::default() || of(Account::Voided) != Balance::default() {
            checks.push(Violation {
                rule: "captured + voided <= authorised",
                line: name,
                left: of(Account::Captured)
                    .total()
                    .saturating_add(of(Account::Voided).total()),
                right: of(Account::Authorized).landed,
            });
        }
        checks
    }

    fn money_inequalities(&self, currency: Currency) -> Vec<Violation> {
        let of = |account| self.money(account, currency);
        let agreed = of(Account::Agreed).landed;
        let line = currency.to_string();
        vec![
            Violation {
                rule: "captured - refunded <= agreed - cancelled - credited",
                line: line.clone(),
                left: of(Account::Captured)
                    .total()
                    .saturating_sub(of(Account::Refunded).landed),
                right: agreed
                    .saturating_sub(of(Account::CancelledUninvoiced).total())
                    .saturating_sub(of(Account::Credited).total()),
            },
            Violation {
                rule: "credited <= invoiced",
                line: line.clone(),
                left: of(Account::Credited).total(),
                right: of(Account::Invoiced).landed,
            },
            Violation {
                rule: "invoiced <= agreed - cancelled",
                line,
                left: of(Account::Invoiced).total(),
                right: agreed.saturating_sub(of(Account::CancelledUninvoiced).landed),
            },
        ]
    }

    fn stock_inequalities(&self, article: &str) -> Vec<Violation> {
        let of = |account| self.units(account, article);
        let check = |rule, left, right| Violation {
            rule,
            line: article.to_owned(),
            left,
            right,
        };
        vec![
            check(
                "shipped + released <= reserved",
                of(Account::Shipped)
                    .total()
                    .saturating_add(of(Account::Released).total()),
                of(Account::Reserved).landed,
            ),
            check(
                "returned <= shipped",
                of(Account::Returned).total(),
                of(Account::Shipped).landed,
            ),
            check(
                "restocked + scrapped + sent back <= returned",
                of(Account::Restocked)
                    .total()
                    .saturating_add(of(Account::Scrapped).total())
                    .saturating_add(of(Account::SentBack).total()),
                of(Account::Returned).landed,
            ),
        ]
    }

    fn tenders(&self) -> Vec<Line> {
        let mut lines: Vec<Line> = self
            .balances
            .keys()
            .filter(|(_, line)| matches!(line, Line::Money { tender: Some(_), .. }))
            .map(|(_, line)| line.clone())
            .collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }
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
