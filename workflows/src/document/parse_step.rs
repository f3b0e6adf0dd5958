//! `[[step]]`.

use amends_engine::definition::{Reaction as Reacts, StepKind};
use amends_engine::limits::UNDOS_MAX;
use toml::Spanned;
use toml::de::DeValue;

use super::duration;
use super::parse::{check_name, one_of};
use super::parse_policy::length;
use super::problem::Code;
use super::source::{Located, Written};
use super::syntax::{Call, Each, Form, Reaction, Requirement, Step, Time, Undo, UndoCall};
use super::table::{Reader, Table, span_of};
use crate::cel::Span;

/// The keys that say what a step does.
const FORMS: [&str; 3] = ["call", "wait", "approve"];

pub(super) fn step<'t>(reader: &mut Reader, value: &'t Spanned<DeValue<'t>>) -> Step {
    let span = span_of(value);
    let Some(mut table) = reader.table(value, "step") else {
        return empty(span);
    };
    let id = table
        .need(reader, "id", "\"reserve-stock\"")
        .and_then(|value| reader.text(value));
    if let Some(id) = &id {
        check_name(reader, id, "a step");
    }
    let id = id.unwrap_or_else(|| empty(span).id);
    let title = table.take("title").and_then(|value| reader.text(value));
    let kind = table
        .take("kind")
        .and_then(|value| reader.text(value))
        .and_then(|word| kind(reader, &word));
    let after = table.take("after").map(|value| names(reader, value));
    let when = table.take("when").and_then(|value| reader.text(value));
    let deadline = table
        .take_with_key("deadline")
        .and_then(|(key, value)| Some((key, time(reader, value)?)));
    let each = each(reader, &mut table, deadline.as_ref().map(|(_, time)| time));
    let form = form(reader, &mut table, &id, deadline.as_ref().map(|(_, time)| time));
    if let (Some((key, _)), Some(Form::Call(_)), true) =
        (&deadline, &form, !matches!(each, Some(Each::Facts { .. })))
    {
        let help = "a call ends by its policy (timeout, give_up_after); deadlines belong to wait, approve and each_fact";
        reader.report(Code::MisplacedKey, *key, "a call has no `deadline`", help);
    }
    let requires = requires(reader, &mut table, form.as_ref());
    let undo = table.take("undo").and_then(|value| undo(reader, value));
    let policy = table.take("policy").and_then(|value| reader.text(value));
    let on = table
        .take("on")
        .map(|value| reactions(reader, value))
        .unwrap_or_default();
    let critical = table
        .take("critical")
        .and_then(|value| reader.truth(value))
        .unwrap_or(true);
    let sla = table.take("sla").and_then(|value| length(reader, value));
    table.finish(reader);
    Step {
        span,
        title: title.map_or_else(|| spoken(&id.text), |title| title.text),
        id,
        kind,
        form,
        after,
        when,
        requires,
        each,
        undo,
        policy,
        on,
        critical,
        sla,
    }
}

/// `reserve-stock` as a title: `Reserve stock`.
fn spoken(id: &str) -> String {
    let words = id.replace('-', " ");
    let mut letters = words.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn empty(span: Span) -> Step {
    let id = Written {
        text: String::new(),
        span,
        inner: None,
    };
    Step {
        span,
        id,
        title: String::new(),
        kind: None,
        form: None,
        after: None,
        when: None,
        requires: Vec::new(),
        each: None,
        undo: None,
        policy: None,
        on: Vec::new(),
        critical: true,
        sla: None,
    }
}

fn kind(reader: &mut Reader, word: &Written) -> Option<Located<StepKind>> {
    let value = match word.text.as_str() {
        "compensatable" => StepKind::Compensatable,
        "pivot" => StepKind::Pivot,
        "retriable" => StepKind::Retriable,
        other => {
            let help = one_of(other, &["compensatable", "pivot", "retriable"]);
            reader.report(
                Code::UnknownKind,
                word.span,
                format!("there is no kind `{other}`"),
                help,
            );
            return None;
        }
    };
    Some(Located {
        value,
        span: word.span,
    })
}

/// One name or a list of names.
fn names<'t>(reader: &mut Reader, value: &'t Spanned<DeValue<'t>>) -> Vec<Written> {
    if let DeValue::String(_) = value.get_ref() {
        return reader.text(value).into_iter().collect();
    }
    reader
        .list(value)
        .into_iter()
        .filter_map(|name| reader.text(name))
        .collect()
}

