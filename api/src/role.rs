//! Who may do what: the one table. The gate of every route and every command asks it, and docs/api.md shows it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// What the holder of a token is here for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Looks at everything but personal data.
    Viewer,
    /// Moves orders.
    Support,
    /// Decides about money that is left over, and reads the audit trail.
    Finance,
    /// Everything.
    Admin,
}

impl Role {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Support, Self::Finance, Self::Admin];

    /// The stable public name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Support => "support",
            Self::Finance => "finance",
            Self::Admin => "admin",
        }
    }
}

/// What an act is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// One shop's orders and deliveries.
    Shop,
    /// Everything here; a token limited to some shops cannot do it.
    Everything,
}

use Role::{Admin, Finance, Support, Viewer};

macro_rules! acts {
    ($($act:ident: $name:literal, $reach:ident, [$($role:ident),*], $about:literal;)*) => {
        /// Something a role may or may not do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Act {
            $(#[doc = $about] $act,)*
        }

        impl Act {
            /// All of them, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$act),*];

            /// The stable public name. Commands have their own.
            pub fn name(self) -> &'static str {
                match self { $(Self::$act => $name,)* }
            }

            /// What it is about.
            pub fn reach(self) -> Reach {
                match self { $(Self::$act => Reach::$reach,)* }
            }

            /// Who may.
            pub fn roles(self) -> &'static [Role] {
                match self { $(Self::$act => &[$($role),*],)* }
            }

            /// What it is, in a sentence.
            pub fn about(self) -> &'static str {
                match self { $(Self::$act => $about,)* }
            }
        }
    };
}

acts! {
    Look: "look", Shop, [Viewer, Support, Finance, Admin], "See orders, deliveries, requests and health, personal data hidden.";
    Reveal: "reveal", Shop, [Support, Finance, Admin], "See personal data with `reveal=true`; each time is audited.";
    Retry: "retry", Shop, [Support, Admin], "Try a failing or stuck step again, now.";
    Complete: "complete", Shop, [Support, Finance, Admin], "Say that a step was done by hand, and with which document.";
    Skip: "skip", Shop, [Support, Admin], "Go on without a step.";
    Compensate: "compensate", Shop, [Support, Admin], "Undo everything.";
    Cancel: "cancel", Shop, [Support, Admin], "Undo everything unless the warehouse refuses.";
    Hold: "hold", Shop, [Support, Finance, Admin], "Stop an order and freeze its deadlines.";
    Resume: "resume", Shop, [Support, Admin], "Let a held order go on.";
    Approve: "approve", Shop, [Support, Finance, Admin], "Agree to what an approval step shows.";
    Reject: "reject", Shop, [Support, Finance, Admin], "Refuse what an approval step shows.";
    Close: "close", Shop, [Finance, Admin], "End an instance as it is; what is left over is settled by hand.";
    Rewind: "rewind", Shop, [Support, Admin], "Undo back to before a step, then do it and what follows again.";
    Signal: "signal", Shop, [Support, Admin], "Report a fact by hand, as if the outside had told it.";
    Edit: "edit", Shop, [Support, Finance, Admin], "Correct arguments of a call that cannot go on; the ledger limits what it moves.";
    Waive: "waive", Shop, [Finance, Admin], "Give up an obligation, a debt or a discrepancy.";
    Note: "note", Shop, [Support, Finance, Admin], "Keep a text with an order, a shop, a connector or a delivery.";
    Care: "care", Shop, [Support, Finance, Admin], "Look after incidents: assign them, and leave them out of lists for a while.";
    Bulk: "bulk", Shop, [Support, Finance, Admin], "Give one command to many orders; it takes the command's own act as well.";
    Confirm: "confirm", Shop, [Support, Finance, Admin], "Agree to, or decline, what somebody else asked for; agreeing takes the act itself too.";
    Books: "books", Shop, [Finance, Admin], "Read the trial balance and the tax of the shops the token is for.";
    Evidence: "evidence", Shop, [Support, Finance, Admin], "Take everything known about one order as a file; each time is audited.";
    Replay: "replay", Shop, [Support, Admin], "Look at a delivery again.";
    Pause: "pause", Everything, [Support, Finance, Admin], "Stop a connector, money, or everything that leaves.";
    Release: "release", Everything, [Admin], "Let a connector, money, or everything go on.";
    Backup: "backup", Everything, [Admin], "Write a backup.";
    Audit: "audit", Everything, [Finance, Admin], "Read the audit trail.";
    Measure: "measure", Everything, [Viewer, Support, Finance, Admin], "Read the metrics.";
    Tokens: "tokens", Everything, [Admin], "Make, list and revoke tokens.";
}

