//! The workflows, operations and orders of the test world.

use std::collections::BTreeMap;
use std::sync::Arc;

use amends_engine::contract::{Contract, Mode, PostingRule, PostingSource};
use amends_engine::decide::{Book, Start};
use amends_engine::definition::{Definition, Reaction, Step, StepKind, WatchAction};
use amends_engine::fact::Fact;
use amends_engine::ledger::{Account, Posting};
use amends_engine::{ConnectorId, Digest, FactName, OperationName, RoleName, RootKey, Value};

use super::build::{HOUR, MINUTE, SECOND, Shape, approval, call, define, wait, watch};

use StepKind::{Compensatable, Pivot, Retriable};

/// How long a side remembers a key.
pub(crate) const KEY_TTL: i64 = HOUR;
/// The longest a side goes on working after we stopped waiting.
pub(crate) const SETTLE: i64 = 20 * SECOND;

const ORDER: &[(&str, &str)] = &[("order", "order.key")];
const LINES: &[(&str, &str)] = &[("lines", "order.lines")];
const LINE: &[(&str, &str)] = &[("lines", "item.one")];
const MONEY: &[(&str, &str)] = &[
    ("amount_minor", "order.total_minor"),
    ("currency", "order.currency"),
    ("tender", "order.tender"),
];

/// All workflows.
pub(crate) fn workflows() -> Vec<Definition> {
    vec![
        promised(linear()),
        branches(),
        picking(),
        contested(),
        promised(parcels()),
        instalments(),
    ]
}

/// Its first step and the whole are to be over in time: short enough to be broken now and then.
fn promised(mut definition: Definition) -> Definition {
    definition.sla_ms = Some(HOUR);
    if let Some(first) = definition.steps.first_mut() {
        first.sla_ms = Some(20 * SECOND);
    }
    definition
}

fn create() -> Step {
    call("create-order", Compensatable, "erp.create_order", ORDER)
        .undo("erp.cancel_order", &[("document", "landed.reference")])
}

fn reserve() -> Step {
    call("reserve-stock", Compensatable, "erp.reserve_stock", LINES).undo(
        "erp.release_stock",
        &[("lines", "landed.lines"), ("document", "landed.reference")],
    )
}

fn invoice() -> Step {
    call("invoice", Retriable, "erp.post_invoice", MONEY).on(|on| on.exhausted = Reaction::Retry)
}

fn thank() -> Step {
    call("thank", Retriable, "storefront.notify", ORDER).not_critical()
}

fn linear() -> Definition {
    let steps = vec![
        create().on(|on| on.rejected = Reaction::Compensate),
        reserve()
            .on(|on| on.rejected = Reaction::Compensate)
            .on(|on| on.exhausted = Reaction::Compensate),
        call("take-money", Pivot, "payments.capture", MONEY).on(|on| on.rejected = Reaction::Compensate),
        invoice(),
        thank(),
    ];
    define(
        "linear",
        steps,
        vec![
            watch("order.cancelled", WatchAction::Cancel),
            watch("order.edited", WatchAction::Hold),
        ],
    )
}

fn branches() -> Definition {
    let steps = vec![
        wait("cleared", "order.cleared", 30 * MINUTE).on(|on| on.deadline = Reaction::Compensate),
        create().after(&["cleared"]),
        reserve()
            .after(&["cleared"])
            .on(|on| on.exhausted = Reaction::Compensate),
        call("verify", Compensatable, "payments.verify_payment", MONEY)
            .after(&["cleared"])
            .when("order.prepaid"),
        approval("risk", "order.total_minor", 20 * MINUTE)
            .after(&["create-order", "reserve-stock", "verify"])
            .when("order.risky")
            .on(|on| on.rejected = Reaction::Compensate),
        call("release", Pivot, "warehouse.release", LINES)
            .after(&["risk"])
            .on(|on| on.exhausted = Reaction::Compensate),
        invoice().after(&["release"]),
        call("write-back", Retriable, "storefront.write_back", ORDER).after(&["release"]),
        thank().after(&["invoice", "write-back"]),
    ];
    define(
        "branches",
        steps,
        vec![watch("order.cancelled", WatchAction::Cancel)],
    )
}

/// Items frozen at once, each with its own undo of two calls.
fn picking() -> Definition {
    let steps = vec![
        create(),
        call("pick", Compensatable, "erp.reserve_stock", LINE)
            .per_item("order.lines", "item.sku")
            .undo("erp.release_stock", &[("lines", "landed.lines")])
            .undo("storefront.write_back", &[("order", "item.sku")])
            .on(|on| on.rejected = Reaction::Compensate),
        call("tell", Retriable, "storefront.notify", &[("sku", "item.sku")])
            .per_item("order.lines", "item.sku")
            .not_critical(),
        call("take-money", Pivot, "payments.capture", MONEY)
            .on(|on| on.exhausted = Reaction::Compensate)
            .patience(|policy| policy.attempts_max = Some(3)),
        invoice(),
    ];
    define(
        "picking",
        steps,
        vec![watch("order.cancelled", WatchAction::Cancel)],
    )
}

/// The warehouse may have picked already; the money is taken afterwards.
fn contested() -> Definition {
    let steps = vec![
        reserve().on(|on| on.rejected = Reaction::Compensate),
        call("release", Compensatable, "warehouse.release", LINES)
            .contested("warehouse.cancel_release", &[("job", "landed.reference")])
            .on(|on| on.exhausted = Reaction::Compensate),
        wait("shipped", "parcel.shipped", 2 * HOUR),
        call("take-money", Pivot, "payments.capture", MONEY),
        invoice(),
    ];
    define(
        "contested",
        steps,
        vec![
            watch("order.cancelled", WatchAction::Cancel),
            watch("refund.recorded", WatchAction::Escalate),
        ],
    )
}

