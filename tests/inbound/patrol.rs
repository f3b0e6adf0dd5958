//! Looking at the shop without being told: changes that announce nothing, and webhooks that stopped.

use serde_json::{Value, json};

use crate::house::{House, Plan, Running, cash_order, eventually, found, rows, text};

async fn known(house: &House, running: &Running, order: &Value) {
    house.seed(order).await;
    let body = serde_json::to_vec(order).unwrap();
    assert_eq!(house.deliver("order.created", &body).await, 200);
    let root = format!("demo:{}", order["id"]);
    running.order_where(&root, "the order", |_| true).await;
}

#[tokio::test]
async fn the_full_compare_finds_what_nothing_announces() {
    // No sweep would find these: their dates stay.
    let house = House::new(&Plan {
        rest: "sweep_every = \"1d\"\ncompare_every = \"1s\"\ncompare_rate = 6000",
        ..Plan::default()
    })
    .await;
    let running = house.serve().await;
    for id in [40, 41, 42] {
        known(&house, &running, &cash_order(id, id.unsigned_abs())).await;
    }
    let post = reqwest::Method::POST;
    let refund = house
        .control(
            post,
            "/demo/_control/orders/40/refunds",
            &json!({"amount": "1.00"}),
        )
        .await;
    running
        .order_where("demo:40", "the refund", |order| {
            found(order, "incidents", "refund-recorded").is_some()
        })
        .await;

    let path = format!("/demo/_control/orders/40/refunds/{}", refund["id"]);
    house.control(reqwest::Method::DELETE, &path, &Value::Null).await;
    running
        .order_where("demo:40", "the deleted refund", |order| {
            found(order, "incidents", "refund-vanished").is_some()
        })
        .await;

    let mut edited = house
        .control(reqwest::Method::GET, "/demo/_control/orders", &Value::Null)
        .await["orders"]["41"]
        .clone();
    edited["line_items"][0]["sku"] = json!("ANOTHER-1");
    house.seed(&edited).await;
    running
        .order_where("demo:41", "the saved item", |order| {
            found(order, "incidents", "order-edited").is_some()
        })
        .await;

    house
        .control(reqwest::Method::DELETE, "/demo/_control/orders/42", &Value::Null)
        .await;
    running
        .order_where("demo:42", "the deleted order", |order| {
            found(order, "incidents", "order-vanished").is_some()
        })
        .await;
    let shop = running.shop().await;
    assert!(shop["last_compare"]["orders"].as_u64() >= Some(2), "{shop:#}");
    running.stop().await;
}

#[tokio::test]
async fn the_full_compare_goes_on_after_a_restart() {
    let house = House::new(&Plan {
        rest: "sweep_every = \"1d\"\ncompare_every = \"1s\"\ncompare_window = \"3650d\"\ncompare_rate = 240",
        ..Plan::default()
    })
    .await;
    let orders: Vec<Value> = (500..750).map(|id| cash_order(id, id.unsigned_abs())).collect();
    for (at, order) in orders.iter().enumerate() {
        let mut order = order.clone();
        order["date_modified_gmt"] = json!(format!("2026-01-01T00:{:02}:{:02}", at / 60, at % 60));
        order["status"] = json!("checkout-draft");
        house.seed(&order).await;
    }
    let running = house.serve().await;
    let begun = eventually("a page of the compare", || async {
        let run = running.shop().await["compare"].clone();
        (run["orders"].as_u64() >= Some(100)).then(|| run["begun"].clone())
    })
    .await;
    running.stop().await;
    let running = house.serve().await;
    let finished = eventually("the end of the same compare", || async {
        let shop = running.shop().await;
        let run = shop.get("last_compare").filter(|run| run["begun"] == begun)?;
        run["orders"].as_u64()
    })
    .await;
    assert!(
        (250..400).contains(&finished),
        "each page once, the one under way perhaps twice: {finished}"
    );
    running.stop().await;
}

#[tokio::test]
async fn a_shop_that_stops_delivering_is_noticed_and_cleared() {
    let house = House::new(&Plan {
        rest: "sweep_every = \"5s\"\nsilent_after = \"1s\"",
        ..Plan::default()
    })
    .await;
    let running = house.serve().await;
    house.seed(&cash_order(60, 60)).await;
    let incident = running.incident("shop-silent").await;
    for words in ["cron", "disabled", "Active again"] {
        assert!(text(&incident, "text").contains(words), "{incident:#}");
    }
    let shop = running.shop().await;
    let gaps: Vec<&str> = rows(&shop, "gaps").iter().map(|gap| text(gap, "order")).collect();
    assert_eq!(gaps, ["demo:60"], "{shop:#}");
    assert_eq!(shop["gaps_total"], 1);
    running.stop().await;

    let running = house.serve().await;
    assert!(
        found(&running.shop().await, "incidents", "shop-silent").is_some(),
        "it survives a restart"
    );
    let order = cash_order(61, 61);
    house.seed(&order).await;
    house
        .deliver("order.created", &serde_json::to_vec(&order).unwrap())
        .await;
    eventually("the incident closed", || async {
        found(&running.shop().await, "incidents", "shop-silent")
            .is_none()
            .then_some(())
    })
    .await;
    running.stop().await;
}

#[tokio::test]
async fn a_shop_is_asked_for_no_more_orders_at_once_than_configured() {
    let asked = |house: &House| house.world.counts()["demo"].requests["orders.list"];
    let mut questions = Vec::new();
    for rest in ["sweep_every = \"1d\"", "sweep_every = \"1d\"\npage = 2"] {
        let house = House::new(&Plan {
            rest,
            ..Plan::default()
        })
        .await;
        for id in 90..96_i64 {
            let mut order = cash_order(id, id.unsigned_abs());
            order["date_modified_gmt"] = json!(format!("2026-01-01T00:00:{id}").replace(":9", ":0"));
            house.seed(&order).await;
        }
        let running = house.serve().await;
        for id in 90..96 {
            running
                .order_where(&format!("demo:{id}"), "the order", |_| true)
                .await;
        }
        eventually("the end of the sweep", || async {
            running.shop().await["last_sweep"].is_string().then_some(())
        })
        .await;
        questions.push(asked(&house));
        running.stop().await;
    }
    assert!(
        questions[0] == 2 && questions[1] >= 4,
        "one page of each shelf, or pages of two: {questions:?}"
    );
}
