//! The shipped recipe through an order's life in the ERP.

use std::collections::BTreeMap;
use std::sync::Arc;

use amends_connectors::recipe::{
    Connector, ConnectorSettings, Pool, Recipe, Request, Secret, Sending, Sent, shipped,
};
use amends_engine::outcome::{Landing, Outcome, Probe};
use amends_engine::{ConnectorId, Value};
use amends_workflows::cel::CelEvaluator;
use serde_json::{Value as Json, json};

use crate::transcript::Transcript;

const ARTICLE: &str = "TEE-BLK-M";

/// Result fields that both sides give alike; ids are their own.
const TOLD: [&str; 2] = ["total_minor", "lines"];

/// How long one attempt may take, in milliseconds: a login is slow on purpose.
const TIMEOUT_MS: i64 = 20_000;

struct Talk {
    connector: Connector,
    transcript: Transcript,
}

fn connector(url: &str, password: &str) -> Connector {
    let recipe = Recipe::parse(&shipped::text("tryton").unwrap()).unwrap();
    let settings = ConnectorSettings {
        id: ConnectorId::new("erp"),
        base_url: url.to_owned(),
        recipe: Arc::new(recipe),
        secrets: [("password".to_owned(), Secret::new(password))].into(),
        settings: BTreeMap::new(),
        timeout_ms: Some(TIMEOUT_MS),
        pool: Pool::default(),
    };
    Connector::new(settings, Arc::new(CelEvaluator::new())).unwrap()
}

fn request<'a>(operation: &'a str, key: &'a str, args: &'a Value, sending: Sending) -> Request<'a> {
    Request {
        operation,
        key,
        args,
        timeout_ms: TIMEOUT_MS,
        correlation_id: "eu-shop:16",
        traceparent: None,
        sending,
    }
}

impl Talk {
    async fn send(&mut self, what: &str, operation: &str, key: &str, args: &Value) -> Option<Landing> {
        let sent = self
            .connector
            .send(&request(operation, key, args, Sending::Again))
            .await;
        self.note(what, sent)
    }

    fn note(&mut self, what: &str, sent: Sent) -> Option<Landing> {
        let logins = sent.exchange.turns.iter().filter(|turn| turn.purpose == "login");
        let logins = logins.count();
        let (told, landing) = match sent.outcome {
            Outcome::Succeeded(landing) => (json!({"succeeded": told(&landing)}), Some(landing)),
            Outcome::Rejected(fault) => (json!({"rejected": fault.code, "because": fault.message}), None),
            unsettled @ (Outcome::Accepted(_) | Outcome::Failed(_) | Outcome::Unknown(_)) => {
                panic!("{what}: {unsettled:?}\n{:#?}", sent.exchange)
            }
        };
        let mut told = told;
        if logins > 0 {
            told["logins"] = json!(logins);
        }
        self.transcript.note(what, &told);
        landing
    }

    /// Sends what has to succeed, and gives this field of the result.
    async fn made(&mut self, what: &str, operation: &str, key: &str, args: &Value, field: &str) -> String {
        let landing = self.send(what, operation, key, args).await;
        let made = landing.and_then(|landing| landing.result.get(field)?.as_text().map(str::to_owned));
        made.unwrap_or_else(|| panic!("nothing came of it: {:#?}", self.transcript))
    }

    async fn probe(&mut self, what: &str, operation: &str, key: &str, args: &Value) {
        let probed = self
            .connector
            .probe(&request(operation, key, args, Sending::Again))
            .await;
        let told = match probed.probe {
            Probe::Found(landing) => json!({"found": told(&landing)}),
            Probe::Absent => json!("absent"),
            Probe::Failed(fault) => panic!("{what}: {fault:?}\n{:#?}", probed.exchange),
        };
        self.transcript.note(what, &told);
    }
}

fn told(landing: &Landing) -> Json {
    let fields = TOLD
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), plain(landing.result.get(name)?))));
    Json::Object(fields.collect())
}

fn plain(value: &Value) -> Json {
    match value {
        Value::Int(number) => json!(number),
        Value::List(elements) => json!({"count": elements.len()}),
        Value::Null | Value::Bool(_) | Value::Decimal(_) | Value::Text(_) | Value::Map(_) => Json::Null,
    }
}

fn line(sku: &str, quantity: i64, net_minor: i64) -> Value {
    Value::map([
        ("sku", Value::text(sku)),
        ("name", "Organic Tee".into()),
        ("quantity", Value::Int(quantity)),
        ("net_minor", Value::Int(net_minor)),
        ("tax_minor", Value::Int(0)),
    ])
}

/// An order whose lines, shipping of 5.00, fee of -1.00 and tax of 1.95 make `total_minor`.
fn order(customer: &str, lines: Vec<Value>, total_minor: i64) -> Value {
    Value::map([
        ("customer", Value::text(customer)),
        ("order_key", "eu-shop:16".into()),
        ("currency", "USD".into()),
        ("lines", Value::List(lines)),
        ("shipping_minor", Value::Int(500)),
        ("fees_minor", Value::Int(-100)),
        ("tax_minor", Value::Int(195)),
        ("total_minor", Value::Int(total_minor)),
    ])
}

fn units(customer: &str, quantity: i64) -> Value {
    let line = Value::map([("sku", Value::text(ARTICLE)), ("quantity", Value::Int(quantity))]);
    Value::map([
        ("order", "1".into()),
        ("customer", Value::text(customer)),
        ("parcel", "P-1".into()),
        ("lines", Value::List(vec![line])),
    ])
}

