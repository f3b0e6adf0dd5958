//! Orders that break integrations, and what is said about them.

use amends_workflows::catalogue;
use amends_workflows::model::{Clearance, Code, Draft, DraftRefund, Order, Rounding, Shop};

use crate::drafts::{charge, codes, dec, draft, line, order};

type Alter = fn(&mut Draft);

const CASES: &[(&str, Alter, &[&str])] = &[
    ("a plain order", |_| {}, &[]),
    (
        "a partial refund, then two",
        |draft| draft.refunds = refunds(&["5.00"]),
        &["refunded-before-start"],
    ),
    (
        "refunds that make the whole, one cent too much",
        |draft| {
            draft.status = "refunded".into();
            draft.refunds = refunds(&["30.00", "29.51"]);
        },
        &["refunded-before-start"],
    ),
    (
        "a quantity edited without the total",
        |draft| drop(draft.lines.pop()),
        &["totals-differ"],
    ),
    (
        "shipping tax forgotten by the head",
        |draft| draft.shipping_tax = dec("0.00"),
        &["totals-differ"],
    ),
    (
        "yen with decimals",
        |draft| draft.currency = "JPY".into(),
        &["currency-precision"],
    ),
    (
        "dinars with three decimals",
        |draft| {
            draft.currency = "KWD".into();
            draft.total = dec("59.505");
            draft.fees = vec![charge(4, "5.005", "0.95")];
        },
        &[],
    ),
    (
        "euros with three decimals",
        |draft| {
            draft.total = dec("59.505");
            draft.fees = vec![charge(4, "5.005", "0.95")];
        },
        &["currency-precision"],
    ),
    (
        "a refund finer than a cent",
        |draft| draft.refunds = refunds(&["0.005"]),
        &["currency-precision", "refunded-before-start"],
    ),
    (
        "a made-up currency",
        |draft| draft.currency = "GOLD".into(),
        &["currency-unknown"],
    ),
    (
        "a currency in small letters",
        |draft| draft.currency = "eur".into(),
        &["currency-unknown"],
    ),
    (
        "nothing to pay",
        |draft| {
            draft.total = dec("0.00");
            draft.lines = vec![line(1, "TEE", "2", "0.00", "0.00")];
            draft.shipping_lines = Vec::new();
            draft.fees = Vec::new();
            (draft.shipping_total, draft.shipping_tax) = (dec("0"), dec("0"));
            draft.payment.method = String::new();
        },
        &[],
    ),
    (
        "a negative fee as a discount",
        |draft| {
            draft.fees = vec![charge(4, "-5.00", "-0.95")];
            draft.total = dec("47.60");
        },
        &[],
    ),
    (
        "the line of a deleted product",
        |draft| {
            draft.lines = vec![
                line(1, "", "2", "30.00", "5.70"),
                line(2, "MUG", "1", "10.00", "1.90"),
            ];
        },
        &["sku-missing"],
    ),
    (
        "the same article on two lines",
        |draft| {
            draft.lines = vec![
                line(1, "TEE", "2", "30.00", "5.70"),
                line(2, "TEE", "1", "10.00", "1.90"),
            ];
        },
        &[],
    ),
    (
        "a bundle's parent at nothing",
        |draft| draft.lines.push(line(9, "SET", "1", "0.00", "0.00")),
        &[],
    ),
    (
        "half a piece",
        |draft| draft.lines = vec![line(1, "TEE", "0.5", "40.00", "7.60")],
        &["quantity-invalid"],
    ),
    (
        "less than nothing",
        |draft| draft.lines = vec![line(1, "TEE", "-1", "40.00", "7.60")],
        &["quantity-invalid"],
    ),
    (
        "nothing ordered",
        |draft| draft.lines = Vec::new(),
        &["totals-differ", "no-lines"],
    ),
    (
        "nowhere to go",
        |draft| draft.billing.city = " ".into(),
        &["address-incomplete"],
    ),
    (
        "a gateway nobody configured",
        |draft| draft.payment.method = "klarna".into(),
        &["gateway-unknown"],
    ),
    (
        "cancelled",
        |draft| draft.status = "cancelled".into(),
        &["cancelled-before-start"],
    ),
    (
        "text of all kinds",
        |draft| {
            draft.lines = vec![
                line(1, "TEE 🦀 &times; שלום", "2", "30.00", "5.70"),
                line(2, "\u{10FFFF}", "1", "10.00", "1.90"),
            ];
        },
        &[],
    ),
];

#[test]
fn findings_by_case() {
    for (case, alter, expect) in CASES {
        let order = order(alter);
        assert_eq!(&codes(&order), expect, "{case}: {:?}", order.findings);
        for finding in &order.findings {
            assert!(
                finding.text.ends_with('.'),
                "{case}: {} is no sentence",
                finding.text
            );
        }
    }
}

fn refunds(amounts: &[&str]) -> Vec<DraftRefund> {
    (40..)
        .zip(amounts)
        .map(|(id, amount)| DraftRefund {
            id,
            amount: dec(amount),
        })
        .collect()
}

