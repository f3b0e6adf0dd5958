//! Random histories of a few orders, journaled through the committer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use amends_engine::event::{Event, InstanceEvent};
use amends_engine::evolve::fold;
use amends_engine::fact::Fact;
use amends_engine::instance::{Place, Site};
use amends_engine::kernel::Frame;
use amends_engine::ledger::{Account, Currency, Line, Phase, Posting};
use amends_engine::outcome::Landing;
use amends_engine::root::{Debtor, Incident, Nature, Obligation, Root};
use amends_engine::{Digest, FactName, InstanceId, Millis, RootKey, StepId, Value, WorkflowName};
use amends_storage::{Frames as _, Identity, Memory};
use proptest::prelude::*;
use tokio::sync::mpsc;

use crate::committer::{Batch, commit_all};
use crate::find::EmailKey;
use crate::reading::{load_value, refold};
use crate::summary::{About, Summary, summarize};

pub(super) const ROOTS: [&str; 8] = [
    "eu-shop:1",
    "eu-shop:10",
    "eu-shop:11",
    "eu-shop:2",
    "us-shop:1",
    "us-shop:10",
    "us-shop:3",
    "us:1",
];
pub(super) const NUMBERS: [&str; 4] = ["1042", "104", "A-1042", "a-7"];
pub(super) const EMAILS: [&str; 3] = ["ana@example.test", "BO@example.test", ""];
pub(super) const WORKFLOWS: [&str; 2] = ["order-to-cash", "returns"];
pub(super) const STEPS: [&str; 3] = ["clear", "reserve-stock", "invoice"];
pub(super) const CAUSES: [&str; 3] = ["rejected", "in-doubt", "order-edited"];
pub(super) const DOCUMENTS: [&str; 4] = ["SO-17", "SO-1", "pi_3Q", "1042"];
pub(super) const CURRENCIES: [&str; 2] = ["EUR", "USD"];

#[derive(Debug, Clone)]
pub(super) enum Op {
    Revise(usize, usize),
    Start(usize),
    Wait(usize),
    Land(usize, usize),
    Open(usize),
    Close,
    Move(usize, i64, bool),
    Owe(i64),
    Settle,
    Hold,
    Resume,
    Complete,
    Undo,
}

/// One frame: which order, how much later, what happens.
pub(super) type Step = (usize, i64, Vec<Op>);

pub(super) fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let op = prop_oneof![
        (0..NUMBERS.len(), 0..EMAILS.len()).prop_map(|(number, email)| Op::Revise(number, email)),
        (0..WORKFLOWS.len()).prop_map(Op::Start),
        (0..STEPS.len()).prop_map(Op::Wait),
        (0..STEPS.len(), 0..DOCUMENTS.len()).prop_map(|(step, document)| Op::Land(step, document)),
        (0..CAUSES.len()).prop_map(Op::Open),
        Just(Op::Close),
        (0..CURRENCIES.len(), 1..5_000_i64, any::<bool>()).prop_map(|(c, a, paid)| Op::Move(c, a, paid)),
        (1..9_000_i64).prop_map(Op::Owe),
        Just(Op::Settle),
        Just(Op::Hold),
        Just(Op::Resume),
        Just(Op::Complete),
        Just(Op::Undo),
    ];
    let later = prop_oneof![Just(0_i64), Just(1), Just(700), Just(90_000)];
    let frame = (0..ROOTS.len(), later, prop::collection::vec(op, 1..4));
    prop::collection::vec(frame, 1..most)
}

/// Orders in a store, as their frames made them.
pub(super) struct Histories {
    pub(super) log: Memory,
    roots: BTreeMap<RootKey, Root>,
    sequence: u64,
    pub(super) now: Millis,
}

impl Histories {
    pub(super) fn new() -> Self {
        let identity = Identity::new("teststor", 0).unwrap();
        Self {
            log: Memory::new(identity).unwrap(),
            roots: BTreeMap::new(),
            sequence: 0,
            now: Millis(1_700_000_000_000),
        }
    }

    /// Journals `steps`, several frames to a commit.
    pub(super) fn play(mut self, steps: &[Step]) -> Self {
        let (batches, inlet) = mpsc::channel(steps.len().max(1));
        let (told, _commits) = mpsc::unbounded_channel();
        for steps in steps.chunks(3) {
            let batch = Batch {
                frames: steps.iter().map(|step| self.frame(step)).collect(),
                ..Batch::default()
            };
            batches.try_send(batch).unwrap();
        }
        drop(batches);
        self.log = commit_all(self.log, inlet, &told, Duration::ZERO).unwrap();
        self
    }

    fn frame(&mut self, (root, later, ops): &Step) -> Frame {
        self.now = self.now.plus(*later);
        let at = self.now;
        let key = RootKey::new(ROOTS[*root]);
        let root = self
            .roots
            .entry(key.clone())
            .or_insert_with(|| Root::new(key.clone()));
        let mut values = BTreeMap::new();
        let (mut events, mut state) = (Vec::new(), root.clone());
        for op in ops {
            let event = event(&state, op, at, &mut values);
            fold(&mut state, std::slice::from_ref(&event), at);
            events.push(event);
        }
        fold(root, &events, at);
        self.sequence += 1;
        Frame {
            sequence: self.sequence,
            root: key,
            root_sequence: root.sequence,
            at,
            events,
            values,
            after: Arc::new(root.clone()),
        }
    }

