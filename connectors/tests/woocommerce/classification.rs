//! File by file, what each delivery is; and what bodies are that no capture shows.

use amends_connectors::woocommerce::answer;
use amends_connectors::woocommerce::delivery::{Delivery, Headers, Limits, Resource, Unusable, classify};
use amends_workflows::mirror::Hint;

use crate::fixtures::{capture, captures};

/// Everything but whole orders; the captures of whole orders are recognised by their file names.
const OTHERS: &[(&str, Delivery)] = &[
    ("01-ping", Delivery::Ping { webhook: 5 }),
    (
        "21-trashed",
        Delivery::Bare {
            order: 22,
            hint: Hint::Trashed,
        },
    ),
    ("49-note-custom-topic", Delivery::Note { order: 38 }),
    (
        "50-cancel-custom-topic-2",
        Delivery::Bare {
            order: 38,
            hint: Hint::Touched,
        },
    ),
    (
        "51-trash",
        Delivery::Bare {
            order: 38,
            hint: Hint::Trashed,
        },
    ),
    (
        "53-force-delete-custom-topic-1",
        Delivery::Bare {
            order: 38,
            hint: Hint::Deleted,
        },
    ),
    (
        "53-force-delete-custom-topic-2",
        Delivery::Bare {
            order: 38,
            hint: Hint::Deleted,
        },
    ),
    ("61-admin-refund-delete", Delivery::Refund { refund: 48 }),
];

#[test]
fn every_capture_is_what_it_is() {
    let index: Vec<serde_json::Value> =
        serde_json::from_slice(&std::fs::read(crate::fixtures::folder().join("INDEX.json")).unwrap())
            .unwrap();
    let mut snapshots = 0;
    for capture in captures() {
        let other = OTHERS.iter().find(|(file, _)| capture.file.starts_with(file));
        let expect = if let Some((_, class)) = other {
            class.clone()
        } else {
            snapshots += 1;
            let row = index
                .iter()
                .find(|row| row["file"] == capture.file.as_str())
                .unwrap();
            Delivery::Snapshot {
                order: row["order_id"].as_i64().unwrap(),
            }
        };
        assert_eq!(capture.class(), expect, "{}", capture.file);
        assert_eq!(answer::of(&capture.class()).status, 200, "{}", capture.file);
    }
    assert_eq!(snapshots, 45);
}

#[test]
fn the_unsigned_topic_changes_nothing_about_an_order() {
    for capture in captures() {
        let Delivery::Snapshot { order } = capture.class() else {
            continue;
        };
        for topic in ["product.updated", "order.deleted", "customer.created", "nonsense"] {
            let headers = Headers {
                topic: Some(topic.into()),
                ..capture.headers()
            };
            let class = classify(&headers, &capture.body(), &Limits::default());
            assert_eq!(class, Delivery::Snapshot { order }, "{} as {topic}", capture.file);
        }
    }
}

