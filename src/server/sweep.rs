//! The backstop: asks each shop again and again what changed, so that a lost webhook loses nothing, and notices when
//! webhooks no longer come at all.

use std::time::Duration;

use amends_connectors::woocommerce::rest::{Shelf, Walk};
use amends_runtime::{Alarm, Gap, Ingest, Scope, SweepCursor, SweepReport, last_delivered};

use super::lookout::{LookError, Lookout};

/// Sweeps that fail in a row before a person is told.
const FAILURES_TOLD: u32 = 3;

/// Sweeps one shop.
pub struct Sweep {
    /// Looks at its orders.
    pub lookout: Lookout,
    /// How often.
    pub every: Duration,
    /// From when on orders are asked for: Unix milliseconds, UTC.
    pub since_ms: i64,
    /// How far each sweep reaches back before the last one, in milliseconds: dates of change have a second's grain
    /// and clocks differ.
    pub overlap_ms: i64,
    /// Orders asked for at once.
    pub page: usize,
    /// How long changes may go untold before the shop counts as silent, in milliseconds.
    pub silent_after_ms: i64,
}

impl Sweep {
    /// Sweeps for ever; ends when the engine stops.
    pub async fn run(self) {
        let mut tick = tokio::time::interval(self.every);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            match self.once().await {
                Ok(()) => {}
                Err(error) if error.is_end() => return,
                Err(error) => {
                    tracing::warn!(shop = self.lookout.shop, %error, "the sweep did not finish");
                }
            }
        }
    }

    /// One sweep, and what follows from how it went.
    ///
    /// # Errors
    /// [`LookError`]; the cursor stands behind the last page that was looked through.
    pub async fn once(&self) -> Result<(), LookError> {
        let shop = &self.lookout.shop;
        if Ingest::read(&self.lookout.reader, shop)?.stop.is_some() {
            return Ok(());
        }
        let mut report = SweepReport::read(&self.lookout.reader, shop)?;
        let begun_ms = self.lookout.intake.now().0;
        let found = report.gaps_total;
        let swept = self.walk(&mut report).await;
        if report.gaps_total > found {
            let news = report.gaps_total - found;
            tracing::info!(shop, news, "the sweep found what no delivery told");
        }
        match &swept {
            Ok(()) => {
                (report.last_ms, report.failures) = (Some(begun_ms), 0);
                self.lookout
                    .clear("shop-unreadable", "the shop answers again")
                    .await?;
            }
            // An order that can never be compared stops every sweep in front of it: that is told like a shop that is down.
            Err(error @ (LookError::Rest(_) | LookError::Later { .. })) => {
                report.failures += 1;
                if report.failures >= FAILURES_TOLD {
                    self.lookout.report(unreadable(error), String::new()).await?;
                }
            }
            Err(
                LookError::Intake(_)
                | LookError::Stopped(_)
                | LookError::Read(_)
                | LookError::Encode(_)
                | LookError::Incident(_)
                | LookError::IngestStopped,
            ) => {}
        }
        self.judge_silence(&mut report).await?;
        let write = report.write(shop)?;
        self.lookout.intake_handle().write(vec![write]).await?;
        swept
    }

    async fn walk(&self, report: &mut SweepReport) -> Result<(), LookError> {
        for (shelf, name) in [(Shelf::Shown, "shown"), (Shelf::Binned, "bin")] {
            let kept = SweepCursor::read(&self.lookout.reader, &self.lookout.shop, name)?;
            let mut walk = Walk::since(shelf, self.from(kept), 0).by(self.page);
            let begun_ms = self.lookout.intake.now().0;
            let walked = self.pages(&mut walk, report).await;
            // Also of a walk that broke off: it goes from the oldest change to the newest, so what it saw is done, and
            // a shop that fails now and then does not have it begin anew for ever.
            // What changes while the walk is under way may fall into a second that it has left behind: the next walk
            // begins no later than this one did.
            if let Some(seen_ms) = walk.cursor_ms() {
                let cursor = SweepCursor {
                    since_ms: kept.map_or(self.since_ms, |kept| kept.since_ms.min(self.since_ms)),
                    seen_ms: seen_ms.min(begun_ms),
                };
                let write = cursor.write(&self.lookout.shop, name)?;
                self.lookout.intake_handle().write(vec![write]).await?;
            }
            walked?;
        }
        Ok(())
    }

    async fn pages(&self, walk: &mut Walk, report: &mut SweepReport) -> Result<(), LookError> {
        let lookout = &self.lookout;
        loop {
            let begun_ms = lookout.intake.now().0;
            let before = walk.clone();
            let Some(page) = lookout.client.step(walk).await? else {
                return Ok(());
            };
            for entry in page.entries {
                match lookout.look(&entry, begun_ms).await {
                    Ok(true) => report.add(Gap {
                        root: format!("{}:{}", lookout.shop, entry.id),
                        modified_ms: entry.modified_ms,
                        found_ms: lookout.intake.now().0,
                    }),
                    Ok(false) => {}
                    Err(error) => {
                        // The page was not looked through: the next walk asks for it again.
                        *walk = before;
                        return Err(error);
                    }
                }
            }
            for complaint in page.unreadable {
                lookout.report(unlisted(&complaint), String::new()).await?;
            }
        }
    }

    async fn judge_silence(&self, report: &mut SweepReport) -> Result<(), LookError> {
        let lookout = &self.lookout;
        let delivered = last_delivered(&lookout.reader, &lookout.shop)?;
        let silent_ms = report.silent_ms(delivered, lookout.intake.now());
        match silent_ms {
            Some(silent_ms) if silent_ms >= self.silent_after_ms => {
                let orders = report.gaps.iter().rev().take(1);
                let about = orders.map(|gap| gap.root.clone()).collect();
                lookout
                    .report(silent(&lookout.shop, delivered.map(|at| at.0)), about)
                    .await
            }
            Some(_) => Ok(()),
            None => lookout.clear(SILENT, "deliveries come again").await,
        }
    }

    /// Where a walk begins: behind the last one, unless `orders_since` was set back since.
    fn from(&self, kept: Option<SweepCursor>) -> i64 {
        match kept.filter(|kept| kept.since_ms <= self.since_ms) {
            Some(kept) => kept.seen_ms.saturating_sub(self.overlap_ms).max(self.since_ms),
            None => self.since_ms,
        }
    }
}

