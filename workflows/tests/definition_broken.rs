//! One broken document per code: each is a sound document with one slip, refused with the code that should
//! refuse it, at the line with the slip, and with advice.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its own documents must fail"
)]

use std::collections::BTreeSet;

use amends_workflows::cel::CelEvaluator;
use amends_workflows::document::{Code, Problem, Problems, read};
use miette::Diagnostic;

/// Sound, and short enough to see every slip in it.
const SOUND: &str = r#"name = "small"
version = 1
title = "A small one"
subject = "order"
start = "order.placed"
key = "order.key"

[policy.erp]
timeout = "30s"
retry = { first = "2s", factor = 2.0, max = "5m", give_up_after = "4h", attempts = 9 }

[[step]]
id = "review"
when = "size(order.findings) > 0"
approve = "order.findings"
deadline = "4h"
on.rejected = "compensate"

[[step]]
id = "cleared"
wait = "order.cleared"
deadline = "order.payment.patience_ms"

[[step]]
id = "reserve"
call = "erp.reserve_stock"
with.customer = "order.key"
with.order = "order.key"
with.lines = "order.lines.map(line, {'sku': line.sku, 'quantity': line.quantity})"
undo = [{ call = "erp.release_stock", with = { reservation = "landed.reservation", lines = "landed.lines" } }]
policy = "erp"

[[step]]
id = "release"
call = "warehouse.release"
with.order_key = "order.key"
with.lines = "order.lines.map(line, {'sku': line.sku, 'quantity': line.quantity})"
with.address = "order.shipping"
with.express = "false"
undo = [{ call = "warehouse.cancel_release", with = { job = "landed.job" }, may_refuse = true }]

[[step.require]]
that = "order.shipping.country != ''"
cause = "no-country"
otherwise = "The address names no country: enter it in the shop, then retry."

[[step]]
id = "capture"
kind = "pivot"
call = "payments.capture"
with.transaction = "order.payment.transaction"
with.currency = "order.currency"
with.amount_minor = "order.total_minor"
with.tender = "order.payment.tender"

[[step]]
id = "deliveries"
kind = "retriable"
each_fact = "parcel.shipped"
until = "size(facts) > 1"
deadline = "3d"
call = "erp.post_delivery"
with.customer = "order.key"
with.order = "order.key"
with.parcel = "fact.parcel"
with.lines = "fact.lines"

[[step]]
id = "invoice"
kind = "retriable"
call = "erp.post_invoice"
with.customer = "order.key"
with.order = "order.key"
with.currency = "order.currency"
with.total_minor = "order.total_minor"

[[step]]
id = "lines"
kind = "retriable"
each = "order.lines"
item_key = "text(item.id)"
call = "storefront.notify"
with.order_id = "item.id"
with.note = "item.sku + steps.invoice.invoice"
critical = false
on.exhausted = "skip"

[[watch]]
fact = "order.edited"
when = "fact.total_after_minor > 0"
do = "hold"

[[sample]]
name = "one"
[sample.subject]
key = "eu:1"
total = 10.00
total_minor = 1000
lines = [{ id = 1, sku = "TEE", quantity = 1 }]
"#;

/// `from` in the sound document becomes `to`; the problem lies on the line that holds `at`.
struct Slip {
    code: Code,
    from: &'static str,
    to: &'static str,
    at: &'static str,
    advice: &'static str,
}

const fn slip(
    code: Code,
    from: &'static str,
    to: &'static str,
    at: &'static str,
    advice: &'static str,
) -> Slip {
    Slip {
        code,
        from,
        to,
        at,
        advice,
    }
}

const REVIEW: &str = "approve = \"order.findings\"\ndeadline = \"4h\"";

