//! `amends token`: bearer tokens, made and shown once, listed, revoked.
//!
//! With a token of an admin the running server is asked; without one the store of a stopped server is opened, which
//! is how the first token is made.

use std::process::ExitCode;

use amends_api::NewToken;
use amends_api::audit::{self, Line};
use amends_api::role::{Act, Role};
use amends_api::token::{self, Token, Wanted};
use amends_engine::Millis;
use amends_runtime::Clock;
use amends_storage::{Commit, Identity, Log as _, Options, Sled, Write};
use clap::Subcommand;
use miette::IntoDiagnostic as _;
use serde_json::Value;

use super::ConfigArg;
use super::orders::ServerArg;
use crate::fields::{rows, text};
use crate::server::identity::new_store_id;

/// The actor of what is done beside the store, where nobody's token says who it is.
const CONSOLE: &str = "console";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    server: ServerArg,
    #[command(flatten)]
    config: ConfigArg,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a token and print it once
    Create(Create),
    /// List who holds tokens
    List,
    /// Revoke a token, at once
    Revoke {
        /// Who holds it
        name: String,
    },
}

#[derive(Debug, clap::Args)]
struct Create {
    /// Who will hold it: the actor of everything done with it
    #[arg(long)]
    name: String,
    /// What its holder is here for; docs/api.md has what each role may do
    #[arg(long, value_enum, default_value_t = RoleArg::Support)]
    role: RoleArg,
    /// A shop it shows; several times for several, never for all
    #[arg(long = "shop")]
    shops: Vec<String>,
    /// Days after which it is no longer accepted
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=3650))]
    days: Option<u64>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum RoleArg {
    /// Looks at everything but personal data
    Viewer,
    /// Moves orders
    Support,
    /// Decides about money that is left over, and reads the audit trail
    Finance,
    /// Everything
    Admin,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Viewer => Self::Viewer,
            RoleArg::Support => Self::Support,
            RoleArg::Finance => Self::Finance,
            RoleArg::Admin => Self::Admin,
        }
    }
}

pub(super) async fn run(args: &Args) -> miette::Result<ExitCode> {
    if args.server.has_token() {
        ask(args).await?;
    } else {
        beside(args)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Through the running server.
async fn ask(args: &Args) -> miette::Result<()> {
    let client = args.server.client();
    match &args.command {
        Command::Create(create) => {
            let wanted = NewToken {
                name: create.name.clone(),
                role: create.role.into(),
                shops: create.shops.clone(),
                days: create.days,
            };
            let made = client.create_token(&wanted).await.into_diagnostic()?;
            println!("{}", text(&made, "token"));
        }
        Command::List => {
            let found = client.tokens().await.into_diagnostic()?;
            head();
            for token in rows(&found, "tokens") {
                let shops: Vec<&str> = rows(token, "shops").iter().filter_map(Value::as_str).collect();
                row(
                    text(token, "name"),
                    text(token, "role"),
                    &shops.join(" "),
                    text(token, "expires"),
                );
            }
        }
        Command::Revoke { name } => {
            client.revoke_token(name).await.into_diagnostic()?;
            println!("{name} is accepted no more");
        }
    }
    Ok(())
}

/// In the store of a stopped server.
fn beside(args: &Args) -> miette::Result<()> {
    let config = args.config.load()?;
    let now = Clock::default().now();
    let identity = Identity::new(&new_store_id(), now.0).into_diagnostic()?;
    let mut store =
        Sled::open_or_create(&config.store.folder, &Options::default(), identity).into_diagnostic()?;
    let stored = token::read_tokens(&store).into_diagnostic()?;
    match &args.command {
        Command::Create(create) => {
            if let Some(stranger) = create.shops.iter().find(|shop| !config.shops.contains_key(*shop)) {
                miette::bail!("the configuration has no shop `{stranger}`");
            }
            let wanted = Wanted {
                name: create.name.clone(),
                role: create.role.into(),
                shops: create.shops.clone(),
                days: create.days,
            };
            let configured = config.server.tokens.iter();
            let configured = configured.map(|(name, token)| crate::server::token(name, token));
            let known: Vec<Token> = stored.into_iter().chain(configured).collect();
            let made = token::create(&known, &wanted, CONSOLE, now).into_diagnostic()?;
            let detail = format!("made with the role {}", made.token.role.name());
            keep(&mut store, made.writes, &create.name, &detail, now)?;
            println!("{}", made.secret.reveal());
            eprintln!(
                "kept as a digest only: this is the one time it is shown. For a server that others can reach, also write"
            );
            eprintln!(
                "[server.tokens.{}]\ndigest = \"sha256:{}\"\nrole = \"{}\"",
                create.name,
                made.token.digest,
                made.token.role.name()
            );
        }
        Command::List => {
            head();
            for token in &stored {
                let expires = token.expires_ms.map_or_else(String::new, day);
                row(&token.name, token.role.name(), &token.shops.join(" "), &expires);
            }
        }
        Command::Revoke { name } => {
            if !stored.iter().any(|token| token.name == *name) {
                miette::bail!(
                    "nobody called `{name}` holds a token of this store: `amends token list` lists them"
                );
            }
            keep(&mut store, token::revoke(name), name, "revoked", now)?;
            println!("{name} is accepted no more");
        }
    }
    Ok(())
}

fn keep(
    store: &mut Sled,
    mut writes: Vec<Write>,
    name: &str,
    detail: &str,
    now: Millis,
) -> miette::Result<()> {
    let position = audit::next_position(store).into_diagnostic()?;
    let line = Line::new(now, CONSOLE, Act::Tokens.name(), name).because(detail);
    writes.push(audit::write(position, &line).into_diagnostic()?);
    let commit = Commit {
        writes,
        ..Commit::default()
    };
    store.commit(&commit).into_diagnostic()?;
    Ok(())
}

fn head() {
    row("NAME", "ROLE", "SHOPS", "EXPIRES");
}

fn row(name: &str, role: &str, shops: &str, expires: &str) {
    let shops = if shops.is_empty() { "all" } else { shops };
    println!("{name:<24} {role:<8} {shops:<24} {expires}");
}

fn day(ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(ms)
        .map_or_else(String::new, |at| at.format("%Y-%m-%d").to_string())
}