/// The whole talk; `expire` ends every session on the other side.
pub(crate) async fn talk(url: &str, password: &str, expire: impl AsyncFn()) -> Transcript {
    let mut talk = Talk {
        connector: connector(url, "not the password"),
        transcript: Transcript::default(),
    };
    let report = talk.connector.check().await.is_well();
    talk.transcript
        .note("check with a wrong password", &json!(report));
    talk.connector = connector(url, password);
    let report = talk.connector.check().await.is_well();
    talk.transcript.note("check", &json!(report));
    let customer = customers(&mut talk).await;
    orders(&mut talk, &customer).await;
    expire().await;
    stock(&mut talk, &customer).await;
    money(&mut talk, &customer).await;
    talk.transcript
}

async fn customers(talk: &mut Talk) -> String {
    let names = ["name", "company", "line2", "state", "phone"];
    let mut address: Vec<(&str, Value)> = names.map(|name| (name, Value::text(""))).into();
    address.extend([
        ("line1", "1 Main St".into()),
        ("city", "San Francisco".into()),
        ("postcode", "94110".into()),
        ("country", "US".into()),
    ]);
    let address = Value::map(address);
    let args = |reference: &str, email: &str| {
        Value::map([
            ("reference", Value::text(reference)),
            ("email", Value::text(email)),
            ("name", "Ada Byron".into()),
            ("company", "".into()),
            ("billing", address.clone()),
            ("shipping", address.clone()),
        ])
    };
    let known = args("eu-shop:customer:2", "ada@example.test");
    let first = talk
        .made(
            "match a customer",
            "match_customer",
            "k/customer",
            &known,
            "customer",
        )
        .await;
    let again = talk
        .made(
            "match them again",
            "match_customer",
            "k/again",
            &known,
            "customer",
        )
        .await;
    talk.transcript.note("it is the same", &json!(again == first));
    let guest = args("eu-shop:guest:17", "");
    talk.send(
        "match a guest without e-mail",
        "match_customer",
        "k/guest",
        &guest,
    )
    .await;
    first
}

async fn orders(talk: &mut Talk, customer: &str) {
    // A third of 26.87 has no end, and no price of four places makes 10.01 out of 130 pieces.
    let lines = vec![line(ARTICLE, 3, 2687), line(ARTICLE, 130, 1001)];
    let args = order(customer, lines.clone(), 2687 + 1001 + 595);
    let made = talk
        .made("create an order", "create_order", "k/order", &args, "order")
        .await;
    talk.probe("look the order up", "create_order", "k/order", &args)
        .await;
    let again = talk
        .made(
            "create it again under its key",
            "create_order",
            "k/order",
            &args,
            "order",
        )
        .await;
    talk.transcript.note("it is the same", &json!(again == made));
    let wrong = order(customer, lines, 2687 + 1001 + 596);
    talk.send(
        "create one that adds up otherwise",
        "create_order",
        "k/wrong",
        &wrong,
    )
    .await;
    talk.probe("look it up", "create_order", "k/wrong", &wrong).await;
    let unknown = order(customer, vec![line("NO-SUCH-ARTICLE", 1, 100)], 695);
    talk.send(
        "create one with an unknown article",
        "create_order",
        "k/unknown",
        &unknown,
    )
    .await;
    talk.probe("look it up", "create_order", "k/unknown", &unknown)
        .await;
    let cancel = Value::map([("order", Value::text(made))]);
    talk.send("cancel the order", "cancel_order", "k/cancel", &cancel)
        .await;
    talk.send("cancel it again", "cancel_order", "k/cancel", &cancel)
        .await;
    talk.probe("look it up", "create_order", "k/order", &args).await;
}

async fn stock(talk: &mut Talk, customer: &str) {
    let some = units(customer, 3);
    let held = talk
        .made(
            "reserve after the session expired",
            "reserve_stock",
            "k/stock",
            &some,
            "reservation",
        )
        .await;
    talk.probe("look it up", "reserve_stock", "k/stock", &some).await;
    let much = units(customer, 9);
    talk.send("reserve more than there is", "reserve_stock", "k/much", &much)
        .await;
    talk.probe("look it up", "reserve_stock", "k/much", &much).await;
    let release = Value::map([
        ("reservation", Value::text(held)),
        ("lines", some.get("lines").unwrap().clone()),
    ]);
    talk.send("release", "release_stock", "k/release", &release).await;
    talk.send("release again", "release_stock", "k/release", &release)
        .await;
    let parcel = units(customer, 1);
    talk.send("post a delivery", "post_delivery", "k/parcel", &parcel)
        .await;
    talk.probe("look it up", "post_delivery", "k/parcel", &parcel)
        .await;
}

async fn money(talk: &mut Talk, customer: &str) {
    let args = Value::map([
        ("order", "1".into()),
        ("customer", Value::text(customer)),
        ("currency", "USD".into()),
        ("total_minor", Value::Int(4283)),
    ]);
    let invoice = talk
        .made("post an invoice", "post_invoice", "k/invoice", &args, "invoice")
        .await;
    talk.probe("look it up", "post_invoice", "k/invoice", &args).await;
    let payment = Value::map([
        ("invoice", Value::text(invoice)),
        ("currency", "USD".into()),
        ("amount_minor", Value::Int(4283)),
        ("tender", "card".into()),
    ]);
    talk.send("register its payment", "register_payment", "k/payment", &payment)
        .await;
    talk.send("register it again", "register_payment", "k/payment", &payment)
        .await;
    talk.probe("look it up", "register_payment", "k/payment", &payment)
        .await;
}
