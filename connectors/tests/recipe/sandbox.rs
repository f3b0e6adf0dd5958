//! Every operation of the shipped recipes against the sandbox: done, done but not told (F3), not done and not told
//! (F4), refused.

use amends_connectors::recipe::{Connector, Sending};
use amends_connectors::sandbox::{Fault, Rule};
use amends_engine::Value;
use amends_engine::contract::Mode;
use amends_engine::outcome::{Outcome, Probe};
use serde_json::json;

use crate::bench::{Bench, found, key, landed, request};

/// An operation, and where the sandbox has it.
struct Case {
    system: &'static str,
    operation: &'static str,
    /// The request that a fault has to hit.
    struck: &'static str,
    /// What the witness calls the effect; empty for none.
    witnessed: &'static str,
    /// What makes the other side say no; without one the arguments do.
    refusal: Option<Fault>,
}

const fn case(
    system: &'static str,
    operation: &'static str,
    struck: &'static str,
    witnessed: &'static str,
) -> Case {
    Case {
        system,
        operation,
        struck,
        witnessed,
        refusal: Some(Fault::ErrorInside {
            says: amends_connectors::sandbox::ErrorInside::User,
        }),
    }
}

const CASES: [Case; 16] = [
    case(
        "erp",
        "match_customer",
        "party.party.create",
        "party.party.create",
    ),
    case("erp", "create_order", "sale.sale.quote", "sale.sale.create"),
    case("erp", "cancel_order", "sale.sale.cancel", "sale.sale.cancel"),
    case("erp", "reserve_stock", "assign_try", "stock.shipment.out.create"),
    case(
        "erp",
        "release_stock",
        "stock.shipment.out.cancel",
        "stock.shipment.out.cancel",
    ),
    case(
        "erp",
        "post_delivery",
        "stock.shipment.out.create",
        "stock.shipment.out.create",
    ),
    case(
        "erp",
        "post_invoice",
        "account.invoice.post",
        "account.invoice.post",
    ),
    case(
        "erp",
        "register_payment",
        "account.payment.create",
        "account.payment.create",
    ),
    Case {
        refusal: None,
        ..case("payments", "verify_payment", "payment_intents.retrieve", "")
    },
    Case {
        refusal: None,
        ..case("payments", "verify_authorisation", "payment_intents.retrieve", "")
    },
    case(
        "payments",
        "void",
        "payment_intents.cancel",
        "payment_intents.cancel",
    ),
    Case {
        refusal: Some(Fault::Decline),
        ..case(
            "payments",
            "capture",
            "payment_intents.capture",
            "payment_intents.capture",
        )
    },
    case("warehouse", "release", "releases.create", "releases.create"),
    Case {
        refusal: Some(Fault::RefuseUndo),
        ..case(
            "warehouse",
            "cancel_release",
            "releases.cancel",
            "releases.cancel",
        )
    },
    case("demo", "write_back", "orders.update", "orders.update"),
    case("demo", "notify", "notes.create", "notes.create"),
];

fn lines() -> Value {
    Value::List(vec![Value::map([
        ("sku", "TEE-BLK-M".into()),
        ("quantity", Value::Int(3)),
    ])])
}

fn address() -> Value {
    let fields = [
        "name", "company", "line1", "line2", "city", "state", "postcode", "country", "phone",
    ];
    Value::map(fields.map(|field| (field, Value::text(field))))
}

/// What another operation made: the result field of that name.
async fn made(bench: &Bench, system: &str, operation: &str, field: &str) -> Value {
    let args = Box::pin(arguments(bench, operation)).await;
    let key = key(&format!("before-{operation}"));
    let sent = bench
        .connector(system)
        .send(&request(operation, &key, &args, Sending::First))
        .await;
    landed(sent).result.get(field).unwrap().clone()
}

fn payment(transaction: String) -> Value {
    Value::map([
        ("transaction", Value::Text(transaction)),
        ("currency", "USD".into()),
        ("amount_minor", Value::Int(9189)),
        ("tender", "card".into()),
    ])
}

