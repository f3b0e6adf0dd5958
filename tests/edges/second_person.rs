//! Commands that take two people: nobody agrees to their own, what is agreed to is what was shown, and a limit is what
//! a role may move alone.

use std::collections::BTreeMap;

use amends_engine::Digest;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Answer, Home, Server, token};

const COMMANDS: &str = "/api/v1/orders/eu-shop:16/commands";
const ORDER: &str = "/api/v1/orders/eu-shop:16";

async fn give(server: &Server, who: &str, command: &str) -> Answer {
    let wish = json!({ "command": command, "reason": "it has to be" });
    server.ask(who, Method::POST, COMMANDS, Some(wish)).await
}

async fn decide(server: &Server, who: &str, id: &str, verb: &str) -> Answer {
    let path = format!("/api/v1/pending/{id}/{verb}");
    server
        .ask(who, Method::POST, &path, Some(json!({ "reason": "I looked" })))
        .await
}

fn waiting(answer: &Answer) -> String {
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.json()["pending"].as_str().expect("an id").to_owned()
}

async fn revision(server: &Server) -> Value {
    server.get("admin", ORDER).await.json()["revision"].clone()
}

#[tokio::test]
async fn a_sensitive_command_waits_for_somebody_else() {
    let home = Home::more("[sensitive]\ncommands = [\"close\"]\n");
    let server = home.serve().with_orders().await;
    let before = revision(&server).await;
    let id = waiting(&give(&server, "finance", "close").await);
    assert_eq!(revision(&server).await, before, "nothing is done yet");

    let listed = server.get("viewer", "/api/v1/pending").await.json();
    let shown = &listed["pending"][0];
    assert_eq!(
        (&shown["id"], &shown["asked_by"], &shown["revision"]),
        (&json!(id), &json!("finance"), &before)
    );
    assert!(
        shown["preview"]["events"]
            .as_array()
            .is_some_and(|events| !events.is_empty()),
        "{shown:#}"
    );
    assert_eq!(
        decide(&server, "finance", &id, "confirm").await.code(),
        "api/second-person"
    );
    assert_eq!(
        decide(&server, "support", &id, "confirm").await.code(),
        "api/not-permitted",
        "support may not close"
    );
    assert_eq!(
        decide(&server, "viewer", &id, "decline").await.code(),
        "api/not-permitted"
    );
    assert_eq!(revision(&server).await, before, "still nothing is done");

    let done = decide(&server, "admin", &id, "confirm").await;
    assert_eq!(
        (done.status.as_u16(), &done.json()["done"]),
        (200, &json!("close")),
        "{done:?}"
    );
    let order = server.get("admin", ORDER).await.json();
    assert_eq!(order["instances"][0]["stage"], "closed");
    let history = server
        .get("admin", &format!("{ORDER}/history?limit=500"))
        .await
        .json();
    let events = history["history"].as_array().expect("entries").iter();
    let commanded: Vec<&Value> = events
        .map(|entry| &entry["event"]["Commanded"])
        .filter(|event| event.is_object())
        .collect();
    assert_eq!(commanded.len(), 1);
    assert_eq!(commanded[0]["actor"], "finance");
    assert_eq!(
        commanded[0]["reason"],
        "it has to be (confirmed by admin: I looked)"
    );
    assert_eq!(
        decide(&server, "admin", &id, "confirm").await.code(),
        "api/no-pending",
        "it is decided once"
    );

    let trail = server.get("admin", "/api/v1/audit").await.json();
    let told: Vec<String> = trail["lines"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| format!("{} {}", line["actor"], line["action"]).replace('"', ""))
        .collect();
    assert_eq!(
        told,
        [
            "finance asked",
            "finance denied",
            "support denied",
            "viewer denied",
            "admin confirmed"
        ]
    );
}