#[test]
fn every_code_is_spelt_once() {
    let mut spellings: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    spellings.sort_unstable();
    spellings.dedup();
    assert_eq!(spellings.len(), Code::ALL.len());
}

#[test]
fn clearance_by_payment() {
    let cases: &[(&str, Alter, Option<Clearance>)] = &[
        ("paid by card", |_| {}, Some(Clearance::Paid)),
        ("not paid yet", |draft| unpaid(draft, "stripe", "pending"), None),
        (
            "accepted by hand, card not charged",
            |draft| unpaid(draft, "stripe", "processing"),
            None,
        ),
        ("transfer awaited", |draft| unpaid(draft, "bacs", "on-hold"), None),
        (
            "on invoice, accepted by hand",
            |draft| unpaid(draft, "bacs", "processing"),
            Some(Clearance::Terms),
        ),
        (
            "cash on delivery",
            |draft| unpaid(draft, "cod", "processing"),
            Some(Clearance::Terms),
        ),
        (
            "cash on delivery, still pending",
            |draft| unpaid(draft, "cod", "pending"),
            None,
        ),
        ("nothing to pay", free, Some(Clearance::ZeroTotal)),
        (
            "paid, then cancelled",
            |draft| draft.status = "cancelled".into(),
            Some(Clearance::Paid),
        ),
        (
            "cancelled unpaid",
            |draft| unpaid(draft, "stripe", "cancelled"),
            None,
        ),
        (
            "reserved by the shop",
            |draft| {
                unpaid(draft, "manual", "on-hold");
                draft.payment.transaction = "pi_1".into();
            },
            Some(Clearance::Paid),
        ),
        (
            "reserved by the shop, let go",
            |draft| {
                unpaid(draft, "manual", "cancelled");
                draft.payment.transaction = "pi_1".into();
            },
            None,
        ),
        (
            "on hold without a reservation",
            |draft| unpaid(draft, "manual", "on-hold"),
            None,
        ),
    ];
    let mut shop = Shop::named("eu");
    let mut manual = shop.gateways.default.clone();
    manual.taken_by = amends_workflows::model::TakenBy::ShopAuthorised;
    shop.gateways.methods.insert("manual".into(), manual);
    for (case, alter, expect) in cases {
        let mut draft = draft();
        alter(&mut draft);
        assert_eq!(Order::from_draft(draft, &shop).clearance(), *expect, "{case}");
    }
}

fn unpaid(draft: &mut Draft, method: &str, status: &str) {
    draft.payment.paid_ms = None;
    draft.payment.method = method.into();
    draft.status = status.into();
}

fn free(draft: &mut Draft) {
    draft.total = dec("0");
    draft.payment.paid_ms = None;
}

#[test]
fn one_guest_is_one_customer() {
    let reference = |alter: Alter| order(alter).customer.reference;
    let plain = reference(|_| {});
    assert_eq!(
        plain,
        reference(|draft| draft.billing.email = " ana@example.TEST ".into())
    );
    assert!(
        plain.starts_with("eu:email:") && plain.len() == "eu:email:".len() + 16,
        "{plain}"
    );
    assert_eq!(
        reference(|draft| draft.billing.email = String::new()),
        "eu:order:16"
    );
    assert_eq!(reference(|draft| draft.customer_id = 2), "eu:customer:2");
}

#[test]
fn the_value_has_the_shape_that_definitions_are_checked_against() {
    let shape = catalogue::subject("order").unwrap();
    for alter in [
        |_: &mut Draft| {},
        |draft: &mut Draft| unpaid(draft, "cod", "processing"),
    ] {
        assert_eq!(shape.check(&order(alter).to_value()), Ok(()));
    }
}

#[test]
fn personal_data_stays_out_of_debug_output() {
    let shown = format!("{:?}", order(|_| {}));
    for private in ["Ana", "Torstr", "xample"] {
        assert!(!shown.contains(private), "{private} in {shown}");
    }
}

#[test]
fn settings_are_read_as_configured() {
    let text = r#"{
        "name": "eu", "rounding": "half-even",
        "gateways": {
            "default": {"taken_by": "offline", "tender": "bank", "patience_ms": 1},
            "methods": {"cod": {"taken_by": "shop-authorised", "tender": "card", "patience_ms": 2, "on_delivery": true}}
        }
    }"#;
    let shop: Shop = serde_json::from_str(text).unwrap();
    assert_eq!(shop.rounding, Rounding::HalfEven);
    assert!(shop.gateways.of("cod").on_delivery && !shop.gateways.of("other").on_delivery);
    let complaint = serde_json::from_str::<Shop>(r#"{"name":"eu","roundng":"refuse"}"#)
        .unwrap_err()
        .to_string();
    assert!(
        complaint.starts_with("unknown field `roundng`, expected one of"),
        "{complaint}"
    );
}
