//! JSON read lazily, field by field, with the place of every complaint.
//!
//! Storefront plugins send the same field as text, number, `false`, `null` or nothing, and PHP sends an empty list
//! where an object is meant and an object with numbers for names where a list is meant. A node takes what can only
//! mean one thing and names the path of everything else. Numbers are read from their own digits: no amount ever
//! passes through a float.

use std::fmt;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON value that was checked for syntax but not yet read, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    raw: &'a str,
    path: String,
}

/// A value that cannot mean what its place demands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// The whole text is not JSON.
    #[error("line {line}, column {column}: {message}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// One value is of the wrong kind.
    #[error("{path}: expected {expected}, found {found}")]
    Wrong {
        /// Where: `line_items[2].total`.
        path: String,
        /// What would have been right.
        expected: &'static str,
        /// What stands there, shortened.
        found: String,
    },
}

/// What an object holds, in its own order; of a name that stands twice the last counts.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a> {
    fields: Vec<(String, &'a RawValue)>,
    path: String,
}

/// Characters of a wrong value shown in an error: enough to recognise, too few to leak a record.
const SHOWN_MAX: usize = 24;

impl<'a> Node<'a> {
    /// Checks the syntax of the whole `text`.
    pub(super) fn parse(text: &'a str) -> Result<Self, NodeError> {
        let raw: &RawValue =
            serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| NodeError::Syntax {
                line: error.line(),
                column: error.column(),
                message: error.to_string(),
            })?;
        Ok(Self {
            raw: raw.get(),
            path: String::new(),
        })
    }

    /// Where this stands.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The JSON text of this value.
    pub(super) fn raw(&self) -> &'a str {
        self.raw
    }

    fn wrong(&self, expected: &'static str) -> NodeError {
        let mut found: String = self.raw.chars().take(SHOWN_MAX).collect();
        if found.len() < self.raw.len() {
            found.push('…');
        }
        let path = if self.path.is_empty() {
            "the body".to_owned()
        } else {
            self.path.clone()
        };
        NodeError::Wrong {
            path,
            expected,
            found,
        }
    }

    /// Whether PHP means "nothing" by it.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self.raw, "null" | "false" | "\"\"")
    }

    /// Whether it is an object.
    pub(super) fn is_object(&self) -> bool {
        self.raw.starts_with('{')
    }

    /// An object; nothing and an empty list are an object without fields.
    pub(super) fn fields(&self) -> Result<Fields<'a>, NodeError> {
        let path = self.path.clone();
        if self.is_empty() || self.is_empty_list() {
            return Ok(Fields {
                fields: Vec::new(),
                path,
            });
        }
        let Pairs(fields) = serde_json::from_str(self.raw).map_err(|_| self.wrong("an object"))?;
        Ok(Fields { fields, path })
    }

    fn is_empty_list(&self) -> bool {
        self.raw
            .strip_prefix('[')
            .is_some_and(|rest| rest.trim_start() == "]")
    }

    /// A list; nothing is an empty one, and an object is the list of its values.
    pub(super) fn list(&self) -> Result<Vec<Node<'a>>, NodeError> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        let elements: Vec<&'a RawValue> = if self.is_object() {
            let Pairs(pairs) = serde_json::from_str(self.raw).map_err(|_| self.wrong("a list"))?;
            pairs.into_iter().map(|(_, value)| value).collect()
        } else {
            serde_json::from_str(self.raw).map_err(|_| self.wrong("a list"))?
        };
        let at = |(index, raw): (usize, &'a RawValue)| Node {
            raw: raw.get(),
            path: format!("{}[{index}]", self.path),
        };
        Ok(elements.into_iter().enumerate().map(at).collect())
    }

    /// Text; nothing is empty text, and a number or truth value is its own spelling.
    pub(super) fn text(&self) -> Result<String, NodeError> {
        if self.is_empty() {
            return Ok(String::new());
        }
        match self.raw.as_bytes().first() {
            Some(b'"') => serde_json::from_str(self.raw).map_err(|_| self.wrong("valid text")),
            Some(b'{' | b'[') | None => Err(self.wrong("text")),
            Some(_) => Ok(self.raw.to_owned()),
        }
    }

    /// A whole number, also as text; nothing is 0.
    pub(super) fn int(&self) -> Result<i64, NodeError> {
        let text = self.text()?;
        let text = text.trim();
        if text.is_empty() {
            Ok(0)
        } else {
            text.parse().map_err(|_| self.wrong("a whole number"))
        }
    }

    /// An exact number, as text or as digits; nothing is 0. Absolute values above `max` are refused.
    pub(super) fn decimal(&self, max: Decimal) -> Result<Decimal, NodeError> {
        let text = self.text()?;
        let text = text.trim();
        if text.is_empty() {
            return Ok(Decimal::ZERO);
        }
        let number = exact(text).ok_or_else(|| self.wrong("an amount like \"22.49\""))?;
        if number.abs() > max {
            Err(self.wrong("a smaller amount"))
        } else {
            Ok(number)
        }
    }

    /// Epoch milliseconds of a time in UTC, written without a zone (`2026-11-23T18:30:06`); `None` for nothing.
    pub(super) fn utc_ms(&self) -> Result<Option<i64>, NodeError> {
        let text = self.text()?;
        let text = text.trim().trim_end_matches('Z');
        if text.is_empty() {
            return Ok(None);
        }
        let time = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f")
            .map_err(|_| self.wrong("a time like \"2026-11-23T18:30:06\""))?;
        Ok(Some(time.and_utc().timestamp_millis()))
    }
}

