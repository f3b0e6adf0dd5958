//! The one task that gives the commands of jobs, a few orders at a time, and goes on after a crash.

use std::time::Duration;

use amends_engine::RootKey;
use amends_engine::event::Event;
use amends_runtime::history;
use futures::future::try_join_all;

use super::plan::refused;
use super::{Each, Item, Job, Outcome, Stage, find, items, keep, list};
use crate::audit::Line;
use crate::auth::Caller;
use crate::brakes::Brakes;
use crate::limits::{BULK_AT_ONCE, BULK_GATE_WAITING_MAX, BULK_WRITTEN_AT_ONCE, FRAMES_MAX};
use crate::problem::{Code, Problem};
use crate::role::Shops;
use crate::routes::commands::Wished;
use crate::state::App;

/// When a job that is held back looks again: the engine tells how its gates are as often. Also the pause after trouble
/// with the store.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Gives the commands of jobs that may run, oldest first, until the server stops.
pub(crate) async fn run(app: App) {
    let mut stopping = app.setup.stopping.clone();
    tokio::select! {
        // What is under way is found in the journal by the next process.
        _ = stopping.wait_for(|stop| *stop) => {}
        () = every(&app) => {}
    }
}

async fn every(app: &App) {
    let mut called = 0;
    loop {
        match step(app, &mut called).await {
            Ok(Step::Done) => {}
            Ok(Step::HeldBack) => {
                tokio::time::sleep(LOOK_AGAIN).await;
                called = 0;
            }
            Ok(Step::Nothing) => app.bulk.agreed.notified().await,
            Err(problem) if problem.code == Code::Unavailable.as_str() => return,
            Err(problem) => {
                tracing::error!(code = %problem.code, detail = problem.detail, "a bulk job cannot go on");
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }
}

/// What came of a look at the jobs.
enum Step {
    /// Some orders were dealt with.
    Done,
    /// The next orders have to wait.
    HeldBack,
    /// No job may run.
    Nothing,
}

/// Deals with a few orders of the oldest job. `called` counts the calls made since the gates were last looked at.
async fn step(app: &App, called: &mut usize) -> Result<Step, Problem> {
    let jobs = app.read(|app| Ok(list(&app.setup.reader)?)).await?;
    let runs = |job: &&Job| matches!(job.stage, Stage::Running | Stage::Cancelling);
    let Some(job) = jobs.iter().rev().find(runs) else {
        return Ok(Step::Nothing);
    };
    let some = next(app, job).await?;
    let calls = some.iter().map(|item| item.calls as usize).sum::<usize>();
    let some = if job.stage == Stage::Cancelling {
        some.into_iter().map(skipped).collect()
    } else {
        if calls > 0 && (*called >= BULK_GATE_WAITING_MAX || obstacle(app).await?.is_some()) {
            return Ok(Step::HeldBack);
        }
        *called += calls;
        let each = job.each()?;
        try_join_all(some.into_iter().map(|item| give(app, job, &each, item))).await?
    };
    note(app, &job.id, &some).await?;
    Ok(Step::Done)
}

/// The items that are dealt with next: a few, or many of a cancelled job.
async fn next(app: &App, job: &Job) -> Result<Vec<Item>, Problem> {
    let (id, from, cancelling) = (job.id.clone(), job.next, job.stage == Stage::Cancelling);
    let limit = if cancelling {
        BULK_WRITTEN_AT_ONCE
    } else {
        BULK_AT_ONCE
    };
    let some = app
        .read(move |app| Ok(items(&app.setup.reader, &id, from, limit)?))
        .await?;
    if some.is_empty() && job.next < job.orders {
        let detail = format!(
            "order {from} of bulk {} is missing: run `amends journal verify`",
            job.id
        );
        return Err(Problem::new(Code::Store, detail));
    }
    Ok(some)
}

fn skipped(mut item: Item) -> Item {
    if item.outcome == Outcome::Planned {
        item.outcome = Outcome::Skipped;
    }
    item
}

/// What keeps commands that call somebody from being given now. Each connector's own gate still decides when a call
/// leaves; a job only keeps its queue short, so that other orders are not behind thousands.
pub(crate) async fn obstacle(app: &App) -> Result<Option<String>, Problem> {
    let brakes = app.read(|app| Ok(Brakes::read(&app.setup.reader)?)).await?;
    if brakes.stop_effects() {
        return Ok(Some("everything that leaves is paused".to_owned()));
    }
    let health = app.setup.handle.health();
    let mut gates = health.gates.iter();
    let full = gates.find(|gate| gate.waiting >= BULK_GATE_WAITING_MAX);
    Ok(full.map(|gate| {
        let why = if gate.paused { "paused" } else { gate.breaker };
        format!("{} requests wait for {} ({why})", gate.waiting, gate.connector)
    }))
}

/// Gives one order its command, unless its journal already has it.
async fn give(app: &App, job: &Job, each: &Each, mut item: Item) -> Result<Item, Problem> {
    if item.outcome != Outcome::Planned {
        return Ok(item);
    }
    let reason = job.reason(each);
    let wished = Wished {
        caller: Caller {
            name: job.asked_by.clone(),
            role: job.role,
            shops: Shops::All,
        },
        act: each.act()?,
        key: RootKey::new(item.root.clone()),
        wish: each.wish(reason.clone(), Some(item.revision)),
    };
    item.outcome = if is_done(app, &item, reason).await? {
        Outcome::Done
    } else {
        match wished.run(app).await {
            Ok(_) => Outcome::Done,
            Err(problem) if problem.code == "command/stale" => Outcome::Stale,
            Err(problem) if problem.status < 500 => refused(&problem),
            Err(problem) => return Err(problem),
        }
    };
    Ok(item)
}

/// Whether a process before this one gave the command and did not live to take it down.
async fn is_done(app: &App, item: &Item, why: String) -> Result<bool, Problem> {
    let (root, since) = (RootKey::new(item.root.clone()), item.frames);
    let since = app.read(move |app| Ok(history(&app.setup.reader, &root, since, FRAMES_MAX)?));
    let since = since.await?;
    let mut events = since.iter().flat_map(|(_, _, events)| events);
    Ok(events.any(|event| matches!(event, Event::Commanded { reason, .. } if *reason == why)))
}

/// Takes down what came of the next items, with a line in the audit trail for each that was commanded.
async fn note(app: &App, id: &str, some: &[Item]) -> Result<(), Problem> {
    let _alone = app.bulk.changing.lock().await;
    let wanted = id.to_owned();
    let job = app.read(move |app| Ok(find(&app.setup.reader, &wanted)?)).await?;
    let mut job = job.ok_or_else(Problem::internal)?;
    let (each, from, now) = (job.each()?, job.next, app.now());
    job.advance(some);
    let mut lines: Vec<Line> = Vec::new();
    for item in some.iter().filter(|item| item.outcome == Outcome::Done) {
        let line = Line::new(now, &job.asked_by, &each.command, item.root.clone());
        lines.push(line.because(job.reason(&each)));
    }
    if job.next >= job.orders {
        let cancelled = job.stage == Stage::Cancelling;
        job.stage = if cancelled { Stage::Cancelled } else { Stage::Ended };
        job.ended_ms = Some(now.0);
        let counts = job.counts;
        let line = Line::new(now, &job.asked_by, job.stage.name(), format!("bulk {}", job.id));
        lines.push(line.because(format!(
            "{} done, {} refused, {} stale, {} skipped",
            counts.done, counts.refused, counts.stale, counts.skipped
        )));
    }
    app.audit.record_all(keep(&job, from, some)?, &lines).await
}
