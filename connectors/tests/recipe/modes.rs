//! How each mode is carried out: what is sent in which order, and what it amounts to.

use std::time::{Duration, Instant};

use amends_connectors::recipe::{CheckReport, Connector, Sending, shipped};
use amends_engine::Value;
use amends_engine::outcome::{FaultClass, Outcome, Probe};

use crate::bench::{connector, landed, request};
use crate::server::{Answer, Server, json};

const KEY: &str = "k3x9/demo:16/order-to-cash/notify/do/0";

/// The sixteen digits that stand for the key in a note.
fn mark() -> String {
    amends_engine::Digest::of(KEY.as_bytes())
        .to_string()
        .chars()
        .take(16)
        .collect()
}

fn note(id: u32) -> String {
    format!(r#"{{"id":{id},"note":"Hello (ref {})"}}"#, mark())
}

fn notes(ids: &[u32]) -> Answer {
    let notes: Vec<_> = ids.iter().map(|id| note(*id)).collect();
    json(
        200,
        &format!(r#"[{{"id":1,"note":"another"}},{}]"#, notes.join(",")).replace(",]", "]"),
    )
}

fn shop(server: &Server) -> Connector {
    let secrets = [("consumer_key", "ck_sandbox"), ("consumer_secret", "cs_sandbox")];
    connector(&shipped::text("woocommerce").unwrap(), &server.url, &secrets)
}

async fn notify(connector: &Connector, sending: Sending) -> amends_connectors::recipe::Sent {
    let args = Value::map([("order_id", Value::Int(16)), ("note", "Hello".into())]);
    connector.send(&request("notify", KEY, &args, sending)).await
}

const LIST: &str = "GET /wp-json/wc/v3/orders/16/notes";
const MAKE: &str = "POST /wp-json/wc/v3/orders/16/notes";

#[tokio::test]
async fn probed_looks_before_and_after() {
    let server = Server::start().await;
    let connector = shop(&server);

    server.script([notes(&[]), json(201, &note(5)), notes(&[5])]);
    let landing = landed(notify(&connector, Sending::First).await);
    assert_eq!(
        (landing.reference.as_deref(), landing.adopted),
        (Some("5"), false)
    );
    assert!(landing.duplicates.is_empty());
    assert_eq!(server.lines(), [LIST, MAKE, LIST]);

    // What is there before anything of ours was sent is not ours.
    server.script([notes(&[4])]);
    let landing = landed(notify(&connector, Sending::First).await);
    assert_eq!((landing.reference.as_deref(), landing.adopted), (Some("4"), true));
    assert_eq!(server.lines(), [LIST]);

    server.script([notes(&[4, 6])]);
    let landing = landed(notify(&connector, Sending::Again).await);
    assert_eq!(
        (landing.adopted, landing.duplicates),
        (false, vec!["6".to_owned()])
    );
}

#[tokio::test]
async fn probed_names_duplicates_and_believes_its_own_reply_when_the_list_lags() {
    let server = Server::start().await;
    let connector = shop(&server);
    for (after, duplicates) in [
        (notes(&[4, 5]), vec!["4"]),
        (notes(&[]), vec![]),
        (json(500, ""), vec![]),
    ] {
        server.script([notes(&[]), json(201, &note(5)), after]);
        let landing = landed(notify(&connector, Sending::First).await);
        assert_eq!(landing.reference.as_deref(), Some("5"));
        assert_eq!(landing.duplicates, duplicates);
    }
}

#[tokio::test]
async fn nothing_is_sent_while_the_look_up_fails() {
    let server = Server::start().await;
    let connector = shop(&server);
    for (answer, class) in [
        (json(500, ""), FaultClass::Server),
        (json(200, "{\"notes\":[]}"), FaultClass::Unreadable),
        (json(200, "[{\"id\":1}]"), FaultClass::Unreadable),
        (Answer::Bytes(Vec::new()), FaultClass::Broken),
        (Answer::Silence, FaultClass::Timeout),
    ] {
        server.script([answer]);
        let started = Instant::now();
        let sent = notify(&connector, Sending::First).await;
        assert!(
            matches!(&sent.outcome, Outcome::Failed(fault) if fault.class == class),
            "{:?}",
            sent.outcome
        );
        assert_eq!(server.lines(), [LIST]);
        assert!(
            started.elapsed() < Duration::from_secs(4),
            "the attempt ends in its time"
        );
    }
    server.script([json(500, "")]);
    let args = Value::map([("order_id", Value::Int(16)), ("note", "Hello".into())]);
    let probed = connector
        .probe(&request("notify", KEY, &args, Sending::Again))
        .await;
    assert!(matches!(probed.probe, Probe::Failed(_)), "{:?}", probed.probe);
}

fn erp(server: &Server) -> Connector {
    connector(
        &shipped::text("tryton").unwrap(),
        &server.url,
        &[("password", "open sesame")],
    )
}

async fn invoice(connector: &Connector) -> amends_connectors::recipe::Sent {
    let args = Value::map([
        ("customer", Value::text("3")),
        ("order", "17".into()),
        ("currency", "USD".into()),
        ("total_minor", Value::Int(1573)),
    ]);
    connector
        .send(&request("post_invoice", KEY, &args, Sending::First))
        .await
}

fn result(result: &str) -> Answer {
    json(200, &format!(r#"{{"id":1,"result":{result}}}"#))
}

fn login() -> Answer {
    result(r#"[1,"0123456789abcdef",null]"#)
}

fn invoices(found: &[(u32, &str)]) -> Answer {
    let found: Vec<_> = found
        .iter()
        .map(|(id, state)| {
            let total = r#"{"__class__":"Decimal","decimal":"15.7300"}"#;
            format!(r#"{{"id":{id},"state":"{state}","number":"INV-{id}","total_amount":{total}}}"#)
        })
        .collect();
    result(&format!("[{}]", found.join(",")))
}

/// What is asked before an invoice is drafted: customer, currency, accounts.
fn prepared() -> [Answer; 3] {
    [
        r#"[{"id":3,"addresses":[4],"customer_location":7}]"#,
        r#"[{"id":1,"code":"USD"}]"#,
        r#"[{"id":1,"default_account_receivable":39,"default_category_account_revenue":99}]"#,
    ]
    .map(result)
}

fn refused() -> Answer {
    json(
        200,
        r#"{"id":1,"error":["UserError",["The period is closed.","",null]]}"#,
    )
}

/// The remote procedures called, each with its first parameter.
fn calls(server: &Server) -> Vec<String> {
    let call = |request: String| {
        let (_, body) = request.split_once("\r\n\r\n").unwrap();
        let call: serde_json::Value = serde_json::from_str(body).unwrap();
        let method = call.get("method").and_then(serde_json::Value::as_str).unwrap();
        let verb = method.rsplit('.').next().unwrap().to_owned();
        let first = call.pointer("/params/0").unwrap();
        let ids = first
            .as_array()
            .filter(|list| list.iter().all(serde_json::Value::is_i64));
        ids.map_or(verb.clone(), |_| format!("{verb} {first}"))
    };
    server.requests().into_iter().map(call).collect()
}

#[tokio::test]
async fn staged_keeps_the_oldest_draft_and_removes_the_others() {
    let server = Server::start().await;
    let connector = erp(&server);
    let posted = || invoices(&[(7, "posted")]);

    let begun = [login(), invoices(&[])].into_iter().chain(prepared());
    server.script(begun.chain([
        result("[7]"),
        invoices(&[(7, "draft")]),
        result("null"),
        posted(),
        posted(),
    ]));
    let landing = landed(invoice(&connector).await);
    assert_eq!(
        (landing.reference.as_deref(), landing.adopted),
        (Some("INV-7"), false)
    );
    assert_eq!(
        landing.result,
        Value::map([("invoice", Value::text("7")), ("total_minor", Value::Int(1573))])
    );
    let all = [
        "login",
        "search_read",
        "read [3]",
        "search_read",
        "read [1]",
        "create",
        "search_read",
        "post [7]",
        "read [7]",
        "search_read",
    ];
    assert_eq!(calls(&server), all);

    let drafts = invoices(&[(7, "draft"), (8, "draft"), (9, "validated")]);
    server.script([
        drafts,
        result("null"),
        result("null"),
        result("null"),
        posted(),
        posted(),
    ]);
    landed(invoice(&connector).await);
    assert_eq!(
        calls(&server),
        [
            "search_read",
            "cancel [8]",
            "cancel [9]",
            "post [7]",
            "read [7]",
            "search_read"
        ]
    );

    server.script([posted()]);
    assert!(landed(invoice(&connector).await).adopted);
    assert_eq!(calls(&server), ["search_read"]);
}

#[tokio::test]
async fn staged_fails_plainly_before_the_confirmation_and_is_in_doubt_from_then_on() {
    let server = Server::start().await;
    let connector = erp(&server);
    let lost = || Answer::Bytes(Vec::new());
    let draft = || invoices(&[(7, "draft")]);
    server.script([login(), lost()]);
    assert!(
        matches!(invoice(&connector).await.outcome, Outcome::Failed(_)),
        "the list was not read"
    );
    server.script([invoices(&[]), lost()]);
    assert!(
        matches!(invoice(&connector).await.outcome, Outcome::Failed(_)),
        "a question was not answered"
    );
    let asked = || [invoices(&[])].into_iter().chain(prepared());
    server.script(asked().chain([lost()]));
    assert!(
        matches!(invoice(&connector).await.outcome, Outcome::Failed(_)),
        "a draft at most was made"
    );
    server.script(asked().chain([result("[7]"), invoices(&[])]));
    assert!(
        matches!(invoice(&connector).await.outcome, Outcome::Failed(_)),
        "the draft is not listed yet"
    );
    server.script([draft(), lost()]);
    assert!(
        matches!(invoice(&connector).await.outcome, Outcome::Unknown(_)),
        "it may be posted"
    );
    server.script([draft(), result("null"), lost()]);
    assert!(
        matches!(invoice(&connector).await.outcome, Outcome::Unknown(_)),
        "it is posted"
    );
    server.script([draft(), refused(), result("null")]);
    let refused = invoice(&connector).await;
    assert!(matches!(&refused.outcome, Outcome::Rejected(fault) if fault.message == "The period is closed."));
    assert_eq!(
        calls(&server),
        ["search_read", "post [7]", "cancel [7]"],
        "a refused draft is tidied away"
    );
}

#[tokio::test]
async fn a_session_is_shared_renewed_once_and_never_recorded() {
    let server = Server::start().await;
    let connector = erp(&server);
    let token = "YWRtaW46MTowMTIzNDU2Nzg5YWJjZGVm";
    let posted = || invoices(&[(7, "posted")]);

    server.script([login(), posted()]);
    let sent = invoice(&connector).await;
    assert!(
        server
            .requests()
            .concat()
            .contains(&format!("authorization: Session {token}\r\n"))
    );
    let recorded = format!("{:?}", sent.exchange);
    assert!(
        !recorded.contains(token) && !recorded.contains("open sesame"),
        "{recorded}"
    );
    assert!(
        recorded.contains("‹secret.password›") && recorded.contains("Withheld"),
        "{recorded}"
    );

    server.script([json(401, ""), login(), posted()]);
    landed(invoice(&connector).await);
    assert_eq!(calls(&server), ["search_read", "login", "search_read"]);

    server.script([json(401, ""), login(), json(401, "")]);
    let sent = invoice(&connector).await;
    assert!(matches!(&sent.outcome, Outcome::Failed(fault) if fault.class == FaultClass::Auth));

    server.script([json(401, ""), json(401, "")]);
    let sent = invoice(&connector).await;
    assert!(matches!(&sent.outcome, Outcome::Failed(fault) if fault.class == FaultClass::Auth));
    assert_eq!(
        calls(&server),
        ["search_read", "login"],
        "a wrong password is not tried again and again"
    );
}

const CHAIN: &str = r#"
[recipe]
name = "chain"
version = 1
role = "warehouse"

[auth]
kind = "none"

[check]
request = { method = "GET", path = "/ping" }
ok = "reply.json.pong"

[operation.cancel_release]
mode = "idempotent"
name = "open"
request = { method = "POST", path = "/open/{args.job}" }
replies = [{ when = "reply.status == 200", outcome = "continue" }]
end = { outcome = "succeeded", reference = "text(steps.open.json.id)" }

[[operation.cancel_release.then]]
name = "close"
when = "steps.open.json.id > 1"
request = { method = "POST", path = "/close/{steps.open.json.id}" }
replies = [
    { when = "reply.status == 200", outcome = "continue" },
    { when = "reply.status == 410", outcome = "rejected", nothing_left = true },
]
"#;

#[tokio::test]
async fn a_chain_reads_earlier_replies_and_doubts_itself_after_an_effect() {
    let server = Server::start().await;
    let connector = connector(CHAIN, &server.url, &[]);
    let ok = |id: u32| json(200, &format!("{{\"id\":{id}}}"));
    for (script, expected, lines) in [
        (
            vec![ok(7), ok(7)],
            "Succeeded",
            vec!["POST /open/J-1", "POST /close/7"],
        ),
        (vec![ok(1)], "Succeeded", vec!["POST /open/J-1"]),
        (vec![json(429, "")], "Failed", vec!["POST /open/J-1"]),
        (
            vec![ok(7), json(429, "")],
            "Unknown",
            vec!["POST /open/J-1", "POST /close/7"],
        ),
        (
            vec![ok(7), json(400, "")],
            "Unknown",
            vec!["POST /open/J-1", "POST /close/7"],
        ),
        (
            vec![ok(7), json(410, "")],
            "Rejected",
            vec!["POST /open/J-1", "POST /close/7"],
        ),
        // The condition of the second call has no value.
        (vec![json(200, "{}")], "Unknown", vec!["POST /open/J-1"]),
    ] {
        server.script(script);
        let args = Value::map([("job", Value::text("J-1"))]);
        let sent = connector
            .send(&request("cancel_release", KEY, &args, Sending::First))
            .await;
        assert!(
            format!("{:?}", sent.outcome).starts_with(expected),
            "{:?}",
            sent.outcome
        );
        assert_eq!(server.lines(), lines);
        assert_eq!(sent.exchange.turns.len(), lines.len());
    }
}

#[tokio::test]
async fn what_cannot_be_written_is_not_sent() {
    let server = Server::start().await;
    let connector = connector(CHAIN, &server.url, &[]);
    for job in [Value::Null, Value::text(".."), Value::text("")] {
        server.script([]);
        let args = Value::map([("job", job)]);
        let sent = connector
            .send(&request("cancel_release", KEY, &args, Sending::First))
            .await;
        let Outcome::Rejected(fault) = sent.outcome else {
            panic!("{:?}", sent.outcome);
        };
        assert_eq!(fault.code.as_deref(), Some("recipe/render"));
        assert!(server.requests().is_empty());
    }
}

#[tokio::test]
async fn a_check_asks_one_harmless_question() {
    let server = Server::start().await;
    let connector = connector(CHAIN, &server.url, &[]);
    for (given, well) in [
        (json(200, "{\"pong\":true}"), true),
        (json(200, "{\"pong\":false}"), false),
        (json(401, ""), false),
        (Answer::Bytes(Vec::new()), false),
    ] {
        server.script([given]);
        assert_eq!(connector.check().await.is_well(), well);
        assert_eq!(server.lines(), ["GET /ping"]);
    }
    drop(server);
    let report = connector.check().await;
    assert!(
        matches!(&report, CheckReport::Bad { what, .. } if what.contains("no connection")),
        "{report:?}"
    );
}
