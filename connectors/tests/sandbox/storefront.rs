//! The storefront: REST pages, write-back and webhooks.

use amends_connectors::sandbox::{Fault, Options, Rule, Shop};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use reqwest::Method;
use serde_json::{Value as Json, json};
use sha2::Sha256;

use crate::bench::{Bench, answer, eventually};
use crate::listener::{Arrival, Listener};

const SECRET: &str = "whsec-fixture-1";

/// A genuine order, as WooCommerce sent it.
fn genuine(name: &str) -> Json {
    let path = format!(
        "{}/../tests/fixtures/woocommerce/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let delivery: Json = serde_json::from_str(&text).unwrap();
    serde_json::from_str(delivery["body"].as_str().unwrap()).unwrap()
}

async fn announcing(listener: &Listener) -> Bench {
    Bench::with(Options {
        shops: vec![Shop::default().announcing_to(&listener.url, SECRET)],
        ..Options::default()
    })
    .await
}

async fn arrivals(listener: &Listener, count: usize) -> Vec<Arrival> {
    eventually("webhooks", || async {
        Some(listener.arrivals()).filter(|all| all.len() >= count)
    })
    .await
}

fn verifies(arrival: &Arrival) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(&arrival.raw);
    STANDARD.encode(mac.finalize().into_bytes()) == arrival.header("x-wc-webhook-signature")
}

#[tokio::test]
async fn a_genuine_order_comes_back_byte_for_byte_in_a_signed_webhook() {
    let listener = Listener::answering(&[]).await;
    let bench = announcing(&listener).await;
    let order = genuine("02-created-pending-1.order.created.json");
    bench.control("demo", "orders", &order).await;
    let arrivals = arrivals(&listener, 2).await;
    let mut topics: Vec<&str> = arrivals
        .iter()
        .map(|arrival| arrival.header("x-wc-webhook-topic"))
        .collect();
    topics.sort_unstable();
    assert_eq!(topics, ["order.created", "order.updated"]);
    for arrival in &arrivals {
        assert!(verifies(arrival));
        assert_eq!(arrival.json(), order);
        assert_eq!(
            arrival.header("x-wc-webhook-source"),
            format!("{}/", bench.url("demo"))
        );
        assert_eq!(
            arrival.header("user-agent"),
            "WooCommerce/11.0.1 Hookshot (WordPress/7.0.4)"
        );
        let text = std::str::from_utf8(&arrival.raw).unwrap();
        assert!(text.contains("http:\\/\\/127.0.0.1:8091") && text.contains("\\u00f1") && text.is_ascii());
    }
}

