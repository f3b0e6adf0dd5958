//! `amends brakes`: what is stopped, by whom, and stopping or releasing it.

use std::process::ExitCode;

use clap::Subcommand;
use miette::IntoDiagnostic as _;
use serde_json::Value;

use super::orders::ServerArg;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    server: ServerArg,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show every brake that is pulled
    List,
    /// Stop something until it is resumed; what is under way ends, what is owed waits
    Pause(Turn),
    /// Let it go on
    Resume(Turn),
}

#[derive(Debug, clap::Args)]
struct Turn {
    /// `effects` (everything that leaves), `money` (what takes money or gives it back) or `connector`
    lever: Lever,
    /// The connector, for `connector`
    #[arg(required_if_eq("lever", "connector"))]
    name: Option<String>,
    /// Why; kept in the audit trail
    #[arg(long)]
    reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Lever {
    /// Everything that leaves
    Effects,
    /// Every request that takes money or gives it back
    Money,
    /// Everything to one connector
    Connector,
}

impl Turn {
    fn path(&self, verb: &str) -> String {
        match self.lever {
            Lever::Effects => format!("/effects/{verb}"),
            Lever::Money => format!("/money/{verb}"),
            Lever::Connector => format!("/connectors/{}/{verb}", self.name.as_deref().unwrap_or_default()),
        }
    }
}

pub(super) async fn run(args: Args) -> miette::Result<ExitCode> {
    let client = args.server.client();
    match args.command {
        Command::List => {
            let brakes = client.brakes().await.into_diagnostic()?;
            print!("{}", listing(&brakes));
        }
        Command::Pause(turn) => {
            let path = turn.path("pause");
            client.brake(&path, &turn.reason).await.into_diagnostic()?;
            println!("paused; `amends brakes list` shows it, `amends brakes resume` ends it");
        }
        Command::Resume(turn) => {
            let path = turn.path("resume");
            client.brake(&path, &turn.reason).await.into_diagnostic()?;
            println!("resumed");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn listing(brakes: &Value) -> String {
    let mut lines = Vec::new();
    let mut line = |what: &str, brake: &Value| {
        let text = |name: &str| brake.get(name).and_then(Value::as_str).unwrap_or_default();
        if brake.is_object() {
            lines.push(format!(
                "{what:<20} since {} by {}: {}",
                text("since"),
                text("by"),
                text("reason")
            ));
        }
    };
    for what in ["effects", "money"] {
        line(what, brakes.get(what).unwrap_or(&Value::Null));
    }
    for (connector, brake) in brakes
        .get("connectors")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        line(connector, brake);
    }
    if brakes.get("restored") == Some(&Value::Bool(true)) {
        lines.push(format!(
            "{:<20} since the store was restored from a backup",
            "effects"
        ));
    }
    if lines.is_empty() {
        return "no brake is pulled\n".to_owned();
    }
    lines.join("\n") + "\n"
}
