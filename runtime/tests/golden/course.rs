//! The course: five orders, turn and turn about, which together write every kind of event.

use std::collections::BTreeMap;
use std::sync::Arc;

use amends_engine::Value;
use amends_engine::command::Verb;
use amends_engine::decide::Observation;
use amends_engine::event::Report;
use amends_engine::fact::Fact;
use amends_engine::instance::Place;
use amends_engine::ledger::{Account, Currency, Line, Phase, Posting};
use amends_engine::outcome::{Fault, FaultClass, Landing, Outcome, Probe};

use crate::desk::Step;

const HOUR: i64 = 3_600_000;

/// The stories interleaved, so that a small working set has to evict; the restore comes last.
pub(crate) fn all() -> Vec<Step> {
    let mut stories = [calm(), undone(), refused(), closed()];
    for story in &mut stories {
        story.reverse();
    }
    let mut steps = Vec::new();
    while stories.iter().any(|story| !story.is_empty()) {
        steps.extend(stories.iter_mut().filter_map(Vec::pop));
    }
    steps.extend(restored());
    steps
}

/// Everything goes well, but for a note that nobody wants.
fn calm() -> Vec<Step> {
    let order = "shop:1";
    let mut steps = vec![placed(order, false), cleared(order)];
    steps.extend(up_to_release(order));
    steps.extend([
        say(order, "release/do", accepted(&[("job", "J-1")])),
        say(order, "capture/do", done(&[("capture", "C-1")])),
        parcel(order),
        say(order, "deliveries/P-1/do", done(&[("delivery", "D-1")])),
        say(order, "invoice/do", done(&[("invoice", "I-1")])),
        say(order, "thank/do", rejected()),
        // The debt.
        say(order, "thank/do", done(&[("note", "N-1")])),
        Step::Late(order, "invoice/do", done(&[("invoice", "I-2")])),
        command(
            order,
            Verb::Note {
                text: "two invoices: the second one was cancelled by phone".to_owned(),
            },
        ),
    ]);
    steps
}

/// A decision, a doubt that is settled, and everything is undone, once with a helping hand.
fn undone() -> Vec<Step> {
    let order = "shop:2";
    let risk = || Place::once(&"risk".into());
    let reserve = || Place::item(&"reserve".into(), &"sku-0".into());
    vec![
        placed(order, true),
        cleared(order),
        command(order, Verb::Reject { place: risk() }),
        command(order, Verb::Retry { place: risk() }),
        command(order, Verb::Approve { place: risk() }),
        say(order, "create/do", unknown()),
        Step::Later(2_000),
        say(order, "create/do", Report::Probe(Probe::Absent)),
        Step::Later(2_000),
        say(order, "create/do", Report::Probe(Probe::Absent)),
        Step::Later(40_000),
        say(order, "create/do", done(&[("order", "SO-2")])),
        say(order, "reserve/sku-0/do", reserved("sku-0", 1)),
        say(order, "reserve/sku-1/do", rejected()),
        command(
            order,
            Verb::Rewind {
                step: "reserve".into(),
            },
        ),
        say(order, "reserve/sku-0/undo-0", done(&[])),
        say(order, "reserve/sku-0/do", reserved("sku-0", 1)),
        say(order, "reserve/sku-1/do", rejected()),
        command(order, Verb::Compensate),
        say(order, "reserve/sku-0/undo-0", rejected()),
        command(order, Verb::Skip { place: reserve() }),
        say(order, "create/undo-0", done(&[])),
    ]
}

/// The warehouse does not let go; then it is too late; much is done by hand.
fn refused() -> Vec<Step> {
    let order = "shop:3";
    let mut steps = vec![placed(order, false), cleared(order)];
    steps.extend(up_to_release(order));
    steps.extend([
        command(order, Verb::Hold),
        say(order, "release/do", accepted(&[("job", "J-3")])),
        command(order, Verb::Cancel),
        say(order, "release/undo-0", rejected()),
        say(order, "capture/do", unknown()),
        command(order, Verb::Cancel),
        Step::Later(2_000),
        say(order, "capture/do", done(&[("capture", "C-3")])),
        Step::Later(2 * HOUR),
        parcel(order),
        say(order, "deliveries/P-1/do", failed()),
        command(
            order,
            Verb::Complete {
                place: Place::item(&"deliveries".into(), &"P-1".into()),
                reference: Some("by hand".to_owned()),
                result: Value::map([("delivery", Value::text("D-3"))]),
            },
        ),
        say(order, "invoice/do", rejected()),
        edited(order),
        command(order, Verb::Resume),
        command(
            order,
            Verb::Retry {
                place: Place::once(&"invoice".into()),
            },
        ),
        say(order, "invoice/do", done(&[("invoice", "I-3")])),
        say(order, "thank/do", done(&[("note", "N-3")])),
    ]);
    steps
}

/// The provider takes no money, and a person ends it.
fn closed() -> Vec<Step> {
    let order = "shop:4";
    let mut steps = vec![placed(order, false), cleared(order)];
    steps.extend(up_to_release(order));
    steps.extend([
        say(order, "release/do", accepted(&[("job", "J-4")])),
        say(order, "capture/do", rejected()),
        command(
            order,
            Verb::Edit {
                place: Place::once(&"capture".into()),
                arguments: BTreeMap::from([("amount_minor".to_owned(), Value::Int(1_000))]),
            },
        ),
        say(order, "capture/do", rejected()),
        command(order, Verb::Close),
        Step::Waive(order),
    ]);
    steps
}

