//! Every way to use the command line wrongly: a sentence that says what to do, the documented exit code, and nothing
//! changed.

use std::process::Output;

use serde_json::{Value, json};

use crate::server::{Home, Server, amends, token};

/// Checks an output: exit code, words of the message, no panic.
#[track_caller]
fn check(output: &Output, code: i32, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    // Sentences are wrapped to the width of the terminal, with a bar in front of each line.
    let unbroken = |text: &str| text.replace(|c: char| c.is_whitespace() || c == '│', "");
    for word in words {
        assert!(unbroken(&said).contains(&unbroken(word)), "no {word:?} in {said}");
    }
    assert!(
        !said.contains("panicked") && !said.contains("RUST_BACKTRACE"),
        "{said}"
    );
}

#[test]
fn wrong_usage_is_2_and_says_what_is_right() {
    let home = Home::new();
    check(&home.run(&[]), 2, &["Usage:"]);
    check(
        &home.run(&["orders", "lst"]),
        2,
        &["unrecognized subcommand", "list"],
    );
    check(
        &home.run(&["serve", "--confg", "x"]),
        2,
        &["unexpected argument '--confg'", "--config"],
    );
    check(&home.run(&["token", "create"]), 2, &["--name"]);
    check(
        &home.run(&["token", "create", "--name", "kim", "--role", "king"]),
        2,
        &["viewer", "admin"],
    );
    check(
        &home.run(&["token", "create", "--name", "kim", "--days", "0"]),
        2,
        &["1..=3650"],
    );
}

#[test]
fn a_configuration_that_cannot_be_used_starts_nothing() {
    let home = Home::new();
    let cases: [(&str, &[&str]); 6] = [
        ("[server\nlisten = 1", &["config/syntax", "broken.toml:1"]),
        (
            "[server]\nlissten = \"127.0.0.1:0\"",
            &["config/unknown-key", "did you mean `listen`?"],
        ),
        (
            "[server]\nlisten = \"0.0.0.0:7411\"",
            &["config/open-server", "amends token create"],
        ),
        (
            "[shops.eu]\nurl = \"https://shop.test\"\nsecrets = [{ file = \"no-such-secret\" }]",
            &["config/secret-missing", "no-such-secret"],
        ),
        (
            "[shops.eu]\nurl = \"https://shop.test\"\nsecrets = [{ env = \"AMENDS_NO_SUCH_SECRET\" }]",
            &["config/secret-missing", "AMENDS_NO_SUCH_SECRET"],
        ),
        (
            "[server.tokens.ops]\ndigest = \"hunter2-is-no-digest\"",
            &["config/bad-value", "amends token create"],
        ),
    ];
    for (text, words) in cases {
        std::fs::write(home.path("broken.toml"), text).expect("the folder can be written");
        for command in [["config", "check"].as_slice(), &["serve"]] {
            let output = home.run(&[command, &["--config", "broken.toml"]].concat());
            check(&output, 1, words);
            assert!(
                !String::from_utf8_lossy(&output.stderr).contains("hunter2"),
                "a secret is shown"
            );
        }
    }
    check(
        &home.run(&["serve", "--config", "nowhere.toml"]),
        1,
        &["config/unreadable", "nowhere.toml"],
    );
    check(
        &home.run(&["config", "check", "--config", "."]),
        1,
        &["config/unreadable"],
    );
    assert!(
        !home.path("store").exists() && !home.path("amends-data").exists(),
        "a store was made"
    );
}

