//! `amends incidents`: what waits for a person, and who looks after it.

use std::process::ExitCode;

use clap::Subcommand;
use miette::IntoDiagnostic as _;
use serde_json::{Value, json};

use super::orders::ServerArg;
use crate::fields::{rows, text};
use amends_api::words::money;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    server: ServerArg,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List open incidents, oldest first
    List(List),
    /// Count open incidents by cause
    Causes {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one: what happened, what to do next, and the notes on it
    Show {
        /// Its id, as `list` shows it
        incident: String,
        /// Show personal data; audited
        #[arg(long)]
        reveal: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Give one to somebody
    Assign {
        /// Its id
        incident: String,
        /// The name of the token of whoever looks after it; nobody when left out
        #[arg(long)]
        to: Option<String>,
    },
    /// Leave one out of lists for a while
    Snooze {
        /// Its id
        incident: String,
        /// For how long (`4h`), or until when (RFC 3339); no longer when left out
        #[arg(long = "for", value_name = "TIME")]
        until: Option<String>,
    },
    /// Look at deliveries again that could not be understood
    Redrive {
        /// The shop or connector they came from; all when left out
        #[arg(long)]
        source: Option<String>,
        /// The cause, such as `unparsable-order`; all when left out
        #[arg(long)]
        cause: Option<String>,
        /// Why it should go better now
        #[arg(long)]
        reason: String,
        /// Only say which
        #[arg(long)]
        dry_run: bool,
    },
    /// Write a note on what an incident is on
    Note {
        /// Its id
        incident: String,
        /// What the next person needs to know
        text: String,
    },
}

#[derive(Debug, clap::Args)]
struct List {
    /// What they are on: order, delivery, shop or connector
    #[arg(long)]
    on: Option<String>,
    /// The cause, such as `rejected`
    #[arg(long)]
    cause: Option<String>,
    /// Who looks after them; `nobody` for those nobody does
    #[arg(long)]
    owner: Option<String>,
    /// The shop
    #[arg(long)]
    shop: Option<String>,
    /// Opened longer ago than this (`4h`), or before this time
    #[arg(long)]
    older_than: Option<String>,
    /// Opened within this time (`1d`), or since this time
    #[arg(long)]
    newer_than: Option<String>,
    /// Money is at risk in this currency
    #[arg(long)]
    currency: Option<String>,
    /// At least this is at risk on the order, in minor units
    #[arg(long)]
    risk_min: Option<i64>,
    /// Snoozed ones: hide, only or show
    #[arg(long)]
    snoozed: Option<String>,
    /// oldest or newest
    #[arg(long)]
    sort: Option<String>,
    /// At the most
    #[arg(long)]
    limit: Option<u32>,
    /// Where the page before ended
    #[arg(long)]
    cursor: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args) -> miette::Result<ExitCode> {
    let client = args.server.client();
    match args.command {
        Command::List(wanted) => {
            let found = client.incidents(&filters(&wanted)).await.into_diagnostic()?;
            if wanted.json {
                println!("{found:#}");
            } else {
                list(&found);
            }
        }
        Command::Causes { json } => {
            let counted = client.causes().await.into_diagnostic()?;
            if json {
                println!("{counted:#}");
            } else {
                causes(&counted);
            }
        }
        Command::Show {
            incident,
            reveal,
            json,
        } => {
            let shown = client.incident(&incident, reveal).await.into_diagnostic()?;
            if json {
                println!("{shown:#}");
            } else {
                show(&shown);
            }
        }
        Command::Assign { incident, to } => {
            let now = client.assign(&incident, to.as_deref()).await.into_diagnostic()?;
            match now.get("owner").and_then(Value::as_str) {
                Some(owner) => println!("{owner} looks after it"),
                None => println!("nobody looks after it"),
            }
        }
        Command::Snooze { incident, until } => {
            let now = client
                .snooze(&incident, until.as_deref())
                .await
                .into_diagnostic()?;
            match now.get("snoozed_until").and_then(Value::as_str) {
                Some(until) => println!("lists leave it out until {until}"),
                None => println!("lists show it"),
            }
        }
        Command::Redrive {
            source,
            cause,
            reason,
            dry_run,
        } => {
            let wanted = json!({ "source": source, "cause": cause, "reason": reason, "dry_run": dry_run });
            redriven(&client.redrive(&wanted).await.into_diagnostic()?);
        }
        Command::Note { incident, text } => {
            client.note(&incident, &text).await.into_diagnostic()?;
            println!("noted");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn filters(wanted: &List) -> Vec<(&'static str, String)> {
    let given = [
        ("on", wanted.on.clone()),
        ("cause", wanted.cause.clone()),
        ("owner", wanted.owner.clone()),
        ("shop", wanted.shop.clone()),
        ("older_than", wanted.older_than.clone()),
        ("newer_than", wanted.newer_than.clone()),
        ("currency", wanted.currency.clone()),
        ("risk_min", wanted.risk_min.map(|amount| amount.to_string())),
        ("snoozed", wanted.snoozed.clone()),
        ("sort", wanted.sort.clone()),
        ("limit", wanted.limit.map(|limit| limit.to_string())),
        ("cursor", wanted.cursor.clone()),
    ];
    given
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

fn list(found: &Value) {
    let incidents = rows(found, "incidents");
    if incidents.is_empty() {
        println!("no incident is open that fits");
    }
    for incident in incidents {
        println!("{}", line(incident));
    }
    if let Some(cursor) = found.get("cursor").and_then(Value::as_str) {
        println!("… more after {cursor}");
    }
}

/// `us-shop:16~2  4h  91.89 USD  kim  rejected: …`.
fn line(incident: &Value) -> String {
    let risk: Vec<String> = rows(incident, "at_risk").iter().map(amount).collect();
    let parts = [
        text(incident, "id").to_owned(),
        age(incident),
        risk.join(" + "),
        incident
            .get("owner")
            .and_then(Value::as_str)
            .map_or_else(|| "nobody".to_owned(), str::to_owned),
        format!("{}: {}", text(incident, "cause"), text(incident, "message")),
    ];
    let shown: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    shown.join("  ")
}

fn amount(value: &Value) -> String {
    let minor = value.get("amount_minor").and_then(Value::as_i64);
    money(minor.unwrap_or_default(), text(value, "currency"))
}

/// `90s`, `15m`, `4h`, `7d`.
fn age(incident: &Value) -> String {
    let seconds = incident.get("age_s").and_then(Value::as_i64).unwrap_or_default();
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7_200 => format!("{}m", seconds / 60),
        7_200..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

fn redriven(report: &Value) {
    for letter in rows(report, "letters") {
        let became = match (text(letter, "again"), text(letter, "error")) {
            ("", "") => "would be looked at again".to_owned(),
            ("", error) => error.to_owned(),
            (again, _) => format!("is looked at again as {again}"),
        };
        let name = format!("{}/{}", text(letter, "source"), text(letter, "delivery"));
        println!("{name} ({}) {became}", text(letter, "cause"));
    }
    let count = |name: &str| report.get(name).and_then(Value::as_u64).unwrap_or_default();
    println!(
        "{} found, {} looked at again, {} failed",
        count("found"),
        count("again"),
        count("failed")
    );
    if report.get("more").and_then(Value::as_bool).unwrap_or_default() {
        println!("… more are left: ask again");
    }
}

fn causes(counted: &Value) {
    for cause in rows(counted, "causes") {
        let open = cause.get("open").and_then(Value::as_u64).unwrap_or_default();
        let more = cause.get("more").and_then(Value::as_bool).unwrap_or_default();
        let advice = cause.get("advice").unwrap_or(&Value::Null);
        println!(
            "{:>6}{} {:<22} since {}  {}",
            open,
            if more { "+" } else { " " },
            text(cause, "cause"),
            text(cause, "oldest"),
            text(advice, "title")
        );
    }
}

fn show(shown: &Value) {
    let incident = shown.get("incident").unwrap_or(&Value::Null);
    println!("{}", line(incident));
    let advice = incident.get("advice").unwrap_or(&Value::Null);
    println!("\n{}. {}", text(advice, "title"), text(advice, "next"));
    if text(incident, "on") == "order" {
        let order = text(incident, "subject");
        let place = match text(incident, "place") {
            "" => String::new(),
            place => format!(" --place {place}"),
        };
        println!("\namends orders show {order}");
        for command in rows(advice, "commands").iter().filter_map(Value::as_str) {
            println!("amends orders do {order} {command}{place} --reason \"…\" --dry-run");
        }
    }
    for about in rows(incident, "about").iter().filter_map(Value::as_str) {
        println!("it happened to {about}");
    }
    for note in rows(shown, "notes") {
        println!(
            "{} {} wrote: {}",
            text(note, "at"),
            text(note, "by"),
            text(note, "text")
        );
    }
}
