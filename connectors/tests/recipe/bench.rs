//! A world with a witness, and a connector for each of its systems.

use std::collections::BTreeMap;
use std::sync::Arc;

use amends_connectors::recipe::{
    Connector, ConnectorSettings, Pool, Recipe, Request, Secret, Secrets, Sending, Sent, shipped,
};
use amends_connectors::sandbox::{Options, Rule, Witness, World};
use amends_engine::outcome::{Landing, Outcome, Probe};
use amends_engine::{ConnectorId, Value};
use amends_workflows::cel::CelEvaluator;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// How long an attempt may take; faults that hold a connection hold it longer.
const TIMEOUT_MS: i64 = 1_500;

/// A key as the engine makes them.
pub(crate) fn key(step: &str) -> String {
    format!("k3x9/demo:16/order-to-cash/{step}/do/0")
}

/// A connector of the recipe's text with these secrets.
pub(crate) fn connector(recipe: &str, base_url: &str, secrets: &[(&str, &str)]) -> Connector {
    connector_with(recipe, base_url, secrets, BTreeMap::new())
}

/// The same with these settings.
pub(crate) fn connector_with(
    recipe: &str,
    base_url: &str,
    secrets: &[(&str, &str)],
    settings: BTreeMap<String, Value>,
) -> Connector {
    let recipe = Recipe::parse(recipe).unwrap_or_else(|errors| panic!("{errors}"));
    let secrets: Secrets = secrets
        .iter()
        .map(|(name, text)| ((*name).to_owned(), Secret::new(*text)))
        .collect();
    let settings = ConnectorSettings {
        id: ConnectorId::new(&*recipe.name),
        base_url: base_url.to_owned(),
        recipe: Arc::new(recipe),
        secrets,
        settings,
        timeout_ms: None,
        pool: Pool::default(),
    };
    Connector::new(settings, Arc::new(CelEvaluator::new())).unwrap()
}

/// A request as the runtime makes them.
pub(crate) fn request<'a>(
    operation: &'a str,
    key: &'a str,
    args: &'a Value,
    sending: Sending,
) -> Request<'a> {
    Request {
        operation,
        key,
        args,
        timeout_ms: TIMEOUT_MS,
        correlation_id: "demo:16",
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        sending,
    }
}

pub(crate) struct Bench {
    world: World,
    witness: Witness,
    client: reqwest::Client,
    _folder: TempDir,
}

impl Bench {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let addr = "127.0.0.1:0".parse().unwrap();
        let witness = Witness::start(&folder.path().join("witness.jsonl"), addr)
            .await
            .unwrap();
        let options = Options {
            witness: Some(witness.url()),
            ..Options::default()
        };
        Self {
            world: World::start(options).await.unwrap(),
            witness,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            _folder: folder,
        }
    }

    pub(crate) fn inject(&self, system: &str, rule: Rule) {
        assert!(self.world.inject(system, rule), "no system {system}");
    }

    /// How often effects of this operation took place.
    pub(crate) fn witnessed(&self, operation: &str) -> usize {
        let effects = self.witness.effects();
        effects
            .iter()
            .filter(|effect| effect.operation == operation)
            .count()
    }

    /// A command to a system's control API.
    pub(crate) async fn control(&self, system: &str, path: &str, body: &Json) -> Json {
        let url = format!(
            "http://{}/{system}/_control/{path}",
            self.world.addresses().control
        );
        let reply = self.client.post(url).json(body).send().await.unwrap();
        assert!(reply.status().is_success(), "{path}: {}", reply.status());
        serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap_or_default()
    }

    /// The connector of a system, by its shipped recipe.
    pub(crate) fn connector(&self, system: &str) -> Connector {
        let addresses = self.world.addresses();
        let (recipe, addr, secrets): (_, _, &[(&str, &str)]) = match system {
            "erp" => ("sandbox-erp", addresses.erp, &[("password", "sandbox-password")]),
            "payments" => (
                "sandbox-payments",
                addresses.payments,
                &[("api_key", "sk_sandbox")],
            ),
            "warehouse" => (
                "sandbox-warehouse",
                addresses.warehouse,
                &[
                    ("api_key", "sandbox-key"),
                    ("callback", "sandbox-callback-secret"),
                ],
            ),
            shop => (
                "woocommerce",
                *addresses.shops.get(shop).unwrap(),
                &[("consumer_key", "ck_sandbox"), ("consumer_secret", "cs_sandbox")],
            ),
        };
        connector(
            &shipped::text(recipe).unwrap(),
            &format!("http://{addr}"),
            secrets,
        )
    }

    /// An intent as the shop's checkout left it.
    pub(crate) async fn intent(&self, seed: Json) -> String {
        let made = self.control("payments", "intents", &seed).await;
        made.pointer("/ids/0").and_then(Json::as_str).unwrap().to_owned()
    }

    pub(crate) async fn authorised(&self) -> String {
        self.intent(json!({"amount": 9189, "currency": "usd", "captured": false}))
            .await
    }
}

/// What an attempt landed; anything else fails the test.
pub(crate) fn landed(sent: Sent) -> Landing {
    match sent.outcome {
        Outcome::Succeeded(landing) | Outcome::Accepted(landing) => landing,
        other @ (Outcome::Rejected(_) | Outcome::Failed(_) | Outcome::Unknown(_)) => {
            panic!("not landed: {other:?}\n{:#?}", sent.exchange)
        }
    }
}

/// What a look-up found; anything else fails the test.
pub(crate) fn found(probe: Probe) -> Landing {
    match probe {
        Probe::Found(landing) => landing,
        other @ (Probe::Absent | Probe::Failed(_)) => panic!("not found: {other:?}"),
    }
}