    /// What every order's frames alone say of it.
    pub(super) fn folded(&self) -> Vec<Summary> {
        let email = EmailKey::read(&self.log).unwrap().unwrap();
        let summaries = self.roots.keys().map(|key| {
            let root = refold(&self.log, key).unwrap().unwrap();
            let created = self.log.frames_of(key.as_str(), 0, 1).unwrap()[0].at_ms;
            let subject = root
                .subject
                .map(|digest| load_value(&self.log, key, &digest).unwrap());
            let about = subject.map_or_else(About::default, |subject| About::of(&subject, &email));
            summarize(&root, about, created)
        });
        summaries.collect()
    }
}

fn event(root: &Root, op: &Op, at: Millis, values: &mut BTreeMap<Digest, Arc<Value>>) -> Event {
    let live = root.instances.values().find(|instance| !instance.is_terminal());
    let instance = live.map_or_else(
        || InstanceId::of(&root.key, &WorkflowName::new(WORKFLOWS[0])),
        |live| live.id.clone(),
    );
    let of = |event| Event::Of {
        instance: instance.clone(),
        event,
    };
    match op {
        Op::Revise(number, email) => {
            let customer = Value::map([("email", Value::text(EMAILS[*email]))]);
            let subject = Value::map([("number", Value::text(NUMBERS[*number])), ("customer", customer)]);
            let digest = subject.digest();
            values.insert(digest, Arc::new(subject));
            Event::SubjectRevised { subject: digest }
        }
        Op::Start(workflow) => start(root, WORKFLOWS[*workflow]),
        Op::Wait(step) => of(InstanceEvent::WaitOpened {
            place: Place::once(&StepId::new(STEPS[*step])),
            fact: FactName::new("order.cleared"),
            deadline: at.plus(3_600_000),
        }),
        Op::Land(step, document) => of(InstanceEvent::Landed {
            site: Site::forward(Place::once(&StepId::new(STEPS[*step]))),
            landing: Landing {
                reference: Some(DOCUMENTS[*document].to_owned()),
                ..Landing::default()
            },
            postings: Vec::new(),
            key: String::new(),
            commits: false,
            verifies: false,
        }),
        Op::Open(cause) => Event::IncidentOpened {
            number: root.numbers + 1,
            incident: incident(CAUSES[*cause], at),
        },
        Op::Close => Event::IncidentClosed {
            number: root.incidents.keys().next().copied().unwrap_or_default(),
        },
        Op::Move(currency, amount, paid) => moved(root, CURRENCIES[*currency], *amount, *paid),
        Op::Owe(amount) => Event::ObligationOpened {
            number: root.numbers + 1,
            obligation: Obligation {
                nature: Nature::Discrepancy,
                debtor: Debtor::Shop,
                amount: *amount,
                currency: Currency::parse("EUR"),
                reason: "owed".to_owned(),
                owner: "finance".to_owned(),
                opened_at: at,
            },
        },
        Op::Settle => Event::ObligationClosed {
            number: root.obligations.keys().next().copied().unwrap_or_default(),
            by: "kim".to_owned(),
            reason: "paid".to_owned(),
        },
        Op::Hold => of(InstanceEvent::Held {
            incident: None,
            reason: "look".to_owned(),
        }),
        Op::Resume => of(InstanceEvent::Resumed),
        Op::Complete => of(InstanceEvent::Completed),
        Op::Undo => of(InstanceEvent::Compensated),
    }
}

fn start(root: &Root, workflow: &str) -> Event {
    let workflow = WorkflowName::new(workflow);
    Event::Of {
        instance: InstanceId::of(&root.key, &workflow),
        event: InstanceEvent::Started {
            workflow,
            definition: Digest([0; 32]),
            only: None,
            routes: BTreeMap::new(),
            settings: Value::default(),
        },
    }
}

fn incident(cause: &str, at: Millis) -> Incident {
    Incident {
        instance: None,
        place: None,
        cause: cause.to_owned(),
        message: format!("{cause}: look at it"),
        opened_at: at,
        owner: None,
    }
}

fn moved(root: &Root, currency: &str, amount: i64, paid: bool) -> Event {
    let posting = Posting {
        account: if paid { Account::Captured } else { Account::Agreed },
        line: Line::Money {
            currency: Currency::parse(currency).unwrap(),
            tender: paid.then(|| "card".to_owned()),
        },
        amount,
        phase: if amount % 3 == 0 {
            Phase::Open
        } else {
            Phase::Landed
        },
    };
    Event::FactRecorded {
        fact: Fact {
            name: FactName::new("refund.recorded"),
            id: format!("{}", root.facts.len()),
            payload: Value::default(),
            postings: vec![posting],
        },
    }
}
