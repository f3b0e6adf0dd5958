//! `amends audit`: who did or saw what.

use std::process::ExitCode;

use miette::IntoDiagnostic as _;
use serde_json::Value;

use super::orders::ServerArg;
use crate::fields::{rows, text};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    server: ServerArg,
    /// Only lines behind this position
    #[arg(long, default_value_t = 0)]
    after: u64,
    /// Print JSON, a line of the trail each
    #[arg(long)]
    json: bool,
}

/// Prints the trail page by page.
pub(super) async fn run(args: &Args) -> miette::Result<ExitCode> {
    let client = args.server.client();
    let mut after = Some(args.after);
    while let Some(position) = after {
        let page = client.audit(position).await.into_diagnostic()?;
        for line in rows(&page, "lines") {
            print(line, args.json);
        }
        after = page.get("after").and_then(Value::as_u64);
    }
    Ok(ExitCode::SUCCESS)
}

fn print(line: &Value, json: bool) {
    if json {
        println!("{line}");
    } else {
        let field = |name| text(line, name);
        println!(
            "{}  {:<16} {:<12} {}  {}",
            field("at"),
            field("actor"),
            field("action"),
            field("subject"),
            field("detail")
        );
    }
}
