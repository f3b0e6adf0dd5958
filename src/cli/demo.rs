//! `amends demo`: the whole thing on one machine, with everything that can go wrong.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::ValueEnum;
use indicatif::ProgressBar;
use serde_json::{Value, json};

use crate::demo::play::{Plan, Stage};
use crate::demo::report::Report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Orders to make
    #[arg(long, default_value_t = 60)]
    orders: u64,
    /// Kills of the server process while it works
    #[arg(long, default_value_t = 0)]
    kills: u64,
    /// What every draw comes from
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Where everything is kept between runs
    #[arg(long, default_value = "amends-data")]
    data: PathBuf,
    /// End when all orders have settled, compare witness and journal, and say by the exit code whether they agree
    #[arg(long)]
    exit: bool,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Acknowledge before anything is durable
    #[arg(long, hide = true)]
    test_write_ahead_off: bool,
    /// Drop a row of the witness before comparing
    #[arg(long, hide = true)]
    test_drop_witness_row: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// For programs
    Json,
}

pub(super) async fn run(args: Args) -> miette::Result<ExitCode> {
    let switches = if args.test_write_ahead_off {
        vec!["--test-acknowledge-early".to_owned()]
    } else {
        Vec::new()
    };
    let stage = Stage::set(Plan {
        folder: args.data.clone(),
        orders: args.orders,
        kills: args.kills,
        seed: args.seed,
        server_switches: switches,
        drop_row: args.test_drop_witness_row,
    })
    .await?;
    eprintln!(
        "server  {}\ntoken   {}\ndata    {}\nseed    {}\n",
        stage.url,
        stage.token,
        args.data.display(),
        args.seed
    );
    let bar = ProgressBar::new_spinner();
    let begun = Instant::now();
    let tell = |status: &Value| show(&bar, status, begun);
    if args.exit {
        let report = stage.play(&tell).await?;
        bar.finish_and_clear();
        return Ok(print(&report, args.format));
    }
    spoil(&stage).await?;
    stage.generate(args.orders).await?;
    let (url, token) = (stage.url.clone(), stage.token.clone());
    let mut hinted = false;
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => break,
            () = tokio::time::sleep(std::time::Duration::from_millis(500)) => {}
        }
        let Some(status) = stage.status().await else {
            continue;
        };
        tell(&status);
        let moving = status
            .pointer("/orders/moving")
            .and_then(Value::as_u64)
            .unwrap_or(1);
        if !hinted && moving == 0 && begun.elapsed().as_secs() > 5 {
            hinted = true;
            bar.suspend(|| hint(&url, &token));
        }
    }
    bar.finish_and_clear();
    Ok(ExitCode::SUCCESS)
}

/// A few orders get stuck on purpose, so that there is something to move.
async fn spoil(stage: &Stage) -> miette::Result<()> {
    let rules = [
        (
            "erp",
            json!({ "kind": "error-inside", "says": "user", "count": 2, "operation": "sale.sale.create" }),
        ),
        (
            "erp",
            json!({ "kind": "error-inside", "says": "warning", "count": 1, "operation": "invoice.create" }),
        ),
        (
            "payments",
            json!({ "kind": "decline", "count": 1, "operation": "capture" }),
        ),
        (
            "payments",
            json!({ "kind": "capture-less", "percent": 90, "count": 1, "operation": "capture" }),
        ),
    ];
    for (system, rule) in rules {
        stage.spoil(system, &rule).await?;
    }
    Ok(())
}

fn hint(url: &str, token: &str) {
    println!("\nAll orders have settled; some wait for a person. In another terminal:\n");
    println!("  export AMENDS_URL={url} AMENDS_TOKEN={token}");
    println!("  amends orders list --state stuck");
    println!("  amends orders show ORDER --history");
    println!("  amends orders do ORDER retry --place PLACE --reason \"the ERP is open again\" --dry-run");
    println!("  amends orders do ORDER retry --place PLACE --reason \"the ERP is open again\"");
    println!("  amends orders do ORDER cancel --reason \"the customer asked\"\n");
    println!(
        "(`cargo run --release -- orders …` where `amends` is not installed.) Ctrl-C ends the demo; data is kept.\n"
    );
}

fn show(bar: &ProgressBar, status: &Value, begun: Instant) {
    let count = |name: &str| {
        status
            .pointer(&format!("/orders/{name}"))
            .and_then(Value::as_u64)
            .unwrap_or(0)
    };
    if let Some(killed) = status.get("killed") {
        let line = format!(
            "killed the server ({killed}) during {}, {} effects under way",
            status.get("during").and_then(Value::as_str).unwrap_or_default(),
            status.get("under_way").unwrap_or(&Value::Null)
        );
        return if bar.is_hidden() {
            eprintln!("{line}");
        } else {
            bar.println(line);
        };
    }
    let done = count("completed") + count("compensated");
    let seconds = begun.elapsed().as_secs().max(1);
    bar.set_message(format!(
        "completed {}  compensated {}  waiting for a person {}  moving {}  effects under way {}  {}/s",
        count("completed"),
        count("compensated"),
        count("stuck"),
        count("moving"),
        status.get("errands").unwrap_or(&Value::Null),
        done / seconds
    ));
    bar.tick();
}

fn print(report: &Report, format: Format) -> ExitCode {
    match format {
        Format::Json => println!("{:#}", report.json()),
        Format::Human => {
            println!(
                "{} orders in {:.1} s, {} kills",
                report.orders,
                seconds(report.took_ms),
                report.kills.len()
            );
            for (stage, count) in &report.comparison.stages {
                println!("  {stage:<14} {count}");
            }
            for (cause, count) in &report.comparison.waiting {
                println!("  waits for a person: {cause:<22} {count}");
            }
            println!(
                "effects: {} landed, {} seen by the witness",
                report.comparison.landed, report.comparison.witnessed
            );
            for difference in &report.comparison.differences {
                println!("  DIFFERENCE {difference}");
            }
            println!(
                "{}",
                if report.agrees() {
                    "witness and journal agree"
                } else {
                    "THEY DO NOT AGREE"
                }
            );
        }
    }
    if report.agrees() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[expect(clippy::cast_precision_loss, reason = "a duration for people")]
fn seconds(ms: u64) -> f64 {
    ms as f64 / 1_000.0
}
