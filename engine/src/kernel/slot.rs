//! One root in the working set.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::instance::{CallPhase, Instance, Run, Site};
use crate::root::Root;
use crate::{Digest, InstanceId, Millis, Value};

use super::Input;

#[derive(Debug)]
pub(super) enum Slot {
    /// Asked for; inputs wait.
    Loading(Vec<Input>),
    /// In memory.
    Live(Box<Live>),
}

#[derive(Debug)]
pub(super) struct Live {
    pub(super) root: Arc<Root>,
    pub(super) values: BTreeMap<Digest, Arc<Value>>,
    /// Calls lined up at a gate.
    pub(super) ticketed: BTreeSet<(InstanceId, Site)>,
    pub(super) timer: Option<Millis>,
    pub(super) used: u64,
    /// The sequence of its last frame: it is evicted only when that is durable.
    pub(super) written: u64,
}

impl Live {
    pub(super) fn new(root: Root, values: BTreeMap<Digest, Arc<Value>>) -> Self {
        Self {
            root: Arc::new(root),
            values,
            ticketed: BTreeSet::new(),
            timer: None,
            used: 0,
            written: 0,
        }
    }

    /// Whether something is under way whose answer only this process can receive.
    pub(super) fn is_busy(&self) -> bool {
        !self.ticketed.is_empty()
            || self
                .root
                .instances
                .values()
                .flat_map(|instance: &Instance| instance.runs.values())
                .any(|run: &Run| {
                    run.call()
                        .is_some_and(|call| matches!(call.phase, CallPhase::InFlight { .. }))
                })
    }

    /// Forgets values that nothing open names.
    pub(super) fn trim(&mut self) {
        let needed: BTreeSet<Digest> = self.root.values_needed().into_iter().collect();
        self.values.retain(|digest, _| needed.contains(digest));
    }

    /// When time alone moves this root while it is in memory: answers come by themselves, gates keep tickets.
    pub(super) fn next_timer(&self) -> Option<Millis> {
        let instances = self.root.instances.values();
        let owed = instances.flat_map(|instance| {
            let calls = instance.owed_calls(Millis(i64::MAX)).into_iter();
            calls.filter_map(|(site, call)| match call.phase {
                CallPhase::Owed { until, .. } => {
                    (!self.ticketed.contains(&(instance.id.clone(), site))).then_some(until)
                }
                CallPhase::InFlight { .. } | CallPhase::Stuck { .. } => None,
            })
        });
        owed.chain(self.root.next_deadline()).min()
    }
}
