//! Reads tables of a document: each key is taken once, and what is left over is unknown.

use std::collections::BTreeMap;
use std::sync::Arc;

use amends_engine::Value;
use rust_decimal::Decimal;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Code, Problem};
use super::source::{Located, Source, Written};
use crate::cel::Span;
use crate::suggest::nearest;

/// Reads a document and gathers what is wrong with it.
pub(super) struct Reader {
    pub(super) source: Arc<Source>,
    pub(super) problems: Vec<Problem>,
}

/// A table whose keys have not all been looked at.
pub(super) struct Table<'t> {
    entries: Vec<(String, Span, &'t Spanned<DeValue<'t>>)>,
    /// Keys that were asked for, for suggestions.
    known: Vec<&'static str>,
    /// What the table is, for messages: "step".
    what: &'static str,
    pub(super) span: Span,
}

impl Reader {
    pub(super) fn new(source: Arc<Source>) -> Self {
        Self {
            source,
            problems: Vec::new(),
        }
    }

    pub(super) fn report(
        &mut self,
        code: Code,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.problems.push(Problem::new(
            &self.source,
            code,
            span,
            message.into(),
            help.into(),
        ));
    }

    pub(super) fn table<'t>(
        &mut self,
        value: &'t Spanned<DeValue<'t>>,
        what: &'static str,
    ) -> Option<Table<'t>> {
        if let DeValue::Table(table) = value.get_ref() {
            return Some(Table::new(table, span_of(value), what));
        }
        self.wrong_type(value, "a table");
        None
    }

    pub(super) fn list<'t>(&mut self, value: &'t Spanned<DeValue<'t>>) -> Vec<&'t Spanned<DeValue<'t>>> {
        if let DeValue::Array(array) = value.get_ref() {
            return array.iter().collect();
        }
        self.wrong_type(value, "a list");
        Vec::new()
    }

    pub(super) fn text<'t>(&mut self, value: &'t Spanned<DeValue<'t>>) -> Option<Written> {
        if let DeValue::String(text) = value.get_ref() {
            return Some(self.written(text, span_of(value)));
        }
        self.wrong_type(value, "text in quotes");
        None
    }

    /// Finds where the first letter stands; texts with escapes do not stand there letter by letter.
    fn written(&self, text: &str, span: Span) -> Written {
        let raw = self.source.text().get(span.start..span.end).unwrap_or_default();
        let inner = raw
            .find(text)
            .filter(|_| !text.is_empty())
            .map(|at| span.start + at);
        Written {
            text: text.to_owned(),
            span,
            inner: inner.or(text.is_empty().then_some(span.start + 1)),
        }
    }

    pub(super) fn truth(&mut self, value: &Spanned<DeValue<'_>>) -> Option<bool> {
        if let DeValue::Boolean(truth) = value.get_ref() {
            return Some(*truth);
        }
        self.wrong_type(value, "true or false without quotes");
        None
    }

    pub(super) fn whole<T: TryFrom<i64>>(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        range: &str,
    ) -> Option<Located<T>> {
        let DeValue::Integer(number) = value.get_ref() else {
            self.wrong_type(value, "a whole number without quotes");
            return None;
        };
        let span = span_of(value);
        let parsed = i64::from_str_radix(number.as_str(), number.radix()).ok();
        let Some(value) = parsed.and_then(|number| T::try_from(number).ok()) else {
            self.report(
                Code::OutOfRange,
                span,
                format!("`{number}` is out of range"),
                format!("write {range}"),
            );
            return None;
        };
        Some(Located { value, span })
    }

    /// A number with or without a point, exactly as written.
    pub(super) fn decimal(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Decimal> {
        let written = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::Float(number) => number.as_str().to_owned(),
            DeValue::String(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => {
                self.wrong_type(value, "a number without quotes");
                return None;
            }
        };
        let exact = Decimal::from_str_exact(&written).ok();
        if exact.is_none() {
            let message = format!("`{written}` is not an exact decimal");
            self.report(
                Code::OutOfRange,
                span_of(value),
                message,
                "write it plainly, for example 2.0",
            );
        }
        exact
    }

    /// Any value, for samples.
    pub(super) fn value(&mut self, value: &Spanned<DeValue<'_>>) -> Value {
        match value.get_ref() {
            DeValue::String(text) => Value::text(text.as_ref()),
            DeValue::Integer(_) => self
                .whole(value, "a smaller number")
                .map_or(Value::Null, |number| Value::Int(number.value)),
            DeValue::Float(_) => self.decimal(value).map_or(Value::Null, Value::Decimal),
            DeValue::Boolean(truth) => Value::Bool(*truth),
            DeValue::Datetime(_) => {
                self.wrong_type(value, "milliseconds since 1970, as a whole number");
                Value::Null
            }
            DeValue::Array(elements) => {
                Value::List(elements.iter().map(|element| self.value(element)).collect())
            }
            DeValue::Table(table) => Value::Map(
                table
                    .iter()
                    .map(|(name, value)| (name.get_ref().to_string(), self.value(value)))
                    .collect::<BTreeMap<_, _>>(),
            ),
        }
    }

    pub(super) fn wrong_type(&mut self, value: &Spanned<DeValue<'_>>, wanted: &str) {
        let found = match value.get_ref() {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.report(
            Code::WrongType,
            span_of(value),
            format!("this is {found}"),
            format!("write {wanted}"),
        );
    }
}

impl<'t> Table<'t> {
    pub(super) fn new(table: &'t DeTable<'t>, span: Span, what: &'static str) -> Self {
        let entries = table
            .iter()
            .map(|(name, value)| {
                let key = name.span();
                let span = Span {
                    start: key.start,
                    end: key.end,
                };
                (name.get_ref().to_string(), span, value)
            })
            .collect();
        Self {
            entries,
            known: Vec::new(),
            what,
            span,
        }
    }

    /// Takes the value of `name` out.
    pub(super) fn take(&mut self, name: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.take_with_key(name).map(|(_, value)| value)
    }

    /// Takes the value of `name` out, with the place of the name.
    pub(super) fn take_with_key(&mut self, name: &'static str) -> Option<(Span, &'t Spanned<DeValue<'t>>)> {
        self.known.push(name);
        let at = self.entries.iter().position(|(known, ..)| known == name)?;
        let (_, span, value) = self.entries.remove(at);
        Some((span, value))
    }

    /// The value of a key that must be there.
    pub(super) fn need(
        &mut self,
        reader: &mut Reader,
        name: &'static str,
        example: &str,
    ) -> Option<&'t Spanned<DeValue<'t>>> {
        let value = self.take(name);
        if value.is_none() {
            let message = format!("this {} has no `{name}`", self.what);
            reader.report(
                Code::MissingKey,
                self.span,
                message,
                format!("add {name} = {example}"),
            );
        }
        value
    }

    /// Takes all that is left, for tables with free names.
    pub(super) fn rest(self) -> Vec<(Located<String>, &'t Spanned<DeValue<'t>>)> {
        self.entries
            .into_iter()
            .map(|(value, span, entry)| (Located { value, span }, entry))
            .collect()
    }

    /// Reports what is left.
    pub(super) fn finish(self, reader: &mut Reader) {
        for (name, span, _) in self.entries {
            let help = match nearest(&name, self.known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("a {} may have: {}", self.what, self.known.join(", ")),
            };
            reader.report(
                Code::UnknownKey,
                span,
                format!("a {} has no `{name}`", self.what),
                help,
            );
        }
    }
}

/// Where a value stands.
pub(super) fn span_of(value: &Spanned<DeValue<'_>>) -> Span {
    let span = value.span();
    Span {
        start: span.start,
        end: span.end,
    }
}
