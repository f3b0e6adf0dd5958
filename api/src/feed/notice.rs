//! One entry of the feed.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::Cursor;

/// A business fact told to other systems. Free of personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Notice {
    /// Its place in the feed: the same for ever, so that a repetition is recognised by it.
    #[schema(value_type = String)]
    pub id: Cursor,
    /// What happened.
    pub kind: Kind,
    /// When: RFC 3339, UTC.
    pub at: String,
    /// The order, such as `eu-shop:1042`.
    pub order: String,
    /// The shop.
    pub shop: String,
    /// A sentence for people.
    pub text: String,
    /// The instance of a workflow it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub instance: Option<String>,
    /// The step it is about, or `step/item`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub place: Option<String>,
    /// The outside document that was made.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub document: Option<String>,
    /// The incident or obligation, by its number in the order.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub number: Option<u32>,
    /// The stable cause of an incident, the name of a fact or of a command.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cause: Option<String>,
    /// What is owed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub amount: Option<Amount>,
    /// The person.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub by: Option<String>,
}

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Amount {
    /// Minor units: cents.
    pub minor: i64,
    /// ISO 4217 code.
    pub currency: String,
}

macro_rules! kinds {
    ($($name:ident = $text:literal, $meaning:literal;)*) => {
        /// What happened, by its stable public name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Kind {
            $(#[doc = $meaning] #[serde(rename = $text)] $name,)*
        }

        impl Kind {
            /// All of them, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable public name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it means, a sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }
        }
    };
}

impl PartialSchema for Kind {
    fn schema() -> RefOr<Schema> {
        let names = Self::ALL.iter().map(|kind| kind.name());
        let text = ObjectBuilder::new().schema_type(Type::String);
        text.enum_values(Some(names)).into()
    }
}

impl ToSchema for Kind {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("NoticeKind")
    }
}

kinds! {
    OrderStarted = "order.started", "A workflow began for the order.";
    OrderRevised = "order.revised", "The order has a new content in the shop.";
    OrderHeld = "order.held", "The order was stopped; its deadlines stand still.";
    OrderResumed = "order.resumed", "A held order goes on.";
    OrderCancelling = "order.cancelling", "The other side is asked whether it still can be cancelled.";
    OrderCancelRefused = "order.cancel-refused", "It could not be cancelled any more and goes forward.";
    OrderRewinding = "order.rewinding", "Steps are being undone, to be done again from `place` on.";
    OrderRewound = "order.rewound", "What was to be done again is undone; it goes forward anew.";
    OrderCompensating = "order.compensating", "Everything done so far is being undone.";
    OrderCompleted = "order.completed", "A workflow ended forward.";
    OrderCompensated = "order.compensated", "A workflow ended with everything undone.";
    OrderClosed = "order.closed", "A person ended a workflow as it was.";
    FactRecorded = "fact.recorded", "Something happened outside: `cause` names the fact.";
    StepDone = "step.done", "A step took place at the other side; `document` names what it made.";
    StepSkipped = "step.skipped", "A step was passed over by a person, or became a debt.";
    StepUndone = "step.undone", "A step was undone.";
    StepOverdue = "step.overdue", "Something awaited did not come in time.";
    SlaBreached = "sla.breached", "A step (`place`), or the whole workflow, was not over by the time promised.";
    IncidentOpened = "incident.opened", "A person is needed: `cause` names the class.";
    IncidentCleared = "incident.cleared", "An incident is settled.";
    ObligationOpened = "obligation.opened", "Money or goods are owed that no step covers.";
    ReceivableOpened = "receivable.opened", "Money is due as agreed, on delivery or on invoice.";
    ObligationSettled = "obligation.settled", "An obligation is settled.";
    CommandGiven = "command.given", "A person gave a command: `cause` names it.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_written_by_their_names() {
        for kind in Kind::ALL {
            let text = serde_json::to_value(kind).unwrap();
            assert_eq!(text, kind.name());
        }
    }

    #[test]
    fn the_page_lists_every_kind() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/feed.md");
        let text = std::fs::read_to_string(page).unwrap();
        let begin = "<!-- kinds: written by a test, do not edit -->\n";
        let (head, rest) = text.split_once(begin).unwrap();
        let (_, tail) = rest.split_once("<!-- end of kinds -->").unwrap();
        let rows = Kind::ALL
            .iter()
            .map(|kind| format!("| `{}` | {} |\n", kind.name(), kind.meaning()));
        let table = format!("| kind | meaning |\n|---|---|\n{}", rows.collect::<String>());
        let wanted = format!("{head}{begin}{table}<!-- end of kinds -->{tail}");
        if std::env::var_os("AMENDS_WRITE_DOCS").is_some() {
            std::fs::write(page, &wanted).unwrap();
        }
        assert!(
            text == wanted,
            "docs/feed.md is not up to date: run this test with AMENDS_WRITE_DOCS=1"
        );
    }
}
