//! `amends demo`: the whole thing on one machine, with everything that can go wrong.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use crate::demo::live::Live;
use crate::demo::play::play;
use crate::demo::report::Report;
use crate::demo::stage::{Plan, Stage};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Orders to make
    #[arg(long, default_value_t = 60)]
    orders: u64,
    /// Kills of the server process while it works; needs --exit
    #[arg(long, default_value_t = 0, requires = "exit")]
    kills: u64,
    /// What every draw comes from
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Where everything is kept between runs
    #[arg(long, default_value = "amends-data")]
    data: PathBuf,
    /// End when all orders have settled, compare witness and journal, and say by the exit code whether they agree
    #[arg(long)]
    exit: bool,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Acknowledge before anything is durable
    #[arg(long, hide = true)]
    test_write_ahead_off: bool,
    /// Drop a row of the witness before comparing
    #[arg(long, hide = true)]
    test_drop_witness_row: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// For programs
    Json,
}

pub(super) async fn run(args: Args) -> miette::Result<ExitCode> {
    let switches = if args.test_write_ahead_off {
        vec!["--test-acknowledge-early".to_owned()]
    } else {
        Vec::new()
    };
    let plan = Plan {
        folder: args.data.clone(),
        orders: args.orders,
        kills: args.kills,
        seed: args.seed,
        server_switches: switches,
        unattended: args.exit,
        drop_row: args.test_drop_witness_row,
    };
    let stage = Stage::set(plan).await?;
    if !args.exit {
        crate::demo::visit::visit(stage).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let live = Live::new();
    let report = play(stage, &|news| live.tell(&news)).await?;
    live.finish();
    Ok(print(&report, args.format))
}

fn print(report: &Report, format: Format) -> ExitCode {
    match format {
        Format::Json => println!("{:#}", report.json()),
        Format::Human => println!("{}", report.words()),
    }
    if report.agrees() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
