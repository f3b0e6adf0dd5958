//! Amounts that cannot be charged: held, or rounded by the shop's policy, through the whole path.

use serde_json::{Value, json};

use crate::house::{House, Plan, cash_order, rows, text};

/// Yen with decimals, as a shop whose precision was never set sends them: 4553.75.
fn yen(id: i64) -> Value {
    let mut order = cash_order(id, 27);
    order["currency"] = json!("JPY");
    order["total"] = json!("4553.75");
    order["cart_tax"] = json!("303.75");
    order["total_tax"] = json!("303.75");
    order["shipping_total"] = json!("0.00");
    order["shipping_tax"] = json!("0.00");
    order["shipping_lines"] = json!([]);
    order["fee_lines"] = json!([]);
    order["coupon_lines"] = json!([]);
    order["discount_total"] = json!("0.00");
    order["tax_lines"] = json!([]);
    let mut line = order["line_items"][0].clone();
    line["quantity"] = json!(1);
    line["subtotal"] = json!("4250.00");
    line["total"] = json!("4250.00");
    line["total_tax"] = json!("303.75");
    line["taxes"] = json!([]);
    order["line_items"] = json!([line]);
    order
}

async fn placed(shop: &'static str) -> (House, crate::house::Running) {
    let house = House::new(&Plan {
        shop,
        rest: "sweep_every = \"1d\"",
        ..Plan::default()
    })
    .await;
    let running = house.serve().await;
    let order = yen(27);
    house.seed(&order).await;
    assert_eq!(
        house
            .deliver("order.created", &serde_json::to_vec(&order).unwrap())
            .await,
        200
    );
    (house, running)
}

#[tokio::test]
async fn yen_with_decimals_are_held_for_review() {
    let (_house, running) = placed("rounding = \"hold\"").await;
    let order = running
        .order_where("demo:27", "an incident", |order| {
            !rows(order, "incidents").is_empty()
        })
        .await;
    assert!(order.to_string().contains("currency-precision"), "{order:#}");
    running.stop().await;
}

#[tokio::test]
async fn yen_with_decimals_are_rounded_by_policy_and_the_difference_is_posted() {
    let (_house, running) = placed("rounding = \"half-even\"").await;
    let order = running
        .order_where("demo:27", "a request to the ERP", |order| {
            order.to_string().contains("sales-order")
        })
        .await;
    assert!(!order.to_string().contains("currency-precision"), "{order:#}");
    let agreed = rows(&order, "ledger")
        .iter()
        .find(|line| text(line, "account").to_lowercase().contains("agreed"))
        .cloned()
        .unwrap();
    assert_eq!(agreed["landed"], 4554, "{order:#}");
    running.stop().await;
}
