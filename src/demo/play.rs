//! The unattended course: orders in waves, kills that are proven to interrupt something, then quiet and a comparison.

use std::time::{Duration, Instant};

use amends_api::Wish;
use amends_api::client::Client;
use miette::IntoDiagnostic as _;
use serde_json::{Value, json};

use super::compare::{Comparison, Evidence, check_shop, compare};
use super::effects::before_durable;
use super::journal::Journal;
use super::kill::{KINDS, Kill, Kind, Left, UNDER_WAY_MIN, Work, next_aim, shortcomings};
use super::report::Report;
use super::settle::{Look, Settling};
use super::stage::{Stage, pause};

/// How long a started server works before it is killed again: it has resolved a part of what the kill before left.
const RECOVERING: Duration = Duration::from_millis(1_300);
/// The same for the other kinds of kill: it has recovered and goes on with its orders.
const WORKING: Duration = Duration::from_secs(4);
/// How long the world goes on with what it had been asked for when the server was killed.
const AFTERMATH_MS: u64 = 150;
/// Orders asked to be cancelled before a kill during compensation.
const CANCELLED_AT_ONCE: usize = 30;
/// How long until more orders are asked to be cancelled, when too few were being undone at any moment.
const ASKED_AGAIN: Duration = Duration::from_secs(1);
/// How long a wave may take to arrive before too little under way asks for the next.
const ARRIVING: Duration = Duration::from_secs(1);
/// How long to wait for the right moment of a kill before more orders are made.
const RIPENING: Duration = Duration::from_secs(6);
/// How long to wait for the right moment of a kill when there are no more orders to make.
const RIPE_AT_LAST: Duration = Duration::from_secs(20);
/// Kills that found too little under way are repeated so often at the most, per planned kill.
const TRIES_PER_KILL: u64 = 2;

/// What is told while it plays.
#[derive(Debug)]
pub enum News<'n> {
    /// The server's account of itself.
    Status(&'n Value),
    /// A kill.
    Killed(&'n Kill),
}

/// The course so far.
struct Course<'t> {
    stage: Stage,
    tell: &'t dyn Fn(News<'_>),
    orders_made: u64,
    waves: u64,
    journal: Journal,
    kills: Vec<Kill>,
    differences: Vec<String>,
}

