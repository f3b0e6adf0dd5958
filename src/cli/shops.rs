//! `amends shops`: whether shops are believed and heard, and stopping or resuming their ingest.

use std::process::ExitCode;

use clap::Subcommand;
use miette::IntoDiagnostic as _;
use serde_json::Value;

use super::orders::ServerArg;
use crate::fields::{rows, text};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    server: ServerArg,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the shops
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one shop: its incidents, and the orders that only the sweep found
    Show {
        /// The shop
        shop: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Believe nothing of a shop until it is resumed; its deliveries are kept
    Pause {
        /// The shop
        shop: String,
        /// Why; kept in the audit trail
        #[arg(long)]
        reason: String,
    },
    /// Take up everything that waited, after a pause or a stop
    Resume {
        /// The shop
        shop: String,
        /// Why; kept in the audit trail
        #[arg(long)]
        reason: String,
    },
}

pub(super) async fn run(args: Args) -> miette::Result<ExitCode> {
    let client = args.server.client();
    match args.command {
        Command::List { json } => {
            let found = client.shops().await.into_diagnostic()?;
            if json {
                println!("{found:#}");
            } else {
                for shop in rows(&found, "shops") {
                    line(shop);
                }
            }
        }
        Command::Show { shop, json } => {
            let shown = client.shop(&shop).await.into_diagnostic()?;
            if json {
                println!("{shown:#}");
            } else {
                show(&shown);
            }
        }
        Command::Pause { shop, reason } => {
            client
                .brake(&format!("/shops/{shop}/pause"), &reason)
                .await
                .into_diagnostic()?;
            println!("{shop} is paused: its deliveries are kept and wait for `amends shops resume {shop}`");
        }
        Command::Resume { shop, reason } => {
            let answer = client
                .brake(&format!("/shops/{shop}/resume"), &reason)
                .await
                .into_diagnostic()?;
            match answer.get("was").filter(|was| !was.is_null()) {
                Some(was) => println!("{shop} goes on; {}", text(was, "resume")),
                None => println!("{shop} was not stopped"),
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn line(shop: &Value) {
    let incidents = rows(shop, "incidents");
    let causes: Vec<&str> = incidents.iter().map(|incident| text(incident, "cause")).collect();
    println!(
        "{:<20} ingest {:<8} last delivery {:<24} {}",
        text(shop, "shop"),
        text(shop, "ingest"),
        said(shop, "last_delivery"),
        causes.join(", ")
    );
}

fn show(shop: &Value) {
    line(shop);
    println!(
        "last sweep {}, last full compare {}",
        said(shop, "last_sweep"),
        shop.get("last_compare").map_or("never", |run| said(run, "ended"))
    );
    if let Some(stop) = shop.get("stop").filter(|stop| !stop.is_null()) {
        println!(
            "\nSTOPPED since {} by {}: {}",
            text(stop, "since"),
            text(stop, "by"),
            text(stop, "text")
        );
        println!("  when it is resumed, {}", text(stop, "resume"));
    }
    for name in ["incidents", "delivery_incidents"] {
        for incident in rows(shop, name) {
            let count = incident.get("count").and_then(Value::as_u64).unwrap_or_default();
            println!(
                "\nNEEDS A PERSON ({}, {count} times): {}",
                text(incident, "cause"),
                text(incident, "text")
            );
            let about: Vec<&str> = rows(incident, "about").iter().filter_map(Value::as_str).collect();
            println!("  {} since {}", about.join(", "), text(incident, "since"));
        }
    }
    let gaps = rows(shop, "gaps");
    if !gaps.is_empty() {
        println!("\nFound by the sweep alone, newest first:");
    }
    for gap in gaps {
        println!(
            "  {:<24} changed {}, found {}",
            text(gap, "order"),
            text(gap, "changed"),
            text(gap, "found")
        );
    }
}

fn said<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or("never")
}
