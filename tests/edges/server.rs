//! The real server on a store of its own, with two shops, a token for every role, and systems that do not answer.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use amends_engine::Digest;
use amends_storage::{
    Commit, Direction, Key, Kind, Log as _, Options, Prefix, Sled, Span, Store as _, Write, codec,
};
use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tempfile::TempDir;

/// Holders of tokens: name, role, further keys of the configuration.
const HOLDERS: [(&str, &str, &str); 7] = [
    ("viewer", "viewer", ""),
    ("support", "support", ""),
    ("finance", "finance", ""),
    ("admin", "admin", ""),
    ("eu-support", "support", "shops = [\"eu-shop\"]"),
    ("eu-admin", "admin", "shops = [\"eu-shop\"]"),
    ("gone", "admin", "expires = 2020-01-01"),
];
/// How long anything may take here.
const PATIENCE: Duration = Duration::from_mins(1);

const CONFIG: &str = r#"
[server]
listen = "127.0.0.1:0"
[store]
folder = "store"
[shops.eu-shop]
url = "http://127.0.0.1:8091"
secrets = [{ literal = "whsec-fixture-1" }]
connectors = { erp = "erp", payments = "payments" }
gateways.stripe = { taken_by = "shop-captured" }
[shops.us-shop]
url = "http://127.0.0.1:8091"
secrets = [{ literal = "whsec-fixture-1" }]
[connectors.erp]
recipe = "sandbox-erp"
base_url = "http://127.0.0.1:9"
secrets = { password = { literal = "erp-password-of-a-test" } }
[connectors.payments]
recipe = "sandbox-payments"
base_url = "http://127.0.0.1:9"
secrets = { api_key = { literal = "sk-of-a-test" } }
"#;

/// The text of the token of `name`.
pub(crate) fn token(name: &str) -> String {
    format!("{name}-token-of-a-test-0123456789")
}

/// Runs the binary, with none of this process' settings.
pub(crate) fn amends(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_amends"));
    for variable in [
        "AMENDS_URL",
        "AMENDS_TOKEN",
        "AMENDS_CONFIG",
        "RUST_LOG",
        "RUST_BACKTRACE",
    ] {
        command.env_remove(variable);
    }
    command.current_dir(folder);
    command
}

/// A folder with a configuration and a store.
pub(crate) struct Home {
    pub(crate) folder: TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self::more("")
    }

    /// With more of a configuration.
    pub(crate) fn more(more: &str) -> Self {
        let tokens: Vec<String> = HOLDERS
            .iter()
            .map(|(name, role, more)| {
                let digest = Digest::of(token(name).as_bytes());
                format!("[server.tokens.{name}]\ndigest = \"sha256:{digest}\"\nrole = \"{role}\"\n{more}\n")
            })
            .collect();
        Self::with(&format!("{CONFIG}{more}{}", tokens.concat()))
    }

    pub(crate) fn with(config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("amends.toml"), config).expect("the folder can be written");
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the binary here.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        amends(self.folder.path())
            .args(args)
            .output()
            .expect("the binary runs")
    }

    /// Runs the binary as a client of `server` with the token of `who`.
    pub(crate) fn run_as(&self, server: &Server, who: &str, args: &[&str]) -> Output {
        let mut command = amends(self.folder.path());
        command.args(args).env("AMENDS_URL", &server.url);
        command.env("AMENDS_TOKEN", token(who));
        command.output().expect("the binary runs")
    }

    pub(crate) fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    pub(crate) fn serve_with(&self, environment: &[(&str, &str)]) -> Server {
        let mut child = amends(self.folder.path())
            .arg("serve")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let (log, url) = follow(&mut child);
        Server {
            child,
            url,
            log,
            http: reqwest::Client::new(),
        }
    }

    /// Changes an entry that the store of a stopped server keeps under `name`.
    pub(crate) fn tamper<T: Serialize + DeserializeOwned>(&self, name: &str, change: impl FnOnce(&mut T)) {
        let mut sled = Sled::open(&self.path("store"), &Options::default()).expect("the store opens");
        let key = Key::Meta(name.to_owned());
        let value = sled
            .get(&key)
            .expect("the store reads")
            .expect("the entry is there");
        let (version, mut entry) = codec::decode::<T>(Kind::Meta, &value).expect("the entry reads");
        change(&mut entry);
        let value = codec::encode(Kind::Meta, version, &entry).expect("the entry is small");
        let commit = Commit {
            writes: vec![Write::Put { key, value }],
            ..Commit::default()
        };
        sled.commit(&commit).expect("the store writes");
    }

    /// Everything in the store of a stopped server but the audit trail, as one digest.
    pub(crate) fn fingerprint(&self) -> Digest {
        let sled = Sled::open(&self.path("store"), &Options::default()).expect("the store opens");
        let mut bytes = Vec::new();
        for prefix in Prefix::ALL.into_iter().filter(|prefix| *prefix != Prefix::Audit) {
            let mut span = Some(Span::all(prefix));
            while let Some(rest) = span.take() {
                let page = sled
                    .scan(&rest, 500, Direction::Ascending)
                    .expect("the store reads");
                for (key, value) in page.entries {
                    bytes.extend(format!("{key:?}").into_bytes());
                    bytes.extend(value);
                }
                span = page.rest;
            }
        }
        Digest::of(&bytes)
    }
}

