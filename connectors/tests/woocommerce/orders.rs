//! Every order parses into what the shop meant.

use amends_connectors::woocommerce::order::parse;
use amends_workflows::model::{Clearance, Rounding, Shop};

use crate::fixtures::{capture, captures, folder, shop};

#[test]
fn every_order_agrees_with_the_index() {
    let index: Vec<serde_json::Value> =
        serde_json::from_slice(&std::fs::read(folder().join("INDEX.json")).unwrap()).unwrap();
    for capture in captures() {
        let Some(order) = capture.order() else { continue };
        let row = index
            .iter()
            .find(|row| row["file"] == capture.file.as_str())
            .unwrap();
        assert_eq!(order.status, row["status"].as_str().unwrap(), "{}", capture.file);
        assert_eq!(
            order.total.to_string(),
            row["total"].as_str().unwrap(),
            "{}",
            capture.file
        );
        assert_eq!(
            order.refunds.len(),
            row["refunds"].as_array().unwrap().len(),
            "{}",
            capture.file
        );
        assert_eq!(
            order.payment.paid_ms.is_some(),
            row["date_paid_gmt"].is_string(),
            "{}",
            capture.file
        );
        let parts: i64 = order.lines.iter().map(|line| line.net_minor).sum::<i64>()
            + order.fees.iter().map(|fee| fee.net_minor).sum::<i64>()
            + order.shipping_minor
            + order.tax_minor
            + order.rounding_minor;
        assert_eq!(parts, order.total_minor, "{}", capture.file);
    }
}

#[test]
fn findings_and_clearance_of_every_order() {
    let (paid, terms, zero) = (
        Some(Clearance::Paid),
        Some(Clearance::Terms),
        Some(Clearance::ZeroTotal),
    );
    let special: &[(&str, &[&str], Option<Clearance>)] = &[
        ("02-", &[], None),
        ("04-", &["refunded-before-start"], paid),
        ("05-", &["refunded-before-start"], paid),
        ("08-", &["cancelled-before-start"], paid),
        ("09-", &[], None),
        ("12-", &[], None),
        ("14-", &[], zero),
        ("25-", &[], None),
        ("27-", &["currency-precision"], paid),
        ("40-", &[], terms),
        ("47-", &["refunded-before-start"], paid),
        ("50-", &["cancelled-before-start"], paid),
        ("54-", &["sku-missing"], paid),
        ("64-", &["cancelled-before-start"], paid),
        ("65-", &["refunded-before-start"], paid),
    ];
    for capture in captures() {
        let Some(order) = capture.order() else { continue };
        let row = special.iter().find(|(file, ..)| capture.file.starts_with(file));
        let (codes, clearance) = row.map_or((&[][..], paid), |(_, codes, clearance)| (*codes, *clearance));
        let found: Vec<&str> = order
            .findings
            .iter()
            .map(|finding| finding.code.as_str())
            .collect();
        assert_eq!(found, codes, "{}", capture.file);
        assert_eq!(order.clearance(), clearance, "{}", capture.file);
    }
}

#[test]
fn a_genuine_order_in_full() {
    let value = capture("05-").order().unwrap().to_value().to_string();
    insta::assert_snapshot!(value.replace(",\"", ",\n\""));
}

#[test]
fn yen_with_decimals_round_only_by_policy() {
    let body = capture("27-").body();
    let refused = parse(&body, &shop()).unwrap();
    assert_eq!(
        refused.findings[0].text,
        "4553.75 cannot be charged in JPY, which has 0 decimal places. Correct the \
        order in the shop, or give the shop a rounding policy."
    );
    let rounded = parse(
        &body,
        &Shop {
            rounding: Rounding::HalfEven,
            ..shop()
        },
    )
    .unwrap();
    assert_eq!(rounded.findings, []);
    assert_eq!(
        (rounded.total_minor, rounded.tax_minor, rounded.rounding_minor),
        (4554, 254, 0)
    );
}

#[test]
fn special_orders() {
    let order = |file: &str| capture(file).order().unwrap();
    assert_eq!(
        order("55-variation-and").lines[0].attributes["engraving"],
        "For Léa"
    );
    assert_eq!(
        order("55-variation-and").shipping.line1,
        "x",
        "copied from billing"
    );
    assert_eq!(order("40-").customer.reference, "eu-shop:email:d12a49c75e1b4d4a");
    assert_eq!(order("02-").customer.reference, "eu-shop:customer:2");
    assert_eq!(order("28-").taxes[0].amount_minor, 975, "goods and shipping");
    assert_eq!(
        order("05-")
            .refunds
            .iter()
            .map(|refund| refund.amount_minor)
            .collect::<Vec<_>>(),
        [2412, 500]
    );
}
