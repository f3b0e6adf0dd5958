//! `amends serve`: the server, until it is told to stop.

use std::process::ExitCode;

use amends_runtime::Acknowledge;
use amends_storage::Sync;
use miette::IntoDiagnostic as _;
use tokio::signal::unix::{SignalKind, signal};

use super::input::input_closed;
use super::{ConfigArg, logging};
use crate::server::{self, Tests};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// End when standard input closes, so that no server outlives whoever started it
    #[arg(long, hide = true)]
    until_input_closes: bool,
    /// Acknowledge before anything is durable, so that a test can see the checks fail
    #[arg(long, hide = true)]
    test_acknowledge_early: bool,
    /// Never wait for the disk, so that a test can see the checks fail
    #[arg(long, hide = true)]
    test_sync_off: bool,
    /// Keep finished orders and bodies for so many milliseconds, so that a test can see them go
    #[arg(long, hide = true)]
    test_retain_ms: Option<i64>,
}

pub(super) async fn run(args: Args) -> miette::Result<ExitCode> {
    let config = args.config.load()?;
    logging::start(&config.log);
    for warning in config.warnings() {
        tracing::warn!("{}", warning.listing());
    }
    let tests = Tests {
        sync: if args.test_sync_off {
            Sync::OffForTests
        } else {
            Sync::Durable
        },
        acknowledge: if args.test_acknowledge_early {
            Acknowledge::EarlyForTests
        } else {
            Acknowledge::Durable
        },
        retain_ms: args.test_retain_ms,
    };
    let mut terminate = signal(SignalKind::terminate()).into_diagnostic()?;
    let server = server::start(&config, tests).await.into_diagnostic()?;
    eprintln!("amends serves {}", server.url);
    let mut handle = server.handle();
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
        () = failed(&mut handle) => {}
        () = input_closed(), if args.until_input_closes => {}
    }
    server.stop().await.into_diagnostic()?;
    Ok(ExitCode::SUCCESS)
}

/// Waits until the engine can make nothing durable any more: then the process ends and says so.
async fn failed(handle: &mut amends_runtime::Handle) {
    while handle.health().failure.is_none() {
        if !handle.health_changed().await {
            return;
        }
    }
}
