//! `amends connector check`: whether outside systems can be reached with the configured credentials.

use std::process::ExitCode;
use std::sync::Arc;

use amends_connectors::recipe::{CheckReport, Connector};
use amends_workflows::cel::CelEvaluator;
use clap::Subcommand;
use miette::IntoDiagnostic as _;

use super::ConfigArg;
use super::layout::sentence;
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
    let chosen: Vec<_> = connectors
        .iter()
        .filter(|(name, _)| only.as_ref().is_none_or(|only| only == name))
        .collect();
    let width = chosen.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let reports = futures::future::join_all(chosen.iter().map(|(_, connector)| connector.check())).await;
    for ((name, connector), report) in chosen.iter().zip(&reports) {
        print(name, width, connector, report);
    }
    let bad = reports.iter().filter(|report| !report.is_well()).count();
    Ok(if bad == 0 {
        ExitCode::SUCCESS
    } else {
        println!("\n{bad} of {} cannot be used like this.", reports.len());
        ExitCode::FAILURE
    })
}

fn print(name: &str, width: usize, connector: &Connector, report: &CheckReport) {
    let address = format!("{} ({})", connector.base_url(), connector.recipe().name);
    match report {
        CheckReport::Well { took_ms } => {
            println!("{name:<width$}  ok     {address} answered in {took_ms} ms");
        }
        CheckReport::Untried => {
            println!("{name:<width$}  -      {address} not asked: its recipe has no [check]");
        }
        CheckReport::Bad { what, next } => {
            println!("{name:<width$}  WRONG  {address}");
            println!("{}", sentence(what, width + 9));
            println!("{}", sentence(&format!("-> {next}"), width + 9));
        }
    }
}
