//! `amends sandbox` and `amends witness`: the outside world, each in a process of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use amends_connectors::sandbox::{Callback, Fault, Latency, Options, Rule, Shop, Witness, World};
use miette::IntoDiagnostic as _;

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
    /// Make requests fail in many ways
    #[arg(long)]
    faults: bool,
}

/// Serves the world until standard input closes.
pub(super) async fn run(args: &Args) -> miette::Result<ExitCode> {
    let hook = format!("{}/hooks/woocommerce/{}", args.server, args.shop);
    let shop = Shop {
        name: args.shop.clone(),
        ..Shop::default()
    }
    .announcing_to(&hook, "sandbox-webhook-secret");
    let options = Options {
        seed: args.seed,
        witness: args.witness.clone(),
        shops: vec![shop],
        callback: Callback {
            url: Some(format!("{}/callbacks/warehouse", args.server)),
            secret: "sandbox-callback-secret".to_owned(),
        },
        partial_percent: 20,
        latency: Latency {
            min_ms: args.latency_min_ms,
            max_ms: args.latency_max_ms,
        },
        ..Options::default()
    };
    let world = World::start(options).await.into_diagnostic()?;
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
    Ok(ExitCode::SUCCESS)
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
