//! The client against a stub that answers as a shop does, and as what stands in front of shops does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amends_connectors::woocommerce::order::parse;
use amends_connectors::woocommerce::rest::{Access, Client, Looked, RestError, Shelf, Walk};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::fixtures::{capture, captures, folder, shop};

/// A shop: orders by id, and what it was asked.
#[derive(Default)]
struct Shop {
    orders: BTreeMap<i64, Value>,
    asked: Vec<String>,
}

type Shared = Arc<Mutex<Shop>>;

const KEYS: &str = "Basic Y2tfMTpjc18y";

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // Ends with the test's runtime.
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

fn client(site: &str) -> Client {
    let (key, secret) = ("ck_1".to_owned(), "cs_2".to_owned());
    Client::new(Access {
        site: site.to_owned(),
        key,
        secret,
        timeout: Duration::from_secs(5),
    })
    .unwrap()
}

async fn genuine_shop(orders: BTreeMap<i64, Value>) -> (Shared, Client) {
    let shared: Shared = Arc::new(Mutex::new(Shop {
        orders,
        asked: Vec::new(),
    }));
    let router = Router::new()
        .route("/wp-json/wc/v3/orders", get(list))
        .route("/wp-json/wc/v3/orders/{id}", get(one))
        .route("/wp-json/wc/v3/orders/{id}/refunds", get(refunds))
        .with_state(shared.clone());
    (shared, client(&serve(router).await))
}

