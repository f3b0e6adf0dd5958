//! Reading TOML tables key by key, so that every mistake is found in one go and has a place.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use amends_engine::Value;
use rust_decimal::Decimal;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Code, RecipeError};
use super::formula::Mistake;

/// Collects the mistakes of one document.
#[derive(Debug)]
pub(super) struct Desk<'t> {
    text: &'t str,
    errors: RefCell<Vec<RecipeError>>,
}

impl<'t> Desk<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            errors: RefCell::new(Vec::new()),
        }
    }

    /// Notes a mistake at byte `at`.
    pub(super) fn report(&self, at: usize, code: Code, message: impl Into<String>) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        self.errors.borrow_mut().push(RecipeError {
            code,
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            message: message.into(),
        });
    }

    /// How many mistakes were noted so far.
    pub(super) fn count(&self) -> usize {
        self.errors.borrow().len()
    }

    pub(super) fn report_all(&self, at: usize, mistakes: Vec<Mistake>) {
        for mistake in mistakes {
            self.report(at, mistake.code, mistake.message);
        }
    }

    /// All mistakes in the order of the text.
    pub(super) fn into_errors(self) -> Vec<RecipeError> {
        let mut errors = self.errors.into_inner();
        errors.sort_by_key(|error| (error.line, error.column));
        errors.dedup();
        errors
    }
}

/// A value and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'d> {
    pub(super) at: usize,
    pub(super) value: &'d DeValue<'d>,
}

/// A table whose keys are taken one after the other; what nobody took is unknown.
#[derive(Debug)]
pub(super) struct Table<'d> {
    pub(super) desk: &'d Desk<'d>,
    /// How messages call it: `[auth]`.
    pub(super) what: String,
    pub(super) at: usize,
    fields: &'d DeTable<'d>,
    asked: RefCell<BTreeSet<&'static str>>,
    forgiven: Cell<bool>,
}

impl<'d> Table<'d> {
    pub(super) fn new(desk: &'d Desk<'d>, what: &str, at: usize, fields: &'d DeTable<'d>) -> Self {
        Self {
            desk,
            what: what.to_owned(),
            at,
            fields,
            asked: RefCell::default(),
            forgiven: Cell::new(false),
        }
    }

    /// The value of `name`, if it is there.
    pub(super) fn item(&self, name: &'static str) -> Option<Item<'d>> {
        self.asked.borrow_mut().insert(name);
        self.fields.get(name).map(item)
    }

    /// Whether `name` is there.
    pub(super) fn has(&self, name: &'static str) -> bool {
        self.item(name).is_some()
    }

    /// The value of `name`, which has to be there.
    pub(super) fn need(&self, name: &'static str) -> Option<Item<'d>> {
        let item = self.item(name);
        if item.is_none() {
            self.missing(name);
        }
        item
    }

    pub(super) fn missing(&self, name: &str) {
        let message = format!("{} needs `{name}`", self.what);
        self.desk.report(self.at, Code::MissingKey, message);
    }

    /// The text of `name`, and where it stands.
    pub(super) fn text(&self, name: &'static str) -> Option<(&'d str, usize)> {
        let item = self.item(name)?;
        self.as_text(name, item)
    }

    /// The text of `name`, which has to be there.
    pub(super) fn need_text(&self, name: &'static str) -> Option<(&'d str, usize)> {
        let item = self.need(name)?;
        self.as_text(name, item)
    }

    pub(super) fn as_text(&self, name: &str, item: Item<'d>) -> Option<(&'d str, usize)> {
        let text = item.value.as_str();
        if text.is_none() {
            self.wrong(name, item, "text");
        }
        text.map(|text| (text, item.at))
    }

    /// The truth value of `name`.
    pub(super) fn truth(&self, name: &'static str) -> Option<bool> {
        let item = self.item(name)?;
        let truth = item.value.as_bool();
        if truth.is_none() {
            self.wrong(name, item, "true or false");
        }
        truth
    }

    /// The whole number of `name`, which has to be there.
    pub(super) fn need_number(&self, name: &'static str) -> Option<u32> {
        let item = self.need(name)?;
        let number = match value(item.value) {
            Ok(Value::Int(number)) => u32::try_from(number).ok(),
            Ok(_) | Err(_) => None,
        };
        if number.is_none() {
            self.wrong(name, item, "a whole number that is not negative");
        }
        number
    }

    /// A length of time in milliseconds: `250ms`, `30s`, `5m`, `20h`, `7d`.
    pub(super) fn duration_ms(&self, name: &'static str) -> Option<i64> {
        let (text, at) = self.text(name)?;
        let span = duration_ms(text);
        if span.is_none() {
            let message = format!(
                "`{text}` is no length of time; write for example \"250ms\", \"30s\", \"5m\", \"20h\" or \"7d\""
            );
            self.desk.report(at, Code::BadDuration, message);
        }
        span
    }

    /// One of the words of `choices`.
    pub(super) fn choice<T: Copy>(&self, name: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let (text, at) = self.text(name)?;
        let chosen = choices
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, choice)| *choice);
        if chosen.is_none() {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            let message = format!("`{name}` cannot be \"{text}\"; it is one of {}", words.join(", "));
            self.desk.report(at, Code::BadValue, message);
        }
        chosen
    }

