//! The full compare: looks at every order of a shop's window, because some changes show nowhere else. A deleted refund
//! and an article saved by a plugin move no date and announce nothing; a deleted order is simply no longer there.
//!
//! It goes in two stages. First everything the shop lists is compared, by date of change. Then the shop is asked
//! whether all orders known here are still there. Where it stands is kept after every request, so a restart goes on.

use std::time::Duration;

use amends_connectors::woocommerce::rest::{Shelf, Walk};
use amends_engine::RootKey;
use amends_runtime::{CompareReport, CompareRun, CompareStage, Ingest, known, read_summary};
use amends_storage::{Direction, Key, Prefix, Span, Store as _};

use super::interpreter::{Interpreter, order_id};
use super::lookout::{LookError, Lookout};

/// The pause after a compare that could not go on.
const AGAIN: Duration = Duration::from_mins(1);

/// Compares one shop as a whole, again and again.
pub struct FullCompare {
    /// Looks at its orders.
    pub lookout: Lookout,
    /// How long from the end of one to the beginning of the next, in milliseconds.
    pub every_ms: i64,
    /// How far back orders are compared, in milliseconds.
    pub window_ms: i64,
    /// No order that changed before is compared: Unix milliseconds, UTC.
    pub since_ms: i64,
    /// Orders asked for at once, 100 at most.
    pub page: usize,
    /// The pause after each request.
    pub pause: Duration,
}

impl FullCompare {
    /// Compares for ever; ends when the engine stops.
    pub async fn run(self) {
        loop {
            match self.next().await {
                Ok(wait) => tokio::time::sleep(wait).await,
                Err(error) if error.is_end() => return,
                Err(error) => {
                    tracing::warn!(shop = self.lookout.shop, %error, "the full compare stands still");
                    tokio::time::sleep(AGAIN.min(self.every())).await;
                }
            }
        }
    }

