//! What people can do beyond trying again: take back, correct, report, waive, note.

use amends_engine::Value;
use amends_engine::command::Verb;
use amends_engine::definition::{Definition, StepKind};
use amends_engine::event::Report;
use amends_engine::instance::{RunState, Stage};
use amends_engine::ledger::Account;
use amends_engine::limits::NOTE_BYTES_MAX;
use amends_engine::outcome::Outcome;
use amends_engine::root::cause;

use crate::course::{Course, at, complete};
use crate::small;
use crate::world::build::{Shape, call, define};

fn named(name: &str) -> Definition {
    let mut all = small::all().into_iter();
    all.find(|definition| definition.name.as_str() == name).unwrap()
}

fn rewind(step: &str) -> Verb {
    Verb::Rewind { step: step.into() }
}

fn edit(place: &str, arguments: &[(&str, Value)]) -> Verb {
    let arguments = arguments.iter().cloned();
    Verb::Edit {
        place: at(place),
        arguments: arguments.map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}

fn shipped(id: &str) -> Verb {
    Verb::Signal {
        fact: "parcel.shipped".into(),
        id: id.to_owned(),
        payload: Value::map([("parcel", Value::text(id))]),
    }
}

/// Goods are released, and the parcel is awaited.
fn released() -> Course {
    let mut course = Course::of(named("cancellable"));
    course.land("reserve-stock");
    course.land("release");
    course
}

#[test]
fn a_rewind_undoes_what_followed_and_does_it_again_under_new_keys() {
    let mut course = released();
    course.command(rewind("reserve-stock")).unwrap();
    assert_eq!(course.stage(), Stage::Rewinding);
    course.land("release");
    course.land("reserve-stock");
    assert_eq!(course.stage(), Stage::Running);
    let epoch = |course: &Course, place: &str| course.run(place).forward().map(|call| call.epoch);
    assert_eq!(epoch(&course, "reserve-stock"), Some(1));
    course.land("reserve-stock");
    assert_eq!(epoch(&course, "release"), Some(1));
    course.land("release");
    assert!(matches!(course.run("shipped").state, RunState::Waiting { .. }));
    let reserved = course.root().ledger.units(Account::Reserved, "sku-1").landed;
    let freed = course.root().ledger.units(Account::Released, "sku-1").landed;
    assert_eq!((reserved, freed), (4, 2), "set aside twice, let go of once");
}

#[test]
fn a_rewind_that_the_other_side_refuses_goes_forward_again() {
    let mut course = released();
    course.command(rewind("release")).unwrap();
    course.refuse("release");
    assert_eq!(course.stage(), Stage::Running);
    assert!(course.run("release").stands());
    assert!(course.has_incident(cause::CANCEL_REFUSED));
    let waits = &course.run("shipped").state;
    assert!(
        matches!(waits, RunState::Waiting { .. }),
        "it waits again: {waits:?}"
    );
}

#[test]
fn a_rewind_stops_at_what_was_done_by_hand() {
    let mut course = Course::of(named("undoable"));
    let cleared = course.search.order.cleared();
    course.fact(cleared);
    course.refuse("create-order");
    course.command(complete("create-order")).unwrap();
    course.land("reserve-stock");
    let refused = course.command(rewind("create-order")).unwrap_err();
    assert_eq!(refused.code(), "command/not-now");
    course.command(rewind("reserve-stock")).unwrap();
    assert_eq!(course.stage(), Stage::Rewinding);
}

#[test]
fn nothing_is_taken_back_from_behind_the_point_of_no_return() {
    let mut course = released();
    course.command(shipped("p-1")).unwrap();
    course.command(Verb::Approve { place: at("risk") }).unwrap();
    course.leave("take-money");
    assert_eq!(
        course.command(rewind("release")).unwrap_err().code(),
        "command/not-now"
    );
    let site = course.run("take-money").site(&at("take-money"));
    let call = course.run("take-money").call().unwrap();
    let landing = crate::reach::landing(&course.reached, &site, call);
    course.answer("take-money", Report::Outcome(Outcome::Succeeded(landing)));
    assert_eq!(course.stage(), Stage::Committed);
    assert_eq!(
        course.command(rewind("release")).unwrap_err().code(),
        "command/not-now"
    );
}

#[test]
fn corrected_arguments_leave_under_a_new_key_and_reserve_anew() {
    let mut course = released();
    course.command(shipped("p-1")).unwrap();
    course.command(Verb::Approve { place: at("risk") }).unwrap();
    course.refuse("take-money");
    let unknown = course
        .command(edit("take-money", &[("amount", Value::Int(1))]))
        .unwrap_err();
    assert_eq!(unknown.code(), "command/no-argument");
    let too_much = edit("take-money", &[("amount_minor", Value::Int(1_000_000))]);
    assert_eq!(course.command(too_much).unwrap_err().code(), "command/not-now");
    course
        .command(edit("take-money", &[("amount_minor", Value::Int(500))]))
        .unwrap();
    let call = course.run("take-money").forward().unwrap();
    assert_eq!(call.epoch, 1);
    let args = course.reached.values.get(&call.pinned.args).unwrap();
    assert_eq!(args.get("amount_minor"), Some(&Value::Int(500)));
    assert_eq!(args.get("tender"), Some(&Value::text("card")), "the others stay");
    let eur = amends_engine::ledger::Currency::parse("EUR").unwrap();
    assert_eq!(course.root().ledger.money(Account::Captured, eur).open, 500);
    course.doubt("take-money");
    let refused = course.command(edit("take-money", &[])).unwrap_err();
    assert_eq!(refused.code(), "command/not-now", "it may have happened");
}

#[test]
fn what_could_not_begin_begins_with_arguments_given_by_hand() {
    let post = call(
        "post",
        StepKind::Retriable,
        "erp.post_delivery",
        &[("order", "order.key"), ("parcel", "order.parcel")],
    );
    let mut course = Course::of(define("posting", vec![post], Vec::new()));
    assert!(matches!(course.run("post").state, RunState::Blocked { .. }));
    assert_eq!(
        course.command(edit("post", &[])).unwrap_err().code(),
        "command/not-now"
    );
    course
        .command(edit("post", &[("parcel", Value::text("p-1"))]))
        .unwrap();
    course.land("post");
    assert_eq!(course.stage(), Stage::Completed);
    assert!(
        course.root().incidents.is_empty(),
        "{:?}",
        course.root().incidents
    );
}

#[test]
fn a_fact_reported_by_hand_counts_once() {
    let mut course = released();
    course.command(shipped("p-1")).unwrap();
    assert!(course.run("shipped").landing().is_some());
    assert_eq!(
        course.command(shipped("p-1")).unwrap_err().code(),
        "command/not-now"
    );
    let typo = Verb::Signal {
        fact: "parcel.shiped".into(),
        id: "p-2".to_owned(),
        payload: Value::Null,
    };
    assert_eq!(course.command(typo).unwrap_err().code(), "command/not-now");
}

#[test]
fn a_waived_obligation_is_not_named_again() {
    let mut course = released();
    course.command(Verb::Close).unwrap();
    let numbers: Vec<u32> = course.root().obligations.keys().copied().collect();
    assert!(!numbers.is_empty(), "stock stays reserved");
    for number in numbers {
        course.command(Verb::Waive { number }).unwrap();
    }
    assert!(course.root().obligations.is_empty());
    assert!(!course.root().waived.is_empty(), "what was waived stays visible");
}

#[test]
fn what_a_step_waits_for_cannot_be_waived() {
    let mut course = Course::of(named("beside-a-call"));
    course.refuse("create-order");
    let number = *course.root().incidents.keys().next().unwrap();
    assert_eq!(
        course.command(Verb::Waive { number }).unwrap_err().code(),
        "command/not-now"
    );
    let unknown = course.command(Verb::Waive { number: 99 }).unwrap_err();
    assert_eq!(unknown.code(), "command/no-such-number");
}

#[test]
fn a_waived_discrepancy_and_a_waived_debt_are_over() {
    let tell = call(
        "tell",
        StepKind::Retriable,
        "storefront.notify",
        &[("order", "order.key")],
    )
    .not_critical();
    let post = call(
        "post",
        StepKind::Retriable,
        "erp.post_delivery",
        &[("order", "order.key")],
    );
    let mut course = Course::of(define("telling", vec![tell, post], Vec::new()));
    course.refuse("tell");
    let owed = |course: &Course| {
        course
            .root()
            .incidents
            .iter()
            .find(|(_, one)| one.cause == cause::DEBT)
            .map(|(number, _)| *number)
    };
    let number = owed(&course).unwrap();
    course.command(Verb::Waive { number }).unwrap();
    let debt = course
        .root()
        .instances
        .values()
        .find(|instance| instance.only.is_some())
        .unwrap();
    assert_eq!(debt.stage, Stage::Closed);
    assert!(
        course.root().obligations.is_empty(),
        "the order itself still runs"
    );
    assert_eq!(owed(&course), None);
}

#[test]
fn a_note_is_kept_by_whom_and_when_and_apart_from_the_events() {
    let mut course = released();
    let events = course
        .command(Verb::Note {
            text: "Ana called".to_owned(),
        })
        .unwrap();
    assert!(!format!("{events:?}").contains("Ana"), "events name nobody");
    let [note] = course.root().notes.as_slice() else {
        panic!("{:?}", course.root().notes)
    };
    assert_eq!(note.by, "kim");
    let text = course.reached.values.get(&note.text).unwrap();
    assert_eq!(text.as_text(), Some("Ana called"));
    let long = Verb::Note {
        text: "x".repeat(NOTE_BYTES_MAX + 1),
    };
    assert_eq!(course.command(long).unwrap_err().code(), "root/limit-reached");
}
