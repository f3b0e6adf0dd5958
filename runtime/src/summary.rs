//! What lists show of a root: one small value per root and a few index entries, written with each of its frames.
//!
//! Nothing here is the truth: it can be folded again from the frames.

use std::collections::BTreeSet;

use amends_engine::event::Event;
use amends_engine::instance::{Instance, Stage};
use amends_engine::kernel::Frame;
use amends_engine::ledger::Account;
use amends_engine::root::{Root, WakeKind};
use amends_engine::{FactName, RootKey, Value};
use amends_storage::{EncodeError, Key, Kind, ReadError, Store, Write, codec};
use serde::{Deserialize, Serialize};

use crate::alike::{ALIKE, index_value, looks};

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
    /// Causes of open incidents.
    pub causes: Vec<String>,
    /// Open obligations.
    pub obligations: u32,
    /// The digest of who ordered what for how much, and when: Unix milliseconds, UTC, by the shop's clock.
    pub looks: Option<(String, i64)>,
    /// What was agreed on, in minor units of `currency`.
    pub total_minor: i64,
    /// ISO 4217 code; empty when there is none.
    pub currency: String,
    /// Outside document numbers.
    pub documents: Vec<String>,
    /// Refunds the shop reported, by its ids.
    pub refunds: Vec<String>,
    /// When it was first heard of: Unix milliseconds, UTC.
    pub created_ms: i64,
    /// The time of the last event.
    pub updated_ms: i64,
    /// What an operator's command is decided on.
    pub revision: u64,
    /// When time alone moves it next: the due index.
    pub due_ms: Option<i64>,
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
    /// What it waits for, in words; empty when it has ended.
    pub waits_for: Vec<String>,
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

/// The summary after `frame`, given the one before.
pub(crate) fn after(before: Option<&Summary>, frame: &Frame) -> Summary {
    let created_ms = before.map_or(frame.at.0, |before| before.created_ms);
    let head = match (revised(frame), before) {
        (Some(subject), _) => Head::of(subject),
        (None, Some(before)) => Head {
            number: before.number.clone(),
            looks: before.looks.clone(),
        },
        (None, None) => Head::default(),
    };
    summarize(frame.after.as_ref(), head, created_ms)
}

/// What is kept of an order's subject.
#[derive(Debug, Default)]
pub(crate) struct Head {
    number: String,
    looks: Option<(String, i64)>,
}

impl Head {
    pub(crate) fn of(subject: &Value) -> Self {
        let number = subject.get("number").and_then(Value::as_text);
        Self {
            number: number.unwrap_or_default().to_owned(),
            looks: looks(subject),
        }
    }
}

/// The summary of `root`.
pub(crate) fn summarize(root: &Root, head: Head, created_ms: i64) -> Summary {
    let currency = root.ledger.currencies().into_iter().next();
    Summary {
        root: root.key.to_string(),
        number: head.number,
        looks: head.looks,
        state: state(root),
        instances: root
            .instances
            .values()
            .map(|instance| instance_summary(root, instance))
            .collect(),
        causes: causes(root),
        obligations: u32::try_from(root.obligations.len()).unwrap_or(u32::MAX),
        total_minor: currency.map_or(0, |currency| root.ledger.money(Account::Agreed, currency).landed),
        currency: currency.map_or_else(String::new, |currency| currency.to_string()),
        documents: documents(root),
        refunds: refunds(root),
        created_ms,
        updated_ms: root.updated_at.0,
        revision: root.revision,
        due_ms: root.next_wake().map(|due| due.0),
    }
}

fn revised(frame: &Frame) -> Option<&Value> {
    let subject = frame.events.iter().rev().find_map(|event| match event {
        Event::SubjectRevised { subject } => Some(subject),
        Event::Observed { .. }
        | Event::FactRecorded { .. }
        | Event::IncidentOpened { .. }
        | Event::IncidentClosed { .. }
        | Event::ObligationOpened { .. }
        | Event::ObligationClosed { .. }
        | Event::Posted { .. }
        | Event::Commanded { .. }
        | Event::Noted { .. }
        | Event::Of { .. } => None,
    })?;
    frame.values.get(subject).map(AsRef::as_ref)
}

