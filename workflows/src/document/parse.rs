//! From TOML to [`Document`].

use std::sync::Arc;

use amends_engine::definition::WatchAction;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::parse_policy::{length, policies};
use super::parse_step::step;
use super::problem::{Code, Problem};
use super::source::{Located, Source, Written};
use super::syntax::{Document, Sample, Watch};
use super::table::{Reader, Table};
use crate::cel::Span;
use crate::{catalogue, suggest};

/// Bytes of one document. The longest that ships has about 25,000.
const DOCUMENT_MAX: usize = 262_144;
/// Samples of one document: every expression is tried on each.
const SAMPLES_MAX: usize = 50;
/// Watched facts of one document: more than there are facts.
const WATCHES_MAX: usize = 64;

/// Reads `source` as far as it can be read.
pub(super) fn parse(source: &Arc<Source>) -> (Document, Vec<Problem>) {
    let mut reader = Reader::new(Arc::clone(source));
    let text = source.text();
    if text.len() > DOCUMENT_MAX {
        let at = Span { start: 0, end: 0 };
        let help = format!("keep it under {DOCUMENT_MAX} bytes");
        reader.report(Code::LimitExceeded, at, "the document is too long", help);
        return (document(&mut reader, &DeTable::default()), reader.problems);
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().map_or(Span::default(), |span| Span {
            start: span.start,
            end: span.end,
        });
        reader.report(
            Code::Syntax,
            span,
            error.message().replace('\n', ", "),
            syntax_help(text, span),
        );
    }
    // What follows from a slip in the syntax would only hide it.
    if !reader.problems.is_empty() {
        let problems = std::mem::take(&mut reader.problems);
        return (document(&mut reader, &DeTable::default()), problems);
    }
    (document(&mut reader, table.get_ref()), reader.problems)
}

fn syntax_help(text: &str, span: Span) -> &'static str {
    let line = text
        .get(..span.start)
        .unwrap_or_default()
        .rsplit('\n')
        .next()
        .unwrap_or_default();
    if line.contains(" = ") {
        "write text and expressions in quotes: when = \"order.total_minor > 0\""
    } else {
        "a line is a key, an equals sign and a value: title = \"Reserve stock\"; or a heading: [[step]]"
    }
}

fn document(reader: &mut Reader, table: &DeTable<'_>) -> Document {
    let mut table = Table::new(table, Span::default(), "definition");
    let name = table
        .need(reader, "name", "\"order-to-cash\"")
        .and_then(|value| reader.text(value));
    let version = table
        .need(reader, "version", "1")
        .and_then(|value| reader.whole::<u32>(value, "1 or more"));
    let title = table.take("title").and_then(|value| reader.text(value));
    let subject = table
        .need(reader, "subject", "\"order\"")
        .and_then(|value| reader.text(value));
    let start = table
        .need(reader, "start", "\"order.placed\"")
        .and_then(|value| reader.text(value));
    let key = table.take("key").and_then(|value| reader.text(value));
    let sla = table.take("sla").and_then(|value| length(reader, value));
    let policies = table
        .take("policy")
        .map(|value| policies(reader, value))
        .unwrap_or_default();
    let steps = tables(reader, &mut table, "step", amends_engine::limits::STEPS_MAX)
        .into_iter()
        .map(|value| step(reader, value))
        .collect();
    let watches = tables(reader, &mut table, "watch", WATCHES_MAX)
        .into_iter()
        .filter_map(|value| watch(reader, value))
        .collect();
    let subject_shape = subject
        .as_ref()
        .and_then(|subject| catalogue::subject(&subject.text));
    let samples = tables(reader, &mut table, "sample", SAMPLES_MAX)
        .into_iter()
        .filter_map(|value| sample(reader, value, subject_shape.as_ref()))
        .collect();
    table.finish(reader);
    let name = name.unwrap_or_else(nowhere);
    if !name.text.is_empty() {
        check_name(reader, &name, "a definition");
    }
    if let Some(version) = version.as_ref().filter(|version| version.value == 0) {
        reader.report(
            Code::OutOfRange,
            version.span,
            "versions start at 1",
            "write version = 1",
        );
    }
    Document {
        title: title.map_or_else(|| name.text.clone(), |title| title.text),
        name,
        version: version.unwrap_or(Located {
            value: 1,
            span: Span::default(),
        }),
        subject: subject.unwrap_or_else(nowhere),
        start: start.unwrap_or_else(nowhere),
        key,
        sla,
        policies,
        steps,
        watches,
        samples,
    }
}

fn nowhere() -> Written {
    Written {
        text: String::new(),
        span: Span::default(),
        inner: None,
    }
}

