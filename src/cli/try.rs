//! `amends try`: every request a definition would make for a delivery, without sending any.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use amends_connectors::recipe::{Purpose, Rendered};
use amends_connectors::woocommerce::order;
use amends_engine::RootKey;
use amends_engine::root::cause;
use amends_workflows::cel::CelEvaluator;
use amends_workflows::document::Library;
use amends_workflows::mirror::{Comparison, Confirm, Observation, Seen, Source, compare};
use miette::{Context as _, IntoDiagnostic as _};

use super::ConfigArg;
use super::layout::{json, sentence};
use crate::config::Config;
use crate::rehearsal::{Rehearsal, rehearse};
use crate::server::book::ServerBook;
use crate::server::connectors::Connectors;
use crate::server::shop::Shop;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// Use the embedded sandbox configuration in place of a file
    #[arg(long)]
    sandbox: bool,
    /// The definition: a file, or the name of a shipped one
    definition: String,
    /// A webhook body, or a recorded delivery with a `body`
    #[arg(long)]
    delivery: PathBuf,
    /// The shop it came from; needed where several are configured
    #[arg(long)]
    shop: Option<String>,
}

pub(super) fn run(args: &Args) -> miette::Result<ExitCode> {
    let config = if args.sandbox {
        Config::sandbox()
    } else {
        args.config.load()?
    };
    let shop = shop(&config, args.shop.as_deref())?;
    let evaluator = Arc::new(CelEvaluator::new());
    let library = library(&args.definition, &evaluator)?;
    let connectors = Connectors::without_store(&config, &evaluator).into_diagnostic()?;
    let body = body(&args.delivery)?;
    let order = order::parse(&body, &shop.model).into_diagnostic().wrap_err_with(|| {
        format!(
            "{} holds no whole order; take a delivery of order.created or order.updated, or an order as the REST API gives it",
            args.delivery.display()
        )
    })?;
    let root = RootKey::new(format!("{}:{}", shop.name, order.id));
    let look = Observation {
        source: Source::Push {
            received_ms: order.modified_ms,
        },
        site: shop.site.clone(),
        order: order.id,
        seen: Seen::Order(Box::new(order.clone())),
    };
    let Comparison::Accept { facts, .. } = compare(None, &[], &look, Confirm::Impossible) else {
        miette::bail!("the delivery is no news about an order: take one with a whole order in it");
    };
    println!(
        "{}",
        sentence(
            &format!(
                "What {root} would cause if all went well. Ids that other systems give are 1, 2, 3 and so on; ‹…› is known only then."
            ),
            0
        )
    );
    println!();
    for (index, fact) in facts.iter().enumerate() {
        println!(
            "{:<6}{}",
            if index == 0 { "facts" } else { "" },
            fact.natural_id()
        );
    }
    let subject = order.to_value();
    let book = ServerBook {
        library,
        routing: config.routing.clone(),
        contracts: connectors.contracts(),
        shops: Arc::new([(shop.name.clone(), shop)].into()),
    };
    let rehearsal = rehearse(Arc::new(book), evaluator, &connectors, &root, subject, facts);
    Ok(show(&rehearsal))
}

fn shop(config: &Config, name: Option<&str>) -> miette::Result<Shop> {
    let known: Vec<&str> = config.shops.keys().map(String::as_str).collect();
    let name = match (name, known.as_slice()) {
        (Some(name), _) => name,
        (None, [only]) => only,
        (None, _) => miette::bail!("name the shop with --shop: {}", known.join(", ")),
    };
    let shop = config.shops.get(name);
    shop.map(|shop| Shop::new(name, shop))
        .ok_or_else(|| miette::miette!("no shop `{name}` is configured; there are {}", known.join(", ")))
}

