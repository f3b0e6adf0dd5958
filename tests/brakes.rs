//! Brakes outlive the process that was told of them.

#![expect(
    clippy::unwrap_used,
    reason = "tests fail by panicking; helpers outside test functions do so too"
)]

use amends::config::Config;
use amends::server::{Server, Tests, start};
use amends_api::client::Client;
use amends_api::role::Role;
use amends_api::token::{self, Wanted};
use amends_engine::Millis;
use amends_storage::{Commit, Identity, Log as _, Options, Sled};
use serde_json::Value;

/// A server on a store of its own, with the sandbox's configuration and nobody behind it.
struct House {
    config: Config,
    token: String,
    _folder: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::sandbox();
        config.server.listen = "127.0.0.1:0".parse().unwrap();
        config.store.folder = folder.path().join("store");
        let identity = Identity::new(&amends::server::identity::new_store_id(), 0).unwrap();
        let mut store = Sled::open_or_create(&config.store.folder, &Options::default(), identity).unwrap();
        let created = token::create(&[], &Wanted::new("kim", Role::Admin), "test", Millis(0)).unwrap();
        let commit = Commit {
            frames: Vec::new(),
            writes: created.writes,
        };
        store.commit(&commit).unwrap();
        Self {
            config,
            token: created.secret.reveal().to_owned(),
            _folder: folder,
        }
    }

    async fn serve(&self) -> (Server, Client) {
        let server = start(&self.config, Tests::default()).await.unwrap();
        let client = Client::new(&server.url, &self.token);
        (server, client)
    }
}

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
    let house = House::new();
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
    let house = House::new();
    let (server, client) = house.serve().await;
    let refused = client.brake("/money/pause", "  ").await.unwrap_err();
    assert!(refused.to_string().contains("command/no-reason"), "{refused}");
    let refused = client.brake("/connectors/erq/pause", "why").await.unwrap_err();
    assert!(refused.to_string().contains("there are erp"), "{refused}");
    let brakes = client.brakes().await.unwrap();
    assert_eq!(by(&brakes, "/money"), None, "{brakes:#}");
    server.stop().await.unwrap();
}
