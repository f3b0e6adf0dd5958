//! A shop that is not what it was: its ingest stops, durably, and only a person lets it go on.

use serde_json::{Value, json};

use crate::house::{House, Plan, cash_order, eventually, text};

fn plan() -> Plan {
    Plan {
        rest: "sweep_every = \"1d\"\ncompare_every = \"30d\"",
        ..Plan::default()
    }
}

fn body(order: &Value) -> Vec<u8> {
    serde_json::to_vec(order).unwrap()
}

#[tokio::test]
async fn a_staging_copy_stops_the_shop_over_a_restart_until_a_person_resumes_it() {
    let house = House::new(&plan()).await;
    let running = house.serve().await;
    let (one, two) = (cash_order(10, 10), cash_order(11, 11));
    assert_eq!(
        house
            .deliver_from("https://staging.example/", "order.created", &body(&one))
            .await,
        200
    );
    let incident = running.incident("wrong-source").await;
    assert!(
        text(&incident, "text").contains("staging.example"),
        "{incident:#}"
    );
    running.stop().await;

    let running = house.serve().await;
    house.seed(&two).await;
    assert_eq!(
        house.deliver("order.created", &body(&two)).await,
        200,
        "kept, and answered like any other"
    );
    let ready = house.ready().await;
    assert_eq!(ready["ready"], true);
    assert!(
        ready["details"]
            .to_string()
            .contains("demo: its ingest stands still"),
        "{ready:#}"
    );
    let status = running.client.status().await.unwrap();
    assert_eq!(status["shops_stopped"], json!(["demo"]));
    assert_eq!(status["deliveries_pending"], 2);
    assert_eq!(
        running.order("demo:11").await,
        None,
        "nothing of a stopped shop is believed"
    );

    let resumed = running
        .client
        .brake("/shops/demo/resume", "the copy is gone")
        .await
        .unwrap();
    assert_eq!(resumed["was"]["cause"], "wrong-source");
    running
        .order_where("demo:11", "the order that waited", |_| true)
        .await;
    running.quiet().await;
    assert_eq!(
        running.order("demo:10").await,
        None,
        "what the copy sent is set aside"
    );
    running.incident("set-aside").await;
    let shop = running.shop().await;
    assert_eq!(
        (
            &shop["ingest"],
            crate::house::found(&shop, "incidents", "wrong-source")
        ),
        (&json!("on"), None)
    );

    // It goes on sending: kept, not followed, and no second stop.
    assert_eq!(
        house
            .deliver_from("https://staging.example/", "order.updated", &body(&two))
            .await,
        200
    );
    running.quiet().await;
    assert_eq!(running.shop().await["ingest"], "on");
    assert!(running.incident("set-aside").await["count"].as_u64() > Some(1));
    running.stop().await;
}

#[tokio::test]
async fn an_id_with_another_key_stops_the_shop_and_is_set_aside() {
    let house = House::new(&plan()).await;
    let running = house.serve().await;
    let order = cash_order(20, 20);
    house.seed(&order).await;
    house.deliver("order.created", &body(&order)).await;
    running.order_where("demo:20", "the order", |_| true).await;
    running.quiet().await;
    let mut other = cash_order(20, 21);
    other["order_key"] = json!("wc_order_of_another");
    other["date_modified_gmt"] = json!("2099-01-01T00:00:00");
    house.seed(&other).await;
    let next = cash_order(22, 22);
    house.seed(&next).await;
    house.deliver("order.updated", &body(&other)).await;
    let incident = running.incident("other-order").await;
    assert_eq!(incident["about"], json!(["demo:20"]));
    house.deliver("order.created", &body(&next)).await;
    running
        .client
        .brake("/shops/demo/resume", "the shop was restored")
        .await
        .unwrap();
    running.order_where("demo:22", "the next order", |_| true).await;
    running.quiet().await;
    let facts = running.order("demo:20").await.unwrap()["facts"].to_string();
    assert!(
        facts.contains("order.placed#20") && !facts.contains("order.edited"),
        "{facts}"
    );
    assert_eq!(running.shop().await["ingest"], "on");
    running.stop().await;
}

#[tokio::test]
async fn a_paused_shop_waits_and_is_taken_up_where_it_stood() {
    let house = House::new(&Plan {
        rest: "sweep_every = \"5s\"",
        ..Plan::default()
    })
    .await;
    let running = house.serve().await;
    let refused = running.client.brake("/shops/demo/pause", " ").await.unwrap_err();
    assert!(refused.to_string().contains("command/no-reason"), "{refused}");
    let refused = running.client.brake("/shops/dem/pause", "why").await.unwrap_err();
    assert!(refused.to_string().contains("there are demo"), "{refused}");
    running
        .client
        .brake("/shops/demo/pause", "stock-taking")
        .await
        .unwrap();
    let order = cash_order(30, 30);
    house.seed(&order).await;
    house.deliver("order.created", &body(&order)).await;
    // One that no delivery tells of: the sweep reads it.
    let silent = cash_order(31, 31);
    house.seed(&silent).await;
    eventually("the delivery waits", || async {
        let status = running.client.status().await.ok()?;
        (status.get("deliveries_pending")?.as_u64()? == 1).then_some(())
    })
    .await;
    let details = house.ready().await["details"].to_string();
    assert!(details.contains("ingest-paused"), "{details}");
    assert_eq!(running.order("demo:30").await, None);
    running
        .client
        .brake("/shops/demo/resume", "counted")
        .await
        .unwrap();
    eventually("the order", || running.order("demo:30")).await;
    eventually("the one nobody told of", || running.order("demo:31")).await;
    running.stop().await;
}
