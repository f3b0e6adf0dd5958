//! Orders found by everything people have in hand.

use serde_json::{Value, json};

use crate::server::{Home, Server};

async fn roots(server: &Server, who: &str, query: &str) -> Vec<String> {
    let answer = server.get(who, &format!("/api/v1/orders?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    let page = answer.json();
    let orders = page["orders"].as_array().expect("orders");
    orders
        .iter()
        .map(|order| order["root"].as_str().expect("a root").to_owned())
        .collect()
}

#[tokio::test]
async fn an_order_is_found_by_whatever_is_known_of_it() {
    let home = Home::new();
    let server = home.serve().with_orders().await;
    let both = ["us-shop:16", "eu-shop:16"];
    let order = server
        .get("support", "/api/v1/orders/eu-shop:16?reveal=true")
        .await
        .json();
    let email = order["subject"]["customer"]["email"]
        .as_str()
        .expect("an address");
    assert_eq!(email, "ana@example.test");
    // Two shops share a number.
    for query in [
        "number=16",
        "text=1",
        "stage=running",
        "workflow=order-to-cash",
        "email=ANA%40example.test",
        "currency=USD&risk_min=9189&risk_max=9189",
        "newer_than=1h",
        "older_than=2100-01-01T00:00:00Z",
        "words=market%20st",
        "sort=changed",
    ] {
        let mut found = roots(&server, "support", query).await;
        found.sort();
        assert_eq!(found, ["eu-shop:16", "us-shop:16"], "{query}");
        assert_eq!(
            roots(&server, "eu-support", query).await,
            ["eu-shop:16"],
            "{query} of one shop"
        );
    }
    // One shop's configuration does not know the payment method, so that a person has to look at its order.
    for (query, found) in [
        ("state=moving", "eu-shop:16"),
        ("step=await-clearance", "eu-shop:16"),
        ("state=stuck", "us-shop:16"),
        ("step=review&cause=approval", "us-shop:16"),
    ] {
        assert_eq!(roots(&server, "viewer", query).await, [found], "{query}");
    }
    assert_eq!(roots(&server, "viewer", "sort=newest").await, both);
    assert_eq!(
        roots(&server, "viewer", "sort=oldest").await,
        ["eu-shop:16", "us-shop:16"]
    );
    let instance = "instance=us-shop%3A16%2Forder-to-cash";
    assert_eq!(roots(&server, "viewer", instance).await, ["us-shop:16"]);
    for query in [
        "state=completed",
        "number=17",
        "step=invoice",
        "email=ana%40example.tes",
        "currency=EUR",
        "risk_min=9190",
        "older_than=1h",
        "shop=us-shop&text=eu-shop",
        "words=nobody",
    ] {
        assert_eq!(
            roots(&server, "support", query).await,
            Vec::<String>::new(),
            "{query}"
        );
    }
    assert_eq!(
        server.get("viewer", "/api/v1/orders?words=market").await.code(),
        "api/not-permitted"
    );
    let listed = server
        .get("viewer", "/api/v1/orders?email=ana%40example.test")
        .await
        .text;
    assert!(!listed.contains("example.test"), "{listed}");
}

#[tokio::test]
async fn pages_follow_each_other_in_one_list_only() {
    let home = Home::new();
    let server = home.serve().with_orders().await;
    let first = server
        .get("viewer", "/api/v1/orders?sort=oldest&limit=1&count=true")
        .await
        .json();
    assert_eq!(first["orders"][0]["root"], "eu-shop:16");
    assert_eq!(first["count"], json!({ "number": 2, "is": "exactly" }));
    let row = &first["orders"][0];
    assert_eq!(
        row["at_risk"],
        json!([{ "currency": "USD", "amount_minor": 9189 }])
    );
    assert_eq!(row["instances"][0]["steps"], json!(["await-clearance"]));
    assert!(row["instances"][0]["waits"][0]["since"].is_string(), "{row}");
    let cursor = first["cursor"].as_str().expect("a cursor");
    let second = roots(&server, "viewer", &format!("sort=oldest&limit=1&cursor={cursor}")).await;
    assert_eq!(second, ["us-shop:16"]);
    for other in ["sort=newest&limit=1", "sort=oldest&state=moving"] {
        let answer = server
            .get("viewer", &format!("/api/v1/orders?{other}&cursor={cursor}"))
            .await;
        assert_eq!(answer.code(), "api/bad-cursor", "{other}");
    }
    for wrong in [
        "state=lost",
        "sort=best",
        "older_than=soon",
        "email=%20",
        "limit=0",
        "risk_min=x",
        "color=red",
    ] {
        let answer = server.get("viewer", &format!("/api/v1/orders?{wrong}")).await;
        assert_eq!(answer.code(), "api/bad-query", "{wrong}");
    }
}

#[tokio::test]
async fn lists_say_the_same_after_a_restart() {
    let home = Home::new();
    let server = home.serve().with_orders().await;
    let path = "/api/v1/orders?sort=oldest";
    let before = server.get("viewer", path).await.json();
    server.stop();
    let server = home.serve();
    let after: Value = server.get("viewer", path).await.json();
    assert_eq!(before["orders"], after["orders"]);
    assert_eq!(
        roots(&server, "viewer", "email=ana%40example.test").await.len(),
        2
    );
}
