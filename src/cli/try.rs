//! `amends try`: every request a definition would make for a delivery, without sending any.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use amends_connectors::recipe::Rendered;
use amends_connectors::woocommerce::order;
use amends_engine::RootKey;
use amends_workflows::cel::CelEvaluator;
use amends_workflows::document::Library;
use amends_workflows::mirror::{Comparison, Confirm, Observation, Seen, Source, compare};
use miette::{Context as _, IntoDiagnostic as _};

use super::ConfigArg;
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
    let order = order::parse(&body, &shop.model)
        .into_diagnostic()
        .wrap_err_with(|| args.delivery.display().to_string())?;
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
    for fact in &facts {
        println!("fact     {}", fact.natural_id());
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

/// A raw body, or the `body` of a recorded delivery.
fn body(path: &Path) -> miette::Result<Vec<u8>> {
    let bytes = std::fs::read(path)
        .into_diagnostic()
        .wrap_err_with(|| path.display().to_string())?;
    let recorded: Option<String> = serde_json::from_slice::<serde_json::Value>(&bytes)
        .ok()
        .and_then(|json| json.get("body").and_then(|body| body.as_str().map(str::to_owned)));
    Ok(recorded.map_or(bytes, String::into_bytes))
}

fn print(request: &Rendered) {
    let when = request
        .condition
        .as_ref()
        .map_or_else(String::new, |condition| format!("   only if {condition}"));
    println!("  {} {}{when}", request.method, request.target);
    for (name, value) in &request.headers {
        println!("    {name}: {value}");
    }
    let body = request.body.to_string();
    if !body.is_empty() {
        println!("    {body}");
    }
}

fn show(rehearsal: &Rehearsal) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for step in &rehearsal.steps {
        println!(
            "\n{:<24} {} over {}\n  key    {}",
            step.site, step.operation, step.connector, step.key
        );
        match &step.requests {
            Ok(requests) => requests.iter().for_each(print),
            Err(error) => {
                println!("  CANNOT BE RENDERED: {error}");
                code = ExitCode::FAILURE;
            }
        }
    }
    println!();
    for instance in rehearsal.root.instances.values() {
        println!("{}: {}", instance.id, instance.stage.name());
    }
    for incident in rehearsal.root.incidents.values() {
        println!("needs a person: {} ({})", incident.message, incident.cause);
    }
    code
}