#[rustfmt::skip]
const SLIPS: &[Slip] = &[
    slip(Code::Syntax, "title = \"A small one\"", "title = A small one", "title = A", "quotes"),
    slip(Code::UnknownKey, "version = 1", "version = 1\nverison = 2", "verison", "did you mean `version`?"),
    slip(Code::UnknownKey, "policy = \"erp\"", "polcy = \"erp\"", "polcy", "did you mean `policy`?"),
    slip(Code::UnknownKey, "timeout = \"30s\"", "timeuot = \"30s\"", "timeuot", "did you mean `timeout`?"),
    slip(Code::UnknownKey, "on.exhausted", "on.exausted", "exausted", "did you mean `exhausted`?"),
    slip(Code::MissingKey, "version = 1\n", "", "name = \"small\"", "add version"),
    slip(Code::MissingKey, "item_key = \"text(item.id)\"\n", "", "each = \"order.lines\"", "add item_key"),
    slip(Code::MissingKey, "until = \"size(facts) > 1\"\n", "", "each_fact = ", "add until"),
    slip(Code::MisplacedKey, "call = \"erp.post_invoice\"", "call = \"erp.post_invoice\"\ndeadline = \"1h\"", "deadline = \"1h\"", "policy"),
    slip(Code::MissingKey, "cause = \"no-country\"\n", "", "[[step.require]]", "add cause"),
    slip(Code::NotTrueOrFalse, "that = \"order.shipping.country != ''\"", "that = \"order.shipping.country\"", "that = ", "compare"),
    slip(Code::BadName, "cause = \"no-country\"", "cause = \"No country\"", "cause = ", "no-country"),
    slip(Code::MisplacedKey, "wait = \"order.cleared\"", "wait = \"order.cleared\"\nwith.order = \"order.key\"", "with.order = \"order.key\"", "remove"),
    slip(Code::MisplacedKey, "on.rejected = \"compensate\"", "on.exhausted = \"hold\"", "on.exhausted = \"hold\"", "on.rejected"),
    slip(Code::WrongType, "version = 1", "version = \"1\"", "version = ", "without quotes"),
    slip(Code::BadDuration, "critical = false", "critical = false\nsla = \"soon\"", "\"soon\"", "30s"),
    slip(Code::BadDuration, "critical = false", "critical = false\nsla = \"0s\"", "\"0s\"", "30s"),
    slip(Code::WrongType, "critical = false", "critical = false\nsla = 30", "sla = ", "in quotes"),
    slip(Code::WrongType, "critical = false", "critical = \"no\"", "critical", "true or false"),
    slip(Code::WrongType, "with.express = \"false\"", "with.express = false", "with.express", "quotes"),
    slip(Code::OutOfRange, "version = 1", "version = -1", "version = ", "1 or more"),
    slip(Code::OutOfRange, "factor = 2.0", "factor = 0.5", "factor", "1 to 100"),
    slip(Code::BadName, "id = \"reserve\"", "id = \"Reserve Stock\"", "Reserve Stock", "\"reserve-stock\""),
    slip(Code::LimitExceeded, "text(item.id)", "((((((((((((((((((item.id))))))))))))))))))", "((item", "step"),
    slip(Code::DuplicateStep, "id = \"capture\"", "id = \"invoice\"", "id = \"invoice\"\nkind = \"retriable\"", "own id"),
    slip(Code::DuplicateSample, "[[sample]]", "[[sample]]\nname = \"one\"\nsubject = { key = \"eu:2\" }\n\n[[sample]]", "name = \"one\"\n[sample", "own name"),
    slip(Code::MoreThanOneForm, "wait = \"order.cleared\"", "wait = \"order.cleared\"\napprove = \"order.key\"", "approve = \"order.key\"", "step of its own"),
    slip(Code::NoForm, "wait = \"order.cleared\"\n", "", "id = \"cleared\"", "add call"),
    slip(Code::UnknownStep, "id = \"invoice\"", "id = \"invoice\"\nafter = [\"delivries\"]", "delivries", "did you mean \"deliveries\"?"),
    slip(Code::Cycle, "id = \"cleared\"", "id = \"cleared\"\nafter = [\"release\"]", "id = \"cleared\"", "remove one"),
    slip(Code::UnknownSubject, "subject = \"order\"", "subject = \"ordr\"", "subject = \"ordr\"", "order"),
    slip(Code::UnknownFact, "wait = \"order.cleared\"", "wait = \"order.claered\"", "order.claered", "did you mean \"order.cleared\"?"),
    slip(Code::UnknownFact, "fact = \"order.edited\"", "fact = \"order.exploded\"", "order.exploded", "there are"),
    slip(Code::UnknownRole, "\"erp.post_invoice\"", "\"epr.post_invoice\"", "epr.", "did you mean \"erp.post_invoice\"?"),
    slip(Code::UnknownOperation, "\"erp.post_invoice\"", "\"erp.post_invoce\"", "post_invoce", "did you mean \"erp.post_invoice\"?"),
    slip(Code::UnknownArgument, "with.transaction", "with.transacton", "transacton", "did you mean `transaction`?"),
    slip(Code::MissingArgument, "with.tender = \"order.payment.tender\"\n", "", "payments.capture", "add with.tender"),
    slip(Code::WrongArgument, "with.amount_minor = \"order.total_minor\"", "with.amount_minor = \"order.total\"", "with.amount_minor", "a whole number"),
    slip(Code::WrongArgument, "'quantity': line.quantity})\"\nundo = [{ call = \"erp", "'qty': line.quantity})\"\nundo = [{ call = \"erp", "'qty'", ""),
    slip(Code::UnknownPolicy, "policy = \"erp\"", "policy = \"epr\"", "policy = \"epr\"", "did you mean \"erp\"?"),
    slip(Code::UnknownKind, "kind = \"pivot\"", "kind = \"pivto\"", "pivto", "did you mean \"pivot\"?"),
    slip(Code::UnknownReaction, "\"compensate\"", "\"compensat\"", "compensat\"", "did you mean \"compensate\"?"),
    slip(Code::UnknownAction, "do = \"hold\"", "do = \"stop\"", "do = \"stop\"", "hold, cancel, escalate"),
    slip(Code::BadDuration, "deadline = \"4h\"", "deadline = \"4 hours\"", "4 hours", "\"4h\""),
    slip(Code::BadDuration, "timeout = \"30s\"", "timeout = \"30\"", "timeout", "\"30s\""),
    slip(Code::ExpressionSyntax, "size(order.findings) > 0", "size(order.findings) >", "size(order.findings) >\"", ""),
    slip(Code::ExpressionSyntax, "size(order.findings) > 0", "order.total_minor = 0", "order.total_minor = 0\"", "two signs"),
    slip(Code::UnknownFunction, "size(order.findings)", "count(order.findings)", "count(", "size"),
    slip(Code::UnknownName, "\"order.total_minor\"\nwith.tender", "\"order.totl_minor\"\nwith.tender", "totl_minor", "did you mean `total_minor`?"),
    slip(Code::UnknownName, "item.sku +", "item.skuu +", "skuu", "did you mean `sku`?"),
    slip(Code::UnknownName, "landed.job", "landed.jbo", "jbo", "did you mean `job`?"),
    slip(Code::UnknownName, "steps.invoice.invoice", "steps.invoce.invoice", "invoce", "did you mean `invoice`?"),
    slip(Code::ReadsLaterStep, "with.order_key = \"order.key\"", "with.order_key = \"steps.invoice.invoice\"", "with.order_key", "come after it"),
    slip(Code::ExpressionFails, "with.transaction = \"order.payment.transaction\"", "with.transaction = \"order.meta.psp\"", "order.meta.psp", "or_else"),
    slip(Code::NotTrueOrFalse, "size(order.findings) > 0", "size(order.findings)", "when = \"size", "compare"),
    slip(Code::NotADuration, "order.payment.patience_ms", "order.payment.method", "order.payment.method", "hours(4)"),
    slip(Code::NotAList, "each = \"order.lines\"", "each = \"order.customer\"", "each = \"order.customer\"", "order.lines"),
    slip(Code::NotText, "key = \"order.key\"\n\n", "key = \"order.lines\"\n\n", "key = \"order.lines\"", "text("),
    slip(Code::MissingUndo, "undo = [{ call = \"warehouse.cancel_release\", with = { job = \"landed.job\" }, may_refuse = true }]\n", "", "id = \"release\"", "undo = \"nothing\""),
    slip(Code::UndoBehindPivot, "with.tender = \"order.payment.tender\"", "with.tender = \"order.payment.tender\"\nundo = [{ call = \"erp.cancel_order\", with = { order = \"order.key\" } }]", "cancel_order", "remove"),
    slip(Code::CriticalSkip, "critical = false\n", "", "on.exhausted = \"skip\"", "critical = false"),
    slip(Code::MissingDeadline, REVIEW, "approve = \"order.findings\"", "id = \"review\"", "add deadline"),
    slip(Code::CompensatableBehindPivot, "kind = \"retriable\"\ncall = \"erp.post_invoice\"", "undo = \"nothing\"\ncall = \"erp.post_invoice\"", "id = \"invoice\"", "retriable"),
    slip(Code::CompensateBehindPivot, "critical = false\non.exhausted = \"skip\"", "on.exhausted = \"compensate\"", "on.exhausted", "hold"),
    slip(Code::ContestedUndoNotFirst, "id = \"release\"", "id = \"release\"\nafter = [\"cleared\"]", "id = \"release\"", "before this one"),
    slip(Code::NoSample, "[[sample]]\nname = \"one\"\n[sample.subject]\nkey = \"eu:1\"\ntotal = 10.00\ntotal_minor = 1000\nlines = [{ id = 1, sku = \"TEE\", quantity = 1 }]\n", "", "name = \"small\"", "[[sample]]"),
    slip(Code::BadSample, "quantity = 1 }", "quantty = 1 }", "quantty", "did you mean `quantity`?"),
    slip(Code::BadSample, "total_minor = 1000", "total_minor = 10.00", "total_minor = 10.00", ""),
];