const SILENT: &str = "shop-silent";

fn silent(shop: &str, delivered_ms: Option<i64>) -> Alarm {
    let last = delivered_ms
        .and_then(chrono::DateTime::from_timestamp_millis)
        .map_or_else(
            || "It never delivered anything".to_owned(),
            |at| format!("Its last delivery came at {}", at.format("%Y-%m-%d %H:%M:%S UTC")),
        );
    Alarm {
        cause: SILENT,
        text: format!(
            "Orders of {shop} change, but no webhook arrives; only the sweep finds them. {last}. Look in WooCommerce \
             under Settings > Advanced > Webhooks: a webhook that failed seven times in a row is disabled. Set it to \
             Active again; its failures are still counted, so a single one disables it until a delivery succeeds, and \
             a new webhook starts at nothing. If it is active, the shop's scheduled actions stand still (WooCommerce > \
             Status > Scheduled Actions): its cron does not run."
        ),
        scope: Scope::Shop,
    }
}

fn unreadable(error: &LookError) -> Alarm {
    Alarm {
        cause: "shop-unreadable",
        text: format!("the shop's orders cannot be read over REST, so lost webhooks stay lost: {error}"),
        scope: Scope::Shop,
    }
}

fn unlisted(complaint: &str) -> Alarm {
    Alarm {
        cause: "unparsable-order",
        text: format!("an order in the shop's listing cannot be read: {complaint}"),
        scope: Scope::Shop,
    }
}
