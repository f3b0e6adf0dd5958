//! Rare turns of one order, each told step by step.

use std::sync::Arc;

use amends_engine::command::{Refusal, Verb};
use amends_engine::decide::{Input, Observation};
use amends_engine::definition::{Definition, StepKind};
use amends_engine::event::Report;
use amends_engine::fact::Fact;
use amends_engine::instance::{Errand, RunState, Side, Site, Stage, Undoing};
use amends_engine::ledger::{Account, Line, Phase, Posting};
use amends_engine::outcome::Outcome;
use amends_engine::root::{Debtor, Nature, cause};
use amends_engine::{FactName, Value};

use crate::course::{Course, at, complete};
use crate::small;
use crate::world::build::{Shape, call, define};
use crate::world::shop::KEY_TTL;

use StepKind::{Compensatable, Pivot, Retriable};

const LINE: &[(&str, &str)] = &[("lines", "item.one")];

fn named(name: &str) -> Definition {
    let mut all = small::all().into_iter();
    all.find(|definition| definition.name.as_str() == name).unwrap()
}

/// Goods leave from two places, and each may refuse to let go of its release.
fn split() -> Definition {
    let release = call("release", Compensatable, "warehouse.release", LINE)
        .per_item("order.lines", "item.sku")
        .contested("warehouse.cancel_release", &[("job", "landed.reference")]);
    let ship = call("post", Pivot, "erp.post_delivery", &[("order", "order.key")]);
    define("split", vec![release, ship], Vec::new())
}

/// Both releases landed, the first one only in its second epoch; then somebody cancels.
fn half_cancelled() -> Course {
    let mut course = Course::of(split());
    course.refuse("release/sku-0");
    let retry = Verb::Retry {
        place: at("release/sku-0"),
    };
    course.command(retry).unwrap();
    course.land("release/sku-0");
    course.land("release/sku-1");
    course.command(Verb::Cancel).unwrap();
    course
}

#[test]
fn those_who_may_refuse_are_asked_one_after_the_other() {
    let mut course = half_cancelled();
    assert_eq!(course.stage(), Stage::Cancelling);
    let owed = course.owed();
    assert_eq!(owed.len(), 1, "a refusal would meet another undo: {owed:?}");
    course.land("release/sku-0");
    course.refuse("release/sku-1");
    assert_eq!(course.stage(), Stage::Running);
    assert!(
        course.run("release/sku-1").stands(),
        "what was refused still stands"
    );
}

#[test]
fn what_is_done_again_uses_a_key_that_was_never_used() {
    let mut course = half_cancelled();
    course.land("release/sku-0");
    course.refuse("release/sku-1");
    let call = course.run("release/sku-0").forward().unwrap();
    assert_eq!(call.epoch, 2, "epochs 0 and 1 are used up");
    course.land("release/sku-0");
    course.refuse("post");
    course.command(Verb::Cancel).unwrap();
    let call = course.run("release/sku-0").call().unwrap();
    assert_eq!(call.epoch, 1, "epoch 0 of its undo is used up");
}

#[test]
fn a_late_answer_about_what_was_taken_back_changes_nothing() {
    let mut course = half_cancelled();
    let landing = course.run("release/sku-0").landing().unwrap().clone();
    course.land("release/sku-0");
    course.refuse("release/sku-1");
    let before = course.instance().fingerprint();
    let site = Site::forward(at("release/sku-0"));
    // Another attempt of the epoch that landed and was undone.
    course.late(
        &site,
        (1, 7),
        Report::Outcome(Outcome::Succeeded(landing.clone())),
    );
    assert_eq!(course.instance().fingerprint(), before, "it counts as done again");
    assert!(!course.has_incident(cause::DUPLICATE_EFFECT));
    let mut other = landing;
    other.reference = Some("another document".to_owned());
    course.late(&site, (1, 8), Report::Outcome(Outcome::Succeeded(other)));
    assert!(course.has_incident(cause::DUPLICATE_EFFECT));
}

#[test]
fn an_undo_that_was_refused_and_took_place_after_all_is_told() {
    let mut course = Course::of(named("cancellable"));
    course.land("reserve-stock");
    course.land("release");
    course.command(Verb::Cancel).unwrap();
    course.refuse("release");
    assert_eq!(course.stage(), Stage::Running);
    let site = Site::undo(at("release"), 0);
    let landing = amends_engine::outcome::Landing::default();
    course.late(&site, (0, 1), Report::Outcome(Outcome::Succeeded(landing)));
    assert!(course.has_incident(cause::LATE_SUCCESS));
}

#[test]
fn the_point_of_no_return_is_not_passed_by_hand_while_going_back() {
    let mut course = Course::of(named("cancellable"));
    course.land("reserve-stock");
    course.land("release");
    let shipped = course.search.order.shipped(0);
    course.fact(shipped);
    course.command(Verb::Approve { place: at("risk") }).unwrap();
    course.refuse("take-money");
    course.command(Verb::Cancel).unwrap();
    assert_eq!(course.stage(), Stage::Cancelling);
    let skip = Verb::Skip {
        place: at("take-money"),
    };
    for verb in [skip, complete("take-money")] {
        let name = verb.name();
        let refused = course.command(verb).unwrap_err();
        assert_eq!(refused.code(), "command/not-now", "{name}");
    }
}

