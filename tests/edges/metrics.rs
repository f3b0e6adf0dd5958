//! What Prometheus reads from the running server, and who may read it.

use std::collections::{BTreeMap, BTreeSet};

use amends_runtime::meter::{Form, METRICS};
use reqwest::Method;

use crate::server::{Answer, Home};

const PATH: &str = "/api/v1/metrics";

/// A line of the exposition format: a name, labels as written, a number as written.
fn samples(answer: &Answer) -> BTreeMap<String, f64> {
    let lines = answer
        .text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
            let value = value.parse().unwrap_or_else(|error| panic!("{error}: {line}"));
            (name.to_owned(), value)
        })
        .collect()
}

fn labels(sample: &str) -> BTreeSet<&str> {
    let Some((_, labels)) = sample.split_once('{') else {
        return BTreeSet::new();
    };
    let pairs = labels.trim_end_matches('}').split(',');
    pairs.filter_map(|pair| Some(pair.split_once('=')?.0)).collect()
}

#[tokio::test]
async fn what_happens_is_counted_and_every_sample_is_documented() {
    let home = Home::new();
    let server = home.serve().with_orders().await;
    assert_eq!(
        server
            .ask("", Method::POST, "/hooks/woocommerce/nobody", None)
            .await
            .status,
        404
    );
    assert_eq!(
        server
            .ask("", Method::POST, "/hooks/woocommerce/eu-shop", None)
            .await
            .status,
        401
    );
    let answer = server.get("viewer", PATH).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(
        answer.headers["content-type"].starts_with("text/plain; version=0.0.4"),
        "{answer:?}"
    );

    let seen = samples(&answer);
    for (name, at_least) in [
        ("amends_up", 1.0),
        (r#"amends_instances_started_total{workflow="order-to-cash"}"#, 2.0),
        (r#"amends_deliveries_total{source="eu-shop",answer="kept"}"#, 1.0),
        (
            r#"amends_deliveries_total{source="eu-shop",answer="webhook/unsigned"}"#,
            1.0,
        ),
        (
            r#"amends_deliveries_total{source="",answer="webhook/unknown-shop"}"#,
            1.0,
        ),
        (r#"amends_connector_paused{connector="erp"}"#, 0.0),
        ("amends_commits_total", 2.0),
        ("amends_frames_total", 2.0),
        ("amends_commit_seconds_count", 2.0),
        ("amends_incidents_cleared_total", 0.0),
    ] {
        let value = seen
            .get(name)
            .unwrap_or_else(|| panic!("no {name} in {}", answer.text));
        assert!(*value >= at_least, "{name} is {value}");
    }
    let posted =
        r#"amends_http_requests_total{method="POST",route="/hooks/woocommerce/{shop}",status="200"}"#;
    assert_eq!(seen.get(posted), Some(&2.0), "{}", answer.text);

    for sample in seen.keys() {
        let name = sample.split('{').next().unwrap_or_default();
        let metric = METRICS.iter().find(|metric| {
            let parts = ["_bucket", "_sum", "_count"].map(|part| format!("{}{part}", metric.name));
            name == metric.name || metric.form == Form::Histogram && parts.iter().any(|part| part == name)
        });
        let metric = metric.unwrap_or_else(|| panic!("{sample} is not in the table"));
        let mut wanted: BTreeSet<_> = metric.labels.iter().copied().collect();
        if name.ends_with("_bucket") {
            wanted.insert("le");
        }
        assert_eq!(labels(sample), wanted, "{sample}");
    }
    server.stop();
}

#[tokio::test]
async fn sums_over_all_shops_are_for_tokens_of_all_shops() {
    let home = Home::new();
    let server = home.serve();
    for who in ["viewer", "support", "finance", "admin"] {
        assert_eq!(server.get(who, PATH).await.status, 200, "{who}");
    }
    let answer = server.get("eu-admin", PATH).await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (403, "api/not-permitted")
    );
    let answer = server.get("", PATH).await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (401, "api/token-missing")
    );
    server.stop();
}
