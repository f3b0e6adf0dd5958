//! The demonstration for a visitor: orders, some stuck on purpose, and the commands that move them.

use std::time::{Duration, Instant};

use amends_api::client::Client;
use miette::IntoDiagnostic as _;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use super::live::Live;
use super::play::{News, cancel};
use super::stage::{SHOP, Stage, pause};
use crate::advice::{advice, program};

/// How often the progress is asked for.
const LOOK_EVERY_MS: u64 = 250;
/// How long nothing may change before the commands are shown.
const QUIET: Duration = Duration::from_secs(4);
/// Orders whose customers change their minds while they are under way.
const CANCELLED: usize = 3;
/// Orders whose commands are shown; the list shows the others.
const SHOWN_MAX: usize = 8;

/// Plays until Ctrl-C, then ends everything in order.
///
/// # Errors
/// When a part fails that should not.
pub async fn visit(mut stage: Stage) -> miette::Result<()> {
    greet(&stage);
    let live = Live::new();
    let mut terminate = signal(SignalKind::terminate()).into_diagnostic()?;
    let ended = tokio::select! {
        ended = course(&stage, &live) => ended,
        ended = tokio::signal::ctrl_c() => ended.into_diagnostic(),
        _ = terminate.recv() => Ok(()),
    };
    live.finish();
    eprintln!(
        "\nending; orders, documents and the token stay in {}",
        stage.plan.folder.display()
    );
    stage.stop_server().await?;
    stage.stop_world().await?;
    ended
}

fn greet(stage: &Stage) {
    let before = match stage.orders_before {
        0 => String::new(),
        orders => format!(" ({orders} orders of earlier runs are there)"),
    };
    eprintln!(
        "A shop, an ERP, a payment provider and a warehouse on this machine, and\n\
         Amends between them. {} orders come in; requests fail in many ways, and some\n\
         orders get stuck on purpose.\n\n  \
         server  {}\n  token   {}\n  data    {}{before}\n  seed    {}\n\nCtrl-C ends it.\n",
        stage.plan.orders,
        stage.url,
        stage.token,
        stage.plan.folder.display(),
        stage.plan.seed,
    );
}

/// Makes orders and trouble, shows the progress, shows the commands once it is quiet, and goes on for ever.
async fn course(stage: &Stage, live: &Live) -> miette::Result<()> {
    make_trouble(stage).await?;
    let mix = json!({ "stripe": 42, "stripe-manual": 35, "bacs": 3, "cod": 15, "free": 5 });
    let seed = stage.plan.seed.wrapping_add(stage.orders_before);
    stage.generate(stage.plan.orders, seed, &mix).await?;
    let expected = stage.orders_before + stage.plan.orders;
    let (mut changed, mut last, mut cancelled, mut shown) = (Instant::now(), Value::Null, false, false);
    loop {
        let Some(status) = stage.status().await else {
            miette::bail!(
                "the server stopped answering; see {}",
                stage.plan.folder.join("server.log").display()
            );
        };
        live.tell(&News::Status(&status));
        if !cancelled && count(&status, "moving") >= expected / 2 {
            cancel(&stage.client, CANCELLED).await?;
            cancelled = true;
        }
        let now = json!([status.get("orders"), status.get("durable")]);
        if now != last {
            (changed, last) = (Instant::now(), now);
        }
        if !shown && changed.elapsed() > QUIET && count(&status, "stuck") > 0 {
            live.print(&hint(stage).await?);
            shown = true;
        }
        pause(LOOK_EVERY_MS).await;
    }
}

fn count(status: &Value, name: &str) -> u64 {
    let count = status.pointer(&format!("/orders/{name}"));
    count.and_then(Value::as_u64).unwrap_or(0)
}

/// A few orders get stuck on purpose, so that there is something to move.
async fn make_trouble(stage: &Stage) -> miette::Result<()> {
    let rules = [
        (
            "erp",
            json!({ "kind": "error-inside", "says": "user", "count": 2, "operation": "sale.sale.create" }),
        ),
        (
            "erp",
            json!({ "kind": "error-inside", "says": "user", "count": 1, "operation": "invoice.post" }),
        ),
        (
            "payments",
            json!({ "kind": "decline", "count": 1, "operation": "capture" }),
        ),
        (
            "payments",
            json!({ "kind": "capture-less", "percent": 90, "count": 1, "operation": "capture" }),
        ),
    ];
    for (system, rule) in rules {
        stage.spoil(system, &rule).await?;
    }
    Ok(())
}

/// What waits for a person, and what to type.
async fn hint(stage: &Stage) -> miette::Result<String> {
    let program = program();
    let list = stuck(&stage.client).await?;
    let mut lines = vec![
        "\nIt is quiet now, and some orders wait for a person.\nIn another terminal, in this folder:\n"
            .to_owned(),
        format!("  export AMENDS_URL={}", stage.url),
        format!("  export AMENDS_TOKEN={}\n", stage.token),
        format!("  {program} orders list --state stuck"),
    ];
    for order in list.iter().take(SHOWN_MAX) {
        let root = order.get("root").and_then(Value::as_str).unwrap_or_default();
        let view = stage.client.order(root).await.into_diagnostic()?;
        lines.push(String::new());
        lines.extend(
            reasons(&view)
                .into_iter()
                .map(|reason| format!("  {root}: {reason}")),
        );
        lines.push(format!("  {program} orders show {root}"));
        lines.extend(
            advice(&view)
                .into_iter()
                .take(1)
                .map(|advice| format!("  {program} {}", advice.arguments)),
        );
    }
    if list.len() > SHOWN_MAX {
        lines.push(format!("\n  and {} more", list.len() - SHOWN_MAX));
    }
    lines.push(format!(
        "\n--history tells all that happened; --dry-run says what a command would do.\n\
         Orders of {SHOP} that were never paid go on waiting. Ctrl-C ends it all.\n"
    ));
    Ok(lines.join("\n"))
}

/// Why the order waits: the step's title and what the other side said.
fn reasons(view: &Value) -> Vec<String> {
    let rows = |name: &str| view.get(name).and_then(Value::as_array).into_iter().flatten();
    let text = |value: &Value, name: &str| {
        let text = value.get(name).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    rows("incidents")
        .map(|incident| {
            let place = text(incident, "place");
            let title = rows("waits")
                .filter(|wait| text(wait, "place") == place)
                .map(|wait| text(wait, "title"))
                .find(|title| !title.is_empty());
            match title {
                Some(title) => format!("{title}: {}", text(incident, "message")),
                None => text(incident, "message"),
            }
        })
        .collect()
}

async fn stuck(client: &Client) -> miette::Result<Vec<Value>> {
    let found = client
        .orders(&[("state", "stuck".to_owned())])
        .await
        .into_diagnostic()?;
    let orders = found.get("orders").and_then(Value::as_array).cloned();
    Ok(orders.unwrap_or_default())
}
