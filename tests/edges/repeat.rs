//! Commands sent twice: one key, one effect, one answer.

use std::time::Duration;

use amends_engine::Digest;
use reqwest::{Method, header};
use serde_json::{Value, json};

use crate::server::{Answer, Home, Server, token};

const COMMANDS: &str = "/api/v1/orders/eu-shop:16/commands";

async fn give(server: &Server, who: &str, key: &str, wish: &Value) -> Answer {
    let request = server.request(Method::POST, COMMANDS).bearer_auth(token(who));
    server
        .send(request.header("Idempotency-Key", key).json(wish))
        .await
}

async fn commanded(server: &Server) -> usize {
    let history = server
        .get("admin", "/api/v1/orders/eu-shop:16/history?limit=500")
        .await
        .json();
    let entries = history["history"].as_array().expect("entries").iter();
    entries
        .filter(|entry| entry["event"]["Commanded"].is_object())
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_gives_the_first_answer_across_restarts() {
    let home = Home::new();
    let server = home.serve().with_order("eu-shop").await;
    let hold = json!({ "command": "hold", "reason": "once" });
    let first = give(&server, "support", "k-1", &hold).await;
    assert_eq!(
        (first.status.as_u16(), first.headers.get("idempotency-replayed")),
        (200, None),
        "{first:?}"
    );
    let again = give(&server, "support", "k-1", &hold).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(commanded(&server).await, 1);

    // A refusal is an answer too: it does not turn into something else when the order moves.
    let refused = give(
        &server,
        "support",
        "k-2",
        &json!({ "command": "hold", "reason": "twice" }),
    )
    .await;
    assert_eq!(refused.code(), "command/not-now", "{refused:?}");
    let resume = give(
        &server,
        "support",
        "k-3",
        &json!({ "command": "resume", "reason": "on" }),
    )
    .await;
    assert_eq!(resume.status, 200, "{resume:?}");
    server.stop();

    let server = home.serve();
    let again = give(
        &server,
        "support",
        "k-2",
        &json!({ "command": "hold", "reason": "twice" }),
    )
    .await;
    assert_eq!(
        (again.status.as_u16(), again.code().as_str()),
        (409, "command/not-now"),
        "{again:?}"
    );
    let again = give(&server, "support", "k-1", &hold).await;
    assert_eq!(again.text, first.text);
    assert_eq!(commanded(&server).await, 2);

    let other = give(
        &server,
        "support",
        "k-1",
        &json!({ "command": "cancel", "reason": "once" }),
    )
    .await;
    assert_eq!(
        (other.status.as_u16(), other.code().as_str()),
        (422, "api/key-reused")
    );
    for bad in ["", "a/b", "a b", &"k".repeat(129)] {
        assert_eq!(
            give(&server, "support", bad, &hold).await.code(),
            "api/bad-key",
            "{bad:?}"
        );
    }
    // Another person's key is another key.
    let mine = give(
        &server,
        "admin",
        "k-1",
        &json!({ "command": "hold", "reason": "mine" }),
    )
    .await;
    assert_eq!(
        (mine.status.as_u16(), mine.headers.get("idempotency-replayed")),
        (200, None),
        "{mine:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_is_done_and_all_are_answered_alike() {
    let server = Home::new();
    let server = server.serve().with_order("eu-shop").await;
    let hold = json!({ "command": "hold", "reason": "at once" });
    let answers = futures::future::join_all((0..8).map(|_| give(&server, "support", "k", &hold))).await;
    for answer in &answers {
        assert_eq!((answer.status.as_u16(), &answer.text), (200, &answers[0].text));
    }
    assert_eq!(commanded(&server).await, 1);
}

/// A key as the store keeps it: digest of the request, time, frames of the order before it, answer.
type Kept = (Digest, i64, u64, Option<(u16, String)>);

/// Takes an answer out of the store of a stopped server, as if the process had ended before it was kept.
fn lose_answer(home: &Home, key: &str) {
    home.tamper(&format!("key/support/{key}"), |kept: &mut Kept| {
        assert!(kept.3.take().is_some(), "{key} was answered");
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_the_answer_is_kept_repeats_nothing_and_loses_nothing() {
    let home = Home::new();
    let server = home.serve().with_order("eu-shop").await;
    let hold = json!({ "command": "hold", "reason": "once" });
    let first = give(&server, "support", "k-1", &hold).await;
    assert_eq!(first.status, 200, "{first:?}");
    let other = json!({ "command": "hold", "reason": "again" });
    let refused = give(&server, "support", "k-2", &other).await;
    assert_eq!(refused.code(), "command/not-now");
    server.stop();
    lose_answer(&home, "k-1");
    lose_answer(&home, "k-2");

    let server = home.serve();
    let again = give(&server, "support", "k-1", &hold).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!(commanded(&server).await, 1, "what was done is not done again");
    let resume = json!({ "command": "resume", "reason": "on" });
    assert_eq!(give(&server, "support", "k-3", &resume).await.status, 200);
    let done = give(&server, "support", "k-2", &other).await;
    assert_eq!(done.status, 200, "what was not done is done: {done:?}");
    assert_eq!(commanded(&server).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_moment_leaves_one_command_and_its_answer() {
    let home = Home::new();
    let mut server = home.serve().with_order("eu-shop").await;
    for round in 0..8_u64 {
        let command = if round % 2 == 0 { "hold" } else { "resume" };
        let wish = json!({ "command": command, "reason": format!("round {round}") });
        let key = format!("round-{round}");
        let request = server
            .request(Method::POST, COMMANDS)
            .bearer_auth(token("support"));
        let request = request.header("Idempotency-Key", &key).json(&wish);
        let sent = tokio::spawn(request.send());
        // The moment of the kill, from before the command to after its answer.
        tokio::time::sleep(Duration::from_millis(round * 3)).await;
        drop(server);
        let first = sent.await.expect("nobody panics");
        server = home.serve();
        let again = give(&server, "support", &key, &wish).await;
        assert_eq!(again.status, 200, "round {round}: {again:?}");
        if let Ok(first) = first
            && let Ok(first) = first.text().await
        {
            assert_eq!(first, again.text, "round {round}");
        }
        let expected = usize::try_from(round).expect("small") + 1;
        assert_eq!(commanded(&server).await, expected, "round {round}");
    }
}

#[tokio::test]
async fn the_tag_of_an_order_guards_a_command() {
    let server = Home::new();
    let server = server.serve().with_order("eu-shop").await;
    let order = server.get("support", "/api/v1/orders/eu-shop:16").await;
    let tag = order.headers["etag"].clone();
    assert_eq!(tag, format!("\"{}\"", order.json()["revision"]));
    let with = |tag: &str, wish: Value| {
        let request = server
            .request(Method::POST, COMMANDS)
            .bearer_auth(token("support"));
        server.send(request.header(header::IF_MATCH, tag.to_owned()).json(&wish))
    };
    let hold = json!({ "command": "hold", "reason": "as seen" });
    assert_eq!(with("\"1\"", hold.clone()).await.code(), "command/stale");
    assert_eq!(with("x", hold.clone()).await.code(), "api/bad-request");
    assert_eq!(
        with(&tag, json!({ "command": "hold", "reason": "x", "revision": 1 }))
            .await
            .code(),
        "command/stale"
    );
    assert_eq!(with(&tag, hold).await.status, 200);
}

/// An event without its times: what is done later is done later.
fn timeless(event: &Value) -> Value {
    match event {
        Value::Object(fields) => {
            let timeless = fields.iter().filter(|(name, _)| !name.ends_with("_at"));
            let inner = timeless.map(|(name, value)| (name.clone(), self::timeless(value)));
            Value::Object(inner.collect())
        }
        Value::Array(items) => items.iter().map(timeless).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => event.clone(),
    }
}

/// Of commands that need nothing but the order, what the dry run tells is what is then journaled.
#[tokio::test]
async fn the_dry_run_is_what_then_happens() {
    for command in ["hold", "cancel", "compensate", "close"] {
        let server = Home::new();
        let server = server.serve().with_order("eu-shop").await;
        let wish = |dry_run: bool| json!({ "command": command, "reason": "a try", "dry_run": dry_run });
        let before = server.durable().await;
        let preview = server
            .ask("admin", Method::POST, COMMANDS, Some(wish(true)))
            .await
            .json();
        assert_eq!(
            server.durable().await,
            before,
            "{command}: the dry run did something"
        );
        let done = server
            .ask("admin", Method::POST, COMMANDS, Some(wish(false)))
            .await;
        assert_eq!(done.status, 200, "{command}: {done:?}");
        let history = server
            .get("admin", "/api/v1/orders/eu-shop:16/history?limit=500")
            .await
            .json();
        let entries = history["history"].as_array().expect("entries");
        let begun = entries
            .iter()
            .position(|entry| entry["event"]["Commanded"].is_object());
        let sequence = &entries[begun.expect("the command is journaled")]["sequence"];
        let happened = entries.iter().filter(|entry| entry["sequence"] == *sequence);
        let happened: Vec<Value> = happened.map(|entry| timeless(&entry["event"])).collect();
        let told = preview["journal"].as_array().expect("events").iter();
        let told: Vec<Value> = told.map(timeless).collect();
        assert_eq!(happened, told, "{command}");
        assert!(told.len() >= 2, "{command} does more than be told: {told:?}");
    }
}