/// A length of time, or an expression that gives one.
fn time<'t>(reader: &mut Reader, value: &'t Spanned<DeValue<'t>>) -> Option<Time> {
    let written = reader.text(value)?;
    if !duration::looks_fixed(&written.text) {
        return Some(Time::Computed(written));
    }
    let span = written.span;
    if let Some(value) = duration::parse(&written.text) {
        return Some(Time::Fixed(Located { value, span }));
    }
    let message = format!("`{}` is not a length of time", written.text);
    let help = "write a number and a unit: \"30s\", \"15m\", \"4h\", \"3d\", or an expression that gives milliseconds";
    reader.report(Code::BadDuration, span, message, help);
    // A stand-in, so that a missing deadline is not reported as well.
    Some(Time::Fixed(Located { value: 1, span }))
}

fn each(reader: &mut Reader, table: &mut Table<'_>, deadline: Option<&Time>) -> Option<Each> {
    let items = table.take("each").and_then(|value| reader.text(value));
    let key = table
        .take_with_key("item_key")
        .and_then(|(at, value)| Some((at, reader.text(value)?)));
    let fact = table
        .take_with_key("each_fact")
        .and_then(|(at, value)| Some((at, reader.text(value)?)));
    let until = table
        .take_with_key("until")
        .and_then(|(at, value)| Some((at, reader.text(value)?)));
    if let (Some((at, _)), Some(_)) = (&fact, &items) {
        let help = "keep `each` for a list or `each_fact` for arriving facts";
        reader.report(
            Code::MoreThanOneForm,
            *at,
            "a step runs over a list or over facts, not both",
            help,
        );
    }
    if let (Some((at, _)), None) = (&key, &items) {
        reader.report(
            Code::MisplacedKey,
            *at,
            "`item_key` goes with `each`",
            "add each = \"order.lines\"",
        );
    }
    if let (Some((at, _)), None) = (&until, &fact) {
        reader.report(
            Code::MisplacedKey,
            *at,
            "`until` goes with `each_fact`",
            "add each_fact = \"parcel.shipped\"",
        );
    }
    if let Some(list) = items {
        return Some(Each::Items {
            list,
            key: key.map(|(_, key)| key),
        });
    }
    fact.map(|(_, fact)| Each::Facts {
        fact,
        until: until.map(|(_, until)| until),
        deadline: deadline.cloned(),
    })
}

fn form(reader: &mut Reader, table: &mut Table<'_>, id: &Written, deadline: Option<&Time>) -> Option<Form> {
    let with = table
        .take_with_key("with")
        .map(|(at, value)| (at, arguments(reader, value)));
    let mut found = Vec::new();
    for name in FORMS {
        if let Some((at, value)) = table.take_with_key(name) {
            found.push((name, at, reader.text(value)?));
        }
    }
    if let [_, (second, at, _), ..] = found.as_slice() {
        let message = format!("a step does one thing, and this one also has `{second}`");
        reader.report(Code::MoreThanOneForm, *at, message, "make it a step of its own");
    }
    let Some((name, _, written)) = found.into_iter().next() else {
        let message = format!("step `{}` does nothing", id.text);
        reader.report(
            Code::NoForm,
            id.span,
            message,
            "add call = \"erp.reserve_stock\", or a wait, or an approve",
        );
        return None;
    };
    if let (Some((at, _)), false) = (&with, name == "call") {
        reader.report(
            Code::MisplacedKey,
            *at,
            format!("`with` goes with `call`, not with `{name}`"),
            "remove it",
        );
    }
    let deadline = deadline.cloned();
    Some(match name {
        "wait" => Form::Wait {
            fact: written,
            deadline,
        },
        "approve" => Form::Approval {
            shown: written,
            deadline,
        },
        _ => Form::Call(Call {
            name: written,
            with: with.map(|(_, with)| with).unwrap_or_default(),
        }),
    })
}

fn requires(reader: &mut Reader, table: &mut Table<'_>, form: Option<&Form>) -> Vec<Requirement> {
    let Some((at, value)) = table.take_with_key("require") else {
        return Vec::new();
    };
    if matches!(form, Some(Form::Wait { .. } | Form::Approval { .. })) {
        let help = "only a call has something to require; `when` passes a step over";
        reader.report(Code::MisplacedKey, at, "`require` goes with `call`", help);
    }
    let elements = reader.list(value);
    elements
        .into_iter()
        .filter_map(|value| requirement(reader, value))
        .collect()
}

