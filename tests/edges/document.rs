//! The OpenAPI document is the router, no more and no less.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use crate::server::Home;

const ROUTER: &str = include_str!("../../api/src/router.rs");

#[tokio::test]
async fn every_operation_answers_and_every_other_method_does_not() {
    let server = Home::new();
    let server = server.serve().with_orders().await;
    let document = server.get("", "/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let methods = ["get", "put", "post", "delete", "patch"];
    for (path, operations) in document["paths"].as_object().expect("paths") {
        let filled = path
            .replace("{root}", "eu-shop:16")
            .replace("{source}", "eu-shop")
            .replace("{area}", "api")
            .replace("{code}", "no-order")
            .replace(['{', '}'], "");
        for method in methods {
            let verb: Method = method.to_uppercase().parse().expect("a method");
            let answer = server.ask("viewer", verb, &filled, None).await;
            let declared = &operations[method];
            assert_eq!(
                answer.status != 405,
                declared.is_object(),
                "{method} {filled}: {answer:?}"
            );
            if declared.is_object() {
                let status = answer.status.as_u16().to_string();
                assert!(
                    declared["responses"][&status].is_object(),
                    "{method} {path} does not declare {status}"
                );
                assert_ne!(answer.code(), "api/no-route", "{method} {filled}");
            }
        }
    }
}

/// A route can only be added together with its operation: nothing in the router goes round the document.
#[test]
fn no_route_is_added_without_its_operation() {
    for detour in [
        ".route(",
        ".route_service(",
        ".nest_service(",
        ".fallback(",
        "Router::new().get",
        "axum::routing",
    ] {
        assert!(
            !ROUTER.contains(detour),
            "{detour} adds what the document does not have"
        );
    }
}

#[tokio::test]
async fn every_operation_is_whole() {
    let server = Home::new();
    let server = server.serve();
    let document = server.get("", "/openapi.json").await.json();
    let mut ids = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let about = format!("{method} {path}");
            assert!(
                ids.insert(operation["operationId"].to_string()),
                "{about}: its id is taken"
            );
            assert!(operation["summary"].is_string(), "{about} says nothing");
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            for parameter in &parameters {
                assert!(parameter["description"].is_string(), "{about}: {parameter}");
            }
            let holes = path.matches('{').count();
            let in_path = parameters.iter().filter(|one| one["in"] == "path").count();
            assert_eq!(holes, in_path, "{about}");
            problems(&about, operation);
            assert_eq!(
                operation["security"].is_array(),
                path.starts_with("/api/"),
                "{about}"
            );
        }
    }
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    let text = document.to_string();
    for reference in text
        .split("#/components/schemas/")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
    {
        assert!(schemas.contains_key(reference), "{reference} is not there");
    }
}

fn problems(about: &str, operation: &Value) {
    let answers = operation["responses"].as_object().expect("responses");
    assert!(
        answers.keys().any(|status| status.starts_with('2')),
        "{about} never succeeds"
    );
    for (status, answer) in answers.iter().filter(|(status, _)| !status.starts_with('2')) {
        let schema = &answer["content"]["application/problem+json"]["schema"]["$ref"];
        assert_eq!(schema, "#/components/schemas/Problem", "{about} {status}");
    }
}