/// What was owed when the backup was made may have left.
fn restored() -> Vec<Step> {
    let order = "shop:5";
    vec![
        placed(order, false),
        cleared(order),
        say(order, "create/do", failed()),
        Step::Restore,
        say(
            order,
            "create/do",
            Report::Probe(Probe::Found(landing(&[("order", "SO-5")]))),
        ),
    ]
}

fn up_to_release(order: &'static str) -> Vec<Step> {
    vec![
        say(order, "create/do", done(&[("order", "SO-1")])),
        say(order, "reserve/sku-0/do", reserved("sku-0", 1)),
        say(order, "reserve/sku-1/do", reserved("sku-1", 2)),
    ]
}

fn say(order: &'static str, site: &'static str, report: Report) -> Step {
    Step::Answer(order, site, report)
}

fn command(order: &'static str, verb: Verb) -> Step {
    Step::Command(order, "golden", verb)
}

fn landing(fields: &[(&str, &str)]) -> Landing {
    Landing {
        reference: fields.first().map(|(_, reference)| (*reference).to_owned()),
        result: Value::map(fields.iter().map(|(name, text)| (*name, Value::text(*text)))),
        ..Landing::default()
    }
}

fn done(fields: &[(&str, &str)]) -> Report {
    Report::Outcome(Outcome::Succeeded(landing(fields)))
}

fn accepted(fields: &[(&str, &str)]) -> Report {
    Report::Outcome(Outcome::Accepted(landing(fields)))
}

fn reserved(sku: &str, quantity: i64) -> Report {
    let lines = ("lines", Value::List(vec![line(sku, quantity)]));
    Report::Outcome(Outcome::Succeeded(Landing {
        reference: Some(format!("R-{sku}")),
        result: Value::map([lines]),
        ..Landing::default()
    }))
}

fn fault(class: FaultClass) -> Fault {
    Fault::new(class, "something went wrong")
}

fn rejected() -> Report {
    Report::Outcome(Outcome::Rejected(fault(FaultClass::Business)))
}

fn failed() -> Report {
    Report::Outcome(Outcome::Failed(fault(FaultClass::Connect)))
}

fn unknown() -> Report {
    Report::Outcome(Outcome::Unknown(fault(FaultClass::Timeout)))
}

fn line(sku: &str, quantity: i64) -> Value {
    Value::map([("sku", Value::text(sku)), ("quantity", Value::Int(quantity))])
}

fn units(account: Account, sku: &str, amount: i64) -> Posting {
    Posting {
        account,
        line: Line::Stock { sku: sku.to_owned() },
        amount,
        phase: Phase::Landed,
    }
}

fn fact(name: &str, id: &str, payload: Value, postings: Vec<Posting>) -> Fact {
    Fact {
        name: name.into(),
        id: id.to_owned(),
        payload,
        postings,
    }
}

fn observe(order: &'static str, facts: Vec<Fact>) -> Step {
    Step::Observe(
        order,
        Observation {
            facts,
            ..Observation::default()
        },
    )
}

fn placed(order: &'static str, risky: bool) -> Step {
    let lines = [("sku-0", 1), ("sku-1", 2)].map(|(sku, quantity)| {
        let one = Value::List(vec![line(sku, quantity)]);
        Value::map([
            ("sku", Value::text(sku)),
            ("quantity", Value::Int(quantity)),
            ("one", one),
        ])
    });
    let subject = Value::map([
        ("key", Value::text(order)),
        ("lines", Value::List(lines.to_vec())),
        ("total_minor", Value::Int(1_500)),
        ("currency", Value::text("EUR")),
        ("tender", Value::text("card")),
        ("risky", Value::Bool(risky)),
        ("patience_ms", Value::Int(24 * HOUR)),
    ]);
    let agreed = Posting {
        account: Account::Agreed,
        line: Line::Money {
            currency: Currency::parse("EUR").unwrap(),
            tender: None,
        },
        amount: 1_500,
        phase: Phase::Landed,
    };
    let ordered = [("sku-0", 1), ("sku-1", 2)].map(|(sku, amount)| units(Account::Ordered, sku, amount));
    let postings = ordered.into_iter().chain([agreed]).collect();
    Step::Observe(
        order,
        Observation {
            mirror: Some((0, b"as the shop has it".to_vec())),
            subject: Some(Arc::new(subject)),
            facts: vec![fact("order.placed", "1", Value::Null, postings)],
        },
    )
}

fn cleared(order: &'static str) -> Step {
    observe(order, vec![fact("order.cleared", "1", Value::Null, Vec::new())])
}

fn edited(order: &'static str) -> Step {
    observe(order, vec![fact("order.edited", "1", Value::Int(1), Vec::new())])
}

/// Everything in one parcel.
fn parcel(order: &'static str) -> Step {
    let shipped = [("sku-0", 1), ("sku-1", 2)].map(|(sku, amount)| units(Account::Shipped, sku, amount));
    let payload = Value::map([("parcel", Value::text("P-1"))]);
    observe(
        order,
        vec![fact("parcel.shipped", "P-1", payload, shipped.to_vec())],
    )
}
