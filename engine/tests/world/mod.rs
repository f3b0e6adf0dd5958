//! A world in memory: other sides with faults, a store that forgets, people, a clock. One seed, one course.

pub(crate) mod brakes;
pub(crate) mod build;
pub(crate) mod dice;
pub(crate) mod end;
pub(crate) mod evaluator;
pub(crate) mod laws;
pub(crate) mod order;
pub(crate) mod outside;
pub(crate) mod people;
pub(crate) mod plan;
pub(crate) mod shop;
pub(crate) mod side;
pub(crate) mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use amends_engine::decide::Observation;
use amends_engine::event::{Event, Report};
use amends_engine::gate::{BreakerLimits, Limits, RateLimits};
use amends_engine::instance::Site;
use amends_engine::kernel::{Brake, Effect, Input, Kernel, Output, Reply, ReplyId, Settings};
use amends_engine::root::Root;
use amends_engine::{ConnectorId, Digest, InstanceId, Millis, RootKey, StoreId};

use dice::Dice;
use evaluator::Tiny;
use laws::Laws;
use order::Order;
use people::Pending;
use plan::Plan;
use shop::Shelf;
use side::Sides;
use store::Store;

/// When the world begins: any real time will do.
const START: Millis = Millis(1_750_000_000_000);
/// How long things go wrong.
const CHAOS_MS: i64 = 40 * build::MINUTE;
/// Steps of one run: more means that it turns in circles.
const STEPS_MAX: usize = 60_000;

/// Something that will happen.
#[derive(Debug)]
pub(crate) enum Happening {
    Fact(RootKey, Observation),
    Perform(Box<Effect>, Option<outside::Veil>),
    Answer(Box<Answer>),
    Load(RootKey),
    Sync,
    Person,
    Brake,
    Heal,
}

/// An answer on its way to the process that asked.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    root: RootKey,
    instance: InstanceId,
    site: Site,
    epoch: u32,
    attempt: u32,
    report: Report,
    /// The process that can receive it.
    life: u32,
}

pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) dice: Dice,
    pub(crate) now: Millis,
    kernel: Kernel,
    shelf: Arc<Shelf>,
    pub(crate) store: Store,
    pub(crate) sides: Sides,
    pub(crate) laws: Laws,
    pub(crate) orders: Vec<Order>,
    agenda: BTreeMap<(Millis, u64), Happening>,
    happenings: u64,
    life: u32,
    /// Roots in memory as of the last frame, durable or not.
    live: BTreeMap<RootKey, Arc<Root>>,
    loaded: BTreeSet<RootKey>,
    asleep: BTreeMap<RootKey, Option<Millis>>,
    wake_at: Option<Millis>,
    healed: bool,
    /// Pulled now; they outlive the process.
    pub(crate) brakes: BTreeSet<Brake>,
    pending: BTreeMap<ReplyId, Pending>,
    replies: u64,
    under_way: BTreeMap<ConnectorId, BTreeSet<(InstanceId, Site, u32, u32)>>,
    departures: BTreeMap<ConnectorId, Vec<Millis>>,
    /// A digest over all frames: equal runs have equal journals.
    pub(crate) journal: Digest,
    pub(crate) crashes: u32,
}