fn requirement<'t>(reader: &mut Reader, value: &'t Spanned<DeValue<'t>>) -> Option<Requirement> {
    let mut table = reader.table(value, "require")?;
    let mut text = |reader: &mut Reader, key, example| {
        let value = table.need(reader, key, example);
        value.and_then(|value| reader.text(value))
    };
    let that = text(reader, "that", "\"order.payment.transaction != ''\"");
    let cause = text(reader, "cause", "\"transaction-missing\"");
    let otherwise = text(
        reader,
        "otherwise",
        "\"what is missing, and what to do about it\"",
    );
    table.finish(reader);
    let requirement = Requirement {
        that: that?,
        cause: cause?,
        otherwise: otherwise?,
    };
    check_name(reader, &requirement.cause, "a cause");
    Some(requirement)
}

fn arguments<'t>(reader: &mut Reader, value: &'t Spanned<DeValue<'t>>) -> Vec<(Located<String>, Written)> {
    let Some(table) = reader.table(value, "with") else {
        return Vec::new();
    };
    table
        .rest()
        .into_iter()
        .filter_map(|(name, value)| Some((name, reader.text(value)?)))
        .collect()
}

fn undo<'t>(reader: &mut Reader, value: &'t Spanned<DeValue<'t>>) -> Option<Located<Undo>> {
    let span = span_of(value);
    if let DeValue::String(word) = value.get_ref() {
        let value = match word.as_ref() {
            "nothing" => Undo::Nothing,
            "never" => Undo::Never,
            other => {
                let help = "write \"nothing\", \"never\" or a list of calls: [{ call = \"erp.cancel_order\", with = { ... } }]";
                reader.report(Code::WrongType, span, format!("`{other}` is not an undo"), help);
                return None;
            }
        };
        return Some(Located { value, span });
    }
    let elements = reader.list(value);
    if elements.len() > UNDOS_MAX {
        let message = format!("this undo has {} calls", elements.len());
        reader.report(
            Code::LimitExceeded,
            span,
            message,
            format!("{UNDOS_MAX} are allowed; split the step"),
        );
    }
    let calls = elements
        .into_iter()
        .filter_map(|value| undo_call(reader, value))
        .collect();
    Some(Located {
        value: Undo::Calls(calls),
        span,
    })
}

fn undo_call<'t>(reader: &mut Reader, value: &'t Spanned<DeValue<'t>>) -> Option<UndoCall> {
    let mut table = reader.table(value, "undo")?;
    let name = table
        .need(reader, "call", "\"erp.cancel_order\"")
        .and_then(|value| reader.text(value));
    let with = table
        .take("with")
        .map(|value| arguments(reader, value))
        .unwrap_or_default();
    let policy = table.take("policy").and_then(|value| reader.text(value));
    let may_refuse = table
        .take("may_refuse")
        .and_then(|value| reader.truth(value))
        .unwrap_or(false);
    table.finish(reader);
    Some(UndoCall {
        call: Call { name: name?, with },
        policy,
        may_refuse,
    })
}

fn reactions<'t>(reader: &mut Reader, value: &'t Spanned<DeValue<'t>>) -> Vec<Reaction> {
    let Some(mut table) = reader.table(value, "reaction") else {
        return Vec::new();
    };
    let mut reactions = Vec::new();
    for event in ["rejected", "exhausted", "in_doubt", "deadline"] {
        let word = table.take(event).and_then(|value| reader.text(value));
        if let Some(reaction) = word.and_then(|word| reaction(reader, &word)) {
            reactions.push(Reaction {
                event: event.to_owned(),
                reaction,
            });
        }
    }
    table.finish(reader);
    reactions
}

fn reaction(reader: &mut Reader, word: &Written) -> Option<Located<Reacts>> {
    let value = match word.text.as_str() {
        "retry" => Reacts::Retry,
        "hold" => Reacts::Hold,
        "compensate" => Reacts::Compensate,
        "escalate" => Reacts::Escalate,
        "skip" => Reacts::Skip,
        other => {
            let help = one_of(other, &["retry", "hold", "compensate", "escalate", "skip"]);
            reader.report(
                Code::UnknownReaction,
                word.span,
                format!("there is no reaction `{other}`"),
                help,
            );
            return None;
        }
    };
    Some(Located {
        value,
        span: word.span,
    })
}