#[test]
fn whoever_cancelled_at_the_point_of_no_return_is_told_that_it_was_too_late() {
    let mut course = Course::of(named("undoable"));
    pass_to_the_pivot(&mut course);
    course.leave("take-money");
    course.command(Verb::Cancel).unwrap();
    assert!(course.instance().parked.is_some());
    let site = Site::forward(at("take-money"));
    let landing = crate::reach::landing(&course.reached, &site, course.run("take-money").call().unwrap());
    course.answer("take-money", Report::Outcome(Outcome::Succeeded(landing)));
    assert_eq!(course.stage(), Stage::Committed);
    assert!(course.instance().parked.is_none());
    assert!(course.has_incident(cause::CANCEL_REFUSED));
}

#[test]
fn a_cancel_goes_on_when_a_person_says_that_the_pivot_did_not_happen() {
    let steps = vec![
        call(
            "create-order",
            Compensatable,
            "erp.create_order",
            &[("order", "order.key")],
        )
        .undo("erp.cancel_order", &[("document", "landed.reference")]),
        // Nobody can look a note up.
        call("send", Pivot, "storefront.notify", &[("order", "order.key")]),
    ];
    let mut course = Course::of(define("unprovable", steps, Vec::new()));
    course.land("create-order");
    course.doubt("send");
    assert_eq!(course.stage(), Stage::Committing);
    course.command(Verb::Cancel).unwrap();
    course.command(Verb::Retry { place: at("send") }).unwrap();
    assert_eq!(course.stage(), Stage::Compensating);
    assert_eq!(course.owed().len(), 1, "only the undo: {:?}", course.owed());
}

#[test]
fn a_pivot_that_may_have_left_before_a_restore_is_a_pivot_in_doubt() {
    let mut course = Course::of(named("undoable"));
    pass_to_the_pivot(&mut course);
    course.take(&Input::Restored).unwrap();
    assert_eq!(course.stage(), Stage::Committing);
    course.command(Verb::Cancel).unwrap();
    assert_eq!(course.stage(), Stage::Committing, "its outcome decides first");
}

#[test]
fn a_request_in_doubt_is_not_sent_again_after_its_key_was_forgotten() {
    let mut course = Course::of(named("undoable"));
    pass_to_the_pivot(&mut course);
    course.doubt("take-money");
    assert_eq!(course.owed(), [("take-money/do".to_owned(), Errand::Send)]);
    course.command(Verb::Hold).unwrap();
    course.reached.at = course.reached.at.plus(KEY_TTL);
    course.command(Verb::Resume).unwrap();
    course.leave("take-money");
    assert_eq!(
        course.owed(),
        [("take-money/do".to_owned(), Errand::Probe)],
        "it is looked up instead"
    );
}

#[test]
fn a_fan_out_that_could_not_begin_begins_anew_and_ends() {
    let pick = call("pick", Retriable, "erp.post_delivery", &[("sku", "item.sku")])
        .per_item("order.picks", "item.sku");
    let mut course = Course::of(define("picks", vec![pick], Vec::new()));
    assert!(matches!(course.run("pick").state, RunState::Blocked { .. }));
    let picks = Value::List(vec![Value::map([("sku", Value::text("sku-0"))])]);
    let mut subject = course.reached.values[&course.root().subject.unwrap()]
        .as_ref()
        .clone();
    if let Value::Map(fields) = &mut subject {
        fields.insert("picks".to_owned(), picks);
    }
    course.fact(Observation {
        subject: Some(Arc::new(subject)),
        ..Observation::default()
    });
    course.command(Verb::Retry { place: at("pick") }).unwrap();
    course.land("pick/sku-0");
    assert_eq!(course.stage(), Stage::Completed);
}

#[test]
fn what_is_undone_is_not_undone_again_by_hand() {
    let mut course = Course::of(named("undoable"));
    pass_to_the_pivot(&mut course);
    course.command(Verb::Compensate).unwrap();
    course.land("reserve-stock");
    assert_eq!(course.run("reserve-stock").undo, Some(Undoing::Done));
    let skip = Verb::Skip {
        place: at("reserve-stock"),
    };
    for verb in [complete("reserve-stock"), skip] {
        let refused = course.command(verb).unwrap_err();
        assert_eq!(refused, Refusal::NothingThere(at("reserve-stock")));
    }
}

#[test]
fn an_undo_done_by_hand_moves_what_the_call_would_have_moved() {
    let mut course = Course::of(named("undoable"));
    pass_to_the_pivot(&mut course);
    course.command(Verb::Compensate).unwrap();
    course.refuse("reserve-stock");
    course.command(complete("reserve-stock")).unwrap();
    let released = course.root().ledger.units(Account::Released, "sku-1").landed;
    assert_eq!(released, 2, "two units of sku-1 are free again");
    assert_eq!(course.run("reserve-stock").undo, Some(Undoing::Done));
}

