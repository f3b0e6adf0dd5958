//! A world with a witness, and clients for each of its systems.

use std::future::Future;
use std::time::Duration;

use amends_connectors::sandbox::{Options, Rule, Witness, World};
use reqwest::{Client, Response};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// How long a test waits for something to come true.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Bench {
    pub(crate) world: World,
    pub(crate) witness: Witness,
    pub(crate) client: Client,
    _folder: TempDir,
}

/// Status and body of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Json,
    pub(crate) replayed: bool,
}

impl Bench {
    pub(crate) async fn start() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let addr = "127.0.0.1:0".parse().unwrap();
        let witness = Witness::start(&folder.path().join("witness.jsonl"), addr)
            .await
            .unwrap();
        let options = Options {
            witness: Some(witness.url()),
            ..options
        };
        println!("seed {}", options.seed);
        let world = World::start(options).await.unwrap();
        let client = Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(2))
            .build()
            .unwrap();
        Self {
            world,
            witness,
            client,
            _folder: folder,
        }
    }

    pub(crate) fn inject(&self, system: &str, rule: Rule) {
        assert!(self.world.inject(system, rule), "no system {system}");
    }

    /// How often effects of this operation took place.
    pub(crate) fn witnessed(&self, operation: &str) -> usize {
        self.witness
            .effects()
            .iter()
            .filter(|effect| effect.operation == operation)
            .count()
    }

    /// Base URL of a system or shop.
    pub(crate) fn url(&self, system: &str) -> String {
        let addresses = self.world.addresses();
        let addr = match system {
            "erp" => addresses.erp,
            "payments" => addresses.payments,
            "warehouse" => addresses.warehouse,
            shop => addresses.shops[shop],
        };
        format!("http://{addr}")
    }

    /// One JSON-RPC call; the context that Tryton wants at the end is added.
    pub(crate) async fn rpc(&self, method: &str, params: Json) -> Json {
        self.try_rpc(method, params).await.unwrap().body
    }

    pub(crate) async fn try_rpc(&self, method: &str, params: Json) -> Result<Answer, reqwest::Error> {
        let mut params = params.as_array().unwrap().clone();
        params.push(json!({}));
        let request = self
            .client
            .post(format!("{}/shop/rpc/", self.url("erp")))
            .basic_auth("admin", Some("sandbox-password"))
            .json(&json!({"id": 1, "method": method, "params": params}));
        answer(request.send().await?).await
    }

    /// A form to the payment provider under this idempotency key (empty: none).
    pub(crate) async fn pay(&self, path: &str, key: &str, form: &[(&str, &str)]) -> Answer {
        self.try_pay(path, key, form).await.unwrap()
    }

    pub(crate) async fn try_pay(
        &self,
        path: &str,
        key: &str,
        form: &[(&str, &str)],
    ) -> Result<Answer, reqwest::Error> {
        let url = format!("{}/v1/{path}", self.url("payments"));
        let mut request = self.client.post(url).bearer_auth("sk_sandbox").form(form);
        if !key.is_empty() {
            request = request.header("idempotency-key", key);
        }
        answer(request.send().await?).await
    }

    pub(crate) async fn look_at_payments(&self, path: &str) -> Answer {
        let url = format!("{}/v1/{path}", self.url("payments"));
        answer(
            self.client
                .get(url)
                .bearer_auth("sk_sandbox")
                .send()
                .await
                .unwrap(),
        )
        .await
        .unwrap()
    }

    pub(crate) async fn post_to_warehouse(&self, path: &str, key: &str, body: &Json) -> Answer {
        let url = format!("{}/{path}", self.url("warehouse"));
        let mut request = self
            .client
            .post(url)
            .header("x-api-key", "sandbox-key")
            .json(body);
        if !key.is_empty() {
            request = request.header("idempotency-key", key);
        }
        answer(request.send().await.unwrap()).await.unwrap()
    }

    pub(crate) async fn look_at_warehouse(&self, path: &str) -> Answer {
        let url = format!("{}/{path}", self.url("warehouse"));
        answer(
            self.client
                .get(url)
                .header("x-api-key", "sandbox-key")
                .send()
                .await
                .unwrap(),
        )
        .await
        .unwrap()
    }

    pub(crate) fn shop(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}/wp-json/wc/v3/{path}", self.url("demo"));
        self.client
            .request(method, url)
            .basic_auth("ck_sandbox", Some("cs_sandbox"))
    }

    pub(crate) async fn look_at_shop(&self, path: &str) -> Answer {
        answer(self.shop(reqwest::Method::GET, path).send().await.unwrap())
            .await
            .unwrap()
    }

    /// A command to a system's control API, through the world's control port.
    pub(crate) async fn control(&self, system: &str, path: &str, body: &Json) -> Json {
        let url = format!(
            "http://{}/{system}/_control/{path}",
            self.world.addresses().control
        );
        let reply = self.client.post(url).json(body).send().await.unwrap();
        assert!(reply.status().is_success(), "{path}: {}", reply.status());
        serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap_or_default()
    }
}

pub(crate) async fn answer(reply: Response) -> Result<Answer, reqwest::Error> {
    let status = reply.status().as_u16();
    let replayed = reply.headers().contains_key("idempotent-replayed");
    let body = reply.bytes().await?;
    let text = || json!(String::from_utf8_lossy(&body));
    Ok(Answer {
        status,
        replayed,
        body: serde_json::from_slice(&body).unwrap_or_else(|_| text()),
    })
}

/// Looks again and again until there is something to see.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, look: impl Fn() -> F) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let mut pace = tokio::time::interval(Duration::from_millis(10));
    loop {
        pace.tick().await;
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(tokio::time::Instant::now() < deadline, "never happened: {what}");
    }
}