#[test]
fn bodies_that_no_capture_shows() {
    let unknown = |shape: &str| Delivery::Unknown { shape: shape.into() };
    let ignored = |resource| Delivery::Ignored { resource };
    let error = |code: &str| Delivery::ShopError { code: code.into() };
    let touched = |order| Delivery::Bare {
        order,
        hint: Hint::Touched,
    };
    for (topic, body, expect) in [
        (
            "order.updated",
            r#"{"code":"woocommerce_rest_shop_order_invalid_id","message":"Invalid ID.","data":{"status":404}}"#,
            error("woocommerce_rest_shop_order_invalid_id"),
        ),
        (
            "order.updated",
            r#"{"code":"woocommerce_rest_cannot_view","message":"Sorry","data":{"status":403}}"#,
            error("woocommerce_rest_cannot_view"),
        ),
        (
            "order.deleted",
            r#"{"id":"22"}"#,
            Delivery::Bare {
                order: 22,
                hint: Hint::Trashed,
            },
        ),
        ("product.deleted", r#"{"id":22}"#, ignored(Resource::Product)),
        ("coupon.deleted", r#"{"id":22}"#, ignored(Resource::Coupon)),
        ("customer.deleted", r#"{"id":22}"#, ignored(Resource::Customer)),
        (
            "order.created",
            r#"{"id":7,"sku":"A","stock_status":"instock"}"#,
            ignored(Resource::Product),
        ),
        (
            "x",
            r#"{"id":7,"email":"a@example.test","username":"a"}"#,
            ignored(Resource::Customer),
        ),
        (
            "x",
            r#"{"id":7,"code":"save10","discount_type":"percent"}"#,
            ignored(Resource::Coupon),
        ),
        (
            "x",
            r#"{"action":"woocommerce_payment_complete","arg":9}"#,
            touched(9),
        ),
        (
            "x",
            r#"{"action":"woocommerce_order_refunded","arg":9}"#,
            touched(9),
        ),
        (
            "x",
            r#"{"action":"woocommerce_fulfillment_created","arg":{"order_id":9}}"#,
            touched(9),
        ),
        (
            "x",
            r#"{"action":"woocommerce_refund_created","arg":17}"#,
            Delivery::Refund { refund: 17 },
        ),
        (
            "x",
            r#"{"action":"woocommerce_low_stock_product","arg":3}"#,
            ignored(Resource::Product),
        ),
        (
            "x",
            r#"{"action":"wc_something","arg":3}"#,
            unknown("wc_something"),
        ),
        (
            "order.created",
            r#"{"hello":1,"world":2}"#,
            unknown("hello, world"),
        ),
        (
            "order.created",
            r#"{"id":{},"status":1,"line_items":[]}"#,
            unknown("id, status, line_items"),
        ),
        ("order.created", "{}", unknown("")),
    ] {
        let headers = Headers {
            topic: Some(topic.into()),
            ..Headers::default()
        };
        assert_eq!(
            classify(&headers, body.as_bytes(), &Limits::default()),
            expect,
            "{topic} {body}"
        );
    }
}

#[test]
fn unusable_bodies_say_why() {
    let json = Headers {
        content_type: Some("application/json".into()),
        ..Headers::default()
    };
    let small = Limits {
        body_max: 40,
        ..Limits::default()
    };
    for (body, status, expect) in [
        (&b""[..], 200, "the body is empty"),
        (b" \n", 200, "the body is empty"),
        (
            b"webhook_id=5",
            200,
            "the body is not a JSON object: line 1, column 1: expected value at line 1 column 1",
        ),
        (
            b"<!DOCTYPE html><p>Warning",
            200,
            "the body is not a JSON object: line 1, column 1: expected value at line 1 column 1",
        ),
        (
            b"\xff\xfe",
            200,
            "the body is not a JSON object: byte 0 is not UTF-8",
        ),
        (
            b"[1]",
            200,
            "the body is not a JSON object: it is JSON, but no object",
        ),
        (
            b"{\"id\":1",
            200,
            "the body is not a JSON object: line 1, column 7: EOF while parsing an object at line 1 column 7",
        ),
        (&[b'x'; 41], 413, "the body has 41 bytes, the limit is 40"),
    ] {
        let Delivery::Unusable(why) = classify(&json, body, &small) else {
            panic!("{body:?} was taken")
        };
        assert_eq!(why.to_string(), expect);
        assert_eq!(answer::of(&Delivery::Unusable(why)).status, status, "{body:?}");
    }
}

#[test]
fn a_ping_is_a_form_and_nothing_else() {
    let form = Headers {
        content_type: Some("application/x-www-form-urlencoded".into()),
        ..Headers::default()
    };
    assert_eq!(
        classify(&form, b"webhook_id=12", &Limits::default()),
        Delivery::Ping { webhook: 12 }
    );
    let json = classify(&form, b"{\"id\":22}", &Limits::default());
    assert_eq!(
        json,
        Delivery::Bare {
            order: 22,
            hint: Hint::Trashed
        }
    );
}

#[test]
fn another_shop_is_noticed() {
    let capture = capture("02-created-pending-1");
    let limits = Limits {
        sources: vec!["https://shop.example/".into(), "www.shop.example".into()],
        ..Limits::default()
    };
    let expect = Unusable::WrongSource {
        found: "127.0.0.1:8091".into(),
        expected: "shop.example or www.shop.example".into(),
    };
    assert_eq!(
        classify(&capture.headers(), &capture.body(), &limits),
        Delivery::Unusable(expect)
    );
}

#[test]
fn an_order_that_links_to_another_is_noticed() {
    let body = br#"{"id":5,"status":"x","line_items":[],"_links":{"self":[{"href":"https://s/wp-json/wc/v3/orders/6"}]}}"#;
    let class = classify(&Headers::default(), body, &Limits::default());
    assert_eq!(
        class,
        Delivery::Unusable(Unusable::IdMismatch { body: 5, link: 6 })
    );
}