impl World {
    pub(crate) fn new(plan: Plan, shelf: Shelf) -> Self {
        let mut dice = Dice::new(plan.seed);
        let shelf = Arc::new(shelf);
        let names: Vec<String> = shop::workflows()
            .iter()
            .map(|workflow| workflow.name.as_str().to_owned())
            .collect();
        let orders = (0..plan.orders).map(|number| {
            let shop = format!("shop-{}", number % plan.shops.max(1));
            let workflow = match plan.workflow {
                Some(name) => name.to_owned(),
                None => dice.pick(&names).unwrap().clone(),
            };
            Order::draw(&mut dice, &shop, number, &workflow)
        });
        let orders: Vec<Order> = orders.collect();
        let store_id = StoreId::new("s0");
        let mut world = Self {
            kernel: Self::kernel(&plan, &shelf, 0, BTreeSet::new()),
            laws: Laws::new(shelf.clone(), store_id),
            sides: Sides::new(plan.seed, plan.rejects, plan.refusals, plan.short),
            shelf,
            dice,
            now: START,
            store: Store::default(),
            orders,
            agenda: BTreeMap::new(),
            happenings: 0,
            life: 0,
            live: BTreeMap::new(),
            loaded: BTreeSet::new(),
            asleep: BTreeMap::new(),
            wake_at: None,
            healed: false,
            brakes: BTreeSet::new(),
            pending: BTreeMap::new(),
            replies: 0,
            under_way: BTreeMap::new(),
            departures: BTreeMap::new(),
            journal: Digest::of(b""),
            crashes: 0,
            plan,
        };
        world.script();
        world
    }

    fn kernel(plan: &Plan, shelf: &Arc<Shelf>, last_sequence: u64, brakes: BTreeSet<Brake>) -> Kernel {
        let limits = Limits {
            concurrency_max: plan.concurrency,
            rate: plan.per_second.map(|per_second| RateLimits {
                per_second,
                burst: per_second,
            }),
            breaker: Some(BreakerLimits {
                failures: 4,
                open_ms: 15_000,
            }),
        };
        let connectors = ["erp", "payments", "warehouse", "storefront"];
        let settings = Settings {
            store: StoreId::new("s0"),
            working_set_max: plan.working_set_max,
            limits: connectors
                .iter()
                .map(|id| (ConnectorId::new(*id), limits.clone()))
                .collect(),
            last_sequence,
            restored_at: None,
            brakes,
        };
        Kernel::new(settings, shelf.clone(), Arc::new(Tiny))
    }

    pub(crate) fn plan_for(&mut self, after_ms: i64, happening: Happening) {
        self.happenings += 1;
        self.agenda
            .insert((self.now.plus(after_ms), self.happenings), happening);
    }

    /// Lets everything happen until nothing is left to happen.
    pub(crate) fn run(&mut self) {
        for _ in 0..STEPS_MAX {
            let next = [
                self.agenda.keys().next().map(|(at, _)| *at),
                self.wake_at,
                self.asleep.values().flatten().min().copied(),
            ];
            let Some(next) = next.into_iter().flatten().min() else {
                return;
            };
            self.now = self.now.max(next);
            self.step();
        }
        panic!(
            "the world does not come to rest: {:#?}",
            self.live
                .values()
                .map(|root| root.wake_causes())
                .collect::<Vec<_>>()
        );
    }

    fn step(&mut self) {
        let due = self
            .asleep
            .iter()
            .find(|(_, due)| due.is_some_and(|due| due <= self.now));
        if let Some(root) = due.map(|(root, _)| root.clone()) {
            self.handle(Input::Wake { root });
        } else if self.wake_at.is_some_and(|wake| wake <= self.now) {
            self.handle(Input::Tick);
            assert!(
                self.wake_at.is_none_or(|wake| wake > self.now),
                "a tick at {} asks for another at once",
                self.now
            );
        } else if self.agenda.keys().next().is_some_and(|(at, _)| *at <= self.now) {
            let (_, happening) = self.agenda.pop_first().unwrap();
            self.happen(happening);
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Fact(root, observation) => {
                let reply = self.expect(Pending::Fact);
                self.handle(Input::Observe {
                    root,
                    observation,
                    reply: Some(reply),
                });
            }
            Happening::Perform(effect, veil) => self.perform(&effect, veil),
            Happening::Answer(answer) if answer.life == self.life => self.answer(*answer),
            Happening::Answer(_) => {}
            Happening::Load(root) => self.load(root),
            Happening::Sync => self.sync(),
            Happening::Person | Happening::Brake if self.healed => {}
            Happening::Brake => self.turn(),
            Happening::Person => self.person(),
            Happening::Heal => self.heal(),
        }
    }

