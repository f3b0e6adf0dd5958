//! What everything about one order hangs on: its facts, ledger, instances, incidents.

mod incident;
mod obligation;
mod wake;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use incident::{Incident, cause};
pub use obligation::{Debtor, Nature, Obligation};
pub use wake::{WakeCause, WakeKind};

use crate::instance::{CallState, Instance, RunState, Undoing};
use crate::ledger::Ledger;
use crate::{Digest, FactName, InstanceId, Millis, RootKey, Value};

/// One order and everything that happens to it. Loaded, evicted and recovered as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// Its key, for ever.
    pub key: RootKey,
    /// Frames applied.
    pub sequence: u64,
    /// Events applied: what an operator's command is decided on.
    pub revision: u64,
    /// The current revision of the order, by digest.
    pub subject: Option<Digest>,
    /// Revisions of the subject so far.
    pub subject_revision: u32,
    /// What the inbound edge last saw; its own format.
    pub mirror: Option<Mirror>,
    /// Facts by natural id, each once for ever.
    pub facts: BTreeMap<String, Kept>,
    /// Money and stock.
    pub ledger: Ledger,
    /// Instances by id, terminal ones too: a key never starts again.
    pub instances: BTreeMap<InstanceId, Instance>,
    /// Open incidents by number.
    pub incidents: BTreeMap<u32, Incident>,
    /// Open obligations by number.
    pub obligations: BTreeMap<u32, Obligation>,
    /// Obligations that a person waived, by number: what they name stays unsettled for good.
    pub waived: BTreeMap<u32, Obligation>,
    /// What people left with the order, the oldest first.
    pub notes: Vec<Note>,
    /// Numbers handed out to incidents and obligations.
    pub numbers: u32,
    /// The time of the last event.
    pub updated_at: Millis,
}

/// What the inbound edge last saw of the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mirror {
    /// Raised with every change; a comparison made against an older one is refused and made again.
    pub revision: u64,
    /// The edge's own record.
    pub state: Vec<u8>,
}

/// A text that somebody left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Who.
    pub by: String,
    /// When.
    pub at: Millis,
    /// The text, by digest.
    pub text: Digest,
}

/// A fact that was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// What happened.
    pub name: FactName,
    /// What it happened to.
    pub id: String,
    /// What expressions read.
    pub payload: Value,
    /// When it was recorded.
    pub at: Millis,
}

impl Root {
    /// A root nothing has happened to.
    pub fn new(key: RootKey) -> Self {
        Self {
            key,
            sequence: 0,
            revision: 0,
            subject: None,
            subject_revision: 0,
            mirror: None,
            facts: BTreeMap::new(),
            ledger: Ledger::default(),
            instances: BTreeMap::new(),
            incidents: BTreeMap::new(),
            obligations: BTreeMap::new(),
            waived: BTreeMap::new(),
            notes: Vec::new(),
            numbers: 0,
            updated_at: Millis::ZERO,
        }
    }

    /// The instance called `id`.
    pub fn instance(&self, id: &InstanceId) -> Option<&Instance> {
        self.instances.get(id)
    }

    /// Facts called `name` in the order of their ids.
    pub fn facts_named<'r>(&'r self, name: &'r FactName) -> impl Iterator<Item = &'r Kept> {
        self.facts.values().filter(move |kept| kept.name == *name)
    }

    /// Whether every instance has ended and nothing is owed or waits for a person.
    pub fn is_at_rest(&self) -> bool {
        self.instances.values().all(Instance::is_terminal)
            && self.incidents.is_empty()
            && self.obligations.is_empty()
    }

    /// Values by digest that deciding about this root needs: the subject and the arguments of open calls.
    pub fn values_needed(&self) -> Vec<Digest> {
        let calls = self.open_calls().map(|call| call.pinned.args);
        self.subject.into_iter().chain(calls).collect()
    }

    /// Calls owed here that were not owed in `before`: `role.operation` and key.
    pub fn due_calls(&self, before: &Root, store: &crate::StoreId) -> Vec<(String, String)> {
        let owed = |root: &Root| -> Vec<(String, String)> {
            let instances = root.instances.values();
            instances
                .flat_map(|instance| {
                    instance
                        .owed_calls(Millis(i64::MAX))
                        .into_iter()
                        .map(|(site, call)| {
                            let contract = &call.pinned.contract;
                            let name = format!("{}.{}", contract.role, contract.operation);
                            (name, site.key(store, &instance.id, call.epoch))
                        })
                })
                .collect()
        };
        let known = owed(before);
        owed(self)
            .into_iter()
            .filter(|call| !known.contains(call))
            .collect()
    }

    /// Calls that have not ended, of all instances.
    pub fn open_calls(&self) -> impl Iterator<Item = &CallState> {
        self.instances
            .values()
            .flat_map(|instance| instance.runs.values())
            .filter_map(|run| match (&run.undo, &run.state) {
                (Some(Undoing::Calling { call, .. }), _) | (None, RunState::Calling(call)) => {
                    Some(call.as_ref())
                }
                _ => None,
            })
    }
}
