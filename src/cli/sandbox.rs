//! `amends sandbox` and `amends witness`: the outside world, each in a process of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use amends_connectors::sandbox::{
    Addresses, Callback, Fault, Latency, Options, Ports, Rule, Shop, Witness, World,
};
use miette::{Context as _, IntoDiagnostic as _};
use serde::{Deserialize, Serialize};

use super::input::input_closed;

#[derive(Debug, clap::Args)]
pub(super) struct WitnessArgs {
    /// The file that rows are added to
    #[arg(long)]
    file: PathBuf,
}

/// Serves a witness until standard input closes.
pub(super) async fn witness(args: &WitnessArgs) -> miette::Result<ExitCode> {
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let witness = Witness::start(&args.file, any).await.into_diagnostic()?;
    println!("{}", serde_json::json!({ "witness": witness.url() }));
    input_closed().await;
    Ok(ExitCode::SUCCESS)
}

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where effects are told: the URL a witness printed
    #[arg(long)]
    witness: Option<String>,
    /// The shop's name
    #[arg(long, default_value = "demo")]
    shop: String,
    /// Where the shop delivers its webhooks, and the warehouse its reports: the server's address
    #[arg(long, default_value = "http://127.0.0.1:7411")]
    server: String,
    /// What every draw comes from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The shortest time a request takes, in milliseconds
    #[arg(long, default_value_t = 0)]
    latency_min_ms: u64,
    /// The longest time a request takes, in milliseconds
    #[arg(long, default_value_t = 0)]
    latency_max_ms: u64,
    /// Go on with what an earlier world left in this file, and leave it there at the end
    #[arg(long)]
    state: Option<PathBuf>,
    /// Make requests fail in many ways
    #[arg(long)]
    faults: bool,
}

/// Serves the world until standard input closes.
pub(super) async fn run(args: &Args) -> miette::Result<ExitCode> {
    let before = args
        .state
        .as_deref()
        .map(State::read)
        .transpose()?
        .unwrap_or_default();
    let world = World::start(options(args, before)).await.into_diagnostic()?;
    if args.faults {
        for system in ["erp", "payments", "warehouse", args.shop.as_str()] {
            for rule in faults() {
                if !world.inject(system, rule) {
                    miette::bail!("the world has no system `{system}`");
                }
            }
        }
    }
    println!("{}", serde_json::json!(world.addresses()));
    input_closed().await;
    if let Some(file) = &args.state {
        State::of(&world).write(file)?;
    }
    world.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

fn options(args: &Args, before: State) -> Options {
    let hook = format!("{}/hooks/woocommerce/{}", args.server, args.shop);
    let addresses = before.addresses.as_ref();
    let port = |of: fn(&Addresses) -> SocketAddr| addresses.map_or(0, |addresses| of(addresses).port());
    let shop_port = addresses.and_then(|addresses| addresses.shops.get(&args.shop));
    let shop = Shop {
        name: args.shop.clone(),
        port: shop_port.map_or(0, SocketAddr::port),
        ..Shop::default()
    }
    .announcing_to(&hook, "sandbox-webhook-secret");
    Options {
        seed: args.seed,
        ports: Ports {
            erp: port(|addresses| addresses.erp),
            payments: port(|addresses| addresses.payments),
            warehouse: port(|addresses| addresses.warehouse),
            control: port(|addresses| addresses.control),
        },
        witness: args.witness.clone(),
        shops: vec![shop],
        callback: Callback {
            url: Some(format!("{}/callbacks/warehouse", args.server)),
            secret: "sandbox-callback-secret".to_owned(),
        },
        partial_percent: 20,
        memory: before.memory,
        latency: Latency {
            min_ms: args.latency_min_ms,
            max_ms: args.latency_max_ms,
        },
        ..Options::default()
    }
}

/// What a world leaves for its next run: where it listened, because a shop is known by its address, and what its
/// systems had on record.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    addresses: Option<Addresses>,
    memory: Option<serde_json::Value>,
}

impl State {
    fn of(world: &World) -> Self {
        Self {
            addresses: Some(world.addresses().clone()),
            memory: Some(world.remember()),
        }
    }

    fn read(file: &Path) -> miette::Result<Self> {
        let text = match std::fs::read(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => miette::bail!("{} cannot be read: {error}", file.display()),
        };
        let state = serde_json::from_slice(&text).into_diagnostic();
        state.wrap_err_with(|| format!("{} is not what a world left; remove its folder", file.display()))
    }

    /// Whole or not at all.
    fn write(&self, file: &Path) -> miette::Result<()> {
        let text = serde_json::to_vec(self).into_diagnostic()?;
        let beside = file.with_extension("part");
        std::fs::write(&beside, text)
            .and_then(|()| std::fs::rename(&beside, file))
            .into_diagnostic()
            .wrap_err_with(|| format!("{} cannot be written", file.display()))
    }
}

/// What goes wrong: effects done whose answer is lost, effects not done, throttling, nonsense, repetitions. The ids
/// are those of the fault list in docs.
fn faults() -> Vec<Rule> {
    let rule = |fault, chance| Rule::always(fault).with_probability(chance);
    vec![
        rule(Fault::DoneThenHangUp, 0.02),
        rule(Fault::DoneThenError, 0.02),
        rule(Fault::TruncatedJson, 0.01),
        rule(Fault::HangUp, 0.02),
        rule(
            Fault::TooManyRequests {
                retry_after_s: Some(1),
            },
            0.01,
        ),
        rule(Fault::Unavailable, 0.01),
        rule(Fault::HtmlError, 0.01),
        rule(Fault::DuplicateCallback, 0.05),
        rule(Fault::ReorderCallback { within_ms: 500 }, 0.05),
    ]
}
