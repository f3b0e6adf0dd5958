//! How the text of a document becomes a typed value, and back into text for the effective configuration.

use std::ops::Range;

use toml::de::DeValue;

use super::problem::Code;
use super::reading::Reading;

/// A value of the document with its place.
#[derive(Clone)]
pub struct Node<'n> {
    /// The value.
    pub value: &'n DeValue<'n>,
    /// Where it stands.
    pub bytes: Range<usize>,
    /// The reading it belongs to.
    pub reading: &'n Reading<'n>,
}

/// Why a value was not taken.
#[derive(Debug)]
pub struct Mistake {
    /// What kind of problem it is.
    pub code: Code,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// Where, when narrower than the whole value.
    pub bytes: Option<Range<usize>>,
}

impl Mistake {
    /// A mistake about the whole value.
    pub fn new(code: Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            help: Some(help.into()),
            bytes: None,
        }
    }
}

/// The type of a key's value.
pub trait Setting: Sized {
    /// What the reference calls values of this type, with the unit.
    const KIND: &'static str;

    /// Understands a value.
    ///
    /// # Errors
    /// What is wrong with it and what to write instead.
    fn read(node: &Node<'_>) -> Result<Self, Mistake>;

    /// Stands in for a value that was not understood, so that reading can go on and find more problems. A
    /// configuration with such a value never leaves the reader.
    fn blank() -> Self;

    /// The value as a document would say it; secrets are masked.
    fn show(&self) -> String;

    /// What bounds are compared with; `None` for values that have no size.
    fn magnitude(&self) -> Option<u64> {
        None
    }

    /// A bound as a document would say it.
    fn show_magnitude(magnitude: u64) -> String {
        magnitude.to_string()
    }
}

impl Node<'_> {
    /// The value as text, or the mistake of having written something else.
    ///
    /// # Errors
    /// `config/wrong-type`.
    pub fn text(&self, wanted: &str) -> Result<&str, Mistake> {
        match self.value {
            DeValue::String(text) => Ok(text),
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => Err(self.wrong_type(wanted)),
        }
    }

    /// The mistake of having written a value of another type.
    pub fn wrong_type(&self, wanted: &str) -> Mistake {
        let found = match self.value {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number with a fraction",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        Mistake::new(
            Code::WrongType,
            format!("this is {found}"),
            format!("write {wanted}"),
        )
    }
}

impl Setting for String {
    const KIND: &'static str = "text";

    fn read(node: &Node<'_>) -> Result<Self, Mistake> {
        node.text("text in quotes").map(ToOwned::to_owned)
    }

    fn blank() -> Self {
        Self::new()
    }

    fn show(&self) -> String {
        quoted(self)
    }
}

impl Setting for bool {
    const KIND: &'static str = "true or false";

    fn read(node: &Node<'_>) -> Result<Self, Mistake> {
        node.value
            .as_bool()
            .ok_or_else(|| node.wrong_type("true or false, without quotes"))
    }

    fn blank() -> Self {
        false
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Setting for u32 {
    const KIND: &'static str = "whole number";

    fn read(node: &Node<'_>) -> Result<Self, Mistake> {
        let DeValue::Integer(digits) = node.value else {
            return Err(node.wrong_type("a whole number, without quotes"));
        };
        Self::from_str_radix(digits.as_str(), digits.radix()).map_err(|_| {
            Mistake::new(
                Code::OutOfRange,
                format!("{digits} is not a number from 0 to {}", Self::MAX),
                "write a smaller or a positive one",
            )
        })
    }

    fn blank() -> Self {
        0
    }

    fn show(&self) -> String {
        self.to_string()
    }

    fn magnitude(&self) -> Option<u64> {
        Some(u64::from(*self))
    }
}

impl<T: Setting> Setting for Vec<T> {
    const KIND: &'static str = "list";

    fn read(node: &Node<'_>) -> Result<Self, Mistake> {
        let items = node
            .value
            .as_array()
            .ok_or_else(|| node.wrong_type("a list: [a, b]"))?;
        let item = |item: &toml::Spanned<DeValue<'_>>| {
            let node = Node {
                value: item.get_ref(),
                bytes: item.span(),
                reading: node.reading,
            };
            T::read(&node).map_err(|mistake| Mistake {
                bytes: Some(mistake.bytes.clone().unwrap_or(item.span())),
                ..mistake
            })
        };
        items.iter().map(item).collect()
    }

    fn blank() -> Self {
        Self::new()
    }

    fn show(&self) -> String {
        format!("[{}]", self.iter().map(T::show).collect::<Vec<_>>().join(", "))
    }
}

/// `text` as a TOML string.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