fn follow(child: &mut Child) -> (Arc<Mutex<String>>, String) {
    let stderr = child.stderr.take().expect("standard error is a pipe");
    let log = Arc::new(Mutex::new(String::new()));
    let (said, url) = std::sync::mpsc::channel();
    let kept = log.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if let Some(url) = line.strip_prefix("amends serves ") {
                let _ = said.send(url.to_owned());
            }
            let mut kept = kept.lock().expect("nobody panicked with the log");
            kept.push_str(&line);
            kept.push('\n');
        }
    });
    let url = url
        .recv_timeout(PATIENCE)
        .unwrap_or_else(|_| panic!("the server does not start: {}", log.lock().expect("the log")));
    (log, url)
}

/// A running server.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    log: Arc<Mutex<String>>,
    http: reqwest::Client,
}

/// An answer, taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The code of a problem; empty for another answer.
    pub(crate) fn code(&self) -> String {
        let json: Value = serde_json::from_str(&self.text).unwrap_or_default();
        json["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Server {
    /// A request of the holder `who` (nobody when empty), with a JSON body when there is one.
    pub(crate) async fn ask(&self, who: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.request(method, path);
        if !who.is_empty() {
            request = request.bearer_auth(token(who));
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.send(request).await
    }

    pub(crate) async fn get(&self, who: &str, path: &str) -> Answer {
        self.ask(who, Method::GET, path, None).await
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.expect("the server answers");
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| {
            let value = value.to_str().unwrap_or_default();
            (name.as_str().to_owned(), value.to_owned())
        });
        Answer {
            status: response.status(),
            headers: headers.collect(),
            // A stream has no end: what it says is tested where it is read.
            text: if is_stream(&response) {
                String::new()
            } else {
                response.text().await.expect("the answer is text")
            },
        }
    }

    /// Delivers a recorded webhook to `shop`.
    pub(crate) async fn deliver(&self, shop: &str, fixture: &str) -> Answer {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/woocommerce");
        let text = std::fs::read_to_string(file.join(fixture)).expect("the fixture is there");
        let recorded: Value = serde_json::from_str(&text).expect("the fixture is JSON");
        let mut request = self.request(Method::POST, &format!("/hooks/woocommerce/{shop}"));
        for pair in recorded["headers"].as_array().expect("headers") {
            let (name, value) = (
                pair[0].as_str().expect("a name"),
                pair[1].as_str().expect("a value"),
            );
            if name.starts_with("X-WC-") || name == "Content-Type" {
                request = request.header(name, value);
            }
        }
        let body = recorded["body"].as_str().expect("a body").to_owned();
        self.send(request.body(body)).await
    }

    /// Delivers an unpaid order to both shops and waits until it waits for its money: `eu-shop:16`, `us-shop:16`.
    pub(crate) async fn with_orders(self) -> Self {
        self.with_order("eu-shop").await.with_order("us-shop").await
    }

    /// Delivers an unpaid order to one shop.
    pub(crate) async fn with_order(self, shop: &str) -> Self {
        let answer = self
            .deliver(shop, "02-created-pending-1.order.created.json")
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        self.until(&format!("/api/v1/orders/{shop}:16"), |order| {
            order["waits"][0]["for"].is_string()
        })
        .await;
        self
    }

    /// Asks as admin until `holds`.
    pub(crate) async fn until(&self, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let answer = self.get("admin", path).await;
            let seen: Value = serde_json::from_str(&answer.text).unwrap_or_default();
            if answer.status == StatusCode::OK && holds(&seen) {
                return seen;
            }
            assert!(begun.elapsed() < PATIENCE, "still {answer:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The last durable sequence of the log.
    pub(crate) async fn durable(&self) -> u64 {
        self.get("admin", "/api/v1/status").await.json()["durable"]
            .as_u64()
            .expect("a number")
    }

    /// What the server printed so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("nobody panicked with the log").clone()
    }

    /// Asks the process to end.
    pub(crate) fn terminate(&self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Ends it as an operator would, and gives its exit code and what it printed.
    pub(crate) fn stop(mut self) -> (Option<i32>, String) {
        self.terminate();
        let status = self.child.wait().expect("the server ends");
        (status.code(), self.log())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already after `stop`.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_stream(response: &reqwest::Response) -> bool {
    let kind = response.headers().get("content-type");
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}
