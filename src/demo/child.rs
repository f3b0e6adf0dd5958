//! Processes of the demonstration, all of this one binary.
//!
//! Each lives in a process group of its own, so that Ctrl-C reaches the demonstration alone, which then ends them
//! in order. Each ends by itself when its standard input closes, so that none outlives the demonstration.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use miette::{Context as _, IntoDiagnostic as _};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// How long a child may take to end by itself.
const ENDING: Duration = Duration::from_secs(10);

/// A child that said one line of JSON about itself.
#[derive(Debug)]
pub struct Spoken {
    /// The process.
    pub child: Child,
    /// What it said.
    pub said: Value,
}

/// Starts this binary with `args` and waits for its line; what it complains about goes to `log`.
///
/// # Errors
/// When it does not start or says something else.
pub async fn spoken(args: &[&str], log: &Path) -> miette::Result<Spoken> {
    let mut child = command(args, log)?
        .stdout(Stdio::piped())
        .spawn()
        .into_diagnostic()
        .wrap_err_with(|| format!("amends {} does not start", args.join(" ")))?;
    let output = child
        .stdout
        .take()
        .ok_or_else(|| miette::miette!("the child has no output"))?;
    let mut line = String::new();
    BufReader::new(output)
        .read_line(&mut line)
        .await
        .into_diagnostic()?;
    let said = serde_json::from_str(&line)
        .into_diagnostic()
        .wrap_err_with(|| format!("amends {} said {line:?}; see {}", args.join(" "), log.display()))?;
    Ok(Spoken { child, said })
}

/// Starts the server; its log goes to `log`.
///
/// # Errors
/// When it does not start.
pub fn server(config: &Path, log: &Path, extra: &[String]) -> miette::Result<Child> {
    let config = config.display().to_string();
    let mut args = vec!["serve", "--until-input-closes", "--config", &config];
    args.extend(extra.iter().map(String::as_str));
    command(&args, log)?
        .stdout(Stdio::null())
        .spawn()
        .into_diagnostic()
}

/// Closes the child's input and waits until it has ended; one that does not is killed.
///
/// # Errors
/// When it ended badly or had to be killed.
pub async fn end(child: &mut Child, name: &str) -> miette::Result<()> {
    drop(child.stdin.take());
    if let Ok(status) = tokio::time::timeout(ENDING, child.wait()).await {
        let status = status.into_diagnostic()?;
        miette::ensure!(status.success(), "the {name} ended with {status}");
        return Ok(());
    }
    child.kill().await.into_diagnostic()?;
    miette::bail!(
        "the {name} did not end within {} s and was killed",
        ENDING.as_secs()
    )
}

fn command(args: &[&str], log: &Path) -> miette::Result<Command> {
    let me = std::env::current_exe().into_diagnostic()?;
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .into_diagnostic()
        .wrap_err_with(|| format!("{} cannot be written", log.display()))?;
    let mut command = Command::new(me);
    command
        .args(args)
        .stdin(Stdio::piped())
        .stderr(log)
        .process_group(0)
        .kill_on_drop(true);
    Ok(command)
}
