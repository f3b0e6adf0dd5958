//! Processes of the demonstration, all of this one binary.

use std::path::Path;
use std::process::Stdio;

use miette::{Context as _, IntoDiagnostic as _};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// A child that said one line of JSON about itself.
pub struct Spoken {
    /// The process; it ends when its standard input closes.
    pub child: Child,
    /// What it said.
    pub said: Value,
}

/// Starts this binary with `args` and waits for its line.
///
/// # Errors
/// When it does not start or says something else.
pub async fn spoken(args: &[&str]) -> miette::Result<Spoken> {
    let mut child = command(args)?
        .stdin(Stdio::piped())
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
        .wrap_err_with(|| format!("it said {line:?}"))?;
    Ok(Spoken { child, said })
}

/// Starts the server; its log goes to `log`.
///
/// # Errors
/// When it does not start.
pub fn server(config: &Path, log: &Path, extra: &[&str]) -> miette::Result<Child> {
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .into_diagnostic()?;
    let config = config.display().to_string();
    let mut args = vec!["serve", "--config", &config];
    args.extend(extra);
    command(&args)?
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .into_diagnostic()
}

fn command(args: &[&str]) -> miette::Result<Command> {
    let me = std::env::current_exe().into_diagnostic()?;
    let mut command = Command::new(me);
    command.args(args).kill_on_drop(true);
    Ok(command)
}