#[tokio::test]
async fn what_is_agreed_to_is_what_was_shown() {
    let home = Home::more("[sensitive]\ncommands = [\"close\"]\n");
    let server = home.serve().with_orders().await;
    let id = waiting(&give(&server, "finance", "close").await);
    assert_eq!(
        give(&server, "support", "hold").await.status,
        200,
        "the order moves"
    );
    let stale = decide(&server, "admin", &id, "confirm").await;
    assert_eq!(
        (stale.status.as_u16(), stale.code().as_str()),
        (409, "command/stale"),
        "{stale:?}"
    );
    let order = server.get("admin", ORDER).await.json();
    assert_ne!(order["instances"][0]["stage"], "closed");
    assert_eq!(decide(&server, "support", &id, "decline").await.status, 200);
    assert_eq!(
        server.get("admin", "/api/v1/pending").await.json()["pending"],
        json!([])
    );

    let id = waiting(&give(&server, "finance", "close").await);
    assert_eq!(decide(&server, "eu-support", &id, "decline").await.status, 200);
    let wish = json!({ "command": "close", "reason": "there" });
    let there = server
        .ask(
            "finance",
            Method::POST,
            "/api/v1/orders/us-shop:16/commands",
            Some(wish),
        )
        .await;
    let id = waiting(&there);
    assert_eq!(
        decide(&server, "eu-support", &id, "decline").await.code(),
        "api/no-pending",
        "of another shop"
    );
    assert_eq!(
        server.get("eu-support", "/api/v1/pending").await.json()["pending"],
        json!([])
    );
    server.stop();

    let server = home.serve();
    let kept = server.get("admin", "/api/v1/pending").await.json();
    assert_eq!(kept["pending"][0]["id"], json!(id), "it waits across a restart");
}

/// A waiting command as the store keeps it.
type Kept = (
    String,
    String,
    String,
    String,
    i64,
    u64,
    Digest,
    String,
    BTreeMap<String, i64>,
);

#[tokio::test]
async fn what_would_do_something_else_by_now_is_refused_and_audited() {
    let home = Home::more("[sensitive]\ncommands = [\"close\"]\n");
    let server = home.serve().with_orders().await;
    let id = waiting(&give(&server, "finance", "close").await);
    server.stop();
    // As if a release had changed what closing does.
    home.tamper(&format!("pending/{id}"), |kept: &mut Kept| {
        kept.6 = Digest::of(b"something else");
    });
    let server = home.serve();
    let refused = decide(&server, "admin", &id, "confirm").await;
    assert_eq!(
        (refused.status.as_u16(), refused.code().as_str()),
        (409, "api/other-evidence"),
        "{refused:?}"
    );
    let order = server.get("admin", ORDER).await.json();
    assert_ne!(order["instances"][0]["stage"], "closed");
    let trail = server.get("admin", "/api/v1/audit").await.json();
    let last = trail["lines"].as_array().and_then(|lines| lines.last());
    let last = last.expect("a line");
    assert_eq!(
        (&last["actor"], &last["action"]),
        (&json!("admin"), &json!("refused"))
    );
    assert!(
        last["detail"].as_str().is_some_and(|detail| detail.contains(&id)),
        "{last}"
    );
}

#[tokio::test]
async fn a_sensitive_command_under_a_key_is_asked_for_once() {
    let home = Home::more("[sensitive]\ncommands = [\"close\"]\n");
    let server = home.serve().with_orders().await;
    let ask = || {
        let request = server
            .request(Method::POST, COMMANDS)
            .bearer_auth(token("finance"));
        let wish = json!({ "command": "close", "reason": "it has to be" });
        server.send(request.header("Idempotency-Key", "k").json(&wish))
    };
    let first = waiting(&ask().await);
    assert_eq!(waiting(&ask().await), first);
    let listed = server.get("admin", "/api/v1/pending").await.json();
    assert_eq!(listed["pending"].as_array().map(Vec::len), Some(1), "{listed:#}");
    let confirm = |who: &str| {
        home.run_as(
            &server,
            who,
            &["pending", "confirm", &first, "--reason", "I looked"],
        )
    };
    let own = confirm("finance");
    assert!(
        String::from_utf8_lossy(&own.stderr).contains("api/second-person"),
        "{own:?}"
    );
    let done = confirm("admin");
    assert_eq!(
        String::from_utf8_lossy(&done.stdout),
        "close is done\n",
        "{done:?}"
    );
}

#[tokio::test]
async fn a_limit_is_what_a_role_may_move_alone() {
    // The order is over 91.89 USD.
    let home = Home::more("[sensitive.support]\nUSD = 9188\n[sensitive.finance]\nUSD = 9188\n");
    let server = home.serve().with_orders().await;
    assert_eq!(
        give(&server, "support", "hold").await.status,
        200,
        "nothing moves"
    );
    assert_eq!(give(&server, "support", "resume").await.status, 200);
    let asked = give(&server, "support", "cancel").await;
    let id = waiting(&asked);
    assert_eq!(asked.json()["amounts"], json!({ "USD": 9189 }));
    assert_eq!(
        decide(&server, "eu-support", &id, "confirm").await.code(),
        "api/second-person",
        "the same limit"
    );
    assert_eq!(decide(&server, "admin", &id, "confirm").await.status, 200);

    let home = Home::more("[sensitive.support]\nUSD = 9189\n");
    let server = home.serve().with_orders().await;
    assert_eq!(
        give(&server, "support", "cancel").await.status,
        200,
        "within the limit"
    );
}
