//! Tokens over their life: made, used, listed, revoked, expired; over the API and beside a stopped store.

use reqwest::Method;
use serde_json::json;

use crate::server::{Home, Server, token};

async fn status_of(server: &Server, secret: &str) -> u16 {
    let request = server.request(Method::GET, "/api/v1/me").bearer_auth(secret);
    server.send(request).await.status.as_u16()
}

#[tokio::test]
async fn a_token_works_from_its_making_to_its_revocation() {
    let home = Home::new();
    let server = home.serve();
    let wanted = json!({ "name": "kim", "role": "finance", "shops": ["us-shop"], "days": 30 });
    let made = server
        .ask("admin", Method::POST, "/api/v1/tokens", Some(wanted))
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    let secret = made.json()["token"].as_str().expect("a token").to_owned();

    let me = server
        .send(server.request(Method::GET, "/api/v1/me").bearer_auth(&secret))
        .await
        .json();
    assert_eq!(
        (&me["name"], &me["role"], &me["shops"]),
        (&json!("kim"), &json!("finance"), &json!(["us-shop"]))
    );
    assert!(!me["may"].to_string().contains("tokens"), "{me}");

    let listed = server.get("admin", "/api/v1/tokens").await;
    assert!(!listed.text.contains(&secret), "a list shows no secrets");
    let kim = listed.json()["tokens"]
        .as_array()
        .expect("tokens")
        .iter()
        .find(|one| one["name"] == "kim")
        .cloned();
    let kim = kim.expect("kim is listed");
    assert_eq!(
        (&kim["created_by"], &kim["expired"], &kim["configured"]),
        (&json!("admin"), &json!(false), &json!(false))
    );

    assert_eq!(status_of(&server, &secret).await, 200);
    let gone = server
        .ask("admin", Method::DELETE, "/api/v1/tokens/kim", None)
        .await;
    assert_eq!(gone.status, 200, "{gone:?}");
    assert_eq!(status_of(&server, &secret).await, 401);
    server.stop();
    let server = home.serve();
    assert_eq!(status_of(&server, &secret).await, 401, "revoked across a restart");
}

#[tokio::test]
async fn the_command_line_makes_lists_and_revokes_beside_a_stopped_store_and_through_a_server() {
    let home = Home::new();
    let made = home.run(&["token", "create", "--name", "first", "--role", "admin"]);
    assert!(made.status.success(), "{made:?}");
    let first = String::from_utf8_lossy(&made.stdout).trim().to_owned();
    let server = home.serve();
    assert_eq!(status_of(&server, &first).await, 200);

    let online = |args: &[&str]| {
        let more = ["--url", &server.url, "--token", &first];
        let output = home.run(&args.iter().chain(&more).copied().collect::<Vec<_>>());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let second = online(&[
        "token", "create", "--name", "second", "--shop", "eu-shop", "--days", "7",
    ]);
    assert_eq!(status_of(&server, second.trim()).await, 200);
    let listed = online(&["token", "list"]);
    assert!(
        listed.contains("second") && listed.contains("eu-shop") && listed.contains("first"),
        "{listed}"
    );
    online(&["token", "revoke", "second"]);
    assert_eq!(status_of(&server, second.trim()).await, 401);
    let trail = online(&["audit"]);
    for told in [
        "console",
        "first",
        "second",
        "made with the role support",
        "revoked",
    ] {
        assert!(trail.contains(told), "{told}: {trail}");
    }
    server.stop();

    let listed = home.run(&["token", "list"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("first") && !listed.contains("second"), "{listed}");
    assert!(home.run(&["token", "revoke", "first"]).status.success());
    assert_eq!(status_of(&home.serve(), &first).await, 401);
    assert_eq!(status_of(&home.serve(), &token("viewer")).await, 200);
}
