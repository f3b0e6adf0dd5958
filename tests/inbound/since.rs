//! From when on a shop's orders are looked at without being told.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::house::{House, Plan, Running, cash_order, eventually};

fn plan() -> Plan {
    Plan {
        newly_met: true,
        rest: "sweep_every = \"5s\"\ncompare_every = \"1s\"\ncompare_window = \"3650d\"",
        ..Plan::default()
    }
}

/// An order of the shop's history.
fn old_order(id: i64) -> Value {
    let mut order = cash_order(id, id.unsigned_abs());
    for date in ["date_created_gmt", "date_modified_gmt"] {
        order[date] = json!("2024-05-01T10:00:00");
    }
    order
}

async fn compared(running: &Running) {
    eventually("a sweep and a full compare of what is new", || async {
        let shop = running.shop().await;
        (shop["last_compare"]["orders"].as_u64()? > 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_newly_connected_shop_does_not_ship_its_history() {
    let house = House::new(&plan()).await;
    for id in [70, 71] {
        house.seed(&old_order(id)).await;
    }
    house.seed(&cash_order(72, 72)).await;
    for _ in ["first", "again"] {
        let running = house.serve().await;
        running.order_where("demo:72", "the new order", |_| true).await;
        compared(&running).await;
        for old in ["demo:70", "demo:71"] {
            assert!(
                running.order(old).await.is_none(),
                "{old} was placed before the shop was connected"
            );
        }
        running.stop().await;
    }

    let running = house.serve().await;
    let named = serde_json::to_vec(&old_order(70)).unwrap();
    assert_eq!(house.deliver("order.updated", &named).await, 200);
    running
        .order_where("demo:70", "the old order that a delivery names", |_| true)
        .await;
    assert!(running.order("demo:71").await.is_none());
    running.stop().await;
}

#[tokio::test]
async fn set_back_the_older_orders_are_read_and_set_forward_none_is_lost() {
    let house = House::new(&plan()).await;
    house.seed(&old_order(80)).await;
    house.seed(&cash_order(81, 81)).await;
    let running = house.serve().await;
    running.order_where("demo:81", "the new order", |_| true).await;
    compared(&running).await;
    assert!(running.order("demo:80").await.is_none());
    running.stop().await;

    let since = |text: &str| text.parse::<DateTime<Utc>>().ok();
    let back = since("2024-01-01T00:00:00Z");
    let running = house
        .serve_changed(|config| {
            let shop = config.shops.get_mut("demo").unwrap();
            shop.rest.as_mut().unwrap().orders_since = back;
        })
        .await;
    running.order_where("demo:80", "the older order", |_| true).await;
    running.stop().await;

    // Without the setting again the store still knows how far it has read.
    house.seed(&cash_order(82, 82)).await;
    let running = house.serve().await;
    running.order_where("demo:82", "the newest order", |_| true).await;
    running.stop().await;
}
