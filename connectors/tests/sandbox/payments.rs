//! The payment provider: minor units, one capture, idempotency keys.

use amends_connectors::sandbox::{Latency, Options};
use serde_json::{Value as Json, json};

use crate::bench::{Answer, Bench};

async fn authorised(bench: &Bench, amount: &str) -> String {
    let form = [
        ("amount", amount),
        ("currency", "usd"),
        ("payment_method", "pm_card_visa"),
        ("capture_method", "manual"),
        ("confirm", "true"),
        ("metadata[order_key]", "eu-shop:16"),
    ];
    let made = bench.pay("payment_intents", "", &form).await;
    assert_eq!(
        (made.status, &made.body["status"]),
        (200, &json!("requires_capture")),
        "{made:?}"
    );
    made.body["id"].as_str().unwrap().to_owned()
}

fn code(answer: &Answer) -> (u16, &str) {
    (
        answer.status,
        answer.body["error"]["code"].as_str().unwrap_or_default(),
    )
}

#[tokio::test]
async fn a_capture_takes_once_and_releases_the_rest() {
    let bench = Bench::start().await;
    let id = authorised(&bench, "9189").await;
    let capture = format!("payment_intents/{id}/capture");
    let over = bench.pay(&capture, "", &[("amount_to_capture", "9190")]).await;
    assert_eq!(code(&over), (400, "amount_too_large"));
    let taken = bench.pay(&capture, "", &[("amount_to_capture", "5000")]).await;
    assert_eq!((taken.status, &taken.body["status"]), (200, &json!("succeeded")));
    assert_eq!(
        (&taken.body["amount_received"], &taken.body["amount_capturable"]),
        (&json!(5000), &json!(0))
    );
    let again = bench.pay(&capture, "", &[]).await;
    assert_eq!(code(&again), (400, "payment_intent_unexpected_state"));
    let voided = bench.pay(&format!("payment_intents/{id}/cancel"), "", &[]).await;
    assert_eq!(code(&voided), (400, "payment_intent_unexpected_state"));
    assert_eq!(bench.witnessed("payment_intents.capture"), 1);
}

#[tokio::test]
async fn refunds_never_exceed_what_was_received() {
    let bench = Bench::start().await;
    let id = authorised(&bench, "9189").await;
    bench.pay(&format!("payment_intents/{id}/capture"), "", &[]).await;
    let refund = async |amount: &str| {
        bench
            .pay("refunds", "", &[("payment_intent", &id), ("amount", amount)])
            .await
    };
    assert_eq!(refund("2412").await.body["status"], "succeeded");
    assert_eq!(code(&refund("6778").await), (400, "amount_too_large"));
    assert_eq!(refund("6777").await.status, 200);
    assert_eq!(code(&refund("1").await), (400, "charge_already_refunded"));
    let listed = bench
        .look_at_payments(&format!("refunds?payment_intent={id}"))
        .await;
    assert_eq!(listed.body["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_key_replays_its_answer_and_takes_no_other_parameters() {
    let bench = Bench::start().await;
    let id = authorised(&bench, "9189").await;
    let capture = format!("payment_intents/{id}/capture");
    let first = bench.pay(&capture, "k1", &[("amount_to_capture", "100")]).await;
    let second = bench.pay(&capture, "k1", &[("amount_to_capture", "100")]).await;
    assert_eq!((first.status, &first.body), (second.status, &second.body));
    assert_eq!((first.replayed, second.replayed), (false, true));
    let other = bench.pay(&capture, "k1", &[("amount_to_capture", "200")]).await;
    assert_eq!(
        (other.status, &other.body["error"]["type"]),
        (400, &json!("idempotency_error"))
    );
    let captures: Vec<_> = bench
        .witness
        .effects()
        .into_iter()
        .filter(|e| e.operation.ends_with("capture"))
        .collect();
    assert_eq!(captures.len(), 1);
    assert_eq!(
        (captures[0].key.as_str(), captures[0].order_key.as_deref()),
        ("k1", Some("eu-shop:16"))
    );
}

#[tokio::test]
async fn a_key_in_use_is_a_conflict() {
    let latency = Latency {
        min_ms: 300,
        max_ms: 300,
    };
    let bench = Bench::with(Options {
        latency,
        ..Options::default()
    })
    .await;
    let id = authorised(&bench, "9189").await;
    let capture = format!("payment_intents/{id}/capture");
    let (one, two) = tokio::join!(bench.pay(&capture, "k1", &[]), bench.pay(&capture, "k1", &[]));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let told_off = if one.status == 409 { one } else { two };
    assert_eq!(code(&told_off), (409, "idempotency_key_in_use"));
}

#[tokio::test]
async fn a_request_that_was_not_understood_frees_its_key() {
    let bench = Bench::start().await;
    let wrong = bench.pay("payment_intents", "k1", &[("currency", "usd")]).await;
    assert_eq!(code(&wrong), (400, "parameter_invalid"));
    let right = bench
        .pay("payment_intents", "k1", &[("currency", "usd"), ("amount", "5")])
        .await;
    assert_eq!(right.status, 200);
}

#[tokio::test]
async fn a_decline_is_402_and_is_replayed() {
    let bench = Bench::start().await;
    let form = [
        ("amount", "5"),
        ("currency", "usd"),
        ("payment_method", "pm_card_chargeDeclined"),
        ("confirm", "true"),
    ];
    let first = bench.pay("payment_intents", "k1", &form).await;
    assert_eq!(code(&first), (402, "card_declined"));
    assert!(bench.pay("payment_intents", "k1", &form).await.replayed);
}

#[tokio::test]
async fn intents_of_a_checkout_can_be_seeded_and_found() {
    let bench = Bench::start().await;
    let seeds = json!([
        {"id": "pi_a", "amount": 9189, "currency": "USD", "captured": true, "metadata": {"order_id": "16"}},
        {"id": "pi_b", "amount": 500, "currency": "USD", "captured": false, "metadata": {"order_id": "17"}},
    ]);
    bench.control("payments", "intents", &seeds).await;
    let taken = bench.look_at_payments("payment_intents/pi_a").await;
    assert_eq!(
        (&taken.body["status"], &taken.body["amount_received"]),
        (&json!("succeeded"), &json!(9189))
    );
    let found = bench
        .look_at_payments("payment_intents/search?query=metadata['order_id']:'17'")
        .await;
    assert_eq!(found.body["data"][0]["id"], "pi_b");
    let held = bench
        .look_at_payments("payment_intents/pi_b?expand[]=latest_charge")
        .await;
    let card = &held.body["latest_charge"]["payment_method_details"]["card"];
    assert!(card["capture_before"].as_i64().unwrap() > held.body["created"].as_i64().unwrap());
    assert_eq!(bench.look_at_payments("payment_intents/pi_c").await.status, 404);
    assert_eq!(
        bench.witness.effects(),
        [],
        "what the shop did is no effect of ours"
    );
}

#[tokio::test]
async fn a_wrong_key_is_refused() {
    let bench = Bench::start().await;
    let url = format!("{}/v1/balance", bench.url("payments"));
    let reply = bench
        .client
        .get(&url)
        .bearer_auth("sk_wrong")
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 401);
    let reply: Json = bench
        .client
        .get(&url)
        .bearer_auth("sk_sandbox")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(reply["object"], "balance");
}
