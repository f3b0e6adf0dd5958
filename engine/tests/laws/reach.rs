//! Every state a small workflow can reach within bounds, through the real `decide`: breadth first, one root per
//! fingerprint, so that a claim about "every reachable state" is made of states that were reached.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use amends_engine::command::{Command, Verb};
use amends_engine::contract::PostingSource;
use amends_engine::decide::{Context, Decision, Input, Observation, decide};
use amends_engine::definition::Definition;
use amends_engine::event::Report;
use amends_engine::instance::{CallPhase, CallState, Errand, Instance, Place, Site};
use amends_engine::outcome::{Fault, FaultClass, Landing, Outcome, Probe};
use amends_engine::root::Root;
use amends_engine::{Digest, InstanceId, Millis, StepId, StoreId, Value};

use crate::world::evaluator::Tiny;
use crate::world::order::Order;
use crate::world::shop::Shelf;

/// How much may go wrong on the way to a state.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Reports other than success.
    pub(crate) faults: u8,
    /// Commands of people.
    pub(crate) commands: u8,
}

/// A root on the way, and how it came there.
#[derive(Debug, Clone)]
pub(crate) struct Reached {
    pub(crate) root: Root,
    pub(crate) values: BTreeMap<Digest, Arc<Value>>,
    pub(crate) at: Millis,
    faults: u8,
    commands: u8,
    pub(crate) story: Vec<String>,
}

/// One workflow and the order that runs through it.
pub(crate) struct Search {
    shelf: Shelf,
    pub(crate) store: StoreId,
    pub(crate) order: Order,
    bounds: Bounds,
}

/// Something that may happen next.
pub(crate) struct Move {
    name: String,
    pub(crate) input: Input,
    pub(crate) at: Millis,
    fault: bool,
    command: bool,
}

impl Search {
    pub(crate) fn of(definition: Definition, bounds: Bounds) -> Self {
        let order = Order {
            root: "shop-0:1".into(),
            workflow: definition.name.as_str().to_owned(),
            lines: vec![("sku-0".to_owned(), 1, 500), ("sku-1".to_owned(), 2, 300)],
            risky: true,
            prepaid: false,
            express: false,
        };
        Self {
            shelf: Shelf::new(vec![definition]),
            store: StoreId::new("s0"),
            order,
            bounds,
        }
    }

    /// What `input` means for `reached` at `at`.
    pub(crate) fn decide(
        &self,
        reached: &Reached,
        input: &Input,
        at: Millis,
    ) -> Result<Decision, amends_engine::command::Refusal> {
        let context = Context {
            book: &self.shelf,
            evaluator: &Tiny,
            store: &self.store,
            at,
            values: &reached.values,
        };
        decide(&context, &reached.root, input)
    }

    pub(crate) fn command(instance: &Instance, verb: Verb) -> Command {
        Command {
            instance: instance.id.clone(),
            verb,
            actor: "kim".to_owned(),
            reason: "because".to_owned(),
            revision: None,
        }
    }

    /// Before anything happened.
    pub(crate) fn start(&self) -> Reached {
        Reached {
            root: Root::new(self.order.root.clone()),
            values: BTreeMap::new(),
            at: Millis(1_750_000_000_000),
            faults: 0,
            commands: 0,
            story: Vec::new(),
        }
    }

    /// All states within the bounds, or the first `most` of them.
    pub(crate) fn run(&self, most: usize) -> Vec<Reached> {
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        let mut open = VecDeque::from([self.start()]);
        while let Some(reached) = open.pop_front() {
            for step in self.moves(&reached) {
                if let Some(next) = self.follow(&reached, step)
                    && seen.insert(shape(&next))
                {
                    open.push_back(next);
                }
            }
            found.push(reached);
            if found.len() >= most {
                break;
            }
        }
        found
    }

