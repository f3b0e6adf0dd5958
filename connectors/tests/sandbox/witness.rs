//! The witness over HTTP, as another process sees it.

use serde_json::{Value as Json, json};

use crate::bench::Bench;

#[tokio::test]
async fn effects_and_summary_are_served_and_rows_can_be_dropped_on_purpose() {
    let bench = Bench::start().await;
    let url = bench.witness.url();
    let drop = json!({"every": 2});
    bench
        .client
        .post(format!("{url}/_control/drop"))
        .json(&drop)
        .send()
        .await
        .unwrap();
    for nth in 0..4 {
        bench
            .rpc(
                "model.party.party.create",
                json!([[{"name": "Ana", "code": format!("r{nth}")}]]),
            )
            .await;
    }
    let effects: Json = bench
        .client
        .get(format!("{url}/effects"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let keys: Vec<&str> = effects
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["key"].as_str().unwrap())
        .collect();
    assert_eq!(keys, ["r0", "r2"]);
    let summary: Json = bench
        .client
        .get(format!("{url}/summary"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(summary["totals"]["erp/party.party.create"]["times"], 2);
    assert_eq!(summary["repeated"], json!([]));
}

#[tokio::test]
async fn counters_tell_requests_faults_and_peak() {
    let bench = Bench::start().await;
    bench
        .control("erp", "latency", &json!({"min_ms": 100, "max_ms": 100}))
        .await;
    let call = || bench.rpc("model.res.user.get_preferences", json!([true]));
    tokio::join!(call(), call(), call());
    let url = format!("{}/_control/counters", bench.url("erp"));
    let counts: Json = bench.client.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(counts["requests"]["res.user.get_preferences"], 3);
    assert_eq!(counts["answers"]["200"], 3);
    assert_eq!(counts["peak_concurrency"], 3);
}
