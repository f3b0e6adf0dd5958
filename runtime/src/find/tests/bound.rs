//! What a page costs, counted.

use std::cell::Cell;

use amends_storage::{
    Commit, Direction, Identity, Key, Log as _, Memory, Page, Partition, Prefix, ReadError, Span, Store,
    Write,
};

use crate::find::{Bounds, COUNTED_MAX, Filter, Query, Sort, count, orders};
use crate::summary::{InstanceSummary, Money, State, Summary, writes};

/// Counts what is read.
struct Counting {
    store: Memory,
    read: Cell<usize>,
}

impl Store for Counting {
    fn identity(&self) -> &Identity {
        self.store.identity()
    }

    fn partition(&self) -> Partition {
        self.store.partition()
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ReadError> {
        self.read.set(self.read.get() + 1);
        self.store.get(key)
    }

    fn scan(&self, span: &Span, limit: usize, direction: Direction) -> Result<Page, ReadError> {
        let page = self.store.scan(span, limit, direction)?;
        self.read.set(self.read.get() + page.entries.len().max(1));
        Ok(page)
    }

    fn applied_sequence(&self) -> u64 {
        self.store.applied_sequence()
    }
}

/// An order among many; every 1,000th is stuck, every 7th in the smaller shop.
pub(in crate::find) fn order(number: i64) -> Summary {
    let shop = if number % 7 == 0 { "us-shop" } else { "eu-shop" };
    let root = format!("{shop}:{number}");
    Summary {
        number: number.to_string(),
        state: if number % 1_000 == 0 {
            State::Stuck
        } else {
            State::Moving
        },
        instances: vec![InstanceSummary {
            id: format!("{root}/order-to-cash"),
            workflow: "order-to-cash".to_owned(),
            stage: "running".to_owned(),
            held: false,
            steps: vec![
                if number % 2 == 0 {
                    "reserve-stock"
                } else {
                    "await-clearance"
                }
                .to_owned(),
            ],
            waits: Vec::new(),
        }],
        incidents: Vec::new(),
        obligations: 0,
        total_minor: number,
        currency: "EUR".to_owned(),
        at_risk: vec![Money {
            currency: "EUR".to_owned(),
            amount_minor: number,
        }],
        documents: (0..8).map(|kind| format!("DOC-{kind}-{number}")).collect(),
        refunds: Vec::new(),
        email: format!("{:032x}", number % 5_000),
        looks: Some((format!("{number:032x}"), 1_700_000_000_000)),
        created_ms: 1_700_000_000_000 + number,
        updated_ms: 1_700_000_000_000 + 2 * number,
        revision: 1,
        due_ms: Some(0),
        root,
    }
}

fn filled(orders: i64) -> Counting {
    let mut store = Memory::new(Identity::new("teststor", 0).unwrap()).unwrap();
    for number in 0..orders {
        let writes = writes(None, &order(number)).unwrap();
        store
            .commit(&Commit {
                writes,
                ..Commit::default()
            })
            .unwrap();
    }
    Counting {
        store,
        read: Cell::new(0),
    }
}

/// Filters that make indexes look long for little.
fn hard() -> Vec<Filter> {
    let text = |text: &str| Some(text.to_owned());
    let none = Filter::default();
    vec![
        none.clone(),
        Filter {
            state: Some(State::Moving),
            shop: text("us-shop"),
            step: text("reserve-stock"),
            ..none.clone()
        },
        // Two facets that alternate and never meet.
        Filter {
            step: text("reserve-stock"),
            document: text("DOC-0-1"),
            ..none.clone()
        },
        Filter {
            state: Some(State::Stuck),
            step: text("await-clearance"),
            ..none.clone()
        },
        Filter {
            currency: text("USD"),
            ..none.clone()
        },
        Filter {
            risk_max: Some(0),
            ..none.clone()
        },
        Filter {
            text: text("doc-"),
            ..none.clone()
        },
        Filter {
            text: text("zzz"),
            shop: text("eu-shop"),
            ..none.clone()
        },
        Filter {
            workflow: text("order-to-cash"),
            stage: text("running"),
            risk_min: Some(1 << 40),
            ..none
        },
    ]
}

#[test]
fn no_page_reads_more_than_its_bound() {
    let store = filled(20_000);
    let bounds = Bounds {
        reads: 1_000,
        small: 64,
    };
    // Nine facets at the most, each one chunk of 256 behind, and what the last row took.
    let most = bounds.reads + 9 * 256 + 9;
    for filter in hard() {
        for (sort, name) in Sort::ALL {
            let (mut after, mut pages, mut rows) = (None, 0, 0);
            loop {
                store.read.set(0);
                let query = Query {
                    filter: filter.clone(),
                    sort,
                    after,
                    limit: 50,
                };
                let found = orders(&store, &query, bounds).unwrap();
                let read = store.read.get();
                assert!(read <= most, "{read} entries read for {name} {filter:?}");
                (pages, rows) = (pages + 1, rows + found.orders.len());
                after = found.next;
                if after.is_none() || pages == 400 {
                    break;
                }
            }
            if after.is_none() {
                let fitting = (0..20_000).filter(|number| filter.fits(&order(*number))).count();
                assert_eq!(rows, fitting, "{name} {filter:?}");
            }
        }
        store.read.set(0);
        count(&store, &filter).unwrap();
        assert!(store.read.get() <= COUNTED_MAX + 10 * 257, "{filter:?}");
    }
}

#[test]
fn finding_one_order_reads_a_handful() {
    let store = filled(2_000);
    let text = |text: &str| Some(text.to_owned());
    for filter in [
        Filter {
            number: text("1042"),
            ..Filter::default()
        },
        Filter {
            document: text("doc-3-1042"),
            ..Filter::default()
        },
        Filter {
            instance: text("eu-shop:1042/order-to-cash"),
            ..Filter::default()
        },
        Filter {
            text: text("DOC-3-1042"),
            ..Filter::default()
        },
    ] {
        store.read.set(0);
        let query = Query {
            filter,
            sort: Sort::Newest,
            after: None,
            limit: 50,
        };
        let found = orders(&store, &query, Bounds::default()).unwrap();
        assert_eq!(found.orders, vec![order(1_042)]);
        assert!(
            store.read.get() <= 5,
            "{} entries read for {:?}",
            store.read.get(),
            query.filter
        );
    }
}

/// The figures of docs/adr/0005-read-models.md, for an order of the shipped definition on its way, with all its
/// documents and nothing wrong.
#[test]
fn an_order_costs_what_the_decision_record_says() {
    let before = order(104_200);
    let all = writes(None, &before).unwrap();
    let sizes = all.iter().filter_map(|write| match write {
        Write::Put { key, value } => Some((
            key.prefix(),
            key.stored(Partition::FIRST).as_bytes().len(),
            value.len(),
        )),
        Write::Delete { .. } => None,
    });
    let (mut entries, mut bytes, mut summary) = (0, 0, 0);
    for (prefix, key, value) in sizes {
        if prefix == Prefix::Root {
            summary = key + value;
        } else {
            (entries, bytes) = (entries + 1, bytes + key + value);
        }
    }
    assert_eq!((entries, bytes, summary), (19, 1026, 347));
    // A step on: the order stands elsewhere, and the second of its last change is another.
    let mut after = before.clone();
    after.instances[0].steps = vec!["invoice".to_owned()];
    after.updated_ms += 1_000;
    assert_eq!(writes(Some(&before), &after).unwrap().len(), 5);
    // An event within the same second that moves nothing else.
    let mut event = before.clone();
    event.updated_ms += 999 - before.updated_ms % 1_000;
    assert_eq!(writes(Some(&before), &event).unwrap().len(), 1);
}
