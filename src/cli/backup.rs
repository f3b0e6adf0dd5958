//! `amends backup`: has the running server write its store to one file.

use std::process::ExitCode;
use std::time::Duration;

use miette::IntoDiagnostic as _;
use serde_json::Value;

use crate::fields::text;

use super::orders::ServerArg;
use super::progress::Bar;

/// How often the server is asked how far it is.
const ASK_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    server: ServerArg,
    /// The last frame to be in the backup; the last there is when not given
    #[arg(long)]
    cut: Option<u64>,
}

pub(super) async fn run(args: &Args) -> miette::Result<ExitCode> {
    let client = args.server.client();
    let mut job = client.begin_backup(args.cut).await.into_diagnostic()?;
    let id = text(&job, "id").to_owned();
    let bar = Bar::new();
    let mut tick = tokio::time::interval(ASK_EVERY);
    while text(&job, "state") == "running" {
        let number = |name| job.get(name).and_then(Value::as_u64);
        bar.tell(
            text(&job, "stage"),
            number("done").unwrap_or_default(),
            number("total"),
        );
        tick.tick().await;
        job = client.backup(&id).await.into_diagnostic()?;
    }
    if text(&job, "state") == "done" {
        let frames = job
            .pointer("/backup/frames")
            .and_then(Value::as_u64)
            .unwrap_or_default();
        bar.tell("writing the backup", frames, Some(frames));
    }
    bar.end();
    if text(&job, "state") == "failed" {
        miette::bail!("no backup was made: {}", text(&job, "reason"));
    }
    let backup = job.get("backup").unwrap_or(&Value::Null);
    let number = |name: &str| backup.get(name).and_then(Value::as_u64).unwrap_or_default();
    println!("{}", text(backup, "file"));
    println!(
        "cut at sequence {}: {} frames, {} values, {} bytes",
        number("cut"),
        number("frames"),
        number("values"),
        number("bytes")
    );
    Ok(ExitCode::SUCCESS)
}
