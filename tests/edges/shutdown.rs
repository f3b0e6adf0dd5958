//! Stopping as systemd stops: what is under way is answered, nothing new is taken, and the end comes within a bound.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::server::{Home, Server, token};

/// Drain of HTTP and of the engine together, as docs/running.md has it.
const BOUND: Duration = Duration::from_secs(15);
const BODY: &str = r#"{"command":"hold","reason":"just in time"}"#;

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.url.trim_start_matches("http://")).expect("the server listens");
    stream
        .set_read_timeout(Some(Duration::from_mins(1)))
        .expect("a timeout can be set");
    stream
}

/// The head of a command and the first half of its body.
fn begin(stream: &mut TcpStream) {
    let head = format!(
        "POST /api/v1/orders/eu-shop:16/commands HTTP/1.1\r\nhost: amends\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        token("support"),
        BODY.len()
    );
    stream.write_all(head.as_bytes()).expect("the head is sent");
    stream
        .write_all(&BODY.as_bytes()[..10])
        .expect("half of the body is sent");
    stream.flush().expect("it is sent");
}

/// Waits until nothing listens any more.
async fn until_deaf(server: &Server) {
    let begun = Instant::now();
    while TcpStream::connect(server.url.trim_start_matches("http://")).is_ok() {
        assert!(begun.elapsed() < BOUND, "it still listens");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_under_way_is_answered_and_durable() {
    let home = Home::new();
    let server = home.serve().with_order("eu-shop").await;
    let mut stream = connect(&server);
    begin(&mut stream);
    // The head has arrived once the server answers a later connection.
    server.durable().await;
    server.terminate();
    until_deaf(&server).await;
    stream
        .write_all(&BODY.as_bytes()[10..])
        .expect("the rest is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it is answered");
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    let (code, log) = server.stop();
    assert_eq!(code, Some(0), "{log}");

    let again = home.serve();
    let order = again.get("support", "/api/v1/orders/eu-shop:16").await.json();
    assert_ne!(order["instances"][0]["held"], Value::Null, "{order:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_never_ends_does_not_hold_the_server() {
    let home = Home::new();
    let server = home.serve().with_order("eu-shop").await;
    let mut stream = connect(&server);
    begin(&mut stream);
    server.durable().await;
    let begun = Instant::now();
    let (code, log) = server.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(
        begun.elapsed() < BOUND + Duration::from_secs(5),
        "it took {:?}",
        begun.elapsed()
    );
    assert!(log.contains("connections were still open"), "{log}");
    let before = home.fingerprint();
    home.serve().stop();
    assert_eq!(home.fingerprint(), before, "half a command did something");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_encrypts_where_it_has_a_certificate() {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("a certificate");
    let digest = amends_engine::Digest::of(token("viewer").as_bytes());
    let home = Home::with(&format!(
        "[server]\nlisten = \"127.0.0.1:0\"\ntls = {{ certificate = \"tls.crt\", key = \"tls.key\" }}\n\
         tokens.viewer = {{ digest = \"sha256:{digest}\", role = \"viewer\" }}\n[store]\nfolder = \"store\"\n"
    ));
    std::fs::write(home.path("tls.crt"), made.cert.pem()).expect("the folder can be written");
    std::fs::write(home.path("tls.key"), made.signing_key.serialize_pem())
        .expect("the folder can be written");
    let server = home.serve();
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    let plain = connect_plain(&server);
    assert!(
        !plain.starts_with("HTTP/1.1 2"),
        "it answers unencrypted: {plain}"
    );

    let root = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).expect("a certificate");
    let client = reqwest::Client::builder()
        .add_root_certificate(root)
        .build()
        .expect("a client");
    let asked = client
        .get(format!("{}/api/v1/me", server.url))
        .bearer_auth(token("viewer"));
    let answer = asked.send().await.expect("the server answers");
    assert_eq!(answer.status(), 200);
    let (code, log) = server.stop();
    assert_eq!(code, Some(0), "{log}");

    std::fs::write(home.path("tls.key"), "no key").expect("the folder can be written");
    let output = home.run(&["serve"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(1) && said.contains("tls.key"),
        "{said}"
    );
}

fn connect_plain(server: &Server) -> String {
    let mut stream =
        TcpStream::connect(server.url.trim_start_matches("https://")).expect("the server listens");
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .expect("it is sent");
    let mut answer = Vec::new();
    // A closed connection is an answer too.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}
