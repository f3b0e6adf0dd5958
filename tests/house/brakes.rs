//! Brakes outlive the process that was told of them.

use amends::server::Server;
use serde_json::Value;

use crate::house::House;

async fn ready(server: &Server) -> String {
    let url = format!("{}/readyz", server.url);
    reqwest::get(url).await.unwrap().text().await.unwrap()
}

fn by(brakes: &Value, pointer: &str) -> Option<String> {
    let brake = brakes.pointer(pointer)?;
    Some(brake.get("by")?.as_str()?.to_owned())
}

#[tokio::test]
async fn what_was_stopped_stays_stopped_over_a_restart() {
    let house = House::new("");
    let (server, client) = house.serve().await;
    for path in ["/money/pause", "/effects/pause", "/connectors/erp/pause"] {
        client.brake(path, "stock-taking").await.unwrap();
    }
    server.stop().await.unwrap();

    let (server, client) = house.serve().await;
    let brakes = client.brakes().await.unwrap();
    for pointer in ["/money", "/effects", "/connectors/erp"] {
        assert_eq!(by(&brakes, pointer).as_deref(), Some("kim"), "{brakes:#}");
    }
    let status = client.status().await.unwrap();
    assert_eq!(status["effects_paused"], true, "{status:#}");
    assert_eq!(status["money_paused"], true, "{status:#}");
    assert_eq!(status["connectors"][0]["connector"], "erp", "{status:#}");
    assert_eq!(status["connectors"][0]["paused"], true, "{status:#}");
    let details = ready(&server).await;
    for words in ["effects are paused", "money is paused", "erp is paused"] {
        assert!(details.contains(words), "{words}: {details}");
    }

    for path in ["/money/resume", "/effects/resume", "/connectors/erp/resume"] {
        client.brake(path, "counted").await.unwrap();
    }
    server.stop().await.unwrap();
    let (server, client) = house.serve().await;
    let brakes = client.brakes().await.unwrap();
    for pointer in ["/money", "/effects", "/connectors/erp"] {
        assert_eq!(by(&brakes, pointer), None, "{brakes:#}");
    }
    let details = ready(&server).await;
    assert!(details.contains("\"details\":[]"), "{details}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_brake_needs_a_reason_and_a_connector_that_exists() {
    let house = House::new("");
    let (server, client) = house.serve().await;
    let refused = client.brake("/money/pause", "  ").await.unwrap_err();
    assert!(refused.to_string().contains("command/no-reason"), "{refused}");
    let refused = client.brake("/connectors/erq/pause", "why").await.unwrap_err();
    assert!(refused.to_string().contains("there are erp"), "{refused}");
    let brakes = client.brakes().await.unwrap();
    assert_eq!(by(&brakes, "/money"), None, "{brakes:#}");
    server.stop().await.unwrap();
}
