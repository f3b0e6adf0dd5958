//! Every way to ask wrongly: a stable code, a page behind it, what to do next, and nothing changed.

use std::collections::BTreeSet;

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

use crate::server::{Answer, Home, Server, token};

const COMMANDS: &str = "/api/v1/orders/eu-shop:16/commands";

/// One wrong request a line: who (`-` for nobody), method, path below `/api/v1`, a JSON body if any, and what it must be
/// answered with.
const CASES: &str = r#"
-        GET    /orders/eu-shop:16 -> 401 api/token-missing
nobody   GET    /orders/eu-shop:16 -> 401 api/token-unknown
gone     GET    /orders/eu-shop:16 -> 401 api/token-expired
viewer   POST   /orders/eu-shop:16/commands {"command": "hold", "reason": "x"} -> 403 api/not-permitted
viewer   GET    /orders/eu-shop:16?reveal=true -> 403 api/not-permitted
eu-admin POST   /effects/pause {"reason": "x"} -> 403 api/not-permitted
support  GET    /orders/eu-shop:99 -> 404 api/no-order
eu-admin GET    /orders/us-shop:16 -> 404 api/no-order
support  GET    /nothing -> 404 api/no-route
support  DELETE /orders/eu-shop:16 -> 405 api/method
support  POST   /orders/eu-shop:16/commands {"command": "hold", "reason": "x", "revision": 9999} -> 409 command/stale
support  POST   /orders/eu-shop:16/commands {"command": "hold"} -> 422 command/no-reason
support  POST   /orders/eu-shop:16/commands {"command": "hold", "reason": " "} -> 422 command/no-reason
support  POST   /orders/eu-shop:16/commands {"command": "destroy", "reason": "x"} -> 422 api/unknown-command
support  POST   /orders/eu-shop:16/commands {"reason": "no command"} -> 422 api/bad-body
support  POST   /orders/eu-shop:16/commands {"command": "hold", "reason": "x", "palce": "x"} -> 422 api/bad-body
support  POST   /orders/eu-shop:16/commands {"command": "skip", "reason": "x", "place": "nowhere"} -> 409 command/nothing-there
support  POST   /orders/eu-shop:16/commands {"command": "hold", "reason": "x", "instance": "none"} -> 404 command/no-instance
support  POST   /orders/eu-shop:16/commands {"command": "skip", "reason": "x"} -> 409 api/place-needed
support  POST   /orders/eu-shop:16/commands {"command": "resume", "reason": "x"} -> 409 command/not-now
support  GET    /orders?cursor=! -> 400 api/bad-cursor
support  GET    /orders?limit=0 -> 400 api/bad-query
support  GET    /orders?stat=stuck -> 400 api/bad-query
support  GET    /orders?state=lost -> 400 api/bad-query
support  GET    /orders/%FF -> 400 api/bad-path
support  GET    /deliveries/eu-shop/none -> 404 api/no-delivery
support  GET    /deliveries?source=none -> 404 api/no-source
support  POST   /connectors/none/pause {"reason": "x"} -> 404 api/no-connector
support  POST   /money/pause {"reason": " "} -> 422 command/no-reason
admin    POST   /tokens {"name": "a b", "role": "viewer"} -> 422 api/token-name
admin    POST   /tokens {"name": "viewer", "role": "viewer"} -> 409 api/token-exists
admin    POST   /tokens {"name": "kim", "role": "king"} -> 422 api/bad-body
admin    POST   /tokens {"name": "kim", "role": "viewer", "days": 0} -> 422 api/bad-body
admin    POST   /tokens {"name": "kim", "role": "viewer", "shops": ["none"]} -> 404 api/no-source
admin    DELETE /tokens/nobody -> 404 api/no-token
admin    DELETE /tokens/viewer -> 409 api/token-configured
"#;

/// A line of [`CASES`].
struct Case {
    about: &'static str,
    who: &'static str,
    method: Method,
    path: String,
    body: Option<Value>,
    status: u16,
    code: &'static str,
}

fn cases() -> Vec<Case> {
    let read = |line: &'static str| {
        let (asked, answered) = line.rsplit_once(" -> ")?;
        let (request, body) = asked.split_once('{').unwrap_or((asked, ""));
        let mut words = request.split_whitespace();
        let (status, code) = answered.split_once(' ')?;
        Some(Case {
            about: line,
            who: words.next()?.trim_start_matches('-'),
            method: words.next()?.parse().ok()?,
            path: format!("/api/v1{}", words.next()?),
            body: if body.is_empty() {
                None
            } else {
                Some(serde_json::from_str(&format!("{{{body}")).ok()?)
            },
            status: status.parse().ok()?,
            code,
        })
    };
    let lines = CASES.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| read(line).unwrap_or_else(|| panic!("{line} is no case")))
        .collect()
}

