//! `amends token create`: a bearer token, shown once.

use std::process::ExitCode;

use amends_api::token::{self, Rights};
use amends_runtime::Clock;
use amends_storage::{Commit, Identity, Log as _, Options, Sled};
use clap::Subcommand;
use miette::IntoDiagnostic as _;

use super::ConfigArg;
use crate::server::identity::new_store_id;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a token in the store of a stopped server; a running one makes them at `POST /api/v1/tokens`
    Create {
        #[command(flatten)]
        config: ConfigArg,
        /// Who will hold it: the actor of every command sent with it
        #[arg(long)]
        name: String,
        /// What its holder may do
        #[arg(long, value_enum, default_value_t = May::Operate)]
        rights: May,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum May {
    /// Look at everything but personal data
    Read,
    /// Look, reveal, and send commands
    Operate,
}

pub(super) fn run(args: &Args) -> miette::Result<ExitCode> {
    let Command::Create { config, name, rights } = &args.command;
    let config = config.load()?;
    let now = Clock::default().now();
    let identity = Identity::new(&new_store_id(), now.0).into_diagnostic()?;
    let mut store =
        Sled::open_or_create(&config.store.folder, &Options::default(), identity).into_diagnostic()?;
    let known = token::read_tokens(&store).into_diagnostic()?;
    let rights = match rights {
        May::Read => Rights::Read,
        May::Operate => Rights::Operate,
    };
    let created = token::create(&known, name, rights, now).into_diagnostic()?;
    store
        .commit(&Commit {
            frames: Vec::new(),
            writes: created.writes,
        })
        .into_diagnostic()?;
    println!("{}", created.secret.reveal());
    eprintln!(
        "kept as a digest only: this is the one time it is shown. For a server that others can reach, also write"
    );
    eprintln!(
        "[server.tokens.{name}]\ndigest = \"sha256:{}\"",
        created.token.digest
    );
    Ok(ExitCode::SUCCESS)
}
