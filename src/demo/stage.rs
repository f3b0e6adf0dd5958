//! The stage: a world with its witness, and the server between them.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use amends_api::client::Client;
use amends_connectors::sandbox::Effect;
use amends_engine::RootKey;
use amends_storage::{Options, Sled};
use miette::{Context as _, IntoDiagnostic as _};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::process::Child;

use super::books::{Books, MODELS};
use super::child::{Spoken, end, server, spoken};
use super::setting::{configuration, free_port, token, write_definitions};

/// The name of the shop, hence of its orders: `demo:1`.
pub const SHOP: &str = "demo";
/// Orders of one wave, at least.
const WAVE_MIN: u64 = 40;
/// How long the server may take until it answers; it recovers its store first.
const READY: Duration = Duration::from_mins(1);

/// What to play.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where everything is kept.
    pub folder: PathBuf,
    /// Orders to make.
    pub orders: u64,
    /// Kills of the server.
    pub kills: u64,
    /// What every draw comes from.
    pub seed: u64,
    /// Test-only switches of the server.
    pub server_switches: Vec<String>,
    /// Nobody looks on: it ends by itself.
    pub unattended: bool,
    /// Drop one row of the witness before comparing.
    pub drop_row: bool,
}

impl Plan {
    /// Orders of one wave: twice as many waves as kills, each of enough orders for ten effects under way.
    pub fn wave(&self) -> u64 {
        (self.orders / (2 * (self.kills + 1))).max(WAVE_MIN)
    }
}

/// A running world with its server.
pub struct Stage {
    /// What is played.
    pub plan: Plan,
    /// The server's address.
    pub url: String,
    /// The token that was made.
    pub token: String,
    /// Asks the server.
    pub client: Client,
    /// Orders of earlier runs on the same folder.
    pub orders_before: u64,
    witness: Spoken,
    world: Spoken,
    server: Child,
    http: reqwest::Client,
}

impl Stage {
    /// Sets the stage: witness, world, configuration, token, server.
    ///
    /// # Errors
    /// When a part does not start.
    pub async fn set(mut plan: Plan) -> miette::Result<Self> {
        // Paths in the configuration start at its own folder; those of this process where it was started.
        plan.folder = std::path::absolute(&plan.folder).into_diagnostic()?;
        std::fs::create_dir_all(&plan.folder)
            .into_diagnostic()
            .wrap_err_with(|| format!("{} cannot be made", plan.folder.display()))?;
        write_definitions(&plan.folder)?;
        let token = token(&plan.folder)?;
        let port = free_port(&plan)?;
        let url = format!("http://127.0.0.1:{port}");
        let witness = start_witness(&plan).await?;
        let world = start_world(&plan, &text(&witness.said, "witness"), &url).await?;
        let config = configuration(&world.said, port, &plan);
        let file = plan.folder.join("amends.toml");
        std::fs::write(&file, config)
            .into_diagnostic()
            .wrap_err_with(|| format!("{} cannot be written", file.display()))?;
        let server = start_server(&plan)?;
        let client = Client::new(&url, &token);
        let mut stage = Self {
            plan,
            url,
            token,
            client,
            orders_before: 0,
            witness,
            world,
            server,
            http: reqwest::Client::new(),
        };
        stage.ready().await?;
        stage.orders_before = stage.taken().await?.len() as u64;
        Ok(stage)
    }

    /// Makes orders in the shop, as a checkout would.
    ///
    /// # Errors
    /// When the shop does not answer.
    pub async fn generate(&self, count: u64, seed: u64, mix: &Value) -> miette::Result<()> {
        let body = json!({ "count": count, "seed": seed, "mix": mix });
        self.control(&format!("{SHOP}/_control/generate"), &body).await
    }

    /// Adds a rule by which a system of the world goes wrong.
    ///
    /// # Errors
    /// When the world does not answer.
    pub async fn spoil(&self, system: &str, rule: &Value) -> miette::Result<()> {
        self.control(&format!("{system}/_control/faults"), rule).await
    }

    /// All orders the shop ever took.
    ///
    /// # Errors
    /// When the world does not answer.
    pub async fn taken(&self) -> miette::Result<BTreeSet<RootKey>> {
        let control = text(&self.world.said, "control");
        let records: Value = self
            .fetch(&format!("http://{control}/{SHOP}/_control/orders"))
            .await?;
        let orders = records.get("orders").and_then(Value::as_object);
        Ok(orders
            .into_iter()
            .flat_map(serde_json::Map::keys)
            .map(|id| RootKey::new(format!("{SHOP}:{id}")))
            .collect())
    }

