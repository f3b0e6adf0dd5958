//! Credentials and persons stay out of what is recorded.

use std::sync::OnceLock;

use amends_connectors::recipe::Sending;
use amends_engine::Value;
use amends_engine::outcome::Outcome;
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::bench::{connector, request};
use crate::server::{Server, answer, json};

const RECIPE: &str = r#"
[recipe]
name = "leaky"
version = 1
role = "storefront"

[auth]
kind = "query"
name = "api_key"
value = "{secret.key}"

[defaults]
headers = { X-Also = "Key {secret.key}" }

[operation.notify]
mode = "at-most-once"
request = { method = "POST", path = "/notes", json = { note = "{args.note}" } }

[[operation.notify.replies]]
when = "reply.status == 200"
outcome = "succeeded"
reference = "reply.json.echo"
result = { note = "reply.json.echo" }

[[operation.notify.replies]]
when = "true"
outcome = "rejected"
code = "reply.json.echo"
message = "reply.json.echo"
"#;

fn world() -> &'static (Runtime, Server) {
    static WORLD: OnceLock<(Runtime, Server)> = OnceLock::new();
    WORLD.get_or_init(|| {
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(Server::start());
        (runtime, server)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_secret_echoed_by_the_other_side_is_recorded_nowhere(
        secret in "[!-~]{2}[ -~]{8,20}[!-~]{2}",
        status in prop_oneof![Just(200_u16), Just(400)],
    ) {
        let (runtime, server) = world();
        let connector = connector(RECIPE, &server.url, &[("key", &secret)]);
        let body = serde_json::json!({"echo": format!("we got {secret} from you")}).to_string();
        server.script([answer(status, &format!("x-echo: {secret}\r\nset-cookie: s={secret}\r\n"), &body)]);
        let args = Value::map([("note", Value::text("hello"))]);
        let sent = runtime.block_on(connector.send(&request("notify", "k", &args, Sending::First)));

        let wire = server.requests().join("\n");
        prop_assert!(wire.contains(&format!("Key {secret}")), "it is sent as it is: {}", wire);
        let recorded = serde_json::to_value(&sent.exchange).unwrap();
        let shown = format!("{connector:?}");
        let mut texts = vec![shown];
        strings(&recorded, &mut texts);
        match &sent.outcome {
            Outcome::Succeeded(landing) => {
                texts.extend(landing.reference.clone());
                texts.push(landing.result.to_string());
            }
            Outcome::Rejected(fault) => {
                texts.push(fault.message.clone());
                texts.extend(fault.code.clone());
            }
            other @ (Outcome::Accepted(_) | Outcome::Failed(_) | Outcome::Unknown(_)) => {
                prop_assert!(false, "{other:?}");
            }
        }
        for text in texts {
            prop_assert!(!text.contains(&secret), "{}", text);
            let escaped = serde_json::Value::from(secret.as_str()).to_string();
            prop_assert!(!text.contains(escaped.trim_matches('"')), "{}", text);
        }
    }
}

/// Every text in some JSON.
fn strings(json: &serde_json::Value, found: &mut Vec<String>) {
    match json {
        serde_json::Value::String(text) => found.push(text.clone()),
        serde_json::Value::Array(elements) => elements.iter().for_each(|element| strings(element, found)),
        serde_json::Value::Object(fields) => fields.values().for_each(|field| strings(field, found)),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
    }
}

#[tokio::test]
async fn bodies_are_cut_and_sentences_name_nobody() {
    let server = Server::start().await;
    let connector = connector(RECIPE, &server.url, &[("key", "open sesame")]);
    let long = format!("Ada Byron of Ada Byron Ltd {}", "x".repeat(40_000));
    server.script([json(400, &serde_json::json!({"echo": long}).to_string())]);
    let args = Value::map([
        ("note", Value::Text("y".repeat(40_000))),
        ("customer", Value::map([("name", Value::text("Ada Byron"))])),
    ]);
    let sent = connector
        .send(&request("notify", "k", &args, Sending::First))
        .await;
    let Outcome::Rejected(fault) = &sent.outcome else {
        panic!("{:?}", sent.outcome);
    };
    assert!(
        fault.message.starts_with("… of … Ltd xxx") && fault.message.len() < 400,
        "{}",
        fault.message
    );
    let turn = sent.exchange.turns.first().unwrap();
    assert!(turn.body.is_cut() && turn.body.text.len() <= 16 * 1024);
    assert_eq!(turn.body.bytes, 40_000 + r#"{"note":""}"#.len());
}
