//! What can never be understood, or was never seen, is not silence.

use crate::house::{House, Plan, cash_order, eventually, found, rows, text};

fn plan() -> Plan {
    Plan {
        rest: "sweep_every = \"1d\"",
        ..Plan::default()
    }
}

#[tokio::test]
async fn a_delivery_that_can_never_be_understood_is_an_incident_with_its_cause() {
    let house = House::new(&plan()).await;
    let running = house.serve().await;
    for (body, cause) in [
        (&b"<br/>Warning: headers already sent"[..], "not-json"),
        (br#"{"foo":1}"#, "unknown"),
        (
            br#"{"id":5,"status":"processing","line_items":[],"total":"much"}"#,
            "unparsable-order",
        ),
    ] {
        assert_eq!(house.deliver("order.updated", body).await, 200);
        let incident = eventually(cause, || async {
            found(&running.shop().await, "delivery_incidents", cause)
        })
        .await;
        assert!(
            text(&incident, "id").starts_with("delivery/demo/"),
            "{incident:#}"
        );
    }
    let status = running.client.status().await.unwrap();
    assert_eq!(status["incidents_open"], 3);
    running.stop().await;
    let running = house.serve().await;
    assert_eq!(rows(&running.shop().await, "delivery_incidents").len(), 3);
    running.stop().await;
}

#[tokio::test]
async fn an_order_that_vanished_unread_is_an_incident_of_the_shop() {
    let house = House::new(&plan()).await;
    let running = house.serve().await;
    let deleted = br#"{"action":"woocommerce_delete_order","arg":77}"#;
    for body in [&deleted[..], deleted, br#"{"id":78}"#] {
        assert_eq!(house.deliver("order.deleted", body).await, 200);
    }
    running.quiet().await;
    let incident = running.incident("order-vanished-unread").await;
    assert_eq!(
        (&incident["count"], &incident["about"]),
        (&2.into(), &serde_json::json!(["demo:77", "demo:78"]))
    );
    let error = br#"{"code":"woocommerce_rest_cannot_view","message":"Sorry","data":{"status":403}}"#;
    assert_eq!(house.deliver("order.updated", error).await, 200);
    let incident = running.incident("shop-error").await;
    assert!(
        text(&incident, "text").contains("woocommerce_rest_cannot_view"),
        "{incident:#}"
    );

    // An order that was read is not among them: it has an incident of its own.
    let order = cash_order(79, 79);
    house.seed(&order).await;
    house
        .deliver("order.created", &serde_json::to_vec(&order).unwrap())
        .await;
    running.order_where("demo:79", "the order", |_| true).await;
    house
        .control(
            reqwest::Method::DELETE,
            "/demo/_control/orders/79",
            &serde_json::Value::Null,
        )
        .await;
    house
        .deliver(
            "order.deleted",
            br#"{"action":"woocommerce_delete_order","arg":79}"#,
        )
        .await;
    running
        .order_where("demo:79", "an incident", |order| {
            found(order, "incidents", "order-vanished").is_some()
        })
        .await;
    assert_eq!(running.incident("order-vanished-unread").await["count"], 2);
    running.stop().await;
}
