//! One table of a document: reads its keys, its tables, and refuses what nobody reads.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use miette::Severity;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::effective::{Effective, Origin};
use super::key::{Fallback, Key};
use super::nearest::suggestion;
use super::problem::{Code, Finding};
use super::reading::Reading;
use super::setting::{Mistake, Node, Setting};

/// Checks a name that the document's author chose.
pub type NameRule = fn(&str) -> Result<(), Mistake>;

/// One table of a document, or the absence of one.
pub struct Section<'s> {
    reading: &'s Reading<'s>,
    table: Option<&'s DeTable<'s>>,
    /// `shops.eu-shop.rest`
    path: String,
    /// The same with chosen names taken out: `shops.NAME.rest`
    pattern: String,
    bytes: Range<usize>,
    known: RefCell<BTreeSet<&'static str>>,
}

impl<'s> Section<'s> {
    /// The whole document.
    pub(super) fn root(reading: &'s Reading<'s>, table: &'s DeTable<'s>) -> Self {
        Self {
            reading,
            table: Some(table),
            path: String::new(),
            pattern: String::new(),
            bytes: 0..0,
            known: RefCell::default(),
        }
    }

    /// The reading this table belongs to.
    pub fn reading(&self) -> &'s Reading<'s> {
        self.reading
    }

    /// Whether the document has this table at all.
    pub fn is_present(&self) -> bool {
        self.table.is_some()
    }

    /// The value of `key`, its default, or a reported problem.
    pub fn get<T: Setting>(&self, key: &Key<T>) -> T {
        match self.find(key) {
            Some(value) => value,
            None => match key.entry().fallback {
                Fallback::Value(text) => self.fall_back(key, text),
                Fallback::Required | Fallback::Absent(_) => self.miss(key.entry().name),
            },
        }
    }

    /// The value of a key that may be absent.
    pub fn optional<T: Setting>(&self, key: &Key<T>) -> Option<T> {
        self.find(key)
    }

    /// The value of `key`, or `default` when the document does not say.
    pub fn get_or<T: Setting>(&self, key: &Key<T>, default: T) -> T {
        self.find(key).unwrap_or_else(|| {
            self.note(key.entry().name, default.show(), Origin::Default);
            default
        })
    }

