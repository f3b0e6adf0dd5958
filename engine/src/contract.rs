//! What an operation of an outside system promises: how it may be repeated, and what it moves.

use serde::{Deserialize, Serialize};

use crate::ledger::Account;
use crate::{ConnectorId, Digest, OperationName, RoleName};

/// How an operation is made safe against repetition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// The other side honours our idempotency key for `key_ttl_ms` milliseconds after its first use.
    Keyed {
        /// How long the other side remembers a key.
        key_ttl_ms: i64,
    },
    /// We look up by our reference before and after sending.
    Probed,
    /// A harmless draft is made under our reference; the oldest draft is kept and confirmed by id.
    Staged,
    /// In doubt goes to a person.
    AtMostOnce,
    /// Repeating has no further effect (latest wins): resend freely.
    Idempotent,
}

/// The promises of one operation of one connector, pinned into the journal with the step that uses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contract {
    /// The connector that serves the role for this root.
    pub connector: ConnectorId,
    /// The role the definition names.
    pub role: RoleName,
    /// The operation.
    pub operation: OperationName,
    /// How repetition is made safe.
    pub mode: Mode,
    /// The longest the other side may go on working on a request after we stopped waiting, plus the lag of its
    /// look-up index, in milliseconds. A probe says "absent" only after this.
    pub settle_ms: i64,
    /// Whether the effect can be looked up by our reference.
    pub probe: bool,
    /// The recipe that renders the request, kept by digest while any instance names it.
    pub recipe: Digest,
    /// What the operation moves in the ledger.
    pub postings: Vec<PostingRule>,
}

impl Contract {
    /// Whether the operation itself takes money or gives it back. Verifying what others did moves nothing, and
    /// neither does letting an authorisation go.
    pub fn moves_money(&self) -> bool {
        let moves = |rule: &PostingRule| matches!(rule.account, Account::Captured | Account::Refunded);
        self.postings.iter().any(|rule| !rule.verifies && moves(rule))
    }
}

/// How a request and its result become postings: the request opens an amount, the outcome's own amount lands it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostingRule {
    /// The account that moves.
    pub account: Account,
    /// Where the amount stands.
    pub source: PostingSource,
    /// The operation verifies what somebody else did: its landing replaces amounts that facts claimed on the same
    /// line instead of adding to them, and its request opens nothing.
    pub verifies: bool,
}

/// Where the amount of a posting stands in the arguments and in the result (the same paths in both; what the
/// result does not say is taken from the arguments).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PostingSource {
    /// Money: `amount` is a path to minor units; `currency` and `tender` are paths to text.
    Money {
        /// Path to an integer in minor units.
        amount: String,
        /// Path to the ISO 4217 code.
        currency: String,
        /// Path to the tender ("card"); accounts without tenders ignore it.
        tender: Option<String>,
    },
    /// Stock: `lines` is a path to a list of maps with `sku` and `quantity`.
    Lines {
        /// Path to the list.
        lines: String,
    },
}
