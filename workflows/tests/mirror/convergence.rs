//! The laws: deliveries late, doubled and in any order end where the shop ended.

use amends_workflows::mirror::{Comparison, Confirm, Gone, Hint, Seen, compare};
use proptest::prelude::*;

use crate::orders::{Ledger, Version, push};

/// Lives of an order whose versions often share a second, as WooCommerce's do.
fn life() -> impl Strategy<Value = Vec<Version>> {
    let status = prop::sample::select(vec![
        "pending",
        "on-hold",
        "processing",
        "completed",
        "cancelled",
        "refunded",
        "packed",
    ]);
    let refunds = prop::sample::subsequence(vec![40, 41, 42], 0..=3);
    let street = prop::sample::select(vec!["Torstr. 1", "Torstr. 2"]);
    let version = (status, 0..2_i64, 1..4_i64, any::<bool>(), refunds, street);
    prop::collection::vec(version, 1..7).prop_map(|versions| {
        let mut second = 10;
        let versions = versions
            .into_iter()
            .map(|(status, pause, mugs, paid, refunds, street)| {
                second += pause;
                Version {
                    status,
                    second,
                    mugs,
                    paid,
                    refunds,
                    street,
                    identity: "one",
                }
            });
        versions.collect()
    })
}

fn ending() -> impl Strategy<Value = Option<Gone>> {
    prop::sample::select(vec![None, None, Some(Gone::Trashed), Some(Gone::Deleted)])
}

/// What a read answers once everything has happened.
fn end(life: &[Version], ending: Option<Gone>) -> Seen {
    let last = life.last().unwrap();
    match ending {
        None => last.seen(),
        Some(Gone::Trashed) => Version {
            status: "trash",
            ..last.clone()
        }
        .seen(),
        Some(gone) => Seen::Absent(gone),
    }
}

fn deliveries(life: &[Version], ending: Option<Gone>) -> Vec<Seen> {
    let snapshots = life.iter().map(Version::seen);
    let last = ending.map(|gone| {
        Seen::Bare(if gone == Gone::Deleted {
            Hint::Deleted
        } else {
            Hint::Trashed
        })
    });
    snapshots.chain(last).collect()
}

fn run(order: &[usize], deliveries: &[Seen], end: &Seen) -> Ledger {
    let mut ledger = Ledger::default();
    for (now, at) in (1_000..).step_by(10).zip(order) {
        let seen = deliveries.get(at % deliveries.len()).unwrap().clone();
        ledger.take(&push(now, seen), Confirm::Changes, now + 5, end);
    }
    ledger.timeless()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Everything happened before anything arrived: whatever arrives, in whatever order and however often, leaves
    /// the same record and the same facts, as long as anything that differs from nothing arrived.
    #[test]
    fn any_order_of_late_deliveries_ends_alike(
        life in life(),
        ending in ending(),
        one in prop::collection::vec(any::<usize>(), 1..20),
        two in prop::collection::vec(any::<usize>(), 1..20),
    ) {
        let (deliveries, end) = (deliveries(&life, ending), end(&life, ending));
        prop_assert_eq!(run(&one, &deliveries, &end), run(&two, &deliveries, &end));
    }

    /// The shop goes on while deliveries travel: after the last delivery has arrived we know how it ended. A version
    /// is delivered at any time after it was made, and reads see the version of their moment.
    #[test]
    fn the_end_is_known_once_every_delivery_arrived(
        life in life(),
        ending in ending(),
        delays in prop::collection::vec(0..4_usize, 8),
        doubles in prop::collection::vec(0..12_usize, 0..6),
        doubtful in any::<bool>(),
    ) {
        let confirm = if doubtful { Confirm::Doubt } else { Confirm::Changes };
        let (deliveries, end) = (deliveries(&life, ending), end(&life, ending));
        let mut arrivals: Vec<(usize, usize)> =
            delays.iter().enumerate().take(deliveries.len()).map(|(made, delay)| (made + delay, made)).collect();
        arrivals.extend(doubles.iter().map(|late| (8 + late, late % deliveries.len())));
        arrivals.sort_unstable();
        let mut ledger = Ledger::default();
        for (now, (moment, made)) in (1_000..).step_by(10).zip(arrivals) {
            let world = if moment + 1 >= deliveries.len() { end.clone() } else { deliveries.get(moment).unwrap().clone() };
            ledger.take(&push(now, deliveries.get(made).unwrap().clone()), confirm, now + 5, &world);
        }
        let mirror = ledger.mirror.as_ref().unwrap();
        let order = life.last().unwrap().order();
        prop_assert_eq!(mirror.gone, ending.unwrap_or(Gone::Present));
        if ending.is_none() {
            prop_assert_eq!(&mirror.content, &Some(order.content()));
            for refund in &order.refunds {
                let id = format!("refund.recorded#{}", refund.id);
                prop_assert!(ledger.facts.contains_key(&id));
            }
        }
    }

    /// Without REST: the same record whatever the order, also of two contents in one second.
    #[test]
    fn without_reads_the_record_does_not_depend_on_the_order(
        life in life(),
        shuffled in Just((0..7_usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let run = |order: &mut dyn Iterator<Item = usize>| {
            let mut ledger = Ledger::default();
            for (now, at) in (1_000..).zip(order) {
                if let Some(version) = life.get(at) {
                    ledger.take(&push(now, version.seen()), Confirm::Impossible, now, &version.seen());
                }
            }
            ledger.mirror
        };
        prop_assert_eq!(run(&mut (0..7)), run(&mut shuffled.into_iter()));
    }

    /// What was accepted is known: the same look again is no news.
    #[test]
    fn a_second_look_at_the_same_is_no_news(life in life(), impossible in any::<bool>()) {
        let confirm = if impossible { Confirm::Impossible } else { Confirm::Doubt };
        let mut mirror = None;
        for (now, version) in (1_000..).zip(&life) {
            let look = push(now, version.seen());
            if let Comparison::Accept { mirror: next, .. } = compare(mirror.as_ref(), &[], &look, confirm) {
                prop_assert_eq!(compare(Some(&next), &[], &look, confirm), Comparison::Unchanged);
                mirror = Some(*next);
            }
        }
    }
}
