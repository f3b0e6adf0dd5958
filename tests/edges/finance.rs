//! The trial balance and the evidence of one order, over HTTP and on the command line.

use base64::Engine as _;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::server::{Answer, Home, Server};

async fn code(server: &Server, who: &str, path: &str) -> (u16, String) {
    let answer = server.ask(who, Method::GET, path, None).await;
    (answer.status.as_u16(), answer.code())
}

/// A day no clock of a test is near the edge of.
const RANGE: &str = "from=2026-01-01&to=2026-01-02";

fn today(answer: &Answer) -> Vec<Value> {
    answer.json()["days"].as_array().expect("days").clone()
}

#[tokio::test]
async fn what_moved_is_summed_by_shop_and_day_and_made_of_orders() {
    let home = Home::new();
    let server = home.serve().with_orders().await;
    let answer = server.get("finance", "/api/v1/finance/days").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let days = today(&answer);
    let shops: Vec<&str> = days.iter().filter_map(|day| day["shop"].as_str()).collect();
    assert_eq!(shops, ["eu-shop", "us-shop"], "{answer:?}");
    for day in &days {
        assert_eq!(day["orders"], 1, "{day}");
        let balance = &day["balances"][0];
        assert_eq!(balance["difference_minor"], 0, "{day}");
        assert_eq!(balance["memo"][0]["account"], "agreed", "{day}");
    }
    let one = &days[0];
    let (shop, day) = (
        one["shop"].as_str().expect("a shop"),
        one["day"].as_str().expect("a day"),
    );
    let behind = server
        .get("finance", &format!("/api/v1/finance/days/{shop}/{day}"))
        .await
        .json();
    assert_eq!(behind["orders"][0]["root"], "eu-shop:16", "{behind}");
    assert_eq!(
        behind["orders"][0]["balances"], one["balances"],
        "a day is what its orders make up"
    );
    assert_eq!(behind["cursor"], Value::Null);

    let csv = server
        .get("finance", "/api/v1/finance/days?format=csv&shop=eu-shop")
        .await;
    assert!(csv.headers["content-type"].starts_with("text/csv"), "{csv:?}");
    let mut lines = csv.text.lines();
    assert_eq!(
        lines.next(),
        Some("shop,day,currency,kind,account,detail,debit,credit")
    );
    assert!(lines.all(|line| line.starts_with("eu-shop,")), "{csv:?}");

    let mine = server.get("eu-admin", "/api/v1/finance/days").await;
    assert_eq!(today(&mine), days[..1], "a token of one shop sees that shop");
    let empty = server
        .get("finance", &format!("/api/v1/finance/days?{RANGE}"))
        .await
        .json();
    assert_eq!((&empty["days"], &empty["total"]), (&json!([]), &json!([])));
    server.stop();
}

#[tokio::test]
async fn wrong_questions_about_the_books_are_answered_clearly() {
    let home = Home::new();
    let server = home.serve();
    for (who, path, wanted) in [
        ("viewer", "finance/days", (403, "api/not-permitted")),
        ("support", "finance/days", (403, "api/not-permitted")),
        ("finance", "finance/days?from=yesterday", (400, "api/bad-query")),
        (
            "finance",
            "finance/days?from=2026-01-02&to=2026-01-01",
            (400, "api/bad-query"),
        ),
        (
            "finance",
            "finance/days?from=2020-01-01&to=2026-01-01",
            (400, "api/bad-query"),
        ),
        ("finance", "finance/days?format=xml", (400, "api/bad-query")),
        ("finance", "finance/days?shop=nobody", (404, "api/no-source")),
        ("eu-admin", "finance/days?shop=us-shop", (404, "api/no-source")),
        (
            "eu-admin",
            "finance/days/us-shop/2026-01-01",
            (404, "api/no-source"),
        ),
        ("finance", "finance/days/eu-shop/someday", (400, "api/bad-query")),
        (
            "finance",
            "finance/days/eu-shop/2026-01-01?cursor=x",
            (400, "api/bad-cursor"),
        ),
        ("viewer", "orders/eu-shop:16/evidence", (403, "api/not-permitted")),
        ("finance", "orders/eu-shop:99/evidence", (404, "api/no-order")),
        ("eu-support", "orders/us-shop:16/evidence", (404, "api/no-order")),
    ] {
        let (status, code) = code(&server, who, &format!("/api/v1/{path}")).await;
        assert_eq!((status, code.as_str()), wanted, "{who} {path}");
    }
    server.stop();
}

#[tokio::test]
async fn evidence_is_whole_masked_signed_by_its_digest_and_audited() {
    let home = Home::new();
    let server = home.serve().with_order("eu-shop").await;
    let path = "/api/v1/orders/eu-shop:16/evidence";
    let hidden = server.get("support", path).await;
    assert_eq!(hidden.status, 200, "{hidden:?}");
    let digest = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(&hidden.text));
    assert_eq!(hidden.headers["repr-digest"], format!("sha-256=:{digest}:"));
    let file = hidden.json();
    let history = file["history"]["history"].as_array().expect("a history");
    assert!(history.len() > 3 && file["journal"]["complete"] == true, "{file}");
    assert_eq!(file["journal"]["head"].as_str().map(str::len), Some(32));
    assert_eq!(file["taken"]["by"], "support");

    let page = server
        .get("finance", &format!("{path}?format=html&reveal=true"))
        .await;
    assert!(page.headers["content-type"].starts_with("text/html"), "{page:?}");
    assert!(page.text.starts_with("<!DOCTYPE html>"), "{}", page.text);
    let shown = server.get("finance", &format!("{path}?reveal=true")).await;
    let street = shown.json()["order"]["subject"]["billing"]["line1"].clone();
    let street = street.as_str().expect("a street").to_owned();
    assert!(
        page.text.contains(&street) && !hidden.text.contains(&street),
        "{street}"
    );

    let trail = server.get("admin", "/api/v1/audit").await.json();
    let lines = trail["lines"].as_array().expect("lines");
    let count = |action: &str| lines.iter().filter(|line| line["action"] == action).count();
    assert_eq!((count("evidence"), count("reveal")), (3, 2), "{trail}");
    server.stop();
}
