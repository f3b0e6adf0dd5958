//! The server against its own OpenAPI document, as the holder of each role and as nobody: schemathesis makes up
//! requests, right and wrong, and checks every answer.

use std::path::Path;
use std::process::Command;

use crate::server::{Home, token};

/// Requests made up for each operation and way of making them.
fn examples() -> &'static str {
    match std::env::var("AMENDS_TIER").as_deref() {
        Ok("full") => "500",
        _ => "5",
    }
}

/// Whether `who` may change anything.
async fn holds_the_document(who: &str, may_change: bool) {
    let home = Home::new();
    let (code, _) = home.serve().with_orders().await.stop();
    assert_eq!(code, Some(0));
    let before = home.fingerprint();
    let server = home.serve();
    let mut ask = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/contract.sh"));
    ask.args([&server.url, examples()]);
    ask.env(
        "AMENDS_TOKEN",
        if who.is_empty() { String::new() } else { token(who) },
    );
    let asked = tokio::task::spawn_blocking(move || ask.output().expect("bash runs"));
    let output = asked.await.expect("nobody panics");
    assert!(
        output.status.success(),
        "{who}:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let (code, log) = server.stop();
    assert_eq!(code, Some(0), "{who}: {log}");
    assert!(!log.contains("panicked"), "{who}: {log}");
    assert_eq!(home.fingerprint() != before, may_change, "`{who}`: what changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_finds_the_document_kept_and_changes_nothing() {
    holds_the_document("viewer", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn support_finds_the_document_kept() {
    holds_the_document("support", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn finance_finds_the_document_kept() {
    holds_the_document("finance", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_finds_the_document_kept() {
    holds_the_document("admin", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_finds_the_document_kept_and_changes_nothing() {
    holds_the_document("", false).await;
}