    /// The same state, but `instance` is held; `None` when it cannot be.
    pub(crate) fn held(&self, reached: &Reached, instance: &Instance) -> Option<Reached> {
        let hold = Move {
            name: "hold".to_owned(),
            input: Input::Command(Self::command(instance, Verb::Hold)),
            at: reached.at,
            fault: false,
            command: true,
        };
        self.follow(reached, hold)
    }

    pub(crate) fn follow(&self, reached: &Reached, step: Move) -> Option<Reached> {
        let decision = self.decide(reached, &step.input, step.at).ok()?;
        if decision.events.is_empty() {
            return None;
        }
        let mut values = reached.values.clone();
        values.extend(decision.values);
        let mut story = reached.story.clone();
        story.push(step.name);
        let mut root = decision.root;
        root.sequence += 1;
        Some(Reached {
            root,
            values,
            at: step.at,
            faults: reached.faults + u8::from(step.fault),
            commands: reached.commands + u8::from(step.command),
            story,
        })
    }

    pub(crate) fn moves(&self, reached: &Reached) -> Vec<Move> {
        let mut moves = self.facts(reached);
        for instance in reached.root.instances.values() {
            for (site, call) in instance.owed_calls(Millis(i64::MAX)) {
                moves.push(grant(reached, instance, &site, call));
            }
            for (place, run) in &instance.runs {
                if let Some(call) = run.call() {
                    self.answers(reached, instance, &run.site(place), call, &mut moves);
                }
            }
            if reached.commands < self.bounds.commands {
                let verbs = verbs(reached, instance);
                moves.extend(verbs.into_iter().map(|verb| Move {
                    name: format!("{verb:?}"),
                    input: Input::Command(Self::command(instance, verb)),
                    at: reached.at,
                    fault: false,
                    command: true,
                }));
            }
        }
        if let Some(due) = reached.root.next_deadline() {
            moves.push(Move {
                name: "a deadline passes".to_owned(),
                input: Input::Due,
                at: reached.at.max(due),
                fault: false,
                command: false,
            });
        }
        moves
    }

    fn facts(&self, reached: &Reached) -> Vec<Move> {
        let told = |observation: &Observation| {
            let mut facts = observation.facts.iter();
            facts.all(|fact| reached.root.facts.contains_key(&fact.natural_id()))
        };
        let placed = self.order.placed();
        if !told(&placed) {
            return vec![fact(reached, placed)];
        }
        let later = [self.order.cleared(), self.order.shipped(0)];
        later
            .into_iter()
            .filter(|observation| !told(observation))
            .map(|observation| fact(reached, observation))
            .collect()
    }

    fn answers(
        &self,
        reached: &Reached,
        instance: &Instance,
        site: &Site,
        call: &CallState,
        moves: &mut Vec<Move>,
    ) {
        let CallPhase::InFlight { errand, .. } = call.phase else {
            return;
        };
        let fault = |class| Fault::new(class, "something went wrong");
        let landing = landing(reached, site, call);
        let reports = match errand {
            Errand::Send => vec![
                (Report::Outcome(Outcome::Succeeded(landing)), false),
                (
                    Report::Outcome(Outcome::Rejected(fault(FaultClass::Business))),
                    true,
                ),
                (Report::Outcome(Outcome::Failed(fault(FaultClass::Connect))), true),
                (
                    Report::Outcome(Outcome::Unknown(fault(FaultClass::Timeout))),
                    true,
                ),
            ],
            Errand::Probe => vec![
                (Report::Probe(Probe::Found(landing)), false),
                (Report::Probe(Probe::Absent), false),
                (Report::Probe(Probe::Failed(fault(FaultClass::Timeout))), true),
            ],
        };
        for (report, is_fault) in reports {
            if is_fault && reached.faults >= self.bounds.faults {
                continue;
            }
            let said: String = format!("{report:?}").chars().take(24).collect();
            moves.push(Move {
                name: format!("{site}: {said}"),
                input: Input::Ended {
                    instance: instance.id.clone(),
                    site: site.clone(),
                    epoch: call.epoch,
                    attempt: call.attempt,
                    report,
                },
                at: reached.at.plus(10),
                fault: is_fault,
                command: false,
            });
        }
    }
}