impl Act {
    /// The act of a command; `None` when there is no such command.
    pub fn of_command(command: &str) -> Option<Self> {
        Self::COMMANDS.iter().copied().find(|act| act.name() == command)
    }

    /// Acts that are commands to an order.
    pub const COMMANDS: [Self; 15] = [
        Self::Retry,
        Self::Complete,
        Self::Skip,
        Self::Compensate,
        Self::Cancel,
        Self::Hold,
        Self::Resume,
        Self::Approve,
        Self::Reject,
        Self::Close,
        Self::Rewind,
        Self::Signal,
        Self::Edit,
        Self::Waive,
        Self::Note,
    ];
}

/// The shops whose orders a token shows. Whatever it does not show does not exist for its holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shops {
    /// All of them, those of tomorrow too.
    All,
    /// These.
    Only(BTreeSet<String>),
}

impl Shops {
    /// All where none is named.
    pub fn named(shops: &[String]) -> Self {
        if shops.is_empty() {
            Self::All
        } else {
            Self::Only(shops.iter().cloned().collect())
        }
    }

    /// Their names; `None` for all.
    pub fn names(&self) -> Option<Vec<String>> {
        match self {
            Self::All => None,
            Self::Only(shops) => Some(shops.iter().cloned().collect()),
        }
    }

    /// Whether `shop` is among them.
    pub fn has(&self, shop: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(shops) => shops.contains(shop),
        }
    }

    /// Whether the order `root` (`shop:id`) is of one of them.
    pub fn has_order(&self, root: &str) -> bool {
        self.has(root.split(':').next().unwrap_or_default())
    }
}

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// The role does not include the act.
    Role,
    /// The act is about everything, the token about some shops.
    Shops,
}

/// Whether a holder of `role` limited to `shops` may do `act`. The only place that decides it.
///
/// # Errors
/// [`Denial`].
pub fn may(role: Role, shops: &Shops, act: Act) -> Result<(), Denial> {
    if !act.roles().contains(&role) {
        return Err(Denial::Role);
    }
    if act.reach() == Reach::Everything && *shops != Shops::All {
        return Err(Denial::Shops);
    }
    Ok(())
}

/// The table as docs/api.md has it.
pub fn table() -> String {
    let mut text = String::from("| Act |");
    for role in Role::ALL {
        let _ = write!(text, " {} |", role.name());
    }
    text.push_str(" What it is |\n|---|---|---|---|---|---|\n");
    for act in Act::ALL {
        let _ = write!(text, "| `{}` |", act.name());
        for role in Role::ALL {
            text.push_str(if act.roles().contains(&role) {
                " yes |"
            } else {
                " |"
            });
        }
        let all = match act.reach() {
            Reach::Shop => "",
            Reach::Everything => " Needs a token for all shops.",
        };
        let _ = writeln!(text, " {}{all} |", act.about());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_of_the_engine_is_an_act() {
        let names = Act::COMMANDS.map(Act::name);
        assert_eq!(names, amends_engine::command::Verb::NAMES);
        for act in Act::COMMANDS {
            assert_eq!(Act::of_command(act.name()), Some(act));
        }
        assert_eq!(Act::of_command("look"), None);
    }

    #[test]
    fn roles_grow_from_viewer_to_admin() {
        for act in Act::ALL {
            assert!(act.roles().contains(&Admin), "{act:?}");
            let looks = matches!(act, Act::Look | Act::Measure);
            assert_eq!(act.roles().contains(&Viewer), looks, "{act:?}");
        }
    }

    #[test]
    fn a_token_of_some_shops_reaches_no_further() {
        let some = Shops::named(&["eu".to_owned()]);
        for act in Act::ALL {
            let expect = if act.reach() == Reach::Everything {
                Err(Denial::Shops)
            } else {
                Ok(())
            };
            assert_eq!(may(Admin, &some, *act), expect, "{act:?}");
            assert_eq!(may(Admin, &Shops::All, *act), Ok(()), "{act:?}");
        }
        assert!(some.has_order("eu:16") && !some.has_order("eu-2:16") && !some.has_order("e"));
    }
}
