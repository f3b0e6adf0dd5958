//! What the shop hears, for every kind of delivery.
//!
//! WooCommerce never repeats a delivery and disables a webhook at the seventh failure in a row, silently; any
//! status from 200 to 302 counts as success. So trouble with an order never answers with an error. Errors are kept
//! for bodies we could not keep: unsigned, oversized, or at a moment when nothing can be made durable.

use std::fmt::Write as _;

use super::delivery::{Delivery, Unusable};
use super::signature::SignatureError;

/// One documented answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Stable name of the case.
    pub case: &'static str,
    /// HTTP status.
    pub status: u16,
    /// Where the delivery is kept.
    pub kept: Kept,
    /// What the delivery looks like.
    pub when: &'static str,
    /// What follows from it.
    pub then: &'static str,
}

/// Where a delivery is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Durably, before the answer; can be listed, looked at and replayed.
    Log,
    /// In the bounded ring of refused bodies.
    Ring,
    /// Nowhere.
    Nowhere,
}

impl Kept {
    fn as_str(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Ring => "ring of refused bodies",
            Self::Nowhere => "no",
        }
    }
}

macro_rules! answers {
    ($($name:ident: $case:literal, $status:literal, $kept:ident, $when:literal, $then:literal;)*) => {
        $(
            #[doc = concat!($when, ": ", $then, ".")]
            pub const $name: Answer =
                Answer { case: $case, status: $status, kept: Kept::$kept, when: $when, then: $then };
        )*

        /// Every answer, in the order of the documentation.
        pub const ALL: &[Answer] = &[$($name),*];
    };
}

answers! {
    PING: "ping", 200, Nowhere,
        "Form body `webhook_id=N`, without signature, when a webhook is made",
        "Nothing; the shop insists on exactly 200";
    SNAPSHOT: "order", 200, Log,
        "Signed JSON object with `id`, `status` and `line_items`, under any topic",
        "The order is compared with what we know; read by REST first where the shop's `confirm` asks for it";
    BARE: "bare-id", 200, Log,
        "Signed `{\"id\":N}`, or a custom topic's `{\"action\":…,\"arg\":N}` about an order",
        "The order is read by REST; without REST only a bin or a deletion is acted on";
    REFUND: "refund", 200, Log,
        "Signed custom topic about a refund's id",
        "The order that has this refund is read by REST";
    NOTE: "note", 200, Log,
        "Signed custom topic about a note to the customer",
        "Nothing; it can be looked at";
    SHOP_ERROR: "shop-error", 200, Log,
        "Signed error object (`woocommerce_rest_…`) in place of an order",
        "An incident on the shop: the order was deleted before delivery, or the webhook's owner lost its rights";
    IGNORED: "ignored", 200, Log,
        "Signed product, customer or coupon",
        "Nothing, on purpose; remove that webhook from the shop";
    UNKNOWN: "unknown", 200, Log,
        "Signed JSON object of no known shape",
        "An incident on the delivery; it can be replayed after an upgrade";
    EMPTY: "empty", 200, Log,
        "Signed empty body",
        "An incident on the delivery";
    NOT_JSON: "not-json", 200, Log,
        "Signed body that is not a JSON object",
        "An incident on the delivery; a plugin that prints warnings into answers is the usual cause";
    WRONG_SOURCE: "wrong-source", 200, Log,
        "Signed, but `X-WC-Webhook-Source` names another site",
        "The shop's ingest stops with an incident: a staging copy with the production secret is the usual cause";
    ID_MISMATCH: "id-mismatch", 200, Log,
        "Signed order whose own link names another order",
        "An incident on the delivery";
    UNPARSABLE: "unparsable-order", 200, Log,
        "Signed order with a value that cannot be understood",
        "An incident on the delivery that names the field; it can be replayed";
    STOPPED: "ingest-stopped", 200, Log,
        "Anything signed while the shop's ingest is stopped",
        "It waits in the log until a person resumes the ingest";
    UNSIGNED: "unsigned", 401, Ring,
        "No signature, or no base64 of 32 bytes in its place, and no ping",
        "The answer explains which header is missing";
    BAD_SIGNATURE: "bad-signature", 401, Ring,
        "The signature fits none of the shop's secrets",
        "The answer says how to rotate a secret: configure two at once";
    UNKNOWN_SHOP: "unknown-shop", 404, Nowhere,
        "No shop of that name is configured",
        "The answer names the path it expects";
    METHOD: "method", 405, Nowhere,
        "Any method but POST",
        "Nothing";
    OVERSIZED: "oversized", 413, Nowhere,
        "A body beyond the limit, before its signature is looked at",
        "The answer names the limit and its configuration key";
    UNAVAILABLE: "unavailable", 503, Nowhere,
        "The delivery cannot be made durable: the store failed, is full, or the process stops",
        "The sweep finds the order later; the shop itself never repeats a delivery";
}

/// The answer to a delivery whose signature was good (or that is a ping).
pub fn of(delivery: &Delivery) -> Answer {
    match delivery {
        Delivery::Ping { .. } => PING,
        Delivery::Snapshot { .. } => SNAPSHOT,
        Delivery::Bare { .. } => BARE,
        Delivery::Refund { .. } => REFUND,
        Delivery::Note { .. } => NOTE,
        Delivery::ShopError { .. } => SHOP_ERROR,
        Delivery::Ignored { .. } => IGNORED,
        Delivery::Unknown { .. } => UNKNOWN,
        Delivery::Unusable(Unusable::Empty) => EMPTY,
        Delivery::Unusable(Unusable::Oversized { .. }) => OVERSIZED,
        Delivery::Unusable(Unusable::NotJson(_)) => NOT_JSON,
        Delivery::Unusable(Unusable::WrongSource { .. }) => WRONG_SOURCE,
        Delivery::Unusable(Unusable::IdMismatch { .. }) => ID_MISMATCH,
    }
}

/// The answer to a delivery whose signature proves nothing.
pub fn of_signature(error: SignatureError) -> Answer {
    match error {
        SignatureError::Missing | SignatureError::Malformed => UNSIGNED,
        SignatureError::Mismatch | SignatureError::Unconfigured => BAD_SIGNATURE,
    }
}

/// All answers as a Markdown table, the one in `docs/webhooks.md`.
pub fn table() -> String {
    let mut table =
        String::from("| case | status | kept | what arrives | what follows |\n|---|---|---|---|---|\n");
    for answer in ALL {
        let Answer {
            case,
            status,
            when,
            then,
            ..
        } = answer;
        let kept = answer.kept.as_str();
        // Writing into a string cannot fail.
        let _ = writeln!(table, "| `{case}` | {status} | {kept} | {when} | {then} |");
    }
    table
}