/// Requests whose body is no JSON or too much of it: content type, body, status, code.
fn bodies() -> Vec<(&'static str, String, u16, &'static str)> {
    vec![
        (
            "application/json",
            "{\"command\": ".to_owned(),
            400,
            "api/bad-json",
        ),
        ("text/plain", "{}".to_owned(), 415, "api/media-type"),
        (
            "application/json",
            format!("{{\"command\": \"{}\"}}", "x".repeat(1 << 17)),
            413,
            "api/too-large",
        ),
    ]
}

#[tokio::test]
async fn every_error_names_its_code_and_what_to_do_and_changes_nothing() {
    let home = Home::new();
    let (code, _) = home.serve().with_orders().await.stop();
    assert_eq!(code, Some(0));
    let before = home.fingerprint();

    let server = home.serve();
    let durable = server.durable().await;
    let mut codes = BTreeSet::new();
    for case in cases() {
        let answer = server.ask(case.who, case.method, &case.path, case.body).await;
        check(&server, case.about, &answer, case.status, case.code).await;
        codes.insert(case.code);
    }
    for (form, body, status, code) in bodies() {
        let request = server
            .request(Method::POST, COMMANDS)
            .bearer_auth(token("support"));
        let answer = server.send(request.header(CONTENT_TYPE, form).body(body)).await;
        check(&server, form, &answer, status, code).await;
        codes.insert(code);
    }
    assert!(codes.len() >= 25, "{} distinct codes", codes.len());
    assert_eq!(server.durable().await, durable, "something was journaled");
    server.stop();
    assert_eq!(home.fingerprint(), before, "the store is not what it was");
}

async fn check(server: &Server, about: &str, answer: &Answer, status: u16, code: &str) {
    let problem = answer.json();
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (status, code),
        "{about}: {problem:#}"
    );
    assert_eq!(
        answer.headers["content-type"], "application/problem+json",
        "{about}"
    );
    assert_eq!(problem["status"], status, "{about}");
    let id = format!("urn:request:{}", answer.headers["x-request-id"]);
    assert_eq!(problem["instance"], id, "{about}");
    let detail = problem["detail"].as_str().unwrap_or_default();
    assert!(
        detail.split(' ').count() >= 4,
        "{about} says no more than {detail:?}"
    );
    let page = server.get("", problem["type"].as_str().unwrap_or_default()).await;
    assert_eq!(page.status.as_u16(), 200, "{about}: the page of {code}");
    assert!(
        page.text.starts_with(&format!("# {code}\n")),
        "{about}: {}",
        page.text
    );
}

#[tokio::test]
async fn what_is_hidden_is_answered_like_what_does_not_exist() {
    let server = Home::new();
    let server = server.serve().with_orders().await;
    for (hidden, absent) in [
        ("/api/v1/orders/us-shop:16", "/api/v1/orders/no-shop:16"),
        (
            "/api/v1/orders/us-shop:16/history",
            "/api/v1/orders/no-shop:16/history",
        ),
        (
            "/api/v1/orders/us-shop:16/requests",
            "/api/v1/orders/no-shop:16/requests",
        ),
        (
            "/api/v1/deliveries?source=us-shop",
            "/api/v1/deliveries?source=no-shop",
        ),
        ("/api/v1/deliveries/us-shop/x", "/api/v1/deliveries/no-shop/x"),
    ] {
        let (one, other) = (
            server.get("eu-support", hidden).await,
            server.get("eu-support", absent).await,
        );
        let plain = |answer: &Answer| {
            let mut problem = answer.json();
            problem["instance"] = Value::Null;
            problem
                .to_string()
                .replace("us-shop", "SHOP")
                .replace("no-shop", "SHOP")
        };
        assert_eq!(
            (one.status.as_u16(), plain(&one)),
            (404, plain(&other)),
            "{hidden}"
        );
    }
    let shown = server.get("eu-support", "/api/v1/orders").await.json();
    let roots: Vec<&str> = shown["orders"]
        .as_array()
        .expect("orders")
        .iter()
        .map(|order| order["root"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(roots, ["eu-shop:16"]);
    let all = server.get("viewer", "/api/v1/orders").await.json();
    assert_eq!(all["orders"].as_array().map(Vec::len), Some(2));
    let counted = |status: &Value| {
        status["orders"]
            .as_object()
            .expect("counts")
            .values()
            .filter_map(Value::as_u64)
            .sum::<u64>()
    };
    assert_eq!(
        counted(&server.get("eu-support", "/api/v1/status").await.json()),
        1
    );
    assert_eq!(counted(&server.get("viewer", "/api/v1/status").await.json()), 2);
}
