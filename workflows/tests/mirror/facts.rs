//! Which facts a look proves, with which postings.

use amends_engine::Value;
use amends_engine::ledger::{Account, Line, Phase};
use amends_workflows::mirror::{Comparison, Confirm, Gone, Mirror, Seen, compare};

use crate::orders::{Version, read};

fn accept(mirror: Option<&Mirror>, at: i64, seen: Seen) -> (Mirror, Vec<String>, Option<Value>) {
    match compare(mirror, &[], &read(at, seen), Confirm::Changes) {
        Comparison::Accept {
            mirror,
            facts,
            subject,
        } => {
            let lines = facts.iter().map(|fact| {
                let postings: Vec<String> = fact
                    .postings
                    .iter()
                    .map(|posting| {
                        format!(
                            " {}",
                            shown(posting.account, &posting.line, posting.amount, posting.phase)
                        )
                    })
                    .collect();
                format!("{}{}", fact.natural_id(), postings.concat())
            });
            (*mirror, lines.collect(), subject)
        }
        other @ (Comparison::Unchanged | Comparison::NeedsRead { .. } | Comparison::StopIngest { .. }) => {
            panic!("expected news, got {other:?}")
        }
    }
}

fn shown(account: Account, line: &Line, amount: i64, phase: Phase) -> String {
    let line = match line {
        Line::Money { currency, tender } => format!(
            "{currency}{}",
            tender
                .as_deref()
                .map_or(String::new(), |tender| format!("/{tender}"))
        ),
        Line::Stock { sku } => sku.clone(),
    };
    format!("{account:?}({line} {amount} {phase:?})")
}

const PLACED: &str = "order.placed#24 Agreed(EUR 5000 Landed) Ordered(TEE 2 Landed) Ordered(MUG 3 Landed)";
/// Nothing is owed any more for what was called off: money already taken then shows as an obligation.
const CANCELLED: &str = "order.cancelled#24 CancelledUninvoiced(EUR 5000 Landed)";
const CLEARED: &str = "order.cleared#24 Captured(EUR/card 5000 Open)";

#[test]
fn first_sight() {
    let check = |version: Version, expect: &[&str]| {
        let (_, facts, subject) = accept(None, 1, version.seen());
        assert_eq!(facts, expect, "{version:?}");
        assert_eq!(subject.is_some(), !expect.is_empty(), "{version:?}");
    };
    check(
        Version {
            status: "pending",
            paid: false,
            ..Version::default()
        },
        &[PLACED],
    );
    check(Version::default(), &[PLACED, CLEARED]);
    check(
        Version {
            status: "checkout-draft",
            paid: false,
            ..Version::default()
        },
        &[],
    );
    let refund = "refund.recorded#40 Refunded(EUR/card 500 Open)";
    check(
        Version {
            refunds: vec![40],
            ..Version::default()
        },
        &[PLACED, CLEARED, refund],
    );
    check(
        Version {
            status: "cancelled",
            ..Version::default()
        },
        &[PLACED, CLEARED, CANCELLED],
    );
    check(
        Version {
            status: "cancelled",
            paid: false,
            ..Version::default()
        },
        &[PLACED, CANCELLED],
    );
    check(
        Version {
            status: "refunded",
            refunds: vec![40],
            ..Version::default()
        },
        &[PLACED, CLEARED, refund, "order.refunded#24"],
    );
}

#[test]
fn later_sights_prove_what_the_first_proved_and_more() {
    let (mirror, ..) = accept(
        None,
        1,
        Version {
            status: "pending",
            paid: false,
            ..Version::default()
        }
        .seen(),
    );
    let (mirror, facts, _) = accept(
        Some(&mirror),
        2,
        Version {
            second: 11,
            ..Version::default()
        }
        .seen(),
    );
    assert_eq!(facts, [PLACED, CLEARED]);
    let refunded = Version {
        second: 12,
        refunds: vec![40, 41],
        ..Version::default()
    };
    let (mirror, facts, _) = accept(Some(&mirror), 3, refunded.seen());
    assert_eq!(facts.len(), 4);
    let one_left = Version {
        refunds: vec![41],
        ..refunded
    };
    let (_, facts, _) = accept(Some(&mirror), 4, one_left.seen());
    assert_eq!(facts.last().unwrap(), "refund.vanished#40");
}

fn edit(before: &Version, after: &Version) -> (String, Value) {
    let (mirror, ..) = accept(None, 1, before.seen());
    let Comparison::Accept { facts, .. } =
        compare(Some(&mirror), &[], &read(2, after.seen()), Confirm::Changes)
    else {
        panic!("no news")
    };
    let edited = facts
        .into_iter()
        .find(|fact| fact.name.as_str() == "order.edited")
        .unwrap();
    assert!(edited.id.len() == 16 && edited.postings.is_empty());
    (edited.id, edited.payload)
}

