//! `amends backup`: has the running server write its store to one file.

use std::process::ExitCode;

use miette::IntoDiagnostic as _;

use super::orders::ServerArg;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    server: ServerArg,
}

pub(super) async fn run(args: &Args) -> miette::Result<ExitCode> {
    let bar = indicatif::ProgressBar::new_spinner().with_message("the server writes its backup");
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    let made = args.server.client().backup().await.into_diagnostic()?;
    bar.finish_and_clear();
    println!("{made:#}");
    Ok(ExitCode::SUCCESS)
}
