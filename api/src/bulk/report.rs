//! Jobs as they are shown. What the preview counted and what came of it add up:
//! `would_do + refused = done + refused + stale + skipped + left`, and the amounts likewise.

use amends_engine::Millis;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Item, Job, Outcome};
use crate::moment;
use crate::sensitive::Amounts;

/// Jobs, newest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct BulkJobs {
    pub(crate) jobs: Vec<BulkJob>,
}

/// A job with some of its orders.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct BulkShown {
    pub(crate) job: BulkJob,
    pub(crate) items: Vec<BulkItem>,
    /// Where the next page begins; nothing at the end.
    pub(crate) after: Option<u32>,
}

/// A job.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct BulkJob {
    /// Nothing for a dry run, which is not kept.
    id: Option<String>,
    /// `previewed`, `waiting` (for a second person), `running`, `cancelling`, `ended` or `cancelled`.
    stage: String,
    #[schema(value_type = Object)]
    filter: Value,
    #[schema(value_type = Object)]
    command: Value,
    asked_by: String,
    /// When: RFC 3339, UTC.
    asked: String,
    /// Who let it run.
    agreed_by: Option<String>,
    /// When it ended: RFC 3339, UTC.
    ended: Option<String>,
    /// What keeps a running job from going on now.
    waits_for: Option<String>,
    preview: BulkPreview,
    report: BulkReport,
}

/// What a job would do.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct BulkPreview {
    /// Orders it is about.
    orders: u32,
    /// Of them, those that take the command.
    would_do: u32,
    /// Those that refuse it; they are not tried.
    refused: u32,
    /// What it would move, in minor units by currency.
    #[schema(value_type = Object)]
    amounts: Amounts,
}

/// What a job did.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct BulkReport {
    done: u32,
    /// By the engine, in the preview or later.
    refused: u32,
    /// Moved after the preview, and left alone.
    stale: u32,
    /// Not reached before the job was cancelled.
    skipped: u32,
    /// Not dealt with yet.
    left: u32,
    /// What was moved, in minor units by currency.
    #[schema(value_type = Object)]
    moved: Amounts,
    /// What was previewed and is not moved.
    #[schema(value_type = Object)]
    not_moved: Amounts,
}

/// One order of a job.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct BulkItem {
    order: String,
    /// `planned`, `done`, `refused`, `stale` or `skipped`.
    outcome: String,
    /// The stable code of a refusal.
    code: Option<String>,
    /// What was wrong.
    detail: Option<String>,
    /// The revision it was previewed on.
    revision: u64,
    /// Calls that go out at once.
    calls: u32,
    /// What it moves, in minor units by currency.
    #[schema(value_type = Object)]
    amounts: Amounts,
}

impl BulkJob {
    pub(crate) fn of(job: &Job, waits_for: Option<String>) -> Self {
        let json = |text: &str| serde_json::from_str(text).unwrap_or_default();
        let mut not_moved = job.amounts.clone();
        for (currency, moved) in &job.moved {
            let left = not_moved.entry(currency.clone()).or_default();
            *left = left.saturating_sub(*moved);
        }
        not_moved.retain(|_, amount| *amount != 0);
        let counts = job.counts;
        Self {
            id: Some(job.id.clone()),
            stage: job.stage.name().to_owned(),
            filter: json(&job.filter),
            command: json(&job.command),
            asked_by: job.asked_by.clone(),
            asked: moment::text(Millis(job.asked_ms)),
            agreed_by: job.agreed.as_ref().map(|agreed| agreed.by.clone()),
            ended: job.ended_ms.map(|at| moment::text(Millis(at))),
            waits_for,
            preview: BulkPreview {
                orders: job.orders,
                would_do: job.orders.saturating_sub(job.refused_at_once),
                refused: job.refused_at_once,
                amounts: job.amounts.clone(),
            },
            report: BulkReport {
                done: counts.done,
                refused: counts.refused,
                stale: counts.stale,
                skipped: counts.skipped,
                left: job.orders.saturating_sub(job.next),
                moved: job.moved.clone(),
                not_moved,
            },
        }
    }

    /// Of a dry run.
    pub(crate) fn unkept(self) -> Self {
        Self { id: None, ..self }
    }
}

impl From<&Item> for BulkItem {
    fn from(item: &Item) -> Self {
        let (code, detail) = match &item.outcome {
            Outcome::Refused { code, detail } => (Some(code.clone()), Some(detail.clone())),
            Outcome::Planned | Outcome::Done | Outcome::Stale | Outcome::Skipped => (None, None),
        };
        Self {
            order: item.root.clone(),
            outcome: item.outcome.name().to_owned(),
            code,
            detail,
            revision: item.revision,
            calls: item.calls,
            amounts: item.amounts.clone(),
        }
    }
}
