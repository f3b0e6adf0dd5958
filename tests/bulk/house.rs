//! The real server process with the sandbox around it, and orders that got stuck.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use amends_connectors::sandbox::{Callback, Options, Shop, Witness, World};
use amends_engine::Digest;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// How long anything may take here.
const PATIENCE: Duration = Duration::from_mins(3);
const SECRET: &str = "whsec-bulk";

pub(crate) struct House {
    world: World,
    witness: Witness,
    folder: tempfile::TempDir,
    pub(crate) url: String,
    http: reqwest::Client,
    server: Child,
}

/// An answer, taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) replayed: bool,
    pub(crate) json: Value,
}

impl House {
    /// A running house with `more` in its configuration.
    pub(crate) async fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let witness = Witness::start(&folder.path().join("witness.jsonl"), here)
            .await
            .unwrap();
        let port = TcpListener::bind(here).unwrap().local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}");
        let shop = Shop::default().announcing_to(&format!("{url}/hooks/woocommerce/demo"), SECRET);
        let world = World::start(Options {
            witness: Some(witness.url()),
            shops: vec![shop],
            callback: Callback {
                url: Some(format!("{url}/callbacks/warehouse")),
                secret: "sandbox-callback-secret".into(),
            },
            ..Options::default()
        });
        let world = world.await.unwrap();
        let config = config(&world, port, more);
        std::fs::write(folder.path().join("amends.toml"), config).unwrap();
        let server = serve(folder.path());
        Self {
            world,
            witness,
            folder,
            url,
            http: reqwest::Client::new(),
            server,
        }
    }

    /// Kills the server at once and starts it again.
    pub(crate) fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
        self.server = serve(self.folder.path());
    }

    /// Makes orders that the ERP refuses, until all wait for a person.
    pub(crate) async fn with_stuck(self, count: u64) -> Self {
        let rule = json!({ "kind": "error-inside", "says": "user", "count": count, "operation": "sale.sale.create" });
        self.control("/erp/_control/faults", &rule).await;
        let mix = json!({ "stripe": 0, "stripe-manual": 0, "bacs": 0, "cod": 100, "free": 0 });
        self.control(
            "/demo/_control/generate",
            &json!({ "count": count, "seed": 5, "mix": mix }),
        )
        .await;
        self.until("/status", "all orders are stuck", |status| {
            status["orders"]["stuck"].as_u64() == Some(count)
        })
        .await;
        self
    }

    async fn control(&self, path: &str, body: &Value) {
        let url = format!("http://{}{path}", self.world.addresses().control);
        let answer = self.http.post(url).json(body).send().await.unwrap();
        answer.error_for_status().unwrap();
    }

    /// Asks as the holder `who`.
    pub(crate) async fn ask(&self, who: &str, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.keyed(who, method, path, body, None).await
    }

    /// Asks under a key.
    pub(crate) async fn keyed(
        &self,
        who: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Answer {
        let mut request = self.http.request(method, format!("{}/api/v1{path}", self.url));
        request = request.bearer_auth(token(who));
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let answer = request.send().await.unwrap();
        Answer {
            status: answer.status(),
            replayed: answer.headers().contains_key("idempotency-replayed"),
            json: answer.json().await.unwrap(),
        }
    }

    pub(crate) async fn post(&self, who: &str, path: &str, body: &Value) -> Answer {
        self.ask(who, Method::POST, path, Some(body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.ask("admin", Method::GET, path, None).await.json
    }

    /// Looks until `holds`; a server that is starting is asked again.
    pub(crate) async fn until(&self, path: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.get(path).await;
            if holds(&seen) {
                return seen;
            }
            assert!(
                Instant::now() < deadline,
                "waited too long until {what}: {seen:#}"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Every order of a job, by its key.
    pub(crate) async fn items(&self, id: &str) -> BTreeMap<String, Value> {
        let (mut items, mut after) = (BTreeMap::new(), Some(0));
        while let Some(from) = after {
            let page = self.get(&format!("/bulk/{id}?after={from}&limit=100")).await;
            for item in page["items"].as_array().unwrap() {
                let before = items.insert(item["order"].as_str().unwrap().to_owned(), item.clone());
                assert_eq!(before, None, "an order is listed twice");
            }
            after = page["after"].as_u64();
        }
        items
    }

    /// Lines of the audit trail: actor, action, subject, detail.
    pub(crate) async fn audit(&self) -> Vec<[String; 4]> {
        let (mut lines, mut after) = (Vec::new(), 0);
        loop {
            let page = self.get(&format!("/audit?after={after}&limit=500")).await;
            for line in page["lines"].as_array().unwrap() {
                let field = |name: &str| line[name].as_str().unwrap().to_owned();
                lines.push(["actor", "action", "subject", "detail"].map(field));
            }
            let Some(next) = page["after"].as_u64() else {
                return lines;
            };
            after = next;
        }
    }

    /// How often `operation` took place, by order.
    pub(crate) fn witnessed(&self, operation: &str) -> BTreeMap<String, usize> {
        let mut times = BTreeMap::new();
        let effects = self.witness.effects();
        for effect in effects.iter().filter(|effect| effect.operation == operation) {
            *times.entry(effect.key.clone()).or_default() += 1;
        }
        times
    }

    /// Runs the command line as the holder `who`.
    pub(crate) fn cli(&self, who: &str, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_amends"))
            .args(args)
            .env("AMENDS_URL", &self.url)
            .env("AMENDS_TOKEN", token(who))
            .output()
            .unwrap()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn serve(folder: &std::path::Path) -> Child {
    let mut child = Command::new(env!("CARGO_BIN_EXE_amends"))
        .arg("serve")
        .current_dir(folder)
        .env_remove("AMENDS_CONFIG")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (ready, is_ready) = std::sync::mpsc::channel();
    let stderr = child.stderr.take().unwrap();
    std::thread::spawn(move || {
        let mut said = Vec::new();
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if line.starts_with("amends serves ") {
                let _ = ready.send(Ok(()));
            }
            said.push(line);
        }
        let _ = ready.send(Err(said.join("\n")));
    });
    is_ready.recv_timeout(PATIENCE).unwrap().unwrap();
    child
}

fn token(name: &str) -> String {
    format!("{name}-token-of-a-test-0123456789")
}

fn config(world: &World, port: u16, more: &str) -> String {
    let at = world.addresses();
    let holders = [
        ("admin", "admin"),
        ("support", "support"),
        ("other", "support"),
        ("viewer", "viewer"),
    ];
    let tokens = holders.map(|(name, role)| {
        let digest = Digest::of(token(name).as_bytes());
        format!("[server.tokens.{name}]\ndigest = \"sha256:{digest}\"\nrole = \"{role}\"\n")
    });
    let text = include_str!("../../src/config/sandbox.toml")
        .replace("http://127.0.0.1:7420", &format!("http://{}", at.shops["demo"]))
        .replace("http://127.0.0.1:7421", &format!("http://{}", at.erp))
        .replace("http://127.0.0.1:7422", &format!("http://{}", at.payments))
        .replace("http://127.0.0.1:7423", &format!("http://{}", at.warehouse))
        .replace("sandbox-webhook-secret", SECRET);
    let server = format!("[server]\nlisten = \"127.0.0.1:{port}\"\n[store]\nfolder = \"store\"\n");
    format!("{server}{text}\n{more}\n{}", tokens.concat())
}
