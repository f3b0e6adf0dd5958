//! What a value looks like: enough to find a misspelt field before an order does.

use std::collections::BTreeMap;

use amends_engine::Value;
use rust_decimal::Decimal;

/// What a value looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// Nothing is known.
    Any,
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// An exact decimal; a whole number will do.
    Decimal,
    /// Text.
    Text,
    /// Elements of one shape.
    List(Box<Shape>),
    /// Known fields.
    Record(BTreeMap<String, Shape>),
    /// Fields of any name, all of one shape.
    Dictionary(Box<Shape>),
    /// May be empty.
    Optional(Box<Shape>),
}

/// Where a value differs from a shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The path of the differing part, empty for the value itself.
    pub path: String,
    /// What is wrong there.
    pub what: String,
    /// The name that was probably meant.
    pub near: Option<String>,
}

impl Shape {
    /// A record with these fields.
    pub fn record<const N: usize>(fields: [(&str, Shape); N]) -> Self {
        Self::Record(
            fields
                .into_iter()
                .map(|(name, shape)| (name.to_owned(), shape))
                .collect(),
        )
    }

    /// A list of such elements.
    pub fn list(element: Shape) -> Self {
        Self::List(Box::new(element))
    }

    /// Such a value or nothing.
    #[must_use]
    pub fn optional(self) -> Self {
        Self::Optional(Box::new(self))
    }

    /// The shape without "may be empty".
    pub fn present(&self) -> &Shape {
        if let Self::Optional(inner) = self {
            inner
        } else {
            self
        }
    }

    /// What such a value is, in the words of messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Any => "anything",
            Self::Bool => "true or false",
            Self::Int => "a whole number",
            Self::Decimal => "a number",
            Self::Text => "text",
            Self::List(_) => "a list",
            Self::Record(_) | Self::Dictionary(_) => "a map",
            Self::Optional(inner) => inner.kind(),
        }
    }

    /// Where `value` differs from this shape: the first place in sorted order.
    ///
    /// # Errors
    /// [`Mismatch`] for a wrong kind, an unknown field or a missing one.
    pub fn check(&self, value: &Value) -> Result<(), Mismatch> {
        self.check_at(value, String::new())
    }

    fn check_at(&self, value: &Value, path: String) -> Result<(), Mismatch> {
        match (self, value) {
            (Self::Any, _)
            | (Self::Bool, Value::Bool(_))
            | (Self::Int, Value::Int(_))
            | (Self::Decimal, Value::Int(_) | Value::Decimal(_))
            | (Self::Text, Value::Text(_))
            | (Self::Optional(_), Value::Null) => Ok(()),
            (Self::Optional(inner), value) => inner.check_at(value, path),
            (Self::List(element), Value::List(values)) => values
                .iter()
                .enumerate()
                .try_for_each(|(index, value)| element.check_at(value, format!("{path}[{index}]"))),
            (Self::Dictionary(inner), Value::Map(fields)) => fields
                .iter()
                .try_for_each(|(name, value)| inner.check_at(value, below(&path, name))),
            (Self::Record(shapes), Value::Map(fields)) => check_record(shapes, fields, &path),
            (shape, value) => Err(Mismatch {
                path,
                what: format!("is {} and should be {}", value.kind(), shape.kind()),
                near: None,
            }),
        }
    }

    /// `value` with every field this shape has and it lacks: empty text, zero, false, an empty list or map,
    /// nothing. Keeps samples short.
    #[must_use]
    pub fn completed(&self, value: Value) -> Value {
        match (self, value) {
            (Self::Record(shapes), Value::Map(mut fields)) => {
                for (name, shape) in shapes {
                    let given = fields.remove(name);
                    fields.insert(
                        name.clone(),
                        given.map_or_else(|| shape.empty(), |given| shape.completed(given)),
                    );
                }
                Value::Map(fields)
            }
            (Self::List(element), Value::List(values)) => {
                Value::List(values.into_iter().map(|value| element.completed(value)).collect())
            }
            (Self::Optional(inner), value) if value != Value::Null => inner.completed(value),
            (_, value) => value,
        }
    }

    /// The smallest value of this shape.
    pub fn empty(&self) -> Value {
        match self {
            Self::Any | Self::Optional(_) => Value::Null,
            Self::Bool => Value::Bool(false),
            Self::Int => Value::Int(0),
            Self::Decimal => Value::Decimal(Decimal::ZERO),
            Self::Text => Value::text(""),
            Self::List(_) => Value::List(Vec::new()),
            Self::Dictionary(_) => Value::Map(BTreeMap::new()),
            Self::Record(shapes) => Value::Map(
                shapes
                    .iter()
                    .map(|(name, shape)| (name.clone(), shape.empty()))
                    .collect(),
            ),
        }
    }

    /// A value as an outside system might answer it, for trying expressions: text is `EXAMPLE-1`, numbers are 1,
    /// lists have one element.
    pub fn example(&self) -> Value {
        match self {
            Self::Any | Self::Text => Value::text("EXAMPLE-1"),
            Self::Bool => Value::Bool(true),
            Self::Int => Value::Int(1),
            Self::Decimal => Value::Decimal(Decimal::ONE),
            Self::List(element) => Value::List(vec![element.example()]),
            Self::Dictionary(inner) => Value::map([("example", inner.example())]),
            Self::Optional(inner) => inner.example(),
            Self::Record(shapes) => Value::Map(
                shapes
                    .iter()
                    .map(|(name, shape)| (name.clone(), shape.example()))
                    .collect(),
            ),
        }
    }
}

fn check_record(
    shapes: &BTreeMap<String, Shape>,
    fields: &BTreeMap<String, Value>,
    path: &str,
) -> Result<(), Mismatch> {
    for (name, value) in fields {
        let Some(shape) = shapes.get(name) else {
            return Err(Mismatch {
                path: below(path, name),
                what: "is not a known field".to_owned(),
                near: crate::suggest::nearest(name, shapes.keys().map(String::as_str)).map(str::to_owned),
            });
        };
        shape.check_at(value, below(path, name))?;
    }
    let missing = shapes
        .iter()
        .find(|(name, shape)| !matches!(shape, Shape::Optional(_)) && !fields.contains_key(*name));
    missing.map_or(Ok(()), |(name, _)| {
        Err(Mismatch {
            path: below(path, name),
            what: "is missing".to_owned(),
            near: None,
        })
    })
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}
