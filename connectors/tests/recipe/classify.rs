//! What a reply means.

use std::sync::OnceLock;

use amends_connectors::recipe::{Connector, Sending};
use amends_engine::Value;
use amends_engine::outcome::{FaultClass, Outcome};
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::bench::{connector, request};
use crate::server::{Answer, Server, answer, json};

const RECIPE: &str = r#"
[recipe]
name = "plain"
version = 1
role = "warehouse"

[auth]
kind = "none"

[defaults]
timeout = "1s"
replay = { header = "Idempotent-Replayed" }

[operation.release]
mode = "keyed"
request = { method = "POST", path = "/releases", json = { reference = "{key}" } }

[[operation.release.replies]]
when = "reply.status == 201 && has(reply.json.job)"
outcome = "succeeded"
reference = "reply.json.job"
result = { job = "reply.json.job" }

[[operation.release.replies]]
when = "reply.status == 202"
outcome = "accepted"
result = { job = "reply.json.job" }

[[operation.release.replies]]
when = "reply.status == 200 && has(reply.json.error)"
outcome = "rejected"
code = "reply.json.error"
message = "'told: ' + reply.json.error"

[[operation.release.replies]]
when = "reply.status == 503"
outcome = "failed"
class = "server"
retry_after = "30"

[operation.cancel_release]
mode = "idempotent"
request = { method = "GET", path = "/jobs/{args.job}" }

[[operation.cancel_release.replies]]
when = "reply.status == 200"
outcome = "succeeded"
"#;

/// `succeeded`, or the kind, class and what else a fault carries.
fn told(outcome: &Outcome) -> String {
    let (kind, fault) = match outcome {
        Outcome::Succeeded(landing) => return format!("succeeded {}", landing.result),
        Outcome::Accepted(landing) => return format!("accepted {}", landing.result),
        Outcome::Rejected(fault) => ("rejected", fault),
        Outcome::Failed(fault) => ("failed", fault),
        Outcome::Unknown(fault) => ("unknown", fault),
    };
    let code = fault
        .code
        .as_deref()
        .map(|code| format!(" {code}"))
        .unwrap_or_default();
    let wait = fault
        .retry_after_ms
        .map(|wait| format!(" wait {wait}"))
        .unwrap_or_default();
    let replayed = if fault.replayed { " replayed" } else { "" };
    format!("{kind} {:?}{code}{wait}{replayed}", fault.class)
}

async fn outcome(connector: &Connector, operation: &str) -> Outcome {
    let args = Value::map([("job", Value::text("J-1"))]);
    let request = request(operation, "k", &args, Sending::First);
    connector.send(&request).await.outcome
}