    /// The table `name`.
    #[must_use]
    pub fn table(&self, name: &'static str) -> Section<'s> {
        self.known.borrow_mut().insert(name);
        let Some((value, bytes)) = self.value(name) else {
            return self.inner(name, name, None, self.bytes.clone());
        };
        if value.as_table().is_none() {
            let wanted = format!("a table: [{}]", self.at(name));
            self.report(self.node(value, bytes.clone()).wrong_type(&wanted), bytes.clone());
        }
        self.inner(name, name, value.as_table(), bytes)
    }

    /// The tables of `name`, each under a name of the author's choice.
    pub fn each<T>(
        &self,
        name: &'static str,
        rule: NameRule,
        read: impl Fn(&Section<'s>) -> T,
    ) -> BTreeMap<String, T> {
        let group = self.table(name);
        let mut found = BTreeMap::new();
        for (key, value) in group.table.into_iter().flatten() {
            if let Err(mistake) = rule(key.get_ref()) {
                group.report(mistake, key.span());
            }
            let table = value.get_ref().as_table();
            if table.is_none() {
                let wanted = format!("a table: [{}]", group.at(key.get_ref()));
                group.report(
                    group.node(value.get_ref(), value.span()).wrong_type(&wanted),
                    value.span(),
                );
            }
            let inner = group.inner(key.get_ref(), "NAME", table, value.span());
            found.insert(key.get_ref().to_string(), read(&inner));
            inner.end();
        }
        found
    }

    /// The values of the table `name`, each under a name of the author's choice.
    pub fn values<T: Setting>(&self, name: &'static str, rule: NameRule) -> BTreeMap<String, T> {
        let group = self.table(name);
        self.reading.ask(&group.pattern, "NAME");
        let mut found = BTreeMap::new();
        for (key, value) in group.table.into_iter().flatten() {
            if let Err(mistake) = rule(key.get_ref()) {
                group.report(mistake, key.span());
            }
            let taken = group.take::<T>(key.get_ref(), value.get_ref(), value.span());
            found.insert(key.get_ref().to_string(), taken.unwrap_or_else(T::blank));
        }
        found
    }

    /// The tables of the list `name`: `[[routing.rule]]`.
    pub fn list<T>(&self, name: &'static str, read: impl Fn(&Section<'s>) -> T) -> Vec<T> {
        self.known.borrow_mut().insert(name);
        let Some((value, bytes)) = self.value(name) else {
            return Vec::new();
        };
        let Some(items) = value.as_array() else {
            self.report(
                self.node(value, bytes.clone())
                    .wrong_type(&format!("tables: [[{}]]", self.at(name))),
                bytes,
            );
            return Vec::new();
        };
        let read_item = |(index, item): (usize, &'s Spanned<DeValue<'s>>)| {
            let inner = self.inner(
                &format!("{name}[{index}]"),
                name,
                item.get_ref().as_table(),
                item.span(),
            );
            let read = read(&inner);
            inner.end();
            read
        };
        items.iter().enumerate().map(read_item).collect()
    }

    /// Reports every key that nothing has asked for. Call it last.
    pub fn end(&self) {
        let known = self.known.borrow();
        for (key, value) in self.table.into_iter().flatten() {
            if known.contains(key.get_ref().as_ref()) {
                continue;
            }
            // What stands behind a misspelt key may be a credential.
            self.reading.veil(value.span());
            let words: Vec<_> = known.iter().copied().collect();
            let message = format!("there is no key `{}`", self.at(key.get_ref()));
            let help = suggestion(key.get_ref(), &words);
            self.report(
                Mistake {
                    code: Code::UnknownKey,
                    message,
                    help,
                    bytes: None,
                },
                key.span(),
            );
        }
    }

    /// Reports something wrong with `key`, or with the table when the key is absent.
    pub fn refuse<T: Setting>(&self, key: &Key<T>, mistake: Mistake) {
        let bytes = self
            .value(key.entry().name)
            .map_or(self.bytes.clone(), |(_, bytes)| bytes);
        self.report(mistake, bytes);
    }

    /// Reports something doubtful about `key` that does not stop the server.
    pub fn warn<T: Setting>(&self, key: &Key<T>, mistake: Mistake) {
        let bytes = self
            .value(key.entry().name)
            .map_or(self.bytes.clone(), |(_, bytes)| bytes);
        self.reading.report(finding(mistake, bytes, Severity::Warning));
    }

    fn find<T: Setting>(&self, key: &Key<T>) -> Option<T> {
        let name = key.entry().name;
        self.known.borrow_mut().insert(name);
        self.reading.ask(&self.pattern, name);
        let (value, bytes) = self.value(name)?;
        let taken = self.take::<T>(name, value, bytes.clone());
        if let (Some((low, high)), Some(size)) = (key.entry().bounds, taken.as_ref().and_then(T::magnitude))
            && !(low..=high).contains(&size)
        {
            let message = format!("`{}` is {}", self.at(name), T::show_magnitude(size));
            let help = format!("write {} to {}", T::show_magnitude(low), T::show_magnitude(high));
            self.report(Mistake::new(Code::OutOfRange, message, help), bytes);
        }
        Some(taken.unwrap_or_else(T::blank))
    }

    fn take<T: Setting>(&self, name: &str, value: &'s DeValue<'s>, bytes: Range<usize>) -> Option<T> {
        match T::read(&self.node(value, bytes.clone())) {
            Ok(taken) => {
                self.note(name, taken.show(), Origin::Document);
                Some(taken)
            }
            Err(mistake) => {
                let message = format!("`{}`: {}", self.at(name), mistake.message);
                self.report(Mistake { message, ..mistake }, bytes);
                None
            }
        }
    }

    fn fall_back<T: Setting>(&self, key: &Key<T>, text: &'static str) -> T {
        let value = DeValue::parse(text).expect("a test reads every default");
        let node = Node {
            value: value.get_ref(),
            bytes: self.bytes.clone(),
            reading: self.reading,
        };
        let default = T::read(&node).expect("a test reads every default");
        self.note(key.entry().name, default.show(), Origin::Default);
        default
    }

    fn miss<T: Setting>(&self, name: &str) -> T {
        let message = format!("`{}` is missing", self.at(name));
        self.report(
            Mistake::new(
                Code::MissingKey,
                message,
                format!("add {name} = ... ({})", T::KIND),
            ),
            self.bytes.clone(),
        );
        T::blank()
    }

    fn inner(
        &self,
        name: &str,
        pattern: &str,
        table: Option<&'s DeTable<'s>>,
        bytes: Range<usize>,
    ) -> Section<'s> {
        let pattern = if self.pattern.is_empty() {
            pattern.to_owned()
        } else {
            format!("{}.{pattern}", self.pattern)
        };
        Section {
            reading: self.reading,
            table,
            path: self.at(name),
            pattern,
            bytes,
            known: RefCell::default(),
        }
    }

    fn value(&self, name: &str) -> Option<(&'s DeValue<'s>, Range<usize>)> {
        self.table?.get(name).map(|value| (value.get_ref(), value.span()))
    }

    fn node(&self, value: &'s DeValue<'s>, bytes: Range<usize>) -> Node<'s> {
        Node {
            value,
            bytes,
            reading: self.reading,
        }
    }

    fn at(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    fn note(&self, name: &str, shown: String, origin: Origin) {
        self.reading.note(Effective {
            table: self.path.clone(),
            key: name.to_owned(),
            shown,
            origin,
        });
    }

    fn report(&self, mistake: Mistake, bytes: Range<usize>) {
        self.reading.report(finding(mistake, bytes, Severity::Error));
    }
}

fn finding(mistake: Mistake, bytes: Range<usize>, severity: Severity) -> Finding {
    let bytes = mistake.bytes.unwrap_or(bytes);
    Finding {
        code: mistake.code,
        message: mistake.message,
        help: mistake.help,
        bytes,
        severity,
    }
}
