//! `amends archive`: finds orders that have left the store.

use std::process::ExitCode;

use miette::IntoDiagnostic as _;
use serde_json::Value;

use super::orders::ServerArg;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    server: ServerArg,
    #[command(flatten)]
    term: TermArg,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What stands on paper.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct TermArg {
    /// The number the shop shows
    #[arg(long)]
    number: Option<String>,
    /// An outside document's number
    #[arg(long)]
    document: Option<String>,
    /// A refund, as `shop/id`
    #[arg(long)]
    refund: Option<String>,
    /// An instance
    #[arg(long)]
    instance: Option<String>,
}

pub(super) async fn run(args: &Args) -> miette::Result<ExitCode> {
    let terms = [
        ("number", &args.term.number),
        ("document", &args.term.document),
        ("refund", &args.term.refund),
        ("instance", &args.term.instance),
    ];
    let client = args.server.client();
    for (term, value) in terms {
        let Some(value) = value else { continue };
        let found = client.archived(term, value).await.into_diagnostic()?;
        if args.json {
            println!("{found:#}");
        } else {
            list(
                found
                    .get("orders")
                    .and_then(Value::as_array)
                    .map_or(&[], Vec::as_slice),
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(orders: &[Value]) {
    for order in orders {
        let text = |name: &str| order.get(name).and_then(Value::as_str).unwrap_or_default();
        println!("{:<20} {}", text("root"), text("state"));
    }
    if orders.is_empty() {
        println!("no archived order; `amends orders list` looks in the store");
    }
}