/// Every verb at every place, whether it makes sense there or not.
pub(crate) fn verbs(reached: &Reached, instance: &Instance) -> Vec<Verb> {
    let mut verbs = vec![
        Verb::Hold,
        Verb::Resume,
        Verb::Cancel,
        Verb::Compensate,
        Verb::Close,
        Verb::Signal {
            fact: "parcel.shipped".into(),
            id: "by-hand".to_owned(),
            payload: Value::Null,
        },
        Verb::Note {
            text: "they called".to_owned(),
        },
    ];
    let steps: BTreeSet<&StepId> = instance.runs.keys().map(|place| &place.step).collect();
    verbs.extend(steps.into_iter().map(|step| Verb::Rewind { step: step.clone() }));
    let numbers = reached
        .root
        .incidents
        .keys()
        .chain(reached.root.obligations.keys());
    verbs.extend(numbers.map(|number| Verb::Waive { number: *number }));
    for place in instance.runs.keys() {
        verbs.extend(verbs_at(place));
    }
    verbs
}

/// The verbs that are aimed at a run.
pub(crate) fn verbs_at(place: &Place) -> Vec<Verb> {
    let place = place.clone();
    vec![
        Verb::Retry { place: place.clone() },
        Verb::Complete {
            place: place.clone(),
            reference: Some("by-hand".to_owned()),
            result: Value::map([("reference", Value::text("by-hand"))]),
        },
        Verb::Skip { place: place.clone() },
        Verb::Approve { place: place.clone() },
        Verb::Reject { place: place.clone() },
        Verb::Edit {
            place,
            arguments: BTreeMap::new(),
        },
    ]
}

fn fact(reached: &Reached, observation: Observation) -> Move {
    let name = observation
        .facts
        .iter()
        .map(amends_engine::fact::Fact::natural_id)
        .collect();
    Move {
        name,
        input: Input::Observed(observation),
        at: reached.at.plus(10),
        fault: false,
        command: false,
    }
}

fn grant(reached: &Reached, instance: &Instance, site: &Site, call: &CallState) -> Move {
    let until = match call.phase {
        CallPhase::Owed { until, .. } => until,
        CallPhase::InFlight { since, .. } => since,
        CallPhase::Stuck { .. } => reached.at,
    };
    Move {
        name: format!("{site} leaves"),
        input: Input::Granted {
            instance: instance.id.clone(),
            site: site.clone(),
        },
        at: reached.at.max(until),
        fault: false,
        command: false,
    }
}

/// What the other side makes: exactly what was asked for.
pub(crate) fn landing(reached: &Reached, site: &Site, call: &CallState) -> Landing {
    let mut fields = BTreeMap::from([("reference".to_owned(), Value::text(format!("doc of {site}")))]);
    let args = reached.values.get(&call.pinned.args).unwrap();
    for rule in &call.pinned.contract.postings {
        let (PostingSource::Money { amount: path, .. } | PostingSource::Lines { lines: path }) = &rule.source;
        fields.insert(path.clone(), args.path(path).cloned().unwrap_or_default());
    }
    Landing {
        reference: Some(format!("doc of {site}")),
        result: Value::Map(fields),
        ..Landing::default()
    }
}

/// Two states with one shape behave alike.
fn shape(reached: &Reached) -> (Vec<(InstanceId, Digest)>, Vec<String>, u8, u8) {
    let root = &reached.root;
    let instances = root.instances.iter();
    let instances = instances.map(|(id, instance)| (id.clone(), instance.fingerprint()));
    let facts = root.facts.keys().cloned().collect();
    (instances.collect(), facts, reached.faults, reached.commands)
}