    /// The table at `name`.
    pub(super) fn table(&self, name: &'static str) -> Option<Table<'d>> {
        let item = self.item(name)?;
        self.as_table(&format!("{}.{name}", self.what), name, item)
    }

    pub(super) fn as_table(&self, what: &str, name: &str, item: Item<'d>) -> Option<Table<'d>> {
        if let DeValue::Table(fields) = item.value {
            Some(Table::new(self.desk, what, item.at, fields))
        } else {
            self.wrong(name, item, "a table");
            None
        }
    }

    /// The tables of the array at `name`.
    pub(super) fn tables(&self, name: &'static str) -> Vec<Table<'d>> {
        let Some(item) = self.item(name) else {
            return Vec::new();
        };
        let DeValue::Array(elements) = item.value else {
            self.wrong(name, item, "a list of tables");
            return Vec::new();
        };
        let what = format!("{}.{name}", self.what);
        elements
            .iter()
            .filter_map(|element| self.as_table(&what, name, self::item(element)))
            .collect()
    }

    /// Leaves every key unread: what it means depends on another that is wrong.
    pub(super) fn forgive(&self) {
        self.forgiven.set(true);
    }

    /// All keys with their values; for tables whose keys are names.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'d str, Item<'d>)> + use<'d> {
        self.fields
            .iter()
            .map(|(name, value)| (name.get_ref().as_ref(), item(value)))
    }

    pub(super) fn wrong(&self, name: &str, item: Item<'_>, wanted: &str) {
        let message = format!(
            "`{name}` of {} takes {wanted}; here is: {}",
            self.what,
            item.value.type_str()
        );
        self.desk.report(item.at, Code::WrongType, message);
    }

    /// Reports every key that was never asked for.
    pub(super) fn finish(self) {
        if self.forgiven.get() {
            return;
        }
        let asked = self.asked.borrow();
        for name in self.fields.keys() {
            if !asked.contains(name.get_ref().as_ref()) {
                let known: Vec<_> = asked.iter().copied().collect();
                let message = format!(
                    "{} has no key `{}`; it has {}",
                    self.what,
                    name.get_ref(),
                    known.join(", ")
                );
                self.desk.report(name.span().start, Code::UnknownKey, message);
            }
        }
    }
}

fn item<'d>(spanned: &'d Spanned<DeValue<'d>>) -> Item<'d> {
    Item {
        at: spanned.span().start,
        value: spanned.get_ref(),
    }
}

fn duration_ms(text: &str) -> Option<i64> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (count, unit) = text.split_at(digits);
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    count.parse::<i64>().ok()?.checked_mul(unit_ms)
}

/// A TOML value as a [`Value`].
///
/// # Errors
/// What cannot be one: dates, numbers out of range.
pub(super) fn value(toml: &DeValue<'_>) -> Result<Value, String> {
    match toml {
        DeValue::String(text) => Ok(Value::text(text.as_ref())),
        DeValue::Integer(number) => i64::from_str_radix(&number.as_str().replace('_', ""), number.radix())
            .map(Value::Int)
            .map_err(|error| error.to_string()),
        DeValue::Float(number) => number
            .as_str()
            .parse::<Decimal>()
            .map(Value::Decimal)
            .map_err(|error| error.to_string()),
        DeValue::Boolean(truth) => Ok(Value::Bool(*truth)),
        DeValue::Datetime(_) => Err("a date; write it as text".to_owned()),
        DeValue::Array(elements) => elements
            .iter()
            .map(|element| value(element.get_ref()))
            .collect::<Result<_, _>>()
            .map(Value::List),
        DeValue::Table(fields) => fields
            .iter()
            .map(|(name, field)| Ok((name.get_ref().to_string(), value(field.get_ref())?)))
            .collect::<Result<_, String>>()
            .map(Value::Map),
    }
}
