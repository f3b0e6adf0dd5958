//! What the shipped recipes send, as it is shown before it is sent.

use std::fmt::Write as _;
use std::sync::OnceLock;

use amends_connectors::recipe::{Connector, Purpose, Rendered, Sending, shipped};
use amends_engine::Value;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::bench::{connector, key, request};
use crate::server::{Server, json};

const SHIPPED: [&str; 4] = ["tryton", "stripe", "warehouse", "woocommerce"];

fn offline(recipe: &str) -> Connector {
    let secrets = [
        "password",
        "api_key",
        "callback",
        "consumer_key",
        "consumer_secret",
    ];
    let secrets = secrets.map(|name| (name, "correct horse"));
    connector(
        &shipped::text(recipe).unwrap(),
        "https://other.example.test/base",
        &secrets,
    )
}

fn line(sku: &str, quantity: i64, net_minor: i64) -> Value {
    Value::map([
        ("sku", Value::text(sku)),
        ("name", Value::text(format!("Article \"{sku}\""))),
        ("quantity", Value::Int(quantity)),
        ("net_minor", Value::Int(net_minor)),
        ("tax_minor", Value::Int(73)),
    ])
}

/// Every argument any operation takes.
pub(crate) fn arguments() -> Value {
    let address = [
        "name", "company", "line1", "line2", "city", "state", "postcode", "country", "phone", "email",
    ];
    let address = Value::map(address.map(|field| (field, Value::text(field))));
    Value::map([
        ("reference", Value::text("demo:customer:2")),
        ("email", "ada@example.test".into()),
        ("name", "Ada Byron".into()),
        ("company", "".into()),
        ("billing", address.clone()),
        ("shipping", address.clone()),
        ("address", address),
        ("customer", "3".into()),
        ("order", "17".into()),
        ("order_key", "demo:16".into()),
        ("currency", "USD".into()),
        (
            "lines",
            Value::List(vec![line("TEE-BLK-M", 3, 1000), line("MUG", 1, 1249)]),
        ),
        ("shipping_minor", Value::Int(500)),
        ("fees_minor", Value::Int(0)),
        ("tax_minor", Value::Int(146)),
        ("total_minor", Value::Int(2895)),
        ("amount_minor", Value::Int(2895)),
        ("reservation", "8".into()),
        ("parcel", "P-1".into()),
        ("invoice", "9".into()),
        ("tender", "card".into()),
        ("transaction", "pi_3Q".into()),
        ("job", "J-1".into()),
        ("express", Value::Bool(true)),
        ("last", Value::Bool(false)),
        ("order_id", Value::Int(16)),
        ("status", "completed".into()),
        ("documents", Value::map([("sales_order", Value::text("17"))])),
        ("note", "Your order is complete.".into()),
    ])
}

fn shown(requests: &[Rendered]) -> String {
    let mut text = String::new();
    for request in requests {
        let condition = request
            .condition
            .as_deref()
            .map(|when| format!(" when {when}"))
            .unwrap_or_default();
        writeln!(text, "# {} ({:?}){condition}", request.call, request.purpose).unwrap();
        writeln!(text, "{} {}", request.method, request.target).unwrap();
        for (name, value) in &request.headers {
            writeln!(text, "{name}: {value}").unwrap();
        }
        writeln!(text, "{}\n", request.body).unwrap();
    }
    text
}

#[test]
fn shipped_recipes_send_what_is_on_record() {
    for connector in connectors() {
        let mut text = String::new();
        for operation in connector.recipe().operations() {
            let requests = connector
                .render(operation, &arguments(), &key(operation))
                .unwrap();
            writeln!(text, "=== {operation}\n\n{}", shown(&requests)).unwrap();
        }
        insta::assert_snapshot!(connector.id().as_str(), text);
    }
}

#[tokio::test]
async fn what_is_shown_is_what_is_sent() {
    let server = Server::start().await;
    let connector = connector(
        &shipped::text("stripe").unwrap(),
        &server.url,
        &[("api_key", "correct horse")],
    );
    let args = arguments();
    let key = key("capture");
    server.script([json(500, "")]);
    connector
        .send(&request("capture", &key, &args, Sending::First))
        .await;
    let sent = server.requests().concat();
    let requests = connector.render("capture", &args, &key).unwrap();
    let effect = requests
        .iter()
        .find(|request| request.purpose == Purpose::Effect)
        .unwrap();
    assert!(
        sent.starts_with(&format!("{} {} HTTP", effect.method, effect.target)),
        "{sent}"
    );
    assert!(sent.ends_with(&effect.body.to_string()), "{sent}");
    for (name, value) in &effect.headers {
        let value = value.to_string().replace("‹secret.api_key›", "correct horse");
        assert!(
            sent.contains(&format!("{name}: {value}\r\n")),
            "{name}: {value} in {sent}"
        );
    }
    assert!(
        sent.contains("traceparent: 00-4bf92f35") && sent.contains("x-correlation-id: demo:16"),
        "{sent}"
    );
}

/// Making a connector loads the public certificates, which takes longer than rendering.
fn connectors() -> &'static [Connector] {
    static CONNECTORS: OnceLock<Vec<Connector>> = OnceLock::new();
    CONNECTORS.get_or_init(|| SHIPPED.map(offline).into())
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<i64>().prop_map(|units| Value::Decimal(Decimal::new(units, 4))),
        ".{0,20}".prop_map(Value::Text),
        Just(Value::text("../../admin")),
        Just(Value::text("{secret.api_key}")),
        Just(Value::text("a\r\nx-evil: 1")),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            prop::collection::btree_map("(sku|quantity|net_minor|name|city)", inner, 0..4)
                .prop_map(Value::Map),
        ]
    })
}

proptest! {
    #[test]
    fn hostile_arguments_render_the_same_twice_and_stay_where_they_belong(
        changed in prop::collection::btree_map("(transaction|job|order_id|note|lines|customer|amount_minor|documents)", any_value(), 0..4),
        key in ".{0,40}",
    ) {
        let mut args = arguments();
        if let Value::Map(fields) = &mut args {
            fields.extend(changed);
        }
        for connector in connectors() {
            for operation in connector.recipe().operations() {
                let rendered = connector.render(operation, &args, &key);
                prop_assert_eq!(&rendered, &connector.render(operation, &args, &key));
                for request in rendered.iter().flatten() {
                    let target = request.target.to_string();
                    prop_assert!(target.is_ascii() && !target.contains("/../") && !target.contains("//"), "{}", target);
                    let segments = target.split('?').next().unwrap_or_default().matches('/').count();
                    prop_assert!(segments <= 6, "{}", target);
                    for (name, value) in &request.headers {
                        prop_assert!(!value.to_string().contains(['\r', '\n']), "{}: {}", name, value);
                    }
                    let literal = request.body.0.iter().all(|piece| matches!(piece, amends_connectors::recipe::Piece::Text(_)));
                    prop_assert!(literal, "no argument names a secret: {:?}", request.body);
                }
            }
        }
    }
}
