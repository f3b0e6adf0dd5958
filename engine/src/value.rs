//! The values that expressions read and produce.
//!
//! There are no floats: money is an exact [`Decimal`] until the ledger turns it into minor units. Maps are
//! sorted, so that equal values have equal bytes.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::Digest;

/// A value without floats and with one byte representation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum Value {
    /// Absent or explicitly empty.
    #[default]
    Null,
    /// Truth.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// An exact decimal number, for example `22.49`.
    Decimal(#[serde(with = "rust_decimal::serde::str")] Decimal),
    /// UTF-8 text.
    Text(String),
    /// Values in order.
    List(Vec<Value>),
    /// Values by name, sorted by name.
    Map(BTreeMap<String, Value>),
}

impl Value {
    /// A map from the given pairs; a later pair wins over an earlier one of the same name.
    pub fn map<K: Into<String>>(pairs: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::Map(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value))
                .collect(),
        )
    }

    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// The field `name` of a map; `None` for anything else.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.as_map()?.get(name)
    }

    /// Follows a dotted path of field names (`totals.minor`) through maps.
    pub fn path(&self, dotted: &str) -> Option<&Value> {
        dotted.split('.').try_fold(self, |value, name| value.get(name))
    }

    /// The truth value, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(truth) = self {
            Some(*truth)
        } else {
            None
        }
    }

    /// The whole number, also from a decimal without a fraction.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Decimal(number) if number.fract().is_zero() => i64::try_from(number.trunc()).ok(),
            Self::Null | Self::Bool(_) | Self::Decimal(_) | Self::Text(_) | Self::List(_) | Self::Map(_) => {
                None
            }
        }
    }

    /// The number as an exact decimal.
    pub fn as_decimal(&self) -> Option<Decimal> {
        match self {
            Self::Int(number) => Some(Decimal::from(*number)),
            Self::Decimal(number) => Some(*number),
            Self::Null | Self::Bool(_) | Self::Text(_) | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// The text, if this is text.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// The elements, if this is a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        if let Self::List(elements) = self {
            Some(elements)
        } else {
            None
        }
    }

    /// The fields, if this is a map.
    pub fn as_map(&self) -> Option<&BTreeMap<String, Value>> {
        if let Self::Map(fields) = self {
            Some(fields)
        } else {
            None
        }
    }

    /// What kind of value this is, in the words of error messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Int(_) => "a whole number",
            Self::Decimal(_) => "a decimal",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }

    /// The digest of the canonical text of this value.
    pub fn digest(&self) -> Digest {
        Digest::of(self.to_string().as_bytes())
    }
}

/// Canonical JSON: sorted names, no spaces, decimals as `{"$decimal":"22.49"}` so that they stay distinct from
/// text and survive any JSON reader without loss.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Int(number) => write!(f, "{number}"),
            Self::Decimal(number) => write!(f, "{{\"$decimal\":\"{}\"}}", number.normalize()),
            Self::Text(text) => write_json_text(f, text),
            Self::List(elements) => {
                f.write_str("[")?;
                for (index, element) in elements.iter().enumerate() {
                    write!(f, "{}{element}", if index == 0 { "" } else { "," })?;
                }
                f.write_str("]")
            }
            Self::Map(fields) => {
                f.write_str("{")?;
                for (index, (name, value)) in fields.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { "," })?;
                    write_json_text(f, name)?;
                    write!(f, ":{value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_json_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            control if u32::from(control) < 0x20 => write!(f, "\\u{:04x}", u32::from(control))?,
            plain => write!(f, "{plain}")?,
        }
    }
    f.write_str("\"")
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<Decimal> for Value {
    fn from(number: Decimal) -> Self {
        Self::Decimal(number)
    }
}
