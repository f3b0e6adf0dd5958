//! One order in its versions, and looks at it.

use std::collections::BTreeMap;

use amends_workflows::mirror::{Comparison, Confirm, Mirror, Observation, OwnWrite, Seen, Source, compare};
use amends_workflows::model::{Address, Draft, DraftLine, DraftPayment, DraftRefund, Order, Shop};
use rust_decimal::Decimal;

/// A version of the order: enough to tell versions apart in every way that matters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Version {
    pub(crate) status: &'static str,
    pub(crate) second: i64,
    pub(crate) mugs: i64,
    pub(crate) paid: bool,
    pub(crate) refunds: Vec<i64>,
    pub(crate) street: &'static str,
    pub(crate) identity: &'static str,
}

impl Default for Version {
    fn default() -> Self {
        Self {
            status: "processing",
            second: 10,
            mugs: 3,
            paid: true,
            refunds: Vec::new(),
            street: "Torstr. 1",
            identity: "one",
        }
    }
}

impl Version {
    pub(crate) fn order(&self) -> Order {
        let mug = |id: i64, sku: &str, quantity: i64| DraftLine {
            id,
            sku: sku.into(),
            quantity: Decimal::from(quantity),
            net: Decimal::from(quantity * 10),
            ..DraftLine::default()
        };
        let draft = Draft {
            id: 24,
            status: self.status.into(),
            currency: "EUR".into(),
            modified_ms: self.second * 1_000,
            identity: self.identity.into(),
            total: Decimal::from(self.mugs * 10 + 20),
            billing: Address {
                line1: self.street.into(),
                city: "Berlin".into(),
                country: "DE".into(),
                ..Address::default()
            },
            lines: vec![mug(1, "TEE", 2), mug(2, "MUG", self.mugs)],
            refunds: self
                .refunds
                .iter()
                .map(|id| DraftRefund {
                    id: *id,
                    amount: Decimal::from(5),
                })
                .collect(),
            payment: DraftPayment {
                method: "stripe".into(),
                paid_ms: self.paid.then_some(9_000),
                ..DraftPayment::default()
            },
            ..Draft::default()
        };
        Order::from_draft(draft, &Shop::named("eu"))
    }

    pub(crate) fn seen(&self) -> Seen {
        Seen::Order(Box::new(self.order()))
    }
}

pub(crate) fn look(source: Source, seen: Seen) -> Observation {
    Observation {
        source,
        site: "shop.example".into(),
        order: 24,
        seen,
    }
}

pub(crate) fn push(received_ms: i64, seen: Seen) -> Observation {
    look(Source::Push { received_ms }, seen)
}

pub(crate) fn read(begun_ms: i64, seen: Seen) -> Observation {
    look(Source::Read { begun_ms }, seen)
}

/// What a run of comparisons leaves behind: the record, and each fact as first recorded.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Ledger {
    pub(crate) mirror: Option<Mirror>,
    pub(crate) facts: BTreeMap<String, String>,
    pub(crate) reads: u32,
}

impl Ledger {
    /// Takes in one look; whatever asks for a read is answered by `world`, begun at `now_ms`.
    pub(crate) fn take(&mut self, observation: &Observation, confirm: Confirm, now_ms: i64, world: &Seen) {
        self.take_knowing(&[], observation, confirm, now_ms, world);
    }

    /// [`Ledger::take`] after writes of our own.
    pub(crate) fn take_knowing(
        &mut self,
        own: &[OwnWrite],
        observation: &Observation,
        confirm: Confirm,
        now_ms: i64,
        world: &Seen,
    ) {
        match compare(self.mirror.as_ref(), own, observation, confirm) {
            Comparison::Accept { mirror, facts, .. } => {
                self.mirror = Some(*mirror);
                for fact in facts {
                    let text = format!("{} {:?}", fact.payload, fact.postings);
                    self.facts.entry(fact.natural_id()).or_insert(text);
                }
            }
            Comparison::Unchanged => {}
            Comparison::NeedsRead { why } => {
                assert!(
                    matches!(observation.source, Source::Push { .. }),
                    "a read asked for a read: {why}"
                );
                self.reads += 1;
                self.take_knowing(own, &read(now_ms, world.clone()), confirm, now_ms, world);
            }
            Comparison::StopIngest { why } => panic!("stopped: {why}"),
        }
    }

    /// Without the time of the last read, which depends on when pushes came.
    pub(crate) fn timeless(mut self) -> Self {
        self.reads = 0;
        if let Some(mirror) = &mut self.mirror {
            mirror.read_begun_ms = 0;
        }
        self
    }
}
