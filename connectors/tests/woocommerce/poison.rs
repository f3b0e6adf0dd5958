//! Whatever the bytes are: no panic, and complaints that name the place.

use amends_connectors::woocommerce::delivery::{Delivery, Headers, Limits, classify};
use amends_connectors::woocommerce::order::{ELEMENTS_MAX, parse};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fixtures::{capture, captures, shop};

fn genuine() -> Value {
    serde_json::from_slice(&capture("05-").body()).unwrap()
}

fn with(pointer: &str, value: Value) -> Vec<u8> {
    let mut order = genuine();
    *order.pointer_mut(pointer).unwrap() = value;
    serde_json::to_vec(&order).unwrap()
}

#[test]
fn complaints_name_the_place() {
    let long = "x".repeat(4_001);
    for (pointer, value, expect) in [
        ("/id", json!(0), "id: an order's id is above 0, found 0"),
        ("/id", json!(null), "id: expected a value, found null"),
        (
            "/id",
            json!("sixteen"),
            "id: expected a whole number, found \"sixteen\"",
        ),
        ("/status", json!([]), "status: expected text, found []"),
        ("/total", json!(""), "total: expected a value, found \"\""),
        (
            "/total",
            json!("1,234.50"),
            "total: expected an amount like \"22.49\", found \"1,234.50\"",
        ),
        (
            "/total",
            json!("99999999999999"),
            "total: expected a smaller amount, found \"99999999999999\"",
        ),
        (
            "/line_items/1/total",
            json!({"a":1}),
            "line_items[1].total: expected text, found {\"a\":1}",
        ),
        (
            "/line_items",
            json!("none"),
            "line_items: expected a list, found \"none\"",
        ),
        (
            "/line_items/0",
            json!(7),
            "line_items[0]: expected an object, found 7",
        ),
        (
            "/refunds/0/id",
            json!(null),
            "refunds[0].id: expected a value, found null",
        ),
        (
            "/billing",
            json!("here"),
            "billing: expected an object, found \"here\"",
        ),
        (
            "/date_modified_gmt",
            json!("0000-00-00"),
            "date_modified_gmt: expected a time like \"2026-11-23T18:30:06\", found \"0000-00-00\"",
        ),
        (
            "/billing/city",
            json!(long),
            "billing.city: text of 4001 characters, at most 4000 are taken",
        ),
        (
            "/coupon_lines",
            json!(vec![json!({}); ELEMENTS_MAX + 1]),
            "coupon_lines: 501 elements, at most 500 are taken; split the order in the shop",
        ),
    ] {
        let complaint = parse(&with(pointer, value), &shop()).unwrap_err().to_string();
        assert_eq!(complaint, expect, "{pointer}");
    }
}

#[test]
fn unstable_types_are_taken_as_meant() {
    let plain = parse(&with("/number", json!("16")), &shop()).unwrap();
    for (pointer, value) in [
        ("/id", json!("16")),
        ("/customer_id", json!("2")),
        ("/line_items/0/quantity", json!("2")),
        ("/line_items/0/product_id", json!("10")),
        ("/fee_lines/0/amount", json!(false)),
        ("/transaction_id", json!("pi_fixture_3Nabc")),
        ("/date_completed_gmt", json!("")),
        ("/shipping/phone", json!(null)),
        ("/shipping/company", json!(false)),
        ("/meta_data/0/value", json!({"any":["thing", 1.5]})),
        ("/meta_data/0", json!("nonsense")),
        ("/line_items/0/price", json!({"never": "read"})),
        ("/discount_tax", json!([1, 2])),
        ("/needs_payment", json!("perhaps")),
        ("/coupon_lines/0/nominal_amount", json!(1e300)),
        ("/version", json!(null)),
    ] {
        assert_eq!(parse(&with(pointer, value), &shop()).unwrap(), plain, "{pointer}");
    }
    let renumbered = json!({"7": genuine()["line_items"][0], "9": genuine()["line_items"][1]});
    assert_eq!(
        parse(&with("/line_items", renumbered), &shop()).unwrap(),
        plain,
        "PHP's holes in a list"
    );
}

#[test]
fn deep_nesting_ends_in_an_answer() {
    let deep = format!("{}1{}", "[".repeat(200_000), "]".repeat(200_000));
    let unread = format!(
        r#"{{"id":5,"status":"x","currency":"EUR","total":"1","date_created_gmt":"2026-01-01T00:00:00","x":{deep}}}"#
    );
    assert_eq!(parse(unread.as_bytes(), &shop()).unwrap().id, 5);
    let read = format!(r#"{{"id":5,"date_created_gmt":"2026-01-01T00:00:00","status":{deep}}}"#);
    let complaint = parse(read.as_bytes(), &shop()).unwrap_err().to_string();
    assert_eq!(
        complaint,
        "status: expected text, found [[[[[[[[[[[[[[[[[[[[[[[[…"
    );
}

/// A number of values that a hostile or broken plugin might put anywhere.
fn strange() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("finite", |float| float.is_finite())
            .prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "-?[0-9]{1,40}(\\.[0-9]{1,40})?(e-?[0-9]{1,3})?".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!([[[[{"a":[null]}]]]])),
    ]
}

fn mutate(value: &mut Value, steps: &[usize], strange: Value) {
    match (value, steps.split_first()) {
        (Value::Object(fields), Some((step, rest))) if !fields.is_empty() => {
            let at = step % fields.len();
            mutate(fields.values_mut().nth(at).unwrap(), rest, strange);
        }
        (Value::Array(elements), Some((step, rest))) if !elements.is_empty() => {
            let at = step % elements.len();
            mutate(&mut elements[at], rest, strange);
        }
        (leaf, _) => *leaf = strange,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn mutated_orders_never_panic(
        which in any::<prop::sample::Index>(),
        wounds in prop::collection::vec((prop::collection::vec(any::<usize>(), 1..5), strange()), 1..6),
    ) {
        let orders: Vec<_> = captures().iter().filter(|capture| matches!(capture.class(), Delivery::Snapshot { .. })).collect();
        let mut order: Value = serde_json::from_slice(&which.get(&orders).body()).unwrap();
        for (steps, strange) in wounds {
            mutate(&mut order, &steps, strange);
        }
        let body = serde_json::to_vec(&order).unwrap();
        let _class = classify(&Headers::default(), &body, &Limits::default());
        if let Err(complaint) = parse(&body, &shop()) {
            prop_assert!(complaint.to_string().contains(": "), "no place in: {complaint}");
        }
    }

    #[test]
    fn torn_and_flipped_bytes_never_panic(
        which in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
    ) {
        let capture = which.get(captures());
        let mut body = capture.body();
        for (at, byte) in flips {
            let at = at.index(body.len());
            body[at] = byte;
        }
        body.truncate(cut.index(body.len()) + 1);
        let _class = classify(&capture.headers(), &body, &Limits::default());
        let _order = parse(&body, &shop());
    }
}
