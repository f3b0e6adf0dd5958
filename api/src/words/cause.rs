//! What each cause of an incident means, and what to do next: one row per cause.

use serde::Serialize;
use utoipa::ToSchema;

/// What an incident of one cause means, and what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Advice {
    /// What happened, in a few words.
    #[schema(value_type = String)]
    pub title: &'static str,
    /// What to do next, in a sentence.
    #[schema(value_type = String)]
    pub next: &'static str,
    /// Commands to the order that fit, the likeliest first; none where something else has to be done.
    #[schema(value_type = Vec<String>)]
    pub commands: &'static [&'static str],
}

macro_rules! causes {
    ($($cause:literal: $title:literal, [$($command:literal),*], $next:literal;)*) => {
        /// Every cause with its advice, in order of its name.
        pub const CAUSES: &[(&str, Advice)] = &[
            $(($cause, Advice { title: $title, next: $next, commands: &[$($command),*] })),*
        ];
    };
}

causes! {
    "adopted-document-left": "A document that was there before is left over", ["complete"],
        "Nobody here made it, so nothing here undoes it: look at the document in the other system, settle it there by hand, and say so with `complete`.";
    "amount-differs": "The other side moved another amount", ["complete", "hold"],
        "Compare the document with the order: correct it in the other system, or settle the difference with the buyer.";
    "approval": "A person has to decide", ["approve", "reject"],
        "Look at what the step shows: approve it, or reject it.";
    "breaker-open": "An outside system does not answer", [],
        "Ask who runs it. Requests wait and go out by themselves when it answers again; pause the connector for planned work.";
    "callback-unreadable": "A callback cannot be read", [],
        "Compare the body with the connector's recipe, correct the recipe, and replay the delivery.";
    "cancel-refused": "The other side could not cancel any more", ["resume", "hold"],
        "The order goes forward again: tell the buyer, and expect a return instead of a cancellation.";
    "contradiction": "Something happened that the order's state rules out", ["hold", "complete"],
        "Find out what is true: the shop, the ledger and the document stand side by side. Hold the order meanwhile.";
    "debt": "A skipped step still has to happen", ["retry", "complete", "close"],
        "Do it by hand and say so with `complete`, or `retry` once the cause is gone.";
    "duplicate-effect": "One request made two documents", ["hold"],
        "Cancel the younger document in the other system, check that only one moved money or goods, then `resume`.";
    "empty": "An empty delivery arrived", [],
        "Look at what answers the shop's webhooks in between, such as a proxy; the sweep reads the order meanwhile.";
    "exhausted": "The other side failed for longer than the policy allows", ["retry", "complete"],
        "See whether the other system is well again, then `retry`; many at once can be retried together.";
    "expression-failed": "The definition does not fit this order", ["retry", "skip"],
        "Something the definition reads is missing or of another kind: correct the order in the shop or the definition, then `retry`.";
    "facts-refused": "What the shop reported was not taken in", [],
        "The order has reached a limit: look at what feeds it, and replay the delivery when that is settled.";
    "id-mismatch": "A delivery names two orders", [],
        "Something in the shop changes orders on their way out, most often a plugin: switch it off, then look at the delivery again.";
    "in-doubt": "It may have happened", ["complete", "retry"],
        "Look the document up in the other system by our reference: `complete` with its number if it is there, `retry` if it is not.";
    "late-success": "It happened after it was given up", ["complete", "hold"],
        "The document exists although the order went another way: cancel it in the other system, or take it as done.";
    "ledger-refused": "It would move more money or goods than there is", ["retry", "skip"],
        "Look at the ledger: somebody else has refunded, captured or shipped already. Settle that first.";
    "not-configured": "An operation is not configured for this shop", ["retry", "complete", "skip"],
        "Name a connector for the role in the shop's configuration and restart, then `retry`; or do it by hand and `complete`.";
    "not-json": "A delivery is no JSON", [],
        "A plugin of the shop prints warnings into its answers: read the start of the body, switch that off, and look at the delivery again.";
    "obligation": "Money or goods are owed", ["close"],
        "Whoever is named settles it with the buyer or the provider, and says how.";
    "order-cancelled": "The shop cancelled the order", ["cancel", "compensate", "resume"],
        "Cancel it here as well, or `resume` if the shop was mistaken.";
    "order-edited": "The order was changed in the shop", ["resume", "cancel"],
        "Compare both contents: correct the documents by hand and `resume`, or cancel and let the shop order anew.";
    "order-refunded": "The shop refunded the whole order", ["cancel", "compensate", "resume"],
        "The money went back in the shop: undo the order here, or credit it by hand and `resume`.";
    "order-trashed": "The order is in the shop's bin", ["cancel", "resume"],
        "Ask who binned it: cancel it here, or take it out of the bin and `resume`.";
    "order-vanished": "The order is no longer in the shop", ["cancel", "close"],
        "It was deleted for good: undo what was done here, then close it.";
    "order-vanished-unread": "An order was deleted before it was read", [],
        "Ask in the shop what it was; nothing was done for it here.";
    "other-order": "An order's number came back with another order", [],
        "Nothing of this shop is believed: most often the shop was restored or made anew. Find out which, then `amends shops resume`.";
    "other-site": "A shop's orders now come from another site", [],
        "Nothing of it is believed: if the shop moved, resume its ingest; if this is a copy, correct the configuration first.";
    "overdue": "Something was expected and did not come", ["complete", "skip", "cancel"],
        "Ask whoever should have done it; say `complete` if it happened, `skip` or `cancel` if it will not.";
    "parcel-cancelled": "The warehouse will not ship a part", ["resume", "cancel"],
        "Money and invoice are still those of the whole order: credit what will not be shipped by hand, then `resume`, or `cancel` the rest.";
    "possible-duplicate": "It looks like an order that was placed shortly before", ["resume", "cancel"],
        "Compare both orders and ask the buyer: `resume` if both are meant, `cancel` the later one if not.";
    "record-unreadable": "What was last known of an order cannot be read", [],
        "It is damaged or from a newer release: check the store with `amends journal verify`, then look at the delivery again.";
    "refund-recorded": "The shop refunded a part", ["resume", "cancel"],
        "See what the refund was for: credit it by hand where it concerns an invoice, then `resume`.";
    "refund-vanished": "A refund is no longer in the shop", ["resume", "hold"],
        "Ask the provider whether the money went back; correct the credit, then `resume`.";
    "rejected": "The other side said no", ["retry", "complete", "skip", "cancel"],
        "Read what it said, correct it there (an unknown article, a closed period), then `retry`.";
    "set-aside": "Something that arrived was set aside", [],
        "Look at the delivery: correct what it says is wrong, then replay it.";
    "shop-error": "A shop delivers errors in place of orders", [],
        "The user who owns the webhook lost its rights, or orders are deleted before they are sent: make the webhook anew as an administrator.";
    "shop-silent": "A shop sends nothing", [],
        "Look at the shop's webhooks and at its scheduled actions; the sweep goes on reading meanwhile.";
    "shop-unreadable": "A shop does not answer our readings", [],
        "Check that the shop is up and that the REST credentials may read orders.";
    "transaction-missing": "A paid order names no transaction", ["edit", "complete", "retry", "cancel"],
        "Find the payment at the provider: `edit` the step with its transaction, or `retry` once the shop names it. If the money came another way, `complete` the step; if there is none, `cancel`.";
    "undo-failed": "An undo failed", ["retry", "complete", "skip"],
        "Undo it in the other system by hand and say so with `complete`, or `retry` once the cause is gone.";
    "unknown": "A delivery of no known shape arrived", [],
        "See which plugin sends it; remove its webhook if it is about no order, or look at the delivery again after an upgrade.";
    "unparsable-order": "An order of the shop cannot be read", [],
        "Look at what its message names, most often a plugin's field: correct it in the shop, and it is read again.";
    "wrong-source": "Deliveries of another site carry this shop's secret", [],
        "Nothing of this shop is believed: most often a staging copy still has the webhooks. Remove them there, then `amends shops resume`.";
}

