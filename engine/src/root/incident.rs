//! Named reasons why something waits for a person.

use serde::{Deserialize, Serialize};

use crate::instance::Place;
use crate::{InstanceId, Millis};

/// A named reason why something waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// The instance, or `None` for the root itself.
    pub instance: Option<InstanceId>,
    /// The run, where one is to blame.
    pub place: Option<Place>,
    /// The class of the cause: a stable code such as `rejected`, `in-doubt`, `order-edited`.
    pub cause: String,
    /// A sentence for people, free of personal data.
    pub message: String,
    /// Since when.
    pub opened_at: Millis,
    /// Who looks after it.
    pub owner: Option<String>,
}

impl Incident {
    /// Whether it names something that does not add up and that no run waits for: only a person who waives it, or
    /// closes the instance, ends it.
    pub fn is_discrepancy(&self) -> bool {
        const DISCREPANCIES: [&str; 6] = [
            cause::AMOUNT_DIFFERS,
            cause::DUPLICATE_EFFECT,
            cause::LATE_SUCCESS,
            cause::CONTRADICTION,
            cause::CANCEL_REFUSED,
            cause::ADOPTED,
        ];
        DISCREPANCIES.contains(&self.cause.as_str())
    }
}

/// Causes the engine itself opens incidents with. Watches of a definition add their own.
pub mod cause {
    /// The other side said no.
    pub const REJECTED: &str = "rejected";
    /// The retry policy allows no more attempts.
    pub const EXHAUSTED: &str = "exhausted";
    /// An effect may have happened and nothing automatic can tell.
    pub const IN_DOUBT: &str = "in-doubt";
    /// An undo failed.
    pub const UNDO_FAILED: &str = "undo-failed";
    /// A wait or approval ran past its deadline.
    pub const OVERDUE: &str = "overdue";
    /// A person has to decide.
    pub const APPROVAL: &str = "approval";
    /// The ledger refused an intent.
    pub const LEDGER_REFUSED: &str = "ledger-refused";
    /// The other side moved another amount than asked.
    pub const AMOUNT_DIFFERS: &str = "amount-differs";
    /// One key, two documents.
    pub const DUPLICATE_EFFECT: &str = "duplicate-effect";
    /// A document that no attempt of ours made was used and is not undone automatically.
    pub const ADOPTED: &str = "adopted-document-left";
    /// An expression has no value on this subject.
    pub const EXPRESSION: &str = "expression-failed";
    /// An operation is not configured for this shop.
    pub const NOT_CONFIGURED: &str = "not-configured";
    /// A fact arrived that the state of the order rules out.
    pub const CONTRADICTION: &str = "contradiction";
    /// An effect landed after it had been given up.
    pub const LATE_SUCCESS: &str = "late-success";
    /// The other side could not cancel any more.
    pub const CANCEL_REFUSED: &str = "cancel-refused";
    /// Money or goods are owed.
    pub const OBLIGATION: &str = "obligation";
    /// A skipped step still has to happen.
    pub const DEBT: &str = "debt";
}
