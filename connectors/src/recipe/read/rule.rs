//! Reply rules: `{ when = "…", outcome = "succeeded", result = { … } }`.

use amends_engine::outcome::FaultClass;
use amends_workflows::catalogue::Shape;

use super::super::document::{Leftovers, Rule, Verdict};
use super::super::error::Code;
use super::super::formula::{Formula, Names};
use super::super::table::Table;

const VERDICTS: [(&str, Verdict); 6] = [
    ("succeeded", Verdict::Succeeded),
    ("accepted", Verdict::Accepted),
    ("rejected", Verdict::Rejected),
    ("failed", Verdict::Failed),
    ("unknown", Verdict::Unknown),
    ("continue", Verdict::Continue),
];

const CLASSES: [(&str, FaultClass); 8] = [
    ("connect", FaultClass::Connect),
    ("timeout", FaultClass::Timeout),
    ("broken", FaultClass::Broken),
    ("throttled", FaultClass::Throttled),
    ("server", FaultClass::Server),
    ("unreadable", FaultClass::Unreadable),
    ("auth", FaultClass::Auth),
    ("business", FaultClass::Business),
];

/// What expressions read of a reply.
pub(super) fn reply_shape() -> Shape {
    Shape::record([
        ("status", Shape::Int),
        ("headers", Shape::Dictionary(Box::new(Shape::Text))),
        ("json", Shape::Any),
        ("text", Shape::Text),
    ])
}

/// `names` and `reply`.
pub(super) fn with_reply(names: &Names) -> Names {
    let mut names = names.clone();
    names.insert("reply".to_owned(), reply_shape());
    names
}

/// The rules of the list `key`.
pub(super) fn rules(table: &Table<'_>, key: &'static str, names: &Names) -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut closed = false;
    for fields in table.tables(key) {
        if closed {
            let message = "the rule before this one always applies; this one is never reached";
            fields.desk.report(fields.at, Code::UnreachableRule, message);
        }
        let rule = rule(&fields, names);
        fields.finish();
        closed |= rule.as_ref().is_some_and(|rule| rule.when.always());
        rules.extend(rule);
    }
    rules
}

fn rule(table: &Table<'_>, names: &Names) -> Option<Rule> {
    let when = formula(table, "when", names);
    if !table.has("when") {
        table.missing("when");
    }
    if !table.has("outcome") {
        table.missing("outcome");
    }
    let outcome = outcome(table, names);
    Some(Rule {
        when: when?,
        ..outcome?
    })
}

/// A rule without a condition: what holds when all calls of a chain are done.
pub(super) fn end(table: &Table<'_>, names: &Names) -> Option<Rule> {
    let fields = table.table("end")?;
    let rule = outcome(&fields, names);
    fields.finish();
    rule
}

fn outcome(table: &Table<'_>, names: &Names) -> Option<Rule> {
    let verdict = table.choice("outcome", &VERDICTS);
    let class = table.choice("class", &CLASSES);
    let rule = Rule {
        when: Formula::read("true", &Names::new()).ok()?,
        verdict: verdict.unwrap_or(Verdict::Succeeded),
        class,
        code: formula(table, "code", names),
        message: formula(table, "message", names),
        retry_after: formula(table, "retry_after", names),
        result: result(table, names),
        reference: formula(table, "reference", names),
        leftovers: if table.truth("nothing_left") == Some(true) {
            Leftovers::None
        } else {
            Leftovers::Possible
        },
    };
    (verdict.is_some() || !table.has("outcome")).then_some(rule)
}

/// The formula at `key`.
pub(super) fn formula(table: &Table<'_>, key: &'static str, names: &Names) -> Option<Formula> {
    let (source, at) = table.text(key)?;
    Formula::read(source, names)
        .map_err(|mistakes| table.desk.report_all(at, mistakes))
        .ok()
}

/// The formulas of the table `result`.
pub(super) fn result(table: &Table<'_>, names: &Names) -> Vec<(String, Formula)> {
    named_formulas(table, "result", names)
}

/// The formulas of the table `key`, by name.
pub(super) fn named_formulas(table: &Table<'_>, key: &'static str, names: &Names) -> Vec<(String, Formula)> {
    let Some(fields) = table.table(key) else {
        return Vec::new();
    };
    let mut formulas = Vec::new();
    for (name, item) in fields.entries() {
        let Some((source, at)) = fields.as_text(name, item) else {
            continue;
        };
        match Formula::read(source, names) {
            Ok(formula) => formulas.push((name.to_owned(), formula)),
            Err(mistakes) => fields.desk.report_all(at, mistakes),
        }
    }
    formulas
}
