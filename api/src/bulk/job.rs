//! A job: what is commanded to whom, who agreed, and how far it is.

use std::collections::BTreeSet;

use amends_engine::Millis;
use serde::{Deserialize, Serialize};

use super::{Each, Item, Outcome};
use crate::auth::Caller;
use crate::limits::{BULK_KEPT_MS, PENDING_MS};
use crate::problem::Problem;
use crate::role::{Role, Shops};
use crate::sensitive::Amounts;

/// A job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Job {
    /// Its id, ordered by time.
    pub(crate) id: String,
    /// The filter, JSON as it was sent.
    pub(crate) filter: String,
    /// The command, JSON as it was sent.
    pub(crate) command: String,
    /// Who asked for it.
    pub(crate) asked_by: String,
    /// The role of who asked.
    pub(crate) role: Role,
    /// When: Unix milliseconds, UTC.
    pub(crate) asked_ms: i64,
    /// Shops of its orders.
    pub(crate) shops: BTreeSet<String>,
    /// How far it is.
    pub(crate) stage: Stage,
    /// Who let it run.
    pub(crate) agreed: Option<Agreed>,
    /// When it ended: Unix milliseconds, UTC.
    pub(crate) ended_ms: Option<i64>,
    /// Its orders.
    pub(crate) orders: u32,
    /// Those the preview refused.
    pub(crate) refused_at_once: u32,
    /// What it would move, in minor units by currency.
    pub(crate) amounts: Amounts,
    /// Items that were dealt with, from the first on.
    pub(crate) next: u32,
    /// What came of them.
    pub(crate) counts: Counts,
    /// What was moved.
    pub(crate) moved: Amounts,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// Shown; nobody agreed yet.
    Previewed,
    /// Who asked agreed, and somebody else has to.
    Waiting,
    /// Under way.
    Running,
    /// No further order will be commanded.
    Cancelling,
    /// Every order was dealt with.
    Ended,
    /// Cancelled; the orders left were skipped.
    Cancelled,
}

impl Stage {
    /// The stable public name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Previewed => "previewed",
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Cancelling => "cancelling",
            Self::Ended => "ended",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Who let a job run, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Agreed {
    pub(crate) by: String,
    pub(crate) reason: String,
}

/// How many orders came to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) done: u32,
    pub(crate) refused: u32,
    pub(crate) stale: u32,
    pub(crate) skipped: u32,
}

impl Counts {
    fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Planned => {}
            Outcome::Done => self.done += 1,
            Outcome::Refused { .. } => self.refused += 1,
            Outcome::Stale => self.stale += 1,
            Outcome::Skipped => self.skipped += 1,
        }
    }
}

impl Job {
    /// A job as it is previewed.
    pub(crate) fn new(caller: &Caller, filter: String, each: &Each, items: &[Item], now: Millis) -> Self {
        let mut job = Self {
            id: uuid::Uuid::now_v7().simple().to_string(),
            filter,
            command: serde_json::json!(each).to_string(),
            asked_by: caller.name.clone(),
            role: caller.role,
            asked_ms: now.0,
            shops: BTreeSet::new(),
            stage: Stage::Previewed,
            agreed: None,
            ended_ms: None,
            orders: u32::try_from(items.len()).unwrap_or(u32::MAX),
            refused_at_once: 0,
            amounts: Amounts::new(),
            next: 0,
            counts: Counts::default(),
            moved: Amounts::new(),
        };
        for item in items {
            let shop = item.root.split(':').next().unwrap_or_default();
            job.shops.insert(shop.to_owned());
            if item.outcome == Outcome::Planned {
                add(&mut job.amounts, &item.amounts);
            } else {
                job.refused_at_once += 1;
            }
        }
        job
    }

    /// What each order is commanded.
    pub(crate) fn each(&self) -> Result<Each, Problem> {
        serde_json::from_str(&self.command).map_err(|_| Problem::internal())
    }

    /// Whether all its orders are of `shops`.
    pub(crate) fn is_seen_by(&self, shops: &Shops) -> bool {
        self.shops.iter().all(|shop| shops.has(shop))
    }

    /// The reason kept with every order. It names the job, so that the journal of an order tells whose command it was.
    pub(crate) fn reason(&self, each: &Each) -> String {
        let second = self.agreed.as_ref().filter(|agreed| agreed.by != self.asked_by);
        let second = second.map(|agreed| format!(", confirmed by {}: {}", agreed.by, agreed.reason));
        format!("{} (bulk {}{})", each.reason, self.id, second.unwrap_or_default())
    }

    /// Takes down what came of the next items.
    pub(crate) fn advance(&mut self, items: &[Item]) {
        for item in items {
            self.counts.add(&item.outcome);
            self.next += 1;
            if item.outcome == Outcome::Done {
                add(&mut self.moved, &item.amounts);
            }
        }
    }

    /// From when on nobody can agree to it, or it is forgotten.
    pub(crate) fn expires(&self) -> Option<Millis> {
        match self.stage {
            Stage::Previewed | Stage::Waiting => Some(Millis(self.asked_ms).plus(PENDING_MS)),
            Stage::Running | Stage::Cancelling => None,
            Stage::Ended | Stage::Cancelled => Some(Millis(self.ended_ms?).plus(BULK_KEPT_MS)),
        }
    }
}

fn add(sum: &mut Amounts, amounts: &Amounts) {
    for (currency, amount) in amounts {
        let total = sum.entry(currency.clone()).or_default();
        *total = total.saturating_add(*amount);
    }
}
