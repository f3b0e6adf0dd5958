//! Connections: kept and shared, given up in time, and every request marked with its trace.

use std::time::{Duration, Instant};

use amends_connectors::recipe::{Connector, Sending};
use amends_engine::Value;
use amends_engine::outcome::{FaultClass, Outcome};

use crate::bench::{connector, landed, request};
use crate::server::{Answer, Server, json, kept};

const KEY: &str = "k3x9/demo:16/order-to-cash/cancel/do/0";
const TRACE: &str = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";

/// A session, a look-up, an effect in two calls: every kind of request there is.
const RECIPE: &str = r#"
[recipe]
name = "plain"
version = 1
role = "warehouse"

[auth]
kind = "session"
header = "X-Session"
value = "{session.token}"
login = { request = { method = "POST", path = "/login", json = { password = "{secret.password}" } }, token = "reply.json.token" }

[operation.release]
mode = "probed"
prepare = [{ name = "ask", request = { method = "GET", path = "/ask" }, replies = [{ when = "true", outcome = "continue" }] }]
request = { method = "POST", path = "/make" }
replies = [{ when = "true", outcome = "continue" }]
then = [{ name = "seal", request = { method = "POST", path = "/seal" }, replies = [{ when = "true", outcome = "succeeded", reference = "'7'", result = { job = "'7'" } }] }]

[operation.release.probe]
request = { method = "GET", path = "/found" }
hits = "reply.json.found"
reference = "hit"
result = { job = "hit" }

[operation.cancel_release]
mode = "idempotent"
request = { method = "POST", path = "/cancel" }
replies = [{ when = "reply.status == 200", outcome = "succeeded" }]
"#;

fn warehouse(server: &Server) -> Connector {
    connector(RECIPE, &server.url, &[("password", "open sesame")])
}

async fn cancel(connector: &Connector) -> Outcome {
    let args = Value::map([("job", Value::text("7"))]);
    let request = request("cancel_release", KEY, &args, Sending::First);
    connector.send(&request).await.outcome
}

#[tokio::test]
async fn every_request_of_an_attempt_carries_its_correlation_id_and_one_trace() {
    let server = Server::start().await;
    let nothing = || json(200, r#"{"token":"0123456789abcdef","found":[]}"#);
    server.script((0..6).map(|_| nothing()));
    let args = crate::golden::arguments();
    landed(
        warehouse(&server)
            .send(&request("release", KEY, &args, Sending::First))
            .await,
    );
    let lines = [
        "POST /login",
        "GET /found",
        "GET /ask",
        "POST /make",
        "POST /seal",
        "GET /found",
    ];
    assert_eq!(server.lines(), lines);
    for request in server.requests() {
        assert!(request.contains(TRACE), "{request}");
        assert!(request.contains("x-correlation-id: demo:16\r\n"), "{request}");
    }
}

#[tokio::test]
async fn one_connection_serves_one_request_after_the_other() {
    let server = Server::start().await;
    let login = kept(200, r#"{"token":"0123456789abcdef"}"#);
    server.script([login].into_iter().chain((0..20).map(|_| kept(200, "{}"))));
    let connector = warehouse(&server);
    for _ in 0..20 {
        assert!(matches!(cancel(&connector).await, Outcome::Succeeded(_)));
    }
    assert_eq!((server.lines().len(), server.connections()), (21, 1));
}

#[tokio::test]
async fn a_connection_closed_meanwhile_is_replaced_and_never_sends_twice() {
    let server = Server::start().await;
    server.script([
        json(200, r#"{"token":"0123456789abcdef"}"#),
        json(200, "{}"),
        json(200, "{}"),
    ]);
    let connector = warehouse(&server);
    for _ in 0..2 {
        assert!(matches!(cancel(&connector).await, Outcome::Succeeded(_)));
    }
    assert_eq!((server.lines().len(), server.connections()), (3, 3));
}

#[tokio::test]
async fn silence_is_given_up_in_time_and_is_in_doubt() {
    let server = Server::start().await;
    server.script([json(200, r#"{"token":"0123456789abcdef"}"#), Answer::Silence]);
    let args = Value::map([("job", Value::text("7"))]);
    let mut request = request("cancel_release", KEY, &args, Sending::First);
    request.timeout_ms = 300;
    let started = Instant::now();
    let outcome = warehouse(&server).send(&request).await.outcome;
    let took = started.elapsed();
    assert!(
        matches!(&outcome, Outcome::Unknown(fault) if fault.class == FaultClass::Timeout),
        "{outcome:?}"
    );
    assert!(
        took >= Duration::from_millis(300) && took < Duration::from_secs(3),
        "{took:?}"
    );
}

#[tokio::test]
async fn nobody_listening_means_nothing_happened() {
    let server = Server::start().await;
    let connector = warehouse(&server);
    drop(server);
    let outcome = cancel(&connector).await;
    assert!(
        matches!(&outcome, Outcome::Failed(fault) if fault.class == FaultClass::Connect),
        "{outcome:?}"
    );
}
