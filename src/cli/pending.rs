//! `amends pending`: commands that wait for a second person.

use std::process::ExitCode;

use clap::Subcommand;
use miette::IntoDiagnostic as _;
use serde_json::Value;

use super::orders::{ServerArg, preview};
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
    /// List what waits, with what it would do
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Agree to what somebody else asked for; it is done at once
    Confirm(Decision),
    /// Refuse it; nothing is done
    Decline(Decision),
}

#[derive(Debug, clap::Args)]
struct Decision {
    /// Its id
    id: String,
    /// Why; kept with the order and in the audit trail
    #[arg(long)]
    reason: String,
}

pub(super) async fn run(args: &Args) -> miette::Result<ExitCode> {
    let client = args.server.client();
    match &args.command {
        Command::List { json } => {
            let found = client.pending().await.into_diagnostic()?;
            if *json {
                println!("{found:#}");
            } else {
                list(&found);
            }
        }
        Command::Confirm(decision) => {
            let done = client
                .confirm(&decision.id, &decision.reason)
                .await
                .into_diagnostic()?;
            println!("{} is done", text(&done, "done"));
        }
        Command::Decline(decision) => {
            client
                .decline(&decision.id, &decision.reason)
                .await
                .into_diagnostic()?;
            println!("declined; nothing is done");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(found: &Value) {
    for pending in rows(found, "pending") {
        let wish = pending.get("wish").unwrap_or(&Value::Null);
        println!(
            "{}  {} {}, asked for by {} on {}: {}",
            text(pending, "id"),
            text(wish, "command"),
            text(pending, "root"),
            text(pending, "asked_by"),
            text(pending, "asked"),
            text(wish, "reason")
        );
        preview(pending.get("preview").unwrap_or(&Value::Null));
    }
}
