//! The definitions that ship, and the library that holds them.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its own files must fail"
)]

use std::sync::Arc;

use amends_engine::definition::{Definition, Each, Form, StepKind, Undo};
use amends_engine::expr::{Evaluator, Scope};
use amends_engine::{Digest, StepId, Value, WorkflowName};
use amends_workflows::cel::CelEvaluator;
use amends_workflows::document::{Code, Library, LibraryError, Loaded, SHIPPED, read};

fn shipped(name: &str) -> Arc<Loaded> {
    let library = match Library::shipped(Arc::new(CelEvaluator::new())) {
        Ok(library) => library,
        Err(error) => panic!("{error}"),
    };
    Arc::clone(library.latest(&WorkflowName::new(name)).unwrap())
}

fn order_to_cash() -> Definition {
    Definition::clone(&shipped("order-to-cash").definition)
}

#[test]
fn every_shipped_definition_is_sound_and_every_guard_is_seen_both_ways() {
    for (file, text) in SHIPPED {
        let loaded = read(file, text, &CelEvaluator::new()).unwrap_or_else(|problems| panic!("{problems}"));
        for guard in &loaded.guards {
            assert!(guard.seen_true && guard.seen_false, "{file}: {guard:?}");
        }
        assert_eq!(loaded.definition.digest, Digest::of(text.as_bytes()));
    }
}

#[test]
fn order_to_cash_has_the_shape_practitioners_run() {
    let definition = order_to_cash();
    let ids: Vec<&str> = definition.steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "review",
            "await-clearance",
            "customer",
            "sales-order",
            "reserve-stock",
            "verify-payment",
            "verify-authorisation",
            "payment-differs",
            "dispatch",
            "first-parcel",
            "capture",
            "capture-parcels",
            "capture-rest",
            "deliveries",
            "invoice",
            "register-payment",
            "write-back",
            "notify",
        ]
    );
    let kinds = |wanted: StepKind| -> Vec<&str> {
        let steps = definition.steps.iter().filter(|step| step.kind == wanted);
        steps.map(|step| step.id.as_str()).collect()
    };
    assert_eq!(kinds(StepKind::Pivot), ["capture"]);
    assert_eq!(
        kinds(StepKind::Retriable),
        [
            "capture-parcels",
            "capture-rest",
            "deliveries",
            "invoice",
            "register-payment",
            "write-back",
            "notify"
        ]
    );
    let step = |id: &str| definition.step(&StepId::new(id)).unwrap();
    let Undo::Calls(undo) = &step("dispatch").undo else {
        panic!("dispatch can be cancelled");
    };
    assert!(undo.iter().all(|call| call.may_refuse));
    assert!(matches!(step("deliveries").each, Some(Each::Facts { .. })));
    assert!(matches!(step("first-parcel").form, Form::Wait { .. }));
    let causes: Vec<&str> = definition
        .watches
        .iter()
        .map(|watch| watch.cause.as_str())
        .collect();
    for watch in &definition.watches {
        let named = watch.fact.as_str().replace('.', "-");
        let cause = if named == "order-duplicate" {
            "possible-duplicate"
        } else {
            &named
        };
        assert_eq!(watch.cause, cause);
    }
    assert_eq!(causes.len(), 9);
}

/// What is passed over for an order of each kind, as long as nothing is known of its payment.
const PASSED_OVER: &[(&str, &[&str])] = &[
    (
        "paid by card",
        &[
            "review",
            "verify-authorisation",
            "payment-differs",
            "capture",
            "capture-parcels",
            "capture-rest",
        ],
    ),
    (
        "authorised by card",
        &[
            "review",
            "verify-payment",
            "payment-differs",
            "capture-parcels",
            "capture-rest",
        ],
    ),
    (
        "cash on delivery, guest",
        &[
            "review",
            "verify-payment",
            "verify-authorisation",
            "payment-differs",
            "capture",
            "capture-parcels",
            "capture-rest",
            "register-payment",
        ],
    ),
    (
        "costs nothing",
        &[
            "review",
            "verify-payment",
            "verify-authorisation",
            "payment-differs",
            "capture",
            "capture-parcels",
            "capture-rest",
            "register-payment",
        ],
    ),
    (
        "bank transfer",
        &[
            "review",
            "verify-payment",
            "verify-authorisation",
            "payment-differs",
            "capture",
            "capture-parcels",
            "capture-rest",
        ],
    ),
    (
        "accepted on invoice",
        &[
            "review",
            "verify-payment",
            "verify-authorisation",
            "payment-differs",
            "capture",
            "capture-parcels",
            "capture-rest",
            "register-payment",
        ],
    ),
    (
        "an article the shop has deleted",
        &[
            "verify-authorisation",
            "payment-differs",
            "capture",
            "capture-parcels",
            "capture-rest",
        ],
    ),
];

