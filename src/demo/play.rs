//! The course of the demonstration.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use amends_api::client::Client;
use amends_api::role::Role;
use amends_api::token::{self, Wanted};
use amends_connectors::sandbox::Effect;
use amends_runtime::Clock;
use amends_storage::{Commit, Identity, Log as _, Options, Sled, verify::verify};
use miette::IntoDiagnostic as _;
use serde_json::{Value, json};
use tokio::process::Child;

use super::child::{Spoken, server, spoken};
use super::compare::compare;
use super::report::{Kill, Report};
use crate::server::identity::new_store_id;

/// Effects under way at each kill, at least.
const UNDER_WAY_MIN: u64 = 10;
/// How long the whole may take, before it is called stuck.
const PATIENCE: Duration = Duration::from_mins(30);
/// How long nothing may change before it counts as settled or stuck.
const STILL: Duration = Duration::from_mins(4);

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
    /// Drop one row of the witness before comparing.
    pub drop_row: bool,
}

/// A running world with its server.
pub struct Stage {
    plan: Plan,
    witness: Spoken,
    world: Spoken,
    server: Child,
    /// The server's address.
    pub url: String,
    /// The token that was made.
    pub token: String,
    client: Client,
    shop: String,
    http: reqwest::Client,
    kills: Vec<Kill>,
}

impl Stage {
    /// Sets the stage: witness, world, configuration, token, server.
    ///
    /// # Errors
    /// When a part does not start.
    pub async fn set(mut plan: Plan) -> miette::Result<Self> {
        // Paths in the configuration start at its own folder; those of this process where it was started.
        plan.folder = std::path::absolute(&plan.folder).into_diagnostic()?;
        std::fs::create_dir_all(&plan.folder).into_diagnostic()?;
        let run = std::fs::read_dir(&plan.folder)
            .into_diagnostic()?
            .filter(is_witness)
            .count()
            + 1;
        let shop = format!("demo{run}");
        let file = plan
            .folder
            .join(format!("witness-{run}.jsonl"))
            .display()
            .to_string();
        let witness = spoken(&["witness", "--file", &file]).await?;
        let port = free_port()?;
        let url = format!("http://127.0.0.1:{port}");
        let seed = plan.seed.to_string();
        let told = text(&witness.said, "witness");
        let world = spoken(&[
            "sandbox",
            "--witness",
            &told,
            "--shop",
            &shop,
            "--server",
            &url,
            "--seed",
            &seed,
            "--faults",
        ])
        .await?;
        let config = configuration(&world.said, &shop, port, &plan.folder);
        let path = plan.folder.join("amends.toml");
        std::fs::write(&path, config).into_diagnostic()?;
        let token = token(&plan.folder)?;
        let server = start(&plan)?;
        let client = Client::new(&url, &token);
        let http = reqwest::Client::new();
        let mut stage = Self {
            plan,
            witness,
            world,
            server,
            url,
            token,
            client,
            shop,
            http,
            kills: Vec::new(),
        };
        stage.ready().await?;
        Ok(stage)
    }

    /// Makes the orders, kills as planned, waits until all have settled, stops, and compares.
    ///
    /// # Errors
    /// When a part fails that should not.
    pub async fn play(mut self, tell: &dyn Fn(&Value)) -> miette::Result<Report> {
        let begun = Instant::now();
        self.generate(self.plan.orders).await?;
        self.kill_as_planned(tell).await?;
        self.settle(tell).await?;
        let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.compare(took_ms).await
    }

    /// Makes orders in the shop, as a checkout would.
    ///
    /// # Errors
    /// When the shop does not answer.
    pub async fn generate(&self, count: u64) -> miette::Result<()> {
        let mix = json!({ "stripe": 45, "stripe_manual": 35, "bacs": 0, "cod": 15, "free": 5 });
        let body = json!({ "count": count, "seed": self.plan.seed, "mix": mix });
        self.control(&format!("/{}/_control/generate", self.shop), &body)
            .await
    }

