//! Who wins, case by case.

use amends_workflows::mirror::{Comparison, Confirm, Gone, Hint, Mirror, Seen, Source, Stop, Why, compare};

use crate::orders::{Version, look, push, read};

/// Known from a read begun at 100: version of second 10 with one refund.
fn known() -> (Version, Mirror) {
    let version = Version {
        refunds: vec![40],
        ..Version::default()
    };
    let Comparison::Accept { mirror, .. } = compare(None, &[], &read(100, version.seen()), Confirm::Changes)
    else {
        panic!("a first read is news")
    };
    (version, *mirror)
}

fn verdict(comparison: &Comparison) -> String {
    match comparison {
        Comparison::Accept { facts, .. } if facts.is_empty() => "noted".into(),
        Comparison::Accept { .. } => "news".into(),
        Comparison::Unchanged => "unchanged".into(),
        Comparison::NeedsRead { why } => format!("read: {why:?}"),
        Comparison::StopIngest { why } => format!("stop: {why:?}"),
    }
}

#[test]
fn pushes_by_policy() {
    let (version, mirror) = known();
    let later = Version {
        second: 11,
        mugs: 1,
        ..version.clone()
    };
    let cases: &[(&str, i64, Seen, [&str; 3])] = &[
        ("the same", 101, version.seen(), ["unchanged"; 3]),
        (
            "a save without a change",
            101,
            Version {
                second: 11,
                ..version.clone()
            }
            .seen(),
            ["unchanged", "noted", "noted"],
        ),
        ("a change", 101, later.seen(), ["read: Changed", "news", "news"]),
        (
            "a change from before the read",
            100,
            later.seen(),
            ["unchanged"; 3],
        ),
        (
            "an older content",
            101,
            Version {
                second: 9,
                ..later.clone()
            }
            .seen(),
            ["read: StepBack", "read: StepBack", "unchanged"],
        ),
        (
            "another content of the second, further",
            101,
            Version {
                status: "completed",
                ..version.clone()
            }
            .seen(),
            ["read: Tie", "read: Tie", "news"],
        ),
        (
            "another content of the second, behind",
            101,
            Version {
                status: "pending",
                ..version.clone()
            }
            .seen(),
            ["read: Tie", "read: Tie", "unchanged"],
        ),
        (
            "a refund missing",
            101,
            Version {
                second: 11,
                refunds: vec![],
                ..version.clone()
            }
            .seen(),
            ["read: RefundVanished", "read: RefundVanished", "news"],
        ),
        (
            "a bare id",
            101,
            Seen::Bare(Hint::Touched),
            ["read: Bare", "read: Bare", "unchanged"],
        ),
        (
            "to the bin",
            101,
            Seen::Bare(Hint::Trashed),
            ["read: Bare", "read: Bare", "news"],
        ),
        (
            "deleted",
            101,
            Seen::Bare(Hint::Deleted),
            ["read: Bare", "read: Bare", "news"],
        ),
        (
            "deleted before the read",
            99,
            Seen::Bare(Hint::Deleted),
            ["unchanged"; 3],
        ),
    ];
    for (case, received, seen, expect) in cases {
        for (confirm, expect) in [Confirm::Changes, Confirm::Doubt, Confirm::Impossible]
            .into_iter()
            .zip(expect)
        {
            let got = compare(Some(&mirror), &[], &push(*received, seen.clone()), confirm);
            assert_eq!(&verdict(&got), expect, "{case} under {confirm:?}");
        }
    }
}

#[test]
fn a_new_order_is_read_first_where_pushes_are_hints() {
    let seen = Version::default().seen();
    for (confirm, expect) in [
        (Confirm::Changes, "read: New"),
        (Confirm::Doubt, "news"),
        (Confirm::Impossible, "news"),
    ] {
        assert_eq!(
            verdict(&compare(None, &[], &push(1, seen.clone()), confirm)),
            expect,
            "{confirm:?}"
        );
    }
}

#[test]
fn reads_by_the_time_they_began() {
    let (version, mirror) = known();
    let later = Version {
        second: 11,
        ..version.clone()
    };
    let edited = Version {
        mugs: 1,
        ..later.clone()
    };
    for (case, begun, seen, expect) in [
        ("the same again", 100, version.seen(), "unchanged"),
        ("the same later", 150, version.seen(), "unchanged"),
        ("a save", 150, later.seen(), "noted"),
        ("an edit", 150, edited.seen(), "news"),
        (
            "a read that began earlier and came late",
            99,
            edited.seen(),
            "unchanged",
        ),
        (
            "another content at the same moment",
            100,
            edited.seen(),
            "read: Clash",
        ),
        (
            "an edit that kept its date",
            150,
            Version {
                second: 10,
                ..edited.clone()
            }
            .seen(),
            "news",
        ),
        ("gone", 150, Seen::Absent(Gone::Deleted), "news"),
    ] {
        for source in [
            Source::Read { begun_ms: begun },
            Source::Sweep { begun_ms: begun },
        ] {
            let got = compare(Some(&mirror), &[], &look(source, seen.clone()), Confirm::Changes);
            assert_eq!(verdict(&got), expect, "{case} by {source:?}");
        }
    }
}

#[test]
fn another_order_or_another_shop_stops_the_ingest() {
    let (version, mirror) = known();
    let other = Version {
        identity: "two",
        second: 11,
        ..version.clone()
    };
    for source in [push(101, other.seen()), read(150, other.seen())] {
        let got = compare(Some(&mirror), &[], &source, Confirm::Changes);
        assert_eq!(
            got,
            Comparison::StopIngest {
                why: Stop::OtherOrder
            }
        );
    }
    let mut elsewhere = push(101, version.seen());
    elsewhere.site = "staging.example".into();
    let got = compare(Some(&mirror), &[], &elsewhere, Confirm::Changes);
    let Comparison::StopIngest { why } = got else {
        panic!("{got:?}")
    };
    assert_eq!(
        why.to_string(),
        "the order is known from shop.example and now comes from staging.example"
    );
    let unnamed = Version {
        identity: "",
        ..version
    };
    assert_eq!(
        compare(Some(&mirror), &[], &push(101, unnamed.seen()), Confirm::Changes),
        Comparison::Unchanged
    );
}

#[test]
fn what_left_the_bin_shows_a_later_date() {
    let (version, mirror) = known();
    let Comparison::Accept { mirror: binned, .. } = compare(
        Some(&mirror),
        &[],
        &push(101, Seen::Bare(Hint::Trashed)),
        Confirm::Impossible,
    ) else {
        panic!("a bin is news")
    };
    let late = push(102, version.seen());
    let back = push(
        102,
        Version {
            second: 11,
            ..version
        }
        .seen(),
    );
    assert_eq!(
        verdict(&compare(Some(&binned), &[], &late, Confirm::Impossible)),
        "unchanged"
    );
    assert_eq!(
        verdict(&compare(Some(&binned), &[], &back, Confirm::Impossible)),
        "news"
    );
    let got = compare(Some(&binned), &[], &back, Confirm::Changes);
    assert_eq!(got, Comparison::NeedsRead { why: Why::Returned });
}