fn state(root: &Root) -> State {
    let live: Vec<&Instance> = root
        .instances
        .values()
        .filter(|instance| !instance.is_terminal())
        .collect();
    let waits_for_person = root
        .wake_causes()
        .iter()
        .any(|cause| matches!(cause.kind, WakeKind::Person { .. } | WakeKind::Hold));
    if waits_for_person || !root.incidents.is_empty() {
        return State::Stuck;
    }
    if !live.is_empty() {
        return State::Moving;
    }
    let stages: BTreeSet<Stage> = root
        .instances
        .values()
        .filter(|instance| instance.only.is_none())
        .map(|instance| instance.stage)
        .collect();
    match stages.last() {
        None => State::Idle,
        Some(Stage::Closed) => State::Closed,
        Some(Stage::Compensated) => State::Compensated,
        Some(_) => State::Completed,
    }
}

fn causes(root: &Root) -> Vec<String> {
    let causes: BTreeSet<&String> = root.incidents.values().map(|incident| &incident.cause).collect();
    causes.into_iter().cloned().collect()
}

fn documents(root: &Root) -> Vec<String> {
    let runs = root
        .instances
        .values()
        .flat_map(|instance| instance.runs.values());
    let references: BTreeSet<String> = runs.filter_map(|run| run.landing()?.reference.clone()).collect();
    references.into_iter().collect()
}

fn refunds(root: &Root) -> Vec<String> {
    root.facts_named(&FactName::new("refund.recorded"))
        .map(|kept| kept.id.clone())
        .collect()
}

fn instance_summary(root: &Root, instance: &Instance) -> InstanceSummary {
    let causes = root
        .wake_causes()
        .into_iter()
        .filter(|cause| cause.instance == instance.id);
    InstanceSummary {
        id: instance.id.to_string(),
        workflow: instance.workflow.to_string(),
        stage: instance.stage.name().to_owned(),
        held: instance.hold.is_some(),
        waits_for: causes
            .map(|cause| wait_words(cause.place.map(|place| place.to_string()), &cause.kind))
            .collect(),
    }
}

fn wait_words(place: Option<String>, kind: &WakeKind) -> String {
    let what = match kind {
        WakeKind::Gate {
            connector, errand, ..
        } => match errand {
            amends_engine::instance::Errand::Send => format!("{connector}: to be sent"),
            amends_engine::instance::Errand::Probe => format!("{connector}: to be looked up"),
        },
        WakeKind::Answer { connector, .. } => format!("{connector}: an answer"),
        WakeKind::Fact { name, .. } => format!("the fact {name}"),
        WakeKind::Person { .. } => "a person".to_owned(),
        WakeKind::Hold => "a person to resume it".to_owned(),
    };
    place.map_or_else(|| what.clone(), |place| format!("{place}: {what}"))
}

/// The writes that turn the entries of `before` into those of `now`.
pub(crate) fn writes(before: Option<&Summary>, now: &Summary) -> Result<Vec<Write>, EncodeError> {
    let old: BTreeSet<Key> = before.map(index_keys).unwrap_or_default();
    let new = index_keys(now);
    let mut writes: Vec<Write> = old
        .difference(&new)
        .map(|key| Write::Delete { key: key.clone() })
        .collect();
    writes.extend(new.difference(&old).map(|key| Write::Put {
        key: key.clone(),
        value: Vec::new(),
    }));
    let value = codec::encode(Kind::Summary, VERSION, now)?;
    writes.push(Write::Put {
        key: Key::Root(now.root.clone()),
        value,
    });
    Ok(writes)
}

/// Every entry of lists and indexes that a root has besides its summary.
pub(crate) fn index_keys(summary: &Summary) -> BTreeSet<Key> {
    let index = |name: &str, value: &str| Key::Index {
        name: name.to_owned(),
        value: value.to_owned(),
        root: summary.root.clone(),
    };
    let mut keys = BTreeSet::from([index("state", summary.state.name())]);
    keys.extend(summary.causes.iter().map(|cause| index("cause", cause)));
    keys.extend(
        summary
            .documents
            .iter()
            .map(|document| index("document", document)),
    );
    let shop = summary.root.split(':').next().unwrap_or_default();
    keys.extend(
        summary
            .refunds
            .iter()
            .map(|refund| index("refund", &format!("{shop}/{refund}"))),
    );
    if let Some((likeness, placed_ms)) = &summary.looks {
        keys.insert(index(ALIKE, &index_value(likeness, *placed_ms)));
    }
    if !summary.number.is_empty() {
        keys.insert(index("number", &summary.number));
    }
    keys.extend(crate::rest::key(summary));
    keys.extend(summary.due_ms.map(|at_ms| Key::Due {
        at_ms,
        root: summary.root.clone(),
    }));
    keys
}

/// The key of the root a due-index entry names.
pub(crate) fn due_root(key: &Key) -> Option<RootKey> {
    if let Key::Due { root, .. } = key {
        Some(RootKey::new(root.clone()))
    } else {
        None
    }
}
