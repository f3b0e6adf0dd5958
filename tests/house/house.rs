//! A server on a store of its own, with nobody behind it.

use std::path::Path;

use amends::config::Config;
use amends::server::identity::new_store_id;
use amends::server::{Server, Tests, start};
use amends_api::client::Client;
use amends_api::role::Role;
use amends_api::token::{self, Wanted};
use amends_engine::Millis;
use amends_storage::{Commit, Identity, Log as _, Options, Sled};

pub(crate) struct House {
    config: Config,
    pub(crate) token: String,
    http: reqwest::Client,
    _folder: tempfile::TempDir,
}

impl House {
    /// A house with `more` in its configuration.
    pub(crate) fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = include_str!("../../src/config/sandbox.toml")
            .replace("http://127.0.0.1:7420", "http://127.0.0.1:8091")
            .replace("sandbox-webhook-secret", &secret());
        let path = Path::new("house.toml");
        let mut config = Config::parse(&format!("{text}\n{more}"), path, &|_| None)
            .unwrap_or_else(|error| panic!("{}", error.listing()));
        config.server.listen = "127.0.0.1:0".parse().unwrap();
        config.store.folder = folder.path().join("store");
        let identity = Identity::new(&new_store_id(), 0).unwrap();
        let mut store = Sled::open_or_create(&config.store.folder, &Options::default(), identity).unwrap();
        let created = token::create(&[], &Wanted::new("kim", Role::Admin), "test", Millis(0)).unwrap();
        let commit = Commit {
            writes: created.writes,
            ..Commit::default()
        };
        store.commit(&commit).unwrap();
        Self {
            config,
            token: created.secret.reveal().to_owned(),
            http: reqwest::Client::new(),
            _folder: folder,
        }
    }

    pub(crate) async fn serve(&self) -> (Server, Client) {
        let server = start(&self.config, Tests::default()).await.unwrap();
        let client = Client::new(&server.url, &self.token);
        (server, client)
    }

    /// Posts a genuine delivery as the shop did.
    pub(crate) async fn deliver(&self, server: &Server, fixture: &str) {
        let delivery = fixture_of(fixture);
        let mut request = self
            .http
            .post(format!("{}/hooks/woocommerce/demo", server.url))
            .body(delivery["body"].as_str().unwrap().to_owned());
        for header in delivery["headers"].as_array().unwrap() {
            let (name, value) = (header[0].as_str().unwrap(), header[1].as_str().unwrap());
            if name.starts_with("X-WC") || name == "Content-Type" {
                request = request.header(name, value);
            }
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
    }
}

fn fixture_of(name: &str) -> serde_json::Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/woocommerce");
    let text = std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn secret() -> String {
    let delivery = fixture_of("07-created-paid-1.order.created");
    delivery["secret"].as_str().unwrap().to_owned()
}
