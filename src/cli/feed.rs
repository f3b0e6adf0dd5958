//! `amends feed`: what happens, told line by line.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use miette::IntoDiagnostic as _;
use serde_json::Value;

use super::orders::ServerArg;

/// How often a server that has nothing new is asked again.
const EVERY: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    server: ServerArg,
    /// Go on after this notice; `end` for what is still to come
    #[arg(long)]
    after: Option<String>,
    /// Kinds, separated by commas; docs/feed.md lists them
    #[arg(long)]
    kinds: Option<String>,
    /// Shops, separated by commas
    #[arg(long)]
    shops: Option<String>,
    /// Wait for more until Ctrl-C
    #[arg(long)]
    follow: bool,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args) -> miette::Result<ExitCode> {
    let client = args.server.client();
    let mut after = args.after.clone();
    loop {
        let asked = [
            ("after", after.clone()),
            ("kinds", args.kinds.clone()),
            ("shops", args.shops.clone()),
            ("limit", Some("500".to_owned())),
        ];
        let asked: Vec<(&str, String)> = asked
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
        let part = client.feed(&asked).await.into_diagnostic()?;
        let mut out = std::io::stdout().lock();
        for notice in part
            .get("notices")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let line = if args.json {
                notice.to_string()
            } else {
                line(notice)
            };
            if writeln!(out, "{line}").is_err() {
                // Whoever read along has gone.
                return Ok(ExitCode::SUCCESS);
            }
        }
        drop(out);
        after = part.get("next").and_then(Value::as_str).map(str::to_owned);
        let last = part.get("is_last").and_then(Value::as_bool).unwrap_or(true);
        if last && !args.follow {
            return Ok(ExitCode::SUCCESS);
        }
        if last {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => return Ok(ExitCode::SUCCESS),
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }
}

/// `2026-11-25 10:31:07  eu-shop:1042  incident.opened   a person is needed ...`
fn line(notice: &Value) -> String {
    let text = |name: &str| notice.get(name).and_then(Value::as_str).unwrap_or_default();
    let at = text("at").replace('T', " ");
    let at = at.split('.').next().unwrap_or_default();
    format!(
        "{at}  {:<16} {:<20} {}",
        text("order"),
        text("kind"),
        text("text")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_one_line() {
        let notice = serde_json::json!({
            "at": "2026-11-25T10:31:07.123Z", "order": "eu-shop:1042", "kind": "order.completed", "text": "completed",
        });
        let told = "2026-11-25 10:31:07  eu-shop:1042     order.completed      completed";
        assert_eq!(line(&notice), told);
    }
}
