//! Goods that leave in parts, or not at all.

use amends_connectors::sandbox::Payment;
use serde_json::{Value, json};

use crate::house::{House, Plan, Running, cash_order, completed, eventually, found, made, rows, text};

/// A shop whose warehouse ships when it is told.
async fn house(shop: &'static str) -> House {
    let house = House::new(&Plan {
        shop,
        rest: "sweep_every = \"1d\"",
        ..Plan::default()
    })
    .await;
    let mode = json!("on-command");
    house
        .control(reqwest::Method::POST, "/warehouse/_control/mode", &mode)
        .await;
    house
}

async fn released(running: &Running, root: &str) {
    running
        .order_where(root, "the release", |order| {
            rows(order, "waits")
                .iter()
                .any(|wait| wait["place"] == "first-parcel")
        })
        .await;
}

async fn ship(house: &House, root: &str, lines: &[Value]) {
    let body = json!({"order_key": root, "lines": lines});
    let shipped = house
        .control(reqwest::Method::POST, "/warehouse/_control/dispatch", &body)
        .await;
    assert_eq!(rows(&shipped, "parcels").len(), 1, "{shipped}");
}

fn unit(line: &Value, quantity: &Value) -> Value {
    json!({"sku": line["sku"], "quantity": quantity})
}

#[tokio::test]
async fn an_order_completes_without_the_units_that_were_cancelled() {
    let house = house("").await;
    let running = house.serve().await;
    let mut order = cash_order(400, 400);
    order["line_items"][0]["quantity"] = json!(3);
    let lines = order["line_items"].as_array().unwrap();
    let mut shipped: Vec<Value> = lines.iter().map(|line| unit(line, &line["quantity"])).collect();
    shipped[0]["quantity"] = json!(1);
    let cancelled = json!([unit(&lines[0], &json!(2))]);
    let root = house.place(&order).await;
    released(&running, &root).await;
    ship(&house, &root, &shipped).await;
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

/// What the provider took of the intent so far.
async fn received(house: &House, intent: &str) -> i64 {
    let url = format!(
        "http://{}/v1/payment_intents/{intent}",
        house.world.addresses().payments
    );
    let answer = reqwest::Client::new()
        .get(url)
        .bearer_auth("sk_sandbox")
        .send()
        .await;
    let intent: Value = answer.unwrap().json().await.unwrap();
    intent["amount_received"].as_i64().unwrap()
}

async fn authorised(house: &House, running: &Running, id: i64) -> (String, String, i64, Value) {
    let mut made = made(id, id.unsigned_abs(), Payment::StripeManual);
    made.order["line_items"][0]["quantity"] = json!(3);
    let intents = json!([made.intent]);
    house
        .control(reqwest::Method::POST, "/payments/_control/intents", &intents)
        .await;
    let root = house.place(&made.order).await;
    released(running, &root).await;
    let intent = made.intent.unwrap();
    (root, intent.id.unwrap(), intent.amount, made.order)
}

#[tokio::test]
async fn each_parcel_takes_its_share_where_the_provider_takes_several_captures() {
    let house = house("several_captures = true").await;
    let running = house.serve().await;
    let (root, intent, total, order) = authorised(&house, &running, 410).await;
    let lines = order["line_items"].as_array().unwrap();
    ship(&house, &root, &[unit(&lines[0], &json!(1))]).await;
    let cents = |text: &Value| {
        let digits: String = text
            .as_str()
            .unwrap()
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        digits.parse::<i64>().unwrap()
    };
    let gross = cents(&lines[0]["total"]) + cents(&lines[0]["total_tax"]);
    let first = eventually("the first share", || async {
        let taken = received(&house, &intent).await;
        (taken > 0).then_some(taken)
    })
    .await;
    assert!(
        (gross / 3 - 1..=gross / 3).contains(&first),
        "{first} of {gross} in three"
    );
    let mut rest: Vec<Value> = lines.iter().map(|line| unit(line, &line["quantity"])).collect();
    rest[0]["quantity"] = json!(2);
    ship(&house, &root, &rest).await;
    let order = running.order_where(&root, "the end", completed).await;
    assert_eq!(received(&house, &intent).await, total);
    assert_eq!(rows(&order, "obligations"), [] as [Value; 0], "{order:#}");
    let places: Vec<&str> = rows(&rows(&order, "instances")[0], "steps")
        .iter()
        .map(|step| text(step, "place"))
        .filter(|place| place.starts_with("capture"))
        .collect();
    assert_eq!(
        places,
        [
            "capture",
            "capture-parcels/P-1",
            "capture-parcels/P-2",
            "capture-rest"
        ]
    );
    running.stop().await;
}

#[tokio::test]
async fn the_first_parcel_takes_everything_where_one_capture_is_all() {
    let house = house("").await;
    let running = house.serve().await;
    let (root, intent, total, order) = authorised(&house, &running, 420).await;
    ship(&house, &root, &[unit(&order["line_items"][0], &json!(1))]).await;
    eventually("the whole amount", || async {
        (received(&house, &intent).await == total).then_some(())
    })
    .await;
    running.stop().await;
}
