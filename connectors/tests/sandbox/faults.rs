//! Each fault does what its name says, and the witness knows whether it was done.

use std::collections::BTreeMap;

use amends_connectors::sandbox::{Down, ErrorInside, Fault, Options, Rule};
use serde_json::{Value as Json, json};

use crate::bench::{Answer, Bench, eventually};

const QUICK: u64 = 1;

/// What a client saw of one request: the status, or 0 if the connection ended without an answer.
async fn seen(bench: &Bench, reference: &str) -> (u16, Json) {
    let party = json!([[{"name": "Ana", "code": reference}]]);
    match bench.try_rpc("model.party.party.create", party).await {
        Ok(Answer { status, body, .. }) => (status, body),
        Err(_) => (0, Json::Null),
    }
}

/// A fault with the status it shows, and how many effects take place under it.
async fn check(fault: Fault, status: u16, effects: usize) {
    let bench = Bench::start().await;
    let name = format!("{fault:?}");
    bench.inject("erp", Rule::always(fault).times(1));
    assert_eq!(seen(&bench, "r").await.0, status, "{name}");
    assert_eq!(bench.witnessed("party.party.create"), effects, "{name}");
    assert_eq!(seen(&bench, "r2").await.0, 200, "{name}: it strikes once");
    assert_eq!(bench.witnessed("party.party.create"), effects + 1, "{name}");
    let struck: u64 = bench.world.counts()["erp"].faults.values().sum();
    assert_eq!(struck, 1, "{name}");
}

#[tokio::test]
async fn done_but_not_told_counts_one() {
    check(Fault::DoneThenError, 500, 1).await;
    check(Fault::DoneThenTimeout { hold_ms: QUICK }, 0, 1).await;
    check(Fault::DoneThenHangUp, 0, 1).await;
    check(Fault::TruncatedJson, 200, 1).await;
}

#[tokio::test]
async fn not_done_counts_none() {
    check(Fault::Timeout { hold_ms: QUICK }, 0, 0).await;
    check(Fault::HangUp, 0, 0).await;
    check(Fault::TooManyRequests { retry_after_s: None }, 429, 0).await;
    check(Fault::Unavailable, 503, 0).await;
    check(Fault::HtmlError, 502, 0).await;
    check(Fault::PermanentError, 500, 0).await;
    check(
        Fault::ErrorInside {
            says: ErrorInside::User,
        },
        200,
        0,
    )
    .await;
}

