//! After an outage: two hundred orders are retried at once, and the server is killed while it does so.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::House;

const ORDERS: u64 = 210;

fn retry(dry_run: bool) -> Value {
    json!({
        "filter": { "state": "stuck" },
        "each": { "command": "retry", "reason": "the ERP takes orders again" },
        "dry_run": dry_run,
    })
}

fn sum(report: &Value) -> u64 {
    let of = |name: &str| report[name].as_u64().unwrap();
    of("done") + of("refused") + of("stale") + of("skipped") + of("left")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_outlives_kills_and_gives_each_order_its_command_once() {
    let mut house = House::new("").await.with_stuck(ORDERS).await;

    let dry = house.post("support", "/bulk", &retry(true)).await;
    assert_eq!(dry.json["job"]["preview"]["would_do"], ORDERS, "{dry:?}");
    assert_eq!(
        house.get("/bulk").await["jobs"],
        json!([]),
        "a dry run is not kept"
    );

    let wanted = retry(false);
    let first = house
        .keyed("support", Method::POST, "/bulk", Some(&wanted), Some("k-1"))
        .await;
    let again = house
        .keyed("support", Method::POST, "/bulk", Some(&wanted), Some("k-1"))
        .await;
    assert!(!first.replayed && again.replayed);
    assert_eq!(first.json, again.json, "one key, one job");
    let job = &first.json["job"];
    assert_eq!(job["preview"]["would_do"], ORDERS);
    assert_eq!(job["stage"], "previewed");
    let id = job["id"].as_str().unwrap().to_owned();

    let planned = house.items(&id).await;
    let moved = planned.keys().next_back().unwrap().clone();
    let hold = json!({ "command": "hold", "reason": "not this one" });
    let answer = house
        .post("support", &format!("/orders/{moved}/commands"), &hold)
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");

    let path = format!("/bulk/{id}");
    let why = json!({ "reason": "looked at it" });
    let confirmed = house.post("support", &format!("{path}/confirm"), &why).await;
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    let mut kills = 0;
    for done in [40, 120] {
        let seen = house.until(&path, "some are done", |seen| {
            seen["job"]["report"]["done"].as_u64() >= Some(done)
        });
        let seen = seen.await;
        if seen["job"]["stage"] == "running" {
            house.kill();
            kills += 1;
        }
    }
    assert!(kills > 0, "the job was over before it could be disturbed");
    let ended = house.until(&path, "the job ends", |seen| seen["job"]["stage"] == "ended");
    let ended = ended.await;
    let report = &ended["job"]["report"];
    assert_eq!(report["done"], ORDERS - 1, "{report:#}");
    assert_eq!(report["stale"], 1, "{report:#}");
    assert_eq!(sum(report), ORDERS, "{report:#}");
    let again = house.post("support", &format!("{path}/confirm"), &why).await;
    assert_eq!(again.json["report"], *report, "a job runs once");

    let items = house.items(&id).await;
    let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();
    for item in items.values() {
        *outcomes.entry(item["outcome"].as_str().unwrap()).or_default() += 1;
    }
    assert_eq!(outcomes, BTreeMap::from([("done", ORDERS - 1), ("stale", 1)]));
    assert_eq!(items[&moved]["outcome"], "stale");
    assert_eq!(
        items.keys().collect::<Vec<_>>(),
        planned.keys().collect::<Vec<_>>()
    );

    for order in items.keys() {
        let history = house.get(&format!("/orders/{order}/history?limit=500")).await;
        let events = history["history"].as_array().unwrap().iter();
        let given = events.filter(|entry| entry["event"]["Commanded"]["command"] == "retry");
        assert_eq!(given.count(), usize::from(*order != moved), "{order}");
    }
    house
        .until("/status", "the orders go on", |status| {
            status["orders"]["moving"] == 0 && status["orders"]["stuck"].as_u64() <= Some(1)
        })
        .await;
    let sales = house.witnessed("sale.sale.create");
    assert_eq!(
        sales.len() as u64,
        ORDERS - 1,
        "a sales order for every order but one"
    );
    assert!(sales.values().all(|times| *times == 1), "{sales:?}");

    let audit = house.audit().await;
    let mut lines: BTreeMap<&str, u64> = BTreeMap::new();
    for [actor, action, subject, detail] in &audit {
        if action == "retry" {
            assert_eq!(actor, "support");
            assert!(detail.contains(&id), "{detail}");
            *lines.entry(subject).or_default() += 1;
        }
    }
    assert_eq!(lines.len() as u64, ORDERS - 1, "a line for every order");
    assert!(lines.values().all(|times| *times == 1), "{lines:?}");
    let told = audit.iter().filter(|[_, _, subject, _]| subject.contains(&id));
    let told: Vec<&str> = told.map(|[_, action, ..]| action.as_str()).collect();
    assert_eq!(told, ["previewed", "confirmed", "ended"]);
}
