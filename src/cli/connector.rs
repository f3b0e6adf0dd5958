//! `amends connector check`: whether outside systems can be reached with the configured credentials.

use std::process::ExitCode;
use std::sync::Arc;

use amends_workflows::cel::CelEvaluator;
use clap::Subcommand;
use miette::IntoDiagnostic as _;

use super::ConfigArg;
use crate::server::connectors::Connectors;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Ask each system one harmless question
    Check {
        #[command(flatten)]
        config: ConfigArg,
        /// Only this connector
        connector: Option<String>,
    },
}

pub(super) async fn run(args: &Args) -> miette::Result<ExitCode> {
    let Command::Check {
        config,
        connector: only,
    } = &args.command;
    let config = config.load()?;
    let connectors = Connectors::without_store(&config, &Arc::new(CelEvaluator::new())).into_diagnostic()?;
    if let Some(only) = only.as_ref().filter(|only| connectors.get(only).is_none()) {
        let known: Vec<&str> = connectors.iter().map(|(name, _)| name).collect();
        miette::bail!(
            "no connector `{only}` is configured; there are {}",
            known.join(", ")
        );
    }
    let mut well = true;
    for (name, connector) in connectors
        .iter()
        .filter(|(name, _)| only.as_ref().is_none_or(|only| only == name))
    {
        let report = connector.check().await;
        println!("{name:<16} {report}");
        well &= report.is_well();
    }
    Ok(if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
