//! Every route and every command, asked for by every role: let through where the table says so, and only there.

use amends_api::role::{Act, Role};
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Home, Server};

const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/api.md");
const BEGIN: &str = "<!-- roles: written by the test roles, do not edit -->\n";
const END: &str = "<!-- end of roles -->\n";

#[test]
fn the_guide_has_the_table() {
    let page = std::fs::read_to_string(GUIDE).expect("docs/api.md is there");
    let (before, rest) = page
        .split_once(BEGIN)
        .expect("the page marks where the table begins");
    let (table, after) = rest.split_once(END).expect("the page marks where the table ends");
    let expected = format!("\n{}\n", amends_api::role::table());
    if table != expected && std::env::var_os("AMENDS_WRITE_DOCS").is_some() {
        std::fs::write(GUIDE, format!("{before}{BEGIN}{expected}{END}{after}"))
            .expect("the page can be written");
    } else {
        assert_eq!(
            table, expected,
            "docs/api.md is stale: AMENDS_WRITE_DOCS=1 cargo test --test edges roles"
        );
    }
}

/// The routes behind the gate as the document has them: method, path with its holes filled in, act.
async fn routes(server: &Server) -> Vec<(Method, String, Act)> {
    let document = server.get("", "/openapi.json").await.json();
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("operations") {
            let Some(name) = operation["x-act"].as_str() else {
                continue;
            };
            let act = Act::ALL
                .iter()
                .find(|act| act.name() == name)
                .expect("a known act");
            let method: Method = method.to_uppercase().parse().expect("a method");
            routes.push((method, fill(path), *act));
        }
    }
    routes
}

fn fill(path: &str) -> String {
    [
        ("{root}", "eu-shop:16"),
        ("{source}", "eu-shop"),
        ("{id}", "none"),
        ("{connector}", "none"),
        ("{name}", "none"),
    ]
    .iter()
    .fold(path.to_owned(), |path, (hole, value)| path.replace(hole, value))
}

/// Asks for `path` with a body that is refused wherever it is read, so that probing changes nothing.
async fn denied(server: &Server, role: Role, method: &Method, path: &str) -> bool {
    let body = (*method == Method::POST).then(|| json!({ "probe": true }));
    let answer = server.ask(role.name(), method.clone(), path, body).await;
    assert!(
        answer.status.as_u16() < 500,
        "{role:?} {method} {path}: {answer:?}"
    );
    answer.status == 403
}

#[tokio::test]
async fn every_route_and_command_asks_the_table() {
    let server = Home::new();
    let server = server.serve().with_orders().await;
    let routes = routes(&server).await;
    assert!(routes.len() >= 20, "{} routes", routes.len());
    for (method, path, act) in &routes {
        for role in Role::ALL {
            let expected = !act.roles().contains(&role);
            assert_eq!(
                denied(&server, role, method, path).await,
                expected,
                "{role:?} {method} {path} ({act:?})"
            );
        }
        let bare = server.ask("", method.clone(), path, None).await;
        assert_eq!(bare.code(), "api/token-missing", "{method} {path}");
    }
    for act in Act::COMMANDS {
        for role in Role::ALL {
            let wish =
                json!({ "command": act.name(), "reason": "a probe", "dry_run": true, "place": "none" });
            let path = "/api/v1/orders/eu-shop:16/commands";
            let answer = server.ask(role.name(), Method::POST, path, Some(wish)).await;
            let allowed = act.roles().contains(&role);
            assert_eq!(answer.status != 403, allowed, "{role:?} {act:?}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_denial_is_audited_with_who_and_what() {
    let server = Home::new();
    let server = server.serve().with_orders().await;
    let wish = json!({ "command": "close", "reason": "a try" });
    let answer = server
        .ask(
            "support",
            Method::POST,
            "/api/v1/orders/eu-shop:16/commands",
            Some(wish),
        )
        .await;
    assert_eq!(answer.code(), "api/not-permitted");
    let stale = json!({ "command": "close", "reason": "too late", "revision": 1 });
    let answer = server
        .ask(
            "admin",
            Method::POST,
            "/api/v1/orders/eu-shop:16/commands",
            Some(stale),
        )
        .await;
    assert_eq!(answer.code(), "command/stale");
    let answer = server
        .get("support", "/api/v1/orders/eu-shop:16?reveal=true")
        .await;
    assert!(answer.text.contains("Market St"), "{answer:?}");

    let trail = server.get("finance", "/api/v1/audit").await.json();
    let told: Vec<String> = trail["lines"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| {
            ["actor", "action", "subject"]
                .map(|field| line[field].as_str().unwrap_or_default())
                .join(" ")
        })
        .collect();
    assert_eq!(
        told,
        [
            "support denied eu-shop:16",
            "admin close eu-shop:16",
            "admin refused eu-shop:16",
            "support reveal eu-shop:16",
        ]
    );
    let page = server.get("finance", "/api/v1/audit?limit=3").await.json();
    assert_eq!(
        (page["lines"].as_array().map(Vec::len), &page["after"]),
        (Some(3), &json!(3))
    );
    let rest = server
        .get("finance", "/api/v1/audit?limit=3&after=3")
        .await
        .json();
    assert_eq!(
        (&rest["lines"][0], &rest["after"]),
        (&trail["lines"][3], &Value::Null)
    );
}

#[tokio::test]
async fn personal_data_shows_to_no_viewer_and_to_others_on_request_only() {
    let server = Home::new();
    let server = server.serve().with_orders().await;
    let paths = ["", "/history", "/requests"].map(|part| format!("/api/v1/orders/eu-shop:16{part}"));
    for who in ["viewer", "support", "finance", "admin"] {
        for path in paths
            .iter()
            .map(String::as_str)
            .chain(["/api/v1/orders", "/api/v1/deliveries?source=eu-shop"])
        {
            let answer = server.get(who, path).await;
            assert_eq!(answer.status, 200, "{who} {path}: {answer:?}");
            for personal in [
                "Ana",
                "Ruiz",
                "Market St",
                "94103",
                "ana@example.test",
                "4155550100",
            ] {
                assert!(!answer.text.contains(personal), "{who} {path} shows {personal}");
            }
        }
    }
}
