//! The command line.
//!
//! One file per command. Exit codes: 0 done, 1 the command failed or a check did not hold, 2 wrong usage.

mod archive;
mod audit;
mod backup;
mod brakes;
mod bulk;
mod config;
mod connector;
mod demo;
mod evidence;
mod feed;
mod finance;
mod incidents;
mod input;
mod journal;
mod layout;
mod logging;
mod orders;
mod pending;
mod progress;
mod restore;
mod sandbox;
mod serve;
mod shops;
mod token;
mod r#try;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Owns every order between a shop, an ERP, a payment provider and a warehouse: each effect exactly once or
/// visibly in doubt, each undo declared, each cent accounted for.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(serve::Args),
    /// List and show orders of a running server, and move them
    Orders(orders::Args),
    /// Find orders that have left the store for an archive
    Archive(archive::Args),
    /// List what waits for a person, and say who looks after it
    Incidents(incidents::Args),
    /// Tell what happens, line by line
    Feed(feed::Args),
    /// Give one command to many orders
    Bulk(bulk::Args),
    /// Show what moved in which account, by shop and day
    Finance(finance::Args),
    /// Commands that wait for a second person
    Pending(pending::Args),
    /// Show what is stopped, stop it, let it go on
    Brakes(brakes::Args),
    /// See whether shops are heard, and stop or resume what they send
    Shops(shops::Args),
    /// Make, list and revoke access tokens
    Token(token::Args),
    /// Show who did or saw what
    Audit(audit::Args),
    /// Check the journal for damage
    Journal(journal::Args),
    /// Write a backup of a running server's store to one file
    Backup(backup::Args),
    /// Make a new store from a backup; its effects start paused
    Restore(restore::Args),
    /// Render every request a definition would make for a delivery, without sending anything
    Try(r#try::Args),
    /// Check that outside systems can be reached with the configured credentials
    Connector(connector::Args),
    /// Check and show the configuration
    Config(config::Args),
    /// Try everything on this machine: a small world, faults, orders, a server
    Demo(demo::Args),
    /// Play the outside world: ERP, payment provider, warehouse, shop
    Sandbox(sandbox::Args),
    /// Count effects for a sandbox
    #[command(hide = true)]
    Witness(sandbox::WitnessArgs),
}

impl Command {
    /// Whether it does no more than asking and printing. What keeps a store or other processes running must outlive whoever
    /// reads its output.
    fn only_tells(&self) -> bool {
        !matches!(
            self,
            Self::Serve(_) | Self::Demo(_) | Self::Sandbox(_) | Self::Witness(_) | Self::Restore(_)
        )
    }
}

/// Where the configuration is.
#[derive(Debug, clap::Args)]
struct ConfigArg {
    /// The configuration file
    #[arg(long, env = "AMENDS_CONFIG", default_value = "amends.toml", global = true)]
    config: PathBuf,
}

impl ConfigArg {
    fn load(&self) -> miette::Result<crate::config::Config> {
        Ok(crate::config::Config::load(&self.config, &|name| {
            std::env::var(name).ok()
        })?)
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.command.only_tells() {
        // Rust ignores the signal, and a print to a pipe that nobody reads any more would panic.
        sigpipe::reset();
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("the runtime cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(run(cli.command));
    // A backup under way would hold the process back for as long as it takes; its file is not whole and goes at the next start.
    runtime.shutdown_background();
    match ended {
        Ok(code) => code,
        Err(report) => {
            eprintln!("{report:?}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> miette::Result<ExitCode> {
    match command {
        Command::Serve(args) => serve::run(args).await,
        Command::Orders(args) => orders::run(args).await,
        Command::Archive(args) => archive::run(&args).await,
        Command::Incidents(args) => incidents::run(args).await,
        Command::Feed(args) => feed::run(args).await,
        Command::Bulk(args) => bulk::run(&args).await,
        Command::Finance(args) => finance::run(args).await,
        Command::Pending(args) => pending::run(&args).await,
        Command::Brakes(args) => brakes::run(args).await,
        Command::Shops(args) => shops::run(args).await,
        Command::Token(args) => token::run(&args).await,
        Command::Audit(args) => audit::run(&args).await,
        Command::Journal(args) => journal::run(&args),
        Command::Backup(args) => backup::run(&args).await,
        Command::Restore(args) => restore::run(&args),
        Command::Try(args) => r#try::run(&args),
        Command::Connector(args) => connector::run(&args).await,
        Command::Config(args) => config::run(&args),
        Command::Demo(args) => demo::run(args).await,
        Command::Sandbox(args) => sandbox::run(&args).await,
        Command::Witness(args) => sandbox::witness(&args).await,
    }
}