/// The advice for a cause that a definition names and no table knows.
const OTHER: Advice = Advice {
    title: "A person is needed",
    next: "Read the message, and look at the order before deciding.",
    commands: &["resume", "cancel"],
};

/// What an incident of this cause means, and what to do next.
pub fn advice(cause: &str) -> Advice {
    let known = CAUSES.iter().find(|(known, _)| *known == cause);
    known.map_or(OTHER, |(_, advice)| *advice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::Act;

    /// Where causes are named outside of the engine: what stands before each, and how many there are at least.
    const NAMED: [(&str, &str, usize); 8] = [
        (
            include_str!("../../../workflows/definitions/order-to-cash.toml"),
            "cause = \"",
            8,
        ),
        (include_str!("../../../runtime/src/ingest.rs"), "} => \"", 3),
        (include_str!("../../../runtime/src/intake.rs"), "cause: \"", 1),
        (
            include_str!("../../../src/server/breaker.rs"),
            "CAUSE: &str = \"",
            1,
        ),
        (include_str!("../../../src/server/callback.rs"), "cause: \"", 1),
        (include_str!("../../../src/server/interpreter.rs"), "cause: \"", 2),
        (include_str!("../../../src/server/lookout.rs"), "cause: \"", 1),
        (include_str!("../../../src/server/sweep.rs"), "cause: \"", 2),
    ];

    fn quoted<'t>(source: &'t str, before: &str) -> Vec<&'t str> {
        let lines = source.lines().map(str::trim);
        lines
            .filter_map(|line| line.split_once(before)?.1.split('"').next())
            .collect()
    }

    #[test]
    fn every_cause_has_advice() {
        let engine = include_str!("../../../engine/src/root/incident.rs");
        let mut causes = quoted(engine, "&str = \"");
        assert!(causes.len() >= 17, "{causes:?}");
        for (source, before, least) in NAMED {
            let found = quoted(source, before);
            assert!(found.len() >= least, "{before}: {found:?}");
            causes.extend(found);
        }
        for cause in causes {
            assert_ne!(advice(cause), OTHER, "{cause} has no row");
        }
    }

    #[test]
    fn the_guide_lists_every_cause() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/on-call.md");
        let text = std::fs::read_to_string(page).unwrap();
        let begin = "<!-- causes: written by a test, do not edit -->\n";
        let (head, rest) = text.split_once(begin).unwrap();
        let (_, tail) = rest.split_once("<!-- end of causes -->").unwrap();
        let mut table = "| cause | what it means | what to do next |\n|---|---|---|\n".to_owned();
        for (cause, advice) in CAUSES {
            table.extend(["| `", cause, "` | ", advice.title, " | ", advice.next, " |\n"]);
        }
        let wanted = format!("{head}{begin}{table}<!-- end of causes -->{tail}");
        if std::env::var_os("AMENDS_WRITE_DOCS").is_some() {
            std::fs::write(page, &wanted).unwrap();
        }
        assert!(
            text == wanted,
            "docs/on-call.md is not up to date: run this test with AMENDS_WRITE_DOCS=1"
        );
    }

    #[test]
    fn rows_are_sorted_and_name_commands_that_exist() {
        let names: Vec<&str> = CAUSES.iter().map(|(cause, _)| *cause).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(names.len(), sorted.len(), "a cause has two rows");
        for (cause, advice) in CAUSES {
            for command in advice.commands {
                assert!(Act::of_command(command).is_some(), "{cause}: {command}");
            }
        }
    }
}
