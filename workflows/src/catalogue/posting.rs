//! What an operation or fact moves in the ledger, as constant tables.

use amends_engine::contract::{PostingRule, PostingSource};
use amends_engine::ledger::{Account, Phase};

/// One movement of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posts {
    /// An amount of money the call moves.
    Money {
        /// The account.
        account: Account,
        /// Path to minor units in arguments and result.
        amount: &'static str,
    },
    /// An amount of money somebody else moved and the call verifies.
    Verifies {
        /// The account.
        account: Account,
        /// Path to minor units in arguments and result.
        amount: &'static str,
    },
    /// Units of articles.
    Lines {
        /// The account.
        account: Account,
        /// Path to a list of maps with `sku` and `quantity`.
        lines: &'static str,
    },
}

impl Posts {
    /// The rule as contracts carry it. Money stands beside `currency` and `tender`.
    pub fn rule(self) -> PostingRule {
        match self {
            Self::Money { account, amount } => money(account, amount, false),
            Self::Verifies { account, amount } => money(account, amount, true),
            Self::Lines { account, lines } => PostingRule {
                account,
                source: PostingSource::Lines {
                    lines: lines.to_owned(),
                },
                verifies: false,
            },
        }
    }
}

fn money(account: Account, amount: &str, verifies: bool) -> PostingRule {
    let per_tender = matches!(
        account,
        Account::Authorized | Account::Voided | Account::Captured | Account::Refunded | Account::ChargedBack
    );
    PostingRule {
        account,
        source: PostingSource::Money {
            amount: amount.to_owned(),
            currency: "currency".to_owned(),
            tender: per_tender.then(|| "tender".to_owned()),
        },
        verifies,
    }
}

/// A movement that a fact from outside reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reports {
    /// The account.
    pub account: Account,
    /// Whether it happened or is claimed.
    pub phase: Phase,
}