/// At most 28 digits and no more: what a decimal cannot hold exactly is refused instead of rounded.
fn exact(text: &str) -> Option<Decimal> {
    if text.contains(['e', 'E']) {
        Decimal::from_scientific(text).ok()
    } else {
        Decimal::from_str_exact(text).ok()
    }
}

impl<'a> Fields<'a> {
    /// Whether the field stands there at all.
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| field == name)
    }

    /// How many fields there are.
    pub(super) fn len(&self) -> usize {
        self.fields.len()
    }

    /// The names, in the object's own order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(name, _)| name.as_str())
    }

    /// The field, or `null` when it is absent.
    pub(super) fn get(&self, name: &str) -> Node<'a> {
        let raw = self
            .fields
            .iter()
            .rev()
            .find(|(field, _)| field == name)
            .map_or("null", |(_, raw)| raw.get());
        let path = if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        };
        Node { raw, path }
    }

    /// The field, which must not be nothing.
    pub(super) fn required(&self, name: &str) -> Result<Node<'a>, NodeError> {
        let node = self.get(name);
        if node.is_empty() {
            Err(node.wrong("a value"))
        } else {
            Ok(node)
        }
    }
}

struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(raw: &str) -> Node<'_> {
        Node::parse(raw).unwrap()
    }

    #[test]
    fn takes_what_can_only_mean_one_thing() {
        for (raw, expect) in [
            ("\"22.49\"", "22.49"),
            ("22.49", "22.49"),
            ("1e2", "100"),
            ("\"\"", "0"),
            ("null", "0"),
        ] {
            let expect: Decimal = expect.parse().unwrap();
            assert_eq!(node(raw).decimal(Decimal::MAX), Ok(expect), "{raw}");
        }
        assert_eq!(
            node("8.956666666666667")
                .decimal(Decimal::MAX)
                .unwrap()
                .to_string(),
            "8.956666666666667"
        );
        assert_eq!(node("\"17\"").int(), Ok(17));
        assert_eq!(node("false").text(), Ok(String::new()));
        assert_eq!(node("{\"2\":1,\"1\":2}").list().unwrap().len(), 2);
        assert_eq!(node("[ ]").fields().unwrap().len(), 0);
        assert_eq!(
            node("\"2026-11-23T18:30:06\"").utc_ms(),
            Ok(Some(1_795_458_606_000))
        );
    }

    #[test]
    fn names_the_place_of_what_it_cannot_take() {
        let check = |result: Result<(), NodeError>, expect: &str| {
            assert_eq!(result.unwrap_err().to_string(), expect);
        };
        let body = node(r#"{"a":[{"total":"12,50"},{"total":{"x":1}}],"when":"yesterday","n":1.5}"#);
        let fields = body.fields().unwrap();
        let lines = fields.get("a").list().unwrap();
        let total = |index: usize| {
            lines[index]
                .fields()
                .unwrap()
                .get("total")
                .decimal(Decimal::MAX)
                .map(drop)
        };
        check(
            total(0),
            "a[0].total: expected an amount like \"22.49\", found \"12,50\"",
        );
        check(total(1), "a[1].total: expected text, found {\"x\":1}");
        check(
            fields.get("when").utc_ms().map(drop),
            "when: expected a time like \"2026-11-23T18:30:06\", found \"yesterday\"",
        );
        check(
            fields.get("n").int().map(drop),
            "n: expected a whole number, found 1.5",
        );
        check(
            fields.required("id").map(drop),
            "id: expected a value, found null",
        );
        check(
            node("99999").decimal(Decimal::TEN).map(drop),
            "the body: expected a smaller amount, found 99999",
        );
    }

    #[test]
    fn numbers_beyond_a_decimal_are_refused_not_rounded() {
        for raw in [
            "1e999",
            "\"123456789012345678901234567890\"",
            "0.12345678901234567890123456789012345",
        ] {
            assert!(node(raw).decimal(Decimal::MAX).is_err(), "{raw}");
        }
    }
}