/// The elements of `[[name]]`, up to a limit.
fn tables<'t>(
    reader: &mut Reader,
    table: &mut Table<'t>,
    name: &'static str,
    limit: usize,
) -> Vec<&'t Spanned<DeValue<'t>>> {
    let Some((span, value)) = table.take_with_key(name) else {
        if name == "step" && reader.problems.iter().all(|problem| problem.code != Code::Syntax) {
            let help = "add [[step]] with an id and a call, a wait or an approve";
            reader.report(
                Code::MissingKey,
                Span::default(),
                "the definition has no steps",
                help,
            );
        }
        return Vec::new();
    };
    let mut elements = reader.list(value);
    if elements.len() > limit {
        let message = format!("there are {} of `{name}`", elements.len());
        reader.report(
            Code::LimitExceeded,
            span,
            message,
            format!("{limit} are allowed; split the definition"),
        );
        elements.truncate(limit);
    }
    elements
}

/// Names are lower case with dashes, so that they are the same in files, addresses and expressions.
pub(super) fn check_name(reader: &mut Reader, name: &Written, what: &str) {
    let good = name.text.len() <= 60
        && name.text.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !name.text.ends_with('-');
    if !good {
        let plain: String = name
            .text
            .to_lowercase()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        let message = format!("`{}` is not a name for {what}", name.text);
        let help = format!(
            "use lower case letters, digits and dashes: \"{}\"",
            plain.trim_matches('-')
        );
        reader.report(Code::BadName, name.span, message, help);
    }
}

fn watch<'t>(reader: &mut Reader, value: &'t Spanned<DeValue<'t>>) -> Option<Watch> {
    let mut table = reader.table(value, "watch")?;
    let fact = table
        .need(reader, "fact", "\"order.edited\"")
        .and_then(|value| reader.text(value));
    let when = table.take("when").and_then(|value| reader.text(value));
    let action = table
        .need(reader, "do", "\"hold\"")
        .and_then(|value| reader.text(value));
    let cause = table.take("cause").and_then(|value| reader.text(value));
    table.finish(reader);
    if let Some(cause) = &cause {
        check_name(reader, cause, "a cause");
    }
    let fact = fact?;
    Some(Watch {
        cause: cause.map_or_else(|| fact.text.replace('.', "-"), |cause| cause.text),
        then: watch_action(reader, &action?)?,
        fact,
        when,
    })
}

fn watch_action(reader: &mut Reader, word: &Written) -> Option<WatchAction> {
    match word.text.as_str() {
        "hold" => Some(WatchAction::Hold),
        "cancel" => Some(WatchAction::Cancel),
        "escalate" => Some(WatchAction::Escalate),
        other => {
            let help = one_of(other, &["hold", "cancel", "escalate"]);
            reader.report(
                Code::UnknownAction,
                word.span,
                format!("a watch cannot `{other}`"),
                help,
            );
            None
        }
    }
}

/// Help for a word that is none of `words`.
pub(super) fn one_of(word: &str, words: &[&str]) -> String {
    match suggest::nearest(word, words.iter().copied()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("write one of: {}", words.join(", ")),
    }
}

fn sample<'t>(
    reader: &mut Reader,
    value: &'t Spanned<DeValue<'t>>,
    shape: Option<&catalogue::Shape>,
) -> Option<Sample> {
    let mut table = reader.table(value, "sample")?;
    let name = table
        .need(reader, "name", "\"paid by card\"")
        .and_then(|value| reader.text(value));
    let subject = table.need(reader, "subject", "{ ... }");
    let shop = table.take("shop").map(|value| reader.value(value));
    let steps = table.take("steps").map(|value| reader.value(value));
    let facts = table.take("facts").map(|value| reader.value(value));
    table.finish(reader);
    let subject_value = subject?;
    let subject = reader.value(subject_value);
    let subject = shape.map_or(subject.clone(), |shape| shape.completed(subject));
    if let Some(Err(mismatch)) = shape.map(|shape| shape.check(&subject)) {
        let help = match mismatch.near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "fields and their kinds are listed in the guide to the canonical order".to_owned(),
        };
        let span = super::table::span_of(place(subject_value, &mismatch.path));
        reader.report(
            Code::BadSample,
            span,
            format!("`{}` {}", mismatch.path, mismatch.what),
            help,
        );
    }
    Some(Sample {
        name: name?,
        subject,
        shop,
        steps: steps.unwrap_or_else(|| amends_engine::Value::Map(std::collections::BTreeMap::new())),
        facts: facts.unwrap_or_else(|| amends_engine::Value::Map(std::collections::BTreeMap::new())),
    })
}

/// The part of `value` at `path` (`lines[0].sku`), or the last part on the way that is there.
fn place<'t>(value: &'t Spanned<DeValue<'t>>, path: &str) -> &'t Spanned<DeValue<'t>> {
    path.split(['.', '[', ']'])
        .filter(|name| !name.is_empty())
        .try_fold(value, |value, name| {
            let inner = match value.get_ref() {
                DeValue::Table(table) => table.get(name),
                DeValue::Array(array) => name.parse().ok().and_then(|index: usize| array.get(index)),
                DeValue::String(_)
                | DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_) => None,
            };
            inner.ok_or(value)
        })
        .unwrap_or_else(|last| last)
}
