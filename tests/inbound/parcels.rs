//! Goods that leave in parts, or not at all.

use serde_json::{Value, json};

use crate::house::{House, Plan, cash_order, completed, found, rows};

#[tokio::test]
async fn an_order_completes_without_the_units_that_were_cancelled() {
    let house = House::new(&Plan {
        rest: "sweep_every = \"1d\"",
        ..Plan::default()
    })
    .await;
    let post = reqwest::Method::POST;
    house
        .control(post.clone(), "/warehouse/_control/mode", &json!("on-command"))
        .await;
    let running = house.serve().await;
    let mut order = cash_order(400, 400);
    order["line_items"][0]["quantity"] = json!(3);
    let lines = order["line_items"].as_array().unwrap();
    let unit = |line: &Value, quantity: &Value| json!({"sku": line["sku"], "quantity": quantity});
    let mut shipped: Vec<Value> = lines.iter().map(|line| unit(line, &line["quantity"])).collect();
    shipped[0]["quantity"] = json!(1);
    let cancelled = json!([unit(&lines[0], &json!(2))]);
    let root = house.place(&order).await;
    running
        .order_where(&root, "the release", |order| {
            rows(order, "waits_for")
                .iter()
                .any(|wait| wait["place"] == "first-parcel")
        })
        .await;
    let body = json!({"order_key": root, "lines": shipped});
    house.control(post, "/warehouse/_control/dispatch", &body).await;
    let cancel = json!({
        "command": "signal", "reason": "the warehouse could not find two", "fact": "parcel.cancelled", "id": "short-1",
        "payload": { "lines": cancelled },
    });
    running.command(&root, cancel).await;
    let held = running
        .order_where(&root, "the cancellation", |order| {
            found(order, "incidents", "parcel-cancelled").is_some()
        })
        .await;
    assert!(!rows(&held, "instances")[0]["held"].is_null(), "{held:#}");
    let resume = json!({"command": "resume", "reason": "the buyer agrees"});
    running.command(&root, resume).await;
    let order = running.order_where(&root, "the end", completed).await;
    let cancelled: Vec<i64> = rows(&order, "ledger")
        .iter()
        .filter(|line| line["account"] == "cancelled units")
        .filter_map(|line| line["landed"].as_i64())
        .collect();
    assert_eq!(cancelled, [2], "{order:#}");
    let owed = rows(&order, "obligations");
    let units: Vec<&Value> = owed.iter().filter(|owed| owed["currency"].is_null()).collect();
    assert_eq!(units.len(), 1, "only what stays reserved: {order:#}");
    running.stop().await;
}
