//! A plain order to alter: two lines, shipping, a fee, tax on everything.

use amends_workflows::model::{Address, Draft, DraftCharge, DraftLine, DraftPayment, Order, Shop};
use rust_decimal::Decimal;

pub(crate) fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn line(id: i64, sku: &str, quantity: &str, net: &str, tax: &str) -> DraftLine {
    DraftLine {
        id,
        sku: sku.into(),
        name: sku.to_lowercase(),
        product_id: id + 100,
        quantity: dec(quantity),
        net: dec(net),
        tax: dec(tax),
        ..DraftLine::default()
    }
}

pub(crate) fn charge(id: i64, net: &str, tax: &str) -> DraftCharge {
    DraftCharge {
        id,
        title: "charge".into(),
        method: "flat_rate".into(),
        net: dec(net),
        tax: dec(tax),
    }
}

pub(crate) fn draft() -> Draft {
    Draft {
        id: 16,
        number: "16".into(),
        status: "processing".into(),
        currency: "EUR".into(),
        created_ms: 1_000,
        modified_ms: 2_000,
        identity: "one".into(),
        total: dec("59.50"),
        shipping_total: dec("5.00"),
        shipping_tax: dec("0.95"),
        billing: Address {
            name: "Ana Ruiz".into(),
            line1: "Torstr. 1".into(),
            city: "Berlin".into(),
            country: "DE".into(),
            email: "Ana@Example.test".into(),
            ..Address::default()
        },
        lines: vec![
            line(1, "TEE", "2", "30.00", "5.70"),
            line(2, "MUG", "1", "10.00", "1.90"),
        ],
        shipping_lines: vec![charge(3, "5.00", "0.95")],
        fees: vec![charge(4, "5.00", "0.95")],
        payment: DraftPayment {
            method: "stripe".into(),
            paid_ms: Some(1_500),
            ..DraftPayment::default()
        },
        ..Draft::default()
    }
}

pub(crate) fn order(alter: impl FnOnce(&mut Draft)) -> Order {
    let mut draft = draft();
    alter(&mut draft);
    Order::from_draft(draft, &Shop::named("eu"))
}

pub(crate) fn codes(order: &Order) -> Vec<&'static str> {
    order
        .findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect()
}
