//! Keys: what a document may say, in one place for the reader and for the reference.

use std::marker::PhantomData;

use super::setting::Setting;

/// What holds when a document does not mention a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// Nothing: the key must be there.
    Required,
    /// This value, written as in a document.
    Value(&'static str),
    /// No value at all; the text says what that means.
    Absent(&'static str),
}

/// What the reference says about a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The last part of the key.
    pub name: &'static str,
    /// What its value looks like, with the unit.
    pub kind: &'static str,
    /// What holds without it.
    pub fallback: Fallback,
    /// Smallest and largest value, in the unit of the kind (durations: milliseconds, sizes: bytes).
    pub bounds: Option<(u64, u64)>,
    /// What it is for.
    pub about: &'static str,
}

/// A key whose value becomes a `T`.
#[derive(Debug)]
pub struct Key<T> {
    entry: Entry,
    value: PhantomData<fn() -> T>,
}

impl<T: Setting> Key<T> {
    /// A key with a default, written as in a document: `"\"30s\""`.
    pub const fn new(name: &'static str, default: &'static str, about: &'static str) -> Self {
        Self::with(name, Fallback::Value(default), about)
    }

    /// A key every document must have.
    pub const fn required(name: &'static str, about: &'static str) -> Self {
        Self::with(name, Fallback::Required, about)
    }

    /// A key that may be absent; `without` says what that means.
    pub const fn optional(name: &'static str, without: &'static str, about: &'static str) -> Self {
        Self::with(name, Fallback::Absent(without), about)
    }

    /// The same key, refusing values outside `low..=high` (durations: milliseconds, sizes: bytes).
    #[must_use]
    pub const fn within(mut self, low: u64, high: u64) -> Self {
        self.entry.bounds = Some((low, high));
        self
    }

    /// What the reference says about this key.
    pub const fn entry(&self) -> Entry {
        self.entry
    }

    const fn with(name: &'static str, fallback: Fallback, about: &'static str) -> Self {
        Self {
            entry: Entry {
                name,
                kind: T::KIND,
                fallback,
                bounds: None,
                about,
            },
            value: PhantomData,
        }
    }
}