    /// Adds a rule by which a system of the world goes wrong.
    ///
    /// # Errors
    /// When the world does not answer.
    pub async fn spoil(&self, system: &str, rule: &Value) -> miette::Result<()> {
        self.control(&format!("/{system}/_control/faults"), rule).await
    }

    async fn control(&self, path: &str, body: &Value) -> miette::Result<()> {
        let control = text(&self.world.said, "control");
        let answer = self
            .http
            .post(format!("http://{control}{path}"))
            .json(body)
            .send()
            .await
            .into_diagnostic()?;
        answer.error_for_status().into_diagnostic()?;
        Ok(())
    }

    /// The server's own account of itself.
    pub async fn status(&self) -> Option<Value> {
        self.client.status().await.ok()
    }

    async fn ready(&mut self) -> miette::Result<()> {
        let deadline = Instant::now() + Duration::from_mins(1);
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
            pause(50).await;
        }
        miette::bail!("the server did not get ready within a minute")
    }

    async fn kill_as_planned(&mut self, tell: &dyn Fn(&Value)) -> miette::Result<()> {
        for number in 0..self.plan.kills {
            let during = match number {
                0 => "recovery",
                1 => "compensation",
                _ => "eviction",
            };
            let Some(state) = self.busy(tell).await? else {
                return Ok(());
            };
            if during == "compensation" {
                self.compensate_some().await?;
            }
            let under_way = number_at(&state, "errands");
            self.kill().await?;
            if during == "recovery" {
                // Once more before it is ready.
                self.server = start(&self.plan)?;
                pause(30).await;
                self.kill().await?;
            }
            tell(&json!({ "killed": number + 1, "during": during, "under_way": under_way }));
            self.kills.push(Kill {
                during,
                under_way,
                state,
            });
            self.server = start(&self.plan)?;
            self.ready().await?;
        }
        Ok(())
    }

    /// Waits until enough is under way; `None` when the orders ran out.
    async fn busy(&self, tell: &dyn Fn(&Value)) -> miette::Result<Option<Value>> {
        let deadline = Instant::now() + STILL;
        while Instant::now() < deadline {
            let Some(status) = self.status().await else {
                continue;
            };
            if number_at(&status, "errands") >= UNDER_WAY_MIN {
                return Ok(Some(status));
            }
            if settled(&status, self.plan.orders) {
                return Ok(None);
            }
            tell(&status);
            pause(20).await;
        }
        miette::bail!("fewer than {UNDER_WAY_MIN} effects were under way for minutes")
    }

    async fn compensate_some(&self) -> miette::Result<()> {
        let filter = [("state", "moving".to_owned()), ("limit", "40".to_owned())];
        let moving = self.client.orders(&filter).await.into_diagnostic()?;
        for order in moving
            .get("orders")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let wish: amends_api::Wish =
                serde_json::from_value(json!({ "command": "cancel", "reason": "demonstration" }))
                    .into_diagnostic()?;
            // Some have passed their pivot meanwhile, which is an answer too.
            let _ = self.client.command(&text(order, "root"), &wish, None).await;
        }
        Ok(())
    }

    async fn kill(&mut self) -> miette::Result<()> {
        self.server.kill().await.into_diagnostic()
    }

    async fn settle(&self, tell: &dyn Fn(&Value)) -> miette::Result<()> {
        let (begun, mut changed, mut last) = (Instant::now(), Instant::now(), Value::Null);
        while begun.elapsed() < PATIENCE {
            let Some(status) = self.status().await else {
                pause(200).await;
                continue;
            };
            tell(&status);
            if settled(&status, self.plan.orders) {
                return Ok(());
            }
            let counts = status.get("orders").cloned().unwrap_or_default();
            if counts != last {
                (changed, last) = (Instant::now(), counts);
            }
            if changed.elapsed() > STILL {
                miette::bail!(
                    "nothing changed for {} s, and orders still move: {last}",
                    STILL.as_secs()
                );
            }
            pause(250).await;
        }
        miette::bail!("the orders did not settle within {} s", PATIENCE.as_secs())
    }

    async fn compare(mut self, took_ms: u64) -> miette::Result<Report> {
        self.stop_server().await?;
        let told = text(&self.witness.said, "witness");
        let rows = self
            .http
            .get(format!("{told}/effects"))
            .send()
            .await
            .into_diagnostic()?;
        let mut rows: Vec<Effect> = rows.json().await.into_diagnostic()?;
        if self.plan.drop_row {
            let forward = rows.iter().position(|row| row.operation == "sale.sale.create");
            forward.map(|index| rows.remove(index));
        }
        let store = Sled::open(&self.plan.folder.join("store"), &Options::default()).into_diagnostic()?;
        let mut comparison = compare(&store.reader(), &rows).into_diagnostic()?;
        let journal = verify(&store.reader(), |_| {}).into_diagnostic()?;
        if let Some(damage) = journal.first {
            comparison
                .differences
                .push(format!("DAMAGED: {}", damage.meaning));
        }
        Ok(Report {
            seed: self.plan.seed,
            orders: self.plan.orders,
            took_ms,
            kills: self.kills,
            comparison,
        })
    }

    async fn stop_server(&mut self) -> miette::Result<()> {
        if let Some(id) = self.server.id() {
            let stopped = std::process::Command::new("kill")
                .arg(id.to_string())
                .status()
                .into_diagnostic()?;
            if !stopped.success() {
                miette::bail!("the server could not be told to stop");
            }
        }
        self.server.wait().await.into_diagnostic()?;
        Ok(())
    }
}

