//! `amends config`: what the configuration says, checked, with secrets masked.

use std::process::ExitCode;

use clap::Subcommand;

use super::ConfigArg;

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
    for warning in loaded.warnings() {
        eprintln!("{}", warning.listing());
    }
    if let Command::Show { .. } = &args.command {
        print!("{}", crate::config::effective::render(loaded.effective()));
    }
    Ok(ExitCode::SUCCESS)
}