#[tokio::test]
async fn a_put_upserts_meta_moves_the_date_and_echoes() {
    let listener = Listener::answering(&[]).await;
    let bench = announcing(&listener).await;
    bench
        .control(
            "demo",
            "orders?quiet=true",
            &genuine("07-created-paid-1.order.created.json"),
        )
        .await;
    let put = async |body: Json| {
        answer(
            bench
                .shop(Method::PUT, "orders/20")
                .json(&body)
                .send()
                .await
                .unwrap(),
        )
        .await
        .unwrap()
    };
    let meta = |value: &str| json!({"status": "completed", "meta_data": [{"key": "_erp_document_no", "value": value}]});
    put(meta("SO-1")).await;
    let twice = put(meta("SO-2")).await.body;
    let ours: Vec<&Json> = twice["meta_data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|m| m["key"] == "_erp_document_no")
        .collect();
    assert_eq!((ours.len(), &ours[0]["value"]), (1, &json!("SO-2")));
    assert_eq!(twice["status"], "completed");
    assert_ne!(twice["date_modified_gmt"], "2026-11-23T18:30:17");
    put(meta("SO-2")).await;
    assert_eq!(
        bench.witnessed("orders.update"),
        2,
        "writing what is there already is no effect"
    );
    assert_eq!(
        arrivals(&listener, 1).await[0].header("x-wc-webhook-topic"),
        "order.updated"
    );
    assert_eq!(put(json!({"status": "shipped"})).await.status, 400);
}

#[tokio::test]
async fn notes_are_kept_and_fire_nothing() {
    let listener = Listener::answering(&[]).await;
    let bench = announcing(&listener).await;
    bench
        .control(
            "demo",
            "orders?quiet=true",
            &genuine("07-created-paid-1.order.created.json"),
        )
        .await;
    let note = json!({"note": "On its way [k1]", "customer_note": true});
    let made = answer(
        bench
            .shop(Method::POST, "orders/20/notes")
            .json(&note)
            .send()
            .await
            .unwrap(),
    )
    .await
    .unwrap();
    assert_eq!((made.status, &made.body["customer_note"]), (201, &json!(true)));
    let listed = bench.look_at_shop("orders/20/notes").await;
    assert_eq!(listed.body[0]["note"], "On its way [k1]");
    assert_eq!(bench.world.counts()["demo"].callbacks.sent, 0);
}

#[tokio::test]
async fn a_sweep_walks_pages_and_times_without_a_zone_are_the_shops() {
    let bench = Bench::start().await;
    let orders: Vec<Json> = (1..=25)
        .map(|nth| {
            let mut order = genuine("07-created-paid-1.order.created.json");
            order["id"] = json!(nth);
            order["date_modified_gmt"] = json!(format!("2026-11-23T18:30:{nth:02}"));
            order
        })
        .collect();
    bench.control("demo", "orders", &json!(orders)).await;
    let sweep = "orders?orderby=modified&order=asc&per_page=10&modified_after=2026-11-23T18:30:05";
    let get = async |query: &str| bench.shop(Method::GET, query).send().await.unwrap();
    let first = get(&format!("{sweep}&dates_are_gmt=true")).await;
    assert_eq!(
        (
            &first.headers()["x-wp-total"],
            &first.headers()["x-wp-totalpages"]
        ),
        (&"20".parse().unwrap(), &"2".parse().unwrap())
    );
    assert!(first.headers()["link"].to_str().unwrap().contains("rel=\"next\""));
    let first: Json = first.json().await.unwrap();
    let second: Json = get(&format!("{sweep}&dates_are_gmt=true&page=2"))
        .await
        .json()
        .await
        .unwrap();
    let ids = |page: &Json| {
        page.as_array()
            .unwrap()
            .iter()
            .map(|o| o["id"].as_i64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!([ids(&first), ids(&second)].concat(), (6..=25).collect::<Vec<_>>());
    let none = get(sweep).await;
    assert_eq!(
        none.headers()["x-wp-total"],
        "0",
        "read as New York time, the cursor lies hours ahead"
    );
    assert_eq!(get("orders?per_page=101").await.status(), 400);
}

#[tokio::test]
async fn trashed_orders_answer_and_deleted_ones_do_not() {
    let listener = Listener::answering(&[]).await;
    let bench = announcing(&listener).await;
    bench
        .control(
            "demo",
            "orders?quiet=true",
            &genuine("07-created-paid-1.order.created.json"),
        )
        .await;
    bench.control("demo", "orders/20/trash", &Json::Null).await;
    assert_eq!(bench.look_at_shop("orders/20").await.body["status"], "trash");
    assert_eq!(bench.look_at_shop("orders").await.body, json!([]));
    let deleted = &arrivals(&listener, 1).await[0];
    assert_eq!(
        (deleted.header("x-wc-webhook-topic"), deleted.json()),
        ("order.deleted", json!({"id": 20}))
    );
    bench.control("demo", "orders/20/restore", &Json::Null).await;
    assert_eq!(bench.look_at_shop("orders/20").await.body["status"], "processing");
    let url = format!("{}/_control/orders/20", bench.url("demo"));
    assert!(
        bench
            .client
            .delete(url)
            .send()
            .await
            .unwrap()
            .status()
            .is_success()
    );
    let gone = bench.look_at_shop("orders/20").await;
    assert_eq!(
        (gone.status, &gone.body["code"]),
        (404, &json!("woocommerce_rest_shop_order_invalid_id"))
    );
}

#[tokio::test]
async fn seven_failures_in_a_row_silence_a_webhook() {
    let listener = Listener::answering(&[500; 20]).await;
    let bench = announcing(&listener).await;
    bench
        .control(
            "demo",
            "orders?quiet=true",
            &genuine("07-created-paid-1.order.created.json"),
        )
        .await;
    for nth in 1..=7 {
        bench.control("demo", "announce", &json!({"ids": [20]})).await;
        eventually("the failure is counted", || async {
            (bench.world.counts()["demo"].callbacks.failed == nth).then_some(())
        })
        .await;
    }
    assert_eq!(bench.look_at_shop("webhooks/2").await.body["status"], "disabled");
    bench.control("demo", "announce", &json!({"ids": [20]})).await;
    assert_eq!(bench.look_at_shop("webhooks/1").await.body["status"], "active");
    assert_eq!(listener.arrivals().len(), 7);
}

#[tokio::test]
async fn webhooks_get_lost_and_doubled_on_demand() {
    let listener = Listener::answering(&[]).await;
    let bench = announcing(&listener).await;
    bench.inject("demo", Rule::always(Fault::DropCallback).times(1));
    bench.inject("demo", Rule::always(Fault::DuplicateCallback).times(1));
    bench
        .control("demo", "orders", &genuine("07-created-paid-1.order.created.json"))
        .await;
    let arrivals = arrivals(&listener, 2).await;
    assert_eq!(arrivals[0].raw, arrivals[1].raw);
    let callbacks = bench.world.counts()["demo"].callbacks.clone();
    assert_eq!((callbacks.dropped, callbacks.duplicated), (1, 1));
}

#[tokio::test]
async fn generated_orders_have_their_intents_at_the_provider() {
    let listener = Listener::answering(&[]).await;
    let bench = announcing(&listener).await;
    let made = bench
        .control("demo", "generate", &json!({"count": 30, "seed": 5}))
        .await;
    let ids = made["ids"].as_array().unwrap();
    assert_eq!(ids.len(), 30);
    let mut cards = 0;
    for id in ids {
        let order = bench.look_at_shop(&format!("orders/{id}")).await.body;
        let transaction = order["transaction_id"].as_str().unwrap();
        if transaction.is_empty() {
            continue;
        }
        cards += 1;
        let intent = bench
            .look_at_payments(&format!("payment_intents/{transaction}"))
            .await
            .body;
        let expect = if order["payment_method"] == "stripe" {
            "succeeded"
        } else {
            "requires_capture"
        };
        assert_eq!(intent["status"], expect);
        assert_eq!(intent["metadata"]["order_key"], format!("demo:{id}"));
    }
    assert!(cards > 10);
    assert_eq!(arrivals(&listener, 60).await.len(), 60);
}

#[tokio::test]
async fn nobody_gets_in_without_the_key() {
    let bench = Bench::start().await;
    let url = format!("{}/wp-json/wc/v3/orders", bench.url("demo"));
    let reply = answer(bench.client.get(url).send().await.unwrap()).await.unwrap();
    assert_eq!(
        (reply.status, &reply.body["code"]),
        (401, &json!("woocommerce_rest_cannot_view"))
    );
}