#[test]
fn an_edit_says_what_changed_without_personal_data() {
    let before = Version::default();
    let after = Version {
        second: 11,
        mugs: 1,
        street: "Torstr. 2",
        ..Version::default()
    };
    let (_, payload) = edit(&before, &after);
    assert_eq!(
        payload.to_string(),
        "{\"changes\":[\
         {\"after\":1,\"before\":3,\"what\":\"quantity of MUG\"},\
         {\"after\":\"30.00 EUR\",\"before\":\"50.00 EUR\",\"what\":\"total\"},\
         {\"after\":null,\"before\":null,\"what\":\"shipping address changed\"},\
         {\"after\":null,\"before\":null,\"what\":\"billing address changed\"}],\
         \"total_after_minor\":3000,\"total_before_minor\":5000}"
    );
}

#[test]
fn an_edit_its_withdrawal_and_the_same_edit_again_are_three() {
    let [a, b, c] = [(3, 11), (1, 12), (3, 13)].map(|(mugs, second)| Version {
        second,
        mugs,
        ..Version::default()
    });
    let d = Version {
        second: 14,
        ..b.clone()
    };
    let mut names = [edit(&a, &b).0, edit(&b, &c).0, edit(&c, &d).0];
    names.sort();
    assert!(
        names.windows(2).all(|pair| pair.first() != pair.last()),
        "{names:?}"
    );
}

#[test]
fn what_was_called_off_and_runs_again_is_an_edit() {
    let (_, payload) = edit(
        &Version {
            status: "cancelled",
            ..Version::default()
        },
        &Version {
            second: 11,
            ..Version::default()
        },
    );
    let expect = "[{\"after\":\"processing\",\"before\":\"cancelled\",\"what\":\"revived\"}]";
    assert_eq!(payload.get("changes").unwrap().to_string(), expect);
}

#[test]
fn bin_and_back() {
    let (mirror, ..) = accept(None, 1, Version::default().seen());
    let (mirror, facts, subject) = accept(
        Some(&mirror),
        2,
        Version {
            status: "trash",
            second: 11,
            ..Version::default()
        }
        .seen(),
    );
    assert_eq!((facts, subject), (vec!["order.trashed#24".to_owned()], None));
    assert_eq!(mirror.gone, Gone::Trashed);
    let back = Version {
        second: 12,
        mugs: 1,
        ..Version::default()
    };
    let (mirror, facts, _) = accept(Some(&mirror), 3, back.seen());
    assert_eq!(facts.len(), 4, "placed, cleared, edited, restored: {facts:?}");
    assert_eq!(facts.last().unwrap(), "order.restored#24");
    let (_, facts, _) = accept(Some(&mirror), 4, Seen::Absent(Gone::Deleted));
    assert_eq!(facts, ["order.vanished#24"]);
}

#[test]
fn an_order_never_seen_can_vanish() {
    let (mirror, facts, _) = accept(None, 1, Seen::Absent(Gone::Deleted));
    assert_eq!(facts, ["order.vanished#24"]);
    assert!(!mirror.placed);
    let (_, facts, _) = accept(
        None,
        1,
        Version {
            status: "trash",
            ..Version::default()
        }
        .seen(),
    );
    assert_eq!(facts, ["order.trashed#24"]);
}

#[test]
fn what_was_before_the_start_is_said_at_first_sight_only() {
    let findings = |subject: Option<Value>| subject.unwrap().get("findings").unwrap().to_string();
    let cancelled = Version {
        status: "cancelled",
        ..Version::default()
    };
    let (_, _, subject) = accept(None, 1, cancelled.seen());
    assert!(findings(subject).contains("cancelled-before-start"));
    let (mirror, ..) = accept(None, 1, Version::default().seen());
    let (_, _, subject) = accept(Some(&mirror), 2, cancelled.seen());
    assert_eq!(findings(subject), "[]");
}

#[test]
fn the_record_survives_its_stored_form() {
    let (mirror, ..) = accept(
        None,
        1,
        Version {
            refunds: vec![40],
            ..Version::default()
        }
        .seen(),
    );
    let bytes = bincode::serde::encode_to_vec(&mirror, bincode::config::standard()).unwrap();
    let (read, _): (Mirror, usize) =
        bincode::serde::decode_from_slice(&bytes, bincode::config::standard()).unwrap();
    assert_eq!(read, mirror);
}
