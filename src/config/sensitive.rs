//! Which commands take a second person.

use std::collections::BTreeMap;

use super::choice::choice;
use super::key::{Entry, Key};
use super::problem::Code;
use super::section::Section;
use super::setting::Mistake;

const COMMANDS: Key<Vec<Command>> = Key::new(
    "commands",
    "[]",
    "Commands that a second person has to confirm, whoever gives them and whatever they move.",
);

/// Keys of `[sensitive]`.
pub const KEYS: &[Entry] = &[COMMANDS.entry()];

choice! {
    /// A command to an order.
    Command {
        /// Try again now.
        Retry = "retry",
        /// Done by hand.
        Complete = "complete",
        /// Go on without it.
        Skip = "skip",
        /// Undo everything.
        Compensate = "compensate",
        /// Undo everything unless the other side refuses.
        Cancel = "cancel",
        /// Stop.
        Hold = "hold",
        /// Go on.
        Resume = "resume",
        /// Agree to an approval.
        Approve = "approve",
        /// Refuse one.
        Reject = "reject",
        /// End it as it is.
        Close = "close",
        /// Undo back to before a step.
        Rewind = "rewind",
        /// Report a fact by hand.
        Signal = "signal",
        /// Correct arguments.
        Edit = "edit",
        /// Give up an obligation, a debt or a discrepancy.
        Waive = "waive",
        /// Keep a text.
        Note = "note",
    }
}

/// `[sensitive]`. Nothing is sensitive by default.
#[derive(Debug, Clone, Default)]
pub struct Sensitive {
    /// Commands that always take a second person.
    pub commands: Vec<Command>,
    /// What `support` may move alone, by currency in minor units; no limit when empty.
    pub support: BTreeMap<String, u32>,
    /// What `finance` may move alone.
    pub finance: BTreeMap<String, u32>,
    /// What `admin` may move alone.
    pub admin: BTreeMap<String, u32>,
}

impl Sensitive {
    /// Reads `[sensitive]`.
    pub(super) fn read(root: &Section<'_>) -> Self {
        let section = root.table("sensitive");
        let sensitive = Self {
            commands: section.get(&COMMANDS),
            support: section.values("support", currency),
            finance: section.values("finance", currency),
            admin: section.values("admin", currency),
        };
        section.end();
        sensitive
    }
}

/// An ISO 4217 code.
fn currency(name: &str) -> Result<(), Mistake> {
    if name.len() == 3 && name.bytes().all(|b| b.is_ascii_uppercase()) {
        return Ok(());
    }
    Err(Mistake::new(
        Code::BadName,
        format!("`{name}` is not a currency"),
        "write its three letters: EUR = 10000",
    ))
}
