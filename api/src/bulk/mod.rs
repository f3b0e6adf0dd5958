//! One command to many orders: previewed, agreed to, then given by a durable job.
//!
//! What was shown is what is done: every item keeps the revision it was previewed on, so that an order that moved since
//! is left alone and told as stale. A job goes on where it stood after a crash; whether the command of an item that was
//! under way is done, the order's own journal tells, because the reason names the job.

mod item;
mod job;
mod plan;
mod record;
mod report;
mod runner;
mod selection;

pub(crate) use item::{Item, Outcome};
pub(crate) use job::{Agreed, Job, Stage};
pub(crate) use plan::plan;
pub(crate) use record::{find, forget, items, keep, keep_items, list};
pub(crate) use report::{BulkItem, BulkJob, BulkJobs, BulkShown};
pub(crate) use runner::{obstacle, run};
pub use selection::Selection;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::{Mutex, Notify};
use utoipa::ToSchema;

use crate::problem::{Code, Problem};
use crate::role::Act;
use crate::routes::commands::Wish;

/// What running jobs share.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    /// One change of a job at a time.
    pub(crate) changing: Mutex<()>,
    /// A job may go on.
    pub(crate) agreed: Notify,
}

/// What each order is commanded.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BulkCommand)]
pub struct Each {
    /// The command: those that say the same for every order.
    #[schema(
        pattern = "^(retry|complete|skip|compensate|cancel|hold|resume|approve|reject|close|rewind|note)$"
    )]
    pub command: String,
    /// Why; kept with every order.
    #[schema(pattern = "\\S")]
    pub reason: String,
    /// The step, or `step/item`; may be left out where a person decides at one place of an order only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// For `complete`: what later steps read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub result: Option<Map<String, Value>>,
    /// For `note`: the text; the reason when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Each {
    /// Commands whose content differs from order to order are given one by one.
    pub(crate) fn act(&self) -> Result<Act, Problem> {
        let act = Act::of_command(&self.command);
        let act = act.filter(|act| !matches!(act, Act::Signal | Act::Edit | Act::Waive));
        act.ok_or_else(|| {
            let detail = format!("`{}` cannot be given to many orders at once", self.command);
            Problem::new(Code::UnknownCommand, detail)
        })
    }

    /// The command to one order, decided on `revision`.
    pub(crate) fn wish(&self, reason: String, revision: Option<u64>) -> Wish {
        Wish {
            command: self.command.clone(),
            reason,
            place: self.place.clone(),
            result: self.result.clone().map(Value::Object),
            note: self.note.clone(),
            revision,
            ..Wish::default()
        }
    }
}
