//! The server of one run, in this process or as the real binary; stopped or killed, and started again on its store.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use amends::config::Config;
use amends::server::{Server, StartError, Tests};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

/// How long a start may take before it is a failure: a debug build on a busy machine needs a second.
const START: Duration = Duration::from_secs(30);
/// The token whose digest `amends.toml` holds.
const TOKEN: &str = "fixture-token";
/// Between two looks at something that is about to change.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// How long the threads of a killed server may take to end.
const KILL: Duration = Duration::from_secs(10);

/// Where the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// In this process, on a runtime of its own: killing it drops every task where it stands.
    Here,
    /// `amends serve`: killing it is SIGKILL.
    Binary,
}

enum Life {
    Here { runtime: Runtime, server: Server },
    Binary(Child),
}

/// A running server.
pub(crate) struct Serving {
    form: Form,
    config: PathBuf,
    life: Option<Life>,
    pub(crate) url: String,
    client: reqwest::Client,
}

/// Ports below those that outgoing connections take: while a server is down, nobody else gets its port.
const PORTS: std::ops::Range<u16> = 12_000..32_000;

/// A port that nobody listens on and that is given out once. The server keeps it over all of its restarts.
pub(crate) fn free_port() -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let of_process = u16::try_from(std::process::id() % 1_000).unwrap() * 20;
    loop {
        let given = GIVEN.fetch_add(1, Ordering::Relaxed);
        let port = PORTS.start + of_process.wrapping_add(given) % (PORTS.end - PORTS.start);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The address of a server on `port`.
pub(crate) fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

impl Serving {
    /// Starts the server that the document at `config` describes; it listens on `port`.
    pub(crate) async fn start(form: Form, config: &Path, port: u16) -> Self {
        let mut serving = Self {
            form,
            config: config.to_owned(),
            life: None,
            url: url(port),
            client: reqwest::Client::new(),
        };
        serving.begin().await;
        serving
    }

    async fn begin(&mut self) {
        let life = match self.form {
            Form::Here => here(&self.config).await,
            Form::Binary => binary(&self.config),
        };
        self.life = Some(life);
        self.ready().await;
    }

    async fn ready(&self) {
        let deadline = Instant::now() + START;
        while self.status().await.is_none() {
            assert!(
                Instant::now() < deadline,
                "the server did not get ready: {}",
                self.said()
            );
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Ends it in order, and starts it again.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.begin().await;
    }

    /// Ends it without a chance to finish anything. [`Serving::revive`] starts it again.
    pub(crate) async fn kill(&mut self) {
        match self.life.take().unwrap() {
            Life::Here { runtime, server } => {
                // Dropping the parts first would let them end in order.
                let ended = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(KILL));
                ended.await.unwrap();
                drop(server);
            }
            Life::Binary(mut child) => {
                child.kill().unwrap();
                child.wait().unwrap();
            }
        }
    }

    /// Starts it again on the store it left.
    pub(crate) async fn revive(&mut self) {
        self.begin().await;
    }

    /// Ends it in order; what it decided is durable.
    pub(crate) async fn stop(&mut self) {
        match self.life.take().unwrap() {
            Life::Here { runtime, server } => {
                let stopped = runtime.spawn(server.stop()).await.unwrap();
                stopped.unwrap();
                let ended = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(KILL));
                ended.await.unwrap();
            }
            Life::Binary(mut child) => {
                let told = Command::new("kill").arg(child.id().to_string()).status().unwrap();
                assert!(told.success(), "the server could not be told to stop");
                let ended = tokio::task::spawn_blocking(move || child.wait().unwrap());
                assert!(
                    ended.await.unwrap().success(),
                    "the server did not stop well: {}",
                    self.said()
                );
            }
        }
    }

    /// Its own account of itself; `None` while it does not answer.
    pub(crate) async fn status(&self) -> Option<Value> {
        self.get("/api/v1/status").await
    }

    /// Every order as lists show it.
    pub(crate) async fn orders(&self) -> Option<Vec<Value>> {
        let page = self.get("/api/v1/orders?limit=200").await?;
        page["orders"].as_array().cloned()
    }

    async fn get(&self, path: &str) -> Option<Value> {
        let answer = self
            .client
            .get(format!("{}{path}", self.url))
            .bearer_auth(TOKEN)
            .send()
            .await
            .ok()?;
        answer.error_for_status().ok()?.json().await.ok()
    }

    /// What the binary wrote so far.
    fn said(&self) -> String {
        std::fs::read_to_string(log(&self.config)).unwrap_or_default()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        match self.life.take() {
            Some(Life::Here { runtime, .. }) => runtime.shutdown_background(),
            Some(Life::Binary(mut child)) => {
                child.kill().unwrap();
                child.wait().unwrap();
            }
            None => {}
        }
    }
}

fn log(config: &Path) -> PathBuf {
    config.with_extension("log")
}

async fn here(path: &Path) -> Life {
    let config = Config::load(path, &|_| None).unwrap_or_else(|error| panic!("{}", error.listing()));
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let deadline = Instant::now() + START;
    loop {
        let config = config.clone();
        let started = runtime.spawn(async move { amends::server::start(&config, Tests::default()).await });
        match started.await.unwrap() {
            Ok(server) => return Life::Here { runtime, server },
            // A killed server's threads let go of its port and files in their own time.
            Err(StartError::Listen { .. } | StartError::Open(_)) if Instant::now() < deadline => {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Err(error) => panic!("the server does not start: {error}"),
        }
    }
}

fn binary(config: &Path) -> Life {
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(log(config))
        .unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_amends"));
    command.arg("serve").arg("--config").arg(config);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    Life::Binary(command.spawn().unwrap())
}

#[test]
fn a_server_that_cannot_listen_leaves_its_store_free() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("amends.toml");
    let document = format!(
        "[server]\nlisten = \"{}\"\n[store]\nfolder = \"store\"\n",
        taken.local_addr().unwrap()
    );
    let config =
        Config::parse(&document, &path, &|_| None).unwrap_or_else(|error| panic!("{}", error.listing()));
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let started = runtime.block_on(amends::server::start(&config, Tests::default()));
    assert!(matches!(started.err(), Some(StartError::Listen { .. })));
    // The runtime still lives: only what the failed start left behind could hold the store for good.
    let (store, options) = (folder.path().join("store"), amends_storage::Options::default());
    let deadline = Instant::now() + START;
    while let Err(error) = amends_storage::Sled::open(&store, &options) {
        assert!(Instant::now() < deadline, "the store stays in use: {error}");
        std::thread::park_timeout(LOOK_AGAIN);
    }
}
