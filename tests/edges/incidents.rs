//! Incidents: listed with advice, looked after, kept over a restart, audited.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Home, Server};

/// A paid order of a shop whose payment method nobody described: a person has to look at it first.
async fn stuck(server: &Server) -> Value {
    let answer = server.deliver("us-shop", "03-paid.order.updated.json").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let page = server
        .until("/api/v1/incidents?cause=approval", |page| {
            page["incidents"][0].is_object()
        })
        .await;
    page["incidents"][0].clone()
}

async fn ids(server: &Server, who: &str, query: &str) -> Vec<String> {
    let answer = server.get(who, &format!("/api/v1/incidents?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    let page = answer.json();
    let rows = page["incidents"].as_array().expect("incidents");
    rows.iter()
        .map(|row| row["id"].as_str().expect("an id").to_owned())
        .collect()
}

async fn act(server: &Server, who: &str, id: &str, verb: &str, body: Value) -> Value {
    let path = format!("/api/v1/incidents/{id}/{verb}");
    let answer = server.ask(who, Method::POST, &path, Some(body)).await;
    assert_eq!(answer.status, 200, "{verb}: {answer:?}");
    answer.json()
}

#[tokio::test]
async fn an_incident_says_what_is_wrong_and_what_to_do() {
    let home = Home::new();
    let server = home.serve();
    let incident = stuck(&server).await;
    assert_eq!(incident["subject"], "us-shop:16");
    assert_eq!(incident["on"], "order");
    assert_eq!(incident["number"], "16");
    assert_eq!(
        incident["at_risk"],
        json!([{ "currency": "USD", "amount_minor": 9189 }])
    );
    assert_eq!(incident["advice"]["commands"], json!(["approve", "reject"]));
    assert!(
        incident["age_s"].is_u64() && incident["since"].is_string(),
        "{incident}"
    );
    let id = incident["id"].as_str().expect("an id");
    for query in [
        "cause=approval&shop=us-shop",
        "on=order&owner=nobody&cause=approval",
        "risk_min=9189&currency=USD&cause=approval",
        "newer_than=1h&sort=newest&cause=approval",
    ] {
        assert!(
            ids(&server, "viewer", query).await.contains(&id.to_owned()),
            "{query}"
        );
    }
    for query in [
        "cause=rejected",
        "shop=eu-shop",
        "owner=kim",
        "older_than=1h",
        "risk_min=9190",
        "snoozed=only",
    ] {
        assert_eq!(
            ids(&server, "viewer", query).await,
            Vec::<String>::new(),
            "{query}"
        );
    }
    assert_eq!(
        ids(&server, "eu-support", "").await,
        Vec::<String>::new(),
        "of another shop"
    );
    let hidden = server.get("eu-support", &format!("/api/v1/incidents/{id}")).await;
    assert_eq!(hidden.code(), "api/no-incident");
    let causes = server.get("viewer", "/api/v1/incidents/causes").await.json();
    let counted = causes["causes"].as_array().expect("causes");
    assert!(
        counted
            .iter()
            .any(|of| of["cause"] == "approval" && of["oldest"] == incident["since"]),
        "{causes}"
    );
    let causes = server.get("eu-support", "/api/v1/incidents/causes").await.json();
    assert_eq!(causes["causes"], json!([]), "of another shop");
    for wrong in [
        "snoozed=maybe",
        "sort=best",
        "newer_than=soon",
        "colour=red",
        "on=",
        "currency=",
    ] {
        let answer = server.get("viewer", &format!("/api/v1/incidents?{wrong}")).await;
        assert_eq!(answer.code(), "api/bad-query", "{wrong}");
    }
}

#[tokio::test]
async fn care_is_durable_audited_and_ends_with_the_incident() {
    let home = Home::new();
    let server = home.serve();
    let incident = stuck(&server).await;
    let id = incident["id"].as_str().expect("an id").to_owned();
    act(&server, "support", &id, "assign", json!({ "owner": "lee" })).await;
    let given = act(&server, "support", &id, "assign", json!({ "owner": "kim" })).await;
    assert_eq!(given["owner"], "kim");
    let snoozed = act(&server, "support", &id, "snooze", json!({ "until": "4h" })).await;
    assert!(snoozed["snoozed_until"].is_string(), "{snoozed}");
    act(
        &server,
        "finance",
        &id,
        "notes",
        json!({ "text": "asked the ERP team" }),
    )
    .await;
    let path = "/api/v1/orders/us-shop:16/commands";
    let note = json!({ "command": "note", "reason": "a call", "note": "the buyer called" });
    let answer = server.ask("support", Method::POST, path, Some(note)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    server.stop();

    let server = home.serve();
    assert_eq!(
        ids(&server, "viewer", "owner=kim&snoozed=show").await,
        [id.as_str()]
    );
    assert_eq!(
        ids(&server, "viewer", "owner=lee&snoozed=show").await,
        Vec::<String>::new()
    );
    assert_eq!(
        ids(&server, "viewer", "owner=kim").await,
        Vec::<String>::new(),
        "it is snoozed"
    );
    assert_eq!(ids(&server, "viewer", "snoozed=only").await, [id.as_str()]);
    act(&server, "support", &id, "snooze", json!({})).await;
    assert_eq!(ids(&server, "viewer", "owner=kim").await, [id.as_str()]);
    let full = server
        .get("viewer", &format!("/api/v1/incidents/{id}"))
        .await
        .json();
    assert_eq!(full["notes"][0]["text"], "\u{2022}\u{2022}\u{2022}", "{full}");
    let path = format!("/api/v1/incidents/{id}?reveal=true");
    let full = server.get("support", &path).await.json();
    assert_eq!(full["notes"][0]["text"], "the buyer called", "{full}");
    assert_eq!(full["notes"][1]["text"], "asked the ERP team", "{full}");
    assert_eq!(full["notes"][1]["by"], "finance", "{full}");

    let path = "/api/v1/orders/us-shop:16/commands";
    let close = json!({ "command": "close", "reason": "ordered by mistake" });
    let answer = server.ask("admin", Method::POST, path, Some(close)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        server
            .get("viewer", &format!("/api/v1/incidents/{id}"))
            .await
            .code(),
        "api/no-incident"
    );
    assert_eq!(
        ids(&server, "viewer", "owner=kim&snoozed=show").await,
        Vec::<String>::new()
    );
    let order = server.get("viewer", "/api/v1/orders/us-shop:16").await.json();
    assert_eq!(
        order["notes"].as_array().map(Vec::len),
        Some(2),
        "notes stay: {order}"
    );

    let trail = server.get("finance", "/api/v1/audit?limit=500").await.json();
    let told: Vec<(String, String)> = trail["lines"]
        .as_array()
        .expect("lines")
        .iter()
        .filter(|line| {
            line["action"]
                .as_str()
                .is_some_and(|action| action.starts_with("incident."))
        })
        .map(|line| (line["actor"].to_string(), line["detail"].to_string()))
        .collect();
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(told.iter().all(|(actor, _)| actor == "\"support\""), "{told:?}");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let home = Home::new();
    let server = home.serve();
    let incident = stuck(&server).await;
    let id = incident["id"].as_str().expect("an id").to_owned();
    for (verb, body, code) in [
        ("assign", json!({ "owner": "kim lee" }), "api/bad-body"),
        ("assign", json!({ "owner": "" }), "api/bad-body"),
        ("snooze", json!({ "until": "soon" }), "api/bad-query"),
        ("notes", json!({ "text": "  " }), "api/bad-body"),
        ("notes", json!({ "text": "x".repeat(2_001) }), "api/bad-body"),
    ] {
        let path = format!("/api/v1/incidents/{id}/{verb}");
        let answer = server.ask("support", Method::POST, &path, Some(body)).await;
        assert_eq!(answer.code(), code, "{verb}: {answer:?}");
    }
    let path = format!("/api/v1/incidents/{id}/assign");
    let answer = server
        .ask("viewer", Method::POST, &path, Some(json!({ "owner": "kim" })))
        .await;
    assert_eq!(answer.code(), "api/not-permitted");
    assert_eq!(ids(&server, "viewer", "owner=nobody&cause=approval").await, [id]);
}
