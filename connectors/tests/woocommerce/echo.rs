//! Genuine orders, written to by us: the echo is no news whatever the order looks like.

use amends_workflows::mirror::{
    Comparison, Confirm, Gone, Mirror, Observation, OwnWrite, Seen, Source, compare,
};
use amends_workflows::model::Order;

use crate::fixtures::{capture, captures};

const MODES: [Confirm; 3] = [Confirm::Changes, Confirm::Doubt, Confirm::Impossible];

fn look(source: Source, order: &Order) -> Observation {
    Observation {
        source,
        site: "127.0.0.1:8091".into(),
        order: order.id,
        seen: Seen::Order(Box::new(order.clone())),
    }
}

/// Known by a read after the order was last changed.
fn known(order: &Order) -> Mirror {
    let begun_ms = order.modified_ms + 1_000;
    match compare(
        None,
        &[],
        &look(Source::Read { begun_ms }, order),
        Confirm::Changes,
    ) {
        Comparison::Accept { mirror, .. } => *mirror,
        other @ (Comparison::Unchanged | Comparison::NeedsRead { .. } | Comparison::StopIngest { .. }) => {
            panic!("a first read is news: {other:?}")
        }
    }
}

/// The order after we set its status and some meta: what WooCommerce 11 does to the rest of it.
fn written(order: &Order, status: &str) -> Order {
    let mut echo = order.clone();
    echo.status = status.into();
    echo.modified_ms += 60_000;
    if matches!(status, "processing" | "completed") && echo.payment.method != "cod" || status == "completed" {
        echo.payment.paid_ms = echo.payment.paid_ms.or(Some(echo.modified_ms));
    }
    echo
}

fn is_silent(comparison: &Comparison) -> bool {
    match comparison {
        Comparison::Unchanged => true,
        Comparison::Accept { facts, subject, .. } => facts.is_empty() && subject.is_none(),
        Comparison::NeedsRead { .. } | Comparison::StopIngest { .. } => false,
    }
}

#[test]
fn every_genuine_order_takes_our_writes_silently() {
    let mut looked = 0;
    for order in captures().iter().filter_map(crate::fixtures::Capture::order) {
        let mirror = known(&order);
        if mirror.gone != Gone::Present {
            continue;
        }
        for status in ["completed", "processing", "cancelled"] {
            let echo = written(&order, status);
            let received_ms = echo.modified_ms + 5_000;
            for landed_ms in [None, Some(echo.modified_ms + 200)] {
                let own = [OwnWrite {
                    status: status.into(),
                    landed_ms,
                }];
                for confirm in MODES {
                    let pushed = look(Source::Push { received_ms }, &echo);
                    let got = compare(Some(&mirror), &own, &pushed, confirm);
                    assert!(is_silent(&got), "order {} to {status}: {got:?}", order.id);
                    looked += 1;
                }
                let begun_ms = received_ms;
                let swept = look(Source::Sweep { begun_ms }, &echo);
                assert!(is_silent(&compare(Some(&mirror), &own, &swept, Confirm::Changes)));
            }
        }
    }
    assert!(looked > 700, "{looked} echoes of all genuine orders");
}

#[test]
fn a_genuine_edit_in_the_echo_is_news() {
    let before = capture("15-edited-after-paid-2").order().unwrap();
    let edited = capture("16-edited-qty").order().unwrap();
    let mirror = known(&before);
    let echo = Order {
        modified_ms: before.modified_ms + 60_000,
        ..written(&edited, "completed")
    };
    for landed_ms in [None, Some(echo.modified_ms)] {
        let own = [OwnWrite {
            status: "completed".into(),
            landed_ms,
        }];
        let begun_ms = echo.modified_ms + 5_000;
        let Comparison::Accept { facts, .. } = compare(
            Some(&mirror),
            &own,
            &look(Source::Read { begun_ms }, &echo),
            Confirm::Changes,
        ) else {
            panic!("an edit is news")
        };
        assert!(facts.iter().any(|fact| fact.name.as_str() == "order.edited"));
        let pushed = look(
            Source::Push {
                received_ms: begun_ms,
            },
            &echo,
        );
        let got = compare(Some(&mirror), &own, &pushed, Confirm::Changes);
        assert!(matches!(got, Comparison::NeedsRead { .. }), "{got:?}");
    }
}

/// Captures 19 and 20 are an update of meta alone, as our documents' numbers are, and a save without a change.
#[test]
fn the_captured_echoes_are_silent() {
    let meta = capture("19-meta-only-update").order().unwrap();
    let noop = capture("20-noop-update").order().unwrap();
    let before = Order {
        modified_ms: meta.modified_ms - 2_000,
        ..meta.clone()
    };
    for (before, after) in [(&before, &meta), (&meta, &noop)] {
        for confirm in MODES {
            let received_ms = after.modified_ms + 5_000;
            let pushed = look(Source::Push { received_ms }, after);
            let got = compare(Some(&known(before)), &[], &pushed, confirm);
            assert!(is_silent(&got), "{got:?}");
        }
    }
}