fn refusal(status: u16, code: &str) -> Response {
    let body = json!({"code": code, "message": "No.", "data": {"status": status}});
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

fn keys_fit(headers: &HeaderMap) -> bool {
    headers.get("authorization").is_some_and(|keys| keys == KEYS)
}

async fn one(State(shop): State<Shared>, Path(id): Path<i64>, headers: HeaderMap) -> Response {
    if !keys_fit(&headers) {
        return refusal(401, "woocommerce_rest_cannot_view");
    }
    let order = shop.lock().unwrap().orders.get(&id).cloned();
    order.map_or_else(
        || refusal(404, "woocommerce_rest_shop_order_invalid_id"),
        |order| Json(order).into_response(),
    )
}

async fn refunds() -> Response {
    let file = std::fs::read(folder().join("rest-refunds-and-notes-of-order-02.json")).unwrap();
    let both: Vec<Value> = serde_json::from_slice(&file).unwrap();
    Json(both[0].clone()).into_response()
}

/// The parts of the list's contract that a walk depends on: exclusive bounds, pages of at most 100, `exclude`.
async fn list(
    State(shop): State<Shared>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    if !keys_fit(&headers) {
        return refusal(401, "woocommerce_rest_cannot_view");
    }
    let mut shop = shop.lock().unwrap();
    shop.asked.push(serde_json::to_string(&query).unwrap());
    let bound = |name: &str| query.get(name).map(|time| time.trim_end_matches('Z').to_owned());
    let (after, before) = (bound("modified_after"), bound("modified_before"));
    let except: Vec<i64> = query
        .get("exclude")
        .into_iter()
        .flat_map(|ids| ids.split(','))
        .filter_map(|id| id.parse().ok())
        .collect();
    let binned = query.get("status").is_some_and(|status| status == "trash");
    let modified = |order: &Value| order["date_modified_gmt"].as_str().unwrap_or_default().to_owned();
    let mut found: Vec<&Value> = shop
        .orders
        .iter()
        .filter(|(id, order)| {
            let at = modified(order);
            after.as_ref().is_none_or(|after| at > *after)
                && before.as_ref().is_none_or(|before| at < *before)
                && !except.contains(id)
                && (order["status"] == "trash") == binned
        })
        .map(|(_, order)| order)
        .collect();
    if query.get("orderby").is_some_and(|by| by == "modified") {
        found.sort_by_key(|order| modified(order));
    }
    found.truncate(query["per_page"].parse().unwrap());
    Json(found).into_response()
}

fn genuine_orders() -> BTreeMap<i64, Value> {
    captures()
        .iter()
        .filter_map(|capture| {
            Some((
                capture.order()?.id,
                serde_json::from_slice(&capture.body()).unwrap(),
            ))
        })
        .collect()
}

#[tokio::test]
async fn reads_an_order_as_it_was_delivered() {
    let (_, client) = genuine_shop(genuine_orders()).await;
    let Looked::Order(body) = client.order(16).await.unwrap() else {
        panic!("order 16 is there")
    };
    assert_eq!(parse(&body, &shop()).unwrap(), capture("05-").order().unwrap());
    assert_eq!(client.order(4_711).await, Ok(Looked::Deleted));
    assert_eq!(client.check().await, Ok(()));
}

#[tokio::test]
async fn reads_the_refunds_of_an_order() {
    let (_, client) = genuine_shop(BTreeMap::new()).await;
    let refunds = client.refunds(16).await.unwrap();
    let read: Vec<(i64, String)> = refunds
        .iter()
        .map(|refund| (refund.id, refund.amount.to_string()))
        .collect();
    assert_eq!(
        read,
        [(19, "62.77".into()), (18, "5.00".into()), (17, "24.12".into())]
    );
}

#[tokio::test]
async fn wrong_keys_are_told_apart_from_a_missing_order() {
    let (_, good) = genuine_shop(BTreeMap::new()).await;
    drop(good);
    let router = Router::new().fallback(|| async { refusal(401, "woocommerce_rest_cannot_view") });
    let denied = client(&serve(router).await).order(16).await.unwrap_err();
    assert!(matches!(denied, RestError::Denied { .. }), "{denied}");
}

#[tokio::test]
async fn walks_over_everything_that_changed_and_asks_in_gmt() {
    let (shop, client) = genuine_shop(genuine_orders()).await;
    // 2026-11-23T18:31:00Z: the first half of the captures is older.
    let mut walk = Walk::since(Shelf::Shown, 1_795_458_660_000, 0);
    let mut ids = Vec::new();
    while let Some(page) = client.step(&mut walk).await.unwrap() {
        assert_eq!(page.unreadable, Vec::<String>::new());
        ids.extend(
            page.entries
                .iter()
                .map(|entry| parse(&entry.body, &crate::fixtures::shop()).unwrap().id),
        );
    }
    assert_eq!(ids, [30, 31, 32, 33, 38, 41, 44, 154, 155]);
    assert_eq!(walk.cursor_ms(), Some(1_795_460_279_000));
    let asked = shop.lock().unwrap().asked.clone();
    assert_eq!(
        asked,
        [
            r#"{"dates_are_gmt":"true","modified_after":"2026-11-23T18:30:59Z","order":"asc","orderby":"modified","per_page":"100","status":"any"}"#
        ]
    );
}

#[tokio::test]
async fn walks_inside_a_second_by_id_while_data_moves() {
    let at = |second: i64| format!("2026-11-23T18:30:{second:02}");
    let order =
        |id: i64, second: i64| json!({"id": id, "status": "processing", "date_modified_gmt": at(second)});
    let dense = (1..=350)
        .map(|id| (id, order(id, if id <= 320 { 10 } else { 11 })))
        .collect();
    let (shop, client) = genuine_shop(dense).await;
    let mut walk = Walk::since(Shelf::Shown, 0, 0);
    let mut last: BTreeMap<i64, String> = BTreeMap::new();
    let mut steps = 0;
    while let Some(page) = client.step(&mut walk).await.unwrap() {
        for entry in page.entries {
            let seen: Value = serde_json::from_slice(&entry.body).unwrap();
            last.insert(entry.id, seen["date_modified_gmt"].as_str().unwrap().to_owned());
        }
        steps += 1;
        let moved = steps * 40;
        shop.lock()
            .unwrap()
            .orders
            .insert(moved, order(moved, 20 + steps));
        assert!(steps < 30, "the walk does not end");
    }
    let shop = shop.lock().unwrap();
    let missed: Vec<i64> = shop
        .orders
        .iter()
        .filter(|(id, order)| last.get(id).map(String::as_str) != order["date_modified_gmt"].as_str())
        .map(|(id, _)| *id)
        .collect();
    assert_eq!(missed, [steps * 40], "only the change after the last answer");
}

#[tokio::test]
async fn the_bin_is_walked_on_request() {
    let mut orders = genuine_orders();
    orders.get_mut(&22).unwrap()["status"] = "trash".into();
    let (_, client) = genuine_shop(orders).await;
    let mut walk = Walk::since(Shelf::Binned, 0, 0);
    let page = client.step(&mut walk).await.unwrap().unwrap();
    assert_eq!(
        page.entries.iter().map(|entry| entry.id).collect::<Vec<_>>(),
        [22]
    );
    assert_eq!(client.step(&mut walk).await, Ok(None));
}

#[tokio::test]
async fn a_poisoned_order_does_not_stop_a_walk() {
    let router = Router::new().fallback(|| async {
        Json(json!([{"id": 1, "date_modified_gmt": "2026-11-23T18:30:10"}, {"id": "x"}, 7]))
    });
    let mut walk = Walk::since(Shelf::Shown, 0, 0);
    let page = client(&serve(router).await)
        .step(&mut walk)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(page.entries.len(), 1);
    assert_eq!(
        page.unreadable,
        [
            "[1].id: expected a whole number, found \"x\"",
            "[2]: expected an object, found 7"
        ]
    );
}

async fn answer_of(response: impl Fn() -> Response + Clone + Send + Sync + 'static) -> RestError {
    let router = Router::new().fallback(move || {
        let response = response();
        async move { response }
    });
    client(&serve(router).await).order(16).await.unwrap_err()
}

#[tokio::test]
async fn other_answers_have_names_of_their_own() {
    let html = || (StatusCode::FORBIDDEN, "<h1>Sucuri WebSite Firewall</h1>").into_response();
    let error = answer_of(html).await;
    assert_eq!(
        error,
        RestError::Blocked {
            status: 403,
            excerpt: "<h1>Sucuri WebSite Firewall</h1>".into()
        }
    );

    let error = answer_of(|| {
        (
            StatusCode::TOO_MANY_REQUESTS,
            [("retry-after", "7")],
            "<p>slow down",
        )
            .into_response()
    })
    .await;
    assert_eq!(
        error,
        RestError::Throttled {
            retry_after_ms: Some(7_000)
        }
    );

    let error = answer_of(|| refusal(500, "woocommerce_rest_cannot_view")).await;
    assert!(
        matches!(&error, RestError::Denied { code, .. } if code == "woocommerce_rest_cannot_view"),
        "{error}"
    );

    let error =
        answer_of(|| (StatusCode::FOUND, [("location", "https://elsewhere.example/")]).into_response()).await;
    assert_eq!(
        error,
        RestError::Moved {
            status: 302,
            to: "https://elsewhere.example/".into()
        }
    );

    let error = answer_of(|| Json(json!({"id": 17})).into_response()).await;
    assert_eq!(error, RestError::WrongOrder { asked: 16, got: 17 });

    let error = answer_of(|| "<b>Warning</b>: foreach() {\"id\":16}".into_response()).await;
    assert!(matches!(error, RestError::Unreadable(_)), "{error}");

    let error = answer_of(|| refusal(200, "woocommerce_rest_cannot_view")).await;
    assert!(
        matches!(error, RestError::Denied { .. }),
        "an error inside a success: {error}"
    );
}

#[tokio::test]
async fn silence_and_absence_of_a_server_are_told_apart() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let site = format!("http://{}", listener.local_addr().unwrap());
    let (key, secret) = ("ck_1".to_owned(), "cs_2".to_owned());
    let access = Access {
        site: site.clone(),
        key,
        secret,
        timeout: Duration::from_millis(200),
    };
    assert_eq!(
        Client::new(access).unwrap().order(16).await,
        Err(RestError::Timeout(200))
    );
    drop(listener);
    let gone = client(&site).order(16).await.unwrap_err();
    assert!(
        matches!(gone, RestError::Connect(_)) && gone.is_transient(),
        "{gone}"
    );
}
