//! Operations: mode, calls, look-up, drafts.

use std::collections::BTreeMap;

use amends_engine::contract::Mode;
use amends_workflows::catalogue::{Operation as Promise, Shape};

use super::super::document::{Call, Chain, Lookup, Operation, Plan, Reach, Rule, Verdict};
use super::super::error::Code;
use super::super::formula::{Formula, Names};
use super::super::limits::{CALLS_MAX, KEY_TTL_MS};
use super::super::table::Table;
use super::super::template::{Credentials, is_name};
use super::request::request;
use super::rule::{end, formula, reply_shape, result, rules, with_reply};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Keyed,
    Probed,
    Staged,
    AtMostOnce,
    Idempotent,
}

const MODES: [(&str, Word); 5] = [
    ("keyed", Word::Keyed),
    ("probed", Word::Probed),
    ("staged", Word::Staged),
    ("at-most-once", Word::AtMostOnce),
    ("idempotent", Word::Idempotent),
];

/// One `[operation.NAME]`.
pub(super) fn operation(
    table: &Table<'_>,
    names: &Names,
    promise: &Promise,
    settle_ms: i64,
) -> Option<Operation> {
    let names = operation_names(names, promise);
    let before = table.desk.count();
    let word = table.choice("mode", &MODES);
    if !table.has("mode") {
        table.missing("mode");
    }
    let settle_ms = table.duration_ms("settle").unwrap_or(settle_ms);
    let key_ttl_ms = table.duration_ms("key_ttl").unwrap_or(KEY_TTL_MS);
    let Some(word) = word else {
        table.forgive();
        return None;
    };
    let probe = lookup(table, &names, word);
    if probe.is_none() && !table.has("probe") && matches!(word, Word::Probed | Word::Staged) {
        let message = format!(
            "{} rests on looking up: give it [{}.probe]",
            table.what,
            bare(&table.what)
        );
        table.desk.report(table.at, Code::MissingProbe, message);
    }
    let plan = if word == Word::Staged {
        staged(table, &names)
    } else {
        chain_plan(table, &names)
    };
    let plan = plan?;
    // What could not be read may have been the rule that is missed here.
    if table.desk.count() == before {
        check_promise(table, promise, &plan, probe.as_ref());
    }
    Some(Operation {
        mode: match word {
            Word::Keyed => Mode::Keyed { key_ttl_ms },
            Word::Probed => Mode::Probed,
            Word::Staged => Mode::Staged,
            Word::AtMostOnce => Mode::AtMostOnce,
            Word::Idempotent => Mode::Idempotent,
        },
        settle_ms,
        plan,
        probe,
    })
}

fn bare(what: &str) -> &str {
    what.trim_start_matches('[').trim_end_matches(']')
}

fn operation_names(names: &Names, promise: &Promise) -> Names {
    let mut names = names.clone();
    let arguments = promise
        .arguments
        .iter()
        .map(|argument| (argument.name.to_owned(), (argument.shape)()))
        .collect();
    names.insert("args".to_owned(), Shape::Record(arguments));
    names.insert("key".to_owned(), Shape::Text);
    names.insert("key_digest".to_owned(), Shape::Text);
    names
}

/// Calls that were read so far, and what later ones see of them.
struct Chaining<'n> {
    names: &'n Names,
    calls: Vec<Call>,
}

impl Chaining<'_> {
    fn names(&self) -> Names {
        let mut names = self.names.clone();
        let steps: BTreeMap<_, _> = self
            .calls
            .iter()
            .map(|call| (call.name.clone(), step_shape()))
            .collect();
        names.insert("steps".to_owned(), Shape::Record(steps));
        names
    }

    /// The questions to ask before anything else.
    fn ask(&mut self, table: &Table<'_>) {
        for fields in table.tables("prepare") {
            if let Some((name, _)) = fields.need_text("name") {
                self.add(&fields, name);
            }
            fields.finish();
        }
        for call in &mut self.calls {
            call.reach = Reach::Question;
        }
    }

    fn add(&mut self, table: &Table<'_>, name: &str) {
        if self.calls.iter().any(|call| call.name == name) || !is_name(name) {
            let message = format!(
                "`{name}` cannot be the name of this call; names are lower-case and unique in an operation"
            );
            table.desk.report(table.at, Code::DuplicateCall, message);
        }
        let names = self.names();
        if let Some(call) = call(table, &names, name) {
            self.calls.push(call);
        }
    }
}

fn step_shape() -> Shape {
    let Shape::Record(mut fields) = reply_shape() else {
        return Shape::Any;
    };
    fields.insert("ran".to_owned(), Shape::Bool);
    Shape::Record(fields)
}

fn call(table: &Table<'_>, names: &Names, name: &str) -> Option<Call> {
    let when = formula(table, "when", names);
    let request = request(table, names, Credentials::Refused);
    let mut seen = with_reply(names);
    if let Some(Shape::Record(steps)) = seen.get_mut("steps") {
        steps.insert(name.to_owned(), step_shape());
    }
    let replies = rules(table, "replies", &seen);
    let harmless = table.truth("harmless");
    let request = request?;
    let reach = match harmless {
        Some(true) => Reach::Harmless,
        None if matches!(request.method, "GET" | "HEAD") => Reach::Harmless,
        Some(false) | None => Reach::Counts,
    };
    Some(Call {
        name: name.to_owned(),
        when,
        reach,
        request,
        replies,
    })
}