async fn arguments(bench: &Bench, operation: &str) -> Value {
    match operation {
        "match_customer" => Value::map([
            ("reference", "demo:customer:2".into()),
            ("email", "ada@example.test".into()),
            ("name", "Ada Byron".into()),
            ("company", "".into()),
            ("billing", address()),
            ("shipping", address()),
        ]),
        "create_order" => {
            let line = Value::map([
                ("sku", "TEE-BLK-M".into()),
                ("name", "Tee".into()),
                ("quantity", Value::Int(3)),
                // A third of it has no end: prices are rounded, the line's amount is not.
                ("net_minor", Value::Int(1000)),
                ("tax_minor", Value::Int(73)),
            ]);
            Value::map([
                ("customer", made(bench, "erp", "match_customer", "customer").await),
                ("order_key", "demo:16".into()),
                ("currency", "USD".into()),
                ("lines", Value::List(vec![line])),
                ("shipping_minor", Value::Int(500)),
                ("fees_minor", Value::Int(0)),
                ("tax_minor", Value::Int(73)),
                ("total_minor", Value::Int(1573)),
            ])
        }
        "cancel_order" => Value::map([("order", made(bench, "erp", "create_order", "order").await)]),
        "reserve_stock" => Value::map([
            ("order", "1".into()),
            ("customer", made(bench, "erp", "match_customer", "customer").await),
            ("lines", lines()),
        ]),
        "release_stock" => Value::map([
            (
                "reservation",
                made(bench, "erp", "reserve_stock", "reservation").await,
            ),
            ("lines", lines()),
        ]),
        "post_delivery" => Value::map([
            ("order", "1".into()),
            ("customer", made(bench, "erp", "match_customer", "customer").await),
            ("parcel", "P-1".into()),
            ("lines", lines()),
        ]),
        "post_invoice" => Value::map([
            ("order", "1".into()),
            ("customer", made(bench, "erp", "match_customer", "customer").await),
            ("currency", "USD".into()),
            ("total_minor", Value::Int(1573)),
        ]),
        "register_payment" => Value::map([
            ("invoice", made(bench, "erp", "post_invoice", "invoice").await),
            ("currency", "USD".into()),
            ("amount_minor", Value::Int(1573)),
            ("tender", "card".into()),
        ]),
        "verify_payment" => {
            let seed = json!({"amount": 9189, "currency": "usd", "captured": true});
            payment(bench.intent(seed).await)
        }
        "verify_authorisation" | "void" | "capture" => payment(bench.authorised().await),
        "release" => Value::map([
            ("order_key", "demo:16".into()),
            ("lines", lines()),
            ("address", address()),
            ("express", Value::Bool(false)),
        ]),
        "cancel_release" => Value::map([("job", made(bench, "warehouse", "release", "job").await)]),
        "write_back" | "notify" => storefront_arguments(bench).await,
        other => panic!("no arguments for {other}"),
    }
}

/// Both operations of the storefront are about one order of the shop.
async fn storefront_arguments(bench: &Bench) -> Value {
    let made = bench
        .control("demo", "generate", &json!({"count": 1, "seed": 1}))
        .await;
    let id = made
        .pointer("/ids/0")
        .and_then(serde_json::Value::as_i64)
        .unwrap();
    Value::map([
        ("order_id", Value::Int(id)),
        ("status", "completed".into()),
        ("documents", Value::map([("sales_order", Value::text("SO-1"))])),
        ("note", "Your order is complete.".into()),
    ])
}

/// A world, the arguments of a case in it, and what the witness has counted before.
struct Stage {
    bench: Bench,
    connector: Connector,
    args: Value,
    key: String,
    before: usize,
}

impl Stage {
    async fn of(case: &Case) -> Self {
        let bench = Bench::start().await;
        let args = arguments(&bench, case.operation).await;
        Self {
            connector: bench.connector(case.system),
            before: bench.witnessed(case.witnessed),
            bench,
            args,
            key: key(case.operation),
        }
    }

    async fn send(&self, case: &Case, sending: Sending) -> amends_connectors::recipe::Sent {
        let request = request(case.operation, &self.key, &self.args, sending);
        self.connector.send(&request).await
    }

    async fn probe(&self, case: &Case) -> Probe {
        let request = request(case.operation, &self.key, &self.args, Sending::Again);
        self.connector.probe(&request).await.probe
    }

