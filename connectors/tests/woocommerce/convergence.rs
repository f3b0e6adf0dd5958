//! The genuine deliveries of every order, shuffled and doubled, end alike; and what each order's end is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use amends_connectors::woocommerce::delivery::Delivery;
use amends_workflows::mirror::{Comparison, Confirm, Gone, Hint, Mirror, Observation, Seen, Source, compare};
use amends_workflows::model::Order;
use proptest::prelude::*;

use crate::fixtures::captures;

/// What arrived about each order, in file order.
fn arrivals() -> &'static BTreeMap<i64, Vec<Seen>> {
    static ARRIVALS: OnceLock<BTreeMap<i64, Vec<Seen>>> = OnceLock::new();
    ARRIVALS.get_or_init(gathered)
}

fn gathered() -> BTreeMap<i64, Vec<Seen>> {
    let mut arrivals: BTreeMap<i64, Vec<Seen>> = BTreeMap::new();
    for capture in captures()
        .iter()
        .filter(|capture| capture.signature_valid == Some(true))
    {
        let (order, seen) = match capture.class() {
            Delivery::Snapshot { order } => (order, Seen::Order(Box::new(capture.order().unwrap()))),
            Delivery::Bare { order, hint } => (order, Seen::Bare(hint)),
            Delivery::Ping { .. }
            | Delivery::Refund { .. }
            | Delivery::Note { .. }
            | Delivery::ShopError { .. }
            | Delivery::Ignored { .. }
            | Delivery::Unknown { .. }
            | Delivery::Unusable(_) => continue,
        };
        arrivals.entry(order).or_default().push(seen);
    }
    arrivals
}

/// What a read answers after the last delivery.
fn end(arrivals: &[Seen]) -> Seen {
    let last: Option<&Order> = arrivals.iter().rev().find_map(|seen| match seen {
        Seen::Order(order) => Some(order.as_ref()),
        Seen::Absent(_) | Seen::Bare(_) => None,
    });
    let had = |hint| arrivals.contains(&Seen::Bare(hint));
    match last {
        None => Seen::Absent(Gone::Deleted),
        Some(_) if had(Hint::Deleted) => Seen::Absent(Gone::Deleted),
        Some(order) if had(Hint::Trashed) => Seen::Order(Box::new(Order {
            status: "trash".into(),
            ..order.clone()
        })),
        Some(order) => Seen::Order(Box::new(order.clone())),
    }
}

fn take(known: &mut (Option<Mirror>, BTreeSet<String>), observation: &Observation, read_ms: i64, end: &Seen) {
    match compare(known.0.as_ref(), &[], observation, Confirm::Changes) {
        Comparison::Accept { mirror, facts, .. } => {
            known.0 = Some(*mirror);
            known.1.extend(
                facts
                    .iter()
                    .map(|fact| format!("{} {}", fact.natural_id(), fact.payload)),
            );
        }
        Comparison::NeedsRead { .. } => {
            let source = Source::Read { begun_ms: read_ms };
            take(
                known,
                &Observation {
                    source,
                    seen: end.clone(),
                    ..observation.clone()
                },
                read_ms,
                end,
            );
        }
        Comparison::Unchanged => {}
        Comparison::StopIngest { why } => panic!("stopped: {why}"),
    }
}

fn run<'a>(
    order: i64,
    seen: impl IntoIterator<Item = &'a Seen>,
    end: &Seen,
) -> (Option<Mirror>, BTreeSet<String>) {
    let mut known = (None, BTreeSet::new());
    for (now, seen) in (1_000..).step_by(10).zip(seen) {
        let source = Source::Push { received_ms: now };
        let observation = Observation {
            source,
            site: "127.0.0.1:8091".into(),
            order,
            seen: seen.clone(),
        };
        take(&mut known, &observation, now + 5, end);
    }
    if let Some(mirror) = &mut known.0 {
        mirror.read_begun_ms = 0;
    }
    known
}

#[test]
fn the_end_of_every_order() {
    let ends: Vec<String> = arrivals()
        .iter()
        .map(|(order, seen)| {
            let facts = run(*order, seen, &end(seen)).1;
            let names: Vec<&str> = facts
                .iter()
                .filter_map(|fact| fact.split_once(' ').map(|(name, _)| name))
                .collect();
            names.join(" ")
        })
        .collect();
    insta::assert_snapshot!(ends.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_order_of_genuine_deliveries_ends_alike(
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..12),
    ) {
        for (order, seen) in arrivals() {
            let end = end(seen);
            let picked = picks.iter().map(|pick| pick.get(seen));
            prop_assert_eq!(run(*order, picked, &end), run(*order, seen, &end), "order {}", order);
        }
    }
}

/// Without believing any read: what the facts of an order's own history are when it is read after each delivery.
#[test]
fn the_edit_of_a_genuine_order_is_told_line_by_line() {
    let seen = &arrivals()[&24];
    let mut known = (None, BTreeSet::new());
    for (now, seen) in (1_000..).step_by(10).zip(seen) {
        let source = Source::Read { begun_ms: now };
        let observation = Observation {
            source,
            site: String::new(),
            order: 24,
            seen: seen.clone(),
        };
        take(&mut known, &observation, now, seen);
    }
    let edits: Vec<&String> = known
        .1
        .iter()
        .filter(|fact| fact.starts_with("order.edited"))
        .collect();
    assert_eq!(edits.len(), 2, "{edits:?}");
    let shrunk = edits
        .iter()
        .find(|edit| edit.contains("\"total_before_minor\":9561"))
        .unwrap();
    assert!(
        shrunk.contains(r#"{"after":1,"before":3,"what":"quantity of MUG-01"}"#),
        "{shrunk}"
    );
    assert!(
        shrunk.contains(r#"{"after":"74.27 USD","before":"95.61 USD","what":"total"}"#),
        "{shrunk}"
    );
}
