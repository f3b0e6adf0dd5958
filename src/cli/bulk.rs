//! `amends bulk`: one command to many orders.

use std::process::ExitCode;
use std::time::Duration;

use amends_api::client::Client;
use amends_api::{BulkWish, Each, Selection};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use miette::IntoDiagnostic as _;
use serde_json::Value;

use super::orders::ServerArg;
use crate::fields::{rows, text};
use amends_api::words::money;

/// How often a running job is looked at.
const LOOK: Duration = Duration::from_millis(200);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    server: ServerArg,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Look what a command would do to many orders; `confirm` lets it run
    Preview(Preview),
    /// Let it run, follow it, and say what came of it
    Confirm {
        #[command(flatten)]
        decision: Decision,
        /// Do not wait for the end
        #[arg(long)]
        detach: bool,
    },
    /// Stop it; orders it has not reached stay as they are
    Cancel(Decision),
    /// List bulk commands, newest first
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one with all its orders
    Show {
        /// Its id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Preview {
    /// retry, complete, skip, compensate, cancel, hold, resume, approve, reject, close, rewind or note
    command: String,
    /// Why; kept with every order
    #[arg(long)]
    reason: String,
    /// Orders in this state: idle, moving, stuck, completed, compensated or closed
    #[arg(long)]
    state: Option<String>,
    /// Orders with an open incident of this cause, such as `rejected`
    #[arg(long)]
    cause: Option<String>,
    /// Orders of this shop
    #[arg(long)]
    shop: Option<String>,
    /// The step, or `step/item`
    #[arg(long)]
    place: Option<String>,
    /// For `note`: the text; the reason when it is left out
    #[arg(long)]
    note: Option<String>,
    /// Keep nothing: it cannot be confirmed
    #[arg(long)]
    dry_run: bool,
    /// The same key with the same request gives the first answer again, for a day
    #[arg(long)]
    key: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Decision {
    /// Its id
    id: String,
    /// Why; kept in the audit trail
    #[arg(long)]
    reason: String,
}

pub(super) async fn run(args: &Args) -> miette::Result<ExitCode> {
    let client = args.server.client();
    match &args.command {
        Command::Preview(wanted) => look(&client, wanted).await?,
        Command::Confirm { decision, detach } => return confirm(&client, decision, *detach).await,
        Command::Cancel(decision) => {
            let job = client.bulk_decide(&decision.id, "cancel", &decision.reason);
            summary(&job.await.into_diagnostic()?);
        }
        Command::List { json } => {
            let found = client.bulk_jobs().await.into_diagnostic()?;
            if *json {
                println!("{found:#}");
            } else {
                rows(&found, "jobs").iter().for_each(line);
            }
        }
        Command::Show { id, json } => {
            let (job, items) = whole(&client, id).await?;
            if *json {
                println!("{:#}", serde_json::json!({ "job": job, "items": items }));
            } else {
                items.iter().for_each(item);
                summary(&job);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn look(client: &Client, wanted: &Preview) -> miette::Result<()> {
    let wish = BulkWish {
        filter: Selection {
            state: wanted.state.clone(),
            cause: wanted.cause.clone(),
            shop: wanted.shop.clone(),
        },
        each: Each {
            command: wanted.command.clone(),
            reason: wanted.reason.clone(),
            place: wanted.place.clone(),
            result: None,
            note: wanted.note.clone(),
        },
        dry_run: wanted.dry_run,
    };
    let shown = client
        .bulk(&wish, wanted.key.as_deref())
        .await
        .into_diagnostic()?;
    if wanted.json {
        println!("{shown:#}");
        return Ok(());
    }
    rows(&shown, "items").iter().for_each(item);
    if let Some(after) = shown.get("after").and_then(Value::as_u64) {
        println!("… and more after the first {after}");
    }
    let job = part(&shown, "job");
    let preview = part(job, "preview");
    println!(
        "\n{} of {} orders take it, {} refuse it; it moves {}",
        number(preview, "would_do"),
        number(preview, "orders"),
        number(preview, "refused"),
        amounts(preview.get("amounts"))
    );
    match job.get("id").and_then(Value::as_str) {
        Some(id) => println!("nothing is done yet: `amends bulk confirm {id} --reason WHY`"),
        None => println!("a dry run: nothing is done or kept"),
    }
    Ok(())
}

/// Ends with 1 where an order that was to take the command did not.
async fn confirm(client: &Client, decision: &Decision, detach: bool) -> miette::Result<ExitCode> {
    let decided = client.bulk_decide(&decision.id, "confirm", &decision.reason);
    let mut job = decided.await.into_diagnostic()?;
    if text(&job, "stage") == "waiting" {
        println!(
            "it waits for a second person: `amends bulk confirm {} --reason WHY`",
            decision.id
        );
        return Ok(ExitCode::SUCCESS);
    }
    if !detach {
        let bar = ProgressBar::new(number(part(&job, "preview"), "orders"));
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {per_sec} {msg}") {
            bar.set_style(style);
        }
        while matches!(text(&job, "stage"), "running" | "cancelling") {
            tokio::time::sleep(LOOK).await;
            let shown = client.bulk_job(&decision.id, 0).await.into_diagnostic()?;
            job = part(&shown, "job").clone();
            bar.set_message(text(&job, "waits_for").to_owned());
            bar.set_position(number(part(&job, "preview"), "orders") - number(part(&job, "report"), "left"));
        }
        bar.finish_and_clear();
    }
    summary(&job);
    let missed = number(part(&job, "report"), "stale") + number(part(&job, "report"), "skipped");
    let refused = number(part(&job, "report"), "refused") > number(part(&job, "preview"), "refused");
    Ok(ExitCode::from(u8::from(missed > 0 || refused)))
}

/// A job with all its orders.
async fn whole(client: &Client, id: &str) -> miette::Result<(Value, Vec<Value>)> {
    let (mut items, mut after) = (Vec::new(), Some(0));
    let mut job = Value::Null;
    while let Some(from) = after {
        let page = client.bulk_job(id, from).await.into_diagnostic()?;
        items.extend_from_slice(rows(&page, "items"));
        after = page.get("after").and_then(Value::as_u64);
        job = part(&page, "job").clone();
    }
    Ok((job, items))
}

fn line(job: &Value) {
    println!(
        "{}  {:<10} {} to {} orders, asked for by {} on {}: {}",
        text(job, "id"),
        text(job, "stage"),
        text(part(job, "command"), "command"),
        number(part(job, "preview"), "orders"),
        text(job, "asked_by"),
        text(job, "asked"),
        text(part(job, "command"), "reason")
    );
}

fn item(item: &Value) {
    println!(
        "{:<24} {:<8} {:>16}  {} {}",
        text(item, "order"),
        text(item, "outcome"),
        amounts(item.get("amounts")),
        text(item, "code"),
        text(item, "detail")
    );
}

fn summary(job: &Value) {
    let report = part(job, "report");
    println!(
        "{}: {} done, {} refused, {} stale, {} skipped, {} left; moved {}, not moved {}",
        text(job, "stage"),
        number(report, "done"),
        number(report, "refused"),
        number(report, "stale"),
        number(report, "skipped"),
        number(report, "left"),
        amounts(report.get("moved")),
        amounts(report.get("not_moved"))
    );
}

fn part<'v>(value: &'v Value, name: &str) -> &'v Value {
    value.get(name).unwrap_or(&Value::Null)
}

fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or_default()
}

/// Amounts by currency, as the API has them.
fn amounts(amounts: Option<&Value>) -> String {
    let amounts = amounts.and_then(Value::as_object).into_iter().flatten();
    let told: Vec<String> = amounts
        .map(|(currency, minor)| money(minor.as_i64().unwrap_or_default(), currency))
        .collect();
    if told.is_empty() {
        "no money".to_owned()
    } else {
        told.join(", ")
    }
}
