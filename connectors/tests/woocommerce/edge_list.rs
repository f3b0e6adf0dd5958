//! The known edge cases of WooCommerce orders, each with the test that holds it, and those that had no test elsewhere.

use std::collections::BTreeMap;
use std::path::Path;

use amends_connectors::woocommerce::order::parse;
use amends_workflows::model::{Clearance, Order};
use serde_json::{Value, json};

use crate::fixtures::{capture, shop};

/// Whether a case is held.
#[derive(Debug, Clone, Copy)]
enum Held {
    /// By these tests: file and function.
    By(&'static [(&'static str, &'static str)]),
    /// Not, for this reason.
    Not(&'static str),
}
use Held::{By, Not};

const ORDERS: &str = "connectors/tests/woocommerce/orders.rs";
const CASES: &str = "workflows/tests/model/edge_cases.rs";
const HERE: &str = "connectors/tests/woocommerce/edge_list.rs";
const CONVERGENCE: &str = "connectors/tests/woocommerce/convergence.rs";
const CLASSES: &str = "connectors/tests/woocommerce/classification.rs";
const FACTS: &str = "workflows/tests/mirror/facts.rs";
const PATROL: &str = "tests/inbound/patrol.rs";

const LIST: &[(&str, Held)] = &[
    (
        "a partial refund of a line",
        By(&[
            (ORDERS, "findings_and_clearance_of_every_order"),
            (FACTS, "first_sight"),
        ]),
    ),
    (
        "a refund of an amount without lines",
        By(&[(ORDERS, "special_orders")]),
    ),
    (
        "several refunds that make the whole",
        By(&[(CASES, "findings_by_case")]),
    ),
    (
        "a refund is deleted, and nothing says so",
        By(&[
            (FACTS, "later_sights_prove_what_the_first_proved_and_more"),
            (PATROL, "the_full_compare_finds_what_nothing_announces"),
        ]),
    ),
    ("a cent too much is refunded", By(&[(CASES, "findings_by_case")])),
    (
        "a quantity edited after payment",
        By(&[(CONVERGENCE, "the_edit_of_a_genuine_order_is_told_line_by_line")]),
    ),
    (
        "a line removed after payment",
        By(&[(CONVERGENCE, "the_edit_of_a_genuine_order_is_told_line_by_line")]),
    ),
    (
        "guests, one mail address and none",
        By(&[(CASES, "one_guest_is_one_customer")]),
    ),
    (
        "company and VAT number in meta alone",
        Not("no configuration key selects meta; the company of the address is read"),
    ),
    (
        "prices with tax, sold at a foreign rate",
        By(&[(ORDERS, "every_order_agrees_with_the_index")]),
    ),
    (
        "tax on shipping in a sum of its own",
        By(&[(ORDERS, "special_orders"), (CASES, "findings_by_case")]),
    ),
    (
        "yen with decimals",
        By(&[
            (ORDERS, "yen_with_decimals_round_only_by_policy"),
            (
                "tests/inbound/amounts.rs",
                "yen_with_decimals_are_held_for_review",
            ),
            (
                "tests/inbound/amounts.rs",
                "yen_with_decimals_are_rounded_by_policy_and_the_difference_is_posted",
            ),
        ]),
    ),
    (
        "a currency of its own for each order",
        By(&[
            (CASES, "findings_by_case"),
            (ORDERS, "yen_with_decimals_round_only_by_policy"),
        ]),
    ),
    (
        "nothing to pay",
        By(&[
            (CASES, "clearance_by_payment"),
            (ORDERS, "findings_and_clearance_of_every_order"),
        ]),
    ),
    (
        "a coupon over the whole",
        By(&[(HERE, "a_coupon_over_everything_leaves_nothing_to_pay")]),
    ),
    ("free shipping", By(&[(HERE, "free_shipping_is_no_finding")])),
    (
        "failed, then paid, under one id",
        By(&[(HERE, "a_failed_payment_that_succeeds_clears_the_same_order")]),
    ),
    (
        "on hold for days until the bank transfer",
        By(&[
            (CASES, "clearance_by_payment"),
            (CONVERGENCE, "the_end_of_every_order"),
        ]),
    ),
    (
        "cancelled, then paid late",
        By(&[
            (ORDERS, "findings_and_clearance_of_every_order"),
            (FACTS, "what_was_called_off_and_runs_again_is_an_edit"),
        ]),
    ),
    (
        "cancelled by the shop while the payment arrives",
        By(&[(
            "workflows/tests/mirror/convergence.rs",
            "any_order_of_late_deliveries_ends_alike",
        )]),
    ),
    (
        "binned, restored, deleted for ever",
        By(&[
            (FACTS, "bin_and_back"),
            (PATROL, "the_full_compare_finds_what_nothing_announces"),
        ]),
    ),
    (
        "the renewal of a subscription is an order of its own",
        By(&[(HERE, "a_renewal_is_an_order_of_its_own")]),
    ),
    (
        "the line of a deleted product",
        By(&[
            (CASES, "findings_by_case"),
            (ORDERS, "findings_and_clearance_of_every_order"),
        ]),
    ),
    ("one article on two lines", By(&[(CASES, "findings_by_case")])),
    ("a bundle's parent at nothing", By(&[(CASES, "findings_by_case")])),
    ("a variation", By(&[(ORDERS, "special_orders")])),
    (
        "more sold than there is",
        By(&[(ORDERS, "findings_and_clearance_of_every_order")]),
    ),
    ("a negative fee as a discount", By(&[(CASES, "findings_by_case")])),
    (
        "a gift card that pays a part",
        Not(
            "as a fee it is a discount; in a plugin's meta it is not read, and the payment provider's amount differs, which holds the order",
        ),
    ),
    (
        "two orders in one second under one delivery id",
        By(&[(CONVERGENCE, "any_order_of_genuine_deliveries_ends_alike")]),
    ),
    (
        "a wrong secret",
        By(&[(
            "connectors/tests/woocommerce/signatures.rs",
            "genuine_deliveries_verify_on_their_raw_bytes",
        )]),
    ),
    (
        "an error in place of an order",
        By(&[
            (CLASSES, "bodies_that_no_capture_shows"),
            (
                "tests/inbound/incidents.rs",
                "an_order_that_vanished_unread_is_an_incident_of_the_shop",
            ),
        ]),
    ),
    ("a ping", By(&[(CLASSES, "a_ping_is_a_form_and_nothing_else")])),
    (
        "the echo of our own write",
        By(&[
            (
                "connectors/tests/woocommerce/echo.rs",
                "every_genuine_order_takes_our_writes_silently",
            ),
            (
                "tests/inbound/echo.rs",
                "the_echo_of_our_write_back_changes_nothing",
            ),
        ]),
    ),
    ("one number in two shops", By(&[(HERE, "numbers_name_no_order")])),
    (
        "a plugin that makes numbers",
        By(&[(HERE, "numbers_name_no_order")]),
    ),
    (
        "entities, emoji and right-to-left names",
        By(&[(CASES, "findings_by_case"), (HERE, "names_are_kept_as_sent")]),
    ),
    (
        "personal data in notes and addresses",
        By(&[(CASES, "personal_data_stays_out_of_debug_output")]),
    ),
];

#[test]
fn every_case_names_tests_that_exist() {
    assert_eq!(LIST.len(), 38);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut sources: BTreeMap<&str, String> = BTreeMap::new();
    let mut open = Vec::new();
    for (case, held) in LIST {
        match held {
            Not(why) => open.push((case, why)),
            By(tests) => {
                assert!(!tests.is_empty(), "{case}");
                for (file, test) in *tests {
                    let text = sources
                        .entry(file)
                        .or_insert_with(|| std::fs::read_to_string(root.join(file)).unwrap());
                    assert!(
                        text.contains(&format!("fn {test}(")),
                        "{case}: {file} has no {test}"
                    );
                }
            }
        }
    }
    assert_eq!(open.len(), 2, "{open:#?}");
}

/// The genuine paid order 20, altered.
fn altered(alter: impl FnOnce(&mut Value)) -> Order {
    let mut order: Value = serde_json::from_slice(&capture("07-created-paid-1").body()).unwrap();
    alter(&mut order);
    parse(&serde_json::to_vec(&order).unwrap(), &shop()).unwrap()
}

#[test]
fn a_coupon_over_everything_leaves_nothing_to_pay() {
    let order = altered(|order| {
        for line in order["line_items"].as_array_mut().unwrap() {
            line["total"] = json!("0.00");
            line["total_tax"] = json!("0.00");
        }
        order["shipping_lines"] = json!([]);
        order["shipping_total"] = json!("0.00");
        order["shipping_tax"] = json!("0.00");
        order["total"] = json!("0.00");
        order["total_tax"] = json!("0.00");
        order["discount_total"] = json!("79.83");
        order["payment_method"] = json!("");
        order["coupon_lines"] =
            json!([{"id": 9, "code": "all", "discount": "79.83", "discount_tax": "5.78"}]);
    });
    assert_eq!(order.findings, []);
    assert_eq!((order.total_minor, order.discount_minor), (0, 7983));
    assert_eq!(order.clearance(), Some(Clearance::ZeroTotal));
}

#[test]
fn free_shipping_is_no_finding() {
    let order = altered(|order| {
        order["total"] = json!("85.61");
        order["shipping_total"] = json!("0.00");
        order["shipping_lines"] = json!([{"id": 3, "method_id": "free_shipping", "method_title": "Free", "total": "0.00", "total_tax": "0.00"}]);
    });
    assert_eq!(order.findings, []);
    assert_eq!((order.total_minor, order.shipping_minor), (8561, 0));
}

#[test]
fn a_failed_payment_that_succeeds_clears_the_same_order() {
    let failed = capture("12-created-failed-2").order().unwrap();
    assert_eq!(failed.clearance(), None);
    let mut body: Value = serde_json::from_slice(&capture("12-created-failed-2").body()).unwrap();
    body["status"] = json!("processing");
    body["date_paid_gmt"] = json!("2026-11-23T18:40:00");
    let paid = parse(&serde_json::to_vec(&body).unwrap(), &shop()).unwrap();
    assert_eq!((paid.clearance(), paid.key), (Some(Clearance::Paid), failed.key));
}

#[test]
fn a_renewal_is_an_order_of_its_own() {
    let order = altered(|order| {
        order["id"] = json!(9_001);
        order["number"] = json!("9001");
        order["created_via"] = json!("subscription");
        let renewal = json!({"id": 1, "key": "_subscription_renewal", "value": "20"});
        order["meta_data"].as_array_mut().unwrap().push(renewal);
    });
    assert_eq!(
        (order.key.as_str(), order.created_via.as_str()),
        ("eu-shop:9001", "subscription")
    );
    assert_eq!(order.findings, []);
}

#[test]
fn numbers_name_no_order() {
    let plugin = altered(|order| order["number"] = json!("WEB-2026-0007"));
    assert_eq!(
        (plugin.key.as_str(), plugin.number.as_str()),
        ("eu-shop:20", "WEB-2026-0007")
    );
    let body = capture("07-created-paid-1").body();
    let other = parse(&body, &amends_workflows::model::Shop::named("us-shop")).unwrap();
    assert_eq!((other.key.as_str(), other.number.as_str()), ("us-shop:20", "20"));
}

#[test]
fn names_are_kept_as_sent() {
    let name = "Mug 12&times;8 🦀 \u{5E9}\u{5DC}\u{5D5}\u{5DD} \u{1F469}\u{200D}\u{1F680}";
    let order = altered(|order| order["line_items"][0]["name"] = json!(name));
    assert_eq!(order.lines[0].name, name);
    assert!(order.to_value().to_string().contains("12&times;8 🦀"));
}