#[test]
fn what_does_not_add_up_stays_named_when_the_order_goes_on() {
    let mut course = Course::of(named("cancellable"));
    course.land("reserve-stock");
    course.land("release");
    course.command(Verb::Cancel).unwrap();
    course.refuse("release");
    assert!(course.has_incident(cause::CANCEL_REFUSED));
    course.command(Verb::Hold).unwrap();
    course.command(Verb::Resume).unwrap();
    assert!(course.has_incident(cause::CANCEL_REFUSED));
}

#[test]
fn a_debt_makes_up_for_the_one_element_that_was_skipped() {
    let tell = call("tell", Retriable, "erp.post_delivery", &[("sku", "item.sku")])
        .per_item("order.lines", "item.sku")
        .not_critical();
    let mut course = Course::of(define("telling", vec![tell], Vec::new()));
    course.land("tell/sku-0");
    course.refuse("tell/sku-1");
    assert_eq!(course.stage(), Stage::Completed);
    let debts: Vec<_> = course
        .root()
        .instances
        .values()
        .filter(|instance| instance.only.is_some())
        .collect();
    let places: Vec<_> = debts.iter().flat_map(|debt| debt.runs.keys()).collect();
    assert_eq!(places, [&at("tell/sku-1")], "what was told is not told again");
}

/// A paid order whose payment cannot be verified as it stands.
fn unverifiable() -> Course {
    let verify = call(
        "verify",
        Retriable,
        "payments.verify_payment",
        &[
            ("amount_minor", "order.total_minor"),
            ("currency", "order.currency"),
            ("tender", "order.tender"),
        ],
    );
    let verify = verify.requires("order.risky != order.risky", "transaction-missing");
    let mut course = Course::of(define("verified", vec![verify], Vec::new()));
    course.search.order.prepaid = true;
    let cleared = course.search.order.cleared();
    course.fact(cleared);
    course
}

#[test]
fn a_call_that_lacks_what_it_requires_is_not_made() {
    let mut course = unverifiable();
    assert!(matches!(course.run("verify").state, RunState::Blocked { .. }));
    assert!(course.has_incident("transaction-missing"));
    assert_eq!(course.owed(), [], "nothing is sent");
    course.command(Verb::Retry { place: at("verify") }).unwrap();
    assert!(
        course.has_incident("transaction-missing"),
        "still nothing to send"
    );
    let edit = Verb::Edit {
        place: at("verify"),
        arguments: [("tender".to_owned(), Value::text("card"))].into(),
    };
    course.command(edit).unwrap();
    assert!(!course.has_incident("transaction-missing"));
    course.land("verify");
    assert_eq!(course.stage(), Stage::Completed);
}

#[test]
fn what_a_person_verified_takes_the_place_of_what_the_shop_claimed() {
    let mut course = unverifiable();
    let captured = |course: &Course| {
        let currency = course.root().ledger.currencies()[0];
        course.root().ledger.money(Account::Captured, currency)
    };
    let claimed = captured(&course);
    assert_eq!((claimed.landed, claimed.open), (0, course.search.order.total()));
    course.command(complete("verify")).unwrap();
    let verified = captured(&course);
    assert_eq!((verified.landed, verified.open), (course.search.order.total(), 0));
    assert_eq!(course.stage(), Stage::Completed);
}

#[test]
fn what_was_agreed_to_be_paid_later_is_a_receivable_and_the_rest_a_discrepancy() {
    let invoice = call(
        "invoice",
        Retriable,
        "erp.post_invoice",
        &[
            ("amount_minor", "order.total_minor"),
            ("currency", "order.currency"),
        ],
    );
    let mut course = Course::of(define("terms", vec![invoice], Vec::new()));
    let total = course.search.order.total();
    let currency = course.root().ledger.currencies()[0];
    let terms = Posting {
        account: Account::Due,
        line: Line::Money {
            currency,
            tender: None,
        },
        amount: total - 1,
        phase: Phase::Landed,
    };
    course.fact(Observation {
        facts: vec![Fact {
            name: FactName::new("order.cleared"),
            id: "1".to_owned(),
            payload: Value::Null,
            postings: vec![terms],
        }],
        ..Observation::default()
    });
    course.land("invoice");
    assert_eq!(course.stage(), Stage::Completed);
    let owed = course.root().obligations.values();
    let owed: Vec<_> = owed
        .filter(|obligation| obligation.currency.is_some())
        .map(|obligation| (obligation.nature, obligation.debtor, obligation.amount))
        .collect();
    assert_eq!(
        owed,
        [
            (Nature::Receivable, Debtor::Buyer, total - 1),
            (Nature::Discrepancy, Debtor::Buyer, 1)
        ]
    );
}

/// Everything before the point of no return is done.
fn pass_to_the_pivot(course: &mut Course) {
    let cleared = course.search.order.cleared();
    course.fact(cleared);
    course.command(Verb::Approve { place: at("risk") }).unwrap();
    course.land("create-order");
    course.land("reserve-stock");
    let site = course.run("take-money").site(&at("take-money"));
    assert_eq!(site.side, Side::Do);
}