#[tokio::test]
async fn an_impatient_client_does_not_undo_what_it_started() {
    let bench = Bench::start().await;
    let latency = json!({"min_ms": 200, "max_ms": 200});
    bench.control("erp", "latency", &latency).await;
    let url = format!("{}/shop/rpc/", bench.url("erp"));
    let call = json!({"id": 1, "method": "model.party.party.create", "params": [[{"name": "Ana"}], {}]});
    let request = bench
        .client
        .post(url)
        .basic_auth("admin", Some("sandbox-password"))
        .json(&call);
    let hasty = request.timeout(std::time::Duration::from_millis(50)).send().await;
    assert!(hasty.unwrap_err().is_timeout());
    eventually("it is done all the same", || async {
        (bench.witnessed("party.party.create") == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn errors_inside_have_the_shape_asked_for() {
    let bench = Bench::start().await;
    for (says, kind) in [
        (ErrorInside::User, "UserError"),
        (ErrorInside::Warning, "UserWarning"),
        (ErrorInside::Concurrency, "ConcurrencyException"),
        (ErrorInside::Bug, "'nope'"),
    ] {
        bench.inject("erp", Rule::always(Fault::ErrorInside { says }).times(1));
        assert_eq!(seen(&bench, "r").await.1["error"][0], kind);
    }
}

#[tokio::test]
async fn retry_after_is_told_or_not() {
    let bench = Bench::start().await;
    let url = format!("{}/v1/balance", bench.url("payments"));
    for retry_after_s in [Some(7), None] {
        bench.inject(
            "payments",
            Rule::always(Fault::TooManyRequests { retry_after_s }).times(1),
        );
        let reply = bench.client.get(&url).send().await.unwrap();
        let told = reply
            .headers()
            .get("retry-after")
            .map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(told, retry_after_s.map(|seconds| seconds.to_string()));
    }
}

async fn authorised(bench: &Bench) -> String {
    let seed = json!({"amount": 9189, "currency": "usd", "captured": false});
    let made = bench.control("payments", "intents", &seed).await;
    made["ids"][0].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_stored_500_is_replayed_for_ever_and_a_lost_reply_is_found_again() {
    let bench = Bench::start().await;
    let id = authorised(&bench).await;
    let capture = format!("payment_intents/{id}/capture");
    bench.inject("payments", Rule::always(Fault::PermanentError).times(1));
    assert_eq!(bench.pay(&capture, "k1", &[]).await.status, 500);
    let again = bench.pay(&capture, "k1", &[]).await;
    assert_eq!((again.status, again.replayed), (500, true));
    assert_eq!(bench.witnessed("payment_intents.capture"), 0);
    bench.inject(
        "payments",
        Rule::always(Fault::DoneThenTimeout { hold_ms: QUICK }).times(1),
    );
    assert!(bench.try_pay(&capture, "k2", &[]).await.is_err());
    let found = bench.pay(&capture, "k2", &[]).await;
    assert_eq!((found.status, found.replayed), (200, true));
    assert_eq!(bench.witnessed("payment_intents.capture"), 1);
}

#[tokio::test]
async fn a_done_500_is_replayed_too() {
    let bench = Bench::start().await;
    let id = authorised(&bench).await;
    let capture = format!("payment_intents/{id}/capture");
    bench.inject("payments", Rule::always(Fault::DoneThenError).times(1));
    assert_eq!(bench.pay(&capture, "k1", &[]).await.status, 500);
    assert!(bench.pay(&capture, "k1", &[]).await.replayed);
    let intent = bench
        .look_at_payments(&format!("payment_intents/{id}"))
        .await
        .body;
    assert_eq!(
        (&intent["status"], bench.witnessed("payment_intents.capture")),
        (&json!("succeeded"), 1)
    );
}

#[tokio::test]
async fn a_capture_can_take_less_than_asked_or_be_declined() {
    let bench = Bench::start().await;
    let (one, two) = (authorised(&bench).await, authorised(&bench).await);
    bench.inject(
        "payments",
        Rule::always(Fault::CaptureLess { percent: 40 }).times(1),
    );
    let less = bench
        .pay(
            &format!("payment_intents/{one}/capture"),
            "k1",
            &[("amount_to_capture", "1000")],
        )
        .await;
    assert_eq!((less.status, &less.body["amount_received"]), (200, &json!(400)));
    bench.inject("payments", Rule::always(Fault::Decline).times(1));
    let declined = bench
        .pay(&format!("payment_intents/{two}/capture"), "k2", &[])
        .await;
    assert_eq!(
        (declined.status, &declined.body["error"]["code"]),
        (402, &json!("card_declined"))
    );
    let captured: Vec<_> = bench
        .witness
        .effects()
        .iter()
        .filter_map(|effect| effect.amount_minor)
        .collect();
    assert_eq!(captured, [400]);
}

#[tokio::test]
async fn taking_back_can_be_refused_for_a_while() {
    let bench = Bench::start().await;
    let id = authorised(&bench).await;
    bench.inject("payments", Rule::always(Fault::RefuseUndo).times(2));
    let cancel = format!("payment_intents/{id}/cancel");
    for (key, status) in [("k1", 400), ("k2", 400), ("k3", 200)] {
        assert_eq!(bench.pay(&cancel, key, &[]).await.status, status, "{key}");
    }
    bench.inject("warehouse", Rule::always(Fault::RefuseUndo));
    let release = json!({"order_key": "x:1", "lines": [{"sku": "A", "quantity": 1}]});
    let accepted = bench.post_to_warehouse("releases", "k1", &release).await;
    assert_eq!(accepted.status, 202, "only taking back is refused");
    for _ in 0..3 {
        assert_eq!(
            bench
                .post_to_warehouse("releases/J-1/cancel", "", &Json::Null)
                .await
                .status,
            409
        );
    }
}

#[tokio::test]
async fn a_system_is_down_until_told_and_can_be_told_while_down() {
    let bench = Bench::start().await;
    for (down, status) in [("unavailable", 503), ("hang-up", 0), ("refuse", 0), ("up", 200)] {
        bench.control("erp", "down", &json!({"down": down})).await;
        assert_eq!(seen(&bench, "r").await.0, status, "{down}");
    }
    assert!(bench.world.take_down("erp", Down::Refuse));
    eventually("connecting is refused", || async {
        let refused = bench
            .try_rpc("model.res.user.get_preferences", json!([true]))
            .await;
        refused.is_err_and(|error| error.is_connect()).then_some(())
    })
    .await;
    bench.world.heal();
    eventually("it is back on its port", || async {
        (seen(&bench, "r").await.0 == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_same_seed_strikes_the_same_requests() {
    let statuses = async |seed: u64| {
        let faults: BTreeMap<String, Vec<Rule>> = [(
            "erp".to_owned(),
            vec![Rule::always(Fault::Unavailable).with_probability(0.3)],
        )]
        .into();
        let bench = Bench::with(Options {
            seed,
            faults,
            ..Options::default()
        })
        .await;
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(seen(&bench, "r").await.0);
        }
        statuses
    };
    let first = statuses(11).await;
    assert_eq!(first, statuses(11).await);
    assert_ne!(first, statuses(12).await);
    assert!(first.contains(&503) && first.contains(&200));
}