    fn effects(&self, case: &Case) -> usize {
        self.bench.witnessed(case.witnessed) - self.before
    }
}

impl Case {
    /// How often the witness sees the effect when it takes place once.
    fn once(&self) -> usize {
        usize::from(!self.witnessed.is_empty())
    }
}

#[tokio::test]
async fn every_operation_is_done_once_and_found_again() {
    for case in &CASES {
        let name = case.operation;
        let stage = Stage::of(case).await;
        let first = landed(stage.send(case, Sending::First).await);
        assert!(!first.adopted && first.duplicates.is_empty(), "{name}: {first:?}");
        assert_eq!(stage.effects(case), case.once(), "{name}");
        if stage.connector.contract(name).unwrap().probe {
            let again = found(stage.probe(case).await);
            assert_eq!(again.reference, first.reference, "{name}");
            assert_eq!(again.result, first.result, "{name}");
        }
        let second = landed(stage.send(case, Sending::Again).await);
        assert_eq!(second.result, first.result, "{name}");
        if stage.connector.contract(name).unwrap().mode != Mode::Idempotent {
            assert_eq!(
                stage.effects(case),
                case.once(),
                "{name}: sent twice under one key"
            );
        }
    }
}

#[tokio::test]
async fn done_but_not_told_is_in_doubt_then_found() {
    for case in &CASES {
        let name = case.operation;
        for fault in [Fault::DoneThenHangUp, Fault::TruncatedJson, Fault::DoneThenError] {
            let stage = Stage::of(case).await;
            let rule = Rule::always(fault.clone()).times(1).on(case.struck);
            stage.bench.inject(case.system, rule);
            let sent = stage.send(case, Sending::First).await;
            if case.witnessed.is_empty() {
                let reads_on = matches!(sent.outcome, Outcome::Failed(_) | Outcome::Succeeded(_));
                assert!(reads_on, "{name} {fault:?}: {:?}", sent.outcome);
            } else {
                assert!(
                    matches!(sent.outcome, Outcome::Unknown(_)),
                    "{name} {fault:?}: {:?}",
                    sent.outcome
                );
            }
            if stage.connector.contract(name).unwrap().probe {
                let probed = found(stage.probe(case).await);
                assert!(probed.reference.is_some(), "{name} {fault:?}");
                assert_eq!(stage.effects(case), 1, "{name} {fault:?}");
            }
        }
    }
}

#[tokio::test]
async fn not_done_and_not_told_is_in_doubt_then_absent_then_done_once() {
    for case in &CASES {
        let name = case.operation;
        let stage = Stage::of(case).await;
        stage
            .bench
            .inject(case.system, Rule::always(Fault::HangUp).times(1).on(case.struck));
        let sent = stage.send(case, Sending::First).await;
        let unsettled = matches!(sent.outcome, Outcome::Unknown(_) | Outcome::Failed(_));
        assert!(unsettled, "{name}: {:?}", sent.outcome);
        if stage.connector.contract(name).unwrap().probe {
            assert_eq!(stage.probe(case).await, Probe::Absent, "{name}");
        }
        let landing = landed(stage.send(case, Sending::Again).await);
        assert!(!landing.adopted, "{name}");
        assert_eq!(stage.effects(case), case.once(), "{name}");
    }
}

#[tokio::test]
async fn a_business_no_is_rejected_with_the_other_sides_code() {
    for case in &CASES {
        let name = case.operation;
        let mut stage = Stage::of(case).await;
        match (&case.refusal, name) {
            (Some(fault), _) => {
                stage
                    .bench
                    .inject(case.system, Rule::always(fault.clone()).times(1).on(case.struck));
            }
            (None, "verify_payment") => stage.args = payment(stage.bench.authorised().await),
            (None, _) => {
                let seed = json!({"amount": 9189, "currency": "eur", "captured": false});
                stage.args = payment(stage.bench.intent(seed).await);
            }
        }
        let sent = stage.send(case, Sending::First).await;
        let Outcome::Rejected(fault) = &sent.outcome else {
            panic!("{name}: {:?}\n{:#?}", sent.outcome, sent.exchange);
        };
        assert!(
            fault.code.is_some() && !fault.message.is_empty(),
            "{name}: {fault:?}"
        );
    }
}
