//! The warehouse: accepts, reports by signed callback, refuses to cancel what is picked.

use amends_connectors::sandbox::{Callback, Dispatch, Fault, Options, Rule};
use hmac::{Hmac, Mac};
use serde_json::{Value as Json, json};
use sha2::Sha256;

use crate::bench::{Bench, eventually};
use crate::listener::{Arrival, Listener};

const SECRET: &str = "sandbox-callback-secret";

fn options(listener: &Listener, dispatch: Dispatch) -> Options {
    Options {
        callback: Callback {
            url: Some(listener.url.clone()),
            secret: SECRET.into(),
        },
        dispatch,
        ..Options::default()
    }
}

fn release() -> Json {
    json!({"order_key": "eu-shop:16", "reference": "r-16", "express": false,
        "lines": [{"sku": "TEE-BLK-M", "quantity": 2}, {"sku": "MUG-01", "quantity": 3}]})
}

async fn arrivals(listener: &Listener, count: usize) -> Vec<Arrival> {
    eventually("callbacks", || async {
        Some(listener.arrivals()).filter(|all| all.len() >= count)
    })
    .await
}

/// Verifies as a client has to: over `t`, a dot and the raw body.
fn verifies(arrival: &Arrival) -> bool {
    let header = arrival.header("x-warehouse-signature");
    let (time, signature) = header.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(&arrival.raw);
    let expect = mac.finalize().into_bytes();
    let given = (0..signature.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&signature[at..at + 2], 16).unwrap());
    given.eq(expect)
}

#[tokio::test]
async fn a_release_is_accepted_once_per_key_and_reported_by_signed_callback() {
    let listener = Listener::answering(&[]).await;
    let dispatch = Dispatch::Automatic {
        pick_ms: 1,
        ship_ms: 1,
    };
    let bench = Bench::with(options(&listener, dispatch)).await;
    let first = bench.post_to_warehouse("releases", "k1", &release()).await;
    assert_eq!((first.status, &first.body["job"]), (202, &json!("J-1")));
    let again = bench.post_to_warehouse("releases", "k1", &release()).await;
    assert_eq!(
        (again.status, &again.body, again.replayed),
        (202, &first.body, true)
    );
    let found = bench.look_at_warehouse("releases?reference=r-16").await;
    assert_eq!(found.body["releases"].as_array().unwrap().len(), 1);
    let arrival = arrivals(&listener, 1).await.remove(0);
    assert!(verifies(&arrival));
    let body = arrival.json();
    assert_eq!(
        (&body["event"], &body["order_key"]),
        (&json!("parcel.shipped"), &json!("eu-shop:16"))
    );
    assert_eq!(
        (&body["parcel"], &body["lines"]),
        (&json!("P-1"), &release()["lines"])
    );
    assert_eq!(bench.witnessed("parcel.shipped"), 1);
    assert_eq!(bench.witnessed("releases.create"), 1);
}

#[tokio::test]
async fn a_callback_is_sent_again_until_it_is_accepted() {
    let listener = Listener::answering(&[500, 404, 503]).await;
    let dispatch = Dispatch::Automatic {
        pick_ms: 0,
        ship_ms: 0,
    };
    let bench = Bench::with(options(&listener, dispatch)).await;
    bench.post_to_warehouse("releases", "", &release()).await;
    let arrivals = arrivals(&listener, 4).await;
    let ids: Vec<Json> = arrivals
        .iter()
        .map(|arrival| arrival.json()["id"].clone())
        .collect();
    assert!(ids.iter().all(|id| id == &ids[0]), "{ids:?}");
    eventually("the counters agree", || async {
        let callbacks = bench.world.counts()["warehouse"].callbacks.clone();
        (callbacks.delivered == 1 && callbacks.failed == 3).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_is_picked_cannot_be_cancelled() {
    let listener = Listener::answering(&[]).await;
    let bench = Bench::with(options(&listener, Dispatch::OnCommand)).await;
    for key in ["k1", "k2"] {
        bench.post_to_warehouse("releases", key, &release()).await;
    }
    bench.control("warehouse", "pick", &json!({"job": "J-1"})).await;
    let late = bench
        .post_to_warehouse("releases/J-1/cancel", "", &Json::Null)
        .await;
    assert_eq!(
        (late.status, late.body),
        (409, json!({"error": "already_picked"}))
    );
    for _ in 0..2 {
        assert_eq!(
            bench
                .post_to_warehouse("releases/J-2/cancel", "", &Json::Null)
                .await
                .status,
            200
        );
    }
    assert_eq!(bench.witnessed("releases.cancel"), 1);
    let shipped = bench.control("warehouse", "dispatch", &json!({})).await;
    assert_eq!(shipped["parcels"], json!(["P-1"]), "only what was not cancelled");
}

#[tokio::test]
async fn a_release_can_leave_in_parcels_and_a_parcel_can_be_taken_back() {
    let listener = Listener::answering(&[]).await;
    let bench = Bench::with(options(&listener, Dispatch::OnCommand)).await;
    bench.post_to_warehouse("releases", "k1", &release()).await;
    let part = json!({"order_key": "eu-shop:16", "lines": [{"sku": "MUG-01", "quantity": 1}]});
    bench.control("warehouse", "dispatch", &part).await;
    bench.control("warehouse", "dispatch", &json!({})).await;
    bench
        .control("warehouse", "cancel-parcel", &json!({"parcel": "P-1"}))
        .await;
    let arrivals = arrivals(&listener, 3).await;
    let mut events: Vec<(String, String)> = arrivals
        .iter()
        .map(Arrival::json)
        .map(|body| {
            (
                body["event"].as_str().unwrap().to_owned(),
                body["lines"].to_string(),
            )
        })
        .collect();
    events.sort();
    let mug = r#"[{"sku":"MUG-01","quantity":1}]"#;
    assert_eq!(events[0], ("parcel.cancelled".into(), mug.into()));
    assert_eq!(events[1], ("parcel.shipped".into(), mug.into()));
}

#[tokio::test]
async fn callbacks_are_duplicated_and_reordered_on_demand() {
    let listener = Listener::answering(&[]).await;
    let bench = Bench::with(options(&listener, Dispatch::OnCommand)).await;
    bench.inject(
        "warehouse",
        Rule::always(Fault::ReorderCallback { within_ms: 150 }).times(10),
    );
    bench.inject("warehouse", Rule::always(Fault::DuplicateCallback).times(1));
    for nth in 0..11 {
        bench
            .post_to_warehouse("releases", &format!("k{nth}"), &release())
            .await;
    }
    bench.control("warehouse", "dispatch", &json!({})).await;
    let parcels: Vec<String> = arrivals(&listener, 12)
        .await
        .iter()
        .map(|arrival| arrival.json()["parcel"].as_str().unwrap().to_owned())
        .collect();
    let mut ordered = parcels.clone();
    ordered.sort_by_key(|parcel| parcel[2..].parse::<u32>().unwrap());
    assert_ne!(parcels, ordered, "nothing was reordered");
    ordered.dedup();
    assert_eq!((parcels.len(), ordered.len()), (12, 11), "one came twice");
    assert_eq!(bench.witnessed("parcel.shipped"), 11, "goods leave once");
}
