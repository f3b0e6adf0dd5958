//! Business events that definitions may wait for, watch and start from.

use amends_engine::ledger::{Account, Phase};

use super::Shape;
use super::posting::Reports;

/// A kind of fact.
#[derive(Debug, Clone, Copy)]
pub struct Fact {
    /// The name: `refund.recorded`.
    pub name: &'static str,
    /// What happened, for people.
    pub meaning: &'static str,
    /// What expressions read as `fact`.
    pub payload: fn() -> Shape,
    /// What it may report to the ledger; which of these it does depends on the order.
    pub reports: &'static [Reports],
}

/// The fact called `name`, or `None` when there is none.
pub fn fact(name: &str) -> Option<&'static Fact> {
    FACTS.iter().find(|fact| fact.name == name)
}

fn nothing() -> Shape {
    Shape::record([])
}

fn units() -> Shape {
    Shape::list(Shape::record([("sku", Shape::Text), ("quantity", Shape::Int)]))
}

const fn reports(account: Account, phase: Phase) -> Reports {
    Reports { account, phase }
}

/// Every fact there is.
pub const FACTS: &[Fact] = &[
    Fact {
        name: "order.placed",
        meaning: "the shop has the order",
        payload: || {
            Shape::record([
                ("total_minor", Shape::Int),
                ("currency", Shape::Text),
                ("modified_ms", Shape::Int),
            ])
        },
        reports: &[
            reports(Account::Agreed, Phase::Landed),
            reports(Account::Ordered, Phase::Landed),
        ],
    },
    Fact {
        name: "order.cleared",
        meaning: "the order is paid, has terms, or costs nothing",
        payload: || Shape::record([("reason", Shape::Text)]),
        reports: &[
            reports(Account::Captured, Phase::Open),
            reports(Account::Authorized, Phase::Open),
            reports(Account::Captured, Phase::Landed),
            reports(Account::Due, Phase::Landed),
        ],
    },
    Fact {
        name: "order.edited",
        meaning: "the shop changed lines, amounts or address after the order was placed",
        payload: || {
            let change = Shape::record([
                ("what", Shape::Text),
                ("before", Shape::Any),
                ("after", Shape::Any),
            ]);
            Shape::record([
                ("changes", Shape::list(change)),
                ("total_before_minor", Shape::Int),
                ("total_after_minor", Shape::Int),
            ])
        },
        reports: &[],
    },
    Fact {
        name: "order.duplicate",
        meaning: "an earlier order of the same buyer has the same cart and payment",
        payload: || Shape::record([("order", Shape::Text), ("apart_ms", Shape::Int)]),
        reports: &[],
    },
    Fact {
        name: "refund.recorded",
        meaning: "the shop recorded a refund",
        payload: || Shape::record([("amount_minor", Shape::Int), ("currency", Shape::Text)]),
        reports: &[reports(Account::Refunded, Phase::Open)],
    },
    Fact {
        name: "refund.vanished",
        meaning: "a refund the shop had recorded is gone",
        payload: nothing,
        reports: &[],
    },
    Fact {
        name: "order.cancelled",
        meaning: "the shop cancelled the order",
        payload: || Shape::record([("was_paid", Shape::Bool)]),
        reports: &[reports(Account::CancelledUninvoiced, Phase::Landed)],
    },
    Fact {
        name: "order.refunded",
        meaning: "the shop refunded the whole order",
        payload: nothing,
        reports: &[],
    },
    Fact {
        name: "order.trashed",
        meaning: "the order was moved to the bin",
        payload: nothing,
        reports: &[],
    },
    Fact {
        name: "order.vanished",
        meaning: "the order no longer exists in the shop",
        payload: nothing,
        reports: &[],
    },
    Fact {
        name: "order.restored",
        meaning: "the order was taken out of the bin",
        payload: nothing,
        reports: &[],
    },
    Fact {
        name: "parcel.shipped",
        meaning: "a parcel left the warehouse",
        payload: || {
            Shape::record([
                ("parcel", Shape::Text),
                ("lines", units()),
                ("carrier", Shape::Text),
                ("tracking", Shape::Text),
            ])
        },
        reports: &[reports(Account::Shipped, Phase::Landed)],
    },
    Fact {
        name: "parcel.cancelled",
        meaning: "units were cancelled before they left the warehouse",
        payload: || Shape::record([("lines", units())]),
        reports: &[reports(Account::CancelledUnits, Phase::Landed)],
    },
];
