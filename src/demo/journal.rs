//! What the journal says of every effect, read frame by frame and as far as it has been written.

use std::collections::{BTreeMap, BTreeSet};

use amends_engine::event::{Event, InstanceEvent, Verdict};
use amends_engine::instance::{Errand, Site};
use amends_engine::root::cause;
use amends_engine::{InstanceId, RootKey, StoreId};
use amends_runtime::{LoadError, decode_events};
use amends_storage::Frames;
use amends_workflows::catalogue;

/// Frames read at once.
const FRAMES_PER_READ: usize = 1_024;

/// What became of the effect under one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// A request may be on its way.
    UnderWay,
    /// It may have happened.
    InDoubt,
    /// It took place.
    Landed,
    /// The outside document existed before; no request of ours made it.
    Adopted,
    /// It did not take place, and nothing more leaves under this key unless it is sent again.
    Nothing,
}

/// One key under which something left.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The order.
    pub root: RootKey,
    /// The instance.
    pub instance: InstanceId,
    /// `erp.create_order`; empty when the journal never said that the call was due.
    pub operation: String,
    /// What became of it.
    pub fate: Fate,
}

/// What the journal says, up to the last frame that was read.
#[derive(Debug, Default)]
pub struct Journal {
    next: u64,
    operations: BTreeMap<(InstanceId, Site), String>,
    keys: BTreeMap<String, Sent>,
    undoing: BTreeSet<InstanceId>,
    duplicates_named: BTreeSet<RootKey>,
}

impl Journal {
    /// Reads what was written since the last time.
    ///
    /// # Errors
    /// [`LoadError`] when the store failed or a frame is damaged.
    pub fn catch_up<S: Frames>(&mut self, store: &S) -> Result<(), LoadError> {
        let id = StoreId::new(store.identity().store_id.clone());
        loop {
            let frames = store.frames_from(self.next.max(1), FRAMES_PER_READ)?;
            let Some(last) = frames.last() else { return Ok(()) };
            self.next = last.sequence + 1;
            for frame in &frames {
                let root = RootKey::new(frame.root.clone());
                let events = decode_events(&frame.payload).map_err(|source| LoadError::Events {
                    root: root.clone(),
                    source,
                })?;
                for event in &events {
                    self.note(event, &root, &id);
                }
            }
        }
    }

    /// What left under `key`, if anything did.
    pub fn sent(&self, key: &str) -> Option<&Sent> {
        self.keys.get(key)
    }

    /// Everything that left, by key.
    pub fn all_sent(&self) -> impl Iterator<Item = (&str, &Sent)> {
        self.keys.iter().map(|(key, sent)| (key.as_str(), sent))
    }

    /// Whether an incident says that an effect of `root` took place more than once.
    pub fn names_duplicate(&self, root: &RootKey) -> bool {
        self.duplicates_named.contains(root)
    }

    /// Instances that are being undone.
    pub fn undoing(&self) -> usize {
        self.undoing.len()
    }

    /// A key as if something had left under it.
    #[cfg(test)]
    pub(super) fn plant(&mut self, key: &str, operation: &str, fate: Fate) {
        let sent = Sent {
            root: RootKey::new("demo:1"),
            instance: InstanceId::new("demo:1/order-to-cash"),
            operation: operation.to_owned(),
            fate,
        };
        self.keys.insert(key.to_owned(), sent);
    }

    fn note(&mut self, event: &Event, root: &RootKey, id: &StoreId) {
        if let Event::IncidentOpened { incident, .. } = event
            && incident.cause == cause::DUPLICATE_EFFECT
        {
            self.duplicates_named.insert(root.clone());
        }
        let Event::Of { instance, event } = event else {
            return;
        };
        self.note_stage(event, instance);
        if let InstanceEvent::CallDue { site, pinned, .. } = event {
            let contract = &pinned.contract;
            let name = format!("{}.{}", contract.role, contract.operation);
            self.operations.insert((instance.clone(), site.clone()), name);
        }
        if let InstanceEvent::AttemptStarted {
            site,
            epoch,
            errand: Errand::Send,
            ..
        } = event
        {
            self.start(root, instance, site, site.key(id, instance, *epoch));
        }
        if let InstanceEvent::AttemptEnded {
            site, epoch, verdict, ..
        } = event
        {
            self.end(&site.key(id, instance, *epoch), verdict);
        }
        if let InstanceEvent::Landed { landing, key, .. } = event {
            self.land(key, landing.adopted);
        }
    }

