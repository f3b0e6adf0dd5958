//! Hands the course to the real kernel and keeps the frames. Nothing here rolls dice or reads a clock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use amends_engine::command::{Command, Verb};
use amends_engine::decide::Observation;
use amends_engine::event::Report;
use amends_engine::kernel::{Effect, Frame, Input, Kernel, Mode, Output, ReplyId, Settings};
use amends_engine::root::Root;
use amends_engine::{Digest, InstanceId, Millis, RootKey, StoreId, Value};

use crate::evaluator::Paths;
use crate::workflow::{Shelf, definition};

/// One input of the course.
#[derive(Debug)]
pub(crate) enum Step {
    /// The inbound edge reports.
    Observe(&'static str, Observation),
    /// The other side answers what left for this call of the order.
    Answer(&'static str, &'static str, Report),
    /// Somebody commands the workflow of the order, or a debt of it.
    Command(&'static str, &'static str, Verb),
    /// Somebody waives the first open obligation of the order.
    Waive(&'static str),
    /// An answer to an errand that is over.
    Late(&'static str, &'static str, Report),
    /// Time passes, in milliseconds.
    Later(i64),
    /// The store is restored from a backup made at this moment, and the process starts again.
    Restore,
}

pub(crate) struct Desk {
    kernel: Kernel,
    working_set_max: usize,
    pub(crate) frames: Vec<Frame>,
    at: Millis,
    effects: Vec<Effect>,
    over: Vec<Effect>,
    roots: BTreeMap<RootKey, Root>,
    values: BTreeMap<Digest, Arc<Value>>,
    replies: u64,
    pub(crate) evicted: usize,
}

fn kernel(working_set_max: usize, last_sequence: u64, restored_at: Option<Millis>) -> Kernel {
    let settings = Settings {
        store: StoreId::new("golden"),
        working_set_max,
        limits: BTreeMap::new(),
        last_sequence,
        restored_at,
        brakes: BTreeSet::new(),
    };
    Kernel::new(settings, Arc::new(Shelf(Arc::new(definition()))), Arc::new(Paths))
}

impl Desk {
    pub(crate) fn new(working_set_max: usize) -> Self {
        Self {
            kernel: kernel(working_set_max, 0, None),
            working_set_max,
            frames: Vec::new(),
            at: Millis(1_750_000_000_000),
            effects: Vec::new(),
            over: Vec::new(),
            roots: BTreeMap::new(),
            values: BTreeMap::new(),
            replies: 0,
            evicted: 0,
        }
    }

    pub(crate) fn take(&mut self, step: Step) {
        self.at = self.at.plus(100);
        match step {
            Step::Observe(order, observation) => self.hand_in(Input::Observe {
                root: RootKey::new(order),
                observation,
                reply: None,
            }),
            Step::Answer(order, site, report) => {
                let index = self
                    .effects
                    .iter()
                    .position(|effect| effect.root.as_str() == order && effect.site.to_string() == site);
                let Some(index) = index else {
                    let known: Vec<String> = self.effects.iter().map(|effect| effect.key.clone()).collect();
                    panic!("{order}: nothing left for {site}; under way: {known:?}");
                };
                let effect = self.effects.remove(index);
                self.over.push(effect.clone());
                self.hand_in(ended(&effect, report));
            }
            Step::Late(order, site, report) => {
                let mut over = self.over.iter().rev();
                let effect = over
                    .find(|effect| effect.root.as_str() == order && effect.site.to_string() == site)
                    .unwrap();
                self.hand_in(ended(effect, report));
            }
            Step::Command(order, instance, verb) => self.command(order, instance, verb),
            Step::Waive(order) => {
                let root = self.roots.get(&RootKey::new(order)).unwrap();
                let number = *root.obligations.keys().next().unwrap();
                self.command(order, "golden", Verb::Waive { number });
            }
            Step::Later(ms) => {
                self.at = self.at.plus(ms);
                self.wake();
            }
            Step::Restore => {
                let sequence = self.frames.last().map_or(0, |frame| frame.sequence);
                self.at = self.at.plus(1);
                self.kernel = kernel(self.working_set_max, sequence, Some(self.at));
                self.effects.clear();
                self.wake();
            }
        }
    }

    fn command(&mut self, order: &str, instance: &str, verb: Verb) {
        self.replies += 1;
        let name = verb.name();
        let before = self.frames.len();
        let command = Command {
            instance: InstanceId::new(format!("{order}/{instance}")),
            verb,
            actor: "kim".to_owned(),
            reason: "because".to_owned(),
            revision: None,
        };
        self.hand_in(Input::Command {
            root: RootKey::new(order),
            command,
            reply: ReplyId(self.replies),
            run: Mode::Run,
        });
        assert!(self.frames.len() > before, "{order}: {name} was refused");
    }

    /// Every root is told the time, whether it is in memory or not: which one is must make no difference.
    fn wake(&mut self) {
        for root in self.roots.keys().cloned().collect::<Vec<_>>() {
            self.hand_in(Input::Wake { root });
        }
    }

    fn hand_in(&mut self, input: Input) {
        let output = self.kernel.handle(input, self.at);
        self.work(output);
    }

    fn work(&mut self, output: Output) {
        let last = output.append.last().map(|frame| frame.sequence);
        for frame in output.append {
            self.values.extend(frame.values.clone());
            self.roots
                .insert(frame.root.clone(), frame.after.as_ref().clone());
            self.frames.push(frame);
        }
        self.evicted += output.evict.len();
        self.effects.extend(output.release);
        for root in output.load {
            let state = self.roots.get(&root).cloned();
            let values = state.iter().flat_map(Root::values_needed);
            let values = values
                .map(|digest| (digest, self.values.get(&digest).unwrap().clone()))
                .collect();
            self.hand_in(Input::Loaded {
                root,
                state: state.map(Box::new),
                values,
            });
        }
        if let Some(sequence) = last {
            self.hand_in(Input::Durable { sequence });
        }
    }
}

fn ended(effect: &Effect, report: Report) -> Input {
    Input::Ended {
        root: effect.root.clone(),
        instance: effect.instance.clone(),
        site: effect.site.clone(),
        epoch: effect.epoch,
        attempt: effect.attempt,
        report,
    }
}
