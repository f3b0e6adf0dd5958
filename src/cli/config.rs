//! `amends config`: what the configuration says, checked, with secrets masked.

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
    /// Check the file and everything it names; say nothing when all is well
    Check {
        #[command(flatten)]
        config: ConfigArg,
    },
    /// Show every key with the value in force and where it came from
    Show {
        #[command(flatten)]
        config: ConfigArg,
    },
}

pub(super) fn run(args: &Args) -> miette::Result<ExitCode> {
    let (Command::Check { config } | Command::Show { config }) = &args.command;
    let loaded = config.load()?;
    // What the file names has to be sound as well: recipes, their settings and secrets.
    Connectors::without_store(&loaded, &Arc::new(CelEvaluator::new())).into_diagnostic()?;
    for warning in loaded.warnings() {
        eprintln!("{}", warning.listing());
    }
    if let Command::Show { .. } = &args.command {
        print!("{}", crate::config::effective::render(loaded.effective()));
    }
    Ok(ExitCode::SUCCESS)
}
