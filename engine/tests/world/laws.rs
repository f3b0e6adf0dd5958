//! What must hold for every frame, whatever happens: the invariants by their ids.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use amends_engine::contract::Mode;
use amends_engine::decide::Book;
use amends_engine::definition::{Definition, Step, Undo};
use amends_engine::event::{Event, InstanceEvent};
use amends_engine::evolve::evolve;
use amends_engine::instance::{CallPhase, CallState, Errand, Instance, RunState, Side, Site, Stage, Undoing};
use amends_engine::kernel::{Effect, Frame};
use amends_engine::root::{Root, WakeKind};
use amends_engine::{InstanceId, Millis, RootKey, StepId, StoreId};

use super::shop::Shelf;
use super::store::encode;

/// Watches durable frames, one after the other.
pub(crate) struct Laws {
    shelf: Arc<Shelf>,
    store: StoreId,
    roots: BTreeMap<RootKey, Root>,
    sent: BTreeSet<String>,
    started: BTreeSet<(InstanceId, Site, u32, u32)>,
    /// Calls whose old epoch a person declared not to have happened.
    pub(crate) overruled: BTreeSet<(InstanceId, Site)>,
    /// What happened how often, to see what a run covered.
    pub(crate) covered: BTreeMap<String, usize>,
}

impl Laws {
    pub(crate) fn new(shelf: Arc<Shelf>, store: StoreId) -> Self {
        Self {
            shelf,
            store,
            roots: BTreeMap::new(),
            sent: BTreeSet::new(),
            started: BTreeSet::new(),
            overruled: BTreeSet::new(),
            covered: BTreeMap::new(),
        }
    }

    pub(crate) fn root(&self, key: &RootKey) -> Option<&Root> {
        self.roots.get(key)
    }

    /// A frame became durable.
    pub(crate) fn durable(&mut self, frame: &Frame) {
        let mut root = self
            .roots
            .remove(&frame.root)
            .unwrap_or_else(|| Root::new(frame.root.clone()));
        for event in &frame.events {
            self.before(&root, event, frame.at);
            evolve(&mut root, event, frame.at);
            self.count(event);
        }
        root.sequence += 1;
        assert_eq!(
            encode(&root),
            encode(frame.after.as_ref()),
            "I6: folding frame {} of {} does not give the live state",
            frame.root_sequence,
            frame.root
        );
        wakes(&root);
        reserved(&root, &self.store);
        self.roots.insert(frame.root.clone(), root);
    }

    /// An effect leaves.
    pub(crate) fn released(&self, effect: &Effect) {
        let attempt = (
            effect.instance.clone(),
            effect.site.clone(),
            effect.epoch,
            effect.attempt,
        );
        assert!(
            self.started.contains(&attempt),
            "{} left before its start was durable",
            effect.key
        );
        assert!(
            *effect.args != amends_engine::Value::Null,
            "{} left without its arguments",
            effect.key
        );
    }

    fn count(&mut self, event: &Event) {
        let debug = if let Event::Of { event, .. } = event {
            format!("{event:?}")
        } else {
            format!("{event:?}")
        };
        let name: String = debug.chars().take_while(char::is_ascii_alphanumeric).collect();
        *self.covered.entry(name).or_default() += 1;
        if let Event::Of {
            event: InstanceEvent::AttemptEnded { verdict, .. },
            ..
        } = event
        {
            let verdict = format!("{verdict:?}");
            let verdict: String = verdict.chars().take_while(char::is_ascii_alphanumeric).collect();
            *self.covered.entry(format!("Verdict::{verdict}")).or_default() += 1;
        }
    }