    /// What the ERP has on record.
    ///
    /// # Errors
    /// When the world does not answer.
    pub async fn books(&self) -> miette::Result<Books> {
        let control = text(&self.world.said, "control");
        let mut books = Books::default();
        for model in MODELS {
            let url = format!("http://{control}/erp/_control/records/{model}");
            let records: Vec<Value> = self.fetch(&url).await?;
            books.enter_all(model, &records);
        }
        Ok(books)
    }

    /// Everything the witness saw so far.
    ///
    /// # Errors
    /// When the witness does not answer.
    pub async fn witnessed(&self) -> miette::Result<Vec<Effect>> {
        self.fetch(&format!("{}/effects", text(&self.witness.said, "witness")))
            .await
    }

    /// The server's own account of itself; nothing while it does not answer.
    pub async fn status(&self) -> Option<Value> {
        self.client.status().await.ok()
    }

    /// Kills the server as a power cut would, and waits until it is gone.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn kill_server(&mut self) -> miette::Result<()> {
        self.server.kill().await.into_diagnostic()
    }

    /// Starts the server again and waits until it answers. Whoever runs the shop activates the webhooks that it
    /// disabled because nobody answered.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub async fn restart_server(&mut self) -> miette::Result<()> {
        self.server = start_server(&self.plan)?;
        self.ready().await?;
        self.control(&format!("{SHOP}/_control/hooks/activate"), &json!({}))
            .await
    }

    /// The store of a server that does not run.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn store(&self) -> miette::Result<Sled> {
        Sled::open(&self.plan.folder.join("store"), &Options::default()).into_diagnostic()
    }

    /// Ends the server in order; everything it decided is durable then.
    ///
    /// # Errors
    /// When it ended badly.
    pub async fn stop_server(&mut self) -> miette::Result<()> {
        end(&mut self.server, "server").await
    }

    /// Ends the world, which keeps what it knows for the next run, and the witness.
    ///
    /// # Errors
    /// When one of them ended badly.
    pub async fn stop_world(&mut self) -> miette::Result<()> {
        end(&mut self.world.child, "world").await?;
        end(&mut self.witness.child, "witness").await
    }

    async fn ready(&mut self) -> miette::Result<()> {
        let deadline = Instant::now() + READY;
        while Instant::now() < deadline {
            if self.status().await.is_some() {
                return Ok(());
            }
            if let Some(status) = self.server.try_wait().into_diagnostic()? {
                miette::bail!(
                    "the server ended with {status}; see {}",
                    self.plan.folder.join("server.log").display()
                );
            }
            pause(20).await;
        }
        miette::bail!("the server did not get ready within a minute")
    }

    async fn control(&self, path: &str, body: &Value) -> miette::Result<()> {
        let control = text(&self.world.said, "control");
        let answer = self
            .http
            .post(format!("http://{control}/{path}"))
            .json(body)
            .send()
            .await
            .into_diagnostic()?;
        answer.error_for_status().into_diagnostic()?;
        Ok(())
    }

    async fn fetch<T: DeserializeOwned>(&self, url: &str) -> miette::Result<T> {
        let answer = self.http.get(url).send().await.into_diagnostic()?;
        answer
            .error_for_status()
            .into_diagnostic()?
            .json()
            .await
            .into_diagnostic()
    }
}

async fn start_witness(plan: &Plan) -> miette::Result<Spoken> {
    let file = plan.folder.join("witness.jsonl").display().to_string();
    spoken(&["witness", "--file", &file], &plan.folder.join("world.log")).await
}

async fn start_world(plan: &Plan, witness: &str, server: &str) -> miette::Result<Spoken> {
    let seed = plan.seed.to_string();
    let state = plan.folder.join("world.json").display().to_string();
    let args = [
        "sandbox",
        "--faults",
        "--witness",
        witness,
        "--shop",
        SHOP,
        "--server",
        server,
        "--seed",
        &seed,
        "--latency-min-ms",
        "10",
        "--latency-max-ms",
        "50",
        "--state",
        &state,
    ];
    spoken(&args, &plan.folder.join("world.log")).await
}

fn start_server(plan: &Plan) -> miette::Result<Child> {
    let (config, log) = (plan.folder.join("amends.toml"), plan.folder.join("server.log"));
    server(&config, &log, &plan.server_switches)
}

fn text(value: &Value, name: &str) -> String {
    let text = value.get(name).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

/// Waits before asking again.
pub async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}
