//! `amends restore`: a new store from a backup, with its effects paused.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use amends_engine::Millis;
use amends_storage::Options;
use amends_storage::archive::Archive;
use amends_storage::backup::{Restore, inspect, restore};
use miette::{Context as _, IntoDiagnostic as _};

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
    /// The folder that has the archives of the old store, to be copied beside the new one
    #[arg(long)]
    archives: Option<PathBuf>,
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
    archives(&folder, &restored.archives, args.archives.as_deref())?;
    println!(
        "Its effects are paused: what happened after the cut is unknown here. Start the server, look at what is due, \
         then resume with `POST /api/v1/effects/resume`."
    );
    Ok(ExitCode::SUCCESS)
}

/// Archives are no part of a backup: they never change, and are copied once. Says which are missing.
fn archives(folder: &Path, needed: &BTreeSet<String>, from: Option<&Path>) -> miette::Result<()> {
    let target = Archive::beside(folder).folder().to_owned();
    let mut missing = Vec::new();
    for name in needed.iter().filter(|name| !target.join(name).exists()) {
        let Some(source) = from.map(|from| from.join(name)).filter(|source| source.exists()) else {
            missing.push(name.as_str());
            continue;
        };
        std::fs::create_dir_all(&target).into_diagnostic()?;
        std::fs::copy(&source, target.join(name))
            .into_diagnostic()
            .wrap_err_with(|| format!("{} cannot be copied to {}", source.display(), target.display()))?;
    }
    if !missing.is_empty() {
        println!(
            "Orders that left for these archives cannot be read until the files are copied to {}: {}",
            target.display(),
            missing.join(", ")
        );
    }
    Ok(())
}