fn library(definition: &str, evaluator: &Arc<CelEvaluator>) -> miette::Result<Library> {
    if !Path::new(definition).exists() {
        let shipped = Library::shipped(evaluator.clone()).into_diagnostic()?;
        if shipped.latest(&definition.into()).is_some() {
            return Ok(shipped);
        }
        miette::bail!("{definition} is no file and no shipped definition (order-to-cash is one)");
    }
    let text = std::fs::read_to_string(definition)
        .into_diagnostic()
        .wrap_err_with(|| definition.to_owned())?;
    let mut library = Library::new(evaluator.clone());
    library.add(definition, &text)?;
    Ok(library)
}

/// A raw body, or the body of a recorded delivery.
fn body(path: &Path) -> miette::Result<Vec<u8>> {
    let bytes = std::fs::read(path)
        .into_diagnostic()
        .wrap_err_with(|| format!("cannot read the delivery {}", path.display()))?;
    let recorded: Option<String> = serde_json::from_slice::<serde_json::Value>(&bytes)
        .ok()
        .and_then(|json| json.get("body").and_then(|body| body.as_str().map(str::to_owned)));
    Ok(recorded.map_or(bytes, String::into_bytes))
}

fn show(rehearsal: &Rehearsal) -> ExitCode {
    for (index, step) in rehearsal.steps.iter().enumerate() {
        println!(
            "\n{:>2}  {:<24}  {} over {}",
            index + 1,
            step.site,
            step.operation,
            step.connector
        );
        println!("    key {}", step.key);
        match &step.requests {
            Ok(requests) => requests.iter().for_each(print),
            Err(error) => println!("{}", sentence(&format!("CANNOT BE RENDERED: {error}"), 4)),
        }
    }
    println!();
    conclude(rehearsal);
    let broken = rehearsal
        .steps
        .iter()
        .filter(|step| step.requests.is_err())
        .count();
    let requests: usize = rehearsal
        .steps
        .iter()
        .flat_map(|step| &step.requests)
        .map(Vec::len)
        .sum();
    let calls = rehearsal.steps.len();
    println!("\n{calls} calls, {requests} requests: none was sent.");
    let unserved = rehearsal
        .root
        .incidents
        .values()
        .any(|incident| incident.cause == cause::NOT_CONFIGURED);
    let (next, code) = if broken > 0 {
        let what = "of them cannot be rendered: what the definition gives does not fit the recipe.";
        (format!("{broken} {what}"), ExitCode::FAILURE)
    } else if unserved {
        let next = "Some calls lack a connector: see above what to configure.";
        (next.to_owned(), ExitCode::FAILURE)
    } else {
        let next =
            "Next: `amends connector check` asks whether the addresses answer and take the credentials.";
        (next.to_owned(), ExitCode::SUCCESS)
    };
    println!("{}", sentence(&next, 0));
    code
}

/// Where the order stands after all this, and what it waits for.
fn conclude(rehearsal: &Rehearsal) {
    for instance in rehearsal.root.instances.values() {
        println!("{}: {}", instance.id, amends_api::words::stage(instance.stage));
    }
    for cause in rehearsal.root.wake_causes() {
        println!("waits for {}", amends_api::words::wake(&cause.kind));
    }
    for incident in rehearsal.root.incidents.values() {
        println!("needs a person ({}):", incident.cause);
        println!("{}", sentence(&incident.message, 4));
    }
}

fn print(request: &Rendered) {
    println!("\n    {} ({})", request.call, purpose(request.purpose));
    if let Some(condition) = &request.condition {
        println!("{}", sentence(&format!("only if {condition}"), 6));
    }
    println!("      {} {}", request.method, request.target);
    for (name, value) in &request.headers {
        println!("      {name}: {value}");
    }
    let body = request.body.to_string();
    match serde_json::from_str(&body) {
        Ok(value) => println!("{}", json(&value, 6)),
        Err(_) if body.is_empty() => {}
        Err(_) => println!("      {body}"),
    }
}

fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Lookup => "a question",
        Purpose::Effect => "the effect",
        Purpose::Draft => "a draft",
        Purpose::Login => "the login",
        Purpose::Check => "the check",
    }
}