fn problems(text: &str) -> Problems {
    read("small.toml", text, &CelEvaluator::new()).unwrap_err()
}

#[test]
fn the_document_without_slips_is_sound() {
    if let Err(problems) = read("small.toml", SOUND, &CelEvaluator::new()) {
        panic!("{problems}");
    }
}

#[test]
fn each_slip_is_refused_by_its_code_at_its_line_with_advice() {
    for slip in SLIPS {
        assert_eq!(
            SOUND.matches(slip.from).count(),
            1,
            "`{}` must stand once in the sound document",
            slip.from
        );
        let text = SOUND.replacen(slip.from, slip.to, 1);
        let all = problems(&text);
        let found = all.iter().find(|problem| problem.code == slip.code);
        let Some(problem) = found else {
            panic!("{} is not among:\n{all}", slip.code);
        };
        let expected = text[..text.find(slip.at).unwrap()].matches('\n').count() + 1;
        assert_eq!(problem.line(), expected, "{}: {all}", slip.to);
        assert!(
            problem.help.contains(slip.advice),
            "{}: {}",
            slip.to,
            problem.help
        );
        assert!(problem.column() >= 1 && !problem.message.is_empty() && !problem.help.is_empty());
    }
}

#[test]
fn every_code_has_a_broken_document() {
    let shown: BTreeSet<Code> = SLIPS.iter().map(|slip| slip.code).collect();
    let missing: Vec<&Code> = Code::ALL.iter().filter(|code| !shown.contains(code)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(Code::ALL.len() >= 20);
}

#[test]
fn a_slip_does_not_drag_unrelated_problems_along() {
    let alone = SLIPS.iter().filter(|slip| {
        let all = problems(&SOUND.replacen(slip.from, slip.to, 1));
        all.iter().all(|problem| problem.code == slip.code)
    });
    // Some slips break two rules at once: an unknown argument is also a missing one.
    let alone = alone.count();
    assert!(alone * 100 >= SLIPS.len() * 80, "{alone} of {}", SLIPS.len());
}

#[test]
fn all_problems_of_a_document_come_out_at_once() {
    let text = SOUND
        .replace("version = 1", "version = 0")
        .replace("erp.post_invoice", "erp.post_invoce")
        .replace("order.payment.tender", "order.payment.tendr")
        .replace("do = \"hold\"", "do = \"stop\"")
        .replace("\"3d\"", "\"3 days\"");
    let all = problems(&text);
    let codes: Vec<Code> = all.iter().map(|problem| problem.code).collect();
    for code in [
        Code::OutOfRange,
        Code::UnknownOperation,
        Code::UnknownName,
        Code::UnknownAction,
        Code::BadDuration,
    ] {
        assert!(codes.contains(&code), "{all}");
    }
    let lines: Vec<usize> = all.iter().map(Problem::line).collect();
    assert!(lines.is_sorted(), "{lines:?}");
    assert!(
        all.to_string()
            .contains("small.toml:2:11: versions start at 1 [definition/out-of-range]"),
        "{all}"
    );
    let related = all.related().unwrap().count();
    assert_eq!(related, codes.len());
}

#[test]
fn a_problem_in_an_expression_points_into_it() {
    let text = SOUND.replace("size(order.findings) > 0", "size(order.findigs) > 0");
    let all = problems(&text);
    let problem = all
        .iter()
        .find(|problem| problem.code == Code::UnknownName)
        .unwrap();
    assert_eq!(&text[problem.span.start..problem.span.end], "order.findigs");
    assert_eq!((problem.line(), problem.column()), (14, 14));
}
