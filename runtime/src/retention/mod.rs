//! What is kept for how long: raw bodies and lines of the audit trail go after their days, finished orders leave for
//! archives.
//!
//! It runs beside the engine in small steps, each made durable before the next, so that a commit under load carries
//! more that comes than goes and the file of the store stays flat (ADR 0001, R5).

mod bodies;
mod orders;

use std::sync::Arc;
use std::time::Duration;

use amends_storage::{ArchiveError, ReadError, Store, Write};
use thiserror::Error;
use tokio::sync::Mutex;

use crate::clock::Clock;
use crate::handle::{Handle, Stopped};

/// Deletions of one step. A commit under load carries some hundred entries that come.
const STEP_ENTRIES: usize = 128;

/// Held by one at a time: a step of retention, or a backup, which has to find every order either in the store or where
/// its list of archives says.
pub type Upkeep = Arc<Mutex<()>>;

/// For how long what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Milliseconds after which a delivery that was understood is deleted.
    pub bodies_ms: i64,
    /// Milliseconds after the last event of a finished order until it leaves for an archive.
    pub orders_ms: i64,
    /// Milliseconds after which a line of the audit trail is deleted.
    pub audit_ms: i64,
    /// Between two passes.
    pub every: Duration,
}

/// What one pass did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Passed {
    /// Deliveries deleted.
    pub deliveries: usize,
    /// Lines of the audit trail deleted.
    pub lines: usize,
    /// Orders that left for an archive.
    pub orders: usize,
}

/// Why a pass ended early. The next goes on where it stood.
#[derive(Debug, Error)]
pub enum RetentionError {
    /// The engine stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The store failed or is damaged.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An archive cannot be written or read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A step broke.
    #[error("a step of retention broke: {0}")]
    Broken(#[from] tokio::task::JoinError),
}

/// What deletes some lines of the audit trail from before a time, the oldest first; nothing when none is left.
pub type Expired<R> = fn(&R, i64, usize) -> Result<Vec<Write>, ReadError>;

/// Keeps the rules.
pub struct Retention<R> {
    /// The rules.
    pub rules: Rules,
    /// Makes steps durable.
    pub handle: Handle,
    /// Reads what is there.
    pub reader: R,
    /// The time.
    pub clock: Arc<Clock>,
    /// Who keeps the audit trail knows its lines.
    pub audit: Expired<R>,
    /// Shared with backups.
    pub upkeep: Upkeep,
}

impl<R: Store + Clone + Send + Sync + 'static> Retention<R> {
    /// Passes for ever; ends when the engine stops.
    pub async fn run(self) {
        let mut tick = tokio::time::interval(self.rules.every);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            match self.pass().await {
                Ok(passed) if passed != Passed::default() => {
                    tracing::info!(
                        passed.deliveries,
                        passed.lines,
                        passed.orders,
                        "what had to be kept no longer has gone"
                    );
                }
                Ok(_) => {}
                Err(RetentionError::Stopped(_)) => return,
                Err(error) => tracing::error!(%error, "retention stands still"),
            }
        }
    }

    /// One pass.
    ///
    /// # Errors
    /// [`RetentionError`]; what was done is durable.
    pub async fn pass(&self) -> Result<Passed, RetentionError> {
        let now = self.clock.now().0;
        Ok(Passed {
            deliveries: self.delete_bodies(now - self.rules.bodies_ms).await?,
            lines: self.delete_lines(now - self.rules.audit_ms).await?,
            orders: self.archive_orders(now - self.rules.orders_ms, now).await?,
        })
    }

    async fn delete_lines(&self, before: i64) -> Result<usize, RetentionError> {
        let (mut deleted, expired) = (0, self.audit);
        loop {
            let _alone = self.upkeep.lock().await;
            let writes = self
                .read(move |reader| Ok(expired(reader, before, STEP_ENTRIES)?))
                .await?;
            if writes.is_empty() {
                return Ok(deleted);
            }
            deleted += writes.len();
            self.handle.write(writes).await?;
        }
    }

    /// Reads beside the tasks that answer.
    async fn read<T, F>(&self, look: F) -> Result<T, RetentionError>
    where
        T: Send + 'static,
        F: FnOnce(&R) -> Result<T, RetentionError> + Send + 'static,
    {
        let reader = self.reader.clone();
        tokio::task::spawn_blocking(move || look(&reader)).await?
    }
}