fn chain_plan(table: &Table<'_>, names: &Names) -> Option<Plan> {
    let mut chaining = Chaining {
        names,
        calls: Vec::new(),
    };
    chaining.ask(table);
    let name = table.text("name").map_or("send", |(name, _)| name);
    chaining.add(table, name);
    let chain = finish_chain(table, chaining, table.tables("then"))?;
    Some(Plan::Chain(chain))
}

fn staged(table: &Table<'_>, names: &Names) -> Option<Plan> {
    let mut asking = Chaining {
        names,
        calls: Vec::new(),
    };
    asking.ask(table);
    let informed = asking.names();
    let part = |key: &'static str, names: &Names| {
        let Some(fields) = table.table(key) else {
            if !table.has(key) {
                let message = format!("a staged operation needs [{}.{key}]", bare(&table.what));
                table.desk.report(table.at, Code::IncompleteStaged, message);
            }
            return None;
        };
        let call = call(&fields, names, key);
        fields.finish();
        call
    };
    let draft = part("draft", &informed);
    let mut confirm_names = names.clone();
    confirm_names.insert("draft".to_owned(), Shape::Any);
    let cancel = part("cancel", &confirm_names);
    if !table.has("confirm") {
        let message = format!("a staged operation needs [[{}.confirm]]", bare(&table.what));
        table.desk.report(table.at, Code::IncompleteStaged, message);
        return None;
    }
    let chaining = Chaining {
        names: &confirm_names,
        calls: Vec::new(),
    };
    let confirm = finish_chain(table, chaining, table.tables("confirm"));
    Some(Plan::Staged {
        prepare: asking.calls,
        draft: draft?,
        cancel: cancel?,
        confirm: confirm?,
    })
}

fn finish_chain(table: &Table<'_>, mut chaining: Chaining<'_>, more: Vec<Table<'_>>) -> Option<Chain> {
    let expected = chaining.calls.len() + more.len();
    if expected > CALLS_MAX {
        let message = format!("an operation has at most {CALLS_MAX} calls");
        table.desk.report(table.at, Code::TooManyCalls, message);
        return None;
    }
    for fields in more {
        if let Some((name, _)) = fields.need_text("name") {
            chaining.add(&fields, name);
        }
        fields.finish();
    }
    let end = end(table, &chaining.names());
    (!chaining.calls.is_empty()).then_some(Chain {
        calls: chaining.calls,
        end,
    })
}

fn lookup(table: &Table<'_>, names: &Names, word: Word) -> Option<Lookup> {
    let fields = table.table("probe")?;
    let call = call(&fields, names, "probe");
    let seen = with_reply(names);
    let absent = formula(&fields, "absent", &seen);
    if !fields.has("hits") {
        fields.missing("hits");
    }
    let hits = formula(&fields, "hits", &seen);
    let mut hit_names = seen;
    hit_names.insert("hit".to_owned(), Shape::Any);
    let landed = formula(&fields, "landed", &hit_names);
    let draft = formula(&fields, "draft", &hit_names);
    if word == Word::Staged && !fields.has("draft") {
        let message = format!(
            "{} needs `draft`, true of hits that are still drafts",
            fields.what
        );
        fields.desk.report(fields.at, Code::IncompleteStaged, message);
    }
    if !fields.has("reference") {
        fields.missing("reference");
    }
    let reference = formula(&fields, "reference", &hit_names);
    let result = result(&fields, &hit_names);
    fields.finish();
    Some(Lookup {
        call: call?,
        absent,
        hits: hits?,
        landed,
        draft,
        reference: reference?,
        result,
    })
}

/// Success is possible, and each success and each hit gives every result the operation promises.
fn check_promise(table: &Table<'_>, promise: &Promise, plan: &Plan, probe: Option<&Lookup>) {
    let chain = match plan {
        Plan::Chain(chain) => chain,
        Plan::Staged { confirm, .. } => confirm,
    };
    let successes: Vec<&Rule> = chain
        .calls
        .iter()
        .flat_map(|call| &call.replies)
        .chain(&chain.end)
        .filter(|rule| matches!(rule.verdict, Verdict::Succeeded | Verdict::Accepted))
        .collect();
    if successes.is_empty() {
        let message = format!(
            "no reply of {} means success; give it a rule with outcome = \"succeeded\"",
            table.what
        );
        table.desk.report(table.at, Code::NoSuccess, message);
    }
    for rule in successes {
        check_result(table, promise, &rule.result, "a success");
    }
    if let Some(probe) = probe {
        check_result(table, promise, &probe.result, "the probe");
    }
}

fn check_result(table: &Table<'_>, promise: &Promise, result: &[(String, Formula)], which: &str) {
    for field in promise.result {
        if field.required && !result.iter().any(|(name, _)| name == field.name) {
            let message = format!(
                "{which} of {} does not give the result `{}`",
                table.what, field.name
            );
            table.desk.report(table.at, Code::MissingResult, message);
        }
    }
    for (name, _) in result {
        if !promise.result.iter().any(|field| field.name == name) {
            let known: Vec<_> = promise.result.iter().map(|field| field.name).collect();
            let known = if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            };
            let message = format!(
                "{which} of {} gives `{name}`, which is no result of the operation ({known})",
                table.what
            );
            table.desk.report(table.at, Code::UnknownKey, message);
        }
    }
}