#[tokio::test]
async fn a_server_that_refuses_is_told_with_its_code() {
    let home = Home::new();
    let server = home.serve().with_orders().await;
    let durable = server.durable().await;
    let run = |who: &str, args: &[&str]| {
        let more = ["--url", &server.url, "--token", &token(who)].map(ToOwned::to_owned);
        amends(home.folder.path())
            .args(args)
            .args(more)
            .output()
            .expect("the binary runs")
    };
    let hold = ["orders", "do", "eu-shop:16", "hold", "--reason", "a test"];
    check(
        &run("nobody", &["orders", "list"]),
        1,
        &["(api/token-unknown)", "amends token create"],
    );
    check(&run("gone", &["orders", "list"]), 1, &["(api/token-expired)"]);
    check(&run("viewer", &hold), 1, &["(api/not-permitted)", "support"]);
    check(
        &run("support", &["orders", "show", "eu-shop:99"]),
        1,
        &["(api/no-order)"],
    );
    check(
        &run("support", &[&hold[..], &["--revision", "1"]].concat()),
        1,
        &["(command/stale)", "look at it again"],
    );
    check(
        &run(
            "support",
            &["orders", "do", "eu-shop:16", "destroy", "--reason", "x"],
        ),
        1,
        &["(api/unknown-command)"],
    );
    check(
        &run(
            "support",
            &["orders", "do", "eu-shop:16", "resume", "--reason", "x"],
        ),
        1,
        &["(command/not-now)"],
    );
    check(
        &run("support", &["orders", "do", "eu-shop:16", "hold", "--reason", ""]),
        1,
        &["(command/no-reason)"],
    );
    check(
        &run(
            "support",
            &[
                "orders",
                "do",
                "eu-shop:16",
                "complete",
                "--reason",
                "x",
                "--result",
                "{",
            ],
        ),
        1,
        &["--result"],
    );
    check(
        &run("support", &["token", "list"]),
        1,
        &["(api/not-permitted)", "admin"],
    );
    check(
        &run("admin", &["token", "revoke", "viewer"]),
        1,
        &["(api/token-configured)"],
    );
    check(&run("support", &["backup"]), 1, &["(api/not-permitted)"]);
    // Without a token the store itself is opened, which the server holds.
    check(&home.run(&["token", "list"]), 1, &["in use"]);
    check(&home.run(&["journal", "verify"]), 1, &["in use"]);
    assert_eq!(server.durable().await, durable);

    let address = server.url.trim_start_matches("http://");
    let taken = Home::with(&format!("[server]\nlisten = \"{address}\"\n"));
    check(&taken.run(&["serve"]), 1, &[address, "server.listen"]);
    server.stop();
    check(
        &home.run(&["orders", "list", "--url", "http://127.0.0.1:9", "--token", "x"]),
        1,
        &["does not answer", "amends serve"],
    );
}

#[tokio::test]
async fn something_else_that_answers_is_no_server_of_ours() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut seen = [0; 1024];
            let _ = stream.read(&mut seen).await;
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>")
                .await;
        }
    });
    let home = Home::new();
    let output =
        tokio::task::spawn_blocking(move || home.run(&["orders", "list", "--url", &url, "--token", "x"]))
            .await;
    check(&output.expect("the binary runs"), 1, &["no answer of this API"]);
}

#[tokio::test]
async fn files_that_are_not_what_they_should_be_change_no_store() {
    let home = Home::new();
    home.serve().with_orders().await.stop();
    let before = home.fingerprint();
    std::fs::write(home.path("garbage.backup"), b"this is no backup").expect("the folder can be written");
    let restore = |file: &str, store: &str| home.run(&["restore", file, "--as", "copy", "--store", store]);
    check(&restore("garbage.backup", "new"), 1, &["garbage.backup"]);
    check(&restore("absent.backup", "new"), 1, &["absent.backup"]);
    assert!(!home.path("new").exists(), "a store was made of nothing");
    check(
        &home.run(&["journal", "verify", "--store", "absent"]),
        1,
        &["absent"],
    );
    check(
        &home.run(&["connector", "check", "none"]),
        1,
        &["no connector `none`", "erp, payments"],
    );
    check(
        &home.run(&["token", "create", "--name", "viewer"]),
        1,
        &["already"],
    );
    check(
        &home.run(&["token", "create", "--name", "kim lee"]),
        1,
        &["cannot name a token"],
    );
    check(
        &home.run(&["token", "create", "--name", "kim", "--shop", "none"]),
        1,
        &["no shop `none`"],
    );
    check(&home.run(&["token", "revoke", "kim"]), 1, &["amends token list"]);
    assert_eq!(home.fingerprint(), before, "the store is not what it was");

    let server = home.serve();
    let made = server
        .ask("admin", reqwest::Method::POST, "/api/v1/backups", Some(json!({})))
        .await
        .json();
    let file = written(&server, &made).await;
    server.stop();
    check(&restore(&file, "store"), 1, &["store"]);
    let mut bytes = std::fs::read(home.path(&file)).expect("the backup reads");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(home.path("bent.backup"), bytes).expect("the folder can be written");
    check(&restore("bent.backup", "new"), 1, &["bent.backup"]);
    assert_eq!(home.fingerprint(), before, "the store is not what it was");
}

/// The file of a backup that was begun, once it is whole.
async fn written(server: &Server, begun: &Value) -> String {
    let path = format!("/api/v1/backups/{}", begun["id"].as_str().expect("an id"));
    let job = server.until(&path, |job| job["state"] != "running").await;
    job["backup"]["file"].as_str().expect("a file").to_owned()
}
