//! Money or goods owed that no running step covers.

use serde::{Deserialize, Serialize};

use crate::Millis;
use crate::ledger::Currency;

/// Money or goods owed either way that no running step covers; someone is named for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obligation {
    /// Whether something is wrong.
    pub nature: Nature,
    /// Who owes whom.
    pub debtor: Debtor,
    /// Minor units, for money.
    pub amount: i64,
    /// The currency, for money; `None` for goods.
    pub currency: Option<Currency>,
    /// A sentence for people.
    pub reason: String,
    /// Who looks after it.
    pub owner: String,
    /// Since when.
    pub opened_at: Millis,
}

/// Why something is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Nature {
    /// It was agreed that way: the money is due on delivery or on invoice.
    Receivable,
    /// Something does not add up, and somebody has to find out what.
    Discrepancy,
}

/// Who owes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Debtor {
    /// We owe the buyer.
    Shop,
    /// The buyer (or the carrier who collects for us) owes us.
    Buyer,
    /// Nobody can say yet: the books of two sides contradict each other.
    Unsettled,
}