/// The calls an order of each kind leads to.
#[test]
fn what_an_order_costs_and_how_it_is_paid_decides_the_calls() {
    let definition = order_to_cash();
    let evaluator = CelEvaluator::new();
    for (sample, passed_over) in PASSED_OVER {
        let subject = &definition
            .samples
            .iter()
            .find(|known| known.name == *sample)
            .unwrap()
            .subject;
        let scope = Scope::new().with("order", subject);
        let skipped: Vec<&str> = definition
            .steps
            .iter()
            .filter(|step| {
                let guard = step.when.as_ref();
                guard.is_some_and(|when| evaluator.evaluate(when, &scope) == Ok(Value::Bool(false)))
            })
            .map(|step| step.id.as_str())
            .collect();
        assert_eq!(skipped, *passed_over, "{sample}");
    }
}

#[test]
fn the_samples_add_up_like_genuine_orders() {
    for sample in order_to_cash().samples {
        let sum = |list: &str, field: &str| -> i64 {
            let elements = sample.subject.path(list).unwrap().as_list().unwrap();
            elements
                .iter()
                .map(|element| element.path(field).unwrap().as_int().unwrap())
                .sum()
        };
        let parts: i64 = ["lines", "shipping_lines", "fees"]
            .iter()
            .map(|list| sum(list, "net_minor") + sum(list, "tax_minor"))
            .sum();
        assert_eq!(
            Some(parts),
            sample.subject.path("total_minor").unwrap().as_int(),
            "{}",
            sample.name
        );
    }
}

#[test]
fn a_changed_document_needs_a_new_version() {
    let (file, text) = SHIPPED[0];
    let mut library = Library::shipped(Arc::new(CelEvaluator::new())).unwrap();
    library.add(file, text).unwrap();
    let changed = text.replace("deadline = \"4h\"", "deadline = \"8h\"");
    assert!(matches!(
        library.add(file, &changed),
        Err(LibraryError::ChangedWithoutVersion { .. })
    ));
    let raised = changed.replace("version = 1", "version = 2");
    let loaded = library.add(file, &raised).unwrap();
    let name = &loaded.definition.name;
    assert_eq!(library.latest(name).unwrap().definition.version, 2);
    assert_eq!(
        library.get(name, 1).unwrap().definition.digest,
        Digest::of(text.as_bytes())
    );
    assert_eq!(
        library
            .by_digest(&Digest::of(raised.as_bytes()))
            .unwrap()
            .definition
            .version,
        2
    );
}

#[test]
fn a_version_that_orders_run_on_is_remembered_without_its_document() {
    let (file, text) = SHIPPED[0];
    let mut library = Library::new(Arc::new(CelEvaluator::new()));
    library.remember(WorkflowName::new("order-to-cash"), 1, Digest::of(b"as it was"));
    let error = library.add(file, text).unwrap_err();
    assert!(error.to_string().contains("raise `version`"), "{error}");
    assert_eq!(library.iter().count(), 0);
}

#[test]
fn a_folder_adds_its_own_definitions() {
    let folder = tempfile::tempdir().unwrap();
    let text = SHIPPED[0]
        .1
        .replace("name = \"order-to-cash\"", "name = \"order-to-cash-de\"");
    std::fs::write(folder.path().join("de.toml"), &text).unwrap();
    std::fs::write(folder.path().join("notes.md"), "not a definition").unwrap();
    let mut library = Library::shipped(Arc::new(CelEvaluator::new())).unwrap();
    assert_eq!(library.add_folder(folder.path()).unwrap(), 1);
    assert_eq!(library.iter().count(), SHIPPED.len() + 1);
    let missing = library.add_folder(&folder.path().join("nowhere")).unwrap_err();
    assert!(matches!(missing, LibraryError::Unreadable { .. }));
}

/// However a document is mangled, reading it ends with problems or a definition, never with a panic.
#[test]
fn mangled_documents_are_refused_in_an_orderly_way() {
    let text = SHIPPED[0].1;
    let evaluator = CelEvaluator::new();
    let lines: Vec<&str> = text.lines().collect();
    for dropped in (0..lines.len().min(190)).step_by(3) {
        let mangled: Vec<&str> = lines
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != dropped)
            .map(|(_, line)| *line)
            .collect();
        if let Err(problems) = read("mangled.toml", &mangled.join("\n"), &evaluator) {
            assert!(problems.iter().count() > 0);
            assert!(
                problems
                    .iter()
                    .all(|problem| problem.line() >= 1 && !problem.help.is_empty())
            );
        }
    }
    let cut = read("cut.toml", &text[..text.len() / 2], &evaluator);
    assert!(cut.is_err_and(|problems| problems.iter().any(|problem| problem.code != Code::UnknownKey)));
}