fn settled(status: &Value, orders: u64) -> bool {
    let counts = status.get("orders");
    let count = |name: &str| {
        counts
            .and_then(|counts| counts.get(name))
            .and_then(Value::as_u64)
            .unwrap_or(0)
    };
    let all: u64 = ["idle", "moving", "stuck", "completed", "compensated", "closed"]
        .into_iter()
        .map(count)
        .sum();
    all >= orders && count("moving") == 0 && number_at(status, "deliveries_pending") == 0
}

fn start(plan: &Plan) -> miette::Result<Child> {
    let switches: Vec<&str> = plan.server_switches.iter().map(String::as_str).collect();
    server(
        &plan.folder.join("amends.toml"),
        &plan.folder.join("server.log"),
        &switches,
    )
}

fn number_at(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or(0)
}

fn text(value: &Value, name: &str) -> String {
    value
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn is_witness(entry: &std::io::Result<std::fs::DirEntry>) -> bool {
    entry
        .as_ref()
        .is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("witness-"))
}

fn free_port() -> miette::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).into_diagnostic()?;
    Ok(listener.local_addr().into_diagnostic()?.port())
}

/// A token made before the server owns the store; the next run on this folder uses it again.
fn token(folder: &Path) -> miette::Result<String> {
    let file = folder.join("token");
    if let Ok(token) = std::fs::read_to_string(&file) {
        return Ok(token);
    }
    let now = Clock::default().now();
    let identity = Identity::new(&new_store_id(), now.0).into_diagnostic()?;
    let mut store =
        Sled::open_or_create(&folder.join("store"), &Options::default(), identity).into_diagnostic()?;
    let created = token::create(&[], &Wanted::new("demo", Role::Admin), "demo", now).into_diagnostic()?;
    store
        .commit(&Commit {
            frames: Vec::new(),
            writes: created.writes,
        })
        .into_diagnostic()?;
    std::fs::write(&file, created.secret.reveal()).into_diagnostic()?;
    Ok(created.secret.reveal().to_owned())
}

fn configuration(world: &Value, shop: &str, port: u16, folder: &Path) -> String {
    let storefront = world
        .get("shops")
        .and_then(|shops| shops.get(shop))
        .and_then(Value::as_str)
        .unwrap_or_default();
    let address = |name: &str| text(world, name);
    include_str!("amends.toml")
        .replace("@SHOP@", shop)
        .replace("@PORT@", &port.to_string())
        .replace("@FOLDER@", &folder.join("store").display().to_string())
        .replace("@STOREFRONT@", storefront)
        .replace("@ERP@", &address("erp"))
        .replace("@PAYMENTS@", &address("payments"))
        .replace("@WAREHOUSE@", &address("warehouse"))
}

async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}
