//! `amends orders`: what waits for whom, and moving it.

use std::process::ExitCode;

use amends_api::Wish;
use amends_api::client::Client;
use amends_api::words::money;
use clap::Subcommand;
use miette::IntoDiagnostic as _;
use serde_json::Value;

use crate::fields::{rows, text};

use super::evidence;
use crate::advice::{advice, program};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    server: ServerArg,
    #[command(subcommand)]
    command: Command,
}

/// Which server to ask.
#[derive(Debug, clap::Args)]
pub(super) struct ServerArg {
    /// The server's address
    #[arg(
        long,
        env = "AMENDS_URL",
        default_value = "http://127.0.0.1:7411",
        global = true
    )]
    url: String,
    /// A token made with `amends token create`
    #[arg(
        long,
        env = "AMENDS_TOKEN",
        hide_env_values = true,
        default_value = "",
        global = true
    )]
    token: String,
}

impl ServerArg {
    pub(super) fn client(&self) -> Client {
        Client::new(&self.url, &self.token)
    }

    /// Whether there is a token to ask a server with.
    pub(super) fn has_token(&self) -> bool {
        !self.token.is_empty()
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List orders
    List(List),
    /// Find an order by whatever is in hand
    Find {
        /// A number of the shop or of an outside document, an order or an instance, or the start of one; or the
        /// buyer's whole e-mail address
        known: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one order: where it stands, what it waits for, its ledger
    Show {
        /// The order, such as `eu-shop:1042`
        order: String,
        /// With everything that happened
        #[arg(long)]
        history: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Save everything known about one order as a file, for a dispute or an auditor
    Evidence(evidence::Wish),
    /// Give an order a command
    #[command(name = "do")]
    Do(Do),
}

#[derive(Debug, clap::Args)]
struct List {
    /// idle, moving, stuck, completed, compensated or closed
    #[arg(long)]
    state: Option<String>,
    /// The stage of one of its instances: running, committing, committed, cancelling, compensating, completed,
    /// compensated or closed
    #[arg(long)]
    stage: Option<String>,
    /// The workflow of one of its instances
    #[arg(long)]
    workflow: Option<String>,
    /// A step it stands at
    #[arg(long)]
    step: Option<String>,
    /// The shop
    #[arg(long)]
    shop: Option<String>,
    /// The cause of an open incident, such as `rejected`
    #[arg(long)]
    cause: Option<String>,
    /// The number the shop shows
    #[arg(long)]
    number: Option<String>,
    /// An outside document's number
    #[arg(long)]
    document: Option<String>,
    /// First heard of longer ago than this (`4h`), or before this time
    #[arg(long)]
    older_than: Option<String>,
    /// First heard of within this time (`1d`), or since this time
    #[arg(long)]
    newer_than: Option<String>,
    /// Money is at risk in this currency
    #[arg(long)]
    currency: Option<String>,
    /// At least this is at risk, in minor units
    #[arg(long)]
    risk_min: Option<i64>,
    /// newest, oldest, risk, changed or stalest
    #[arg(long)]
    sort: Option<String>,
    /// At the most
    #[arg(long)]
    limit: Option<u32>,
    /// Where the page before ended
    #[arg(long)]
    cursor: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Do {
    /// The order
    order: String,
    /// retry, complete, skip, compensate, cancel, hold, resume, approve, reject, close, rewind, signal, edit, waive or
    /// note
    command: String,
    /// Why; kept with the order
    #[arg(long)]
    reason: String,
    /// The step, or `step/item`; for `rewind`, the first step that is done again
    #[arg(long)]
    place: Option<String>,
    /// The instance, where the order has several
    #[arg(long)]
    instance: Option<String>,
    /// For `complete`: the document made by hand
    #[arg(long)]
    reference: Option<String>,
    /// For `complete`: what later steps read, as JSON
    #[arg(long)]
    result: Option<String>,
    /// For `edit`: the arguments that change, as JSON
    #[arg(long)]
    arguments: Option<String>,
    /// For `signal`: the fact, such as `parcel.shipped`
    #[arg(long)]
    fact: Option<String>,
    /// For `signal`: what it happened to, such as the parcel's number
    #[arg(long)]
    id: Option<String>,
    /// For `signal`: what the workflow reads of it, as JSON
    #[arg(long)]
    payload: Option<String>,
    /// For `waive`: the number of the incident or obligation
    #[arg(long)]
    number: Option<u32>,
    /// For `note`: the text; the reason when it is left out
    #[arg(long)]
    note: Option<String>,
    /// Refuse if the order moved since this revision
    #[arg(long)]
    revision: Option<u64>,
    /// Only say what it would do
    #[arg(long)]
    dry_run: bool,
    /// Repeated with the same key and command, it gives the first answer again and does nothing more
    #[arg(long)]
    idempotency_key: Option<String>,
}

pub(super) async fn run(args: Args) -> miette::Result<ExitCode> {
    let client = args.server.client();
    match args.command {
        Command::List(wanted) => {
            let found = client.orders(&filters(&wanted)).await.into_diagnostic()?;
            if wanted.json {
                println!("{found:#}");
            } else {
                list(&found);
            }
        }
        Command::Find { known, json } => {
            let by = if known.contains('@') { "email" } else { "text" };
            let found = client.orders(&[(by, known)]).await.into_diagnostic()?;
            if json {
                println!("{found:#}");
            } else {
                list(&found);
            }
        }
        Command::Show { order, history, json } => {
            let shown = client.order(&order).await.into_diagnostic()?;
            if json {
                println!("{shown:#}");
            } else {
                show(&shown);
            }
            if history {
                tell(&client.history(&order).await.into_diagnostic()?);
            }
        }
        Command::Evidence(wish) => evidence::save(&client, &wish).await?,
        Command::Do(wish) => {
            let answer = client
                .command(&wish.order, &asked(&wish)?, wish.idempotency_key.as_deref())
                .await
                .into_diagnostic()?;
            if wish.dry_run {
                preview(&answer);
            } else if let Some(id) = answer.get("pending").and_then(Value::as_str) {
                println!("it waits for a second person: `amends pending confirm {id} --reason WHY`");
            } else {
                println!(
                    "done; the order is at revision {}",
                    answer.get("revision").unwrap_or(&Value::Null)
                );
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn filters(wanted: &List) -> Vec<(&'static str, String)> {
    let given = [
        ("state", wanted.state.clone()),
        ("stage", wanted.stage.clone()),
        ("workflow", wanted.workflow.clone()),
        ("step", wanted.step.clone()),
        ("shop", wanted.shop.clone()),
        ("cause", wanted.cause.clone()),
        ("number", wanted.number.clone()),
        ("document", wanted.document.clone()),
        ("older_than", wanted.older_than.clone()),
        ("newer_than", wanted.newer_than.clone()),
        ("currency", wanted.currency.clone()),
        ("risk_min", wanted.risk_min.map(|amount| amount.to_string())),
        ("sort", wanted.sort.clone()),
        ("limit", wanted.limit.map(|limit| limit.to_string())),
        ("cursor", wanted.cursor.clone()),
    ];
    given
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

fn asked(wish: &Do) -> miette::Result<Wish> {
    let json = |name: &str, given: &Option<String>| -> miette::Result<Option<Value>> {
        let read = given.as_deref().map(serde_json::from_str).transpose();
        read.map_err(|error| miette::miette!("--{name} is not JSON: {error}"))
    };
    Ok(Wish {
        command: wish.command.clone(),
        reason: wish.reason.clone(),
        instance: wish.instance.clone(),
        place: wish.place.clone(),
        reference: wish.reference.clone(),
        result: json("result", &wish.result)?,
        arguments: json("arguments", &wish.arguments)?,
        fact: wish.fact.clone(),
        id: wish.id.clone(),
        payload: json("payload", &wish.payload)?,
        number: wish.number.map(u64::from),
        note: wish.note.clone(),
        revision: wish.revision,
        dry_run: wish.dry_run,
    })
}

fn list(found: &Value) {
    let orders = rows(found, "orders");
    if orders.is_empty() {
        println!("no order fits");
        return;
    }
    let mut table = vec![["ORDER", "STATE", "TOTAL", "WAITS FOR"].map(str::to_owned)];
    table.extend(orders.iter().map(|order| {
        [
            text(order, "root").to_owned(),
            text(order, "state").to_owned(),
            total(order),
            why(order),
        ]
    }));
    let width = |column: usize| {
        let cells = table.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let (first, second, third) = (width(0), width(1), width(2));
    for [order, state, total, why] in &table {
        let line = format!("{order:<first$}  {state:<second$}  {total:>third$}  {why}");
        println!("{}", line.trim_end());
    }
    if let Some(cursor) = found.get("cursor").and_then(Value::as_str) {
        println!("… more after {cursor}");
    }
}

fn why(order: &Value) -> String {
    let listed = |name: &str, between: &str| {
        let all: Vec<&str> = rows(order, name).iter().filter_map(Value::as_str).collect();
        all.join(between)
    };
    let (waits, causes) = (listed("waits_for", "; "), listed("causes", ", "));
    match (waits.is_empty(), causes.is_empty()) {
        (_, true) => waits,
        (true, false) => format!("a person: {causes}"),
        (false, false) => format!("{waits} ({causes})"),
    }
}

fn total(order: &Value) -> String {
    let minor = order.get("total_minor").and_then(Value::as_i64);
    money(minor.unwrap_or_default(), text(order, "currency"))
}

fn show(order: &Value) {
    let summary = order.get("summary").unwrap_or(&Value::Null);
    println!(
        "{}  {}, {}, revision {}",
        text(order, "root"),
        text(summary, "state"),
        total(summary),
        order.get("revision").unwrap_or(&Value::Null)
    );
    if order.get("archived") == Some(&Value::Bool(true)) {
        println!("archived: it has left the store, and comes back if something happens to it");
    }
    for instance in rows(order, "instances") {
        println!("\n{}: {}", text(instance, "id"), text(instance, "stage_words"));
        if let Some(hold) = instance.get("held").filter(|hold| !hold.is_null()) {
            println!("  HELD since {}: {}", text(hold, "since"), text(hold, "reason"));
        }
        for step in rows(instance, "steps") {
            let reference = step
                .get("reference")
                .and_then(Value::as_str)
                .map_or_else(String::new, |it| format!("  [{it}]"));
            println!("  {:<22} {}{reference}", text(step, "place"), text(step, "state"));
        }
    }
    for incident in rows(order, "incidents") {
        println!(
            "\nNEEDS A PERSON (number {}, {}): {}",
            incident.get("number").unwrap_or(&Value::Null),
            text(incident, "cause"),
            text(incident, "message")
        );
    }
    for wait in rows(order, "waits") {
        println!(
            "waits for {}{}",
            text(wait, "for"),
            wait.get("place")
                .and_then(Value::as_str)
                .map_or_else(String::new, |place| format!(" at {place}"))
        );
    }
    for obligation in rows(order, "obligations") {
        println!(
            "owed (number {}): {}",
            obligation.get("number").unwrap_or(&Value::Null),
            text(obligation, "reason")
        );
    }
    for note in rows(order, "notes") {
        println!(
            "{} {} wrote: {}",
            text(note, "at"),
            text(note, "by"),
            text(note, "text")
        );
    }
    next(order);
    println!(
        "\n{:<24} {:<16} {:>10} {:>10}",
        "LEDGER (minor units)", "", "landed", "open"
    );
    for line in rows(order, "ledger") {
        let amount = |name: &str| line.get(name).and_then(Value::as_i64).unwrap_or_default();
        println!(
            "{:<24} {:<16} {:>10} {:>10}",
            text(line, "account"),
            text(line, "line"),
            amount("landed"),
            amount("open")
        );
    }
}

/// What can be typed next.
fn next(order: &Value) {
    let (advice, program) = (advice(order), program());
    if !advice.is_empty() {
        println!("\nNEXT");
    }
    for advice in advice {
        println!("  {}:\n    {program} {}", advice.meaning, advice.arguments);
    }
}

fn tell(history: &Value) {
    println!();
    for entry in rows(history, "history") {
        println!("{}  {}", text(entry, "at"), text(entry, "words"));
    }
}

fn at<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

pub(super) fn preview(answer: &Value) {
    println!("nothing is done yet; it would:");
    for event in rows(answer, "events").iter().filter_map(Value::as_str) {
        println!("  {event}");
    }
    for call in rows(answer, "calls") {
        println!("  send {} ({})", text(call, "operation"), text(call, "key"));
    }
    for change in rows(answer, "ledger") {
        println!(
            "  {} {}: {} -> {}",
            text(change, "account"),
            text(change, "line"),
            at(change, "/landed/before"),
            at(change, "/landed/after")
        );
    }
}