    fn before(&mut self, root: &Root, event: &Event, at: Millis) {
        match event {
            Event::Commanded { actor, reason, .. } => {
                assert!(
                    !actor.is_empty() && !reason.is_empty(),
                    "I9: a command without actor or reason"
                );
            }
            Event::IncidentOpened { number, .. } | Event::ObligationOpened { number, .. } => {
                assert!(*number > root.numbers, "the number {number} was given out twice");
            }
            Event::Of { instance, event } => {
                if let Some(known) = root.instance(instance) {
                    self.of(root, known, event, at);
                } else {
                    assert!(
                        matches!(event, InstanceEvent::Started { .. }),
                        "{instance} has an event before it started: {event:?}"
                    );
                }
            }
            Event::Observed { .. }
            | Event::SubjectRevised { .. }
            | Event::FactRecorded { .. }
            | Event::IncidentClosed { .. }
            | Event::ObligationClosed { .. }
            | Event::Posted { .. }
            | Event::Noted { .. } => {}
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "no law speaks about the others")]
    fn of(&mut self, root: &Root, instance: &Instance, event: &InstanceEvent, at: Millis) {
        let definition = self.shelf.definition(&instance.definition).unwrap();
        if instance.is_terminal() {
            assert!(
                matches!(
                    event,
                    InstanceEvent::LateReport { .. } | InstanceEvent::Landed { .. }
                ),
                "{} has ended, then: {event:?}",
                instance.id
            );
        }
        match event {
            InstanceEvent::Started { .. } => panic!("I12: {} started twice", instance.id),
            InstanceEvent::AttemptStarted {
                site,
                epoch,
                attempt,
                errand,
                ..
            } => self.attempt(instance, site, (*epoch, *attempt), *errand, at),
            InstanceEvent::SlaBreached { step, due } => {
                let mut open = instance.open_slas();
                assert!(
                    *due <= at && open.any(|sla| sla.step == *step && sla.due == *due),
                    "{} is told late about {step:?} at {at:?}, which is not: {:?}",
                    instance.id,
                    instance.slas
                );
            }
            InstanceEvent::CallDue { site, opens, .. } => {
                admitted(root, opens);
                if let Side::Undo(_) = site.side {
                    undo_in_order(&definition, instance, site);
                }
            }
            InstanceEvent::Rearmed { site, epoch, .. } => {
                let call = instance.run(&site.place).and_then(|run| run.call()).unwrap();
                if call.doubt.is_some() && *epoch > call.epoch {
                    self.overruled.insert((instance.id.clone(), site.clone()));
                }
            }
            InstanceEvent::Rewound { steps } => {
                rewound(&definition, instance, steps);
                self.repeatable(instance, steps);
            }
            InstanceEvent::Completed => completed(&definition, instance),
            InstanceEvent::Compensated => compensated(&definition, instance),
            _ => {}
        }
    }

    /// What was taken back on purpose may take place again, under another key.
    fn repeatable(&mut self, instance: &Instance, steps: &[StepId]) {
        for (place, run) in instance
            .runs
            .iter()
            .filter(|(place, _)| steps.contains(&place.step))
        {
            let calls = [Side::Do, Side::Undo(0), Side::Undo(1)];
            for side in calls.into_iter().filter(|_| run.landing().is_some()) {
                let site = Site {
                    place: place.clone(),
                    side,
                };
                self.overruled.insert((instance.id.clone(), site));
            }
        }
    }

    fn attempt(&mut self, instance: &Instance, site: &Site, name: (u32, u32), errand: Errand, at: Millis) {
        let call = instance.run(&site.place).and_then(|run| run.call()).unwrap();
        assert!(
            instance.hold.is_none(),
            "{site} was released while {} is held",
            instance.id
        );
        assert!(
            matches!(call.phase, CallPhase::Owed { until, .. } if until <= at),
            "{site} was released although it is {:?} at {at}",
            call.phase
        );
        let key = site.key(&self.store, &instance.id, name.0);
        if site.side == Side::Do && !instance.stage.goes_forward() {
            assert!(
                errand == Errand::Probe || self.sent.contains(&key),
                "I2: {key} left for the first time while {}",
                instance.stage.name()
            );
        }
        if site.side == Side::Do && errand == Errand::Send && name.0 > 0 {
            assert!(
                call.doubt.is_none() || self.sent.contains(&key),
                "{key}: two epochs are unresolved"
            );
        }
        if errand == Errand::Send {
            if let (Mode::Keyed { key_ttl_ms }, Some(first), Some(_)) =
                (call.pinned.contract.mode, call.keyed_at, call.doubt)
            {
                assert!(
                    at.since(first) < key_ttl_ms,
                    "{key} was sent again after the other side forgot it"
                );
            }
            self.sent.insert(key);
        }
        let fresh = self
            .started
            .insert((instance.id.clone(), site.clone(), name.0, name.1));
        assert!(fresh, "{site} started {name:?} twice");
    }
}

/// I4: an intent of ours breaks no inequality, and deepens none that the outside broke.
fn admitted(root: &Root, opens: &[amends_engine::ledger::Posting]) {
    let mut after = root.ledger.clone();
    after.open("the intent", opens);
    let before = root.ledger.violations();
    for broken in after.violations() {
        let known = before
            .iter()
            .find(|known| known.rule == broken.rule && known.line == broken.line);
        let slack = known.map_or(0, |known| known.left - known.right);
        assert!(
            broken.left - broken.right <= slack,
            "I4: an intent breaks: {broken}"
        );
    }
}

fn declared(step: &Step) -> bool {
    matches!(&step.undo, Undo::Calls(calls) if !calls.is_empty())
}

fn contested(step: &Step) -> bool {
    matches!(&step.undo, Undo::Calls(calls) if calls.iter().any(|undo| undo.may_refuse))
}

