//! The sandbox world and servers of the real binary, each a process of its own.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long anything may take before it is a finding.
const PATIENCE: Duration = Duration::from_mins(3);
const SHOP: &str = "demo1";

/// A child that said one line about itself and ends with its standard input.
struct Spoken {
    child: Child,
    said: Value,
}

impl Spoken {
    fn start(args: &[&str]) -> Self {
        let mut child = amends(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let said =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{args:?} said {line:?}: {error}"));
        Self { child, said }
    }
}

impl Drop for Spoken {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// This project's binary.
pub(crate) fn amends(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_amends"));
    command
        .args(args)
        .env_remove("AMENDS_URL")
        .env_remove("AMENDS_TOKEN")
        .env_remove("AMENDS_CONFIG");
    command
}

/// What a command printed, on both outputs.
pub(crate) fn said(output: &Output) -> String {
    [&output.stdout[..], &output.stderr]
        .map(String::from_utf8_lossy)
        .concat()
}

/// Runs a command that has to succeed; gives what it printed.
pub(crate) fn done(args: &[&str]) -> String {
    let output = amends(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", said(&output));
    said(&output)
}

/// Runs a command that has to fail; gives what it printed.
pub(crate) fn refused(args: &[&str]) -> String {
    let output = amends(args).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{args:?}: {}", said(&output));
    // Messages are folded at the width of a terminal.
    said(&output)
        .split_whitespace()
        .filter(|word| *word != "│")
        .collect::<Vec<_>>()
        .join(" ")
}

/// Witness and world, with one address that their server has to listen on.
pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    witness: Spoken,
    sandbox: Spoken,
    port: u16,
    pub(crate) token: String,
    http: reqwest::blocking::Client,
}

impl World {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rows = folder.path().join("witness.jsonl").display().to_string();
        let witness = Spoken::start(&["witness", "--file", &rows]);
        let port = TcpListener::bind(("127.0.0.1", 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let url = format!("http://127.0.0.1:{port}");
        let told = witness.said["witness"].as_str().unwrap();
        let sandbox = Spoken::start(&[
            "sandbox",
            "--witness",
            told,
            "--shop",
            SHOP,
            "--server",
            &url,
            "--seed",
            "5",
        ]);
        let mut world = Self {
            folder,
            witness,
            sandbox,
            port,
            token: String::new(),
            http: reqwest::blocking::Client::new(),
        };
        let config = world.config("store");
        world.make_token("test", &config);
        world
    }

    /// Makes a token for everything in the stopped store of a configuration, and uses it from then on.
    pub(crate) fn make_token(&mut self, name: &str, config: &str) {
        let args = [
            "token", "create", "--name", name, "--role", "admin", "--config", config,
        ];
        let output = amends(&args).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        let token = String::from_utf8(output.stdout).unwrap();
        token.trim().clone_into(&mut self.token);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// A configuration whose store is the folder `store` of this world; gives its path.
    pub(crate) fn config(&self, store: &str) -> String {
        self.config_of(store, &self.text(store))
    }

    /// A configuration called `name` whose store is in `folder`.
    pub(crate) fn config_of(&self, name: &str, folder: &str) -> String {
        let address = |name: &str| self.sandbox.said[name].as_str().unwrap();
        let text = include_str!("world.toml")
            .replace("@SHOP@", SHOP)
            .replace("@PORT@", &self.port.to_string())
            .replace("@FOLDER@", folder)
            .replace("@STOREFRONT@", self.sandbox.said["shops"][SHOP].as_str().unwrap())
            .replace("@ERP@", address("erp"))
            .replace("@PAYMENTS@", address("payments"))
            .replace("@WAREHOUSE@", address("warehouse"));
        let path = self.path(&format!("{name}.toml"));
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// Starts the server of a configuration and waits until it answers.
    pub(crate) fn serve(&self, config: &str, switches: &[&str]) -> Server {
        let log = File::options()
            .create(true)
            .append(true)
            .open(format!("{config}.log"))
            .unwrap();
        let child = amends(&["serve", "--config", config])
            .args(switches)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut server = Server { child };
        until("the server answers", || {
            assert!(
                server.child.try_wait().unwrap().is_none(),
                "the server ended: {}",
                fs::read_to_string(format!("{config}.log")).unwrap()
            );
            self.get("/status").is_some()
        });
        server
    }

    /// Makes orders in the shop, as a checkout would.
    pub(crate) fn generate(&self, count: u64, seed: u64) {
        let mix = json!({ "stripe": 45, "stripe-manual": 35, "bacs": 0, "cod": 15, "free": 5 });
        self.generate_of(count, seed, &mix);
    }

    /// Makes orders paid in the ways of `mix`, in percent.
    pub(crate) fn generate_of(&self, count: u64, seed: u64, mix: &Value) {
        let mut ways = json!({ "stripe": 0, "stripe-manual": 0, "bacs": 0, "cod": 0, "free": 0 });
        for (way, percent) in mix.as_object().unwrap() {
            ways[way] = percent.clone();
        }
        let body = json!({ "count": count, "seed": seed, "mix": ways });
        self.control(&format!("{SHOP}/_control/generate"), &body);
    }

    /// Adds a rule by which a system goes wrong.
    pub(crate) fn spoil(&self, system: &str, rule: &Value) {
        self.control(&format!("{system}/_control/faults"), rule);
    }

    fn control(&self, path: &str, body: &Value) {
        let control = self.sandbox.said["control"].as_str().unwrap();
        let answer = self
            .http
            .post(format!("http://{control}/{path}"))
            .json(body)
            .send()
            .unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }

    /// What staff does in the shop: `orders/17/trash`.
    pub(crate) fn in_shop(&self, what: &str) {
        let control = self.sandbox.said["control"].as_str().unwrap();
        let url = format!("http://{control}/{SHOP}/_control/{what}");
        let answer = self.http.post(url).send().unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }

    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        let url = format!("http://127.0.0.1:{}/api/v1{path}", self.port);
        let answer = self.http.get(url).bearer_auth(&self.token).send().ok()?;
        answer.status().is_success().then(|| answer.json().unwrap())
    }

    /// Status and body, whatever they are.
    pub(crate) fn answer(&self, path: &str) -> (u16, Value) {
        let url = format!("http://127.0.0.1:{}/api/v1{path}", self.port);
        let answer = self.http.get(url).bearer_auth(&self.token).send().unwrap();
        (answer.status().as_u16(), answer.json().unwrap())
    }

    pub(crate) fn post(&self, path: &str) -> Value {
        let url = format!("http://127.0.0.1:{}/api/v1{path}", self.port);
        let answer = self
            .http
            .post(url)
            .bearer_auth(&self.token)
            .json(&json!({ "reason": "looked at what is due" }))
            .send()
            .unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
        answer.json().unwrap_or_default()
    }

    pub(crate) fn count(&self, state: &str) -> u64 {
        let status = self.get("/status").unwrap_or_default();
        status
            .pointer(&format!("/orders/{state}"))
            .and_then(Value::as_u64)
            .unwrap_or(0)
    }

    /// Waits until `orders` are known and none of them moves but by news from outside.
    pub(crate) fn settle(&self, orders: u64) {
        until("all orders have settled", || {
            let status = self.get("/status").unwrap_or_default();
            let counts = status["orders"].as_object().cloned().unwrap_or_default();
            let known: u64 = counts.values().filter_map(Value::as_u64).sum();
            known >= orders
                && status["deliveries_pending"] == 0
                && status["errands"] == 0
                && self.all_wait_for_news()
        });
    }

    /// Waits until `orders` have run to cash and a sweep has looked at what that changed in the shop, after which a
    /// compare finds no news. `server` is started again meanwhile, since a start is followed by a sweep.
    pub(crate) fn rest(&self, orders: u64, server: Server, config: &str) -> Server {
        until("orders have run to cash", || self.count("completed") == orders);
        self.settle(orders);
        let swept = || self.get(&format!("/shops/{SHOP}")).unwrap_or_default()["last_sweep"].clone();
        let before = swept();
        server.stop();
        let server = self.serve(config, &[]);
        until("the shop was swept", || swept().is_string() && swept() != before);
        server
    }

    fn all_wait_for_news(&self) -> bool {
        let moving = self.get("/orders?state=moving&limit=500").unwrap_or_default();
        let orders = moving["orders"].as_array().cloned().unwrap_or_default();
        orders.iter().all(|order| {
            let waits = order["waits_for"].as_array().cloned().unwrap_or_default();
            waits
                .iter()
                .any(|wait| wait.as_str().is_some_and(|wait| wait.contains("the fact ")))
        })
    }

    /// What took place: rows of the witness.
    pub(crate) fn effects(&self) -> Vec<Value> {
        let told = self.witness.said["witness"].as_str().unwrap();
        self.http
            .get(format!("{told}/effects"))
            .send()
            .unwrap()
            .json()
            .unwrap()
    }

    /// How to reach the server, for the command line.
    pub(crate) fn reach(&self) -> [String; 4] {
        [
            "--url".to_owned(),
            format!("http://127.0.0.1:{}", self.port),
            "--token".to_owned(),
            self.token.clone(),
        ]
    }
}

/// A server of the real binary.
pub(crate) struct Server {
    child: Child,
}

impl Server {
    /// Tells it to stop, and waits until it has.
    pub(crate) fn stop(mut self) {
        let told = Command::new("kill")
            .arg(self.child.id().to_string())
            .status()
            .unwrap();
        assert!(told.success());
        assert!(self.child.wait().unwrap().success());
    }

    /// As a power cut that the page cache survives.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Looks again and again until `is` holds.
pub(crate) fn until(what: &str, mut is: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(
            begun.elapsed() < PATIENCE,
            "{what}: not within {} s",
            PATIENCE.as_secs()
        );
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

/// The bytes of a folder, file by file, to see that nothing in it changed.
pub(crate) fn bytes_of(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push((path.clone(), fs::read(path).unwrap()));
            }
        }
    }
    files.sort();
    files
}