/// Makes the orders, kills as planned, waits until all have settled, stops, and compares.
///
/// # Errors
/// When a part fails that should not.
pub async fn play(stage: Stage, tell: &dyn Fn(News<'_>)) -> miette::Result<Report> {
    let begun = Instant::now();
    let mut course = Course {
        stage,
        tell,
        orders_made: 0,
        waves: 0,
        journal: Journal::default(),
        kills: Vec::new(),
        differences: Vec::new(),
    };
    course.make_wave().await?;
    course.kill_as_planned().await?;
    if !course.differences.is_empty() {
        return course.give_up(begun).await;
    }
    while course.orders_left() > 0 {
        course.make_wave().await?;
    }
    course.settle().await?;
    course.compare(millis(begun)).await
}

fn millis(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

impl Course<'_> {
    fn orders_left(&self) -> u64 {
        self.stage.plan.orders.saturating_sub(self.orders_made)
    }

    async fn make_wave(&mut self) -> miette::Result<()> {
        let plan = &self.stage.plan;
        let count = plan.wave().min(self.orders_left());
        let mix = json!({ "stripe": 45, "stripe-manual": 35, "bacs": 0, "cod": 15, "free": 5 });
        let seed = plan.seed.wrapping_mul(1_000_003).wrapping_add(self.waves);
        self.stage.generate(count, seed, &mix).await?;
        self.orders_made += count;
        self.waves += 1;
        Ok(())
    }

    async fn kill_as_planned(&mut self) -> miette::Result<()> {
        let planned = self.stage.plan.kills;
        let tries = planned * TRIES_PER_KILL;
        let counted = |kills: &[Kill]| kills.iter().filter(|kill| kill.counts()).count() as u64;
        while self.differences.is_empty()
            && counted(&self.kills) < planned
            && (self.kills.len() as u64) < tries
        {
            // Too few kills for all kinds are not aimed at any.
            let aim = (planned >= KINDS).then(|| next_aim(&self.kills));
            let Some(work) = self.ripe(aim).await? else {
                return Ok(());
            };
            self.kill(work).await?;
            // The next kill interrupts what this one leaves to be resolved, unless new orders come first.
            if next_aim(&self.kills) != Kind::Recovery && self.orders_left() > 0 {
                self.make_wave().await?;
            }
        }
        Ok(())
    }

    /// Waits for the right moment of a kill; the server's account of it. `None` when the orders ran out.
    async fn ripe(&mut self, aim: Option<Kind>) -> miette::Result<Option<Work>> {
        let begun = Instant::now();
        let (mut wave, mut asked) = (begun, None::<Instant>);
        let age = if aim == Some(Kind::Recovery) {
            RECOVERING
        } else {
            WORKING
        };
        loop {
            let Some(status) = self.stage.status().await else {
                miette::bail!("the server stopped answering; see server.log");
            };
            (self.tell)(News::Status(&status));
            let work = Work::of(&status).unwrap_or_default();
            let old = begun.elapsed() >= age || self.kills.is_empty();
            let busy = work.in_flight >= UNDER_WAY_MIN;
            if old && work.is_ripe(aim) {
                return Ok(Some(work));
            }
            let cancels = old && busy && aim == Some(Kind::Compensation);
            if cancels && asked.is_none_or(|at| at.elapsed() > ASKED_AGAIN) {
                let client = self.stage.client.clone();
                // The kill may cut it off, as it may a customer's.
                drop(tokio::spawn(
                    async move { cancel(&client, CANCELLED_AT_ONCE).await },
                ));
                asked = Some(Instant::now());
            }
            let idle = old && !busy && wave.elapsed() > ARRIVING;
            if (idle || wave.elapsed() > RIPENING) && self.orders_left() > 0 {
                self.make_wave().await?;
                wave = Instant::now();
            }
            if wave.elapsed() > RIPE_AT_LAST {
                return Ok(None);
            }
            pause(5).await;
        }
    }

    async fn kill(&mut self, work: Work) -> miette::Result<()> {
        self.stage.kill_server().await?;
        pause(AFTERMATH_MS).await;
        let rows = self.stage.witnessed().await?;
        {
            let store = self.stage.store()?;
            self.journal.catch_up(&store.reader()).into_diagnostic()?;
        }
        let number = self.kills.len() + 1;
        let early = before_durable(&self.journal, &rows);
        self.differences.extend(
            early
                .into_iter()
                .map(|early| format!("{early} (at kill {number})")),
        );
        let left = Left::of(&self.journal);
        let before = self
            .kills
            .last()
            .map(|kill| kill.left.clone())
            .unwrap_or_default();
        let kill = Kill::new(number, work, left, &before);
        (self.tell)(News::Killed(&kill));
        self.kills.push(kill);
        if self.differences.is_empty() {
            self.stage.restart_server().await?;
        }
        Ok(())
    }

    /// What a kill showed to be wrong stays wrong, whatever the orders come to; the killed server is left as it is.
    async fn give_up(mut self, begun: Instant) -> miette::Result<Report> {
        let witnessed = self.stage.witnessed().await?.len() as u64;
        self.stage.stop_world().await?;
        let comparison = Comparison {
            witnessed,
            differences: self.differences,
            ..Comparison::default()
        };
        Ok(Report {
            seed: self.stage.plan.seed,
            orders: self.orders_made,
            took_ms: millis(begun),
            kills: self.kills,
            comparison,
        })
    }

    async fn settle(&mut self) -> miette::Result<()> {
        let expected = self.stage.orders_before + self.orders_made;
        let mut settling = Settling::begin(expected, Instant::now());
        loop {
            let Some(status) = self.stage.status().await else {
                miette::bail!("the server stopped answering; see server.log");
            };
            (self.tell)(News::Status(&status));
            let unpaid = unpaid(&self.stage.client).await?;
            match settling.look(&status, unpaid, Instant::now()) {
                Look::Moving => pause(250).await,
                Look::Settled => return Ok(()),
                Look::Stalled(told) => {
                    self.differences.push(told);
                    return Ok(());
                }
            }
        }
    }

    async fn compare(mut self, took_ms: u64) -> miette::Result<Report> {
        self.stage.stop_server().await?;
        let mut rows = self.stage.witnessed().await?;
        if self.stage.plan.drop_row {
            let created = rows.iter().position(|row| row.operation == "sale.sale.create");
            created.map(|index| rows.remove(index));
        }
        let taken = self.stage.taken().await?;
        let books = self.stage.books().await?;
        self.stage.stop_world().await?;
        let store = self.stage.store()?;
        self.journal.catch_up(&store.reader()).into_diagnostic()?;
        let evidence = Evidence {
            journal: &self.journal,
            rows: &rows,
            books: &books,
        };
        let mut comparison = compare(&store.reader(), &evidence).into_diagnostic()?;
        let of_shop = check_shop(&taken, &comparison.mains);
        comparison.differences.extend(of_shop);
        comparison.differences.extend(self.differences);
        comparison
            .differences
            .extend(shortcomings(&self.kills, self.stage.plan.kills));
        Ok(Report {
            seed: self.stage.plan.seed,
            orders: self.orders_made,
            took_ms,
            kills: self.kills,
            comparison,
        })
    }
}

/// How many of the orders that move only wait for their customers to pay, among the first hundred: there are some
/// where a visitor was before.
async fn unpaid(client: &Client) -> miette::Result<u64> {
    let filter = [("state", "moving".to_owned()), ("limit", "100".to_owned())];
    let moving = client.orders(&filter).await.into_diagnostic()?;
    let orders = moving.get("orders").and_then(Value::as_array);
    let waits_for_payment = |order: &&Value| {
        let waits = order.get("waits_for").and_then(Value::as_array);
        let mut waits = waits.into_iter().flatten().filter_map(Value::as_str).peekable();
        waits.peek().is_some() && waits.all(|wait| wait.ends_with("the fact order.cleared"))
    };
    Ok(orders.into_iter().flatten().filter(waits_for_payment).count() as u64)
}

/// Asks that `count` orders that move be cancelled, as their customers would.
///
/// # Errors
/// When the server does not list them.
pub async fn cancel(client: &Client, count: usize) -> miette::Result<()> {
    let filter = [("state", "moving".to_owned()), ("limit", count.to_string())];
    let moving = client.orders(&filter).await.into_diagnostic()?;
    let orders = moving.get("orders").and_then(Value::as_array);
    let wishes = orders.into_iter().flatten().map(|order| {
        let root = order.get("root").and_then(Value::as_str).unwrap_or_default();
        let wish = Wish {
            command: "cancel".to_owned(),
            reason: "the customer changed their mind".to_owned(),
            ..Wish::default()
        };
        async move {
            // Some have passed their point of no return meanwhile, which is an answer too.
            let _ = client.command(root, &wish, None).await;
        }
    });
    futures::future::join_all(wishes).await;
    Ok(())
}