/// I5 and I11: only what an attempt of ours landed is undone, after everything that came later was.
fn undo_in_order(definition: &Definition, instance: &Instance, site: &Site) {
    let run = instance.run(&site.place).unwrap();
    let landing = run
        .landing()
        .unwrap_or_else(|| panic!("{site} undoes what never landed"));
    assert!(
        !landing.adopted,
        "I11: {site} undoes what no attempt of ours made"
    );
    if instance.stage == Stage::Cancelling {
        let step = definition.step(&site.place.step).unwrap();
        assert!(contested(step), "{site} goes before the contested undos");
        return;
    }
    assert!(
        matches!(instance.stage, Stage::Compensating | Stage::Rewinding),
        "{site} is undone while {}",
        instance.stage.name()
    );
    let mut later = BTreeSet::from([site.place.step.clone()]);
    for step in &definition.steps {
        if !step.after.iter().any(|after| later.contains(after)) {
            continue;
        }
        later.insert(step.id.clone());
        for (place, run) in instance.runs_of(&step.id) {
            let open = run.forward().is_some_and(CallState::is_released);
            let stands =
                declared(step) && run.stands() && !run.landing().is_some_and(|landing| landing.adopted);
            assert!(!open && !stands, "I5: {site} is undone before {place}");
        }
    }
}

/// Nothing of what begins anew still stands, is under way or in doubt.
fn rewound(definition: &Definition, instance: &Instance, steps: &[StepId]) {
    for step in steps {
        let declared = declared(definition.step(step).unwrap());
        for (place, run) in instance.runs_of(step) {
            assert!(
                !(declared && run.stands()),
                "{place} begins anew although it stands in {}",
                instance.id
            );
            assert!(
                run.call().is_none(),
                "{place} begins anew with a call open in {}",
                instance.id
            );
        }
    }
}

/// I3: completed means that every step is over.
fn completed(definition: &Definition, instance: &Instance) {
    for step in instance.steps(definition) {
        assert!(
            instance.is_over(&step.id),
            "I3: {} completed without {}",
            instance.id,
            step.id
        );
    }
    settled(instance);
}

/// I3: compensated means that whatever landed was undone.
fn compensated(definition: &Definition, instance: &Instance) {
    for (place, run) in &instance.runs {
        let step = definition.step(&place.step).unwrap();
        let adopted = run.landing().is_some_and(|landing| landing.adopted);
        assert!(
            !(declared(step) && run.stands() && !adopted),
            "I3: {place} stands in {}",
            instance.id
        );
    }
    settled(instance);
}

fn settled(instance: &Instance) {
    for (place, run) in &instance.runs {
        assert!(
            run.call().is_none(),
            "{} ended with a call open at {place}",
            instance.id
        );
        assert!(
            !matches!(run.undo, Some(Undoing::Calling { .. } | Undoing::Blocked { .. })),
            "{} ended in the middle of undoing {place}",
            instance.id
        );
        assert!(
            !matches!(
                run.state,
                RunState::Waiting { .. } | RunState::Deciding { .. } | RunState::Blocked { .. }
            ),
            "{} ended while {place} waits",
            instance.id
        );
    }
}

/// L1: what has not ended has a cause to move that is really there.
pub(crate) fn wakes(root: &Root) {
    let causes = root.wake_causes();
    for instance in root.instances.values().filter(|instance| !instance.is_terminal()) {
        for sla in instance.open_slas() {
            assert!(
                root.next_wake().is_some_and(|next| next <= sla.due),
                "{} sleeps past a time it promised: {sla:?}",
                instance.id
            );
        }
        let mut own = causes
            .iter()
            .filter(|cause| cause.instance == instance.id)
            .peekable();
        assert!(
            own.peek().is_some(),
            "L1: nothing will ever move {}: {instance:#?}",
            instance.id
        );
        for cause in own {
            let real = match &cause.kind {
                WakeKind::Gate { .. } => {
                    let mut owed = instance.owed_calls(Millis(i64::MAX)).into_iter();
                    owed.any(|(site, _)| Some(&site.place) == cause.place.as_ref())
                }
                WakeKind::Person {
                    incident: Some(number),
                    ..
                } => root.incidents.contains_key(number),
                WakeKind::Person { incident: None, .. } => root
                    .incidents
                    .values()
                    .any(|open| open.instance.as_ref() == Some(&instance.id) && open.place == cause.place),
                WakeKind::Answer { .. } | WakeKind::Fact { .. } | WakeKind::Hold => true,
            };
            assert!(
                real,
                "L1: {} waits for something that cannot come: {cause:?}",
                instance.id
            );
        }
    }
}

/// Nothing is half done: what the ledger holds open belongs to a call that is open, or to what a fact claims.
pub(crate) fn reserved(root: &Root, store: &StoreId) {
    let mut open: BTreeSet<String> = root.facts.keys().cloned().collect();
    for instance in root.instances.values() {
        for (place, run) in &instance.runs {
            if let Some(call) = run.call() {
                open.insert(run.site(place).key(store, &instance.id, call.epoch));
            }
        }
    }
    for (key, postings) in root.ledger.opens() {
        assert!(
            open.contains(key),
            "{key} holds {postings:?} open, and nothing is open there"
        );
    }
}
