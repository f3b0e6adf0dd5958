//! What lists show of a root: one small value per root and a few index entries, written with each of its frames.
//!
//! Nothing here is the truth: it can be folded again from the frames.

mod about;
mod entries;
mod fold;
mod risk;
mod wait;

use std::collections::BTreeSet;

use amends_storage::{Key, Kind, ReadError, Store, codec};
use serde::{Deserialize, Serialize};

pub(crate) use about::About;
pub(crate) use entries::{due_root, index_keys, writes};
pub(crate) use fold::{after, summarize};
pub use risk::at_risk;
pub use wait::{since, until};

const VERSION: u16 = 1;

/// What lists show of a root. Free of personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The root's key.
    pub root: String,
    /// The number the shop shows for the order.
    pub number: String,
    /// Where it stands, in one word.
    pub state: State,
    /// Its instances.
    pub instances: Vec<InstanceSummary>,
    /// Its open incidents.
    pub incidents: Vec<IncidentSummary>,
    /// Open obligations.
    pub obligations: u32,
    /// What was agreed on, in minor units of `currency`.
    pub total_minor: i64,
    /// ISO 4217 code; empty when there is none.
    pub currency: String,
    /// What could still be lost, by currency; see [`at_risk`].
    pub at_risk: Vec<Money>,
    /// Outside document numbers.
    pub documents: Vec<String>,
    /// Refunds the shop reported, by its ids.
    pub refunds: Vec<String>,
    /// Digest of the buyer's e-mail address under the store's own key; empty when there is none.
    pub email: String,
    /// The digest of who ordered what for how much, and when: Unix milliseconds, UTC, by the shop's clock.
    pub looks: Option<(String, i64)>,
    /// When it was first heard of: Unix milliseconds, UTC.
    pub created_ms: i64,
    /// The time of the last event.
    pub updated_ms: i64,
    /// What an operator's command is decided on.
    pub revision: u64,
    /// When time alone moves it next: the due index.
    pub due_ms: Option<i64>,
}

impl Summary {
    /// The shop: what stands before the first colon of the root's key.
    pub fn shop(&self) -> &str {
        shop_of(&self.root)
    }

    /// Causes of open incidents, each once.
    pub fn causes(&self) -> BTreeSet<&str> {
        self.incidents
            .iter()
            .map(|incident| incident.cause.as_str())
            .collect()
    }

    /// What is at risk in `currency`, in minor units.
    pub fn risk_in(&self, currency: &str) -> i64 {
        let found = self.at_risk.iter().find(|money| money.currency == currency);
        found.map_or(0, |money| money.amount_minor)
    }
}

/// The shop of a root: what stands before the first colon of its key.
pub fn shop_of(root: &str) -> &str {
    root.split(':').next().unwrap_or_default()
}

/// An amount of one currency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Money {
    /// ISO 4217 code.
    pub currency: String,
    /// Minor units.
    pub amount_minor: i64,
}

/// What lists show of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceSummary {
    /// Its id.
    pub id: String,
    /// Its workflow.
    pub workflow: String,
    /// Its stage by name.
    pub stage: String,
    /// Whether it is held.
    pub held: bool,
    /// The steps it stands at; empty when it has ended.
    pub steps: Vec<String>,
    /// What it waits for; empty when it has ended.
    pub waits: Vec<Wait>,
}

/// One thing an instance waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// The step, or `step/item`; `None` for the instance as a whole.
    pub place: Option<String>,
    /// What, in words.
    pub what: String,
    /// Since when: Unix milliseconds, UTC.
    pub since_ms: Option<i64>,
    /// When it goes on by itself at the latest.
    pub until_ms: Option<i64>,
}

/// What lists show of an open incident of a root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentSummary {
    /// Its number in the root.
    pub number: u32,
    /// The class of the cause.
    pub cause: String,
    /// A sentence for people, cut off where it is long.
    pub message: String,
    /// The instance, or `None` for the root itself.
    pub instance: Option<String>,
    /// The step, or `step/item`.
    pub place: Option<String>,
    /// Since when: Unix milliseconds, UTC.
    pub opened_ms: i64,
}

/// Where a root stands, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum State {
    /// Nothing runs yet.
    Idle,
    /// It moves by itself.
    Moving,
    /// A person is needed.
    Stuck,
    /// Every instance ended forward.
    Completed,
    /// It was undone.
    Compensated,
    /// A person ended it.
    Closed,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Idle,
        Self::Moving,
        Self::Stuck,
        Self::Completed,
        Self::Compensated,
        Self::Closed,
    ];

    /// The stable public name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Moving => "moving",
            Self::Stuck => "stuck",
            Self::Completed => "completed",
            Self::Compensated => "compensated",
            Self::Closed => "closed",
        }
    }

    /// The state of this public name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// The summary of a root; `None` when nothing ever happened to it.
///
/// # Errors
/// [`ReadError`] when the store failed or the entry is damaged.
pub fn read_summary<S: Store>(store: &S, root: &str) -> Result<Option<Summary>, ReadError> {
    let key = Key::Root(root.to_owned());
    let Some(sealed) = store.get(&key)? else {
        return Ok(None);
    };
    match codec::decode(Kind::Summary, &sealed) {
        Ok((_, summary)) => Ok(Some(summary)),
        Err(error) => Err(ReadError::Damaged {
            key: key.stored(store.partition()),
            meaning: error.to_string(),
        }),
    }
}