    fn start(&mut self, root: &RootKey, instance: &InstanceId, site: &Site, key: String) {
        let operation = self.operations.get(&(instance.clone(), site.clone()));
        let sent = Sent {
            root: root.clone(),
            instance: instance.clone(),
            operation: operation.cloned().unwrap_or_default(),
            fate: Fate::UnderWay,
        };
        self.keys.insert(key, sent);
    }

    fn end(&mut self, key: &str, verdict: &Verdict) {
        match verdict {
            Verdict::Landed { landing, key, .. } => self.land(key, landing.adopted),
            Verdict::Doubt { .. } | Verdict::Stuck { in_doubt: true, .. } => self.fate(key, Fate::InDoubt),
            // Only what happened nowhere is retried: doubt about an earlier attempt is looked up before.
            Verdict::Retry { .. }
            | Verdict::Anew { .. }
            | Verdict::Failed { .. }
            | Verdict::Refused { .. }
            | Verdict::Stuck { in_doubt: false, .. } => self.fate(key, Fate::Nothing),
        }
    }

    fn land(&mut self, key: &str, adopted: bool) {
        self.fate(key, if adopted { Fate::Adopted } else { Fate::Landed });
    }

    fn fate(&mut self, key: &str, fate: Fate) {
        if let Some(sent) = self.keys.get_mut(key) {
            sent.fate = fate;
        }
    }

    fn note_stage(&mut self, event: &InstanceEvent, instance: &InstanceId) {
        if matches!(
            event,
            InstanceEvent::CancelStarted { .. } | InstanceEvent::CompensationStarted { .. }
        ) {
            self.undoing.insert(instance.clone());
        }
        if matches!(
            event,
            InstanceEvent::CancelRefused { .. }
                | InstanceEvent::Completed
                | InstanceEvent::Compensated
                | InstanceEvent::Closed { .. }
        ) {
            self.undoing.remove(instance);
        }
    }
}

impl Sent {
    /// Whether it leaves anything behind at the other side; reading does not, and finding a customer may not.
    pub fn has_effect(&self) -> bool {
        let (role, name) = self.operation.split_once('.').unwrap_or_default();
        catalogue::operation(role, name).is_some_and(|known| !known.harmless)
    }

    /// Whether nobody knows yet what became of it.
    pub fn is_open(&self) -> bool {
        matches!(self.fate, Fate::UnderWay | Fate::InDoubt)
    }
}

#[cfg(test)]
mod tests {
    use amends_engine::event::{Event, InstanceEvent, Report, Verdict};
    use amends_engine::instance::{Errand, Place, Site};
    use amends_engine::outcome::{Fault, FaultClass, Outcome, Probe};
    use amends_engine::{InstanceId, Millis, RootKey, StepId, StoreId};

    use super::{Fate, Journal};

    fn ended(report: Report, verdict: Verdict) -> InstanceEvent {
        InstanceEvent::AttemptEnded {
            site: site(),
            epoch: 0,
            attempt: 1,
            report,
            verdict,
        }
    }

    fn site() -> Site {
        Site::forward(Place::once(&StepId::new("sales-order")))
    }

    #[test]
    fn what_was_looked_up_and_is_not_there_is_in_doubt_no_longer() {
        let (root, store) = (RootKey::new("demo:1"), StoreId::new("store"));
        let started = InstanceEvent::AttemptStarted {
            site: site(),
            epoch: 0,
            attempt: 1,
            errand: Errand::Send,
            commits: false,
        };
        let unknown = Report::Outcome(Outcome::Unknown(Fault::new(FaultClass::Broken, "no answer")));
        let doubt = Verdict::Doubt {
            errand: Errand::Probe,
            until: Millis(1),
            absents: 0,
        };
        let retry = Verdict::Retry { until: Millis(2) };
        let course = [
            (started, Fate::UnderWay),
            (ended(unknown, doubt), Fate::InDoubt),
            (ended(Report::Probe(Probe::Absent), retry), Fate::Nothing),
        ];
        let mut journal = Journal::default();
        for (event, fate) in course {
            let instance = InstanceId::new("demo:1/order-to-cash");
            journal.note(&Event::Of { instance, event }, &root, &store);
            let fates: Vec<Fate> = journal.all_sent().map(|(_, sent)| sent.fate).collect();
            assert_eq!(fates, [fate]);
        }
    }
}
