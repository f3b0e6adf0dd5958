//! `amends journal verify`: walks the store and names the first damage.

use std::path::PathBuf;
use std::process::ExitCode;

use amends_storage::verify::verify;
use amends_storage::{Options, Sled};
use clap::Subcommand;
use miette::IntoDiagnostic as _;

use super::ConfigArg;
use super::progress::Bar;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check every frame, chain and value of a stopped server's store
    Verify {
        #[command(flatten)]
        config: ConfigArg,
        /// The store's folder, in place of the configured one
        #[arg(long)]
        store: Option<PathBuf>,
    },
}

pub(super) fn run(args: &Args) -> miette::Result<ExitCode> {
    let Command::Verify { config, store } = &args.command;
    let folder = match store {
        Some(folder) => folder.clone(),
        None => config.load()?.store.folder,
    };
    let sled = Sled::open(&folder, &Options::default()).into_diagnostic()?;
    let bar = Bar::new();
    let report = verify(&sled.reader(), |progress| bar.show(progress)).into_diagnostic()?;
    bar.end();
    if report.archived_roots + report.superseded > 0 {
        println!(
            "{} frames of {} orders in archives ({} more came back since)",
            report.archived_frames, report.archived_roots, report.superseded
        );
    }
    println!(
        "{} frames of {} orders, {} other values, {} bytes: {}",
        report.frames,
        report.roots,
        report.values,
        report.bytes,
        if report.is_clean() { "whole" } else { "DAMAGED" }
    );
    let Some(first) = report.first else {
        return Ok(ExitCode::SUCCESS);
    };
    eprintln!(
        "{} entries are damaged or missing; the first: {}",
        report.damaged, first.meaning
    );
    eprintln!(
        "restore the newest backup with `amends restore`, and keep this folder for whoever looks into it"
    );
    Ok(ExitCode::FAILURE)
}
