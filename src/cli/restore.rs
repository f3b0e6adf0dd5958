//! `amends restore`: a new store from a backup, with its effects paused.

use std::path::PathBuf;
use std::process::ExitCode;

use amends_engine::Millis;
use amends_storage::Options;
use amends_storage::backup::{Restore, inspect, restore};
use miette::IntoDiagnostic as _;

use super::ConfigArg;
use super::progress::Bar;
use crate::server::identity::new_store_id;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// The backup file
    file: PathBuf,
    /// The folder of the new store, empty or absent, in place of the configured one
    #[arg(long)]
    store: Option<PathBuf>,
    /// What the new store is: a replacement keeps the idempotency keys of the lost one, so that other systems
    /// recognise what was sent already; a copy gets keys of its own
    #[arg(long, value_enum)]
    r#as: Role,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Role {
    /// The old store is gone, and this one takes its place
    Replacement,
    /// The old store lives on; this one is for looking and testing
    Copy,
}

pub(super) fn run(args: &Args) -> miette::Result<ExitCode> {
    let folder = match &args.store {
        Some(folder) => folder.clone(),
        None => args.config.load()?.store.folder,
    };
    let bar = Bar::new();
    let backup = inspect(&args.file, |progress| bar.show(progress)).into_diagnostic()?;
    let store_id = match args.r#as {
        Role::Replacement => backup.header.identity.store_id.clone(),
        Role::Copy => new_store_id(),
    };
    let now: Millis = amends_runtime::Clock::default().now();
    let request = Restore {
        store_id,
        now_ms: now.0,
        options: Options::default(),
    };
    let restored = restore(&args.file, &folder, &request, |progress| bar.show(progress)).into_diagnostic()?;
    bar.end();
    println!(
        "{} now holds store {} in epoch {}, cut at sequence {}.",
        folder.display(),
        restored.identity.store_id,
        restored.identity.epoch,
        restored.paused.cut
    );
    println!(
        "Its effects are paused: what happened after the cut is unknown here. Start the server, look at what is due, \
         then resume with `POST /api/v1/effects/resume`."
    );
    Ok(ExitCode::SUCCESS)
}