/// Per arriving fact, until everything has left.
fn parcels() -> Definition {
    let steps = vec![
        reserve().on(|on| on.exhausted = Reaction::Compensate),
        call("release", Pivot, "warehouse.release", LINES)
            .when("order.total_minor != 0")
            .on(|on| on.rejected = Reaction::Compensate),
        call(
            "deliver",
            Retriable,
            "erp.post_delivery",
            &[("parcel", "fact.parcel")],
        )
        .per_fact("parcel.shipped", "sum(facts, units) >= order.units", HOUR),
        call("verify", Retriable, "payments.verify_payment", MONEY)
            .after(&["release"])
            .when("order.prepaid"),
        invoice().after(&["deliver", "verify"]),
        wait("receipt", "order.received", HOUR).on(|on| on.deadline = Reaction::Skip),
        thank(),
    ];
    let mut parcels = define("parcels", steps, vec![watch("order.edited", WatchAction::Hold)]);
    for step in &mut parcels.steps {
        step.critical &= step.id.as_str() != "receipt";
    }
    parcels
}

/// The pivot is a fan-out: the first released item commits all.
fn instalments() -> Definition {
    let steps = vec![
        reserve(),
        call(
            "instalment",
            Pivot,
            "payments.capture",
            &[
                ("amount_minor", "item.amount_minor"),
                ("currency", "order.currency"),
                ("tender", "order.tender"),
            ],
        )
        .per_item("order.lines", "item.sku")
        .on(|on| on.rejected = Reaction::Compensate)
        .on(|on| on.in_doubt = Reaction::Escalate),
        invoice(),
        call("write-back", Retriable, "storefront.write_back", ORDER).on(|on| on.rejected = Reaction::Skip),
    ];
    define(
        "instalments",
        steps,
        vec![watch("order.cancelled", WatchAction::Cancel)],
    )
}

/// Definitions and contracts by hand.
#[derive(Debug)]
pub(crate) struct Shelf {
    definitions: BTreeMap<Digest, Arc<Definition>>,
    modes: BTreeMap<String, (Mode, bool)>,
}

impl Shelf {
    pub(crate) fn new(definitions: Vec<Definition>) -> Self {
        let keyed = Mode::Keyed { key_ttl_ms: KEY_TTL };
        let modes = [
            ("erp.create_order", Mode::Probed, true),
            ("erp.cancel_order", Mode::Idempotent, false),
            ("erp.reserve_stock", Mode::Staged, true),
            ("erp.release_stock", Mode::Probed, true),
            ("erp.post_invoice", Mode::Probed, true),
            ("erp.post_delivery", Mode::Probed, true),
            ("payments.capture", keyed, true),
            ("payments.verify_payment", Mode::Idempotent, false),
            ("warehouse.release", keyed, false),
            ("warehouse.cancel_release", Mode::Idempotent, true),
            ("storefront.notify", Mode::AtMostOnce, false),
            ("storefront.write_back", Mode::Idempotent, false),
        ];
        Self {
            definitions: definitions
                .into_iter()
                .map(|definition| (definition.digest, Arc::new(definition)))
                .collect(),
            modes: modes
                .into_iter()
                .map(|(name, mode, probe)| (name.to_owned(), (mode, probe)))
                .collect(),
        }
    }

    pub(crate) fn named(&self, name: &str) -> Arc<Definition> {
        let mut definitions = self.definitions.values();
        definitions
            .find(|definition| definition.name.as_str() == name)
            .unwrap()
            .clone()
    }
}

impl Book for Shelf {
    fn definition(&self, digest: &Digest) -> Option<Arc<Definition>> {
        self.definitions.get(digest).cloned()
    }

    fn starts(&self, _: &RootKey, fact: &Fact, _: Option<&Value>) -> Vec<Start> {
        let Some(name) = fact.payload.get("workflow").and_then(Value::as_text) else {
            return Vec::new();
        };
        let routes = ["erp", "payments", "warehouse", "storefront"];
        let start = Start {
            definition: self.named(name),
            routes: routes
                .iter()
                .map(|role| (RoleName::new(*role), ConnectorId::new(*role)))
                .collect(),
            settings: Value::map([("country", Value::text("DE"))]),
        };
        vec![start]
    }

    fn reports(&self, _: &FactName, _: &Value) -> Vec<Posting> {
        Vec::new()
    }

    fn contract(
        &self,
        connector: &ConnectorId,
        role: &RoleName,
        operation: &OperationName,
    ) -> Option<Contract> {
        let (mode, probe) = *self.modes.get(&format!("{role}.{operation}"))?;
        Some(Contract {
            connector: connector.clone(),
            role: role.clone(),
            operation: operation.clone(),
            mode,
            settle_ms: SETTLE,
            probe,
            recipe: Digest::of(b"recipe"),
            postings: postings(operation.as_str()),
        })
    }
}

fn postings(operation: &str) -> Vec<PostingRule> {
    let money = PostingSource::Money {
        amount: "amount_minor".to_owned(),
        currency: "currency".to_owned(),
        tender: Some("tender".to_owned()),
    };
    let lines = PostingSource::Lines {
        lines: "lines".to_owned(),
    };
    let rule = |account, source, verifies| {
        vec![PostingRule {
            account,
            source,
            verifies,
        }]
    };
    match operation {
        "reserve_stock" => rule(Account::Reserved, lines, false),
        "release_stock" => rule(Account::Released, lines, false),
        "capture" => rule(Account::Captured, money, false),
        "verify_payment" => rule(Account::Captured, money, true),
        "post_invoice" => rule(Account::Invoiced, money, false),
        _ => Vec::new(),
    }
}
