//! Our own writes come back as deliveries, and are no news; what else changed is.

use amends_workflows::mirror::{Comparison, Confirm, OwnWrite, Seen, compare};
use proptest::prelude::*;

use crate::orders::{Ledger, Version, push, read};

const MODES: [Confirm; 3] = [Confirm::Changes, Confirm::Doubt, Confirm::Impossible];

fn own(status: &str, landed_ms: Option<i64>) -> OwnWrite {
    OwnWrite {
        status: status.into(),
        landed_ms,
    }
}

/// What is known of `version` from a read begun at 20 s.
fn known(version: &Version) -> Ledger {
    let mut ledger = Ledger::default();
    ledger.take(
        &read(20_000, version.seen()),
        Confirm::Changes,
        20_000,
        &version.seen(),
    );
    ledger
}

#[test]
fn an_echo_is_no_news_before_and_after_its_answer() {
    let version = Version::default();
    let echo = Version {
        status: "completed",
        second: 25,
        ..version.clone()
    };
    for confirm in MODES {
        for landed in [None, Some(25_200)] {
            let mut ledger = known(&version);
            let facts = ledger.facts.clone();
            let writes = [own("completed", landed)];
            for look in [push(26_000, echo.seen()), read(27_000, echo.seen())] {
                ledger.take_knowing(&writes, &look, confirm, 27_000, &echo.seen());
            }
            assert_eq!(
                (&ledger.facts, ledger.reads),
                (&facts, 0),
                "{confirm:?}, landed {landed:?}"
            );
        }
    }
}

#[test]
fn a_status_that_pays_brings_its_date_along() {
    let unpaid = Version {
        paid: false,
        ..Version::default()
    };
    let echo = Version {
        status: "completed",
        second: 25,
        ..Version::default()
    };
    let look = push(26_000, echo.seen());
    let ledger = known(&unpaid);
    let writes = [own("completed", None)];
    let got = compare(ledger.mirror.as_ref(), &writes, &look, Confirm::Changes);
    assert_eq!(got, Comparison::Unchanged);
    let got = compare(
        ledger.mirror.as_ref(),
        &[own("on-hold", None)],
        &look,
        Confirm::Changes,
    );
    assert!(matches!(got, Comparison::NeedsRead { .. }), "{got:?}");
}

#[test]
fn what_the_shop_does_after_our_write_is_compared_with_our_write() {
    let open = Version::default();
    let revived = Version {
        second: 30,
        ..open.clone()
    };
    let mut ledger = known(&open);
    let writes = [own("cancelled", Some(25_000))];
    ledger.take_knowing(
        &writes,
        &read(31_000, revived.seen()),
        Confirm::Changes,
        31_000,
        &revived.seen(),
    );
    assert!(
        ledger.facts.keys().any(|fact| fact.starts_with("order.edited#")),
        "{:?}",
        ledger.facts
    );
    let mut ledger = known(&open);
    ledger.take_knowing(
        &writes,
        &read(24_000, revived.seen()),
        Confirm::Changes,
        24_000,
        &revived.seen(),
    );
    assert!(
        !ledger.facts.keys().any(|fact| fact.starts_with("order.edited#")),
        "a read begun before our write landed says nothing about it"
    );
}

/// What the shop does between our write and the end.
fn edit() -> impl Strategy<Value = (i64, Vec<i64>, &'static str)> {
    (
        1..4_i64,
        prop::sample::subsequence(vec![40, 41], 0..=2),
        prop::sample::select(vec!["Torstr. 1", "Torstr. 2"]),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// The order is known, we write, the shop edits before or after it, and each state is delivered late, twice, or
    /// never: the facts are those of the same edits without our write, and without an edit there is neither a fact
    /// nor a read.
    #[test]
    fn an_echo_hides_no_edit_and_makes_no_work(
        edit in edit(),
        first in any::<bool>(),
        landed in prop::sample::select(vec![None, Some(25_500)]),
        deliveries in prop::collection::vec(0..2_usize, 0..6),
        doubtful in any::<bool>(),
    ) {
        let confirm = if doubtful { Confirm::Doubt } else { Confirm::Changes };
        let (mugs, refunds, street) = edit;
        let start = Version::default();
        let edited = |status, second| Version { status, second, mugs, refunds: refunds.clone(), street, ..start.clone() };
        let echo = Version { status: "completed", second: 25, ..start.clone() };
        let middle = if first { edited("processing", 24) } else { echo };
        let end = edited("completed", 26);
        let none = Version { second: 26, status: "completed", ..start.clone() } == end;
        let states: [Seen; 2] = [middle.seen(), end.seen()];
        let writes = [own("completed", landed)];
        let mut ledger = known(&start);
        let before = ledger.facts.clone();
        for (now, state) in (27_000..).step_by(10).zip(deliveries.iter().copied().chain([1])) {
            let seen = states.get(state).unwrap().clone();
            ledger.take_knowing(&writes, &push(now, seen), confirm, now + 5, &end.seen());
        }
        if none {
            prop_assert_eq!(&ledger.facts, &before);
            // Only a read tells a delivery from before our write from a shop that took our write back.
            let late = first && landed.is_some() && deliveries.contains(&0);
            prop_assert!(ledger.reads == 0 || late, "{} reads", ledger.reads);
        } else {
            let kinds = |facts: &std::collections::BTreeMap<String, String>| -> Vec<String> {
                facts.keys().filter(|fact| fact.starts_with("refund.recorded#")).cloned().collect()
            };
            let expect: Vec<String> = refunds.iter().map(|id| format!("refund.recorded#{id}")).collect();
            prop_assert_eq!(kinds(&ledger.facts), expect);
            let agreed = mugs == start.mugs && street == start.street;
            let edits = ledger.facts.keys().filter(|fact| fact.starts_with("order.edited#")).count();
            prop_assert_eq!(edits > 0, !agreed, "{:?}", ledger.facts);
        }
        prop_assert!(!ledger.facts.contains_key("order.cancelled#24"));
    }
}
