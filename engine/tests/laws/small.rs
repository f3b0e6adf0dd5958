//! Workflows small enough to be searched as a whole; together they have every kind of run in every stage.

use amends_engine::definition::{Definition, Reaction, Step, StepKind, WatchAction};

use crate::world::build::{HOUR, MINUTE, Shape, approval, call, define, wait, watch};

use StepKind::{Compensatable, Pivot, Retriable};

const ORDER: &[(&str, &str)] = &[("order", "order.key")];
const LINES: &[(&str, &str)] = &[("lines", "order.lines")];
const MONEY: &[(&str, &str)] = &[
    ("amount_minor", "order.total_minor"),
    ("currency", "order.currency"),
    ("tender", "order.tender"),
];

pub(crate) fn all() -> Vec<Definition> {
    vec![
        undoable(),
        cancellable(),
        beside("beside-a-call", tell()),
        beside("beside-a-wait", news()),
        beside("beside-a-decision", nod()),
    ]
}

/// Everything a run can be before the point of no return, and all of it undone.
fn undoable() -> Definition {
    let steps = vec![
        wait("cleared", "order.cleared", 30 * MINUTE),
        create().after(&["cleared"]),
        approval("risk", "order.total_minor", 20 * MINUTE)
            .after(&["cleared"])
            .when("order.risky"),
        reserve().after(&["create-order"]),
        capture().after(&["risk", "reserve-stock"]),
        invoice(),
    ];
    let cancelled = watch("order.cancelled", WatchAction::Cancel);
    define("undoable", steps, vec![cancelled])
}

/// The warehouse may refuse to let go.
fn cancellable() -> Definition {
    let steps = vec![
        reserve(),
        call("release", Compensatable, "warehouse.release", LINES)
            .contested("warehouse.cancel_release", &[("job", "landed.reference")]),
        wait("shipped", "parcel.shipped", 2 * HOUR),
        approval("risk", "order.total_minor", 20 * MINUTE).after(&["release"]),
        capture().after(&["shipped", "risk"]),
        call("thank", Retriable, "storefront.notify", ORDER).not_critical(),
    ];
    define("cancellable", steps, Vec::new())
}

/// The first of two payments commits both; beside them stands a step that only goes forward.
fn beside(name: &str, other: Step) -> Definition {
    let other = other.after(&["create-order"]);
    let pay = call(
        "pay",
        Pivot,
        "payments.capture",
        &[
            ("amount_minor", "item.amount_minor"),
            ("currency", "order.currency"),
            ("tender", "order.tender"),
        ],
    );
    let pay = pay.per_item("order.lines", "item.sku").after(&["create-order"]);
    define(name, vec![create(), other, pay], Vec::new())
}

fn tell() -> Step {
    call("tell", Retriable, "erp.post_delivery", ORDER)
}

fn news() -> Step {
    let mut wait = wait("news", "order.cleared", HOUR);
    wait.kind = Retriable;
    wait
}

fn nod() -> Step {
    let mut approval = approval("nod", "order.total_minor", HOUR);
    approval.kind = Retriable;
    approval
}

fn create() -> Step {
    call("create-order", Compensatable, "erp.create_order", ORDER)
        .undo("erp.cancel_order", &[("document", "landed.reference")])
        .patience(|policy| policy.attempts_max = Some(2))
}

fn reserve() -> Step {
    call("reserve-stock", Compensatable, "erp.reserve_stock", LINES)
        .undo(
            "erp.release_stock",
            &[("lines", "landed.lines"), ("document", "landed.reference")],
        )
        .on(|on| on.rejected = Reaction::Compensate)
        .patience(|policy| policy.attempts_max = Some(2))
}

fn capture() -> Step {
    call("take-money", Pivot, "payments.capture", MONEY).patience(|policy| policy.attempts_max = Some(2))
}

fn invoice() -> Step {
    call("invoice", Retriable, "erp.post_invoice", MONEY).patience(|policy| policy.attempts_max = Some(2))
}