#[tokio::test]
async fn replies_mean_what_rules_and_http_say() {
    let server = Server::start().await;
    let connector = connector(RECIPE, &server.url, &[]);
    let html = "<html>Bad gateway</html>";
    let date = "date: Tue, 24 Nov 2026 07:00:00 GMT\r\n";
    let table: Vec<(Answer, &str)> = vec![
        // Rules.
        (json(201, r#"{"job":"J-1"}"#), r#"succeeded {"job":"J-1"}"#),
        (json(202, r#"{"job":7}"#), r#"accepted {"job":7}"#),
        (json(200, r#"{"error":"closed"}"#), "rejected Business closed"),
        (json(503, "{}"), "failed Server wait 30000"),
        // A success that lacks what it promises, and one no rule explains.
        (json(202, "{}"), "unknown Unreadable"),
        (json(200, "{}"), "unknown Unreadable"),
        (json(204, ""), "unknown Unreadable"),
        // No JSON where JSON is expected.
        (answer(202, "", html), "unknown Unreadable"),
        (json(201, r#"{"job":"J-"#), "unknown Unreadable"),
        (answer(404, "", html), "unknown Unreadable"),
        // HTTP itself.
        (json(400, "{}"), "rejected Business http-400"),
        (json(404, ""), "rejected Business http-404"),
        (json(401, ""), "failed Auth"),
        (answer(403, "", html), "failed Auth"),
        (json(429, ""), "failed Throttled"),
        (
            answer(429, "retry-after: 7\r\n", ""),
            "failed Throttled wait 7000",
        ),
        (
            answer(
                429,
                &format!("{date}retry-after: Tue, 24 Nov 2026 07:00:09 GMT\r\n"),
                "",
            ),
            "failed Throttled wait 9000",
        ),
        (answer(429, "retry-after: soon\r\n", ""), "failed Throttled"),
        (json(408, ""), "unknown Timeout"),
        (json(500, "{}"), "unknown Server"),
        (answer(502, "", html), "unknown Server"),
        (
            answer(500, "idempotent-replayed: true\r\n", ""),
            "unknown Server replayed",
        ),
        (answer(302, "location: /elsewhere\r\n", ""), "unknown Unreadable"),
        // The way there and back.
        (Answer::Silence, "unknown Timeout"),
        (Answer::Bytes(Vec::new()), "unknown Broken"),
        (
            Answer::Bytes(b"HTTP/1.1 201 Told\r\ncontent-length: 99\r\n\r\n{".to_vec()),
            "unknown Broken",
        ),
        (
            Answer::Bytes(b"HTTP/1.1 429 Told\r\ncontent-length: 99\r\n\r\n{".to_vec()),
            "failed Throttled",
        ),
        (
            Answer::Bytes(b"220 mail.example.test ESMTP\r\n".to_vec()),
            "unknown Broken",
        ),
    ];
    for (given, expected) in table {
        server.script([given.clone()]);
        let outcome = outcome(&connector, "release").await;
        assert_eq!(told(&outcome), expected, "{given:?}");
        assert_eq!(server.requests().len(), 1, "{given:?}");
    }
}

#[tokio::test]
async fn a_question_that_gets_lost_changed_nothing() {
    let server = Server::start().await;
    let connector = connector(RECIPE, &server.url, &[]);
    for (given, class) in [
        (json(500, ""), FaultClass::Server),
        (Answer::Bytes(Vec::new()), FaultClass::Broken),
        (Answer::Silence, FaultClass::Timeout),
    ] {
        server.script([given]);
        let outcome = outcome(&connector, "cancel_release").await;
        assert!(
            matches!(&outcome, Outcome::Failed(fault) if fault.class == class),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn nobody_there_means_that_nothing_happened() {
    let server = Server::start().await;
    let connector = connector(RECIPE, &server.url, &[]);
    drop(server);
    let outcome = outcome(&connector, "release").await;
    assert!(
        matches!(&outcome, Outcome::Failed(fault) if fault.class == FaultClass::Connect),
        "{outcome:?}"
    );
}

/// One runtime, server and connector for all cases of the property.
fn world() -> &'static (Runtime, Server, Connector) {
    static WORLD: OnceLock<(Runtime, Server, Connector)> = OnceLock::new();
    WORLD.get_or_init(|| {
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(Server::start());
        let connector = connector(RECIPE, &server.url, &[]);
        (runtime, server, connector)
    })
}

fn any_answer() -> impl Strategy<Value = Vec<u8>> {
    let body = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        r#"\{"(job|error)":("[a-z]{0,5}"|[0-9]{1,40}|null|\[\]|\{\})?\}?"#.prop_map(String::into_bytes),
    ];
    let told = (100_u16..700, "[a-z-]{1,12}", "[ -~]{0,20}", body).prop_map(|(status, name, value, body)| {
        let mut bytes =
            format!("HTTP/1.1 {status} Told\r\nconnection: close\r\n{name}: {value}\r\n\r\n").into_bytes();
        bytes.extend(body);
        bytes
    });
    prop_oneof![4 => told, 1 => prop::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #[test]
    fn whatever_comes_back_is_one_outcome_and_success_only_by_a_rule(bytes in any_answer()) {
        let (runtime, server, connector) = world();
        server.script([Answer::Bytes(bytes.clone())]);
        let outcome = runtime.block_on(outcome(connector, "release"));
        if let Outcome::Succeeded(landing) | Outcome::Accepted(landing) = &outcome {
            prop_assert!(bytes.starts_with(b"HTTP/1.1 20"), "{:?}", outcome);
            prop_assert!(landing.result.get("job").is_some());
        }
        if let Outcome::Failed(fault) = &outcome {
            prop_assert!(matches!(fault.class, FaultClass::Auth | FaultClass::Throttled | FaultClass::Server), "{:?}", fault);
        }
    }
}