    fn every(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.every_ms).unwrap_or(0))
    }

    /// Does one step if one is due; gives how long to wait for the next.
    async fn next(&self) -> Result<Duration, LookError> {
        let shop = &self.lookout.shop;
        if Ingest::read(&self.lookout.reader, shop)?.stop.is_some() {
            return Ok(AGAIN.min(self.every()));
        }
        let mut report = CompareReport::read(&self.lookout.reader, shop)?;
        let now_ms = self.lookout.intake.now().0;
        let mut run = match report.running.take() {
            Some(run) => run,
            None => match self.due(&mut report, now_ms) {
                Some(run) => run,
                None => return self.rest(&report, now_ms).await,
            },
        };
        let more = self.step(&mut run).await?;
        if more {
            report.running = Some(run);
        } else {
            run.ended_ms = self.lookout.intake.now().0;
            let (orders, news) = (run.orders, run.news);
            tracing::info!(shop, orders, news, "full compare finished");
            report.finished = Some(run);
        }
        self.keep(&report).await?;
        Ok(self.pause)
    }

    /// The next run when it is due. A shop that was never compared waits for its turn like any other: its first sweep
    /// reads all there is to read.
    fn due(&self, report: &mut CompareReport, now_ms: i64) -> Option<CompareRun> {
        let since_ms = now_ms.saturating_sub(self.window_ms).max(self.since_ms);
        let run = CompareRun {
            begun_ms: now_ms,
            ended_ms: 0,
            since_ms,
            stage: CompareStage::Listed { from_ms: since_ms },
            orders: 0,
            news: 0,
        };
        let finished = report.finished.get_or_insert_with(|| CompareRun {
            ended_ms: now_ms,
            ..run.clone()
        });
        (finished.ended_ms.saturating_add(self.every_ms) <= now_ms).then_some(run)
    }

    async fn rest(&self, report: &CompareReport, now_ms: i64) -> Result<Duration, LookError> {
        self.keep(report).await?;
        let ended_ms = report.finished.as_ref().map_or(now_ms, |run| run.ended_ms);
        let wait_ms = ended_ms.saturating_add(self.every_ms).saturating_sub(now_ms);
        Ok(Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0)))
    }

    async fn keep(&self, report: &CompareReport) -> Result<(), LookError> {
        let write = report.write(&self.lookout.shop)?;
        Ok(self.lookout.intake_handle().write(vec![write]).await?)
    }

    /// One request and what follows from it; `false` when nothing is left.
    async fn step(&self, run: &mut CompareRun) -> Result<bool, LookError> {
        match run.stage.clone() {
            CompareStage::Listed { from_ms } => self.listed(run, from_ms).await,
            CompareStage::Known { after } => self.known(run, after).await,
        }
    }

    async fn listed(&self, run: &mut CompareRun, from_ms: i64) -> Result<bool, LookError> {
        let mut walk = Walk::since(Shelf::Shown, from_ms, 0).by(self.page);
        loop {
            let begun_ms = self.lookout.intake.now().0;
            let Some(page) = self.lookout.client.step(&mut walk).await? else {
                break;
            };
            for entry in &page.entries {
                run.orders += 1;
                run.news += u64::from(self.lookout.look(entry, begun_ms).await?);
            }
            // Inside one second the walk goes on by id, which only the walk itself remembers.
            match walk.cursor_ms().filter(|cursor_ms| *cursor_ms > from_ms) {
                Some(cursor_ms) if walk.is_between_seconds() => {
                    run.stage = CompareStage::Listed { from_ms: cursor_ms };
                    return Ok(true);
                }
                Some(_) | None => tokio::time::sleep(self.pause).await,
            }
        }
        run.stage = CompareStage::Known { after: String::new() };
        Ok(true)
    }

    /// Orders known since the window began are asked for by id; those the shop no longer lists are read one by one.
    async fn known(&self, run: &mut CompareRun, after: String) -> Result<bool, LookError> {
        let (ids, last) = self.ids_after(&after, run.since_ms)?;
        let Some(last) = last else {
            return Ok(false);
        };
        if !ids.is_empty() {
            let listed = self.lookout.client.listed(&ids).await?;
            for id in ids.iter().filter(|id| !listed.contains(id)) {
                if self.is_present(*id)? {
                    tokio::time::sleep(self.pause).await;
                    run.orders += 1;
                    run.news += u64::from(self.lookout.look_at(*id).await?);
                }
            }
        }
        run.stage = CompareStage::Known { after: last };
        Ok(true)
    }

    /// Ids of the next known orders, and the last root looked through; `None` when there is none.
    fn ids_after(&self, after: &str, since_ms: i64) -> Result<(Vec<i64>, Option<String>), LookError> {
        let start = format!("{}:", self.lookout.shop);
        let mut span = Span::starting(Prefix::Root, &start);
        if !after.is_empty() {
            span = span.after(&Key::Root(after.to_owned()));
        }
        let page = self.lookout.reader.scan(&span, self.page, Direction::Ascending)?;
        let roots = page.entries.into_iter().filter_map(|(key, _)| {
            let Key::Root(root) = key else { return None };
            Some(root)
        });
        let (mut ids, mut last) = (Vec::new(), None);
        for root in roots {
            let recent = read_summary(&self.lookout.reader, &root)?
                .is_some_and(|summary| summary.updated_ms >= since_ms);
            ids.extend(order_id(&RootKey::new(root.clone())).filter(|_| recent));
            last = Some(root);
        }
        Ok((ids, last))
    }

    fn is_present(&self, order: i64) -> Result<bool, LookError> {
        let shop = &self.lookout.shop;
        let key = RootKey::new(format!("{shop}:{order}"));
        let known = known(&self.lookout.reader, shop, &key).map_err(amends_runtime::IntakeError::from)?;
        Ok(Interpreter::is_present(&known))
    }
}