    fn load(&mut self, root: RootKey) {
        let state = self.store.load(&root);
        let values = state
            .as_ref()
            .map(|root| self.store.values_of(root))
            .unwrap_or_default();
        self.loaded.insert(root.clone());
        self.handle(Input::Loaded {
            root,
            state: state.map(Box::new),
            values,
        });
    }

    fn sync(&mut self) {
        let most = self.store.pending();
        let count = 1 + usize::try_from(self.dice.roll(most as u64)).unwrap();
        for frame in self.store.sync(count) {
            self.laws.durable(&frame);
        }
        if self.store.pending() > 0 {
            self.plan_for(1, Happening::Sync);
        }
        if self.crash_now() {
            return;
        }
        self.handle(Input::Durable {
            sequence: self.store.last_sequence,
        });
    }

    /// Hands `input` to the kernel and does what it says. Gives the events it decided.
    pub(crate) fn handle(&mut self, input: Input) -> Vec<Event> {
        let output = self.kernel.handle(input, self.now);
        if self.crash_now() {
            return Vec::new();
        }
        let events = output
            .append
            .iter()
            .flat_map(|frame| frame.events.clone())
            .collect();
        self.wake_at = output.wake_at;
        self.check_brakes(&output);
        self.append(&output);
        if self.crash_now() {
            return events;
        }
        for effect in output.release {
            self.release(effect);
        }
        for (id, reply) in output.replies {
            self.replied(id, &reply);
        }
        for root in output.load {
            self.asleep.remove(&root);
            let delay = self.dice.between(0, 3);
            self.plan_for(delay, Happening::Load(root));
        }
        for root in output.evict {
            self.store.snapshot(&root);
            self.loaded.remove(&root.key);
            self.asleep.insert(root.key.clone(), root.next_wake());
        }
        events
    }

    fn append(&mut self, output: &Output) {
        if output.append.is_empty() {
            return;
        }
        if self.store.pending() == 0 {
            let delay = self.dice.between(0, 20);
            self.plan_for(delay, Happening::Sync);
        }
        for frame in &output.append {
            let text = format!("{}{:?}{:?}", self.journal, frame.events, frame.root);
            self.journal = Digest::of(text.as_bytes());
            self.live.insert(frame.root.clone(), frame.after.clone());
            self.store.append(frame.clone());
        }
    }

    fn replied(&mut self, id: ReplyId, reply: &Reply) {
        let Some(pending) = self.pending.remove(&id) else {
            panic!("a second reply to {id:?}: {reply:?}");
        };
        self.check_reply(pending, reply);
    }

    pub(crate) fn expect(&mut self, pending: Pending) -> ReplyId {
        self.replies += 1;
        let id = ReplyId(self.replies);
        self.pending.insert(id, pending);
        id
    }

    /// Whether power was lost here; then everything not durable is gone and a new process has started.
    fn crash_now(&mut self) -> bool {
        if self.healed || !self.dice.chance(self.plan.crashes) {
            return false;
        }
        self.crash();
        true
    }

    pub(crate) fn crash(&mut self) {
        self.crashes += 1;
        self.life += 1;
        // What was written may have survived although nobody was told.
        let survivors = usize::try_from(self.dice.roll(self.store.pending() as u64 + 1)).unwrap();
        for frame in self.store.sync(survivors) {
            self.laws.durable(&frame);
        }
        self.store.crash();
        self.kernel = Self::kernel(
            &self.plan,
            &self.shelf,
            self.store.last_sequence,
            self.brakes.clone(),
        );
        self.wake_at = None;
        self.loaded.clear();
        self.pending.clear();
        self.under_way.clear();
        self.departures.clear();
        self.live.clear();
        self.asleep.clear();
        for key in self.store.roots() {
            let root = self.store.folded(&key);
            self.asleep.insert(key.clone(), root.next_wake());
            self.live.insert(key, Arc::new(root));
        }
        self.cut_off();
    }
}
